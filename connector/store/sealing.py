"""What is sealed in the database: the proof that a key fits, sealing anew, giving up a lost key.

A canary, sealed when the database was first opened, tells a wrong key at the start, before
anything is read or sealed with it.
"""

from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from adapters.tokens import SealBroken, Sealer, sealed_with
from connector.store import audit
from connector.store.engine import database_now, in_one_commit, insert_or_ignore, reading
from connector.store.tables import connections, sealing

__all__ = ["Forgotten", "Rotated", "forget", "key_fits", "rotate"]

ROWS_AT_ONCE = 100
_CANARY, _PLAIN = "canary", b"zixin"
_PLACE = "sealing.sealed"


class Rotated(msgspec.Struct, frozen=True, kw_only=True):
    """What a rotation did. ``lost`` opened with no key; ``old_keys`` seal nothing any more."""

    key_id: str
    resealed: int
    lost: tuple[str, ...]
    old_keys: tuple[str, ...]


class Forgotten(msgspec.Struct, frozen=True, kw_only=True):
    """What was given up with a lost key, and the key that seals from now on."""

    key_id: str
    connections: tuple[str, ...]


def key_fits(engine: sa.Engine, sealer: Sealer) -> bool:
    """Tell whether a key of the ring opens the canary; a database without one is given it."""
    with reading(engine) as conn:
        sealed = conn.execute(_canary()).scalar_one_or_none()
    if sealed is None:
        in_one_commit(engine, lambda conn: _plant(conn, sealer))
        with reading(engine) as conn:  # another process may have been first
            sealed = conn.execute(_canary()).scalar_one()
    try:
        return sealer.unseal(sealed, _CANARY, place=_PLACE) == _PLAIN
    except SealBroken:
        return False


def rotate(
    engine: sa.Engine, sealer: Sealer, *, now: datetime, at_once: int = ROWS_AT_ONCE
) -> Rotated:
    """Seal everything with the first key, in portions of a commit each.

    What bears that key's id already is passed over: a rotation that was cut off goes on where it
    stood. What opens with no key is let go of; the next call asks for another token.
    """
    resealed, lost, after = 0, [], ""
    while portion := _portion(engine, after, at_once):
        after = portion[-1]

        def reseal(conn: sa.Connection, names: list[str] = portion) -> tuple[int, list[str]]:
            return _reseal(conn, sealer, names)

        count, gone = in_one_commit(engine, reseal)
        resealed += count
        lost += gone
    rotated = Rotated(
        key_id=sealer.key_id,
        resealed=resealed,
        lost=tuple(lost),
        old_keys=tuple(sealer.old_key_ids),
    )
    # The canary last: until all is sealed anew, the former key is asked for at the start.
    in_one_commit(engine, lambda conn: _finish(conn, sealer, rotated, now))
    return rotated


def forget(engine: sa.Engine, sealer: Sealer, *, by: str, reason: str, now: datetime) -> Forgotten:
    """Give up all that is sealed, whose key is lost; the first key of the ring counts from now on.

    In one commit with the entry in the audit log.
    """
    return in_one_commit(engine, lambda conn: _forget(conn, sealer, f"by {by}: {reason}", now))


def _forget(conn: sa.Connection, sealer: Sealer, why: str, now: datetime) -> Forgotten:
    sealed = connections.c.token.is_not(None)
    names = conn.execute(
        connections.update().where(sealed).values(token=None).returning(connections.c.name)
    )
    forgotten = Forgotten(key_id=sealer.key_id, connections=tuple(sorted(names.scalars())))
    _plant_anew(conn, sealer)
    _log(conn, "key_forgotten", forgotten, why, now)
    return forgotten


def _canary() -> sa.Select[Any]:
    return sa.select(sealing.c.sealed).where(sealing.c.name == _CANARY)


def _plant(conn: sa.Connection, sealer: Sealer) -> None:
    conn.execute(insert_or_ignore(conn, sealing), _canary_row(conn, sealer))


def _canary_row(conn: sa.Connection, sealer: Sealer) -> dict[str, object]:
    sealed = sealer.seal(_PLAIN, _CANARY, place=_PLACE)
    return {"name": _CANARY, "sealed": sealed, "updated_at": database_now(conn)}


def _portion(engine: sa.Engine, after: str, at_once: int) -> list[str]:
    with reading(engine) as conn:
        statement = (
            sa.select(connections.c.name)
            .where(connections.c.token.is_not(None), connections.c.name > after)
            .order_by(connections.c.name)
            .limit(at_once)
        )
        return list(conn.execute(statement).scalars())


def _reseal(conn: sa.Connection, sealer: Sealer, names: list[str]) -> tuple[int, list[str]]:
    """Seal these tokens anew; a token that somebody replaced meanwhile is left as it is."""
    count, lost = 0, []
    statement = sa.select(connections.c.name, connections.c.token).where(
        connections.c.name.in_(names), connections.c.token.is_not(None)
    )
    for name, sealed in conn.execute(statement).all():
        if sealed_with(sealed) == sealer.key_id:
            continue
        try:
            anew = sealer.seal(sealer.unseal(sealed, name), name)
            count += 1
        except SealBroken:
            anew = None
            lost.append(name)
        same = (connections.c.name == name, connections.c.token == sealed)
        conn.execute(connections.update().where(*same).values(token=anew))
    return count, lost


def _finish(conn: sa.Connection, sealer: Sealer, rotated: Rotated, now: datetime) -> None:
    _plant_anew(conn, sealer)
    _log(conn, "key_rotated", rotated, "rotation", now)


def _plant_anew(conn: sa.Connection, sealer: Sealer) -> None:
    _plant(conn, sealer)
    conn.execute(
        sealing.update().where(sealing.c.name == _CANARY).values(_canary_row(conn, sealer))
    )


def _log(
    conn: sa.Connection, what: str, done: Rotated | Forgotten, why: str, now: datetime
) -> None:
    entry = audit.AuditEntry(
        at=now,
        system="",
        target=f"key:{done.key_id}",
        what=what,
        new=msgspec.json.encode(done),
        why=why,
    )
    audit.append(conn, [entry])
