"""The API budget of a connection: what a rolling day may cost, shared by all who call its CRM.

Reading stops before writing does: ratings, holds and tasks still go out when reading has eaten its
part. A call is booked before it is sent, so that those who call at the same time know of each
other; one that never arrived is booked all the same.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

import msgspec

from adapters.errors import QuotaExhausted

__all__ = ["DAY", "KEPT_FOR_WRITES", "Budget", "BudgetPlan", "Spending"]

DAY = timedelta(hours=24)
KEPT_FOR_WRITES = Decimal("0.2")


class BudgetPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How many credits a rolling day may cost, and the share that reading leaves to writes.

    ``unit``: what is counted, where it is not credits.
    """

    credits_per_day: int
    kept_for_writes: Decimal = KEPT_FOR_WRITES
    unit: str = "credits"

    def ceiling(self, *, wrote: bool) -> int:
        """Tell how far calls of a kind may go."""
        if wrote:
            return self.credits_per_day
        return int(self.credits_per_day * (1 - self.kept_for_writes))


class Spending(Protocol):
    """What each connection spent lately, for all threads and processes."""

    def book(self, system: str, at: datetime, credits: int, ceiling: int) -> datetime | None:  # noqa: A002 the trade's word
        """Book a call unless the last 24 hours would then cost more than ``ceiling``.

        ``None``: it is booked. Else nothing is, and the time is told when there will be room.
        """
        ...


class Budget:
    """Admits the calls of one connection, or refuses them until there is room again.

    ``account`` names what they are booked on, where that is not the connection as a whole.
    """

    def __init__(
        self,
        system: str,
        plan: BudgetPlan,
        spending: Spending,
        now: Callable[[], datetime],
        *,
        account: str = "",
    ) -> None:
        self._system = system
        self._account = account or system
        self._plan = plan
        self._spending = spending
        self._now = now

    def affords(self, credits: int, *, wrote: bool) -> bool:  # noqa: A002 the trade's word
        """Tell whether a day on which nothing was spent has room for a call."""
        return credits <= self._plan.ceiling(wrote=wrote)

    def admit(self, operation: str, credits: int, *, wrote: bool) -> None:  # noqa: A002 the trade's word
        """Book a call that is about to be sent. Raises ``QuotaExhausted``: it must not be."""
        if credits <= 0:
            return
        ceiling = self._plan.ceiling(wrote=wrote)
        free_at = self._spending.book(self._account, self._now(), credits, ceiling)
        if free_at is None:
            return
        whole = self._plan.credits_per_day
        raise QuotaExhausted(
            f"our own budget is used up: {ceiling} of {whole} {self._plan.unit} in 24 hours are for calls "
            f"that {'write' if wrote else 'read'}; they go on at {free_at:%Y-%m-%d %H:%M} UTC",
            system=self._system,
            operation=operation,
            retry_at=free_at,
        )
