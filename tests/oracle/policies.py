"""Policies the oracle and the engine are compared under: the default, all groups, and every method."""

from decimal import Decimal

import msgspec

from scoring.policy import Policy, load_policy
from tests.credit_files import with_groups

__all__ = ["POLICIES"]

_EVERY_METHOD = """
version = "every-method"
groups = ["payment", "financial", "history", "qualitative"]

[limits]
seasonal_need = false
growth = 0.1
value_added_tax = 0.13
billing_lag_days = 5
use_working_capital = true
use_working_assets = true
external = "latest"
history_floor = true
loss_budget = 3000
risk_capital = 2000000
concentration_base = 3000000
starters = { F51 = 20000, E47 = 80000, large = 120000, sme = 30000 }
"""


def _every_method() -> Policy:
    """Switch on what the default leaves off, with a floor and a cap for some grades."""
    policy = load_policy(_EVERY_METHOD)
    floors = {"AAA": Decimal(90_000), "AA": Decimal(60_000), "A": Decimal(30_000)}
    caps = {"BB": Decimal(400_000), "B": Decimal(100_000)}
    grades = tuple(
        msgspec.structs.replace(
            row,
            unsecured_floor=floors.get(row.grade, row.unsecured_floor),
            unsecured_cap=caps.get(row.grade, row.unsecured_cap),
        )
        for row in policy.grades
    )
    return msgspec.structs.replace(policy, grades=grades)


POLICIES: dict[str, Policy] = {
    "payment alone": Policy(),
    "all groups": with_groups(),
    "every method": _every_method(),
}
