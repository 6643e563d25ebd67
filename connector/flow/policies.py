"""Policy versions: drafts handed in, tried in the shadow, activated by a second person (11).

A version is checked when it is handed in and never changes. Activation needs an approver who is
not the author; going back to an earlier version is an activation like any other. What was decided
stays under the policy of its day: no activation reaches into days gone by.
"""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

import msgspec
import sqlalchemy as sa

from connector.flow.four_eyes import same_person
from connector.store.audit import AuditEntry, append
from connector.store.engine import in_one_commit, reading
from connector.store.policies import (
    StoredPolicy,
    activate,
    add_version,
    find_version,
    set_tried,
    version_on,
)
from scoring.policy import Policy, load_policy
from scoring.refusal import Refusal

__all__ = [
    "IN_FORCE",
    "PolicyRefused",
    "activate_version",
    "hand_in",
    "policy_in_force",
    "policy_values",
    "set_shadow",
    "values_that_differ",
]

#: What commands call the policy in force; no version may have this name.
IN_FORCE = "active"


class PolicyRefused(Refusal):
    """A wish about a policy that the rules do not allow."""

    subject = "policy."


def policy_in_force(engine: sa.Engine, day: date) -> Policy | None:
    """Read the policy that was activated for a day; ``None``: none was."""
    with reading(engine) as conn:
        stored = version_on(conn, day)
    return None if stored is None else load_policy(stored.toml)


def hand_in(
    engine: sa.Engine, toml: str, *, author: str, note: str, configured: Policy, now: datetime
) -> Policy:
    """Store a draft. Handing in the same text again changes nothing.

    ``configured`` is the policy of the configuration: assessments carry its version, too.

    Raises ``PolicyError`` for a text that is no policy, ``PolicyRefused`` for nobody as author and
    for a version name that stands for something else.
    """
    policy = load_policy(toml)
    _named(author)
    if policy.version == IN_FORCE:
        raise PolicyRefused("reserved", version=policy.version)
    if policy.version == configured.version and policy != configured:
        raise PolicyRefused("taken", version=policy.version)

    def store(conn: sa.Connection) -> None:
        if add_version(
            conn, version=policy.version, toml=toml, author=author.strip(), note=note, now=now
        ):
            append(conn, [_entry("policy_drafted", policy.version, author, note, now)])
        elif _found(conn, policy.version, now.date()).toml != toml:
            raise PolicyRefused("taken", version=policy.version)

    in_one_commit(engine, store)
    return policy


def set_shadow(
    engine: sa.Engine, version: str, *, on: bool, author: str, today: date, now: datetime
) -> None:
    """Make a draft a shadow, or a shadow a draft again. Raises ``PolicyRefused``."""
    state: Literal["draft", "shadow"] = "shadow" if on else "draft"
    _named(author)

    def move(conn: sa.Connection) -> None:
        stored = _found(conn, version, today)
        if stored.state not in {"draft", "shadow"}:
            raise PolicyRefused("only_drafts", version=version)
        set_tried(conn, version, state)
        append(conn, [_entry(f"policy_{state}", version, author, "", now)])

    in_one_commit(engine, move)


def activate_version(
    engine: sa.Engine,
    version: str,
    *,
    approver: str,
    from_on: date,
    today: date,
    now: datetime,
    currency: str,
) -> None:
    """Put a version in force from a day on, today or later.

    ``currency`` is what exchange rates are priced in.

    Raises ``PolicyRefused``: unknown version, the author as approver, a day gone by, a policy that
    counts in another currency.
    """
    _named(approver)

    def decide(conn: sa.Connection) -> None:
        stored = _found(conn, version, today)
        if same_person(stored.author, approver):
            raise PolicyRefused("own_work", version=version, approver=approver)
        if from_on < today:
            raise PolicyRefused("gone_by", from_on=from_on)
        asked = load_policy(stored.toml).currency
        if asked != currency:
            raise PolicyRefused("currency", version=version, asked=asked, currency=currency)
        activate(
            conn, version, author=stored.author, approver=approver.strip(), from_on=from_on, now=now
        )
        why = f"approved by {approver.strip()}, in force from {from_on}"
        append(conn, [_entry("policy_activated", version, stored.author, why, now)])

    in_one_commit(engine, decide)


def _named(person: str) -> None:
    if not person.strip():
        raise PolicyRefused("nobody")


def _found(conn: sa.Connection, version: str, day: date) -> StoredPolicy:
    stored = find_version(conn, version, day)
    if stored is None:
        raise PolicyRefused("unknown", version=version)
    return stored


def _entry(what: str, version: str, author: str, why: str, now: datetime) -> AuditEntry:
    return AuditEntry(
        at=now,
        system="",
        target=version,
        what=what,
        new=msgspec.json.encode({"version": version, "author": author}),
        why=why or what,
    )


Values = dict[str, str]


def policy_values(policy: Policy) -> Values:
    """Lay a policy out flat: key path → value as text."""
    plain = msgspec.to_builtins(policy, str_keys=True, builtin_types=(Decimal, date))
    return dict(_flat(plain, ""))


def _flat(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple) and value and isinstance(value[0], dict):
        for inner in value:
            yield from _flat(inner, f"{path}[{_told(next(iter(inner.values())))}]")
    else:
        yield path, _told(value)


def _told(value: object) -> str:
    """Write a value; numbers that are equal are written alike."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_told, value))}]"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


def values_that_differ(before: Policy, after: Policy) -> list[tuple[str, str, str]]:
    """List the key paths whose values differ, with both values; an absent one is empty."""
    old, new = policy_values(before), policy_values(after)
    paths = [*old, *(path for path in new if path not in old)]
    return [
        (path, old.get(path, ""), new.get(path, ""))
        for path in paths
        if old.get(path) != new.get(path)
    ]
