"""Policy versions and when each was in force.

A version's text never changes once it is stored. Which version counts on a day follows from the
periods alone, so a past date is decided again under the policy of that date, and what stands
*active* or *retired* is read off them, not kept beside them.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal

import msgspec
import sqlalchemy as sa

from connector.store.tables import policies, policy_periods

__all__ = [
    "PolicyState",
    "StoredPolicy",
    "activate",
    "add_version",
    "all_versions",
    "find_version",
    "set_tried",
    "version_on",
]

PolicyState = Literal["draft", "shadow", "active", "retired"]
_Periods = Sequence[tuple[date, str]]  # from which day on, which version; oldest first


class StoredPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """A version as it was handed in, and where it stands on the day that was asked for.

    ``from_on`` are the days from which it was put in force, planned ones included.
    """

    version: str
    toml: str
    state: PolicyState
    author: str
    note: str
    created_at: datetime
    from_on: tuple[date, ...] = ()


def add_version(
    conn: sa.Connection, *, version: str, toml: str, author: str, note: str, now: datetime
) -> bool:
    """Store a draft. ``False``: the version is there, with this text or another."""
    known = sa.select(policies.c.version).where(policies.c.version == version)
    if conn.execute(known).scalar() is not None:
        return False
    conn.execute(
        policies.insert().values(
            version=version, toml=toml, state="draft", author=author, note=note, created_at=now
        )
    )
    return True


def find_version(conn: sa.Connection, version: str, day: date) -> StoredPolicy | None:
    """Find a version by its name, as it stands on a day."""
    row = conn.execute(sa.select(policies).where(policies.c.version == version)).first()
    return None if row is None else _stored(row, _periods(conn), day)


def all_versions(conn: sa.Connection, day: date) -> list[StoredPolicy]:
    """List the versions as they stand on a day, oldest first."""
    order = (policies.c.created_at, policies.c.version)
    periods = _periods(conn)
    rows = conn.execute(sa.select(policies).order_by(*order))
    return [_stored(row, periods, day) for row in rows]


def version_on(conn: sa.Connection, day: date) -> StoredPolicy | None:
    """Tell which version is in force on a day; ``None``: none was activated by then."""
    begun = [version for from_on, version in _periods(conn) if from_on <= day]
    return find_version(conn, begun[-1], day) if begun else None


def set_tried(conn: sa.Connection, version: str, state: Literal["draft", "shadow"]) -> None:
    """Let a draft run in the shadow, or no longer."""
    conn.execute(policies.update().where(policies.c.version == version).values(state=state))


def activate(
    conn: sa.Connection, version: str, *, author: str, approver: str, from_on: date, now: datetime
) -> None:
    """Put a version in force from a day on, until another begins.

    A decision about the same day replaces the earlier one about that day.
    """
    conn.execute(policy_periods.delete().where(policy_periods.c.from_on == from_on))
    conn.execute(
        policy_periods.insert().values(
            version=version, author=author, approver=approver, from_on=from_on, decided_at=now
        )
    )


def _periods(conn: sa.Connection) -> _Periods:
    order = policy_periods.c.from_on
    rows = conn.execute(sa.select(order, policy_periods.c.version).order_by(order))
    return [(from_on, version) for from_on, version in rows]


def _stored(row: sa.Row[tuple[object, ...]], periods: _Periods, day: date) -> StoredPolicy:
    kept = dict(row._mapping)  # noqa: SLF001 the documented way to a row's names
    begun = [version for from_on, version in periods if from_on <= day]
    if row.version in begun:
        kept["state"] = "active" if begun[-1] == row.version else "retired"
    own = tuple(from_on for from_on, version in periods if version == row.version)
    return StoredPolicy(**kept, from_on=own)
