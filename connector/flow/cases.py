"""Credit decision cases (授信审批单, credit-management 7.3): opened, released, rejected, looked at again.

A case freezes the facts a blocked order was blocked on. It is checked again by itself whenever
facts change: one whose order would pass now says so, and a release that has run out opens again.
Who may release is the approval matrix's word (11), and a stopped order's the policy's.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import msgspec
import sqlalchemy as sa

from connector.flow.checking import Checked, LookedAt, OrderChecks
from connector.flow.decisions import Asked, DecisionError, Desk
from connector.flow.importing.companies import Companies
from connector.store.audit import AuditEntry, append
from connector.store.cases import UNDECIDED, StoredCase, find_case, find_cases, save_case
from connector.store.engine import in_one_commit, reading
from scoring.money import Money
from scoring.ordercheck import (
    Action,
    Case,
    OrderRequest,
    decide,
    needs_recheck,
    open_case,
    recheck,
)
from scoring.policy import Policy
from scoring.review import ROLES

__all__ = ["CaseDesk"]

_ID_BYTES = 4


@dataclass(frozen=True, kw_only=True)
class CaseDesk:
    """Where blocked orders are decided: ``desk`` knows the people, ``checks`` the facts of its day."""

    desk: Desk
    checks: OrderChecks

    def open(self, checked: Checked, *, number: str | None, by: str) -> StoredCase:
        """Open a case for a blocked order, or give the one that waits for the same order.

        The same order is that of the number, or without one the same in every word. Raises
        ``CaseError`` for an order that passes.
        """
        case = open_case(checked.entity, checked.facts, checked.decision)

        def keep(conn: sa.Connection) -> StoredCase:
            company = Companies(conn).of_entity(checked.entity)
            if company is None:
                raise DecisionError("unknown_company", ref=checked.entity)
            waiting = find_cases(conn, states=UNDECIDED, account=company.account)
            for found in waiting:
                same = number is not None or _asked_for(found.case.order) == _asked_for(case.order)
                if found.number == number and same:
                    again = _rechecked(found, checked, self.desk.policy, self.desk.today)
                    return self._put(conn, found, again, "case_rechecked", by)
            fresh = StoredCase(
                id=secrets.token_hex(_ID_BYTES),
                account=company.account,
                entity=checked.entity,
                number=number,
                author=by,
                supporters=(),
                case=case,
            )
            return self._put(conn, None, fresh, "case_opened", by)

        return in_one_commit(self.desk.engine, keep)

    def released(self, entity: str, number: str | None, order: OrderRequest) -> StoredCase | None:
        """Find the release that lets an order pass: of its number, and still good for it.

        It has not run out, the order has not outgrown it, and its conditions are met.
        """
        if number is None:
            return None
        with reading(self.desk.engine) as conn:
            found = find_cases(conn, states=["released"], entity=entity)
        policy, today = self.desk.policy, self.desk.today
        standing = (
            each
            for each in found
            if each.number == number
            and not needs_recheck(each.case, order.amount, policy, today)
            and _meets(order, each.case.released)
        )
        return next(standing, None)

    def release(
        self, case_id: str, *, by: str, reason: str, order: OrderRequest | None = None
    ) -> StoredCase:
        """Let an order pass: whole, in part, or with a condition, as ``order`` says.

        A person whose approval is not enough becomes a supporter and the case waits for the next.
        Raises ``DecisionError`` and ``CaseError``.
        """

        def keep(conn: sa.Connection) -> StoredCase:
            found = self._found(conn, case_id)
            supporters = tuple(dict.fromkeys((*found.supporters, by)))
            decided = self._decided(found, supporters, reason, order)
            enough = self.desk.suffices(conn, _asked(found), supporters)
            new = msgspec.structs.replace(
                found, supporters=supporters, case=decided if enough else found.case
            )
            what = f"case_{new.case.state}" if enough else "case_supported"
            return self._put(conn, found, new, what, by)

        return in_one_commit(self.desk.engine, keep)

    def _decided(
        self,
        found: StoredCase,
        supporters: Sequence[str],
        reason: str,
        order: OrderRequest | None,
        action: Action | None = None,
    ) -> Case:
        """Apply a decision as the highest of those who made it."""
        strangers = [name for name in supporters if name not in self.desk.people]
        if strangers:
            raise DecisionError("unknown_person", name=strangers[0])
        role = max((self.desk.people[name].role for name in supporters), key=ROLES.index)
        return decide(
            found.case,
            action or _action(found.case, order),
            policy=self.desk.policy,
            by="; ".join(supporters),
            role=role,
            reason=reason,
            on=self.desk.today,
            order=order,
        )

    def reject(self, case_id: str, *, by: str, reason: str) -> StoredCase:
        """Reject an order for good. Raises ``DecisionError`` and ``CaseError``."""

        def keep(conn: sa.Connection) -> StoredCase:
            found = self._found(conn, case_id)
            decided = self._decided(found, [by], reason, None, "reject")
            new = msgspec.structs.replace(found, case=decided)
            return self._put(conn, found, new, "case_rejected", by)

        return in_one_commit(self.desk.engine, keep)

    def recheck(self, case_id: str | None = None) -> list[StoredCase]:
        """Check undecided cases again, and releases that have run out; tell those that changed.

        Nothing is loaded or written where there is no such case. Raises ``DecisionError``.
        """
        with reading(self.desk.engine) as conn:
            if case_id is not None:
                self._found(conn, case_id)
            due = [
                found
                for found in find_cases(conn, states=[*UNDECIDED, "released"])
                if found.entity is not None
                and case_id in {None, found.id}
                and needs_recheck(
                    found.case, found.case.order.amount, self.desk.policy, self.desk.today
                )
            ]
        if not due:
            return []
        looked_at = self.checks.look_at(str(found.entity) for found in due)
        changed = [self._again(found, looked_at) for found in due]
        return [found for found in changed if found is not None]

    def _again(self, found: StoredCase, looked_at: LookedAt) -> StoredCase | None:
        checked = looked_at.check(str(found.entity), found.case.order)
        new = _rechecked(found, checked, self.desk.policy, self.desk.today)
        if new is found:
            return None

        def keep(conn: sa.Connection) -> StoredCase | None:
            if self._found(conn, found.id) != found:  # somebody decided it meanwhile
                return None
            return self._put(conn, found, new, "case_rechecked", "rules")

        return in_one_commit(self.desk.engine, keep)

    def _found(self, conn: sa.Connection, case_id: str) -> StoredCase:
        found = find_case(conn, case_id)
        if found is None:
            raise DecisionError("unknown_case", id=case_id)
        return found

    def _put(
        self, conn: sa.Connection, old: StoredCase | None, new: StoredCase, what: str, by: str
    ) -> StoredCase:
        """Keep a case with its entry in the audit log; one that did not change is left alone."""
        if new == old:
            return new
        save_case(conn, new, now=self.desk.now)
        entry = AuditEntry(
            at=self.desk.now,
            system=new.account.system,
            target=str(new.account),
            what=what,
            old=None if old is None else _gist(old),
            new=_gist(new),
            why=f"case {new.id} by {by}",
        )
        append(conn, [entry])
        return new


def _rechecked(found: StoredCase, checked: Checked, policy: Policy, as_of: date) -> StoredCase:
    """Check a case again; the same object where the answer is the same as before."""
    again = recheck(found.case, checked.facts, policy, as_of, order=checked.decision.order)
    if _answer(again) == _answer(found.case):
        return found
    return msgspec.structs.replace(found, case=again)


def _answer(case: Case) -> tuple[object, ...]:
    fired = [(rule.code, rule.reaction) for rule in case.latest.fired]
    return case.state, _asked_for(case.order), case.latest.result, fired, case.released_on


def _asked_for(order: OrderRequest) -> OrderRequest:
    """Leave out what the books say of an order: it changes by itself."""
    return msgspec.structs.replace(order, first_order=False, average_order=None)


def _meets(order: OrderRequest, released: OrderRequest | None) -> bool:
    """Tell whether an order keeps the conditions under which it was released."""
    if released is None:
        return False
    soon = released.terms_days is None or (
        order.terms_days is not None and order.terms_days <= released.terms_days
    )
    paid = order.prepaid or order.covered >= released.covered
    return soon and paid and order.prepaid >= released.prepaid


def _action(case: Case, order: OrderRequest | None) -> Action:
    if order is None:
        return "release"
    changed = msgspec.structs.replace(order, amount=case.order.amount)
    return "release_with_condition" if changed != case.order else "release_partly"


def _asked(found: StoredCase) -> Asked:
    """Say for the approval matrix how much would be owed after the order, in its currency."""
    facts, order = found.case.facts, found.case.order
    after = facts.exposure + order.amount.minor - order.covered
    same = order.amount.currency == facts.currency
    owed = Money(after if same else order.amount.minor, order.amount.currency)
    return Asked(author=found.author, account=found.account, amount=owed)


def _gist(stored: StoredCase) -> bytes:
    """Say state, result and amount for the audit log, without what a person wrote."""
    case = stored.case
    return msgspec.json.encode(
        {
            "state": case.state,
            "result": case.latest.result,
            "amount": case.order.amount,
            "released": case.released and case.released.amount,
            "supporters": stored.supporters,
        }
    )
