"""The spending of the last day: booked before the call, shared by all, freed minute by minute."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from connector.store.engine import reading
from connector.store.spending import DatabaseSpending, spent_since
from connector.store.tables import spending

AT = datetime(2026, 11, 24, 9, 30, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _spent(engine: sa.Engine, system: str = "crm", at: datetime = AT) -> int:
    with reading(engine) as conn:
        return spent_since(conn, system, at - 24 * HOUR)


def test_calls_are_booked_up_to_the_ceiling_and_not_beyond(engine: sa.Engine) -> None:
    book = DatabaseSpending(engine).book

    assert book("crm", AT, 7, 10) is None
    assert book("crm", AT + HOUR, 3, 10) is None
    assert _spent(engine, at=AT + HOUR) == 10
    refused = book("crm", AT + 2 * HOUR, 1, 10)

    assert refused == datetime(2026, 11, 25, 9, 31, tzinfo=UTC)  # the first 7 are a day old
    assert _spent(engine, at=AT + 2 * HOUR) == 10
    assert book("other", AT + 2 * HOUR, 10, 10) is None  # each connection has its own


def test_room_comes_when_enough_is_a_day_old(engine: sa.Engine) -> None:
    book = DatabaseSpending(engine).book
    for hour, credits_ in ((0, 2), (1, 3), (2, 5)):
        assert book("crm", AT + hour * HOUR, credits_, 10) is None

    first, second, whole, never = (
        book("crm", AT + 3 * HOUR, needed, 10) for needed in (2, 3, 10, 11)
    )

    minute = datetime(2026, 11, 25, 9, 31, tzinfo=UTC)
    assert (first, second, whole) == (minute, minute + HOUR, minute + 2 * HOUR)
    assert never == AT + 27 * HOUR
    assert first is not None
    assert book("crm", first - timedelta(seconds=1), 2, 10) == first
    assert book("crm", first, 2, 10) is None


def test_what_is_long_over_is_forgotten(engine: sa.Engine) -> None:
    book = DatabaseSpending(engine).book
    book("crm", AT, 1, 10)
    book("other", AT, 1, 10)
    book("crm", AT + 26 * HOUR, 1, 10)
    with reading(engine) as conn:
        kept = conn.execute(sa.select(spending.c.system, spending.c.credits)).all()

    assert sorted(tuple(row) for row in kept if row.credits) == [("crm", 1), ("other", 1)]
    assert len(kept) == 4  # each booking has a row for the minute before


@pytest.mark.parametrize("apart", [timedelta(0), timedelta(minutes=1)])
def test_those_who_book_at_the_same_time_never_pass_the_ceiling_together(
    apart: timedelta, engine: sa.Engine
) -> None:
    """At the turn of a minute some are in the old one and some in the new."""
    ours = DatabaseSpending(engine)
    with ThreadPoolExecutor(6) as pool:
        answers = list(
            pool.map(lambda number: ours.book("crm", AT + number % 2 * apart, 1, 20), range(40))
        )

    assert answers.count(None) == 20
    assert _spent(engine) == 20
