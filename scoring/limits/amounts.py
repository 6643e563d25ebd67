"""The policy's amounts in each customer's currency, and the caps that follow from risk alone.

Rules: credit-management 6.1 (M8 to M11) and 6.2.
"""

from collections.abc import Mapping
from decimal import Decimal

import polars as pl

from scoring.book import Book
from scoring.policy import GradePolicy, LimitPolicy, Policy
from scoring.rates import Rate, minor_amounts

__all__ = [
    "break_even",
    "cycle_pd",
    "entity_amounts",
    "grade_amounts",
    "kelly_cap",
    "loss_cap",
    "policy_amounts",
]


_GRADE_TABLE: dict[str, type[pl.DataType]] = {
    "currency": pl.String,
    **dict.fromkeys(("cap_grade", "floor_grade", "cap_loss", "cap_kelly"), pl.Int64),
    "grade": pl.Int32,
    "unsecured_allowed": pl.Boolean,
    "lateness": pl.Boolean,
    **{
        f"{name}_{part}": pl.Int64
        for name in ("safety", "worth", "revenue", "step")
        for part in ("up", "down")
    },
}


def policy_amounts(
    currencies: pl.Series, policy: Policy, rates: Mapping[str, Rate]
) -> pl.DataFrame:
    """Write the policy's amounts in each currency's minor units; null without a rate.

    Columns currency, starter, materiality, hold_min_overdue, cap_concentration, stable_step,
    group_capacity, and the limits of single components of the exposure where the policy has them.
    """
    names = currencies.unique().sort().to_list()
    base, share = policy.limits.concentration_base, policy.limits.concentration_share
    amounts = {
        "starter": policy.limits.starter,
        "materiality": policy.default_event.materiality,
        "hold_min_overdue": policy.order_check.min_overdue,
        "cap_concentration": None if base is None else base * share,
        "stable_step": policy.limits.stable_step,
        "group_capacity": policy.limits.group_capacity,
    }
    for field in ("receivable_limit", "notes_limit", "delivered_limit", "orders_limit"):
        if getattr(policy.exposure, field) is not None:
            amounts[field] = getattr(policy.exposure, field)
    return pl.DataFrame(
        {"currency": names} | _in_currencies(amounts, names, policy, rates),
        schema={"currency": pl.String} | dict.fromkeys(amounts, pl.Int64),
    )


def entity_amounts(book: Book, policy: Policy) -> pl.DataFrame:
    """Lay the policy's amounts and the size class beside the ledger's entities.

    M11: the starter amount is that of the customer's industry, else of its size class, else the
    general one.
    """
    amounts = policy_amounts(book.entities["currency"], policy, book.rates)
    own = book.entities.select("entity", "industry", "size_class")
    entities = book.ledger.entities.join(
        amounts, on="currency", how="left", maintain_order="left"
    ).join(own, on="entity", how="left", maintain_order="left")
    names = book.entities["currency"].unique().to_list()
    for column, alias in (("industry", "_by_industry"), ("size_class", "_by_size")):
        if not policy.limits.starters:
            break
        starters = pl.concat(
            _starters(segment, amount, names, policy, book.rates)
            for segment, amount in sorted(policy.limits.starters.items())
        ).rename({"segment": column, "amount": alias})
        entities = entities.join(
            starters, on=["currency", column], how="left", maintain_order="left"
        )
    order = [name for name in ("_by_industry", "_by_size", "starter") if name in entities.columns]
    return entities.with_columns(pl.coalesce(order).alias("starter")).drop(
        "industry", "_by_industry", "_by_size", strict=False
    )


def _starters(
    segment: str, amount: Decimal, names: list[str], policy: Policy, rates: Mapping[str, Rate]
) -> pl.DataFrame:
    columns = _in_currencies({"amount": amount}, names, policy, rates)
    schema = {"currency": pl.String, "amount": pl.Int64}
    frame = pl.DataFrame({"currency": names} | columns, schema=schema)
    return frame.with_columns(pl.lit(segment).alias("segment"))


def _in_currencies(
    amounts: Mapping[str, Decimal | None],
    names: list[str],
    policy: Policy,
    rates: Mapping[str, Rate],
) -> dict[str, list[int | None]]:
    columns: dict[str, list[int | None]] = {}
    for column, amount in amounts.items():
        known = {} if amount is None else minor_amounts(amount, names, rates, policy.currency)
        columns[column] = [known.get(name) for name in names]
    return columns


def grade_amounts(currencies: pl.Series, policy: Policy, rates: Mapping[str, Rate]) -> pl.DataFrame:
    """Lay out what each grade allows in each currency.

    Columns currency, grade, unsecured_allowed, lateness, cap_grade, floor_grade, cap_loss,
    cap_kelly (a null cap does not bind), and as pairs ``_up`` over ``_down`` the fractions safety,
    worth (k1), revenue (k5) and step.
    """
    names = currencies.unique().sort().to_list()
    rows = [
        line
        for index, row in enumerate(policy.grades)
        for line in _grade_rows(index, row, names, policy, rates)
    ]
    return pl.DataFrame(rows, schema=_GRADE_TABLE)


def _grade_rows(
    index: int, row: GradePolicy, names: list[str], policy: Policy, rates: Mapping[str, Rate]
) -> list[dict[str, object]]:
    budget, rules = policy.limits.loss_budget, policy.limits
    amounts = {
        "cap_grade": row.unsecured_cap,
        "floor_grade": row.unsecured_floor,
        "cap_loss": None if budget is None else loss_cap(budget, row.pd, rules.lgd),
        "cap_kelly": kelly_cap(row.pd, rules),
    }
    fractions = {
        "safety": row.safety,
        "worth": row.net_worth_share,
        "revenue": row.revenue_share,
        "step": row.max_step_up,
    }
    columns = _in_currencies(amounts, names, policy, rates)
    same: dict[str, object] = {
        "grade": index,
        "unsecured_allowed": row.unsecured,
        "lateness": row.lateness_in_need,
    }
    for name, share in fractions.items():
        up, down = (None, None) if share is None else share.as_integer_ratio()
        same |= {f"{name}_up": up, f"{name}_down": down}
    return [
        {"currency": currency, **{name: columns[name][place] for name in amounts}, **same}
        for place, currency in enumerate(names)
    ]


def loss_cap(budget: Decimal, pd: Decimal, lgd: Decimal) -> Decimal:
    """M8: the limit whose expected loss in a year is the budget."""
    return budget / (pd * lgd)


def cycle_pd(pd: Decimal, days: int) -> Decimal:
    """Turn a yearly probability of default into that of one credit cycle (6.2)."""
    return 1 - (1 - pd) ** (Decimal(days) / 365)


def break_even(
    margin: Decimal, lgd: Decimal, *, financing: Decimal = Decimal(0), days: int = 0
) -> Decimal:
    """Return the probability of default in a cycle at which a sale earns nothing (6.2).

    ``financing`` is the yearly cost of money tied up for ``days``.
    """
    return (margin - financing * days / 365) / lgd


def kelly_cap(pd: Decimal, rules: LimitPolicy) -> Decimal | None:
    """M9: fractional Kelly, a cap only. ``None`` where it is off or not defined (margin >= LGD)."""
    capital, margin, lgd = rules.risk_capital, rules.margin, rules.lgd
    if capital is None or margin >= lgd:
        return None
    bet = max(Decimal(0), 1 - cycle_pd(pd, rules.cycle_days) * lgd / margin)
    return rules.risk_capital_fraction * bet * capital / (lgd - margin)
