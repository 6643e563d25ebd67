import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from adapters.errors import CredentialsRejected, CrmUnavailable
from adapters.port import CreditField, Usage
from connector.clock import FixedClock
from connector.flow.assess import Scope
from connector.flow.decide import decide
from connector.flow.react import Reader
from connector.flow.run import PortReader, RunReport, RunWish, run_once
from connector.store.assessments import latest_assessments
from connector.store.engine import create_engine, reading
from connector.store.migrations import upgrade
from connector.store.queue_tables import outbox
from connector.store.usage import usage_on
from connector.work.pauses import paused_systems
from scoring.assess import assess
from scoring.explain import explain, explanation_bytes
from scoring.records import Kind
from tests.connector.flow.deciding import AS_OF, a_job, simple_rules
from tests.connector.store.saving import rows
from tests.crm_records import a_payment, an_account, an_allocation, an_invoice, an_owner
from tests.fake_crm import FakeCrm

USCC = "91350100M000100Y43"
WISH = RunWish(as_of=AS_OF)


def a_zoho() -> FakeCrm:
    """Four customers: one owes a late invoice, one a part of one."""
    accounts = [an_account(f"a{number}") for number in range(2, 5)]
    return FakeCrm(
        "zoho",
        [
            an_owner(),
            an_account("a1", uscc=USCC),
            *accounts,
            an_invoice("i1", "a1"),
            an_invoice("i2", "a2", amount=8_000_00),
            a_payment("p2", "a2", amount=3_000_00),
            an_allocation("l2", "p2", "i2", amount=3_000_00),
        ],
    )


def an_fx() -> FakeCrm:
    return FakeCrm(
        "fx",
        [an_owner(), an_account("b1", uscc=USCC), an_invoice("j1", "b1")],
        enforces_task_key=False,
    )


def test_ratings_and_tasks_reach_both_crms(engine: sa.Engine, clock: FixedClock) -> None:
    zoho, fx = a_zoho(), an_fx()

    report = run_once(a_job(engine, clock, zoho, fx), WISH)

    assert report.assessed == 4
    assert zoho.fields["a1"][CreditField.RATING] == "CCC"
    assert fx.fields["b1"] == zoho.fields["a1"]
    assert {task.account_id for task in zoho.tasks.values()} == {"a1", "a2"}
    assert {task.account_id for task in fx.tasks.values()} == {"b1"}
    counted = report.connections["zoho"]
    assert counted.pulled["invoices"] == 2
    assert counted.tasks_created == 2
    assert counted.fields_written > 0
    assert counted.api_calls == zoho.usage().calls


def test_the_second_pass_writes_nothing(engine: sa.Engine, clock: FixedClock) -> None:
    zoho, fx = a_zoho(), an_fx()
    job = a_job(engine, clock, zoho, fx)
    run_once(job, WISH)
    before = state(zoho), state(fx)
    writes = {name: zoho.calls[name] for name in ("update_fields", "create_tasks", "change_tasks")}
    clock.move(timedelta(minutes=15))

    report = run_once(job, WISH)

    assert (state(zoho), state(fx)) == before
    assert writes == {name: zoho.calls[name] for name in writes}
    for connection in report.connections.values():
        assert (connection.fields_written, connection.tasks_created) == (0, 0)
        assert (connection.tasks_updated, connection.tasks_closed) == (0, 0)


def test_the_report_has_the_documented_shape(engine: sa.Engine, clock: FixedClock) -> None:
    report = run_once(a_job(engine, clock, a_zoho()), WISH)

    document = msgspec.json.decode(msgspec.json.encode(report))

    zoho = document["connections"]["zoho"]
    assert {"accounts", "invoices", "payments"} <= zoho["pulled"].keys()
    numbers = {"fields_written", "tasks_created", "tasks_updated", "tasks_closed", "parked"}
    assert numbers | {"api_calls", "api_credits"} <= zoho.keys()
    assert {"assessed", "seconds"} <= document.keys()


def test_one_failing_crm_does_not_stop_the_other(engine: sa.Engine, clock: FixedClock) -> None:
    zoho, fx = a_zoho(), an_fx()
    zoho.fail_once("changes", 1)

    report = run_once(a_job(engine, clock, zoho, fx), WISH)

    assert "is down" in report.connections["zoho"].error
    assert report.errors == [report.connections["zoho"].error]
    assert report.connections["fx"].fields_written > 0
    assert fx.fields["b1"][CreditField.RATING] == "CCC"


def test_a_payment_closes_the_task(engine: sa.Engine, clock: FixedClock) -> None:
    zoho = a_zoho()
    job = a_job(engine, clock, zoho)
    run_once(job, WISH)
    zoho.put(a_payment("p1", "a1"))
    zoho.put(an_allocation("l1", "p1", "i1"))
    clock.move(timedelta(minutes=15))

    report = run_once(job, WISH)

    assert report.connections["zoho"].tasks_closed == 1
    assert zoho.fields["a1"][CreditField.RATING] == "A"
    assert {task.account_id for task in zoho.tasks.values() if not task.closed} == {"a2"}


def test_a_notification_is_enough(engine: sa.Engine, clock: FixedClock) -> None:
    zoho = a_zoho()
    job = a_job(engine, clock, zoho)
    run_once(job, WISH)
    zoho.put(a_payment("p1", "a1"))
    zoho.put(an_allocation("l1", "p1", "i1"))
    reader: Reader = PortReader(engine, job.ports, clock)

    reader.records("zoho", Kind.ALLOCATIONS, ["l1"])
    decision = decide(job, AS_OF)

    assert decision.assessed.assessed == 1
    assert decision.tasks.changed == 1


def test_our_own_write_is_no_change(engine: sa.Engine, clock: FixedClock) -> None:
    zoho = a_zoho()
    job = a_job(engine, clock, zoho)
    run_once(job, WISH)

    PortReader(engine, job.ports, clock).changes("zoho", Kind.ACCOUNTS)

    assert decide(job, AS_OF).assessed.assessed == 0


def test_without_push_the_write_backs_wait(engine: sa.Engine, clock: FixedClock) -> None:
    zoho = a_zoho()

    report = run_once(a_job(engine, clock, zoho), RunWish(as_of=AS_OF, push=False))

    assert zoho.fields == {}
    assert report.connections["zoho"].fields_written == 0
    assert {row["state"] for row in rows(engine, outbox)} == {"ready"}


def test_bad_records_are_counted_as_parked(engine: sa.Engine, clock: FixedClock) -> None:
    zoho = a_zoho()
    zoho.spoil(Kind.INVOICES, "i2")
    zoho.put(an_account("a9", uscc="nonsense"))
    zoho.put(an_invoice("i9", "nowhere"))

    report = run_once(a_job(engine, clock, zoho), WISH)

    # The invoice, the code, the invoice of nobody, and the allocation to the bad invoice.
    assert (report.parked, report.connections["zoho"].parked) == (4, 4)


def test_calls_are_in_the_ledger_of_the_day(engine: sa.Engine, clock: FixedClock) -> None:
    zoho = a_zoho()

    run_once(a_job(engine, clock, zoho), WISH)

    with reading(engine) as conn:
        assert usage_on(conn, "zoho", clock.today()) == zoho.usage()
        assert usage_on(conn, "zoho", date(2026, 1, 1)) == Usage(0, 0)


def test_rejected_credentials_halt_the_connection_until_they_work_again(
    engine: sa.Engine, clock: FixedClock
) -> None:
    zoho = a_zoho()
    job = a_job(engine, clock, zoho)

    def reject(operation: str, _number: int) -> None:
        raise CredentialsRejected("reconnect", system="zoho", operation=operation)

    zoho.before_call = reject
    run_once(job, WISH)
    with reading(engine) as conn:
        halted = paused_systems(conn, clock.now())
    zoho.before_call = lambda _operation, _number: None

    report = run_once(job, WISH)

    assert halted == {"zoho": "reconnect"}
    assert report.connections["zoho"].fields_written > 0


class Killed(BaseException):
    """The process ends here."""


def state(crm: FakeCrm) -> object:
    """Say what stands in the CRM, times and ids left out."""
    stamps = {CreditField.COMPUTED_AT}
    fields = {
        account: {name: value for name, value in values.items() if name not in stamps}
        for account, values in crm.fields.items()
    }
    tasks = {key: (task.subject, task.closed) for key, task in crm.tasks.items()}
    return fields, tasks, sorted(draft.key for draft in crm.drafts)


@pytest.mark.parametrize("moment", ["before the request", "before the answer"])
def test_killed_at_any_call_the_next_run_ends_at_the_same_state(
    tmp_path: Path, clock: FixedClock, moment: str
) -> None:
    """What a kill leaves does not depend on the database: files are quick to make anew."""
    unbroken = a_zoho()
    with fresh_database(tmp_path) as engine:
        run_once(a_job(engine, clock, unbroken), WISH)
    expected = state(unbroken)

    for number in range(1, unbroken.usage().calls + 1):
        zoho = a_zoho()
        zoho.kill_at(number, Killed, answered=moment == "before the answer")
        with fresh_database(tmp_path) as engine:
            job = a_job(engine, clock, zoho)
            with pytest.raises(Killed):
                run_once(job, WISH)
            for _again in range(3):  # leases end, the settle window passes
                clock.move(timedelta(minutes=10))
                run_once(job, WISH)

        assert state(zoho) == expected, f"killed at call {number}"


@contextmanager
def fresh_database(folder: Path) -> Iterator[sa.Engine]:
    template = folder / "template.db"
    if not template.exists():
        made = create_engine(f"sqlite:///{template}")
        upgrade(made)
        made.dispose()
    for old in folder.glob("run.db*"):
        old.unlink()
    shutil.copy(template, folder / "run.db")
    engine = create_engine(f"sqlite:///{folder / 'run.db'}")
    yield engine
    engine.dispose()


def test_an_answer_that_was_lost_makes_no_second_task(engine: sa.Engine, clock: FixedClock) -> None:
    fx = an_fx()
    job = a_job(engine, clock, fx)
    fx.lose_answers = 5

    for _again in range(4):
        run_once(job, WISH)
        clock.move(timedelta(minutes=10))

    assert len(fx.drafts) == 1
    assert [task.closed for task in fx.tasks.values()] == [False]
    assert fx.fields["b1"][CreditField.RATING] == "CCC"


def test_an_outage_in_the_middle_is_made_good(engine: sa.Engine, clock: FixedClock) -> None:
    zoho = a_zoho()
    job = a_job(engine, clock, zoho)

    def down(operation: str, _number: int) -> None:
        if operation != "changes":
            raise CrmUnavailable("is down", system="zoho", operation=operation)

    zoho.before_call = down
    first: RunReport = run_once(job, WISH)
    zoho.before_call = lambda _operation, _number: None
    for _again in range(3):
        clock.move(timedelta(minutes=10))
        run_once(job, RunWish(as_of=AS_OF, scope=Scope.STALE))

    assert first.connections["zoho"].fields_written == 0
    assert zoho.fields["a1"][CreditField.RATING] == "CCC"
    assert len(zoho.drafts) == 2


def test_the_real_rules_go_the_same_way(engine: sa.Engine, clock: FixedClock) -> None:
    zoho, fx = a_zoho(), an_fx()
    rules = replace(
        simple_rules(),
        assess=assess,
        explain=lambda decided, entity: explanation_bytes(explain(decided, entity)),
    )
    job = replace(a_job(engine, clock, zoho, fx), rules=rules)

    first = run_once(job, WISH)
    written = state(zoho), state(fx)
    second = run_once(job, WISH)

    assert (first.assessed, second.assessed) == (4, 0)
    assert zoho.fields["a1"][CreditField.OVERDUE_AMOUNT] == Decimal("20000.00")
    assert zoho.fields["a2"][CreditField.OVERDUE_AMOUNT] == Decimal("5000.00")
    assert fx.fields["b1"][CreditField.EXPOSURE] == zoho.fields["a1"][CreditField.EXPOSURE]
    assert (state(zoho), state(fx)) == written
    with reading(engine) as conn:
        assert all(json.loads(stored.explanation) for stored in latest_assessments(conn))
