"""Work that waits for a person: listed, shown, mended, tried again, or given up with a reason."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from adapters.port import CreditField, FieldUpdate, TaskChange, TaskDraft, field_text
from connector.store.audit import AuditEntry, append
from connector.store.queue_tables import inbox, outbox
from connector.work.wishes import join_newer
from connector.work.writebacks import WriteBack, decode, encode

__all__ = [
    "CannotEdit",
    "ParkedDetail",
    "ParkedItem",
    "UnknownItem",
    "count_parked",
    "drop",
    "edit",
    "list_parked",
    "retry",
    "show",
]

_BOXES = {"in": inbox, "out": outbox}
_WAITING = ("parked", "unhandled")


class ParkedItem(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of parked work. ``ref`` names it on the command line: ``out:12``, ``in:7``."""

    ref: str
    system: str
    kind: str
    account_id: str | None
    task_key: str | None
    state: str
    reason: str
    attempts: int
    since: datetime | None


class ParkedDetail(msgspec.Struct, frozen=True, kw_only=True):
    """What a piece of work wants. Texts for people, which name the customer, are left out.

    ``sent_at``: when it was last sent, for work whose outcome is not known.
    """

    item: ParkedItem
    assessment_id: str | None
    created_at: datetime
    sent_at: datetime | None
    wants: dict[str, str]


class CannotEdit(ValueError):
    """The work has nothing of what was to be changed; the text says what it has."""


class UnknownItem(LookupError):
    """No parked work has this name."""

    def __init__(self, ref: str) -> None:
        super().__init__(f"no parked work is named {ref!r}: see `zixin parked list`")


def list_parked(conn: sa.Connection, *, system: str | None = None) -> list[ParkedItem]:
    """List what waits for a person, oldest first."""
    items: list[ParkedItem] = []
    for box, table in _BOXES.items():
        statement = sa.select(table).where(table.c.state.in_(_WAITING)).order_by(table.c.id)
        if system is not None:
            statement = statement.where(table.c.system == system)
        items += [_item(box, row) for row in conn.execute(statement)]
    return items


def count_parked(conn: sa.Connection) -> dict[str, int]:
    """Count parked WriteBacks and messages by system."""
    counts: dict[str, int] = {}
    for table in _BOXES.values():
        statement = (
            sa.select(table.c.system, sa.func.count().label("parked"))
            .where(table.c.state == "parked")
            .group_by(table.c.system)
        )
        for row in conn.execute(statement):
            counts[row.system] = counts.get(row.system, 0) + row.parked
    return counts


def retry(
    conn: sa.Connection,
    ref: str,
    *,
    now: datetime,
    overwrite: bool = False,
    who: str = "operator",
) -> None:
    """Let parked work run again, with its attempts forgotten; the audit log names ``who`` did it.

    ``overwrite``: our values replace what a person entered in the CRM; decided by a person.
    A wish gives way to a newer one that waits. Raises ``UnknownItem``.
    """
    table, row = _find(conn, ref)
    if table is outbox and join_newer(conn, row, lease=None, now=now):
        _log(conn, row, ref, "parked_retried", f"by {who}: joined a newer wish", now)
        return
    values: dict[str, Any] = {"state": "ready", "run_after": now, "attempts": 0, "settled_at": None}
    if table is outbox:
        values["overwrite"] = overwrite
    conn.execute(table.update().where(table.c.id == row.id).values(values))
    _log(conn, row, ref, "parked_retried", f"by {who}" + (", overwrite" if overwrite else ""), now)


def drop(
    conn: sa.Connection, ref: str, *, reason: str, now: datetime, who: str = "operator"
) -> None:
    """Give parked work up. It stays in the table with the reason. Raises ``UnknownItem``."""
    table, row = _find(conn, ref)
    note = f"dropped: {reason}; before: {row.last_error}"
    values = {"state": "dropped", "settled_at": now, "last_error": note}
    conn.execute(table.update().where(table.c.id == row.id).values(values))
    _log(conn, row, ref, "parked_dropped", f"by {who}: {reason}", now)


def show(conn: sa.Connection, ref: str) -> ParkedDetail:
    """Tell what a piece of parked work wants. Raises ``UnknownItem``."""
    table, row = _find(conn, ref)
    if table is inbox:
        wants = {"message": row.message_id, "bytes": str(len(row.body))}
    else:
        wants = _wants(decode(row.kind, row.body))
    return ParkedDetail(
        item=_item(ref.partition(":")[0], row),
        assessment_id=getattr(row, "assessment_id", None),
        created_at=row.received_at if table is inbox else row.created_at,
        sent_at=getattr(row, "sent_at", None),
        wants=wants,
    )


def edit(
    conn: sa.Connection,
    ref: str,
    *,
    now: datetime,
    owner: str | None = None,
    without: Sequence[str] = (),
    who: str = "operator",
) -> None:
    """Give a task to another user of the CRM, or leave fields out of an update. It stays parked.

    What the CRM refuses because of one value can so be tried again with the rest. Raises
    ``UnknownItem``, and ``CannotEdit`` for what the work does not have.
    """
    table, row = _find(conn, ref)
    if table is inbox:
        raise CannotEdit("a message is kept as it came: retry or drop it")
    write = decode(row.kind, row.body)
    if owner is not None:
        write = _given_to(write, owner)
    if without:
        write = _without(write, without)
    conn.execute(table.update().where(table.c.id == row.id).values(body=encode(write)))
    done = [f"owner {owner}"] * (owner is not None) + [f"without {name}" for name in without]
    _log(conn, row, ref, "parked_edited", f"by {who}: {', '.join(done)}", now)


def _given_to(write: WriteBack, owner: str) -> WriteBack:
    if not isinstance(write, TaskDraft | TaskChange):
        raise CannotEdit("only a task has an owner")
    return msgspec.structs.replace(write, owner_id=owner)


def _without(write: WriteBack, names: Sequence[str]) -> WriteBack:
    there = write.values if isinstance(write, FieldUpdate) else {}
    known = ", ".join(sorted(field.value for field in there)) or "no fields"
    for name in names:
        if name not in there:
            raise CannotEdit(f"it does not set {name!r}; it sets {known}")
    left = {field: value for field, value in there.items() if field.value not in names}
    if not left:
        raise CannotEdit("nothing would be left of it: drop it")
    return FieldUpdate(account=write.account, values=left)


def _wants(write: WriteBack) -> dict[str, str]:
    match write:
        case FieldUpdate():
            return {
                field.value: field_text(value)
                for field, value in sorted(write.values.items())
                if field is not CreditField.SUMMARY
            }
        case TaskDraft() | TaskChange():
            return {
                "due_on": str(write.due_on),
                "level": str(write.level),
                "owner": write.owner_id or "",
                "closed": str(isinstance(write, TaskChange) and write.closed).lower(),
            }
        case _:
            return {"note": write.key}


def _find(conn: sa.Connection, ref: str) -> tuple[sa.Table, sa.Row[Any]]:
    box, _, number = ref.partition(":")
    table = _BOXES.get(box)
    if table is None or not number.isdecimal():
        raise UnknownItem(ref)
    waits = (table.c.id == int(number), table.c.state.in_(_WAITING))
    row = conn.execute(sa.select(table).where(*waits).with_for_update()).first()
    if row is None:
        raise UnknownItem(ref)
    return table, row


def _log(
    conn: sa.Connection, row: sa.Row[Any], ref: str, what: str, why: str, now: datetime
) -> None:
    entry = AuditEntry(
        at=now,
        system=row.system,
        target=ref,
        what=what,
        assessment_id=getattr(row, "assessment_id", None),
        why=why,
    )
    append(conn, [entry])


def _item(box: str, row: sa.Row[Any]) -> ParkedItem:
    return ParkedItem(
        ref=f"{box}:{row.id}",
        system=row.system,
        kind=row.kind,
        account_id=getattr(row, "account_id", None),
        task_key=getattr(row, "task_key", None),
        state=row.state,
        reason=row.last_error,
        attempts=row.attempts,
        since=row.settled_at,
    )
