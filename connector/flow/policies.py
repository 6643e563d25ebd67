"""Policy versions: drafts handed in, tried over the book, activated by a second person (11).

A version is checked when it is handed in and never changes. Activation needs an approver who is
not the author; going back to an earlier version is an activation like any other.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import partial

import msgspec
import sqlalchemy as sa
import structlog

from connector.store.audit import AuditEntry, append
from connector.store.book import entity_chunks, load_book
from connector.store.engine import in_one_commit, reading
from connector.store.policies import (
    PolicyState,
    StoredPolicy,
    activate,
    add_version,
    all_versions,
    find_version,
    set_state,
    version_on,
)
from connector.store.tables import audit
from scoring.assess import Assessments
from scoring.book import Book
from scoring.comparison import Change, Comparison, changes, compared, joined
from scoring.policy import Policy, load_policy
from scoring.rates import Rate

__all__ = [
    "PolicyRefused",
    "Simulation",
    "activate_version",
    "hand_in",
    "last_shadows",
    "policy_in_force",
    "policy_values",
    "set_aside",
    "simulate",
    "try_shadows",
    "values_that_differ",
]

_log = structlog.get_logger(__name__)

ENTITIES_AT_ONCE = 5000
SHADOWED = "policy_shadowed"
Assess = Callable[[Book, Policy, date], Assessments]


class PolicyRefused(Exception):
    """A wish about a policy that the rules do not allow; says why and what to do."""


def policy_in_force(engine: sa.Engine, day: date) -> Policy | None:
    """Read the policy that was activated for a day; ``None``: none was."""
    with reading(engine) as conn:
        stored = version_on(conn, day)
    return None if stored is None else load_policy(stored.toml)


def hand_in(engine: sa.Engine, toml: str, *, author: str, note: str, now: datetime) -> Policy:
    """Store a draft. Handing in the same text again changes nothing.

    Raises ``PolicyError`` for a text that is no policy, ``PolicyRefused`` for a version name that
    stands for another text already.
    """
    policy = load_policy(toml)

    def store(conn: sa.Connection) -> None:
        try:
            new = add_version(
                conn, version=policy.version, toml=toml, author=author, note=note, now=now
            )
        except ValueError as error:
            raise PolicyRefused(str(error)) from error
        if new:
            append(conn, [_entry("policy_drafted", policy.version, author, note, now)])

    in_one_commit(engine, store)
    return policy


def set_aside(
    engine: sa.Engine, version: str, state: PolicyState, *, author: str, now: datetime
) -> None:
    """Make a draft a shadow, or a shadow a draft again. Raises ``PolicyRefused``."""

    def move(conn: sa.Connection) -> None:
        stored = _found(conn, version)
        if stored.state not in {"draft", "shadow"}:
            raise PolicyRefused(f"version {version!r} is {stored.state}; only drafts can be tried")
        set_state(conn, version, state)
        append(conn, [_entry(f"policy_{state}", version, author, "", now)])

    in_one_commit(engine, move)


def activate_version(
    engine: sa.Engine, version: str, *, approver: str, from_on: date, today: date, now: datetime
) -> None:
    """Put a version in force from a day on, today or later.

    Raises ``PolicyRefused``: unknown version, the author as approver, a day gone by.
    """

    def decide(conn: sa.Connection) -> None:
        stored = _found(conn, version)
        if stored.author.casefold() == approver.casefold():
            raise PolicyRefused(
                f"{approver} handed in {version!r} and cannot approve it; a second person must"
            )
        if from_on < today:
            raise PolicyRefused(
                f"{from_on} has gone by; a policy cannot change what was decided then"
            )
        activate(conn, version, author=stored.author, approver=approver, from_on=from_on, now=now)
        why = f"approved by {approver}, in force from {from_on}"
        append(conn, [_entry("policy_activated", version, stored.author, why, now)])

    in_one_commit(engine, decide)


def _found(conn: sa.Connection, version: str) -> StoredPolicy:
    stored = find_version(conn, version)
    if stored is None:
        raise PolicyRefused(f"there is no version {version!r}; hand it in with: zixin policy add")
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


class Simulation(msgspec.Struct, frozen=True, kw_only=True):
    """What a draft would change: the sums, and who changes, the largest limits first."""

    comparison: Comparison
    changes: tuple[Change, ...]


def simulate(
    engine: sa.Engine,
    assess: Assess,
    policies: tuple[Policy, Policy],
    rates: Mapping[str, Rate],
    as_of: date,
    *,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Simulation:
    """Run the policy in force and a draft over the stored book of a date. Writes nothing.

    Raises ``PolicyRefused`` for policies in two currencies and for an empty book.
    """
    before, after = policies
    if before.currency != after.currency:
        raise PolicyRefused(
            f"the draft counts in {after.currency}, the policy in force in {before.currency}; "
            "rates are priced in one of them"
        )
    with reading(engine) as conn:
        chunks = list(entity_chunks(conn, ENTITIES_AT_ONCE))
    found: list[Comparison] = []
    moved: list[Change] = []
    done, total = 0, sum(len(chunk) for chunk in chunks)
    for chunk in chunks:
        with reading(engine) as conn:
            book = load_book(conn, chunk, rates, policy_currency=before.currency)
        pair = assess(book, before, as_of), assess(book, after, as_of)
        found.append(compared(*pair))
        moved += changes(*pair)
        done += len(chunk)
        progress(done, total)
    if not found:
        raise PolicyRefused("there is nobody to try the policy on; run `zixin pull` first")
    moved.sort(key=lambda one: (-(one.limit_before or 0), one.entity))
    return Simulation(comparison=joined(found), changes=tuple(moved))


def try_shadows(
    engine: sa.Engine,
    assess: Assess,
    policy: Policy,
    rates: Mapping[str, Rate],
    as_of: date,
    *,
    now: datetime,
) -> list[Comparison]:
    """Compare every version in the shadow with the policy in force; the audit log keeps the sums.

    A version that cannot be compared is told in the log and stops nothing.
    """
    with reading(engine) as conn:
        versions = [one for one in all_versions(conn) if one.state == "shadow"]
    found = []
    for stored in versions:
        draft = load_policy(stored.toml)
        try:
            both = simulate(engine, assess, (policy, draft), rates, as_of).comparison
        except PolicyRefused as refused:
            _log.warning("shadow not tried", version=stored.version, why=str(refused))
            continue
        found.append(both)
        entry = AuditEntry(
            at=now,
            system="",
            target=stored.version,
            what=SHADOWED,
            new=msgspec.json.encode(both),
            why=f"beside {policy.version} as of {as_of}",
        )
        in_one_commit(engine, partial(append, entries=[entry]))
    return found


def last_shadows(conn: sa.Connection) -> dict[str, Comparison]:
    """Tell the newest comparison of each version that was in the shadow."""
    statement = sa.select(audit.c.target, audit.c.new).where(audit.c.what == SHADOWED)
    return {
        row.target: msgspec.json.decode(row.new, type=Comparison)
        for row in conn.execute(statement.order_by(audit.c.seq))
    }


Values = dict[str, str]


def policy_values(policy: Policy) -> Values:
    """Lay a policy out flat: key path → value as text."""
    plain = msgspec.to_builtins(policy, str_keys=True)
    return dict(_flat(plain, ""))


def _flat(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple) and value and isinstance(value[0], dict):
        for inner in value:
            name = next(iter(inner.values()))
            yield from _flat(inner, f"{path}[{name}]")
    else:
        yield path, msgspec.json.encode(value).decode()


def values_that_differ(before: Policy, after: Policy) -> Sequence[tuple[str, str, str]]:
    """List the key paths whose values differ, with both values; an absent one is empty."""
    old, new = policy_values(before), policy_values(after)
    paths = [*old, *(path for path in new if path not in old)]
    return [
        (path, old.get(path, ""), new.get(path, ""))
        for path in paths
        if old.get(path) != new.get(path)
    ]
