"""Back-pressure: above the soft mark nothing is pulled, above the hard one nothing is taken (F60)."""

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from connector.clock import FixedClock
from connector.store.engine import writing
from connector.store.queue_tables import inbox
from connector.work.inbox import DatabaseInbox
from connector.work.pressure import GIGABYTE, LOOK_EACH, Marks, Pressure
from webhooks.port import InboxUnavailable

MARKS = Marks(soft_rows=2, hard_rows=4)


def roomy(_folder: Path) -> tuple[int, int]:
    return 1, 100 * GIGABYTE


def fill(engine: sa.Engine, clock: FixedClock, count: int) -> None:
    for number in range(count):
        DatabaseInbox(engine).put("crm", f"M{number}", clock.now(), {}, b"")


@pytest.mark.parametrize(
    ("waiting", "high", "full"),
    [(2, False, False), (3, True, False), (4, True, False), (5, True, True)],
)
def test_the_marks(
    engine: sa.Engine,
    clock: FixedClock,
    waiting: int,
    high: bool,  # noqa: FBT001
    full: bool,  # noqa: FBT001
) -> None:
    fill(engine, clock, waiting)
    pressure = Pressure(engine, clock.now, MARKS, roomy)

    assert (pressure.high(), pressure.full()) == (high, full)


def test_a_full_inbox_takes_nothing_until_it_was_worked_off(
    engine: sa.Engine, clock: FixedClock
) -> None:
    fill(engine, clock, 5)
    box = DatabaseInbox(engine, pressure=Pressure(engine, clock.now, MARKS, roomy))

    with pytest.raises(InboxUnavailable) as caught:
        box.put("crm", "more", clock.now(), {}, b"")
    assert caught.value.full

    with writing(engine) as conn:
        conn.execute(inbox.update().values(state="done"))
    clock.move(LOOK_EACH)
    assert box.put("crm", "more", clock.now(), {}, b"")


def test_it_looks_again_only_after_a_while(engine: sa.Engine, clock: FixedClock) -> None:
    pressure = Pressure(engine, clock.now, MARKS, roomy)
    assert not pressure.full()
    fill(engine, clock, 5)

    assert not pressure.full()
    clock.move(LOOK_EACH + timedelta(seconds=1))
    assert pressure.full()


@pytest.mark.parametrize(
    ("free_gb", "total_gb", "full"),
    [(4, 100, True), (6, 100, False), (4, 10, False), (1.9, 10, True)],
)
def test_a_disk_that_is_nearly_full(
    engine: sa.Engine,
    clock: FixedClock,
    free_gb: float,
    total_gb: int,
    full: bool,  # noqa: FBT001
) -> None:
    used = int((total_gb - free_gb) * GIGABYTE)
    pressure = Pressure(engine, clock.now, MARKS, lambda _folder: (used, total_gb * GIGABYTE))

    assert pressure.full() == (full and engine.dialect.name == "sqlite")
