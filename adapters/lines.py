"""Lines to one vendor: an HTTP client for each of its services that counts calls apart.

All have the connection's clock, deadlines and transport; what each may cost in a day and how many
of its calls may be under way is kept for all processes together.
"""

from requests.adapters import BaseAdapter

from adapters.budget import Budget, BudgetPlan, Spending
from adapters.gate import AtOnce, Gate, MemoryPlaces, Places
from adapters.guard import Route
from adapters.http import Deadlines, HttpClient, Pace

__all__ = ["Lines"]


class Lines:
    """Opens the HTTP clients of one connection.

    ``spending``: where budgets book calls; none: no budget is kept. ``places``: who is inside, for
    all; none: each client knows of its own calls alone.
    """

    def __init__(
        self,
        system: str,
        *,
        pace: Pace | None = None,
        deadlines: Deadlines | None = None,
        transport: BaseAdapter | None = None,
        spending: Spending | None = None,
        places: Places | None = None,
        route: Route | None = None,
    ) -> None:
        self._system = system
        self._route = route or Route()
        self._pace = pace or Pace()
        self._deadlines = deadlines
        self._transport = transport
        self._spending = spending
        self._places = places

    def open(
        self,
        service: str = "",
        *,
        budget: BudgetPlan | None = None,
        at_once: AtOnce | None = None,
    ) -> HttpClient:
        """Open a client. ``service`` names one beside the CRM itself, whose calls count apart."""
        account = f"{self._system}/{service}" if service else self._system
        return HttpClient(
            self._system,
            deadlines=self._deadlines,
            pace=self._pace,
            transport=self._transport,
            budget=self._budget(account, budget),
            gate=self._gate(account, at_once),
            route=self._route,
        )

    def _budget(self, account: str, plan: BudgetPlan | None) -> Budget | None:
        if plan is None or self._spending is None:
            return None
        return Budget(self._system, plan, self._spending, self._pace.now, account=account)

    def _gate(self, account: str, limit: AtOnce | None) -> Gate | None:
        if limit is None:
            return None
        pace = self._pace
        return Gate(
            self._system,
            limit,
            self._places or MemoryPlaces(),
            now=pace.now,
            monotonic=pace.monotonic,
            sleep=pace.sleep,
            jitter=pace.jitter,
            account=account,
        )
