"""The sweep of ids finds what vanished, believes no outage, and changes nothing before its end."""

import msgspec
import pytest
import sqlalchemy as sa

from adapters.errors import CrmUnavailable
from connector.clock import FixedClock
from connector.flow.pull import pull
from connector.flow.sweep import sweep_ids
from connector.store import tables
from connector.store.cursors import load_feed
from connector.store.engine import reading
from connector.store.problems import list_problems
from scoring.records import Kind
from tests.connector.store.saving import rows
from tests.crm_records import a_credit_note, an_account, an_invoice, an_owner
from tests.fake_crm import FakeCrm


@pytest.fixture
def crm(engine: sa.Engine, clock: FixedClock) -> FakeCrm:
    accounts = [an_account(f"a{number:02d}") for number in range(1, 31)]
    crm = FakeCrm(records=[an_owner(), *accounts, an_invoice("i1", "a01")])
    pull(crm, engine, clock)
    crm.calls.clear()
    return crm


def gone(engine: sa.Engine, table: sa.Table = tables.accounts) -> list[object]:
    return [row["record_id"] for row in rows(engine, table) if row["gone_at"] is not None]


def held(engine: sa.Engine) -> list[str]:
    with reading(engine) as conn:
        return [each.record_id for each in list_problems(conn) if each.reason == "deletion_held"]


def audited(engine: sa.Engine) -> list[tuple[object, ...]]:
    return [
        (row["target"], row["what"], msgspec.json.decode(row["new"]))
        for row in rows(engine, tables.audit)
        if row["why"] == "sweep" and isinstance(row["new"], bytes)
    ]


def test_what_vanished_without_a_trace_is_gone(
    engine: sa.Engine, clock: FixedClock, crm: FakeCrm
) -> None:
    crm.lose(Kind.ACCOUNTS, "a02")
    crm.lose(Kind.INVOICES, "i1")

    report = sweep_ids(crm, engine, clock)

    assert (gone(engine), gone(engine, tables.invoices)) == (["a02"], ["i1"])
    assert report.pulled[Kind.ACCOUNTS] == 29
    assert report.total.gone == 2
    assert report.calls == crm.calls.total()
    assert ("accounts", "deleted", {"gone": 1, "held": 0}) in audited(engine)
    assert "a01" in {row["account_id"] for row in rows(engine, tables.stale)}


def test_a_sweep_reads_no_record_and_leaves_the_feeds_where_they_stand(
    engine: sa.Engine, clock: FixedClock, crm: FakeCrm
) -> None:
    with reading(engine) as conn:
        before = load_feed(conn, "zoho", Kind.ACCOUNTS)

    report = sweep_ids(crm, engine, clock)

    with reading(engine) as conn:
        assert load_feed(conn, "zoho", Kind.ACCOUNTS) == before
    assert set(crm.calls) == {"ids"}
    assert report.total.gone == 0
    assert audited(engine) == []


def test_what_came_while_the_ids_were_read_is_not_gone(
    engine: sa.Engine, clock: FixedClock, crm: FakeCrm
) -> None:
    """It was not among the ids, but it is there when it is asked for."""
    account = crm.records[Kind.ACCOUNTS]["a02"]
    crm.lose(Kind.ACCOUNTS, "a02")

    def comes_back(operation: str, _number: int) -> None:
        if operation == "missing":
            crm.records[Kind.ACCOUNTS]["a02"] = account

    crm.before_call = comes_back

    sweep_ids(crm, engine, clock)

    assert crm.calls["missing"] == 1
    assert gone(engine) == []


def test_a_fifth_that_vanished_is_held_until_it_is_confirmed(
    engine: sa.Engine, clock: FixedClock, crm: FakeCrm
) -> None:
    lost = [f"a{number:02d}" for number in range(1, 11)]
    for account in lost:
        crm.lose(Kind.ACCOUNTS, account)

    report = sweep_ids(crm, engine, clock)

    assert (gone(engine), held(engine)) == ([], lost)
    assert "10 accounts disappeared at once" in report.warnings[0]
    assert audited(engine) == [("accounts", "deletion_held", {"gone": 0, "held": 10})]

    assert sweep_ids(crm, engine, clock, allow_mass_change=True).total.gone == 10
    assert (gone(engine), held(engine)) == (lost, [])


def test_what_was_held_and_is_there_again_is_let_go(
    engine: sa.Engine, clock: FixedClock, crm: FakeCrm
) -> None:
    there, crm.records[Kind.ACCOUNTS] = crm.records[Kind.ACCOUNTS], {}
    sweep_ids(crm, engine, clock)
    assert len(held(engine)) == 30
    crm.records[Kind.ACCOUNTS] = there

    sweep_ids(crm, engine, clock)

    assert (gone(engine), held(engine)) == ([], [])


def test_a_sweep_that_broke_off_has_marked_nothing_and_begins_again(
    engine: sa.Engine, clock: FixedClock, crm: FakeCrm
) -> None:
    crm.lose(Kind.ACCOUNTS, "a02")
    crm.fail_once("ids", 3)
    with pytest.raises(CrmUnavailable):
        sweep_ids(crm, engine, clock)
    assert gone(engine) == []

    sweep_ids(crm, engine, clock)

    assert gone(engine) == ["a02"]


def test_a_feed_that_is_told_to_stop_marks_nothing(
    engine: sa.Engine, clock: FixedClock, crm: FakeCrm
) -> None:
    crm.lose(Kind.ACCOUNTS, "a02")

    sweep_ids(crm, engine, clock, stop=lambda: crm.calls["ids"] > 3)

    assert gone(engine) == []


def test_two_feeds_in_one_table_do_not_take_each_others_records(
    engine: sa.Engine, clock: FixedClock, crm: FakeCrm
) -> None:
    crm.put(a_credit_note("c1", "a01"))
    pull(crm, engine, clock)

    report = sweep_ids(crm, engine, clock)

    assert (gone(engine, tables.invoices), report.total.held) == ([], 0)


def test_a_feed_that_was_never_read_is_not_swept(engine: sa.Engine, clock: FixedClock) -> None:
    crm = FakeCrm("other", [an_account("a1")])

    sweep_ids(crm, engine, clock)

    assert crm.calls["ids"] == 0
