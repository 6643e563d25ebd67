"""``zixin doctor`` on a healthy, a half-configured and a hostile CRM: its lines and its remedies."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from connector.cli.sandboxes import by_hand
from connector.store.tokens import DatabaseTokenStore
from sandbox.faults import FaultKind, FaultRule
from sandbox.fxiaoke import FxiaokeTenant
from sandbox.zoho import ZohoOrg
from tests.journeys.harness import CONNECTION_NAMES, Installation, installed, open_here
from tests.journeys.small_company import AS_OF, a_company

pytestmark = pytest.mark.journey

ZOHO, FXIAOKE = CONNECTION_NAMES["zoho"], CONNECTION_NAMES["fxiaoke"]
Line = dict[str, str]
USER = 'options = { ea = "acme001"'
ALLOCATIONS = '[connections.mapping.invoices]\ndispute_closed_on = "dispute_closed_on__c"'


@contextmanager
def an_installation(folder: Path, *, provisioned: bool = True) -> Iterator[Installation]:
    with installed(folder, a_company(), as_of=AS_OF, provisioned=provisioned, now=True) as found:
        yield found


def finish(installation: Installation) -> None:
    """Say in the configuration what the sandbox's own leaves to be said."""
    installation.edit(USER, f'default_owner = "1001"\n{USER}')
    installation.edit(
        ALLOCATIONS, f'[connections.mapping.allocations]\naccount = ""\n{ALLOCATIONS}'
    )


def examined(installation: Installation, exit_code: int) -> dict[str, list[Line]]:
    """Run the doctor and give its lines by connection."""
    done = installation.run("doctor", "--json")
    assert (done.returncode, done.stderr) == (exit_code, "")
    for secret in installation.secrets:
        assert secret not in done.stdout
    return cast("dict[str, list[Line]]", json.loads(done.stdout))


def complaints(lines: list[Line]) -> list[Line]:
    return [line for line in lines if line["level"] != "ok"]


def on(topic: str, lines: list[Line]) -> list[Line]:
    return [line for line in lines if line["topic"] == topic]


def org_of(installation: Installation) -> ZohoOrg:
    return cast("ZohoOrg", installation.crms.crm("zoho"))


def tenant_of(installation: Installation) -> FxiaokeTenant:
    return cast("FxiaokeTenant", installation.crms.crm("fxiaoke"))


class TestHealthy:
    """Nothing is wrong, nothing is complained of, and each part was looked at."""

    def test_every_part_is_looked_at_and_well(self, tmp_path: Path) -> None:
        with an_installation(tmp_path) as installation:
            finish(installation)

            found = examined(installation, 0)

        assert {name: complaints(lines) for name, lines in found.items()} == {ZOHO: [], FXIAOKE: []}
        assert [line["topic"] for line in found[ZOHO]] == [
            *("credentials", "clock", "currency", "modules", "fields", "computed fields"),
            *("statuses", "ledger", "credit fields", "owners", "scopes", "exports"),
            *("bulk writes", "notifications"),
        ]
        assert list(dict.fromkeys(line["topic"] for line in found[FXIAOKE])) == [
            *("credentials", "objects", "receivables", "clock", "employees", "records"),
            *("fields", "credit fields", "tasks", "callback"),
        ]
        (records,) = on("records", found[FXIAOKE])
        assert records["message"] == "employee 1000 sees 3 records of AccountObj"

    @pytest.mark.parametrize(
        ("spoilt", "topic"),
        [
            ("module", "modules"),
            ("field", "fields"),
            ("status", "statuses"),
            ("choice", "credit fields"),
            ("key", "credit fields"),
            ("scope", "scopes"),
            ("bulk", "exports"),
        ],
    )
    def test_what_was_called_well_is_not_when_it_is_spoilt(
        self, tmp_path: Path, spoilt: str, topic: str
    ) -> None:
        """No line is well by saying nothing: each answers to what it stands for."""
        with an_installation(tmp_path) as installation, open_here(installation) as zixin:
            finish(installation)
            port = zixin.port(ZOHO)
            assert [each for each in port.check() if each.level != "ok"] == []
            spoil(org_of(installation), spoilt)
            zixin.forget_ports()
            DatabaseTokenStore(zixin.engine).forget(ZOHO)  # a new one tells what is granted now

            wrong = [each for each in zixin.port(ZOHO).check() if each.level != "ok"]

        assert wrong
        assert topic in {each.topic for each in wrong}
        assert all(each.remedy for each in wrong)


class TestHalfConfigured:
    """Each remedy, done to the letter, makes its line well."""

    def test_following_the_remedies_makes_zoho_well(self, tmp_path: Path) -> None:
        with an_installation(tmp_path, provisioned=False) as installation:
            finish(installation)
            tenant_of(installation).provision()
            spoil_the_settings(installation)
            before = examined(installation, 4)[ZOHO]

            wrong = {line["topic"]: line for line in complaints(before)}
            assert set(wrong) == {
                *("modules", "fields", "credit fields", "owners", "notifications"),
                "ledger",  # where payments are is not known without their module
            }
            assert "Credit_Ref" in " ".join(line["message"] for line in before)
            follow_command(installation, wrong["credit fields"]["remedy"])
            assert "mapping.payments.module" in wrong["modules"]["remedy"]
            installation.edit('module = "Zahlungen"', 'module = "Payments"')
            assert "mapping.invoices.segment" in wrong["fields"]["remedy"]
            installation.edit('segment = "Segment_X"', 'segment = "Segment"')
            assert "default_owner" in wrong["owners"]["remedy"]
            installation.edit('default_owner = "42"', 'default_owner = "5000000000000002"')
            assert "secrets.channel_token" in wrong["notifications"]["remedy"]
            installation.edit("}#", ', channel_token = "env:SANDBOX_CHANNEL_TOKEN" }')

            assert complaints(examined(installation, 0)[ZOHO]) == []

    def test_following_the_remedies_makes_fenxiang_well(self, tmp_path: Path) -> None:
        with an_installation(tmp_path, provisioned=False) as installation:
            before = examined(installation, 4)[FXIAOKE]

            wrong = {line["topic"]: line for line in complaints(before)}
            assert set(wrong) == {"employees", "fields", "credit fields", "tasks"}
            command = wrong["tasks"]["remedy"]
            assert command == wrong["credit fields"]["remedy"]
            checklist = follow_command(installation, command)
            assert "credit_task__c" in checklist
            assert "管理后台" in checklist
            with open_here(installation) as zixin:
                steps = zixin.port(FXIAOKE).provision(dry_run=True)
                by_hand(installation.crms, "fxiaoke", steps)
            assert "default_owner" in wrong["employees"]["remedy"]
            assert "mapping.allocations.account" in wrong["fields"]["remedy"]
            finish(installation)

            assert installation.run("provision", ZOHO).returncode == 0
            assert complaints(examined(installation, 0)[FXIAOKE]) == []


class TestHostile:
    """Whatever the CRM answers, the doctor ends, says what it is, and looks at the rest."""

    def test_a_sign_in_page_instead_of_answers_is_told_as_unreachable(self, tmp_path: Path) -> None:
        with an_installation(tmp_path) as installation:
            finish(installation)
            for crm in (org_of(installation), tenant_of(installation)):
                crm.faults.replace([FaultRule(match="* /", kind=FaultKind.HTML_200)])

            found = examined(installation, 4)
            for lines in found.values():
                (line,) = lines
                assert (line["topic"], line["level"]) == ("credentials", "error")
                assert "no readable JSON" in line["message"]
                assert "proxy" in line["remedy"]
                assert "<" not in line["message"]
            for crm in (org_of(installation), tenant_of(installation)):
                crm.faults.clear()
            after = examined(installation, 0)
            assert [complaints(lines) for lines in after.values()] == [[], []]

    def test_wrong_credentials_of_one_do_not_hide_the_other(self, tmp_path: Path) -> None:
        with an_installation(tmp_path) as installation:
            finish(installation)
            environment = {**installation.environment, "SANDBOX_ZOHO_REFRESH_TOKEN": "1000.wrong"}
            wrong = replace(installation, environment=environment)

            found = examined(wrong, 4)

            (line,) = found[ZOHO]
            assert (line["topic"], line["level"]) == ("credentials", "error")
            assert f"zixin connect zoho {ZOHO}" in line["remedy"]
            assert complaints(found[FXIAOKE]) == []
            assert complaints(examined(installation, 0)[ZOHO]) == []

    def test_half_an_answer_costs_its_part_alone(self, tmp_path: Path) -> None:
        with an_installation(tmp_path) as installation:
            finish(installation)
            spoilt = FaultRule(match="GET /crm/v8/settings", kind=FaultKind.TRUNCATED_JSON)
            org_of(installation).faults.replace([spoilt])
            broken = FaultRule(match="POST /cgi/crm/v2/object", kind=FaultKind.ERROR_500)
            tenant_of(installation).faults.replace([broken])

            found = examined(installation, 4)

            well = {
                name: {x["topic"] for x in ls if x["level"] == "ok"} for name, ls in found.items()
            }
            assert {"credentials", "clock", "currency", "owners", "scopes"} <= well[ZOHO]
            assert {"credentials", "employees", "callback"} <= well[FXIAOKE]
            assert {"credit fields", "tasks"}.isdisjoint(well[FXIAOKE])
            for lines in found.values():
                assert all(line["remedy"] for line in complaints(lines))
            org_of(installation).faults.clear()
            tenant_of(installation).faults.clear()
            after = examined(installation, 0)
            assert [complaints(lines) for lines in after.values()] == [[], []]

    def test_a_right_taken_away_is_told_with_the_way_to_get_it_back(self, tmp_path: Path) -> None:
        with an_installation(tmp_path) as installation:
            finish(installation)
            org, tenant = org_of(installation), tenant_of(installation)
            granted = org.options
            few = tuple(each for each in granted.scopes if "coql" not in each)
            org.state.options = org.tokens._options = replace(granted, scopes=few)
            staff = tenant.state.staff
            own = staff.find("1000")
            assert own is not None
            staff.add(replace(own, stopped=True))
            tenant.options.unknown_actor_code = 20012

            found = examined(installation, 4)

            (scopes,) = complaints(on("scopes", found[ZOHO]))
            assert f"zixin connect zoho {ZOHO} --consent" in scopes["remedy"]
            assert any("options.user_id" in x["remedy"] for x in complaints(found[FXIAOKE]))
            org.state.options = org.tokens._options = granted
            staff.add(own)
            assert installation.run("connect", "zoho", ZOHO).returncode == 0  # a new token
            after = examined(installation, 0)
            assert [complaints(lines) for lines in after.values()] == [[], []]


def spoil(org: ZohoOrg, what: str) -> None:
    """Make one thing wrong in an organisation that was well."""
    fields = {name: module.fields for name, module in org.state.modules.items()}
    few = tuple(each for each in org.options.scopes if "users" not in each and "bulk" not in each)
    match what:
        case "module":
            org.state.modules.pop("Payments")
        case "field":
            fields["Accounts"].pop("USCC")
        case "status":
            fields["Sales_Orders"]["Status"].options.append("On Hold")
        case "choice":
            fields["Accounts"]["Credit_Rating"].options.remove("B")
        case "key":
            fields["Tasks"].pop("Credit_Ref")
        case "scope":
            some = tuple(each for each in org.options.scopes if "notifications" not in each)
            org.state.options = org.tokens._options = replace(org.options, scopes=some)
        case _:
            org.state.options = org.tokens._options = replace(org.options, scopes=few)


def spoil_the_settings(installation: Installation) -> None:
    """Write what people write: a wrong owner, a wrong module, a wrong field, a secret left out."""
    installation.edit(', channel_token = "env:SANDBOX_CHANNEL_TOKEN" }', "}#")
    installation.edit(
        '[connections.mapping.accounts]\nsize_class = "Size_Class"',
        (
            'default_owner = "42"\n[connections.mapping.payments]\nmodule = "Zahlungen"\n'
            '[connections.mapping.accounts]\nsize_class = "Size_Class"'
        ),
    )
    installation.edit(
        'dispute_outcome = "Dispute_Outcome"\nsegment = "Segment"',
        'dispute_outcome = "Dispute_Outcome"\nsegment = "Segment_X"',
    )


def follow_command(installation: Installation, remedy: str) -> str:
    """Run the command a remedy names, as it stands there."""
    named = re.search(r"`zixin ([^`]+)`", remedy)
    assert named is not None, remedy
    done = installation.run(named[1])
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout
