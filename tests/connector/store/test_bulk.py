"""Pages by COPY on PostgreSQL leave what single inserts leave."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.store import bulk
from connector.store.bulk import upsert_rows
from connector.store.columns import UtcDateTime
from connector.store.engine import writing

notices = sa.Table(
    "notices",
    sa.MetaData(),
    sa.Column("record_id", sa.Text, primary_key=True),
    sa.Column("system", sa.Text, primary_key=True),
    sa.Column("name", sa.Text),
    sa.Column("on", sa.Date),
    sa.Column("minor", sa.BigInteger),
    sa.Column("value", sa.Double),
    sa.Column("open", sa.Boolean),
    sa.Column("modified_at", UtcDateTime),
    sa.Column("kept", sa.Text, server_default="as it was"),
)
UPDATED = ("name", "on", "minor", "value", "open", "modified_at")
BEGAN = datetime(2026, 11, 24, tzinfo=UTC)

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=6)
row_fields = {
    "system": st.just("zoho"),
    "name": st.none() | texts | st.sampled_from(["\\N", "\\.", "a\tb", "a\\nb", "恒 🧾", ""]),
    "on": st.none() | st.dates(),
    "minor": st.none() | st.integers(-(2**62), 2**62),
    "value": st.none() | st.floats(allow_nan=False, allow_infinity=False),
    "open": st.none() | st.booleans(),
    "modified_at": st.none() | st.integers(0, 5).map(lambda each: BEGAN + timedelta(hours=each)),
}
pages = st.lists(
    st.dictionaries(texts.filter(bool), st.fixed_dictionaries(row_fields), min_size=1, max_size=8),
    min_size=1,
    max_size=3,
)


@pytest.fixture
def postgresql(empty_engine: sa.Engine) -> sa.Engine:
    """Give a PostgreSQL database with the table; SQLite knows no COPY."""
    if empty_engine.dialect.name != "postgresql":
        pytest.skip("COPY is PostgreSQL's: run it beside a server (make test-pg)")
    with writing(empty_engine) as conn:
        notices.create(conn)
    return empty_engine


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pages=pages)
def test_a_page_by_copy_leaves_the_rows_of_single_inserts(
    postgresql: sa.Engine, pages: list[dict[str, dict[str, Any]]]
) -> None:
    left = [_left(postgresql, pages, least=least) for least in (1, 10_000)]

    assert left[0] == left[1]


def _left(
    engine: sa.Engine, pages: list[dict[str, dict[str, Any]]], *, least: int
) -> list[tuple[Any, ...]]:
    with pytest.MonkeyPatch.context() as patch, writing(engine) as conn:
        patch.setattr(bulk, "COPIED_FROM", least)
        conn.execute(notices.delete())
        for page in pages:
            rows = [{"record_id": record_id, **page[record_id]} for record_id in sorted(page)]
            upsert_rows(conn, notices, rows, update=UPDATED, newer="modified_at")
        found = conn.execute(sa.select(notices).order_by(sa.collate(notices.c.record_id, "C")))
        return [tuple(row) for row in found]


def test_an_older_row_does_not_replace_a_newer_one_by_copy(
    postgresql: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "COPIED_FROM", 1)
    row = dict.fromkeys(UPDATED) | {"record_id": "1", "system": "zoho", "name": "new"}
    older = row | {"name": "old", "modified_at": BEGAN}
    with writing(postgresql) as conn:
        for each in (row | {"modified_at": BEGAN + timedelta(hours=1)}, older):
            upsert_rows(conn, notices, [each], update=UPDATED, newer="modified_at")

        assert conn.execute(sa.select(notices.c.name, notices.c.kept)).all() == [
            ("new", "as it was")
        ]


def test_what_copy_refuses_is_an_error_of_the_database_without_the_rows(
    postgresql: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "COPIED_FROM", 1)
    row = dict.fromkeys(UPDATED) | {"record_id": "1", "system": "zoho", "name": "half\0secret"}

    with pytest.raises(sa.exc.DBAPIError) as refused, writing(postgresql) as conn:
        upsert_rows(conn, notices, [row], update=UPDATED, newer="modified_at")

    assert "secret" not in str(refused.value)
