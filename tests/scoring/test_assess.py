"""What an assessment says: score, gates, rating, hold, exposure, dates, unknowns."""

from datetime import date, timedelta
from decimal import Decimal

import polars as pl
import pytest

from scoring.assess import assess
from scoring.assessment import Assessment
from scoring.book import Book, BookError
from scoring.calendar import WorkCalendar
from scoring.money import Money
from scoring.policy import Policy, load_policy
from scoring.scorecard import scored
from tests.builders import (
    AS_OF,
    Row,
    a_book,
    a_credit_note,
    a_paid_invoice,
    a_payment,
    a_rate,
    a_steady_payer,
    an_entity,
    an_invoice,
    an_order,
    days_ago,
)


def _said(*rows: Row | list[Row], as_of: date = AS_OF, policy: Policy | None = None) -> Assessment:
    return assess(a_book(*rows), policy or Policy(), as_of).row("E1")


def _late_invoice(days: int, amount: int = 1_000_000) -> Row:
    return an_invoice("late", amount=amount, issued_on=days_ago(days + 30))


@pytest.mark.parametrize(("settled", "points"), [(8, 20.825), (1, 20.9270833)])
def test_points_of_the_payment_group(settled: int, points: float) -> None:
    """Vector 17: WADL 5, late 22.5%, overdue 10%, longest 45 days, no promises."""
    features = pl.DataFrame(
        {
            "wadl": [5.0],
            "late_amount_percent": [22.5],
            "overdue_scored_percent": [10.0],
            "max_delay": [45.0],
            "n_settled": [settled],
            "broken_promise_percent": pl.Series([None], dtype=pl.Float64),
        }
    )
    row = scored(features, Policy()).row(0, named=True)

    assert row["raw_payment"] == pytest.approx(0.59375)
    assert row["share_payment"] * 35 == pytest.approx(points)


def test_one_prompt_payment_is_no_top_rating() -> None:
    """Vector 17: q = 1, n = 1 → 25.667 of 35."""
    features = pl.DataFrame(
        {
            "wadl": [0.0],
            "late_amount_percent": [0.0],
            "overdue_scored_percent": [0.0],
            "max_delay": [0.0],
            "n_settled": [1],
            "broken_promise_percent": pl.Series([None], dtype=pl.Float64),
        }
    )
    row = scored(features, Policy()).row(0, named=True)

    assert row["share_payment"] * 35 == pytest.approx(25.6666667)
    assert row["score"] == 73.3


def test_a_group_with_too_little_data_gets_the_prior() -> None:
    features = pl.DataFrame(
        {
            "wadl": [None],
            "late_amount_percent": [None],
            "overdue_scored_percent": [0.0],
            "max_delay": [None],
            "n_settled": [4],
            "broken_promise_percent": [None],
        },
        schema_overrides={
            "wadl": pl.Float64,
            "late_amount_percent": pl.Float64,
            "broken_promise_percent": pl.Float64,
            "max_delay": pl.Int64,
        },
    )
    row = scored(features, Policy()).row(0, named=True)

    assert (row["low_payment"], row["raw_payment"]) == (True, 0.4)


def test_a_prompt_payer_without_statements_is_an_a() -> None:
    said = _said(a_steady_payer())

    assert (said.rating, said.score) == ("A", Decimal("94.3"))
    assert [reason.code for reason in said.reasons] == ["no_statements", "days_late", "late_amount"]


def test_a_thin_file_says_so() -> None:
    said = _said(a_steady_payer(months=4))

    assert said.rating == "BB"
    assert said.reasons[0].code == "thin_history"
    assert said.reasons[0].params == {"settled": 4, "needed": 5, "months": 4, "cap": "BB"}


def test_an_unknown_customer_is_not_rated_and_says_why() -> None:
    said = _said(an_entity())

    assert (said.rating, said.score, said.hold) == ("NR", None, "none")
    assert [reason.code for reason in said.reasons] == ["no_history"]
    assert said.limit == Money(5_000_000, "CNY")
    assert (said.data_as_of, said.days_late, said.completeness) == (None, None, 52)


@pytest.mark.parametrize("identity", ["invalid", "conflict"])
def test_an_identity_in_doubt_forbids_a_rating(identity: str) -> None:
    said = _said(an_entity(identity=identity), a_steady_payer())

    assert (said.rating, said.limit, said.terms_days) == ("NR", None, None)
    assert [reason.code for reason in said.reasons] == [f"identity_{identity}"]
    assert said.exposure == Money(0, "CNY")


@pytest.mark.parametrize(
    ("days", "amount", "rating", "first"),
    [
        (61, 10_000_000, "B", "over_60_days"),
        (91, 100_000, "CCC", "over_90_days"),
        (91, 10_000_000, "D", "default_event"),
    ],
)
def test_gates_cap_the_rating_and_come_first(
    days: int, amount: int, rating: str, first: str
) -> None:
    prompt = [row for n in range(30) for row in a_paid_invoice(f"p{n}", amount=20_000_000)]
    said = _said(prompt, _late_invoice(days, amount))

    assert (said.rating, said.reasons[0].code) == (rating, first)


@pytest.mark.parametrize(
    ("days", "hold", "threshold"), [(3, "none", None), (31, "hold", 30), (61, "stop", 60)]
)
def test_overdue_days_hold_and_stop(days: int, hold: str, threshold: int | None) -> None:
    said = _said(a_steady_payer(), _late_invoice(days))

    assert said.hold == hold
    assert (said.hold_reason and said.hold_reason.params["threshold"]) == threshold


def test_small_overdue_holds_nothing() -> None:
    said = _said(a_steady_payer(), _late_invoice(46, amount=49_900))

    assert (said.hold, said.hold_reason) == ("none", None)


def test_exposure_counts_orders_once_and_deducts_what_is_unapplied() -> None:
    """Vector 12 as far as our records go: 250 + 120 - 30 - 10 = 330."""
    said = _said(
        an_invoice(amount=25_000),
        an_order("o1", amount=20_000, invoiced=8_000),
        an_order("o2", amount=99_000, prepaid=True),
        an_order("o3", amount=99_000, status="closed"),
        an_order("o4", amount=99_000, deliver_on=days_ago(-61)),
        a_payment(amount=3_000),
        a_credit_note(amount=1_000),
    )

    assert said.exposure == Money(33_000, "CNY")
    assert said.available == Money(5_000_000 - 33_000, "CNY")
    assert said.utilisation == Decimal("0.7")


def test_something_owed_without_a_limit_is_used_999_percent() -> None:
    said = _said(a_steady_payer(), _late_invoice(100, amount=10_000_000))

    assert (said.limit, said.utilisation) == (Money(0, "CNY"), Decimal(999))


def test_a_missing_rate_is_never_taken_as_one() -> None:
    said = _said(a_steady_payer(), an_invoice("usd", currency="USD"))

    assert (said.rating, said.limit, said.exposure, said.overdue) == ("NR", None, None, None)
    assert (said.ageing, said.days_late, said.oldest_days) == (None, None, None)
    assert said.reasons[0].code == "missing_rate"
    assert said.reasons[0].params == {"currency": "USD"}


def test_without_a_rate_to_the_policy_currency_the_figures_are_known_but_not_the_rating() -> None:
    said = _said(an_entity(currency="USD"), an_invoice(amount=70_000, currency="USD"))

    assert (said.rating, said.exposure) == ("NR", Money(70_000, "USD"))


def test_the_ageing_sums_to_the_receivable() -> None:
    said = _said(
        *[an_invoice(f"i{n}", amount=1_000 + n, issued_on=days_ago(25 + n * 28)) for n in range(6)]
    )
    assert said.ageing is not None
    buckets = [getattr(said.ageing, field).minor for field in said.ageing.__struct_fields__]

    assert sum(buckets) == sum(1_000 + n for n in range(6))
    assert buckets == [1_000, 1_001, 1_002, 1_003, 1_004 + 1_005]


def test_the_review_date_stands_still_until_it_is_reached() -> None:
    rows = a_steady_payer()
    first = _said(rows).next_review_on
    days = [AS_OF + timedelta(days=n) for n in range((first - AS_OF).days)]

    reviews = {_said(rows, as_of=day, policy=_patient()).next_review_on for day in days[::20]}
    assert reviews == {first}
    assert _said(rows, as_of=first, policy=_patient()).next_review_on > first


def _patient() -> Policy:
    """A policy under which the rating does not change while nothing is bought."""
    return load_policy("[behaviour]\nwindow_months = 36\nmax_delay_months = 36")


def test_a_limit_is_valid_a_month_beyond_the_review() -> None:
    said = _said(a_steady_payer())

    assert said.limit_valid_to == said.next_review_on + timedelta(days=30)


def test_terms_are_those_agreed_but_not_more_than_the_grade_allows() -> None:
    assert _said(an_entity(terms_days=15), a_steady_payer()).terms_days == 15
    assert _said(an_entity(terms_days=120), a_steady_payer()).terms_days == 60


def test_an_empty_book_has_no_assessments() -> None:
    assert list(assess(Book.empty(), Policy(), AS_OF).rows()) == []


def test_rates_of_another_currency_than_the_policys_are_refused() -> None:
    with pytest.raises(BookError, match="priced in CNY, the policy counts in USD"):
        assess(a_book(an_entity()), load_policy("currency = 'USD'"), AS_OF)


def test_an_unknown_entity_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        assess(a_book(), Policy(), AS_OF).row("E1")


def test_holidays_are_no_working_days_for_unapplied_cash() -> None:
    calendar = WorkCalendar(exceptions={date(2026, 6, 24): False}, known_years=frozenset({2026}))
    book = a_book(an_invoice(amount=100_000), a_payment(paid_on=days_ago(8)))

    assert assess(book, Policy(), AS_OF).figures("E1")["late_sum"] == 0
    assert assess(book, Policy(), AS_OF, calendar=calendar).figures("E1")["late_sum"] == 100_000


def test_completeness_is_the_fresh_share_of_the_file_that_serves_the_groups_in_use() -> None:
    """Payment behaviour alone: identity 12 and trading history 6 of 23; contacts 5 are missing."""
    assert _said(a_steady_payer()).completeness == 78


def test_rates_matter_only_to_those_who_use_them() -> None:
    rows = [
        *a_steady_payer(),
        an_entity("E2", currency="USD"),
        an_invoice("u", entity="E2", currency="USD"),
    ]
    low = assess(a_book(rows, rates={"USD": a_rate("7")}), Policy(), AS_OF)
    high = assess(a_book(rows, rates={"USD": a_rate("8")}), Policy(), AS_OF)

    assert low.row("E1").inputs_hash == high.row("E1").inputs_hash
    assert low.row("E2").inputs_hash != high.row("E2").inputs_hash
