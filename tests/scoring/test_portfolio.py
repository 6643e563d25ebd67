"""Sums of a portfolio, checked by hand: grade by ageing, losses, concentration, stress, collection."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from scoring.ageing import TrendPoint, ageing_report, trend_point
from scoring.assess import assess
from scoring.assessment import NOT_RATED
from scoring.holdings import AGEING, HOLDING_COLUMNS, holdings
from scoring.policy import Policy
from scoring.portfolio import Line, Portfolio, portfolio
from scoring.rates import Rate
from tests.builders import (
    AS_OF,
    Row,
    a_book,
    a_paid_invoice,
    a_rate,
    an_entity,
    an_invoice,
    days_ago,
)

POLICY = Policy()


def a_holding(entity: str, **figures: object) -> dict[str, object]:
    """Say what a customer owes; all of it current and its exposure unless told."""
    ar = figures.get("ar", 0)
    words = {"entity": entity, "name": f"Customer {entity}", "rating": "A", "currency": "CNY"}
    zeros = {name: 0 for name, kind in HOLDING_COLUMNS.items() if kind == pl.Int64}
    rest = {"hold": "none", "watch_level": "normal", "overridden": False}
    amounts = {"age_current": ar, "exposure": ar}
    return zeros | words | rest | amounts | figures


def of(*rows: Mapping[str, object], rates: Mapping[str, Rate] | None = None) -> Portfolio:
    return portfolio(pl.DataFrame(list(rows), schema=HOLDING_COLUMNS), POLICY, rates or {}, AS_OF)


def named(lines: tuple[Line, ...]) -> dict[str, Line]:
    return {line.name: line for line in lines}


def assessed(*rows: Row | list[Row]) -> pl.DataFrame:
    return holdings(assess(a_book(*rows, rates={"USD": a_rate("7.1")}), POLICY, AS_OF))


def test_sums_are_by_grade_and_ageing_and_empty_grades_are_left_out() -> None:
    found = of(
        a_holding("a", ar=100, age_current=60, age_1_30=40, overdue=30, provision=7),
        a_holding("b", ar=50),
        a_holding("c", ar=8, age_current=0, age_over_90=8, overdue=8, rating=NOT_RATED),
    )

    grades = named(found.grades)
    assert list(grades) == ["A", NOT_RATED]
    assert (grades["A"].customers, grades["A"].age_current, grades["A"].age_1_30) == (2, 110, 40)
    assert (grades["A"].overdue, grades["A"].provision) == (30, 7)
    assert (found.total.ar, found.total.age_over_90, found.total.customers) == (158, 8, 3)


def test_segments_are_industries_the_largest_first_the_unknown_one_without_a_name() -> None:
    found = of(
        a_holding("a", ar=1, segment="food"),
        a_holding("b", ar=5),
        a_holding("c", ar=3, segment="food"),
    )

    assert [(line.name, line.ar) for line in found.segments] == [("", 5), ("food", 4)]


def test_who_is_on_hold_or_watched_is_counted_with_what_it_owes() -> None:
    found = of(a_holding("a", ar=1), a_holding("b", ar=5, hold="stop", watch_level="high"))

    assert named(found.holds)["stop"].exposure == 5
    assert named(found.watch_levels)["high"].customers == 1


def test_the_ten_largest_exposures_carry_their_share() -> None:
    found = of(*(a_holding(f"c{number:02}", ar=number) for number in range(12)))

    assert [top.exposure for top in found.top] == [*range(11, 1, -1)]
    assert found.top[0].share == pytest.approx(11 * 100 / 66)


def test_concentration_is_the_sum_of_squared_shares() -> None:
    assert of(a_holding("a", ar=75), a_holding("b", ar=25)).concentration == pytest.approx(0.625)
    assert of(a_holding("a")).concentration is None


def test_doubled_probabilities_stop_at_one() -> None:
    """BB has a PD of 3.6 %, D of 100 %: only the first can double."""
    found = of(
        a_holding("a", rating="BB", expected_loss=1000),
        a_holding("b", rating="D", expected_loss=700),
    )

    assert found.stress.expected_loss == 1700
    assert found.stress.expected_loss_doubled_pd == 2700


def test_the_largest_customer_s_default_costs_what_no_security_covers_times_lgd() -> None:
    found = of(a_holding("a", ar=1000, secured=200), a_holding("b", ar=900))

    assert found.stress.top_defaults == "a"
    assert found.stress.top_loss == int(800 * POLICY.limits.lgd)
    nobody = of(a_holding("a"))
    assert (nobody.stress.top_defaults, nobody.stress.top_loss) == (None, None)


def test_fifteen_days_of_delay_tie_up_fifteen_days_of_sales() -> None:
    days = (AS_OF - of().collection.since).days
    assert of(a_holding("a", recent_sales=days * 20)).stress.delay_capital == 15 * 20


def test_collection_is_measured_over_all_customers() -> None:
    """CEI: (200 + 300 - 250) / (200 + 300 - 150)."""
    found = of(
        a_holding(
            "a",
            ar=250,
            age_current=150,
            age_1_30=100,
            ar_before=200,
            recent_sales=300,
            sales=1000,
            n_promises=4,
            n_broken=1,
        )
    ).collection

    assert found.effectiveness == pytest.approx(250 / 350 * 100)
    assert found.dso == pytest.approx(250 * 365 / 1000)
    assert found.dso == pytest.approx((found.best_possible_dso or 0) + (found.days_delinquent or 0))
    assert (found.promises, found.promises_kept) == (4, 75.0)


def test_nothing_sold_and_nothing_promised_is_no_figure() -> None:
    found = of(a_holding("a")).collection

    assert (found.effectiveness, found.dso, found.promises_kept) == (None, None, None)


def test_many_overrides_are_told_beside_the_alarm() -> None:
    found = of(a_holding("a", overridden=True), a_holding("b"), a_holding("c", rating=NOT_RATED))

    assert (found.overridden, found.override_alarm) == (50.0, 15.0)


def test_who_cannot_be_converted_is_in_no_sum_and_named() -> None:
    found = of(
        a_holding("a", ar=100, currency="USD"),
        a_holding("b", ar=100, currency="GBP"),
        a_holding("c", ar=100, unknown="JPY"),
        rates={"USD": Rate(price=Decimal("7.1"), on=date(2026, 1, 1))},
    )

    assert (found.total.ar, found.total.customers) == (710, 1)
    assert [(one.entity, one.currency) for one in found.left_out] == [("b", "GBP"), ("c", "JPY")]


def test_holdings_are_read_off_the_assessment() -> None:
    rows = assessed(
        an_entity("E1"),
        an_entity("E2", currency="USD"),
        an_invoice("i1", amount=70_00, due_on=days_ago(10), issued_on=days_ago(40)),
        an_invoice("i2", amount=30_00, issued_on=days_ago(130), due_on=days_ago(95)),
        a_paid_invoice("p9", entity="E2", currency="USD"),
    )

    first = rows.row(0, named=True)
    assert rows["entity"].to_list() == ["E1", "E2"]
    assert [first[name] for name in AGEING] == [0, 70_00, 0, 0, 30_00]
    assert (first["ar"], first["ar_before"], first["recent_sales"]) == (100_00, 30_00, 70_00)
    assert rows.null_count().row(0, named=True)["provision"] == 0


def test_the_ageing_lists_customers_in_their_currency_the_most_overdue_first() -> None:
    rows = assessed(
        *(an_entity("E1"), an_entity("E2", currency="USD"), an_entity("E3")),
        an_invoice("i1", amount=500_00, due_on=days_ago(10), issued_on=days_ago(40)),
        an_invoice(
            "i2",
            amount=100_00,
            entity="E2",
            currency="USD",
            issued_on=days_ago(70),
            due_on=days_ago(40),
        ),
    )

    found = ageing_report(rows, {"USD": a_rate("7.1")}, "CNY", AS_OF)
    without = ageing_report(rows, {}, "CNY", AS_OF)

    assert [(one.entity, one.currency, one.overdue) for one in found.customers] == [
        ("E2", "USD", 100_00),
        ("E1", "CNY", 500_00),
    ]
    assert [(total.currency, total.ar) for total in found.totals] == [
        ("CNY", 500_00),
        ("USD", 100_00),
    ]
    assert (found.total.ar, found.total.age_31_60, found.left_out) == (1210_00, 710_00, ())
    assert (without.total.ar, [one.entity for one in without.left_out]) == (500_00, ["E2"])
    assert [one.entity for one in without.customers] == ["E1", "E2"]


def test_a_trend_point_counts_whom_it_cannot_convert() -> None:
    names = ("current", "days_1_30", "days_31_60", "days_61_90", "over_90", "overdue")
    seen = pl.DataFrame(
        [
            ("CNY", 1, 2, 3, 4, 5, 14),
            ("USD", 100, 0, 0, 0, 0, 0),
            ("CNY", None, None, None, None, None, None),
            ("GBP", 9, 9, 9, 9, 9, 36),
        ],
        schema={"currency": pl.String, **dict.fromkeys(names, pl.Int64)},
        orient="row",
    )

    point = trend_point(seen, {"USD": a_rate("7.1")}, "CNY", AS_OF)

    assert point == TrendPoint(
        on=AS_OF, customers=2, ar=15 + 710, overdue=14, over_90=5, left_out=2
    )
