"""Financial statements of the sample company's customers: lines that balance, drawn from health."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from sandbox.company.dossiers import FileOwner
from sandbox.company.model import Company, SampleStatement

__all__ = ["write_statements"]

_HUNDRED = Decimal(100)  # lines are whole hundreds, so that 万元 with two digits are exact
_TEN_THOUSAND = Decimal(10_000)
_ANNUAL, _HALF = 12, 6
_ANNUAL_DELAY_DAYS = (95, 140)
_INTERIM_DELAY_DAYS = (40, 75)
_YEARS_BEFORE = 3
_ASKED_FOR_DAYS = 860  # when the file is begun, the two latest years
_CORPORATE_TAX = 0.25
_BASES = ("audited", "audited", "unaudited", "tax_filing")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """What of a firm stays the same from year to year."""

    turnover: float  # revenue over assets
    inventory: float  # over assets
    paid_in: Decimal
    basis: str
    in_ten_thousands: bool


def write_statements(company: Company, owner: FileOwner, rng: Random) -> None:
    """Append the yearly and half-yearly statements that the customer had handed in by the end."""
    shape = _shape(owner, rng)
    number = 0
    for year in range(owner.first.year - _YEARS_BEFORE, owner.last.year + 1):
        for period_end, months, delays in (
            (date(year, 6, 30), _HALF, _INTERIM_DELAY_DAYS),
            (date(year, 12, 31), _ANNUAL, _ANNUAL_DELAY_DAYS),
        ):
            handed_in = period_end + timedelta(days=rng.randint(*delays))
            received = max(handed_in, owner.opened)
            asked_for = period_end >= owner.opened - timedelta(days=_ASKED_FOR_DAYS)
            if not asked_for or not owner.hands_in(received) or period_end >= owner.last:
                continue
            if months == _HALF and (period_end < owner.opened or rng.random() < 0.4):
                continue
            number += 1
            company.statements.append(
                _statement(owner, shape, number, period_end, months, received)
            )


def _shape(owner: FileOwner, rng: Random) -> _Shape:
    turnover = rng.uniform(1.1, 1.7)
    assets = owner.revenue(owner.first) / Decimal(turnover)
    return _Shape(
        turnover=turnover,
        inventory=rng.uniform(0.1, 0.2),
        paid_in=_whole(assets / 5),
        basis=rng.choice(_BASES),
        in_ten_thousands=rng.random() < 0.3,
    )


def _statement(
    owner: FileOwner, shape: _Shape, number: int, period_end: date, months: int, received: date
) -> SampleStatement:
    lines = _lines(owner.health.on(period_end), owner.revenue(period_end), shape, months)
    if shape.in_ten_thousands:
        lines = {name: amount / _TEN_THOUSAND for name, amount in lines.items()}
    return SampleStatement(
        key=f"FS-{owner.customer.key[1:]}-{number:02d}",
        customer=owner.customer.key,
        crm=owner.crm,
        period_end=period_end,
        received_on=received,
        lines=lines,
        months=months,
        basis=shape.basis if months == _ANNUAL else "self_declared",
        currency=owner.customer.currency,
        unit="万元" if shape.in_ten_thousands else "元",
    )


def _lines(health: float, revenue: Decimal, shape: _Shape, months: int) -> dict[str, Decimal]:
    """Write the lines of a year, or of its first half, at a health."""
    return _balance(health, revenue, shape) | _flows(health, revenue, shape, months)


def _balance(health: float, revenue: Decimal, shape: _Shape) -> dict[str, Decimal]:
    assets = _whole(revenue / Decimal(shape.turnover))
    liabilities = _part(assets, max(0.2, 0.88 - 0.52 * health))
    current = _part(liabilities, 0.85)
    quick = _part(current, max(0.2, 0.42 + 0.85 * health))
    inventory, prepayments = _part(assets, shape.inventory), _part(assets, 0.02)
    cash, notes = _part(quick, 0.3), _part(quick, 0.1)
    equity = assets - liabilities
    reserve = max(Decimal(0), _part(equity - shape.paid_in, 0.1))
    return {
        "cash": cash,
        "notes_receivable": notes,
        "receivables": quick - cash - notes,
        "prepayments": prepayments,
        "inventory": inventory,
        "current_assets": quick + prepayments + inventory,
        "fixed_assets": _part(assets, 0.22),
        "intangibles": _part(assets, 0.02),
        "total_assets": assets,
        "payables": _part(current, 0.5),
        "current_liabilities": current,
        "long_term_debt": liabilities - current,
        "total_liabilities": liabilities,
        "paid_in_capital": shape.paid_in,
        "surplus_reserve": reserve,
        "undistributed_profit": equity - shape.paid_in - reserve,
        "equity": equity,
    }


def _flows(health: float, revenue: Decimal, shape: _Shape, months: int) -> dict[str, Decimal]:
    part = months / _ANNUAL
    sales = _part(revenue, part)
    balance = _balance(health, revenue, shape)
    net = _part(sales, -0.05 + 0.15 * health)
    before_tax = _part(net, 1 / (1 - _CORPORATE_TAX)) if net > 0 else net
    return {
        "revenue": sales,
        "credit_sales": _part(sales, 0.9),
        "cost_of_sales": _part(sales, 0.86 - 0.12 * health),
        "interest_expense": _part(balance["total_liabilities"], 0.018 * part),
        "profit_before_tax": before_tax,
        "net_profit": net,
        "depreciation": _part(balance["fixed_assets"], 0.08 * part),
        "purchases": _part(sales, 0.6),
        "operating_cash_flow": _part(balance["current_liabilities"], (-0.12 + 0.6 * health) * part),
    }


def _part(amount: Decimal, share: float) -> Decimal:
    return _whole(amount * Decimal(share))


def _whole(amount: Decimal) -> Decimal:
    return (amount / _HUNDRED).to_integral_value() * _HUNDRED
