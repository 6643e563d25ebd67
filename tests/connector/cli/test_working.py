"""pull, assess, push and run, and what they print for programs."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from adapters.port import CreditField
from connector.flow.fields import STAMPS
from sandbox.faults import FaultKind, FaultRule
from tests.connector.cli.shell import ACCOUNTS, AS_OF, FXIAOKE, ZOHO, Shell
from tests.journeys.harness import credit_of, crm_state

COUNTED = (
    *("fields_written", "tasks_created", "tasks_updated", "tasks_closed", "notes_written"),
    "parked",
)
WRITTEN = COUNTED[:-1]
WITH_A_DATE = ("run", "run --dry-run", "assess", "explain nobody")


def a_zoho_account(shell: Shell) -> str:
    return f"{ZOHO}:{shell.installation.crms.crm('zoho').accounts()[0].id}"


def assert_diffs(diffs: list[dict[str, str]]) -> None:
    for diff in diffs:
        assert diff.keys() == {"account", "field", "old", "new"}
        assert diff["old"] != diff["new"]
        assert diff["account"].partition(":")[0] in {ZOHO, FXIAOKE}
        assert CreditField(diff["field"]) not in STAMPS


def numbers(table: str, name: str) -> list[int]:
    (line,) = [line for line in table.splitlines() if name in line]
    return [int(cell) for cell in line.replace("│", " ").split() if cell.isdecimal()]


def test_pull_tells_what_was_read_of_each_feed(shell: Shell) -> None:
    document = shell.json("pull")

    assert set(document) == {ZOHO, FXIAOKE}
    views = shell.installation.crms.crm("zoho").accounts()
    assert document[ZOHO]["pulled"]["accounts"] == len(views)
    for report in document.values():
        assert report.keys() == {"pulled", "changed", "api_calls", "api_credits", "warnings"}
        assert report["changed"]["new"] >= report["pulled"]["invoices"] > 0
        assert report["api_calls"] > 0
    assert shell.writes() == []
    for report in shell.json("pull").values():
        assert not report["changed"]["new"] + report["changed"]["updated"]


def test_one_connection_alone_can_be_pulled(shell: Shell) -> None:
    table = shell("pull", FXIAOKE).stdout

    assert "invoices" in table
    assert ZOHO not in table
    assert shell.journal("zoho") == []
    assert ZOHO in shell("pull", "nobody", code=2).stderr


@pytest.mark.usefixtures("pulled")
def test_a_sweep_finds_the_deletions_that_nobody_told_of(shell: Shell) -> None:
    crm = shell.installation.crms.crm("fxiaoke")
    payment = str(crm.records("PaymentObj")[0]["_id"])
    crm.remove_record("PaymentObj", payment)

    report = shell.json("pull", FXIAOKE, "--sweep")[FXIAOKE]

    assert report["changed"]["gone"] == 1
    assert report["pulled"]["payments"] == len(crm.records("PaymentObj"))
    assert not report["changed"]["new"] + report["changed"]["updated"]
    assert "gone" in shell("pull", ZOHO, "--sweep").stdout
    assert "--sweep" in shell("pull", "--sweep", "--full", code=2).stderr


@pytest.mark.usefixtures("pulled")
def test_assess_rates_everybody_once_and_writes_to_no_crm(shell: Shell) -> None:
    shell.forget_calls()

    document = shell.json("assess")

    assert document["assessed"] == document["stored"] == ACCOUNTS
    assert document["planned"] > 0
    assert shell.json("assess") == {"assessed": 0, "stored": 0, "planned": 0}
    assert shell.journal("zoho") == shell.journal("fxiaoke") == []


@pytest.mark.usefixtures("pulled")
def test_one_account_alone_can_be_assessed(shell: Shell) -> None:
    assert shell.json("assess", "--account", a_zoho_account(shell))["assessed"] == 1
    told = shell("assess", "--account", f"{ZOHO}:404", code=2)
    assert (told.stdout, f"{ZOHO}:404" in told.stderr) == ("", True)
    assert "1 companies assessed" in shell("assess", "--account", a_zoho_account(shell)).stdout


@pytest.mark.usefixtures("pulled")
def test_a_dry_push_lists_every_field_and_writes_nothing(shell: Shell) -> None:
    shell("assess")
    before = crm_state(shell.installation.crms)
    shell.forget_calls()

    diffs = shell.json("push", "--dry-run")
    table = shell("push", "--dry-run").stdout

    assert_diffs(diffs)
    assert f"{len(diffs)} fields would change; nothing was written" in table
    assert shell.journal("zoho") == shell.journal("fxiaoke") == []
    assert crm_state(shell.installation.crms) == before


@pytest.mark.usefixtures("pulled")
def test_push_writes_what_the_dry_push_listed(shell: Shell) -> None:
    shell("assess")
    diffs = shell.json("push", "--dry-run")
    summaries = {
        d["new"] for d in diffs if d["field"] == "summary" and d["account"].startswith(ZOHO)
    }

    report = shell.json("push")

    assert set(report["systems"]) == {ZOHO, FXIAOKE}
    assert {shown["Summary"] for shown in credit_of(shell.installation.crms, "zoho").values()} == (
        summaries
    )
    assert shell.json("push", "--dry-run") == []
    assert shell.json("push")["systems"] == {}


def test_run_prints_one_pass_and_the_second_writes_nothing(shell: Shell) -> None:
    first = shell.json("run")
    state = crm_state(shell.installation.crms)
    shell.forget_calls()
    second = shell.json("run")

    for report in (first, second):
        assert {"connections", "assessed", "seconds"} <= report.keys()
        assert set(report["connections"]) == {ZOHO, FXIAOKE}
        for connection in report["connections"].values():
            assert_one_connection(connection)
    assert first["assessed"] == ACCOUNTS
    assert all(one["fields_written"] > 0 for one in first["connections"].values())
    assert sum(one["tasks_created"] for one in first["connections"].values()) > 0
    assert second["assessed"] == 0
    for connection in second["connections"].values():
        assert [connection[name] for name in COUNTED] == [0] * len(COUNTED)
    assert shell.writes() == []
    assert crm_state(shell.installation.crms) == state


def assert_one_connection(connection: dict[str, Any]) -> None:
    assert {"accounts", "invoices", "payments"} <= connection["pulled"].keys()
    assert all(isinstance(count, int) for count in connection["pulled"].values())
    for name in (*COUNTED, "api_calls", "api_credits"):
        assert isinstance(connection[name], int)
    assert connection["api_credits"] >= connection["api_calls"] > 0


def test_run_prints_a_table_for_people(shell: Shell) -> None:
    result = shell("run")

    assert numbers(result.stdout, "fields written")[0] > 0
    assert numbers(result.stdout, "notes written") == [0, 0]
    assert f"{ACCOUNTS} companies assessed" in result.stdout
    assert result.stderr == ""


def test_a_dry_run_lists_what_a_run_would_write_and_writes_nothing(shell: Shell) -> None:
    before = crm_state(shell.installation.crms)

    diffs = shell.json("run", "--dry-run")

    assert_diffs(diffs)
    assert shell.writes() == []
    assert crm_state(shell.installation.crms) == before
    assert len({diff["account"] for diff in diffs}) > ACCOUNTS  # some stand in both CRMs
    assert "nothing was written" in shell("run", "--dry-run").stdout
    written = shell.json("run")["connections"]
    stamps = len(STAMPS) * len({diff["account"] for diff in diffs})
    assert sum(one["fields_written"] for one in written.values()) == len(diffs) + stamps
    assert shell.writes() != []
    assert shell.json("run", "--dry-run") == []


@pytest.mark.usefixtures("ran")
def test_the_day_after_only_what_changed_is_listed_and_written(shell: Shell) -> None:
    shell.clock.move(timedelta(days=1))
    tomorrow = (AS_OF + timedelta(days=1)).isoformat()

    diffs = shell.json("run", "--dry-run", "--as-of", tomorrow)

    assert_diffs(diffs)
    assert "oldest_days" in {diff["field"] for diff in diffs}
    assert all(diff["old"] for diff in diffs if diff["field"] == "oldest_days")
    assert 0 < len(diffs) < 200
    assert shell.json("run", "--dry-run") == diffs
    assert shell.json("run")["assessed"] == ACCOUNTS
    assert shell.json("run", "--dry-run") == []


def test_a_wrong_date_ends_a_command_before_anything_is_done(shell: Shell) -> None:
    days = ("2026-02-30", "yesterday", "31.03.2026", "0001-01-01")
    for command, day in zip(WITH_A_DATE, days, strict=True):
        result = shell(*command.split(), "--as-of", day, code=2)

        assert result.stdout == ""
        assert "like 2026-03-31" in result.stderr
    assert shell.journal("zoho") == shell.journal("fxiaoke") == []


def test_a_crm_that_cannot_be_reached_is_code_4_and_the_other_is_served(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_ZOHO_REFRESH_TOKEN", "revoked-7d21")

    result = shell("run", "--json", code=4)

    report = msgspec.json.decode(result.stdout)
    assert ZOHO in result.stderr
    assert "revoked-7d21" not in result.stdout + result.stderr
    assert report["connections"][ZOHO]["error"]
    assert report["connections"][FXIAOKE]["fields_written"] > 0


@pytest.mark.parametrize("command", ["push", "run"])
@pytest.mark.usefixtures("pulled")
def test_a_crm_that_takes_no_writes_is_told_and_what_it_misses_waits(
    command: str, shell: Shell
) -> None:
    shell("assess")
    faults = shell.installation.crms.crm("zoho").faults
    faults.replace([FaultRule(match="PUT /crm/v8/Accounts", kind=FaultKind.RATE_LIMIT)])

    result = shell(command, "--json", code=4)

    assert ZOHO in result.stderr
    assert FXIAOKE not in result.stderr
    msgspec.json.decode(result.stdout)
    listed = {diff["account"].partition(":")[0] for diff in shell.json("push", "--dry-run")}
    assert listed == {ZOHO}
    faults.replace([])
    shell.clock.move(timedelta(hours=1))
    shell(command)
    assert shell.json("push", "--dry-run") == []
