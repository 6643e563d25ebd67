"""Hop 8: carry WriteBacks from the outbox into the CRMs and settle each by its outcome.

No transaction is open while a CRM is called. That a write is about to leave is committed before its
first byte; what became of it is committed with everything that follows from it. One bad record
stops no other.
"""

import random
import uuid
from collections.abc import Callable, Mapping

import sqlalchemy as sa

from adapters.port import CrmPort, WritesInBulk
from connector.clock import Clock
from connector.flow.push_bulk import push_in_bulk
from connector.flow.push_desk import Desk, PushReport, PushSettings, Row, Settling
from connector.flow.push_fields import push_fields
from connector.flow.push_notes import push_notes
from connector.flow.push_tasks import push_changes, push_drafts
from connector.store.engine import in_one_commit, reading
from connector.store.restores import load_restores
from connector.work import queue
from connector.work.retry import MAX_ATTEMPTS
from connector.work.writebacks import WriteKind

__all__ = ["PushReport", "PushSettings", "push_due"]

_DEFAULTS = PushSettings()
_PUSH = {
    WriteKind.FIELDS: push_fields,
    WriteKind.TASK: push_drafts,
    WriteKind.TASK_CHANGE: push_changes,
    WriteKind.NOTE: push_notes,
}


def push_due(
    engine: sa.Engine,
    ports: Mapping[str, CrmPort],
    clock: Clock,
    *,
    rng: random.Random,
    settings: PushSettings = _DEFAULTS,
    new_lease: Callable[[], str] = lambda: uuid.uuid4().hex,
    stop: Callable[[], bool] = lambda: False,
) -> PushReport:
    """Push all that is due to the systems in ``ports``; the rest waits.

    Ends when nothing more is due, or soon after ``stop`` says so. Errors of a CRM settle rows and
    pause or halt their system, they are not raised.
    """
    report = PushReport()
    with reading(engine) as conn:
        restores = load_restores(conn, under_way=False)
    for system, port in ports.items():
        if system in restores and restores[system].ended_at is None:
            report.alarms.append(
                f"{system}: the database was restored from a backup; nothing is written before "
                "all was read anew (zixin run or zixin serve does that by itself)"
            )
            continue
        desk = Desk(
            engine=engine,
            port=port,
            clock=clock,
            rng=rng,
            settings=settings,
            report=report,
            stop=stop,
            restored=system in restores,
        )
        while not stop():
            lease = new_lease()
            rows = _claim(desk, system, lease, limit=settings.batch_rows)
            if not rows:
                break
            _push_batch(desk, rows + _more(desk, rows, lease), lease)
    return report


def _claim(
    desk: Desk, system: str, lease: str, *, limit: int, kind: str | None = None
) -> list[Row]:
    return in_one_commit(
        desk.engine,
        lambda conn: queue.claim(
            conn,
            now=desk.clock.now(),
            lease=lease,
            limit=limit,
            systems=(system,),
            kind=kind,
            length=desk.settings.lease,
        ),
    )


def _more(desk: Desk, rows: list[Row], lease: str) -> list[Row]:
    """Claim further field updates where the CRM takes more of them at once than a batch has."""
    port, system = desk.port, desk.port.system
    is_full = len(rows) == desk.settings.batch_rows and rows[0].kind == WriteKind.FIELDS
    if not is_full or not isinstance(port, WritesInBulk):
        return []
    with reading(desk.engine) as conn:
        waiting = queue.due_count(conn, system, WriteKind.FIELDS, now=desk.clock.now())
    wanted = port.fields_at_once(len(rows) + waiting) - len(rows)
    if wanted <= 0:
        return []
    return _claim(desk, system, lease, limit=wanted, kind=WriteKind.FIELDS.value)


def _push_batch(desk: Desk, rows: list[Row], lease: str) -> None:
    sound = _without_killers(desk, rows, lease)
    if not sound:
        return
    try:
        if len(sound) > desk.settings.batch_rows and isinstance(desk.port, WritesInBulk):
            push_in_bulk(desk, desk.port, sound, lease)
        else:
            _PUSH[WriteKind(sound[0].kind)](desk, sound, lease)
    except Exception as error:  # noqa: BLE001 a fault of ours: its rows are settled as the table says
        desk.fail_all(sound, lease, error)


def _without_killers(desk: Desk, rows: list[Row], lease: str) -> list[Row]:
    """Park rows that were claimed too often without being settled: they end their worker."""
    killers = [row for row in rows if row.attempts > MAX_ATTEMPTS]
    note = f"its worker stopped {MAX_ATTEMPTS} times while this was under way"

    def park(settling: Settling) -> None:
        for row in killers:
            settling.park(row, note)

    if killers:
        desk.settle(lease, park)
    return [row for row in rows if row.attempts <= MAX_ATTEMPTS]
