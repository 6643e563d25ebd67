"""Claiming: one of a lane, in order, in batches of one system and kind, fenced by the lease."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from connector.clock import FixedClock
from connector.store.engine import database_now, reading, writing
from connector.store.queue_tables import outbox
from connector.work import queue
from connector.work.claim import LEASE, hold, next_due_at
from connector.work.pauses import halt, pause, paused_systems, resume
from connector.work.writebacks import WriteBack
from tests.connector.work.writes import a_change, a_draft, an_update


def put(engine: sa.Engine, clock: FixedClock, *writes: WriteBack) -> None:
    with writing(engine) as conn:
        queue.enqueue(conn, writes, now=clock.now())


def take(
    engine: sa.Engine, clock: FixedClock, lease: str = "mine", **options: Any
) -> list[sa.Row[Any]]:
    with writing(engine) as conn:
        return queue.claim(conn, now=clock.now(), lease=lease, **{"limit": 100, **options})


def end(engine: sa.Engine, clock: FixedClock, row: sa.Row[Any], lease: str = "mine") -> bool:
    with writing(engine) as conn:
        return queue.settle(conn, row, lease=lease, state="done", now=clock.now())


def accounts(rows: list[sa.Row[Any]]) -> list[str]:
    return [row.account_id for row in rows]


def test_a_batch_has_one_row_a_lane_oldest_first(engine: sa.Engine, clock: FixedClock) -> None:
    put(engine, clock, an_update("A2"), an_update("A1"))
    put(engine, clock, a_draft("A1"))

    assert accounts(take(engine, clock)) == ["A1", "A2"]
    assert take(engine, clock) == []


def test_a_batch_has_one_system_and_one_kind(engine: sa.Engine, clock: FixedClock) -> None:
    put(engine, clock, a_draft("A1"))
    put(engine, clock, a_draft("A2", system="other"), an_update("A3"), a_change("A4"))
    put(engine, clock, a_draft("A5"))

    batches = [take(engine, clock) for _ in range(5)]

    assert accounts(batches[0]) == ["A1", "A5"]
    assert sorted(len(batch) for batch in batches[1:]) == [0, 1, 1, 1]


def test_the_limit_bounds_a_batch(engine: sa.Engine, clock: FixedClock) -> None:
    put(engine, clock, *(an_update(f"A{number}") for number in range(5)))

    assert len(take(engine, clock, limit=3)) == 3


def test_a_second_claim_waits_for_its_lane(engine: sa.Engine, clock: FixedClock) -> None:
    put(engine, clock, a_draft("A1", key="first"))
    put(engine, clock, a_draft("A1", key="second"))
    (first,) = take(engine, clock)

    assert take(engine, clock) == []
    assert end(engine, clock, first)
    assert [row.task_key for row in take(engine, clock)] == ["second"]


def test_a_row_that_waits_for_its_next_try_keeps_its_place(
    engine: sa.Engine, clock: FixedClock
) -> None:
    put(engine, clock, a_draft("A1", key="first"), a_draft("A1", key="second"))
    (first,) = take(engine, clock)
    later = clock.now() + timedelta(minutes=1)
    with writing(engine) as conn:
        queue.put_back(
            conn, first, lease="mine", now=clock.now(), run_after=later, counted=True, error="down"
        )

    assert take(engine, clock) == []
    clock.move(timedelta(minutes=1))
    assert [row.task_key for row in take(engine, clock)] == ["first"]


def test_a_dead_workers_row_becomes_due_by_itself(engine: sa.Engine, clock: FixedClock) -> None:
    put(engine, clock, a_draft())
    take(engine, clock, "dead")
    clock.move(LEASE - timedelta(seconds=1))
    assert take(engine, clock, "heir") == []

    clock.move(timedelta(seconds=1))
    (row,) = take(engine, clock, "heir")
    assert (row.attempts, row.lease) == (2, "heir")


def test_who_overslept_settles_nothing(engine: sa.Engine, clock: FixedClock) -> None:
    put(engine, clock, a_draft())
    (stale,) = take(engine, clock, "sleeper")
    clock.move(LEASE)
    (fresh,) = take(engine, clock, "heir")

    assert not end(engine, clock, stale, "sleeper")
    with writing(engine) as conn:
        assert queue.mark_sending(conn, [stale], lease="sleeper", now=clock.now()) == set()
        assert not queue.put_back(
            conn,
            stale,
            lease="sleeper",
            now=clock.now(),
            run_after=clock.now(),
            counted=True,
        )
    assert end(engine, clock, fresh, "heir")


def test_holding_lengthens_the_lease(engine: sa.Engine, clock: FixedClock) -> None:
    put(engine, clock, a_draft())
    (row,) = take(engine, clock)
    clock.move(LEASE / 2)
    with writing(engine) as conn:
        assert hold(conn, outbox, [row.id, 999], lease="mine", now=clock.now()) == {row.id}

    clock.move(LEASE / 2)
    assert take(engine, clock, "other") == []


def test_an_attempt_that_does_not_count_is_given_back(engine: sa.Engine, clock: FixedClock) -> None:
    put(engine, clock, a_draft())
    (row,) = take(engine, clock)
    with writing(engine) as conn:
        queue.put_back(
            conn, row, lease="mine", now=clock.now(), run_after=clock.now(), counted=False
        )

    assert take(engine, clock)[0].attempts == 1


def test_a_paused_system_gets_no_work_until_its_time(engine: sa.Engine, clock: FixedClock) -> None:
    put(engine, clock, an_update("A1"), an_update("A1", system="other"))
    until = clock.now() + timedelta(minutes=5)
    with writing(engine) as conn:
        pause(conn, "crm", until=until, reason="limit", now=clock.now())
        pause(conn, "crm", until=until - timedelta(minutes=4), reason="x", now=clock.now())
        assert paused_systems(conn, clock.now()) == {"crm": "limit"}

    assert [row.system for row in take(engine, clock)] == ["other"]
    assert take(engine, clock) == []
    clock.move(timedelta(minutes=5))
    assert [row.system for row in take(engine, clock)] == ["crm"]


def test_a_halted_system_waits_for_a_person(engine: sa.Engine, clock: FixedClock) -> None:
    put(engine, clock, an_update())
    with writing(engine) as conn:
        halt(conn, "crm", reason="revoked", now=clock.now())
        pause(conn, "crm", until=clock.now(), reason="limit", now=clock.now())
    clock.move(timedelta(days=365))
    assert take(engine, clock) == []

    with writing(engine) as conn:
        resume(conn, "crm")
    assert len(take(engine, clock)) == 1


def test_a_claim_may_be_limited_to_systems(engine: sa.Engine, clock: FixedClock) -> None:
    put(engine, clock, an_update("A1"), an_update("A2", system="other"))

    assert accounts(take(engine, clock, systems=["other"])) == ["A2"]


def test_the_lane_index_stops_a_race_that_the_query_missed(
    engine: sa.Engine, clock: FixedClock
) -> None:
    put(engine, clock, a_draft("A1", key="first"))
    put(engine, clock, a_draft("A1", key="second"))

    with writing(engine) as conn, pytest.raises(sa.exc.IntegrityError):
        conn.execute(outbox.update().values(state="running"))


def test_rows_of_a_lane_never_wait_for_each_other(engine: sa.Engine, clock: FixedClock) -> None:
    """On PostgreSQL a row may be committed after a younger one of its lane was claimed."""
    put(engine, clock, a_draft("A1", key="late"), a_draft("A1", key="early"))
    dead = {"state": "running", "lease": "dead", "attempts": 1}
    with writing(engine) as conn:
        conn.execute(outbox.update().where(outbox.c.task_key == "early").values(dead))

    (first,) = take(engine, clock)
    assert first.task_key == "early"
    assert end(engine, clock, first)
    assert [row.task_key for row in take(engine, clock)] == ["late"]


def test_the_next_due_time_is_told(engine: sa.Engine, clock: FixedClock) -> None:
    with reading(engine) as conn:
        assert next_due_at(conn, outbox) is None
    put(engine, clock, an_update())
    with reading(engine) as conn:
        assert next_due_at(conn, outbox) == clock.now()


def test_the_databases_clock_may_be_used(engine: sa.Engine, clock: FixedClock) -> None:
    put(engine, clock, an_update())
    with writing(engine) as conn:
        now = database_now(conn)
        claimed = queue.claim(conn, now=max(now, clock.now()), lease="mine")

    assert len(claimed) == 1
