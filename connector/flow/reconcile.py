"""After a restore: what was sent since the backup is known to the CRM alone, so it is asked.

Until then nothing is written. All is read anew and decided upon; then writes go again. A task is
from then on looked for under its key before it is created, where the CRM does not refuse a second
one by itself; fields are read before they are written, and what differs there from what the backup
remembers is a person's until somebody says that it is ours.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial

import msgspec
import sqlalchemy as sa

from adapters.errors import CrmError
from adapters.port import CreditField, CrmPort, FieldValue
from connector.flow.assess import Scope
from connector.flow.decide import decide
from connector.flow.job import Job
from connector.flow.receipts import note_fields
from connector.flow.run import read_crm
from connector.store.audit import AuditEntry, append
from connector.store.engine import in_one_commit, reading
from connector.store.full_reads import last_full_read
from connector.store.restores import Restored, end_restore, load_restores, note_read
from connector.store.tables import accounts
from connector.work.retry import SETTLE_WINDOW
from scoring.records import AccountRef

__all__ = ["Reconciled", "reconcile"]

_ACCOUNTS_AT_ONCE = 100


class Reconciled(msgspec.Struct):
    """What came of it. ``ended``: connections that may be written to again.

    ``waiting``: why each of the others may not yet.
    """

    ended: list[str] = msgspec.field(default_factory=list)
    waiting: dict[str, str] = msgspec.field(default_factory=dict)


def reconcile(job: Job, *, stop: Callable[[], bool] = lambda: False) -> Reconciled:
    """Ask the CRMs of connections that were taken back to a backup, and let writes go again.

    Does nothing when there are none. May be cut off anywhere and is harmless to repeat.
    """
    report = Reconciled()
    with reading(job.engine) as conn:
        pending = load_restores(conn)
    known = [restored for system, restored in pending.items() if system in job.ports]
    read = [restored for restored in known if _read(job, restored, report, stop)]
    if not read or stop():
        return report
    decide(job, job.clock.today(), scope=Scope.DUE)
    for restored in read:
        _end(job, restored, report)
    return report


def _read(job: Job, restored: Restored, report: Reconciled, stop: Callable[[], bool]) -> bool:
    """Read all of a connection unless that was done. False: it is to be tried again."""
    if restored.read_at is not None:
        return True
    port = job.ports[restored.system]
    try:
        read_crm(job, port, full=True, stop=stop)
        with reading(job.engine) as conn:
            ended_at = last_full_read(conn, restored.system)
        if ended_at is None or ended_at < restored.restored_at:
            report.waiting[restored.system] = "not all of it was read yet"
            return False
        if restored.adopt:
            _adopt(job, port, stop)
    except CrmError as error:
        report.waiting[restored.system] = str(error)
        return False
    now = job.clock.now()
    in_one_commit(job.engine, lambda conn: note_read(conn, restored.system, now=now))
    return True


def _adopt(job: Job, port: CrmPort, stop: Callable[[], bool]) -> None:
    """Take what stands in the credit fields for what we wrote ourselves. Raises ``CrmError``."""
    for ids in _portions(job.engine, port.system):
        if stop():
            return
        held, now = port.owned_values(ids), job.clock.now()
        in_one_commit(job.engine, partial(_note_held, system=port.system, held=held, now=now))


def _note_held(
    conn: sa.Connection,
    *,
    system: str,
    held: Mapping[str, Mapping[CreditField, FieldValue]],
    now: datetime,
) -> None:
    for record_id, values in held.items():
        note_fields(conn, AccountRef(system, record_id), values, now=now)


def _portions(engine: sa.Engine, system: str) -> Iterator[Sequence[str]]:
    """Name the accounts the CRM has, in portions."""
    last = ""
    while True:
        statement = (
            sa.select(accounts.c.record_id)
            .where(accounts.c.system == system, accounts.c.record_id > last)
            .where(accounts.c.gone_at.is_(None))
            .order_by(accounts.c.record_id)
            .limit(_ACCOUNTS_AT_ONCE)
        )
        with reading(engine) as conn:
            ids = list(conn.execute(statement).scalars())
        if not ids:
            return
        yield ids
        last = ids[-1]


def _end(job: Job, restored: Restored, report: Reconciled) -> None:
    """Let writes go again once requests from before the restore are certainly over."""
    now = job.clock.now()
    over_at = restored.restored_at + SETTLE_WINDOW
    if now < over_at:
        seconds = (over_at - now).total_seconds()
        report.waiting[restored.system] = f"requests of before may be under way: {seconds:.0f} s"
        return
    entry = AuditEntry(
        at=now,
        system=restored.system,
        target=restored.system,
        what="restore_ended",
        new=msgspec.json.encode({"backup_at": restored.backup_at, "adopt": restored.adopt}),
        why="reconciled",
    )

    def end(conn: sa.Connection) -> bool:
        ended = end_restore(conn, restored.system, now=now)
        if ended:
            append(conn, [entry])
        return ended

    if in_one_commit(job.engine, end):
        report.ended.append(restored.system)
