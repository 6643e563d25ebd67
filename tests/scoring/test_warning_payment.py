"""Signals E1 to E7, E11 and E12: each fires at its threshold and not just below it."""

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from scoring.policy import Policy
from scoring.warning import signals_of
from scoring.warning.payment import RULES
from tests.builders import (
    Row,
    a_paid_invoice,
    a_payment,
    a_return,
    a_steady_payer,
    an_allocation,
    an_invoice,
    days_ago,
)
from tests.scoring.warnings import figures, level_of, previously

_FIGURES: dict[str, Any] = {
    "delay_trend": None,
    "settled_max_year": 0,
    "age_months": 24,
    "late_oldest": None,
    "overdue_jump": 0.0,
    "late_rolled": 0,
    "in_parts_now": None,
    "in_parts_before": None,
    "broken_promises_90d": 0,
    "exposure": 0,
    "limit_in_use": None,
    "tight_days": None,
    "bounced": 0,
    "disputes_new": 0,
    "disputes_after_due": 0,
    "disputes_before": 0,
}
_TYPES = {
    "delay_trend": pl.Float64,
    "late_oldest": pl.Int64,
    "in_parts_now": pl.Float64,
    "in_parts_before": pl.Float64,
    "limit_in_use": pl.Int64,
    "tight_days": pl.Int64,
}


def _level(code: str, **known: object) -> int:
    return level_of(RULES, code, _FIGURES | known, _TYPES)


@pytest.mark.parametrize(
    ("code", "known", "level"),
    [
        ("E1", {"delay_trend": 6.99}, 0),
        ("E1", {"delay_trend": 7.0}, 2),
        ("E1", {"delay_trend": 14.99}, 2),
        ("E1", {"delay_trend": 15.0}, 4),
        ("E1", {}, 0),
        ("E2", {"late_oldest": 10}, 0),
        ("E2", {"late_oldest": 11}, 2),
        ("E2", {"late_oldest": 11, "settled_max_year": 11}, 0),
        ("E2", {"late_oldest": 11, "age_months": 11}, 0),
        ("E3", {"overdue_jump": 14.99}, 0),
        ("E3", {"overdue_jump": 15.0}, 4),
        ("E4", {"late_rolled": 1}, 8),
        ("E5", {"in_parts_now": 30.0, "in_parts_before": 0.0}, 0),
        ("E5", {"in_parts_now": 30.1, "in_parts_before": 9.9}, 2),
        ("E5", {"in_parts_now": 30.1, "in_parts_before": 10.0}, 0),
        ("E6", {"broken_promises_90d": 1}, 2),
        ("E6", {"broken_promises_90d": 2}, 4),
        ("E7", {"exposure": 100, "limit_in_use": 100, "tight_days": 14}, 0),
        ("E7", {"exposure": 95, "limit_in_use": 100, "tight_days": 15}, 2),
        ("E7", {"exposure": 101, "limit_in_use": 100}, 4),
        ("E7", {"exposure": 101}, 0),
        ("E11", {"bounced": 1}, 8),
        ("E12", {"disputes_after_due": 1, "disputes_new": 1}, 2),
        ("E12", {"disputes_new": 1}, 0),
        # Three times the usual: 30 days of 335 hold 11.2 times as many as one new dispute is worth.
        ("E12", {"disputes_new": 2, "disputes_before": 8}, 0),
        ("E12", {"disputes_new": 2, "disputes_before": 7}, 2),
    ],
)
def test_a_payment_signal_fires_at_its_threshold(
    code: str, known: dict[str, object], level: int
) -> None:
    assert _level(code, **known) == level


def test_a_jump_of_the_overdue_ratio_compares_with_thirty_days_ago() -> None:
    """200 open and 50 of it overdue now (25 %); thirty days ago 100 open, nothing overdue."""
    found = figures(
        an_invoice("old", amount=5_000, issued_on=days_ago(60), due_on=days_ago(5)),
        an_invoice("long", amount=5_000, issued_on=days_ago(60), due_on=days_ago(-40)),
        an_invoice("new", amount=10_000, issued_on=days_ago(3)),
    )

    assert found["overdue_jump"] == pytest.approx(25.0)
    assert found["signal_E3"] == 4


def test_what_was_overdue_before_is_no_jump() -> None:
    found = figures(an_invoice(issued_on=days_ago(90), due_on=days_ago(31)))

    assert found["overdue_jump"] == pytest.approx(0.0)
    assert found["signal_E3"] == 0


@pytest.mark.parametrize(("late", "level"), [(90, 0), (91, 8)])
def test_an_amount_rolls_beyond_ninety_days(late: int, level: int) -> None:
    found = figures(an_invoice(issued_on=days_ago(late + 30), due_on=days_ago(late)))

    assert found["signal_E4"] == level


def test_partial_payments_begin() -> None:
    """Three paid whole before; of three settled lately one came in two parts: 33 %, before 0 %."""
    rows: list[Row | list[Row]] = [
        a_paid_invoice(f"o{n}", due_on=days_ago(200 + n)) for n in range(3)
    ]
    rows += [a_paid_invoice(f"n{n}", due_on=days_ago(20 + n)) for n in range(2)]
    invoice = an_invoice("split", issued_on=days_ago(60), due_on=days_ago(30))
    for number in range(2):
        half = a_payment(f"h{number}", amount=50_000, paid_on=days_ago(30 - number))
        rows += [half, an_allocation(half, invoice)]
    found = figures(invoice, *rows)

    assert found["in_parts_now"] == pytest.approx(100 / 3)
    assert found["in_parts_before"] == 0.0
    assert found["signal_E5"] == 2


@pytest.mark.parametrize(("ago", "level"), [(89, 8), (90, 0)])
def test_a_bounced_payment_is_critical_for_a_while(ago: int, level: int) -> None:
    paid = a_paid_invoice(due_on=days_ago(200))
    found = figures(paid, a_return(paid[1], returned_on=days_ago(ago)))

    assert found["signal_E11"] == level


@pytest.mark.parametrize(("raised", "level"), [(0, 0), (1, 2)])
def test_a_dispute_after_the_due_date_is_a_signal(raised: int, level: int) -> None:
    due = days_ago(20)
    found = figures(
        an_invoice(
            issued_on=days_ago(50),
            due_on=due,
            disputed=1_000,
            disputed_on=due + timedelta(days=raised),
        )
    )

    assert found["signal_E12"] == level


def test_utilisation_counts_the_days_in_a_row() -> None:
    """A receivable of 950 since twenty days on a limit of 1,000: 20 days and today."""
    found = figures(
        an_invoice(amount=95_000, issued_on=days_ago(20)),
        a_steady_payer(months=3, amount=10_000),
        previous=previously(limit=10_000_000),
    )

    assert found["tight_days"] is not None
    assert found["tight_days"] == 0
    assert found["limit_in_use"] >= 10_000_000
    tight = figures(
        an_invoice(amount=9_500_000, issued_on=days_ago(20), due_on=days_ago(-40)),
        previous=previously(limit=10_000_000),
    )
    assert tight["tight_days"] == 21
    assert tight["peak_utilisation_percent"] == pytest.approx(95.0)
    assert tight["over_limit_days"] == 0
    assert tight["mean_utilisation_percent"] == pytest.approx(95.0 * 21 / 365)
    assert tight["signal_E7"] == 2


def test_signals_are_told_with_their_numbers() -> None:
    row = figures(an_invoice(amount=50_000, issued_on=days_ago(130), due_on=days_ago(100)))

    told = {signal.code: signal for signal in signals_of(row, Policy())}

    assert told["E4"].params["days"] == 90
    assert told["E4"].level == 8
    assert isinstance(told["E4"].first_on, date)


def test_who_owes_beyond_no_limit_at_all_does_so_at_least_today() -> None:
    row = figures(an_invoice(amount=50_000), previous=previously(limit=0))
    used_up = next(rule for rule in RULES if rule.code == "E7").params(
        row | {"tight_days": None}, Policy()
    )

    assert used_up["days"] == 1
