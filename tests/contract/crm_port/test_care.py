"""No secret shows, calls are counted, threads may share; set-up is told, done once, and renewed."""

import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from adapters.errors import CredentialsRejected
from adapters.port import CrmPort, Cursor, FindingLevel, ProvisionStep
from adapters.settings import Secret
from adapters.tokens import Sealer
from sandbox.faults import FaultKind
from sandbox.fxiaoke.tenant import FxiaokeTenant
from sandbox.zoho import ZohoOrg
from scoring.records import Kind
from tests.contract.bench import Bench, RunningTime, Time, Vendor, a_draft, open_bench, read_all
from tests.contract.crm_port.asking import an_update, ids_of, receipt_of

NOTIFY = "http://127.0.0.1:9/hooks/word"


@pytest.fixture
def bare_bench(vendor: Vendor, database: sa.Engine) -> Iterator[Bench]:
    """A CRM without a credit field."""
    with open_bench(vendor, engine=database, provisioned=False) as running:
        running.time.clock = running.crm.clock
        yield running


class TestSecretsAndCounters:
    """What passes is counted, and never shown."""

    def test_no_secret_shows_in_logs_errors_or_reprs(
        self, calm_bench: Bench, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        port = calm_bench.open()
        account = calm_bench.add_account()
        calm_bench.fail(calm_bench.vendor.updates, FaultKind.ERROR_500)
        (failed,) = port.update_fields([an_update(account)])
        read_all(port, Kind.ACCOUNTS)
        bad = {name: Secret("wr0ng-s3cret") for name in calm_bench.vendor.secrets}
        wrong = calm_bench.open(alone=True, secrets=bad)
        with pytest.raises(CredentialsRejected) as caught:
            wrong.changes(Kind.ACCOUNTS, Cursor())

        settings = calm_bench.vendor.settings(calm_bench.crm, calm_bench.url)
        shown = f"{caplog.text} {failed!r} {caught.value!r} {caught.value} {settings!r} {port!r}"
        for name in calm_bench.vendor.secrets:
            assert settings.secrets[name].reveal() not in shown
        assert "wr0ng-s3cret" not in shown
        assert "示例客户" not in shown

    def test_the_token_stands_sealed_in_the_database(
        self, calm_bench: Bench, calm_port: CrmPort
    ) -> None:
        calm_port.changes(Kind.OWNERS, Cursor())
        engine = calm_bench.engine
        assert engine is not None
        with engine.connect() as conn:
            (kept,) = conn.execute(sa.text("SELECT token FROM connections")).scalars()

        plain = json.loads(Sealer(bytes(32)).unseal(bytes(kept), "crm"))
        assert plain["token"]["value"]
        assert plain["token"]["value"].encode() not in bytes(kept)

    def test_calls_are_counted(self, calm_bench: Bench, calm_port: CrmPort) -> None:
        before = calm_bench.calls()
        calm_port.changes(Kind.ACCOUNTS, Cursor())

        assert calm_port.usage().calls == calm_bench.calls() - before
        assert calm_port.usage().credits > 0

    def test_what_was_used_only_grows(self, bench: Bench, port: CrmPort) -> None:
        account = bench.add_account()
        seen = [port.usage()]
        for ask in (
            lambda: read_all(port, Kind.ACCOUNTS),
            lambda: port.update_fields([an_update(account)]),
            lambda: port.create_tasks([a_draft(account)]),
            lambda: port.find_tasks(["crm:1:overdue:L1"]),
            lambda: port.find_tasks([]),
        ):
            ask()
            seen.append(port.usage())

        calls = [usage.calls for usage in seen]
        spent = [usage.credits for usage in seen]
        assert calls == sorted(calls)
        assert spent == sorted(spent)
        assert calls[0] == spent[0] == 0
        assert calls[-2] == calls[-1]

    def test_a_port_says_who_it_is_without_a_call(
        self, calm_bench: Bench, calm_port: CrmPort
    ) -> None:
        assert (calm_port.system, calm_port.vendor) == ("crm", calm_bench.vendor.name)
        assert calm_bench.calls() == 0
        assert Kind.ACCOUNTS in calm_port.kinds


class TestSharing:
    """Threads and processes share a connection without harm."""

    @pytest.fixture
    def time(self) -> Time:
        return RunningTime()

    def test_threads_may_share_a_port(self, bench: Bench, port: CrmPort) -> None:
        accounts = [bench.add_account() for _ in range(12)]

        with ThreadPoolExecutor(4) as pool:
            outcomes = list(
                pool.map(lambda each: port.update_fields([an_update(each)])[0], accounts)
            )
            pages = list(pool.map(lambda each: port.fetch(Kind.ACCOUNTS, [each]), accounts))

        assert [receipt_of(each).record_id for each in outcomes] == accounts
        assert [ids_of([page]) for page in pages] == [[each] for each in accounts]

    def test_processes_that_begin_together_ask_for_one_token(self, calm_bench: Bench) -> None:
        added = calm_bench.add_account()
        ports = [calm_bench.open() for _ in range(4)]

        with ThreadPoolExecutor(4) as pool:
            pages = list(pool.map(lambda port: port.fetch(Kind.ACCOUNTS, [added]), ports))

        assert [ids_of([page]) for page in pages] == [[added]] * 4
        assert calm_bench.calls(calm_bench.vendor.tokens) == 1

    def test_two_who_create_the_same_task_at_once_make_one(self, calm_bench: Bench) -> None:
        draft = a_draft(calm_bench.add_account())
        ports = [calm_bench.open() for _ in range(4)]

        with ThreadPoolExecutor(4) as pool:
            outcomes = list(pool.map(lambda port: port.create_tasks([draft])[0], ports))

        assert len({receipt_of(each).record_id for each in outcomes}) == 1
        assert len(calm_bench.tasks()) == 1


class TestDoctor:
    """The doctor changes nothing, and each complaint has its remedy."""

    def test_the_doctor_finds_no_error_in_a_provisioned_crm(self, port: CrmPort) -> None:
        findings = port.check()

        assert findings
        assert [each for each in findings if each.level is FindingLevel.ERROR] == []

    def test_the_doctor_names_what_is_missing(self, bench: Bench) -> None:
        port = bench.open(mapping={"credit_fields": {"rating": "No_Such_Field"}})

        errors = [each for each in port.check() if each.level is FindingLevel.ERROR]

        assert any("No_Such_Field" in each.message for each in errors)
        assert all(each.remedy for each in errors)

    def test_every_complaint_has_a_remedy(self, bare_bench: Bench) -> None:
        findings = bare_bench.open(default_owner="nobody").check()

        complaints = [each for each in findings if each.level is not FindingLevel.OK]
        assert complaints
        assert all(each.remedy and each.message for each in complaints)

    def test_the_doctor_changes_nothing(self, bench: Bench, port: CrmPort) -> None:
        bench.add_account()
        before = _everything(bench)

        port.check()

        assert _everything(bench) == before

    def test_the_doctor_looks_anew(self, calm_bench: Bench, calm_port: CrmPort) -> None:
        assert not _errors(calm_port)
        calm_bench.forbid()

        assert _errors(calm_port)


class TestProvision:
    """What is missing is told and created once; what exists is left as it is."""

    def test_nothing_is_left_to_provision(self, port: CrmPort) -> None:
        steps = port.provision(dry_run=True)

        assert {step.state for step in steps} == {"exists"}

    def test_a_dry_run_writes_nothing(self, bare_bench: Bench) -> None:
        port = bare_bench.open()

        steps = port.provision(dry_run=True)

        assert {step.state for step in steps} <= {"planned", "by_hand"}
        assert port.provision(dry_run=True) == steps
        assert _errors(port)

    def test_what_cannot_be_created_has_an_instruction(self, bare_bench: Bench) -> None:
        steps = bare_bench.open().provision(dry_run=False)

        for step in steps:
            assert step.state in {"created", "by_hand"}
            assert (step.state == "by_hand") == bool(step.instruction)

    def test_after_provisioning_nothing_is_missing(self, bare_bench: Bench) -> None:
        port = bare_bench.open()
        _do_by_hand(bare_bench, port.provision(dry_run=False))
        again = bare_bench.open()

        assert {step.state for step in again.provision(dry_run=True)} == {"exists"}
        assert _errors(again) == []
        account = bare_bench.add_account()
        receipt_of(again.update_fields([an_update(account)])[0])
        receipt_of(again.create_tasks([a_draft(account)])[0])
        assert again.enforces_task_key

    def test_provisioning_again_creates_nothing(self, bare_bench: Bench) -> None:
        port = bare_bench.open()
        _do_by_hand(bare_bench, port.provision(dry_run=False))
        before = bare_bench.calls("POST /crm/v8/settings/fields")

        steps = bare_bench.open().provision(dry_run=False)

        assert {step.state for step in steps} == {"exists"}
        assert bare_bench.calls("POST /crm/v8/settings/fields") == before

    @pytest.mark.parametrize("kind", [FaultKind.RESET_AFTER, FaultKind.RESET_BEFORE])
    def test_provisioning_cut_off_is_finished_by_the_next(
        self, bare_bench: Bench, kind: FaultKind
    ) -> None:
        bare_bench.fail("POST /crm/v8/settings/fields", kind)
        _do_by_hand(bare_bench, bare_bench.open().provision(dry_run=False))
        bare_bench.open().provision(dry_run=False)

        assert {step.state for step in bare_bench.open().provision(dry_run=True)} == {"exists"}


class TestWatching:
    """Notifications are asked for once and renewed; where there are none, nothing is claimed."""

    def test_watching_again_renews_the_same_channels(self, calm_bench: Bench) -> None:
        port = _watcher(calm_bench)
        first = port.watch(NOTIFY)
        calm_bench.time.sleep(3600)
        second = port.watch(NOTIFY)

        assert [each.channel_id for each in second] == [each.channel_id for each in first]
        for before, after in zip(first, second, strict=True):
            assert before.expires_at is not None
            assert after.expires_at is not None
            assert after.expires_at > before.expires_at
        assert _channels(calm_bench) == len(first)

    def test_a_channel_tells_when_it_ends(self, calm_bench: Bench) -> None:
        for receipt in _watcher(calm_bench).watch(NOTIFY):
            assert receipt.channel_id
            assert receipt.expires_at is not None
            assert receipt.expires_at > calm_bench.crm.clock.now()

    def test_watching_cut_off_leaves_no_second_channel(self, calm_bench: Bench) -> None:
        port = _watcher(calm_bench)
        calm_bench.fail("POST /crm/v8/actions/watch", FaultKind.RESET_AFTER)
        if calm_bench.vendor.name == "zoho":
            with pytest.raises(Exception, match="connection broke"):
                port.watch(NOTIFY)
        receipts = port.watch(NOTIFY)

        assert _channels(calm_bench) == len(receipts)
        # 纷享销客's callback is entered in its console: nothing is asked for.
        assert bool(receipts) == (port.vendor == "zoho")

    def test_without_a_channel_token_nothing_is_asked_for(
        self, calm_bench: Bench, calm_port: CrmPort
    ) -> None:
        assert calm_port.watch(NOTIFY) == []
        assert _channels(calm_bench) == 0


def _errors(port: CrmPort) -> list[str]:
    return [each.message for each in port.check() if each.level is FindingLevel.ERROR]


def _everything(bench: Bench) -> dict[str, list[dict[str, object]]]:
    return {module: bench.crm.records(module) for module in bench.crm.modules()}


def _do_by_hand(bench: Bench, steps: list[ProvisionStep]) -> None:
    """Do what the checklist says, where the CRM has no interface for it."""
    if not isinstance(bench.crm, FxiaokeTenant):
        return
    for step in steps:
        field = {
            "api_name": step.api_name,
            "label": step.label,
            "type": step.type,
            "options": list(step.options),
            "is_unique": step.unique,
        }
        bench.crm.add_fields(step.target, [field])


def _watcher(bench: Bench) -> CrmPort:
    settings = bench.vendor.settings(bench.crm, bench.url)
    return bench.open(secrets={**settings.secrets, "channel_token": Secret("c" * 43)})


def _channels(bench: Bench) -> int:
    return len(bench.crm.watch.channels()) if isinstance(bench.crm, ZohoOrg) else 0
