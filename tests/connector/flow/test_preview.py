"""What a run would write is told without being asked for."""

from datetime import timedelta

import sqlalchemy as sa

from adapters.port import CreditField
from connector.clock import FixedClock
from connector.flow.entities import group_entities
from connector.flow.fields import STAMPS
from connector.flow.job import Job
from connector.flow.preview import FieldDiff, waiting_diffs, would_write
from connector.flow.pull import pull
from connector.flow.push import push_due
from connector.flow.run import RunWish, run_once
from connector.store.assessments import latest_assessments
from connector.store.engine import reading
from connector.store.queue_tables import outbox
from tests.connector.flow.deciding import AS_OF, a_job
from tests.connector.store.saving import rows
from tests.crm_records import a_payment, an_account, an_allocation, an_invoice, an_owner
from tests.fake_crm import FakeCrm

WISH = RunWish(as_of=AS_OF)


def a_crm() -> FakeCrm:
    """Two customers; the first owes a late invoice."""
    return FakeCrm("zoho", [an_owner(), an_account("a1"), an_account("a2"), an_invoice("i1", "a1")])


def read(job: Job) -> None:
    for port in job.ports.values():
        pull(port, job.engine, job.clock)
    group_entities(job.engine, now=job.clock.now(), default_currency="CNY")


def waiting(job: Job) -> list[FieldDiff]:
    with reading(job.engine) as conn:
        return waiting_diffs(conn, list(job.ports))


def by_field(diffs: list[FieldDiff], account: str) -> dict[CreditField, tuple[str, str]]:
    return {diff.field: (diff.old, diff.new) for diff in diffs if diff.account == account}


def test_everything_is_new_at_first_and_nothing_is_kept(
    engine: sa.Engine, clock: FixedClock
) -> None:
    zoho = a_crm()
    job = a_job(engine, clock, zoho)
    read(job)

    diffs = would_write(job, AS_OF)

    assert {diff.account for diff in diffs} == {"zoho:a1", "zoho:a2"}
    assert by_field(diffs, "zoho:a1")[CreditField.RATING] == ("", "CCC")
    assert by_field(diffs, "zoho:a2")[CreditField.RATING] == ("", "A")
    assert not STAMPS & {diff.field for diff in diffs}
    with reading(engine) as conn:
        assert latest_assessments(conn) == []
    assert rows(engine, outbox) == []
    assert zoho.calls["update_fields"] == 0


def test_the_run_writes_what_was_foretold_and_nothing_is_left(
    engine: sa.Engine, clock: FixedClock
) -> None:
    zoho = a_crm()
    job = a_job(engine, clock, zoho)
    read(job)
    foretold = would_write(job, AS_OF)

    run_once(job, WISH)

    for account in ("a1", "a2"):
        told = by_field(foretold, f"zoho:{account}")
        assert told.keys() == zoho.fields[account].keys() - STAMPS
    assert would_write(job, AS_OF) == []


def test_a_payment_changes_only_what_it_changes(engine: sa.Engine, clock: FixedClock) -> None:
    zoho = a_crm()
    job = a_job(engine, clock, zoho)
    run_once(job, WISH)
    zoho.put(a_payment("p1", "a1"))
    zoho.put(an_allocation("l1", "p1", "i1"))
    clock.move(timedelta(minutes=15))
    read(job)

    diffs = would_write(job, AS_OF)

    assert {diff.account for diff in diffs} == {"zoho:a1"}
    changed = by_field(diffs, "zoho:a1")
    assert changed[CreditField.RATING] == ("CCC", "A")
    assert CreditField.TERMS_DAYS not in changed
    assert all(old != new for old, new in changed.values())


def test_what_waits_is_told_until_it_is_pushed(engine: sa.Engine, clock: FixedClock) -> None:
    zoho = a_crm()
    job = a_job(engine, clock, zoho)
    read(job)
    foretold = would_write(job, AS_OF)
    assert waiting(job) == []

    run_once(job, RunWish(as_of=AS_OF, push=False))

    assert sorted(waiting(job), key=str) == sorted(foretold, key=str)
    assert zoho.fields == {}
    push_due(engine, job.ports, clock, rng=job.rng)
    assert waiting(job) == []
    assert zoho.fields.keys() == {"a1", "a2"}


def test_only_the_named_connections_are_told(engine: sa.Engine, clock: FixedClock) -> None:
    job = a_job(engine, clock, a_crm())
    run_once(job, RunWish(as_of=AS_OF, push=False))

    with reading(engine) as conn:
        assert waiting_diffs(conn, ["fx"]) == []
        assert waiting_diffs(conn, []) == []
