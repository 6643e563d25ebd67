"""Champion and challenger: two policies over the stored book, in chunks of whole groups (5.7, 11)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

import msgspec
import polars as pl
import sqlalchemy as sa
import structlog

from connector.flow.policies import PolicyRefused
from connector.store.audit import AuditEntry, append
from connector.store.book import entity_chunks
from connector.store.engine import in_one_commit, reading
from connector.store.groups import load_group_book
from connector.store.policies import all_versions
from connector.store.tables import audit
from scoring.assess import Assessments
from scoring.book import Book
from scoring.comparison import Comparison, changed, compared, joined
from scoring.policy import Policy, load_policy
from scoring.rates import Rate

__all__ = ["Simulation", "last_shadows", "simulate", "try_shadows"]

_log = structlog.get_logger(__name__)

ENTITIES_AT_ONCE = 20_000
SHADOWED = "policy_shadowed"
AssessBoth = Callable[[Book, tuple[Policy, Policy], date], tuple[Assessments, Assessments]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Simulation:
    """What a draft would change: the sums, and who changes (see ``scoring.comparison.changed``).

    ``changes`` are in order: the largest limits first.
    """

    comparison: Comparison
    changes: pl.DataFrame


def simulate(
    engine: sa.Engine,
    assess_both: AssessBoth,
    policies: tuple[Policy, Policy],
    rates: Mapping[str, Rate],
    as_of: date,
    *,
    chunk: int = ENTITIES_AT_ONCE,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Simulation:
    """Run the policy in force and a draft over the stored book of a date. Writes nothing.

    Everybody is assessed with the whole group and counted once. Both sides know the same past:
    what was decided before the date.

    Raises ``PolicyRefused`` for policies in two currencies and for an empty book.
    """
    before, after = policies
    if before.currency != after.currency:
        raise PolicyRefused(
            "currency", version=after.version, asked=after.currency, currency=before.currency
        )
    with reading(engine) as conn:
        chunks = list(entity_chunks(conn, chunk))
    found: list[Comparison] = []
    moved: list[pl.DataFrame] = []
    done, total = 0, sum(len(part) for part in chunks)
    for part in chunks:
        with reading(engine) as conn:
            book = load_group_book(conn, part, rates, policy_currency=before.currency, as_of=as_of)
        pair = assess_both(book, policies, as_of)
        found.append(compared(*pair, only=part))
        moved.append(changed(*pair, only=part))
        done += len(part)
        progress(done, total)
    if not found:
        raise PolicyRefused("empty_book")
    order = ["limit_before", "entity"]
    changes = pl.concat(moved).sort(order, descending=[True, False], nulls_last=True)
    return Simulation(comparison=joined(found), changes=changes)


def try_shadows(
    engine: sa.Engine,
    assess_both: AssessBoth,
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
        versions = [one for one in all_versions(conn, as_of) if one.state == "shadow"]
    found = []
    for stored in versions:
        draft = load_policy(stored.toml)
        try:
            both = simulate(engine, assess_both, (policy, draft), rates, as_of).comparison
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
