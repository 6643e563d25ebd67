"""Hops 4 to 7: load a chunk of companies, decide, and put results and write-backs in one commit.

Deciding is pure and happens outside transactions. A chunk that was killed is decided again; a
change that arrives while a chunk is decided stays noted and is decided next time.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol

import msgspec
import sqlalchemy as sa

from adapters.port import CreditField, FieldUpdate, NoteDraft, field_text
from connector.clock import Clock
from connector.flow.receipts import last_told
from connector.store.accounts import entities_in
from connector.store.assessments import (
    StoredAssessment,
    assessment_id,
    known_ids,
    latest_assessments,
    newest_dates,
    save_assessments,
    undecided,
)
from connector.store.audit import AuditEntry, append
from connector.store.book import ENTITIES_AT_ONCE, entity_chunks, portions
from connector.store.earlier import note_signals
from connector.store.engine import in_one_commit, reading
from connector.store.groups import load_group_book, spread_marks
from connector.store.snapshots import keep_snapshots
from connector.store.staleness import (
    clear_stale,
    drop_idle_marks,
    stale_entities,
    stale_marks,
)
from connector.work.queue import enqueue, waiting_values
from scoring.assessment import Assessment
from scoring.book import Book
from scoring.policy import Policy
from scoring.rates import Rate
from scoring.records import AccountRef

__all__ = [
    "AssessReport",
    "Decided",
    "NotePlanner",
    "Planner",
    "Rules",
    "Scope",
    "StillMine",
    "assess_stale",
    "chosen",
]

Written = Mapping[AccountRef, Mapping[CreditField, str]]


class Decided(Protocol):
    """The assessments of one Book."""

    def rows(self) -> Iterable[Assessment]:
        """Give each entity's assessment."""
        ...


class Planner(Protocol):
    """Plans field updates; ``connector.flow.fields.plan_fields`` with its texts bound."""

    def __call__(
        self,
        assessment: Assessment,
        accounts: Sequence[AccountRef],
        written: Written,
        *,
        assessment_id: str,
        now: datetime,
    ) -> list[FieldUpdate]:
        """Plan what an assessment changes at its entity's accounts."""
        ...


class NotePlanner(Protocol):
    """Plans notes; ``connector.flow.notes.plan_notes`` with its systems and texts bound."""

    def __call__(
        self,
        assessment: Assessment,
        updates: Sequence[FieldUpdate],
        written: Written,
        /,
        *,
        assessment_id: str,
    ) -> list[NoteDraft]:
        """Plan the notes that go with the field updates of an assessment."""
        ...


def _no_notes(
    _assessment: Assessment,
    _updates: Sequence[FieldUpdate],
    _written: Written,
    *,
    assessment_id: str,  # noqa: ARG001 as the protocol names it
) -> list[NoteDraft]:
    return []


@dataclass(frozen=True, kw_only=True)
class Rules:
    """By what is decided, and how it is said in the CRMs.

    ``explain`` gives the JSON document of one entity out of what ``assess`` gave.
    """

    policy: Policy
    rates: Mapping[str, Rate]
    assess: Callable[[Book, Policy, date], Decided]
    explain: Callable[[Any, str], bytes]
    plan: Planner
    plan_notes: NotePlanner = _no_notes


class Scope(StrEnum):
    """Who is assessed."""

    STALE = "stale"  # whom a change concerns
    DUE = "due"  # these, and whoever has no assessment of this date and policy yet
    EVERYTHING = "everything"


class AssessReport(msgspec.Struct):
    """What was decided. ``stored``: assessments that are new or different; ``planned``: updates.

    ``accounts`` are those of the companies looked at, empty when all were. ``marks`` of changes
    still stand: whoever does what follows takes them away with it.
    """

    assessed: int = 0
    stored: int = 0
    planned: int = 0
    accounts: list[AccountRef] = msgspec.field(default_factory=list)
    marks: list[int] = msgspec.field(default_factory=list)


StillMine = Callable[[sa.Connection], object]
"""Asked in the commit that puts results down; raises where somebody else has the work by now."""


def _anybodys(_conn: sa.Connection) -> None:
    """Let the results be put down."""


def _silent(_done: int, _total: int) -> None:
    """Show nothing."""


def assess_stale(
    engine: sa.Engine,
    rules: Rules,
    as_of: date,
    clock: Clock,
    *,
    scope: Scope = Scope.DUE,
    only: Sequence[str] | None = None,
    unread: Collection[str] = (),
    chunk: int = ENTITIES_AT_ONCE,
    progress: Callable[[int, int], None] = _silent,
    still_mine: StillMine = _anybodys,
    keep_marks: bool = False,
) -> AssessReport:
    """Assess companies as of a date and ask for the write-backs that follow.

    ``only`` names entities and outranks ``scope``. Companies in a connection of ``unread`` wait,
    with their marks: half of their books would be no books. A company is assessed with its whole
    group in the Book, and a change in one member concerns the others. Assessing again on the same
    facts stores and writes nothing. A date before a company's latest assessment is stored as
    history and not written back. With ``keep_marks`` the marks of what changed are left to whoever
    plans the tasks: should this process die before, all of it is done again.
    """
    report = AssessReport()
    if only is None:
        in_one_commit(engine, drop_idle_marks)
        in_one_commit(engine, spread_marks)
        only = chosen(engine, rules, as_of, scope, unread)
    entities, done = sorted(set(only)), 0
    with reading(engine) as conn:
        parts = list(portions(conn, entities, most=chunk))
    for part in parts:
        _assess_chunk(engine, rules, as_of, clock, part, report, still_mine, keep_marks=keep_marks)
        done += len(part)
        progress(done, len(entities))
    return report


def chosen(
    engine: sa.Engine, rules: Rules, as_of: date, scope: Scope, unread: Collection[str]
) -> list[str]:
    """Name the companies a run of this scope assesses, but for those that wait, sorted."""
    with reading(engine) as conn:
        found = _in_scope(conn, rules, as_of, scope)
        if found and unread:
            found -= entities_in(conn, unread)
    return sorted(found)


def _in_scope(conn: sa.Connection, rules: Rules, as_of: date, scope: Scope) -> set[str]:
    if scope is Scope.EVERYTHING:
        return {entity for part in entity_chunks(conn, ENTITIES_AT_ONCE) for entity in part}
    found = set(stale_entities(conn))
    if scope is Scope.DUE:
        found.update(undecided(conn, as_of, rules.policy.version))
    return found


def _assess_chunk(
    engine: sa.Engine,
    rules: Rules,
    as_of: date,
    clock: Clock,
    entities: list[str],
    report: AssessReport,
    still_mine: StillMine,
    *,
    keep_marks: bool,
) -> None:
    with reading(engine) as conn:
        marks = stale_marks(conn, entities)
        known = known_ids(conn, entities, as_of)
        book = load_group_book(
            conn,
            entities,
            rules.rates,
            policy_currency=rules.policy.currency,
            as_of=as_of,
        )
    decided = rules.assess(book, rules.policy, as_of)
    asked = set(entities)
    assessed = [assessment for assessment in decided.rows() if assessment.entity in asked]
    fresh = [
        (assessment, rules.explain(decided, assessment.entity))
        for assessment in assessed
        if known.get(assessment.entity) != assessment_id(assessment)
    ]
    over = [] if keep_marks else marks
    results = _Results(rules, as_of, clock.now(), assessed, fresh, _accounts(book), over)

    def put_down(conn: sa.Connection) -> int:
        still_mine(conn)
        return results.put_down(conn)

    report.planned += in_one_commit(engine, put_down)
    report.assessed += len(assessed)
    report.stored += len(fresh)
    report.marks += marks if keep_marks else []
    report.accounts += [account for found in results.accounts.values() for account in found]


def signal_codes(assessment: Assessment) -> list[str]:
    """Name the early warnings that stand in an assessment; none where it knows of no warnings."""
    found: Iterable[Any] = getattr(assessment, "signals", ())
    return [signal if isinstance(signal, str) else signal.code for signal in found]


def _accounts(book: Book) -> dict[str, list[AccountRef]]:
    found: dict[str, list[AccountRef]] = {}
    for entity, system, account in book.accounts.select("entity", "system", "account").rows():
        ref = AccountRef(system, account.removeprefix(f"{system}:"))
        found.setdefault(entity, []).append(ref)
    return found


@dataclass(frozen=True)
class _Results:
    """What one chunk's commit puts down."""

    rules: Rules
    as_of: date
    now: datetime
    assessed: list[Assessment]
    fresh: list[tuple[Assessment, bytes]]
    accounts: Mapping[str, list[AccountRef]]
    marks: list[int]

    def put_down(self, conn: sa.Connection) -> int:
        """Keep assessments, ageing, write-backs and audit entries, and take the marks away."""
        names = [assessment.entity for assessment, _explanation in self.fresh]
        before = {stored.assessment.entity: stored for stored in latest_assessments(conn, names)}
        save_assessments(conn, self.fresh, now=self.now)
        keep_snapshots(conn, (assessment for assessment, _explanation in self.fresh))
        self._note_signals(conn, before)
        planned = self._write_back(conn)
        clear_stale(conn, self.marks)
        append(conn, [self._entry(assessment, before) for assessment, _ in self.fresh])
        return planned

    def _note_signals(self, conn: sa.Connection, before: Mapping[str, StoredAssessment]) -> None:
        """Keep the warnings of this date; history that is filled in later notes none."""
        latest = {entity: stored.assessment.as_of for entity, stored in before.items()}
        codes = {
            assessment.entity: signal_codes(assessment)
            for assessment, _explanation in self.fresh
            if latest.get(assessment.entity, self.as_of) <= self.as_of
        }
        note_signals(conn, codes, self.as_of, latest)

    def _write_back(self, conn: sa.Connection) -> int:
        """Ask for field updates; decisions older than what was told last are not told."""
        newest = newest_dates(conn, [assessment.entity for assessment in self.assessed])
        current = [
            assessment
            for assessment in self.assessed
            if newest.get(assessment.entity, self.as_of) <= self.as_of
        ]
        concerned = [ref for one in current for ref in self.accounts.get(one.entity, ())]
        written = _told_or_waiting(conn, concerned)
        updates: list[FieldUpdate] = []
        notes: list[NoteDraft] = []
        for one in current:
            planned = self._plan(one, written)
            updates += planned
            notes += self.rules.plan_notes(one, planned, written, assessment_id=assessment_id(one))
        ids = {ref: assessment_id(one) for one in current for ref in self.accounts[one.entity]}
        enqueue(conn, [*updates, *notes], now=self.now, assessment_ids=ids)
        return len(updates)

    def _plan(self, assessment: Assessment, written: Written) -> list[FieldUpdate]:
        return self.rules.plan(
            assessment,
            self.accounts.get(assessment.entity, []),
            written,
            assessment_id=assessment_id(assessment),
            now=self.now,
        )

    def _entry(self, assessment: Assessment, before: Mapping[str, StoredAssessment]) -> AuditEntry:
        earlier = before.get(assessment.entity)
        return AuditEntry(
            at=self.now,
            system="",
            target=assessment.entity,
            what="assessed",
            old=None if earlier is None else _gist(earlier.assessment),
            new=_gist(assessment),
            assessment_id=assessment_id(assessment),
            why=f"policy {assessment.policy_version} as of {assessment.as_of}",
        )


def _told_or_waiting(
    conn: sa.Connection, accounts: Sequence[AccountRef]
) -> dict[AccountRef, dict[CreditField, str]]:
    """Tell what accounts were told last, with what is on its way to them laid over it."""
    by_system: dict[str, list[AccountRef]] = {}
    for account in accounts:
        by_system.setdefault(account.system, []).append(account)
    written: dict[AccountRef, dict[CreditField, str]] = {}
    for of_system in by_system.values():
        written.update(last_told(conn, of_system))
    for account, values in waiting_values(conn, accounts).items():
        texts = {name: field_text(value) for name, value in values.items()}
        written.setdefault(account, {}).update(texts)
    return written


def _gist(assessment: Assessment) -> bytes:
    """Say rating, score, limit and hold for the audit log."""
    return msgspec.json.encode(
        {
            "as_of": assessment.as_of,
            "rating": assessment.rating,
            "score": assessment.score,
            "limit": assessment.limit,
            "hold": assessment.hold,
        }
    )
