"""Policy versions and when each was in force.

A version's text never changes once it is stored. Which version counts on a day follows from the
periods alone, so a past date is decided again under the policy of that date.
"""

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
    "set_state",
    "version_on",
]

PolicyState = Literal["draft", "shadow", "active", "retired"]


class StoredPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """A version as it was handed in, and where it stands."""

    version: str
    toml: str
    state: PolicyState
    author: str
    note: str
    created_at: datetime


def add_version(
    conn: sa.Connection, *, version: str, toml: str, author: str, note: str, now: datetime
) -> bool:
    """Store a draft. ``False``: the version is there with this very text.

    Raises ``ValueError``: the version is there with another text.
    """
    known = find_version(conn, version)
    if known is not None:
        if known.toml == toml:
            return False
        raise ValueError(f"version {version!r} is stored with another text; give this one a name")
    conn.execute(
        policies.insert().values(
            version=version, toml=toml, state="draft", author=author, note=note, created_at=now
        )
    )
    return True


def find_version(conn: sa.Connection, version: str) -> StoredPolicy | None:
    """Find a version by its name."""
    row = conn.execute(sa.select(policies).where(policies.c.version == version)).first()
    return None if row is None else _stored(row)


def all_versions(conn: sa.Connection) -> list[StoredPolicy]:
    """List the versions, oldest first."""
    order = (policies.c.created_at, policies.c.version)
    return [_stored(row) for row in conn.execute(sa.select(policies).order_by(*order))]


def _stored(row: sa.Row[tuple[object, ...]]) -> StoredPolicy:
    return StoredPolicy(**row._mapping)  # noqa: SLF001 the documented way to a row's names


def set_state(conn: sa.Connection, version: str, state: PolicyState) -> None:
    """Move a version to another state."""
    conn.execute(policies.update().where(policies.c.version == version).values(state=state))


def activate(
    conn: sa.Connection, version: str, *, author: str, approver: str, from_on: date, now: datetime
) -> None:
    """Put a version in force from a day on; the one before it is retired.

    A decision of the same day replaces the earlier one of that day.
    """
    conn.execute(policy_periods.delete().where(policy_periods.c.from_on == from_on))
    conn.execute(
        policy_periods.insert().values(
            version=version, author=author, approver=approver, from_on=from_on, decided_at=now
        )
    )
    was_active = policies.update().where(policies.c.state == "active")
    conn.execute(was_active.values(state="retired"))
    set_state(conn, version, "active")


def version_on(conn: sa.Connection, day: date) -> StoredPolicy | None:
    """Tell which version is in force on a day; ``None``: none was activated by then."""
    period = (
        sa.select(policy_periods.c.version)
        .where(policy_periods.c.from_on <= day)
        .order_by(policy_periods.c.from_on.desc())
        .limit(1)
    )
    version = conn.execute(period).scalar()
    return None if version is None else find_version(conn, version)
