"""Credit files for the books of measurements: every frame beside the ledger, made in columns."""

from datetime import date, timedelta

import polars as pl

from scoring.schemas import SCHEMAS

__all__ = ["credit_file"]

_YEAR_ENDS = (date(2024, 12, 31), date(2025, 12, 31))
#: Kind → status, value, months since it was received; each customer has one of every kind.
_RECORDS: dict[str, tuple[str | None, float | None, int]] = {
    "registry": ("active", None, 5),
    "ownership": (None, None, 6),
    "contacts": (None, None, 4),
    "bureau": (None, 72.0, 3),
    "judicial_check": (None, None, 1),
    "tax_grade": ("A", None, 3),
    "reference": (None, 80.0, 7),
    "contract": (None, None, 8),
}
_FACTORS = ("conditions", "character", "capital")
#: Line of a statement → percent of the firm's total assets.
_LINES = {
    "total_assets": 100,
    "current_assets": 62,
    "cash": 8,
    "receivables": 30,
    "inventory": 20,
    "total_liabilities": 56,
    "current_liabilities": 40,
    "equity": 44,
    "undistributed_profit": 18,
    "revenue": 130,
    "cost_of_sales": 100,
    "interest_expense": 1,
    "profit_before_tax": 8,
    "net_profit": 6,
    "operating_cash_flow": 9,
}


def credit_file(accounts: int, as_of: date) -> dict[str, pl.DataFrame]:
    """Fill the frames beside the ledger for customers E0, E1 and so on.

    Each has two annual statements, eleven records, an order and an earlier assessment; one in
    twenty has collateral, a promise, a dishonest-debtor entry, an earlier warning and a decision.
    """
    everybody, some = pl.int_range(accounts), pl.int_range(0, accounts, 20)
    return {
        "statements": pl.concat(_statements(everybody, end) for end in _YEAR_ENDS),
        "credit_records": pl.concat(_records(everybody, some, as_of)),
        "orders": _orders(everybody, as_of),
        "previous": _previous(everybody, as_of),
        "collateral": _collateral(some, as_of),
        "promises": _promises(some, as_of),
        "signals": _signals(some, as_of),
        "decisions": _decisions(some, as_of),
    }


def _rows(name: str, owner: pl.Expr, key: str, **columns: pl.Expr | object) -> pl.DataFrame:
    """Make a frame of the schema, one row an owner; columns left out are null."""
    given = {
        column: value if isinstance(value, pl.Expr) else pl.lit(value)
        for column, value in columns.items()
    }
    found = pl.select(owner.alias("n")).select("n", **given)
    schema = SCHEMAS[name]
    named = {next(iter(schema)): pl.concat_str(pl.lit(key), "n")}
    named["entity"] = pl.concat_str(pl.lit("E"), "n")
    return found.select(
        named.get(column, pl.col(column) if column in given else pl.lit(None))
        .cast(kind)
        .alias(column)
        for column, kind in schema.items()
    )


def _size(hundred: int) -> pl.Expr:
    """Spread firms over three decades of size; ``hundred`` percent of it, in minor units."""
    return (pl.col("n") * 7919 % 9973 + 27) * 20_000 * hundred


def _statements(owner: pl.Expr, end: date) -> pl.DataFrame:
    return _rows(
        "statements",
        owner,
        f"s{end.year}-",
        period_end=end,
        months=12,
        basis="audited",
        received_on=end + timedelta(days=110),
        source="customer",
        currency="CNY",
        **{line: _size(percent) for line, percent in _LINES.items()},
    )


def _records(everybody: pl.Expr, some: pl.Expr, as_of: date) -> list[pl.DataFrame]:
    def record(owner: pl.Expr, kind: str, key: str, months: int, **columns: object) -> pl.DataFrame:
        day = as_of - timedelta(days=30 * months)
        shared = {"kind": kind, "known_on": day, "event_on": day, "source": "file"}
        return _rows("credit_records", owner, key, **{**shared, **columns})

    papers = [
        record(everybody, kind, f"{kind}-", months, status=status, value=value)
        for kind, (status, value, months) in _RECORDS.items()
    ]
    appraisals = [
        record(everybody, "appraisal", f"{factor}-", 2, status=factor, value=4.0)
        for factor in _FACTORS
    ]
    return [*papers, *appraisals, record(some, "dishonest", "dishonest-", 4, status="open")]


def _orders(owner: pl.Expr, as_of: date) -> pl.DataFrame:
    return _rows(
        "orders",
        owner,
        "o",
        account=pl.concat_str(pl.lit("s:a"), "n"),
        ordered_on=as_of - timedelta(days=12),
        deliver_on=as_of + timedelta(days=20),
        currency="CNY",
        amount=_size(1) // 40,
        invoiced=0,
        status="open",
        prepaid=False,
    )


def _previous(owner: pl.Expr, as_of: date) -> pl.DataFrame:
    return _rows(
        "previous",
        owner,
        "",
        as_of=as_of - timedelta(days=1),
        grade="BBB",
        score_grade="BBB",
        score=64.0,
        currency="CNY",
        limit=_size(2),
        exposure=_size(1),
        watch_level="normal",
    )


def _collateral(owner: pl.Expr, as_of: date) -> pl.DataFrame:
    return _rows(
        "collateral",
        owner,
        "c",
        kind="bank_guarantee",
        currency="CNY",
        amount=_size(1),
        valid_from=as_of - timedelta(days=200),
        valid_to=as_of + timedelta(days=200),
        registered=True,
    )


def _promises(owner: pl.Expr, as_of: date) -> pl.DataFrame:
    return _rows(
        "promises",
        owner,
        "p",
        account=pl.concat_str(pl.lit("s:a"), "n"),
        made_on=as_of - timedelta(days=40),
        promised_on=as_of - timedelta(days=25),
        currency="CNY",
        amount=_size(1) // 100,
    )


def _signals(owner: pl.Expr, as_of: date) -> pl.DataFrame:
    days = {"first_on": as_of - timedelta(days=50), "last_on": as_of - timedelta(days=10)}
    return _rows("signals", owner, "w", code="E1", **days)


def _decisions(owner: pl.Expr, as_of: date) -> pl.DataFrame:
    return _rows(
        "decisions",
        owner,
        "d",
        kind="limit",
        from_on=as_of - timedelta(days=60),
        to_on=as_of + timedelta(days=120),
        currency="CNY",
        amount=_size(1),
        reason="strategic",
    )
