"""Many rows and many values in one statement, on both databases."""

from datetime import UTC, date, datetime, timedelta, timezone

import sqlalchemy as sa

from connector.store.columns import UtcDateTime
from connector.store.engine import execute_rows, is_one_of, listed, reading, writing

visits = sa.Table(
    "visits",
    sa.MetaData(),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("at", UtcDateTime),
    sa.Column("on", sa.Date),
    sa.Column("count", sa.Integer),
)
AT = datetime(2026, 11, 24, 10, 0, 0, 5, tzinfo=timezone(timedelta(hours=8)))
ODD = ["", "恒 🧾", 'a"b', "it's", "back\\slash \\u0000", "new\nline", "\u202eleft"]


def test_rows_in_bulk_are_stored_as_one_by_one(empty_engine: sa.Engine) -> None:
    rows: list[dict[str, object]] = [
        {"name": "full", "at": AT, "on": date(2026, 11, 24), "count": 3},
        {"name": "whole second", "at": AT.replace(microsecond=0), "on": None, "count": 0},
        {"name": "empty", "at": None, "on": None, "count": None},
    ]
    more = [{**row, "name": f"{row['name']} again"} for row in rows]
    with writing(empty_engine) as conn:
        visits.create(conn)
        conn.execute(visits.insert(), rows)
        execute_rows(conn, visits.insert(), more)

        raw = conn.execute(
            sa.select(
                sa.cast(visits.c.at, sa.Text), sa.cast(visits.c.on, sa.Text), visits.c["count"]
            ).order_by(visits.c.name)
        ).all()

    assert raw[::2] == raw[1::2]
    with reading(empty_engine) as conn:
        stored = {row.name: row for row in conn.execute(sa.select(visits))}
    assert stored["full again"].at == AT
    assert stored["full again"].at.tzinfo is UTC
    assert stored["full again"].on == date(2026, 11, 24)
    assert tuple(stored["empty again"]) == ("empty again", None, None, None)


def test_any_text_is_found_among_very_many(empty_engine: sa.Engine) -> None:
    with writing(empty_engine) as conn:
        visits.create(conn)
        execute_rows(conn, visits.insert(), [{"name": text} for text in [*ODD, "other"]])
        wanted = [*ODD, *(f"nobody {number}" for number in range(70_000))]

        found = conn.execute(
            sa.select(visits.c.name).where(is_one_of(conn, visits.c.name, wanted))
        ).scalars()

        assert set(found) == set(ODD)


def test_a_list_is_a_table_in_its_order(empty_engine: sa.Engine) -> None:
    with reading(empty_engine) as conn:
        assert list(conn.execute(sa.select(listed(conn, ODD).c.value)).scalars()) == ODD
        assert list(conn.execute(sa.select(listed(conn, []).c.value)).scalars()) == []
