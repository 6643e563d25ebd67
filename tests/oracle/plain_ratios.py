"""The oracle's ratios and the points of group F (credit-management 1.1 to 1.4, 5.1, 5.5)."""

from fractions import Fraction

from scoring.policy import Policy
from tests.oracle.plain_file import File, Values
from tests.oracle.plain_ledger import half_up, share_at

__all__ = ["Statement", "amounts", "financial_shares", "ratios"]

Number = Fraction | None
_DEDUCTED = ("intangibles", "goodwill", "deferred_items", "owner_loans")


class Statement:
    """One statement's lines, with those that follow from others."""

    def __init__(self, row: Values) -> None:
        self.row, self.months = row, row["months"]

    def __getitem__(self, name: str) -> Number:
        value = self.row[name]
        if value is None and name in {"total_liabilities", "equity"}:
            other = {"total_liabilities": "equity", "equity": "total_liabilities"}[name]
            return minus(self.stated("total_assets"), self.stated(other))
        return None if value is None else Fraction(value)

    def stated(self, name: str) -> Number:
        """A line as it stands."""
        return None if self.row[name] is None else Fraction(self.row[name])

    def whole(self, name: str) -> Fraction:
        """A line most firms do not have: empty is nothing."""
        return self[name] or Fraction(0)

    def retained(self) -> Number:
        """盈余公积 and 未分配利润."""
        parts = [self["surplus_reserve"], self["undistributed_profit"]]
        known = [part for part in parts if part is not None]
        return sum(known, Fraction(0)) if known else None

    def ebit(self) -> Number:
        """Profit before tax and interest."""
        profit = self["profit_before_tax"]
        return None if profit is None else profit + self.whole("interest_expense")

    def cash_flow(self) -> Number:
        """Operating cash flow, else net profit and depreciation."""
        flow = self["operating_cash_flow"]
        return flow if flow is not None else plus(self["net_profit"], self["depreciation"])

    def year(self, value: Number) -> Number:
        """A flow in twelve months."""
        return None if value is None else value * 12 / self.months


def plus(one: Number, other: Number) -> Number:
    """Add what is known."""
    return None if one is None or other is None else one + other


def minus(one: Number, other: Number) -> Number:
    """Subtract what is known."""
    return None if one is None or other is None else one - other


def over(top: Number, bottom: Number, times: int = 1) -> Number:
    """Divide by something above zero."""
    return None if top is None or bottom is None or bottom <= 0 else top / bottom * times


def ratios(now: Statement, before: Statement | None) -> dict[str, Number]:
    """Every ratio of 1.1, in percent where the table of 1.2 speaks in percent."""

    def average(name: str) -> Number:
        closing, opening = now[name], before[name] if before else None
        if closing is None or opening is None:
            return closing
        return (closing + opening) / 2

    assets, due, debts = now["total_assets"], now["current_liabilities"], now["total_liabilities"]
    quick = minus(minus(now["current_assets"], now["inventory"]), now.whole("prepayments"))
    revenue, profit, cost = now["revenue"], now["net_profit"], now["cost_of_sales"]
    sales = now.year(now["credit_sales"] if now["credit_sales"] is not None else revenue)
    bought = now.year(now["purchases"] if now["purchases"] is not None else cost)
    stock = over(average("inventory"), now.year(cost), 365)
    dso = over(average("receivables"), sales, 365)
    dpo = over(average("payables"), bought, 365)
    debt_to_assets = over(debts, assets, 100)
    earlier = over(before["total_liabilities"], before["total_assets"], 100) if before else None
    growth = over(now.year(revenue), before.year(before["revenue"]) if before else None, 100)
    return {
        "current_ratio": over(now["current_assets"], due),
        "quick_ratio": over(quick, due),
        "cash_ratio": over(plus(now["cash"], now.whole("trading_securities")), due),
        "debt_to_assets": debt_to_assets,
        "debt_to_equity": over(debts, now["equity"]),
        "current_liabilities_to_net_worth": over(due, now["equity"]),
        "retained_to_assets": over(now.retained(), assets, 100),
        "interest_cover": over(now.ebit(), now["interest_expense"]),
        "net_margin": over(profit, revenue, 100),
        "gross_margin": over(minus(revenue, cost), revenue, 100),
        "roe": over(now.year(profit), average("equity"), 100),
        "roa": over(now.year(now.ebit()), average("total_assets"), 100),
        "asset_turnover": over(now.year(revenue), average("total_assets")),
        "growth": None if growth is None else growth - 100,
        "ocf_to_cl": over(now.year(now.cash_flow()), due),
        "ocf_to_debt": over(now.year(now.cash_flow()), debts),
        "earnings_quality": over(now.stated("operating_cash_flow"), profit),
        "customer_dso": dso,
        "inventory_days": stock,
        "dpo": dpo,
        "cash_cycle": minus(plus(stock, dso), dpo),
        "debt_to_assets_change": minus(debt_to_assets, earlier),
        "z_double": z_double(now),
        "z_double_before": z_double(before) if before else None,
    }


def z_double(one: Statement) -> Number:
    """Altman Z'' (5.5)."""
    assets = one["total_assets"]
    parts = (
        over(minus(one["current_assets"], one["current_liabilities"]), assets),
        over(one.retained(), assets),
        over(one.year(one.ebit()), assets),
        over(one["equity"], one["total_liabilities"]),
    )
    weights = ("6.56", "3.26", "6.72", "1.05")
    total = Fraction(0)
    for part, weight in zip(parts, weights, strict=True):
        if part is None:
            return None
        total += part * Fraction(weight)
    return total


def amounts(now: Statement, file: File) -> dict[str, int | None]:
    """What the limit is read off, in the entity's currency."""
    equity, revenue = now["equity"], now["revenue"]
    tangible = None if equity is None else equity - sum(now.whole(name) for name in _DEDUCTED)
    yearly = now.year(revenue)
    values = {
        "tangible_net_worth": tangible,
        "net_working_capital": minus(now["current_assets"], now["current_liabilities"]),
        "net_worth": equity,
        "annual_revenue": None if yearly is None else Fraction(half_up(yearly)),
    }
    row = {name: None if value is None else int(value) for name, value in values.items()}
    stated = row | {"currency": now.row["currency"]}
    return {name: file.money(stated, name) for name in row}


def financial_shares(
    now: Statement, found: dict[str, Number], file: File, policy: Policy
) -> dict[str, Number]:
    """Percent of the points of each ratio that has points, edge rules applied."""
    shift = _shift(str(file.master.get("industry") or ""), policy)
    shares: dict[str, Number] = {}
    for code, rule in policy.scorecard.financial.characteristics().items():
        if not rule.points:
            continue
        value = found[code]
        if value is not None and code in {"quick_ratio", "current_ratio"}:
            value -= shift[0]
        if value is not None and code == "debt_to_assets":
            value -= shift[1]
        shares[code] = share_at(rule, value)
    return shares | _edges(now, found, shares, policy)


def _edges(
    now: Statement, found: dict[str, Number], shares: dict[str, Number], policy: Policy
) -> dict[str, Number]:
    rules, edges = policy.financials, dict[str, Number]()
    interest, result = now["interest_expense"], now["profit_before_tax"]
    if interest is not None and interest <= 0 and result is not None:
        good = rules.no_interest_profit_share if result >= 0 else rules.no_interest_loss_share
        edges["interest_cover"] = Fraction(good)
    revenue, profit = now["revenue"], now["net_profit"]
    if revenue is not None and revenue <= 0 and profit is not None and profit < 0:
        edges["net_margin"] = Fraction(0)
    debts = found["debt_to_assets"]
    if debts is not None and debts >= 100:
        edges["debt_to_assets"] = Fraction(0)
    quick, growth, share = found["quick_ratio"], found["growth"], shares["quick_ratio"]
    if quick is not None and quick > 5 and growth is not None and growth < 0 and share is not None:
        edges["quick_ratio"] = min(share, Fraction(80))
    return edges


def _shift(industry: str, policy: Policy) -> tuple[Fraction, Fraction]:
    """Method C: what moves the cut-offs of an industry."""
    for shift in policy.financials.shifts:
        if any(industry.startswith(one) for one in shift.industries):
            return Fraction(shift.liquidity), Fraction(shift.debt_to_assets)
    return Fraction(0), Fraction(0)
