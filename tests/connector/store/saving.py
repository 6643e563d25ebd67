"""Saving pages without a CRM."""

from collections.abc import Iterable
from datetime import UTC, datetime

import sqlalchemy as sa

from adapters.port import Cursor, Page, RecordProblem
from connector.store.engine import writing
from connector.store.records import Saved, save_page
from scoring.records import Kind, Record

__all__ = ["NOW", "rows", "save"]

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


def save(
    engine: sa.Engine,
    kind: Kind,
    *records: Record,
    system: str = "zoho",
    gone: Iterable[str] = (),
    problems: Iterable[RecordProblem] = (),
    cursor: Cursor | None = None,
    finished: bool = True,
    allow_mass_change: bool = False,
) -> Saved:
    page = Page(
        kind=kind,
        records=records,
        problems=tuple(problems),
        gone=tuple(gone),
        cursor=cursor or Cursor(watermark=NOW),
        finished=finished,
    )
    with writing(engine) as conn:
        return save_page(conn, system, page, NOW, allow_mass_change=allow_mass_change)


def rows(engine: sa.Engine, table: sa.Table) -> list[dict[str, object]]:
    with writing(engine) as conn:
        statement = sa.select(table).order_by(*table.primary_key.columns)
        return [dict(row) for row in conn.execute(statement).mappings()]
