"""A machine of puts, claims, settlements, crashes and time: nothing lost, nothing done twice.

The model knows for each row whether it waits, who holds it until when, and that it is done. The
database must agree: one of a lane at a time, in order.
"""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from connector.store.engine import reading, writing
from connector.store.queue_tables import outbox
from connector.work import queue
from connector.work.claim import LEASE
from tests.connector.work.writes import a_draft

LANES = st.sampled_from(["A1", "A2", "A3"])


@dataclass
class Known:
    """What the model knows of a row."""

    account: str
    due: datetime
    row: sa.Row[Any] | None = None
    state: str = "ready"
    lease: str = ""
    done: int = 0


class ClaimMachine(RuleBasedStateMachine):
    """One table, any number of workers that come, die and oversleep."""

    engine: sa.Engine

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime(2026, 11, 24, 2, tzinfo=UTC)
        self.model: dict[str, Known] = {}
        with writing(self.engine) as conn:
            conn.execute(outbox.delete())

    @rule(account=LANES)
    def put(self, account: str) -> None:
        key = f"task-{len(self.model):04}"  # the same in every replay
        with writing(self.engine) as conn:
            assert queue.enqueue(conn, [a_draft(account, key=key)], now=self.now) == 1
        self.model[key] = Known(account=account, due=self.now)

    @rule(limit=st.integers(1, 4))
    def claim(self, limit: int) -> None:
        expected = self.runnable()[:limit]
        lease = uuid.uuid4().hex
        with writing(self.engine) as conn:
            rows = queue.claim(conn, now=self.now, lease=lease, limit=limit)

        assert [row.task_key for row in rows] == expected
        for row in rows:
            known = self.model[row.task_key]
            known.row, known.lease = row, lease
            known.state, known.due = "running", self.now + LEASE

    def runnable(self) -> list[str]:
        """Name what a claim should find: the first open row of each lane, when it is due."""
        first: dict[str, str] = {}
        for key, known in self.model.items():
            if known.state != "done":
                first.setdefault(known.account, key)
        due = [key for key in first.values() if self.model[key].due <= self.now]
        return [key for key in self.model if key in due]

    @precondition(lambda self: any(known.row is not None for known in self.model.values()))
    @rule(data=st.data(), ending=st.sampled_from(["done", "later"]))
    def settle(self, data: st.DataObject, ending: str) -> None:
        held = sorted(key for key, known in self.model.items() if known.row is not None)
        known = self.model[data.draw(st.sampled_from(held))]
        assert known.row is not None
        lease = data.draw(st.sampled_from([known.lease, "somebody else's"]))
        ours = known.state == "running" and lease == known.lease
        later = self.now + timedelta(seconds=30)
        with writing(self.engine) as conn:
            if ending == "done":
                settled = queue.settle(conn, known.row, lease=lease, state="done", now=self.now)
            else:
                settled = queue.put_back(
                    conn, known.row, lease=lease, now=self.now, run_after=later, counted=True
                )

        assert settled == ours
        if ours:
            known.state, known.due, known.lease = "ready", later, ""
            if ending == "done":
                known.state, known.done = "done", known.done + 1

    @rule(seconds=st.sampled_from([1, 30, 300]))
    def wait(self, seconds: int) -> None:
        """Time passes; whoever holds a row may be dead."""
        self.now += timedelta(seconds=seconds)

    @invariant()
    def the_database_agrees(self) -> None:
        with reading(self.engine) as conn:
            rows = conn.execute(sa.select(outbox).order_by(outbox.c.id)).all()
        assert [(row.task_key, row.state) for row in rows] == [
            (key, known.state) for key, known in self.model.items()
        ]
        running = [row.lane for row in rows if row.state == "running"]
        assert len(running) == len(set(running))
        assert all(known.done <= 1 for known in self.model.values())

    def teardown(self) -> None:
        """Whatever happened, everything can still be finished, each once and in order."""
        finished: list[str] = []
        while rows := self.drain():
            finished += rows
        left = [key for key, known in self.model.items() if known.state != "done"]
        assert sorted(finished) == sorted(left)
        for account in ("A1", "A2", "A3"):
            of_lane = [key for key in finished if self.model[key].account == account]
            assert of_lane == [key for key in left if self.model[key].account == account]

    def drain(self) -> list[str]:
        self.now += LEASE
        with writing(self.engine) as conn:
            rows = queue.claim(conn, now=self.now, lease="last", limit=100)
            for row in rows:
                assert queue.settle(conn, row, lease="last", state="done", now=self.now)
        return [row.task_key for row in rows]


def test_nothing_is_lost_or_done_twice_and_lanes_keep_their_order(engine: sa.Engine) -> None:
    machine = type("BoundMachine", (ClaimMachine,), {"engine": engine})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=25, stateful_step_count=30, deadline=None)
    )
