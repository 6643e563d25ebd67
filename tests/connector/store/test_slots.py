"""Calls booked by several processes at one path: together they keep its limit."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from adapters.slots import MemorySlots, Rate
from connector.store.engine import create_engine
from connector.store.slots import DatabaseSlots

AT = datetime(2026, 11, 24, 9, 30, 12, 250_000, tzinfo=UTC)
RATE = Rate(5, timedelta(seconds=20))
SECOND = timedelta(seconds=1)


def test_what_one_process_booked_the_other_knows(engine: sa.Engine) -> None:
    other = create_engine(engine.url.render_as_string(hide_password=False))
    ours, theirs = DatabaseSlots(engine), DatabaseSlots(other)
    for number in range(5):
        process = ours if number % 2 else theirs
        assert process.book("fx", "/query", AT + number * SECOND, RATE) == AT + number * SECOND

    assert ours.book("fx", "/query", AT + 5 * SECOND, RATE) == AT + 20 * SECOND
    assert theirs.book("fx", "/query", AT + 5 * SECOND, RATE) == AT + 24 * SECOND
    other.dispose()


def test_paths_and_connections_have_slots_of_their_own(engine: sa.Engine) -> None:
    slots = DatabaseSlots(engine)
    for _ in range(6):
        slots.book("fx", "/query", AT, RATE)

    assert slots.book("fx", "/update", AT, RATE) == AT
    assert slots.book("fx2", "/query", AT, RATE) == AT


def test_the_database_books_as_memory_does(engine: sa.Engine) -> None:
    kept, remembered = DatabaseSlots(engine), MemorySlots()
    times = [AT + number * number % 37 * SECOND for number in range(40)]

    assert [kept.book("fx", "/query", at, RATE) for at in times] == [
        remembered.book("fx", "/query", at, RATE) for at in times
    ]


def test_those_who_book_at_the_same_time_never_get_the_same_room(engine: sa.Engine) -> None:
    slots = DatabaseSlots(engine)
    with ThreadPoolExecutor(6) as pool:
        moments = sorted(pool.map(lambda _: slots.book("fx", "/query", AT, RATE), range(30)))

    assert moments[:5] == [AT] * 5
    assert all(
        later - first >= RATE.window - timedelta(milliseconds=1)
        for first, later in zip(moments, moments[5:], strict=False)
    )
