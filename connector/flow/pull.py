"""Hops 1 and 3: read a CRM's feeds and keep what they deliver.

HTTP happens outside transactions; a page, its cursor and the marks of what changed are one commit.
Killed anywhere, the next pull goes on at the page after the last one kept.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TypedDict

import msgspec
import sqlalchemy as sa

from adapters.errors import CrmError
from adapters.port import ComputesFields, CrmPort, Page, Usage
from connector.clock import Clock
from connector.store.cursors import FeedState, load_feed, read_once
from connector.store.engine import in_one_commit, reading
from connector.store.full_reads import last_full_read, note_full_read
from connector.store.records import Saved, save_page, save_records, start_full_scan
from connector.store.tables import RECORD_TABLES
from connector.store.usage import add_usage
from scoring.records import Allocation, Kind

__all__ = [
    "COMPUTED_EACH",
    "MOST_IDS_AT_ONCE",
    "Progress",
    "PullReport",
    "PullWish",
    "go_on",
    "pull",
    "pull_records",
    "reported",
    "silent",
]

COMPUTED_EACH = timedelta(hours=24)
MOST_IDS_AT_ONCE = 100
_MOST_ROUNDS = 3

Progress = Callable[[Kind, int, "int | None"], None]
"""Told after each page: the feed, records so far in this scan, the scan's size if known."""


class PullReport(msgspec.Struct):
    """What a pull did, by feed. ``pulled`` counts records delivered, good or not."""

    system: str
    feeds: dict[Kind, Saved] = msgspec.field(default_factory=dict)
    pulled: dict[Kind, int] = msgspec.field(default_factory=dict)
    calls: int = 0
    credits: int = 0

    @property
    def total(self) -> Saved:
        """Add up all feeds."""
        return sum(self.feeds.values(), Saved())

    @property
    def warnings(self) -> list[str]:
        """Say what a person has to decide."""
        return [
            f"{self.system}: {saved.held} {kind.value} disappeared at once and were kept; "
            "pull again with mass changes allowed if that is right"
            for kind, saved in self.feeds.items()
            if saved.held
        ]

    def add(self, page: Page, saved: Saved) -> None:
        """Count a page."""
        delivered = len(page.records) + len(page.problems)
        self.pulled[page.kind] = self.pulled.get(page.kind, 0) + delivered
        self.feeds[page.kind] = self.feeds.get(page.kind, Saved()) + saved


class PullWish(TypedDict, total=False):
    """How a pull is wanted: the named arguments of ``pull``."""

    full: bool
    computed_each: timedelta | None
    allow_mass_change: bool
    progress: Progress
    stop: Callable[[], bool]


def silent(_kind: Kind, _done: int, _expected: int | None) -> None:
    """Show nothing."""


def go_on() -> bool:
    """Never stop."""
    return False


def pull(
    port: CrmPort,
    engine: sa.Engine,
    clock: Clock,
    *,
    kinds: Sequence[Kind] | None = None,
    full: bool = False,
    computed_each: timedelta | None = COMPUTED_EACH,
    allow_mass_change: bool = False,
    progress: Progress = silent,
    stop: Callable[[], bool] = go_on,
) -> PullReport:
    """Read what changed in these feeds (``None``: all the CRM has), page by page.

    ``full`` reads everything anew and marks as gone what is not there any more, unless that is so
    much that the brake trips. A full pull that was broken off goes on where it stood. Feeds with
    fields that the CRM works out by itself are read so once in ``computed_each`` (``None``: never).
    Ends after a page when ``stop`` says so.

    Raises:
        CrmError: A feed could not be read; what came before is kept.
    """
    with reported(port, engine, clock) as report:
        wanted = _in_order(port, kinds)
        # Somebody who asks for some feeds wants news of them, quickly.
        each = computed_each if kinds is None else None
        anew = wanted if full else _due_anew(port, engine, clock, each)
        wish = _Wish(anew or (), allow_mass_change, stop)
        for kind in wanted:
            _pull_feed(port, engine, clock, kind, report, wish, progress)
        if anew is not None and kinds is None and not stop():
            in_one_commit(engine, lambda conn: note_full_read(conn, port.system, now=clock.now()))
    return report


class _Wish(msgspec.Struct, frozen=True):
    """How the feeds are read; those in ``anew`` from their beginning."""

    anew: Collection[Kind]
    allow_mass_change: bool
    stop: Callable[[], bool]


def _due_anew(
    port: CrmPort, engine: sa.Engine, clock: Clock, each: timedelta | None
) -> Collection[Kind] | None:
    """Name the feeds that have to be read anew for fields whose changes leave no trace.

    ``None``: it is not the time for them, or the CRM does not say; then the next pull asks again,
    and the reading itself tells what is wrong.
    """
    if each is None or not isinstance(port, ComputesFields):
        return None
    with reading(engine) as conn:
        latest = last_full_read(conn, port.system)
    if latest is not None and clock.now() - latest < each:
        return None
    try:
        return port.computed_fields().keys()
    except CrmError:
        return None


def _in_order(port: CrmPort, kinds: Sequence[Kind] | None) -> list[Kind]:
    return [kind for kind in port.kinds if kinds is None or kind in kinds]


def _pull_feed(
    port: CrmPort,
    engine: sa.Engine,
    clock: Clock,
    kind: Kind,
    report: PullReport,
    wish: _Wish,
    progress: Progress,
) -> None:
    if wish.stop():
        return
    state = _begin(port, engine, clock, kind, full=kind in wish.anew)
    cursor, done = state.cursor, state.seen_count
    report.pulled.setdefault(kind, 0)
    while True:
        asked_at = clock.now()
        page = port.changes(kind, cursor)
        saved = _keep(engine, port.system, page, clock, wish, asked_at)
        report.add(page, saved)
        done += len(page.records) + len(page.problems)
        progress(kind, done, page.expected)
        if page.finished or wish.stop():
            return
        cursor = page.cursor


def _begin(port: CrmPort, engine: sa.Engine, clock: Clock, kind: Kind, *, full: bool) -> FeedState:
    def begin(conn: sa.Connection) -> FeedState:
        # The first reading of all is full by itself and finds nothing to be gone.
        if full and read_once(conn, port.system, [kind]):
            return start_full_scan(conn, port.system, kind, now=clock.now())
        return load_feed(conn, port.system, kind)

    return in_one_commit(engine, begin)


def _keep(
    engine: sa.Engine, system: str, page: Page, clock: Clock, wish: _Wish, asked_at: datetime
) -> Saved:
    def keep(conn: sa.Connection) -> Saved:
        return save_page(
            conn,
            system,
            page,
            clock.now(),
            asked_at=asked_at,
            allow_mass_change=wish.allow_mass_change,
        )

    return in_one_commit(engine, keep)


def pull_records(
    port: CrmPort, engine: sa.Engine, clock: Clock, hints: Mapping[Kind, Sequence[str]]
) -> PullReport:
    """Read these records as they are now: a notification named them.

    What they lead to and is not here yet (account, invoice, payment) is read too. Those the CRM
    does not have any more are marked as gone.

    Raises:
        CrmError: The CRM could not be read; what came before is kept.
    """
    wanted = {kind: set(ids) for kind, ids in hints.items() if kind in port.kinds and ids}
    done: dict[Kind, set[str]] = {}
    with reported(port, engine, clock) as report:
        for _round in range(_MOST_ROUNDS):
            pages = [
                page
                for kind in _in_order(port, list(wanted))
                for page in _fetch(port, engine, clock, kind, wanted[kind], report)
            ]
            for kind, ids in wanted.items():
                done.setdefault(kind, set()).update(ids)
            wanted = _missing(engine, port, pages, done)
            if not wanted:
                break
    return report


def _fetch(
    port: CrmPort,
    engine: sa.Engine,
    clock: Clock,
    kind: Kind,
    record_ids: set[str],
    report: PullReport,
) -> list[Page]:
    ids, pages = sorted(record_ids), []
    for start in range(0, len(ids), MOST_IDS_AT_ONCE):
        page = port.fetch(kind, ids[start : start + MOST_IDS_AT_ONCE])
        saved = _keep_records(engine, port.system, page, clock)
        report.add(page, saved)
        pages.append(page)
    return pages


def _keep_records(engine: sa.Engine, system: str, page: Page, clock: Clock) -> Saved:
    return in_one_commit(engine, lambda conn: save_records(conn, system, page, clock.now()))


def _missing(
    engine: sa.Engine, port: CrmPort, pages: Sequence[Page], done: Mapping[Kind, set[str]]
) -> dict[Kind, set[str]]:
    """Name what these records lead to and is not here."""
    named: dict[Kind, set[str]] = {}
    for page in pages:
        for record in page.records:
            if isinstance(record, Allocation):
                named.setdefault(Kind.INVOICES, set()).add(record.invoice_id)
                named.setdefault(Kind.PAYMENTS, set()).add(record.payment_id)
            elif hasattr(record, "account_id"):
                named.setdefault(Kind.ACCOUNTS, set()).add(record.account_id)
    found: dict[Kind, set[str]] = {}
    kinds = port.kinds  # a port may ask its CRM
    with reading(engine) as conn:
        for kind, ids in named.items():
            unknown = ids - _known(conn, port.system, kind, ids) - done.get(kind, set())
            if unknown and kind in kinds:
                found[kind] = unknown
    return found


def _known(conn: sa.Connection, system: str, kind: Kind, record_ids: set[str]) -> set[str]:
    table = RECORD_TABLES[kind]
    statement = sa.select(table.c.record_id).where(
        table.c.system == system, table.c.record_id.in_(sorted(record_ids))
    )
    return set(conn.execute(statement).scalars())


@contextmanager
def reported(port: CrmPort, engine: sa.Engine, clock: Clock) -> Iterator[PullReport]:
    """Begin the report of a reading; what it cost is counted for it and the day, however it ends."""
    report, before = PullReport(system=port.system), port.usage()
    try:
        yield report
    finally:
        _note_usage(port, engine, clock, report, before)


def _note_usage(
    port: CrmPort, engine: sa.Engine, clock: Clock, report: PullReport, before: Usage
) -> None:
    after = port.usage()
    spent = Usage(after.calls - before.calls, after.credits - before.credits)
    report.calls, report.credits = spent.calls, spent.credits
    if spent.calls or spent.credits:
        in_one_commit(engine, lambda conn: add_usage(conn, port.system, clock.today(), spent))
