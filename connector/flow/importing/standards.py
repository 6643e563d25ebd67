"""Industry standard values: the import of their table, and what is stored of them."""

from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec
import sqlalchemy as sa

from connector.flow.importing.cells import ImportMistake
from connector.flow.importing.tables import Table
from connector.store.audit import AuditEntry, append
from connector.store.engine import in_one_commit, reading, upsert
from connector.store.file_tables import standards
from connector.store.records import Saved
from connector.store.staleness import mark_everybody
from scoring.financials.industry import COLUMNS, IndustryStandard, standards_of

__all__ = ["import_standards", "load_standards"]


def import_standards(
    engine: sa.Engine,
    table: Table,
    headers: Mapping[str, str],
    *,
    why: str,
    now: datetime,
    keep: Callable[[bool], bool],
) -> tuple[Saved, list[ImportMistake]]:
    """Read the table and keep its good rows if ``keep`` says so, told whether some are bad."""
    rows = [
        {name: str(row.cells.get(headers.get(name, ""), "")) for name in COLUMNS}
        for row in table.rows
    ]
    good, wrong = standards_of(rows)
    mistakes = [
        ImportMistake(
            row=table.rows[each.row - 1].number,
            column=headers.get(each.column, each.column),
            code=f"standard.{each.code}",
        )
        for each in wrong
    ]
    new = {_id(each): msgspec.json.encode(each) for each in good}
    with reading(engine) as conn:
        there = {row.id: row.content for row in conn.execute(sa.select(standards))}
    fresh = {key: content for key, content in new.items() if there.get(key) != content}
    if fresh and keep(bool(mistakes)):
        in_one_commit(engine, lambda conn: _keep(conn, fresh, why, now))
    return Saved(new=len(fresh), unchanged=len(new) - len(fresh)), mistakes


def _keep(conn: sa.Connection, fresh: Mapping[str, bytes], why: str, now: datetime) -> None:
    statement = upsert(conn, standards, update=("content", "source", "imported_at"))
    rows = [
        {"id": key, "content": content, "source": why, "imported_at": now}
        for key, content in sorted(fresh.items())
    ]
    conn.execute(statement, rows)
    mark_everybody(conn)
    new = msgspec.json.encode(sorted(fresh))
    entry = AuditEntry(at=now, system="", target="standards", what="imported", new=new, why=why)
    append(conn, [entry])


def load_standards(conn: sa.Connection) -> tuple[IndustryStandard, ...]:
    """Load the standard values for ``scoring.financials.industry.Standards``."""
    statement = sa.select(standards.c.content).order_by(standards.c.id)
    return tuple(
        msgspec.json.decode(content, type=IndustryStandard)
        for content in conn.execute(statement).scalars()
    )


def _id(standard: IndustryStandard) -> str:
    parts = (str(standard.year), standard.industry, standard.size or "", standard.indicator)
    return "|".join(parts)
