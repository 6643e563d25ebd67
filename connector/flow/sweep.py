"""The sweep: the ids of a feed against the store, to find what vanished without a trace.

It reads ids alone, asks once more for each record that was not among them, and marks as gone what
the CRM does not give back, behind the same brake as a full pull. Until then nothing is changed, so
a sweep that broke off simply begins again. Employees are left out: their list is read whole.
"""

from collections.abc import Callable, Sequence

import msgspec
import sqlalchemy as sa

from adapters.port import CrmPort
from connector.clock import Clock
from connector.flow.pull import (
    MOST_IDS_AT_ONCE,
    Progress,
    PullReport,
    go_on,
    reported,
    silent,
)
from connector.store.audit import AuditEntry, append
from connector.store.cursors import read_once
from connector.store.deletions import Deleted, delete_records, known_ids, release_held
from connector.store.engine import in_one_commit, reading
from connector.store.records import Saved
from scoring.records import Kind

__all__ = ["sweep_ids"]


def sweep_ids(
    port: CrmPort,
    engine: sa.Engine,
    clock: Clock,
    *,
    allow_mass_change: bool = False,
    progress: Progress = silent,
    stop: Callable[[], bool] = go_on,
) -> PullReport:
    """Compare the ids of all feeds that were read once; ``pulled`` counts the ids of each.

    Ends between two portions when ``stop`` says so; a feed that is not through marks nothing.

    Raises:
        CrmError: A feed could not be read; what the feeds before it showed is kept.
    """
    with reported(port, engine, clock) as report:
        for kind in port.kinds:
            if kind is Kind.OWNERS:
                continue
            missing = _missing(port, engine, kind, report, progress, stop)
            if missing is None:
                continue
            found = _settle(engine, port.system, kind, missing, clock, allow=allow_mass_change)
            report.feeds[kind] = Saved(gone=found.gone, held=found.held)
    return report


def _missing(
    port: CrmPort,
    engine: sa.Engine,
    kind: Kind,
    report: PullReport,
    progress: Progress,
    stop: Callable[[], bool],
) -> list[str] | None:
    """Name the records that the CRM does not show by either way; ``None``: not through."""
    with reading(engine) as conn:
        if not read_once(conn, port.system, [kind]):
            return None
        unseen = known_ids(conn, port.system, kind)
    seen, after, expected = 0, "", None
    while True:
        if stop():
            return None
        page = port.ids(kind, after)
        unseen.difference_update(page.ids)
        seen, expected = seen + len(page.ids), expected or page.expected
        report.pulled[kind] = seen
        progress(kind, seen, expected)
        if not page.after:
            return _confirmed(port, kind, sorted(unseen), stop)
        after = page.after


def _confirmed(
    port: CrmPort, kind: Kind, unseen: Sequence[str], stop: Callable[[], bool]
) -> list[str] | None:
    """Ask by id: what came while the ids were read was not among them."""
    missing: list[str] = []
    for start in range(0, len(unseen), MOST_IDS_AT_ONCE):
        if stop():
            return None
        missing += port.missing(kind, unseen[start : start + MOST_IDS_AT_ONCE])
    return missing


def _settle(
    engine: sa.Engine,
    system: str,
    kind: Kind,
    missing: Sequence[str],
    clock: Clock,
    *,
    allow: bool,
) -> Deleted:
    """Mark what is gone, or hold it; what was held and is there after all is let go."""

    def settle(conn: sa.Connection) -> Deleted:
        now = clock.now()
        release_held(conn, system, kind, missing, now=now)
        found = delete_records(conn, system, kind, missing, now=now, allow_mass_change=allow)
        if found.gone or found.held:
            entry = AuditEntry(
                at=now,
                system=system,
                target=kind.value,
                what="deleted" if found.gone else "deletion_held",
                new=msgspec.json.encode({"gone": found.gone, "held": found.held}),
                why="sweep",
            )
            append(conn, [entry])
        return found

    return in_one_commit(engine, settle)
