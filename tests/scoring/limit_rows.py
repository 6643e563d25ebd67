"""Rows and frames for tests of limits, exposure, reviews: decisions, collateral, notes, figures."""

from datetime import date
from typing import Any

import polars as pl

from scoring.assess import assess
from scoring.limits import grade_amounts, valued
from scoring.limits.methods import with_statement_figures
from scoring.policy import GRADES, Policy
from scoring.schemas import SCHEMAS
from tests.builders import AS_OF, Row, a_book, a_rate, days_ago

__all__ = [
    "a_collateral",
    "a_decision",
    "a_note",
    "a_previous",
    "an_insurance",
    "changed",
    "figures",
    "waterfall",
]


def changed(row: Row, **values: object) -> Row:
    """Take a row with other values."""
    return Row(row.frame, row.values | values)


def a_decision(
    kind: str,
    *,
    entity: str = "E1",
    decision: str | None = None,
    from_on: date = AS_OF,
    to_on: date | None = None,
    **columns: object,
) -> Row:
    """Make an approved decision, from today on unless told."""
    values = dict.fromkeys(SCHEMAS["decisions"]) | {"entity": entity, "kind": kind}
    key = decision or f"{entity}-{kind}-{from_on}"
    days = {"decision": key, "from_on": from_on, "to_on": to_on, "reason": "agreed"}
    return Row("decisions", values | days | columns)


def a_collateral(kind: str, amount: int, *, entity: str = "E1", **columns: object) -> Row:
    """Make registered collateral without an end."""
    values = dict.fromkeys(SCHEMAS["collateral"]) | {"entity": entity, "kind": kind}
    rest = {"collateral": f"{entity}-{kind}", "currency": "CNY", "amount": amount}
    state = {"valid_from": days_ago(10), "registered": True}
    return Row("collateral", values | rest | state | columns)


def an_insurance(
    amount: int, percent: float, *, status: str = "in_force", **columns: object
) -> Row:
    """Make an insurer's limit with its cover."""
    values = dict.fromkeys(SCHEMAS["credit_records"]) | {"entity": "E1", "kind": "insurance"}
    rest = {
        "record": f"ins-{status}",
        "known_on": days_ago(10),
        "status": status,
        "source": "insurer",
    }
    return Row(
        "credit_records",
        values | rest | {"amount": amount, "value": percent, "currency": "CNY"} | columns,
    )


def a_note(note: str, kind: str, amount: int, **columns: object) -> Row:
    """Make a note receivable, due in 60 days."""
    values = dict.fromkeys(SCHEMAS["notes"]) | {"note": note, "entity": "E1", "kind": kind}
    days = {"received_on": days_ago(5), "due_on": days_ago(-60)}
    return Row("notes", values | days | {"currency": "CNY", "amount": amount} | columns)


def a_previous(*, entity: str = "E1", as_of: date | None = None, **columns: object) -> Row:
    """Make the newest earlier assessment, of yesterday unless told."""
    values = dict.fromkeys(SCHEMAS["previous"]) | {"entity": entity, "currency": "CNY"}
    usual = {"as_of": as_of or days_ago(1), "watch_level": "normal"}
    return Row("previous", values | usual | columns)


def figures(
    *rows: Row | list[Row], policy: Policy | None = None, usd: str | None = "8"
) -> dict[str, Any]:
    """Assess customer E1 and return its row; a dollar is 8 yuan, or ``None``: nobody knows."""
    book = a_book(*rows, rates={} if usd is None else {"USD": a_rate(usd)})
    return assess(book, policy or Policy(), AS_OF).figures("E1")


_USUAL: dict[str, tuple[object, type[pl.DataType]]] = {
    "e": (0, pl.UInt32),
    "currency": ("CNY", pl.String),
    "unrated": (None, pl.String),
    "sales": (120_000_000, pl.Int64),
    "months": (12, pl.Int64),
    "need_days": (30, pl.Int64),
    "peak": (10_000_000, pl.Int64),
    "well_handled": (False, pl.Boolean),
    "n_settled": (12, pl.Int64),
    "high_credit": (0, pl.Int64),
    "age_months": (24, pl.Int64),
    "starter": (5_000_000, pl.Int64),
    "cap_concentration": (None, pl.Int64),
    "external": (None, pl.Int64),
    "secured": (0, pl.Int64),
    "exposure": (0, pl.Int64),
}


def waterfall(policy: Policy, grade: str | None, **given: Any) -> dict[str, Any]:
    """Work the waterfall of one customer out of figures; amounts in minor units of CNY."""
    values = {name: value for name, (value, _) in _USUAL.items()} | given
    kinds = {name: kind for name, (_, kind) in _USUAL.items()}
    place = None if grade is None else GRADES.index(grade)
    frame = pl.DataFrame([values | {"grade": place}], schema_overrides={**kinds, "grade": pl.Int32})
    amounts = grade_amounts(pl.Series(["CNY"]), policy, {"USD": a_rate("7")})
    frame = frame.join(amounts, on=["currency", "grade"], how="left", maintain_order="left")
    return valued(with_statement_figures(frame), policy).row(0, named=True)
