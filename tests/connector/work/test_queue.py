"""The outbox: wishes collapse, tasks are asked for once, parked work waits for a person."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from adapters.port import CreditField, TaskChange
from connector.clock import FixedClock
from connector.store.engine import reading, writing
from connector.store.queue_tables import outbox
from connector.work import parked, queue
from connector.work.writebacks import WriteBack, decode
from scoring.records import AccountRef
from tests.connector.work.writes import a_change, a_draft, an_update

A1 = AccountRef("crm", "A1")


def put(engine: sa.Engine, clock: FixedClock, *writes: WriteBack) -> int:
    with writing(engine) as conn:
        return queue.enqueue(conn, writes, now=clock.now())


def rows(engine: sa.Engine) -> list[sa.Row[Any]]:
    with reading(engine) as conn:
        return list(conn.execute(sa.select(outbox).order_by(outbox.c.id)).all())


def states(engine: sa.Engine) -> list[str]:
    return [row.state for row in rows(engine)]


def take(engine: sa.Engine, clock: FixedClock, lease: str = "mine", limit: int = 1) -> sa.Row[Any]:
    with writing(engine) as conn:
        return queue.claim(conn, now=clock.now(), lease=lease, limit=limit)[0]


def park(engine: sa.Engine, clock: FixedClock, row: sa.Row[Any]) -> None:
    with writing(engine) as conn:
        assert queue.settle(
            conn, row, lease=row.lease, state="parked", now=clock.now(), error="refused"
        )


def test_a_newer_wish_joins_the_waiting_one(engine: sa.Engine, clock: FixedClock) -> None:
    put(engine, clock, an_update(rating="A", terms_days=30))
    created = put(engine, clock, an_update(rating="B"))

    (row,) = rows(engine)
    assert created == 0
    assert decode(row.kind, row.body) == an_update(rating="B", terms_days=30)


def test_wishes_of_one_call_collapse_too(engine: sa.Engine, clock: FixedClock) -> None:
    created = put(engine, clock, an_update(rating="A"), an_update(rating="B"), an_update("A2"))

    assert created == 2
    assert decode("fields", rows(engine)[0].body) == an_update(rating="B")


def test_a_wish_does_not_touch_the_one_under_way(engine: sa.Engine, clock: FixedClock) -> None:
    put(engine, clock, an_update(rating="A"))
    take(engine, clock)
    put(engine, clock, an_update(rating="B"))

    assert states(engine) == ["running", "ready"]


def test_a_task_is_asked_for_once_for_ever(engine: sa.Engine, clock: FixedClock) -> None:
    put(engine, clock, a_draft())
    row = take(engine, clock)
    with writing(engine) as conn:
        queue.settle(conn, row, lease="mine", state="done", now=clock.now())

    assert put(engine, clock, a_draft(), a_draft()) == 0
    assert states(engine) == ["done"]


def test_a_newer_task_change_replaces_the_waiting_one(engine: sa.Engine, clock: FixedClock) -> None:
    put(engine, clock, a_change(body="late"), a_change(closed=True))

    (row,) = rows(engine)
    change = decode(row.kind, row.body)
    assert isinstance(change, TaskChange)
    assert change.closed


def test_work_exists_only_when_its_cause_commits(engine: sa.Engine, clock: FixedClock) -> None:
    def doomed() -> None:
        with writing(engine) as conn:
            queue.enqueue(conn, [an_update(), a_draft()], now=clock.now())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        doomed()

    assert rows(engine) == []


def test_the_assessment_behind_a_write_is_kept(engine: sa.Engine, clock: FixedClock) -> None:
    with writing(engine) as conn:
        queue.enqueue(conn, [a_draft()], now=clock.now(), assessment_ids={A1: "AS-1"})
    put(engine, clock, an_update(rating="A", assessment_id="AS-2"))

    assert [row.assessment_id for row in rows(engine)] == ["AS-1", "AS-2"]


def test_thousands_of_wishes_find_their_place(engine: sa.Engine, clock: FixedClock) -> None:
    writes = [an_update(f"A{number}") for number in range(1000)]

    assert put(engine, clock, *writes) == 1000
    assert put(engine, clock, *writes) == 0


def test_waiting_values_are_told_newest_last(engine: sa.Engine, clock: FixedClock) -> None:
    put(engine, clock, an_update(rating="A", terms_days=30))
    take(engine, clock)
    put(engine, clock, an_update(rating="B"))

    with reading(engine) as conn:
        waiting = queue.waiting_values(conn, [A1, AccountRef("crm", "A2")])

    assert waiting == {A1: {CreditField.RATING: "B", CreditField.TERMS_DAYS: 30}}


def test_a_failed_wish_gives_way_to_the_newer_one(engine: sa.Engine, clock: FixedClock) -> None:
    put(engine, clock, an_update(rating="A", terms_days=30))
    older = take(engine, clock)
    put(engine, clock, an_update(rating="B"))

    with writing(engine) as conn:
        queue.put_back(
            conn, older, lease="mine", now=clock.now(), run_after=clock.now(), counted=True
        )

    assert states(engine) == ["dropped", "ready"]
    assert decode("fields", rows(engine)[1].body) == an_update(rating="B", terms_days=30)


def test_a_newer_wish_takes_the_place_of_a_parked_one(engine: sa.Engine, clock: FixedClock) -> None:
    put(engine, clock, an_update(rating="A"))
    park(engine, clock, take(engine, clock))
    put(engine, clock, an_update(rating="B"))

    assert states(engine) == ["dropped", "ready"]


def test_parked_work_is_listed_with_its_reason(engine: sa.Engine, clock: FixedClock) -> None:
    put(engine, clock, an_update(rating="A"))
    park(engine, clock, take(engine, clock))

    with reading(engine) as conn:
        (item,) = parked.list_parked(conn)
        assert parked.count_parked(conn) == {"crm": 1}
        assert parked.list_parked(conn, system="other") == []
    assert (item.ref, item.account_id, item.reason) == ("out:1", "A1", "refused")
    assert (item.attempts, item.since) == (1, clock.now())


def test_parked_work_leaves_its_lane(engine: sa.Engine, clock: FixedClock) -> None:
    put(engine, clock, an_update(rating="A"), a_draft())
    first = take(engine, clock)
    park(engine, clock, first)

    assert take(engine, clock).kind != first.kind


def test_retried_work_runs_again_with_its_attempts_forgotten(
    engine: sa.Engine, clock: FixedClock
) -> None:
    put(engine, clock, a_draft())
    park(engine, clock, take(engine, clock))

    with writing(engine) as conn:
        parked.retry(conn, "out:1", now=clock.now(), overwrite=True)

    row = take(engine, clock)
    assert (row.id, row.attempts, row.overwrite) == (1, 1, True)


def test_a_retried_wish_joins_the_one_that_waits(engine: sa.Engine, clock: FixedClock) -> None:
    put(engine, clock, an_update(rating="A", terms_days=30))
    older = take(engine, clock)
    park(engine, clock, older)
    with writing(engine) as conn:  # as if parked while the newer one was put down
        conn.execute(outbox.update().values(collapse_key=None))
    put(engine, clock, an_update(rating="B"))
    with writing(engine) as conn:
        conn.execute(outbox.update().values(collapse_key="fields:crm:A1"))
        parked.retry(conn, "out:1", now=clock.now())

    assert states(engine) == ["dropped", "ready"]
    assert decode("fields", rows(engine)[1].body) == an_update(rating="B", terms_days=30)


def test_dropped_work_keeps_both_reasons_and_is_never_done(
    engine: sa.Engine, clock: FixedClock
) -> None:
    put(engine, clock, a_draft())
    park(engine, clock, take(engine, clock))

    with writing(engine) as conn:
        parked.drop(conn, "out:1", reason="paid in cash", now=clock.now())

    (row,) = rows(engine)
    assert row.state == "dropped"
    assert "paid in cash" in row.last_error
    assert "refused" in row.last_error
    assert put(engine, clock, a_draft()) == 0


@pytest.mark.parametrize("ref", ["out:99", "in:1", "out:x", "nonsense", "out:1"])
def test_what_is_not_parked_cannot_be_retried(
    engine: sa.Engine, clock: FixedClock, ref: str
) -> None:
    put(engine, clock, an_update())

    with writing(engine) as conn, pytest.raises(parked.UnknownItem):
        parked.retry(conn, ref, now=clock.now() + timedelta(days=1))
