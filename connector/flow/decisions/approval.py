"""The approval matrix (审批矩阵, credit-management 11): who may approve, by amount, grade and owner. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import msgspec

from connector.config import Person
from connector.flow.decisions.decision import DecisionError
from connector.flow.four_eyes import same_person
from scoring.assessment import NOT_RATED, Assessment
from scoring.money import Money
from scoring.policy import GRADES, Policy
from scoring.rates import Rate, factor
from scoring.records import AccountRef
from scoring.review import ROLES, Role, approver, may_approve

__all__ = ["ApprovalMatrix", "Asked"]

_RANKS: Mapping[str, int] = {role: rank for rank, role in enumerate(ROLES)}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be approved. ``amount``: the limit wished for, or what would be owed after."""

    author: str
    account: AccountRef
    amount: Money | None = None
    grade: str | None = None
    to_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalMatrix:
    """Who may approve today, by a policy, among these people."""

    policy: Policy
    rates: Mapping[str, Rate]
    people: Mapping[str, Person]
    today: date

    def suffices(
        self, asked: Asked, approvers: Sequence[str], *, latest: Assessment | None, owner: str
    ) -> bool:
        """Tell whether these approvals are enough; the newest is checked by itself first.

        ``latest`` is the company's latest assessment, ``owner`` whose customer it is. Raises
        ``DecisionError`` where the newest may not approve, or only not alone.
        """
        newest = approvers[-1]
        person = self._somebody_else(asked, newest)
        needed = self.needed_role(asked, latest)
        if _RANKS[person.role] < _RANKS[needed]:
            raise DecisionError("role_too_low", name=newest, role=person.role, needed=needed)
        known = [(name, self.people[name].role) for name in approvers if name in self.people]
        if may_approve(needed, known, owner, asked.author, self.policy.review):
            return True
        if newest == owner:
            raise DecisionError("owner_alone", name=owner)
        return False

    def _somebody_else(self, asked: Asked, by: str) -> Person:
        """Find the person in time, if it is not the author. Raises ``DecisionError``."""
        if same_person(by, asked.author):
            raise DecisionError("four_eyes", author=asked.author)
        if asked.to_on is not None and asked.to_on < self.today:
            raise DecisionError("too_late", to_on=asked.to_on)
        person = self.people.get(by)
        if person is None:
            raise DecisionError("unknown_person", name=by)
        return person

    def needed_role(self, asked: Asked, latest: Assessment | None) -> Role:
        """Tell who approves, by the larger of the new limit and what is owed, and by the grade."""
        exposure, rating = (None, None) if latest is None else (latest.exposure, latest.rating)
        parts = [self._in_policy(each) for each in (asked.amount, exposure) if each is not None]
        amount = max((part.amount for part in parts), default=Decimal(0))
        return approver(amount, _weaker(rating, asked.grade), self.policy.review)

    def _in_policy(self, money: Money) -> Money:
        """Convert into the policy's currency; without a rate it counts as written."""
        price = factor(self.rates, self.policy.currency, money.currency, self.policy.currency)
        return Money(
            money.minor if price is None else int(money.minor * price), self.policy.currency
        )


def _weaker(rating: str | None, wished: str | None) -> str:
    grades = [each for each in (rating, wished) if each in GRADES]
    return max(grades, key=GRADES.index) if grades else NOT_RATED
