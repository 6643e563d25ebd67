from datetime import date

import pytest
import sqlalchemy as sa

from adapters.errors import CrmUnavailable
from adapters.port import Usage
from connector.clock import FixedClock
from connector.flow.pull import pull, pull_records
from connector.store import tables
from connector.store.cursors import load_feed
from connector.store.engine import reading
from connector.store.records import Saved
from connector.store.usage import usage_on
from scoring.records import Kind
from tests.connector.store.saving import rows
from tests.crm_records import a_payment, an_account, an_allocation, an_invoice, an_owner
from tests.fake_crm import FakeCrm


@pytest.fixture
def crm() -> FakeCrm:
    accounts = [an_account(f"a{number}") for number in range(1, 8)]
    return FakeCrm(
        records=[an_owner(), *accounts, an_invoice("i1"), a_payment("p1"), an_allocation()]
    )


def names(engine: sa.Engine, *, gone: bool = False) -> list[object]:
    return [
        row["record_id"]
        for row in rows(engine, tables.accounts)
        if (row["gone_at"] is not None) is gone
    ]


def test_the_first_pull_reads_everything(
    engine: sa.Engine, clock: FixedClock, crm: FakeCrm
) -> None:
    report = pull(crm, engine, clock)

    assert report.pulled[Kind.ACCOUNTS] == 7
    assert report.total.new == 11
    assert names(engine) == ["a1", "a2", "a3", "a4", "a5", "a6", "a7"]


def test_the_second_pull_changes_nothing(
    engine: sa.Engine, clock: FixedClock, crm: FakeCrm
) -> None:
    pull(crm, engine, clock)
    before = rows(engine, tables.accounts), rows(engine, tables.stale)

    report = pull(crm, engine, clock)

    assert (report.total.new, report.total.updated, report.total.gone) == (0, 0, 0)
    assert (rows(engine, tables.accounts), rows(engine, tables.stale)) == before


def test_only_what_changed_is_read_again(
    engine: sa.Engine, clock: FixedClock, crm: FakeCrm
) -> None:
    pull(crm, engine, clock)
    crm.put(an_account("a3", name="renamed"))

    report = pull(crm, engine, clock)

    assert (report.pulled[Kind.ACCOUNTS], report.total.updated) == (1, 1)


@pytest.mark.parametrize("page", [1, 2, 3, 4, 5, 6, 7, 8])
def test_a_pull_that_broke_off_goes_on_where_it_stood(
    engine: sa.Engine, clock: FixedClock, crm: FakeCrm, page: int
) -> None:
    crm.fail_once("changes", page)
    with pytest.raises(CrmUnavailable):
        pull(crm, engine, clock)
    with reading(engine) as conn:
        kept = load_feed(conn, "zoho", Kind.ACCOUNTS).seen_count

    report = pull(crm, engine, clock)

    assert names(engine) == ["a1", "a2", "a3", "a4", "a5", "a6", "a7"]
    if kept:
        assert report.pulled[Kind.ACCOUNTS] == 7 - kept


def test_deletions_arrive(engine: sa.Engine, clock: FixedClock, crm: FakeCrm) -> None:
    pull(crm, engine, clock)
    crm.remove(Kind.ACCOUNTS, "a2")

    report = pull(crm, engine, clock)

    assert report.total.gone == 1
    assert names(engine, gone=True) == ["a2"]


def test_a_full_pull_finds_what_vanished_without_a_trace(
    engine: sa.Engine, clock: FixedClock, crm: FakeCrm
) -> None:
    pull(crm, engine, clock)
    crm.lose(Kind.ACCOUNTS, "a2")

    assert pull(crm, engine, clock).total.gone == 0
    assert pull(crm, engine, clock, full=True).total.gone == 1
    assert names(engine, gone=True) == ["a2"]


@pytest.mark.parametrize("page", [2, 3])
def test_a_full_pull_that_broke_off_still_finds_it(
    engine: sa.Engine, clock: FixedClock, crm: FakeCrm, page: int
) -> None:
    pull(crm, engine, clock)
    crm.lose(Kind.ACCOUNTS, "a2")
    crm.fail_once("changes", page)
    with pytest.raises(CrmUnavailable):
        pull(crm, engine, clock, kinds=[Kind.OWNERS, Kind.ACCOUNTS], full=True)

    pull(crm, engine, clock, full=page == 2)

    assert names(engine, gone=True) == ["a2"]


def test_what_a_notification_delivers_during_a_full_pull_is_not_swept(
    engine: sa.Engine, clock: FixedClock, crm: FakeCrm
) -> None:
    pull(crm, engine, clock)
    crm.fail_once("changes", 2)
    with pytest.raises(CrmUnavailable):
        pull(crm, engine, clock, kinds=[Kind.ACCOUNTS], full=True)
    crm.put(an_account("a1", name="renamed"))
    pull_records(crm, engine, clock, {Kind.ACCOUNTS: ["a1"]})

    pull(crm, engine, clock, full=True)

    assert names(engine, gone=True) == []


def test_an_empty_answer_trips_the_brake(
    engine: sa.Engine, clock: FixedClock, crm: FakeCrm
) -> None:
    pull(crm, engine, clock)
    crm.records[Kind.ACCOUNTS].clear()

    report = pull(crm, engine, clock, full=True)

    assert (report.total.gone, report.total.held) == (0, 7)
    assert "7 accounts disappeared" in report.warnings[0]
    assert names(engine, gone=True) == []


def test_a_confirmed_mass_change_goes_through(
    engine: sa.Engine, clock: FixedClock, crm: FakeCrm
) -> None:
    pull(crm, engine, clock)
    crm.records[Kind.ACCOUNTS].clear()

    report = pull(crm, engine, clock, full=True, allow_mass_change=True)

    assert (report.total.gone, report.warnings) == (7, [])


def test_an_empty_crm_is_no_error(engine: sa.Engine, clock: FixedClock) -> None:
    report = pull(FakeCrm(), engine, clock)

    assert report.total == Saved()


def test_one_bad_record_stops_no_good_one(
    engine: sa.Engine, clock: FixedClock, crm: FakeCrm
) -> None:
    crm.spoil(Kind.ACCOUNTS, "a2")

    report = pull(crm, engine, clock)

    assert (report.feeds[Kind.ACCOUNTS].new, report.total.problems) == (6, 1)


def test_no_transaction_is_open_during_a_call(
    engine: sa.Engine, clock: FixedClock, crm: FakeCrm
) -> None:
    held: list[int] = []
    pool = engine.pool
    assert isinstance(pool, sa.QueuePool)
    crm.before_call = lambda _operation, _number: held.append(pool.checkedout())

    pull(crm, engine, clock)
    pull_records(crm, engine, clock, {Kind.ACCOUNTS: ["a1"]})

    assert set(held) == {0}


def test_progress_is_told_after_each_page(
    engine: sa.Engine, clock: FixedClock, crm: FakeCrm
) -> None:
    told: list[tuple[Kind, int, int | None]] = []

    pull(
        crm,
        engine,
        clock,
        kinds=[Kind.ACCOUNTS],
        progress=lambda kind, done, expected: told.append((kind, done, expected)),
    )

    assert told == [
        (Kind.ACCOUNTS, 3, 7),
        (Kind.ACCOUNTS, 6, 7),
        (Kind.ACCOUNTS, 7, 7),
    ]


def test_calls_are_counted_even_when_the_pull_breaks_off(
    engine: sa.Engine, clock: FixedClock, crm: FakeCrm
) -> None:
    crm.fail_once("changes", 3)
    with pytest.raises(CrmUnavailable):
        pull(crm, engine, clock)

    with reading(engine) as conn:
        assert usage_on(conn, "zoho", date(2026, 11, 24)) == Usage(3, 3)


def test_a_notification_reads_the_record_and_what_it_leads_to(
    engine: sa.Engine, clock: FixedClock, crm: FakeCrm
) -> None:
    report = pull_records(crm, engine, clock, {Kind.ALLOCATIONS: ["l1"]})

    assert report.total.new == 4
    assert names(engine) == ["a1"]


def test_a_notification_about_a_deleted_record_marks_it(
    engine: sa.Engine, clock: FixedClock, crm: FakeCrm
) -> None:
    pull(crm, engine, clock)
    crm.remove(Kind.ACCOUNTS, "a7")

    pull_records(crm, engine, clock, {Kind.ACCOUNTS: ["a7"]})

    assert names(engine, gone=True) == ["a7"]


def test_a_notification_about_a_known_record_reads_nothing_else(
    engine: sa.Engine, clock: FixedClock, crm: FakeCrm
) -> None:
    pull(crm, engine, clock)

    report = pull_records(crm, engine, clock, {Kind.INVOICES: ["i1"]})

    assert (report.total, report.calls) == (Saved(unchanged=1), 1)


def test_an_account_that_does_not_exist_is_asked_for_once(
    engine: sa.Engine, clock: FixedClock, crm: FakeCrm
) -> None:
    crm.put(an_invoice("i9", "nowhere"))

    pull_records(crm, engine, clock, {Kind.INVOICES: ["i9"]})

    assert crm.calls["fetch"] == 2
