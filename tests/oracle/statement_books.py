"""Random statements: sound ones, odd ones, and some that must be refused."""

from datetime import date, timedelta
from random import Random

from scoring.schemas import STATEMENT_BASES, STATEMENT_LINES
from tests.builders import Row

__all__ = ["random_statements"]

_ENDS = (
    *((date(2025, 12, 31), 12), (date(2024, 12, 31), 12), (date(2025, 12, 31), 12)),
    *((date(2026, 3, 31), 3), (date(2025, 9, 30), 9), (date(2023, 11, 30), 12)),
    *((date(2024, 12, 15), 12), (date(2026, 5, 31), 2), (date(2024, 9, 30), 9)),
)


def random_statements(random: Random, entity: str, currency: str, count: int) -> list[Row]:
    """Make so many statements of a company, most of them in one currency."""
    scale = 10 ** random.choice((6, 8, 9, 10))
    return [
        _statement(random, entity, currency if random.randrange(8) else "CNY", scale, number)
        for number in range(count)
    ]


def _statement(random: Random, entity: str, currency: str, scale: int, number: int) -> Row:
    end, months = random.choice(_ENDS)
    lines = _balance(random, scale) | _flows(random, scale)
    for name in random.sample(sorted(lines), random.choice((0, 0, 1, 4))):
        lines[name] = None
    key = {"statement": f"{entity}st{number}", "entity": entity, "period_end": end}
    rest = {
        "months": months,
        "basis": random.choice(STATEMENT_BASES),
        "received_on": end + timedelta(days=random.choice((-1, 20, 60, 150, 151))),
        "source": "test",
        "currency": currency,
    }
    return Row("statements", key | rest | dict.fromkeys(STATEMENT_LINES) | lines)


def _part(random: Random, whole: int, low: int, high: int) -> int:
    """Take so many twentieths of an amount."""
    return whole * random.randint(low, high) // 20


def _balance(random: Random, scale: int) -> dict[str, int | None]:
    assets = scale * random.randint(1, 20)
    current = _part(random, assets, 1, 20)
    debts = _part(random, assets, random.choice((0, 4)), random.choice((14, 14, 24)))
    wrong = random.choice((0, 0, 0, 0, 0, assets // 50, -assets // 300))
    return {
        "cash": _part(random, current, 0, 10),
        "trading_securities": _part(random, current, 0, 2),
        "receivables": _part(random, current, 0, 10),
        "prepayments": _part(random, current, 0, 3),
        "inventory": _part(random, current, 0, random.choice((10, 10, 10, 21))),
        "current_assets": current,
        "intangibles": _part(random, assets, 0, 3),
        "goodwill": random.choice((None, _part(random, assets, 0, 3))),
        "owner_loans": random.choice((None, 0)),
        "total_assets": assets,
        "payables": _part(random, debts, 0, 10),
        "current_liabilities": _part(random, debts, random.choice((0, 3, 3)), 20),
        "total_liabilities": debts,
        "paid_in_capital": _part(random, assets, 0, 10),
        "surplus_reserve": random.choice((None, _part(random, assets, 0, 3))),
        "undistributed_profit": _part(random, assets, -10, 10),
        "equity": assets - debts + wrong,
    }


def _flows(random: Random, scale: int) -> dict[str, int | None]:
    revenue = random.choice((0, scale * random.randint(1, 40), scale * random.randint(1, 40)))
    profit = random.choice((1, 1, -1)) * _part(random, scale, 0, 20)
    return {
        "revenue": -1 if random.randrange(30) == 0 else revenue,
        "credit_sales": random.choice((None, None, _part(random, revenue, 0, 20))),
        "cost_of_sales": _part(random, revenue, 5, 20),
        "interest_expense": random.choice((None, 0, _part(random, scale, 0, 6))),
        "profit_before_tax": profit,
        "net_profit": _part(random, profit, 10, 20),
        "depreciation": random.choice((None, _part(random, scale, 0, 4))),
        "purchases": random.choice((None, None, _part(random, revenue, 0, 20))),
        "operating_cash_flow": random.choice((None, _part(random, scale, -10, 20))),
    }
