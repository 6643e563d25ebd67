"""Keeping what the CRM delivered: a page and its cursor in one commit, twice without effect.

An older version of a record never replaces a newer one. What changes marks its accounts stale. A
record that became good clears its problem; a record that went bad keeps its last good row.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from operator import itemgetter
from typing import Any

import msgspec
import sqlalchemy as sa

from adapters.port import Page
from connector.store.bulk import upsert_rows
from connector.store.cursors import FeedState, load_feed, save_feed
from connector.store.deletions import Deleted, delete_records, sweep
from connector.store.engine import is_one_of
from connector.store.erased import without_erased
from connector.store.links import accounts_of_links
from connector.store.problems import clear_problems, note_problems
from connector.store.record_rows import Row, stored_rows
from connector.store.staleness import mark_stale
from connector.store.tables import RECORD_TABLES, accounts
from scoring.records import CREDIT_FILE_KINDS, Kind

__all__ = ["Saved", "save_page", "save_records", "start_full_scan"]

_IDS_PER_STATEMENT = 1000
_GROUPED_BY = ("name", "uscc", "currency")
_OF_ACCOUNTS = (*_GROUPED_BY, "parent_id", "facts", "facts_on")


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """What a page did. ``unchanged`` counts records that were here already, or newer.

    ``held`` deletions wait for a person; ``stale`` accounts have to be assessed again.
    """

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    gone: int = 0
    held: int = 0
    problems: int = 0
    stale: int = 0

    def __add__(self, other: "Saved") -> "Saved":
        """Add two tallies."""
        names = self.__struct_fields__
        return Saved(**{name: getattr(self, name) + getattr(other, name) for name in names})


def start_full_scan(conn: sa.Connection, system: str, kind: Kind, *, now: datetime) -> FeedState:
    """Begin a scan of everything. A full scan that is under way goes on instead.

    The watermark is forgotten; records keep standing until the scan is complete.
    """
    state = load_feed(conn, system, kind)
    if state.sweeping:
        return state
    begun = FeedState(generation=state.generation + 1, sweeping=True)
    save_feed(conn, system, kind, begun, now=now)
    return begun


def save_page(
    conn: sa.Connection,
    system: str,
    page: Page,
    now: datetime,
    *,
    asked_at: datetime | None = None,
    allow_mass_change: bool = False,
) -> Saved:
    """Keep a page of a feed and its cursor. Ends a full scan with its sweep.

    ``asked_at``: when the CRM was asked for the page; now, where it is not said.
    """
    state = load_feed(conn, system, page.kind)
    saved = save_records(
        conn,
        system,
        page,
        now,
        gone_before=state.gone_count,
        allow_mass_change=allow_mass_change,
    )
    if page.finished and state.sweeping:
        swept = sweep(
            conn,
            system,
            page.kind,
            generation=state.generation,
            now=now,
            allow_mass_change=allow_mass_change,
        )
        saved += Saved(gone=swept.gone, held=swept.held)
    began_at = state.began_at if state.cursor.position else asked_at or now
    save_feed(conn, system, page.kind, _moved(state, page, saved, began_at), now=now)
    return saved


def _moved(state: FeedState, page: Page, saved: Saved, began_at: datetime | None) -> FeedState:
    if page.finished:
        return FeedState(cursor=page.cursor, generation=state.generation, began_at=began_at)
    return FeedState(
        cursor=page.cursor,
        seen_count=state.seen_count + len(page.records) + len(page.problems),
        gone_count=state.gone_count + saved.gone + saved.held,
        generation=state.generation,
        sweeping=state.sweeping,
        began_at=began_at,
    )


def save_records(
    conn: sa.Connection,
    system: str,
    page: Page,
    now: datetime,
    *,
    gone_before: int = 0,
    allow_mass_change: bool = False,
) -> Saved:
    """Keep a page's records, deletions and problems, but not its cursor.

    A full scan under way counts them as seen, whoever delivered them. Of a person whose data was
    erased the personal fields are left out.
    """
    page = without_erased(conn, system, page)
    generation = load_feed(conn, system, page.kind).generation
    rows, refused = stored_rows(system, page.kind, page.records)
    problems = [*page.problems, *refused]
    saving = _Saving(conn, system, page.kind, generation)
    tally = saving.put(rows)
    saving.note_seen([problem.record_id for problem in problems])
    deleted = Deleted()
    if page.gone:
        deleted = delete_records(
            conn,
            system,
            page.kind,
            page.gone,
            now=now,
            gone_before=gone_before,
            allow_mass_change=allow_mass_change,
        )
    clear_problems(conn, system, page.kind.value, rows.keys(), now=now)
    return tally + Saved(
        gone=deleted.gone,
        held=deleted.held,
        problems=note_problems(conn, system, problems, now=now),
    )


class _Saving:
    """One page's records against what is stored."""

    def __init__(self, conn: sa.Connection, system: str, kind: Kind, generation: int) -> None:
        self._conn = conn
        self._system = system
        self._kind = kind
        self._generation = generation
        self._table = RECORD_TABLES[kind]

    def put(self, rows: Mapping[str, Row]) -> Saved:
        stored = self._stored(rows)
        if self._kind is Kind.ACCOUNTS:
            _date_facts(rows, stored)
        new = [row for record_id, row in rows.items() if record_id not in stored]
        changed, touched = self._compare(rows, stored)
        self._write(new + changed)
        self._touch(touched)
        self._regroup([row for row in changed if _moves_company(row, stored[row["record_id"]])])
        self.note_seen(rows.keys() & stored.keys())
        return Saved(
            new=len(new),
            updated=len(changed),
            unchanged=len(rows) - len(new) - len(changed),
            stale=self._mark(new + changed, [stored[row["record_id"]] for row in changed]),
        )

    def _mark(self, now: list[Row], before: list[Row]) -> int:
        if self._kind not in CREDIT_FILE_KINDS:
            return mark_stale(self._conn, self._system, self._concerned(now, before))
        by_system: dict[str, set[str]] = {}
        for row in [*now, *before]:
            by_system.setdefault(row["account_system"], set()).add(row["account_id"])
        return sum(mark_stale(self._conn, system, ids) for system, ids in sorted(by_system.items()))

    def _stored(self, record_ids: Collection[str]) -> dict[str, Row]:
        wanted = ("record_id", "modified_at", "content_hash", "gone_at", "account_id")
        links = ("account_system", "payment_id", "invoice_id", "applies_to", *_OF_ACCOUNTS)
        columns = [self._table.c[name] for name in (*wanted, *links) if name in self._table.c]
        statement = sa.select(*columns).where(self._table.c.system == self._system)
        these = is_one_of(self._conn, self._table.c.record_id, sorted(record_ids))
        return {row.record_id: row._asdict() for row in self._conn.execute(statement.where(these))}

    @staticmethod
    def _compare(rows: Mapping[str, Row], stored: Mapping[str, Row]) -> tuple[list[Row], list[Row]]:
        """Sort known records into changed ones and those with only a later modified time."""
        changed: list[Row] = []
        touched: list[Row] = []
        for record_id, before in stored.items():
            row = rows[record_id]
            if not _is_current(row["modified_at"], before["modified_at"]):
                continue
            if row["content_hash"] != before["content_hash"] or before["gone_at"] is not None:
                changed.append(row)
            elif row["modified_at"] != before["modified_at"]:
                touched.append(row)
        return changed, touched

    def _write(self, rows: list[Row]) -> None:
        if not rows:
            return
        for row in rows:
            row["generation"] = self._generation
            row["gone_at"] = None
        keys = {"system", "record_id"}
        update = tuple(name for name in rows[0] if name not in keys)
        # Sorted: two writers lock rows in the same order.
        rows.sort(key=itemgetter("record_id"))
        upsert_rows(self._conn, self._table, rows, update=update, newer="modified_at")

    def _touch(self, rows: list[Row]) -> None:
        if rows:
            statement = (
                self._table.update()
                .where(
                    self._table.c.system == self._system,
                    self._table.c.record_id == sa.bindparam("touched_id"),
                )
                .values(modified_at=sa.bindparam("touched_at"))
            )
            values = [
                {"touched_id": row["record_id"], "touched_at": row["modified_at"]} for row in rows
            ]
            self._conn.execute(statement, values)

    def note_seen(self, record_ids: Collection[str]) -> None:
        """Note that the full scan under way showed these."""
        ids = sorted(record_ids)
        for start in range(0, len(ids), _IDS_PER_STATEMENT):
            self._conn.execute(
                self._table.update()
                .where(
                    self._table.c.system == self._system,
                    self._table.c.record_id.in_(ids[start : start + _IDS_PER_STATEMENT]),
                    self._table.c.generation < self._generation,
                )
                .values(generation=self._generation)
            )

    def _regroup(self, rows: list[Row]) -> None:
        ids = [row["record_id"] for row in rows]
        if ids:
            mine = (accounts.c.system == self._system, accounts.c.record_id.in_(ids))
            self._conn.execute(accounts.update().where(*mine).values(entity=None))

    def _concerned(self, now: list[Row], before: list[Row]) -> set[str]:
        """Name the accounts that a change concerns, the former ones of moved records included."""
        if self._kind in {Kind.OWNERS, Kind.CONTACTS}:
            return set()
        if self._kind is Kind.ACCOUNTS:  # the former parent's group is smaller now
            left = {row["parent_id"] for row in before if row["parent_id"] is not None}
            return {row["record_id"] for row in now} | left
        both = [*now, *before]
        direct = {row["account_id"] for row in both if "account_id" in row}
        return direct | accounts_of_links(
            self._conn,
            self._system,
            invoice_ids=_named(both, "invoice_id") | _named(both, "applies_to"),
            payment_ids=_named(both, "payment_id"),
        )


def _date_facts(rows: Mapping[str, Row], stored: Mapping[str, Row]) -> None:
    """Note since when an account's facts say what they say now."""
    for record_id, row in rows.items():
        before = stored.get(record_id)
        same = before is not None and before["facts"] == row["facts"]
        seen = before["facts_on"] if before is not None and same else row["modified_at"].date()
        row["facts_on"] = None if row["facts"] is None else seen


def _is_current(incoming: datetime | None, stored: datetime | None) -> bool:
    return incoming is None or stored is None or incoming >= stored


def _moves_company(row: Row, before: Row) -> bool:
    if "uscc" not in row:
        return False
    revived = before["gone_at"] is not None
    return revived or any(row[name] != before[name] for name in _GROUPED_BY)


def _named(rows: list[Row], column: str) -> set[Any]:
    return {row[column] for row in rows if row.get(column) is not None}
