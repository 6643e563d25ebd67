"""Kaplan–Meier against a textbook, and a forecast that adds up to what is open."""

import math
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.model.cash import (
    LATER,
    SHRINKAGE,
    Curves,
    delay_curves,
    expected_late,
    forecast,
    kaplan_meier,
    weekly,
)

AS_OF = date(2026, 6, 30)
_INVOICES = {"customer": pl.String, "posted": pl.Date, "due": pl.Date, "settled": pl.Date}
_OPEN = {
    "item": pl.String,
    "customer": pl.String,
    "due": pl.Date,
    "currency": pl.String,
    "open": pl.Int64,
}


def ago(days: int) -> date:
    return AS_OF - timedelta(days=days)


def paid(customer: str, late: int, *, due: int = 100, terms: int = 30) -> dict[str, object]:
    """An invoice due ``due`` days ago and paid ``late`` days after that."""
    return {
        "customer": customer,
        "posted": ago(due + terms),
        "due": ago(due),
        "settled": ago(due - late),
    }


def standing(customer: str, due: int) -> dict[str, object]:
    """An open invoice due ``due`` days ago."""
    return {"customer": customer, "posted": ago(due + 30), "due": ago(due), "settled": None}


def invoices(*rows: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=_INVOICES)


def item(
    name: str, customer: str = "C", *, due: int = 0, amount: int = 1000, currency: str = "CNY"
) -> dict[str, object]:
    values = {"item": name, "customer": customer, "due": ago(due)}
    return values | {"currency": currency, "open": amount}


def items(*rows: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=_OPEN)


def unpaid(curves: Curves, customer: str, day: int) -> float:
    """Read a curve at a day."""
    rows = curves.table.filter((pl.col("customer") == customer) & (pl.col("day") <= day))
    return math.exp(rows["log_unpaid"][-1]) if rows.height else 1.0


def test_kaplan_meier_equals_the_textbook() -> None:
    """Remission times of the 6-MP group (Freireich 1963), printed in every survival textbook."""
    ended = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    censored = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    rows = [(day, True) for day in ended] + [(day, False) for day in censored]
    lives = pl.DataFrame(rows, schema={"exit": pl.Int64, "ended": pl.Boolean}, orient="row")

    curve = kaplan_meier(lives).filter(pl.col("ended") > 0)

    assert curve["day"].to_list() == [6, 7, 10, 13, 16, 22, 23]
    assert curve["at_risk"].to_list() == [21, 17, 15, 12, 11, 7, 6]
    printed = [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]
    assert curve["survival"].to_list() == pytest.approx(printed, abs=6e-4)


def test_who_enters_later_is_not_at_risk_before() -> None:
    rows = [(-30, -10, True), (-15, 0, True), (-15, 5, True)]
    lives = pl.DataFrame(rows, schema=["entry", "exit", "ended"], orient="row")

    curve = kaplan_meier(lives).filter(pl.col("ended") > 0)

    assert curve["at_risk"].to_list() == [3, 2, 1]


def test_open_invoices_count_as_censored() -> None:
    """Four of five paid on the due date, one open for ten days: it never counts as paid."""
    rows = [paid("C", 0) for _ in range(4)] + [standing("C", 10)]

    curves = delay_curves(invoices(*rows), AS_OF, shrinkage=0)

    assert unpaid(curves, "C", 0) == pytest.approx(0.2)
    assert unpaid(curves, "C", 10) == pytest.approx(0.2)


def test_a_thin_customer_leans_on_the_portfolio() -> None:
    prompt = [paid("P", 0) for _ in range(99)]
    curves = delay_curves(invoices(*prompt, paid("L", 20)), AS_OF, customers=["P", "L", "new"])

    hazard = 99 / 100
    assert unpaid(curves, "new", 0) == pytest.approx(1 - hazard)
    assert unpaid(curves, "L", 0) == pytest.approx(1 - SHRINKAGE * hazard / (1 + SHRINKAGE))
    assert unpaid(curves, "L", 20) < 0.01 + 1e-9


def test_a_single_early_payer_does_not_end_everybody_s_curve() -> None:
    """One invoice with very long terms, alone at risk when it is paid, says nothing about others."""
    early = paid("E", -150, terms=170)
    rows = [paid("C", 0) for _ in range(10)] + [paid("C", 10) for _ in range(10)]
    curves = delay_curves(invoices(early, *rows), AS_OF, shrinkage=0)

    found = forecast(items(item("due in 5", due=-5)), curves, AS_OF, weeks=3)

    assert found.sort("item")["expected"].to_list() == [500, 0, 500, 0]


def test_facts_after_the_date_do_not_exist() -> None:
    known = invoices(*(paid("C", n) for n in range(10)), standing("C", 5))
    later = known.with_columns(pl.col("settled").fill_null(AS_OF + timedelta(days=3))).vstack(
        invoices({"customer": "C", "posted": ago(-1), "due": ago(-31), "settled": None})
    )

    assert delay_curves(later, AS_OF).table.equals(delay_curves(known, AS_OF).table)


def test_a_forecast_is_what_is_left_of_the_curve() -> None:
    """Half pay on the due date, half ten days later; due today and still open: ten days later."""
    rows = [paid("C", 0) for _ in range(10)] + [paid("C", 10) for _ in range(10)]
    curves = delay_curves(invoices(*rows), AS_OF, shrinkage=0)

    found = forecast(items(item("due today"), item("due in 5", due=-5)), curves, AS_OF, weeks=3)

    shares: dict[Any, Any] = {
        (row[0], row[1]): row[2] for row in found.select("item", "week", "expected").rows()
    }
    assert [shares["due today", week] for week in (1, 2, 3, LATER)] == [0, 1000, 0, 0]
    assert [shares["due in 5", week] for week in (1, 2, 3, LATER)] == [500, 0, 500, 0]


def test_what_is_older_than_all_experience_is_expected_later() -> None:
    curves = delay_curves(invoices(*(paid("C", 3) for _ in range(5))), AS_OF)

    found = forecast(items(item("old", due=400, amount=77)), curves, AS_OF, weeks=2)

    assert found.filter(pl.col("expected") > 0).select("week", "expected").rows() == [(LATER, 77)]


def test_without_any_history_nothing_is_promised() -> None:
    curves = delay_curves(invoices(), AS_OF, customers=["C"])

    found = forecast(items(item("one", amount=9)), curves, AS_OF)

    assert found.filter(pl.col("week") == LATER)["expected"].to_list() == [9]
    assert forecast(items(), curves, AS_OF).is_empty()


_CUSTOMERS = st.sampled_from(["A", "B", "C"])


@settings(max_examples=60, deadline=None)
@given(
    history=st.lists(
        st.tuples(_CUSTOMERS, st.integers(-40, 90), st.integers(-30, 200)), max_size=30
    ),
    owed=st.lists(
        st.tuples(_CUSTOMERS, st.integers(-60, 300), st.integers(1, 10**13)), min_size=1, max_size=8
    ),
    weeks=st.integers(1, 20),
)
def test_the_weeks_and_later_add_up_to_what_is_open(
    history: list[tuple[str, int, int]], owed: list[tuple[str, int, int]], weeks: int
) -> None:
    """To the last minor unit, and no week takes money back."""
    rows = [paid(customer, late, due=due) for customer, late, due in history]
    open_items = [
        item(str(n), who, due=due, amount=amount) for n, (who, due, amount) in enumerate(owed)
    ]

    curves = delay_curves(invoices(*rows), AS_OF, customers=["A", "B", "C"])
    spread = forecast(items(*open_items), curves, AS_OF, weeks=weeks)

    per_item = dict(spread.group_by("item").agg(pl.col("expected").sum()).iter_rows())
    assert per_item == {str(n): amount for n, (_, _, amount) in enumerate(owed)}
    assert int(spread["expected"].to_numpy().min()) >= 0
    total = weekly(spread)
    assert total["expected"].sum() == sum(amount for _, _, amount in owed)
    assert total.filter(pl.col("low") > pl.col("expected") + 1).is_empty()


def test_a_customer_s_items_are_taken_as_paid_together() -> None:
    """One customer with two items has a wider band than two customers with one each."""
    rows = [paid(who, late) for who in "AB" for late in (0, 0, 20, 20)]
    curves = delay_curves(invoices(*rows), AS_OF, shrinkage=0)

    def band(*owners: str) -> int:
        owed = items(*(item(str(n), who, due=-3) for n, who in enumerate(owners)))
        week = weekly(forecast(owed, curves, AS_OF, weeks=1)).row(0, named=True)
        return int(week["high"] - week["low"])

    assert band("A", "A") > band("A", "B") > 0


def test_currencies_are_never_added() -> None:
    curves = delay_curves(invoices(*(paid("C", 3) for _ in range(5))), AS_OF)
    owed = items(item("a"), item("b", currency="USD"))

    assert weekly(forecast(owed, curves, AS_OF))["currency"].unique().sort().to_list() == [
        "CNY",
        "USD",
    ]


def test_expected_lateness_is_what_passes_its_due_date_unpaid() -> None:
    """Three in four pay on the due date: a quarter of what is due in the days becomes late."""
    rows = [paid("C", 0) for _ in range(30)] + [paid("C", 15) for _ in range(10)]
    curves = delay_curves(invoices(*rows), AS_OF, shrinkage=0)
    owed = items(
        item("overdue already", due=1),
        item("due tomorrow", due=-1, amount=400),
        item("due in a month", due=-30, amount=8_000),
    )

    assert expected_late(owed, curves, AS_OF).rows() == [("C", "CNY", 100)]
    assert expected_late(owed, curves, AS_OF, days=31).rows() == [("C", "CNY", 2_100)]
    assert expected_late(items(item("overdue", due=9)), curves, AS_OF).is_empty()


def test_the_order_of_invoices_does_not_matter() -> None:
    rows = [paid(who, late, due=60 + late) for who in "AB" for late in range(-5, 40, 3)]
    owed = items(*(item(str(n), "AB"[n % 2], due=n * 4 - 30) for n in range(12)))

    def run(frame: pl.DataFrame, due: pl.DataFrame) -> pl.DataFrame:
        return weekly(forecast(due, delay_curves(frame, AS_OF), AS_OF))

    assert run(invoices(*rows), owed).equals(run(invoices(*reversed(rows)), owed.reverse()))
