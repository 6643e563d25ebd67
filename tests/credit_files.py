"""Rows of a credit file for tests: boring and complete by default, a test takes away or adds."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import msgspec
import polars as pl

from scoring.behaviour import behaviour
from scoring.calendar import WorkCalendar
from scoring.claims import effective
from scoring.dossier import filed, trusted
from scoring.exposure import exposed
from scoring.financials.analysis import analysed
from scoring.gates import gated
from scoring.history import recorded
from scoring.limits import policy_amounts
from scoring.policy import GroupName, Policy
from scoring.promises import promised
from scoring.qualitative import appraised
from scoring.rates import Rate
from scoring.rating import graded
from scoring.scorecard import scored
from scoring.windows import windows_of
from tests.builders import AS_OF, Row, a_book, a_record, an_entity

__all__ = [
    "ALL_GROUPS",
    "a_child",
    "a_full_file",
    "a_guarantee",
    "a_last_assessment",
    "a_statement",
    "an_extract",
    "figures",
    "judged",
    "with_groups",
]

ALL_GROUPS: tuple[GroupName, ...] = ("payment", "financial", "history", "qualitative")
_MONTH_AGO = AS_OF - timedelta(days=30)


def with_groups(*groups: GroupName) -> Policy:
    """Make the default policy with other groups in use; without words, all four."""
    return msgspec.structs.replace(Policy(), groups=groups or ALL_GROUPS)


def judged(
    *rows: Row | list[Row],
    policy: Policy | None = None,
    as_of: date = AS_OF,
    rates: Mapping[str, Rate] | None = None,
) -> pl.DataFrame:
    """Rate the entities of a book, all groups in use: the stages of ``assess`` up to the gates."""
    book, policy = a_book(*rows, rates=rates), policy or with_groups()
    calendar = WorkCalendar()
    windows = windows_of(as_of, policy.behaviour, calendar)
    ledger = effective(book.ledger, policy.behaviour, calendar)
    amounts = policy_amounts(book.entities["currency"], policy, book.rates)
    entities = ledger.entities.join(amounts, on="currency", how="left", maintain_order="left")
    ledger = replace(ledger, entities=entities)
    frame = promised(behaviour(ledger, policy, windows), book, policy, windows, calendar)
    frame = exposed(frame, ledger, policy.exposure, as_of)
    frame = recorded(analysed(frame, book, policy, as_of), book, policy, as_of)
    frame = filed(appraised(frame, book, policy, as_of), book, policy, as_of)
    frame = graded(trusted(scored(frame, policy), policy), policy)
    return gated(frame, book, ledger, policy, as_of)


def figures(
    *rows: Row | list[Row],
    policy: Policy | None = None,
    as_of: date = AS_OF,
    rates: Mapping[str, Rate] | None = None,
    entity: str = "E1",
) -> dict[str, Any]:
    """Give one entity's figures."""
    frame = judged(*rows, policy=policy, as_of=as_of, rates=rates)
    return frame.filter(pl.col("entity") == entity).row(0, named=True)


def a_child(entity: str, parent: str) -> Row:
    """Make a subsidiary."""
    return Row("entities", an_entity(entity).values | {"parent": parent})


def an_extract(
    *, status: str = "active", founded_on: date = date(2006, 6, 30), known_on: date = _MONTH_AGO
) -> Row:
    """Make a registry extract of an old company."""
    return a_record("registry", status=status, event_on=founded_on, known_on=known_on)


def a_statement(
    *,
    period_end: date = date(2025, 12, 31),
    months: int = 12,
    equity: int = 440_000_00,
    basis: str = "audited",
) -> Row:
    """Make the balance sheet and income statement of a sound firm; equity and debts make the whole."""
    debts = 1_000_000_00 - equity
    lines = {
        "cash": 100_000_00,
        "receivables": 300_000_00,
        "inventory": 200_000_00,
        "current_assets": 620_000_00,
        "total_assets": 1_000_000_00,
        "current_liabilities": min(400_000_00, debts),
        "total_liabilities": debts,
        "paid_in_capital": 200_000_00,
        "undistributed_profit": 180_000_00,
        "equity": equity,
        "revenue": 1_300_000_00,
        "cost_of_sales": 1_000_000_00,
        "interest_expense": 10_000_00,
        "profit_before_tax": 80_000_00,
        "net_profit": 60_000_00,
        "operating_cash_flow": 90_000_00,
    }
    key = {"statement": f"st-{period_end}-{months}", "entity": "E1", "period_end": period_end}
    rest = {"months": months, "basis": basis, "received_on": _MONTH_AGO, "source": "test"}
    return Row("statements", key | rest | {"currency": "CNY"} | lines)


def a_last_assessment(grade: str, *, as_of: date = _MONTH_AGO) -> Row:
    """Make the assessment before this one."""
    values = {"entity": "E1", "as_of": as_of, "grade": grade, "score_grade": grade, "score": 70.0}
    rest = {"currency": "CNY", "limit": None, "exposure": None, "watch_level": "normal"}
    return Row("previous", values | rest | {"upgraded_on": None})


def a_guarantee(
    kind: str = "parent_guarantee",
    *,
    entity: str = "E1",
    registered: bool = False,
    valid_to: date | None = None,
) -> Row:
    """Make collateral of 100,000, given a month ago."""
    values = {"collateral": f"c-{entity}-{kind}", "entity": entity, "kind": kind, "currency": "CNY"}
    rest = {"amount": 100_000_00, "valid_from": _MONTH_AGO, "valid_to": valid_to}
    return Row("collateral", values | rest | {"registered": registered, "haircut": None})


def a_full_file() -> list[Row]:
    """Make every document of the file, all fresh, none remarkable; the trading history is not here."""
    appraisals = [
        a_record("appraisal", record=f"a-{factor}", status=factor, value=4.0, event_on=_MONTH_AGO)
        for factor in ("character", "capacity", "capital", "collateral", "conditions")
    ]
    references = [
        a_record(
            "reference", record=f"r{n}", status="trade", value=90.0, channel="phone", source=f"s{n}"
        )
        for n in range(3)
    ]
    documents = ("ownership", "contacts", "evidence", "judicial_check", "contract")
    return [
        an_extract(),
        a_statement(),
        a_statement(period_end=date(2026, 3, 31), months=3),
        a_record("bureau", value=80.0, source="score-100"),
        a_record("tax_grade", status="A", event_on=date(2025, 12, 31)),
        a_record("balance_confirmation"),
        *(a_record(kind) for kind in documents),
        *references,
        *appraisals,
    ]
