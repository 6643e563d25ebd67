"""Decisions of people (人工决定): drafted by one, approved by another, ended by date or by hand.

A decision counts from its approval on; the audit log keeps every step. The rules are those of
credit-management 11: at least twenty characters of reason, four eyes, an override up by at most two
grades and for at most 180 days, a temporary limit for at most 90 days and twice in twelve months.
The grave gates hold whatever a person says; that rule lives where overrides are applied.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import sqlalchemy as sa

from connector.config import Person
from connector.flow.four_eyes import same_person
from connector.flow.importing.companies import Companies, Company
from connector.store.accounts import entity_of
from connector.store.assessments import StoredAssessment, latest_assessments
from connector.store.audit import AuditEntry, append
from connector.store.engine import in_one_commit, reading
from connector.store.file_tables import decisions
from connector.store.staleness import mark_stale
from connector.store.tables import accounts, owners
from scoring.assessment import NOT_RATED
from scoring.gates import GATES
from scoring.money import Money
from scoring.policy import GRADES, Policy
from scoring.rates import Rate, factor
from scoring.records import AccountRef
from scoring.refusal import Refusal
from scoring.review import ROLES, Role, approver, may_approve
from scoring.schemas import DECISION_KINDS

__all__ = [
    "Decision",
    "DecisionError",
    "Desk",
    "Wish",
    "list_decisions",
]

SHORTEST_TEXT = 20
_ID_BYTES = 4
_DAYS_A_YEAR = 365
_SEPARATOR = "; "
#: Kinds that need an end, and how many days they last at most (``None``: the policy's).
_NEEDS_END = {"override": None, "temporary_limit": None, "exemption": 180, "hold": 365}
_NEEDS_AMOUNT = frozenset({"limit", "temporary_limit", "segment_limit"})
_NEEDS_SCOPE = frozenset({"segment_limit", "exemption"})
_RANKS: Mapping[str, int] = {role: rank for rank, role in enumerate(ROLES)}


class DecisionError(Refusal):
    """A decision is refused."""

    subject = "decision."


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What a person wants to be decided. ``ref`` names the company."""

    kind: str
    ref: str
    reason: str
    text: str
    author: str
    from_on: date
    to_on: date | None = None
    grade: str | None = None
    amount: Money | None = None
    scope: str | None = None
    evidence: str | None = None


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """A decision as it is kept. ``state``: draft, approved, rejected, ended."""

    id: str
    entity: str | None
    account: str
    kind: str
    state: str
    from_on: date
    to_on: date | None
    grade: str | None
    amount: Money | None
    scope: str | None
    reason: str
    text: str
    evidence: str | None
    before: str | None
    author: str
    approver: str | None
    created_at: datetime
    decided_at: datetime | None
    ended_on: date | None
    ended_by: str | None


class _Gate(msgspec.Struct):
    code: str
    fired: bool


class _Explained(msgspec.Struct):
    gates: list[_Gate] = []


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Where decisions are made: by which policy and people, and what day it is."""

    engine: sa.Engine
    policy: Policy
    rates: Mapping[str, Rate]
    people: Mapping[str, Person]
    now: datetime
    today: date

    def draft(self, wish: Wish) -> Decision:
        """Keep a draft that waits for its approval. Raises ``DecisionError``."""
        with reading(self.engine) as conn:
            company, latest = self._company(conn, wish.ref)
            self._check(conn, wish, company, latest)
        row = {
            "id": secrets.token_hex(_ID_BYTES),
            "account_system": company.account.system,
            "account_id": company.account.record_id,
            "kind": wish.kind,
            "state": "draft",
            "from_on": wish.from_on,
            "to_on": wish.to_on,
            "grade": wish.grade,
            "amount_minor": None if wish.amount is None else wish.amount.minor,
            "amount_currency": None if wish.amount is None else wish.amount.currency,
            "scope": wish.scope,
            "reason": wish.reason,
            "text": wish.text.strip(),
            "evidence": wish.evidence,
            "before": None if latest is None else latest.assessment.rating,
            "author": wish.author,
            "created_at": self.now,
        }

        def keep(conn: sa.Connection) -> Decision:
            conn.execute(decisions.insert(), row)
            return self._noted(conn, str(row["id"]), "decision_drafted", wish.author)

        return in_one_commit(self.engine, keep)

    def approve(self, decision_id: str, by: str) -> Decision:
        """Approve a draft: it counts from today. Raises ``DecisionError``."""
        return self._decide(decision_id, by, "approved")

    def reject(self, decision_id: str, by: str) -> Decision:
        """Reject a draft. Raises ``DecisionError``."""
        return self._decide(decision_id, by, "rejected")

    def end(self, decision_id: str, by: str) -> Decision:
        """End an approved decision: yesterday was its last day. Raises ``DecisionError``."""

        def end(conn: sa.Connection) -> Decision:
            found = _locked(conn, decision_id)
            if found.state != "approved":
                raise DecisionError("not_in_force", id=decision_id, state=found.state)
            change = {"state": "ended", "ended_on": self.today, "ended_by": by}
            conn.execute(decisions.update().where(decisions.c.id == decision_id).values(change))
            mark_stale(conn, found.account_system, [found.account_id])
            return self._noted(conn, decision_id, "decision_ended", by, before=_shown(found))

        return in_one_commit(self.engine, end)

    def _decide(self, decision_id: str, by: str, state: str) -> Decision:
        def decide(conn: sa.Connection) -> Decision:
            found = _locked(conn, decision_id)
            if found.state != "draft":
                raise DecisionError("not_a_draft", id=decision_id, state=found.state)
            approvers = [*_approvers(found), by]
            done = state != "approved" or self.suffices(conn, found, approvers)
            change: dict[str, object] = {"approver": _SEPARATOR.join(dict.fromkeys(approvers))}
            if done:
                # What was not decided yet did not count yet, whatever the draft says.
                start = max(found.from_on, self.today)
                change |= {"state": state, "decided_at": self.now, "from_on": start}
                mark_stale(conn, found.account_system, [found.account_id])
            conn.execute(decisions.update().where(decisions.c.id == decision_id).values(change))
            what = f"decision_{state}" if done else "decision_supported"
            return self._noted(conn, decision_id, what, by, before=_shown(found))

        return in_one_commit(self.engine, decide)

    def suffices(self, conn: sa.Connection, found: Any, approvers: Sequence[str]) -> bool:  # noqa: ANN401 a row
        """Tell whether these approvals are enough; the newest is checked by itself first."""
        needed = self._check_approval(conn, found, approvers[-1])
        known = [(name, self.people[name].role) for name in approvers if name in self.people]
        owner = _owner_name(conn, found)
        if may_approve(needed, known, owner, found.author, self.policy.review):
            return True
        if approvers[-1] == owner:
            raise DecisionError("owner_alone", name=owner)
        return False

    def _check_approval(self, conn: sa.Connection, found: Any, by: str) -> Role:  # noqa: ANN401 a row
        if same_person(by, found.author):
            raise DecisionError("four_eyes", author=found.author)
        if found.to_on is not None and found.to_on < self.today:
            raise DecisionError("too_late", to_on=found.to_on)
        person = self.people.get(by)
        if person is None:
            raise DecisionError("unknown_person", name=by)
        needed = self.needed_role(conn, found)
        if _RANKS[person.role] < _RANKS[needed]:
            raise DecisionError("role_too_low", name=by, role=person.role, needed=needed)
        return needed

    def needed_role(self, conn: sa.Connection, found: Any) -> Role:  # noqa: ANN401 a row
        """Tell who approves, by the larger of the new limit and what is owed, and by the grade."""
        stored = _latest(conn, _entity_at(conn, found))
        latest = None if stored is None else stored.assessment
        exposure = None if latest is None else latest.exposure
        wanted = None
        if found.amount_minor is not None:
            wanted = Money(found.amount_minor, found.amount_currency)
        parts = [self._in_policy(each) for each in (wanted, exposure) if each is not None]
        grades = [each for each in (latest and latest.rating, found.grade) if each in GRADES]
        grade = max(grades, key=GRADES.index) if grades else NOT_RATED
        amount = max((part.amount for part in parts), default=Decimal(0))
        return approver(amount, grade, self.policy.review)

    def _in_policy(self, money: Money) -> Money:
        """Convert into the policy's currency; without a rate it counts as written."""
        price = factor(self.rates, self.policy.currency, money.currency, self.policy.currency)
        return Money(
            money.minor if price is None else int(money.minor * price), self.policy.currency
        )

    def _company(self, conn: sa.Connection, ref: str) -> tuple[Company, StoredAssessment | None]:
        entity = entity_of(conn, ref)
        company = None if entity is None else Companies(conn).of_entity(entity)
        if entity is None or company is None:
            raise DecisionError("unknown_company", ref=ref)
        return company, _latest(conn, entity)

    def _check(
        self, conn: sa.Connection, wish: Wish, company: Company, latest: StoredAssessment | None
    ) -> None:
        if wish.kind not in DECISION_KINDS:
            raise DecisionError("unknown_kind", kind=wish.kind)
        if not wish.author.strip():
            raise DecisionError("no_author")
        if not wish.reason.strip():
            raise DecisionError("no_reason")
        if len(wish.text.strip()) < SHORTEST_TEXT:
            raise DecisionError("short_text", least=SHORTEST_TEXT, given=len(wish.text.strip()))
        self._check_days(wish)
        if wish.kind in _NEEDS_AMOUNT and wish.amount is None:
            raise DecisionError("no_amount", kind=wish.kind)
        if wish.amount is not None and wish.amount.minor < 0:
            raise DecisionError("negative_amount")
        if wish.kind in _NEEDS_SCOPE and not wish.scope:
            raise DecisionError("no_scope", kind=wish.kind)
        if wish.kind == "override":
            self._check_override(wish, latest)
        if wish.kind == "temporary_limit":
            self._check_temporary(conn, company)

    def _check_days(self, wish: Wish) -> None:
        if wish.to_on is None:
            if wish.kind in _NEEDS_END:
                raise DecisionError("no_end", kind=wish.kind)
            return
        if wish.to_on < max(wish.from_on, self.today):
            raise DecisionError("ends_before", to_on=wish.to_on)
        most = _NEEDS_END.get(wish.kind) or self._most_days(wish.kind)
        if most is not None and (wish.to_on - max(wish.from_on, self.today)).days > most:
            latest = max(wish.from_on, self.today) + timedelta(days=most)
            raise DecisionError("too_long", days=most, latest=latest)

    def _most_days(self, kind: str) -> int | None:
        match kind:
            case "override":
                return self.policy.review.override_max_days
            case "temporary_limit":
                return self.policy.limits.temporary_max_days
            case _:
                return None

    def _check_override(self, wish: Wish, latest: StoredAssessment | None) -> None:
        if wish.grade not in GRADES:
            raise DecisionError("unknown_grade", grade=wish.grade or "", grades=", ".join(GRADES))
        rating = NOT_RATED if latest is None else latest.assessment.rating
        if latest is None or rating == NOT_RATED:
            raise DecisionError("not_rated")
        up = GRADES.index(rating) - GRADES.index(wish.grade)
        if up > self.policy.review.override_max_up:
            most = self.policy.review.override_max_up
            raise DecisionError("too_far_up", rating=rating, grade=wish.grade, most=most)
        gates = _grave_gates(latest) if up > 0 else []
        if gates:
            raise DecisionError("grave_gate", rating=rating, gates=", ".join(gates))

    def _check_temporary(self, conn: sa.Connection, company: Company) -> None:
        year_ago = self.today - timedelta(days=_DAYS_A_YEAR)
        statement = (
            sa.select(sa.func.count())
            .select_from(decisions)
            .join(accounts, _of_account())
            .where(
                accounts.c.entity == company.entity,
                decisions.c.kind == "temporary_limit",
                decisions.c.state.in_(("approved", "ended")),
                decisions.c.from_on > year_ago,
            )
        )
        most = self.policy.limits.temporary_per_year
        if conn.execute(statement).scalar_one() >= most:
            raise DecisionError("too_often", most=most)

    def _noted(
        self,
        conn: sa.Connection,
        decision_id: str,
        what: str,
        by: str,
        before: bytes | None = None,
    ) -> Decision:
        row = _locked(conn, decision_id)
        entry = AuditEntry(
            at=self.now,
            system=row.account_system,
            target=f"{row.account_system}:{row.account_id}",
            what=what,
            old=before,
            new=_shown(row),
            why=f"{row.kind} {decision_id} by {by}",
        )
        append(conn, [entry])
        return _decision(row, _entity_at(conn, row))


def list_decisions(
    conn: sa.Connection, *, state: str | None = None, entity: str | None = None
) -> list[Decision]:
    """List decisions, the newest first; of one state, of one company."""
    statement = (
        sa.select(decisions, accounts.c.entity)
        .outerjoin(accounts, _of_account())
        .order_by(decisions.c.created_at.desc(), decisions.c.id)
    )
    if state is not None:
        statement = statement.where(decisions.c.state == state)
    if entity is not None:
        statement = statement.where(accounts.c.entity == entity)
    return [_decision(row, row.entity) for row in conn.execute(statement)]


def _of_account() -> sa.ColumnElement[bool]:
    return sa.and_(
        accounts.c.system == decisions.c.account_system,
        accounts.c.record_id == decisions.c.account_id,
    )


def _locked(conn: sa.Connection, decision_id: str) -> Any:  # noqa: ANN401 a row
    row = conn.execute(
        sa.select(decisions).where(decisions.c.id == decision_id).with_for_update()
    ).first()
    if row is None:
        raise DecisionError("unknown_id", id=decision_id)
    return row


def _entity_at(conn: sa.Connection, row: Any) -> str | None:  # noqa: ANN401 a row
    statement = sa.select(accounts.c.entity).where(
        accounts.c.system == row.account_system, accounts.c.record_id == row.account_id
    )
    return conn.execute(statement).scalar_one_or_none()


def _latest(conn: sa.Connection, entity: str | None) -> StoredAssessment | None:
    found = [] if entity is None else latest_assessments(conn, [entity])
    return found[0] if found else None


def _grave_gates(latest: StoredAssessment) -> list[str]:
    """Name the fired gates that no person lifts (5.6, 11)."""
    grave = {gate.code for gate in GATES if gate.grave}
    explained = msgspec.json.decode(latest.explanation, type=_Explained)
    return [gate.code for gate in explained.gates if gate.fired and gate.code in grave]


def _approvers(row: Any) -> list[str]:  # noqa: ANN401 a row
    return row.approver.split(_SEPARATOR) if row.approver else []


def _owner_name(conn: sa.Connection, row: Any) -> str:  # noqa: ANN401 a row
    """Name the salesperson whose customer it is; empty when nobody's."""
    statement = (
        sa.select(owners.c.name)
        .join(
            accounts,
            sa.and_(
                owners.c.system == accounts.c.system, owners.c.record_id == accounts.c.owner_id
            ),
        )
        .where(accounts.c.system == row.account_system, accounts.c.record_id == row.account_id)
    )
    return conn.execute(statement).scalar_one_or_none() or ""


def _decision(row: Any, entity: str | None) -> Decision:  # noqa: ANN401 a row
    names = set(Decision.__struct_fields__) - {"entity", "account", "amount"}
    amount = None
    if row.amount_minor is not None:
        amount = Money(row.amount_minor, row.amount_currency)
    return Decision(
        **{name: getattr(row, name) for name in names},
        entity=entity,
        account=str(AccountRef(row.account_system, row.account_id)),
        amount=amount,
    )


def _shown(row: Any) -> bytes:  # noqa: ANN401 a row
    """Show a decision for the audit log, without the text a person wrote about persons."""
    names = ("kind", "state", "from_on", "to_on", "grade", "amount_minor", "amount_currency")
    more = ("scope", "reason", "author", "approver", "ended_on", "ended_by")
    return msgspec.json.encode({name: getattr(row, name) for name in (*names, *more)})
