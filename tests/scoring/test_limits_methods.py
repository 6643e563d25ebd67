"""The methods of the limit at their edges: what counts on its last day, at zero, at its mark."""

from datetime import date
from typing import Any

import polars as pl
import pytest

from scoring.calendar import WorkCalendar
from scoring.limits.methods import history, history_floor, methods, with_statement_figures
from scoring.limits.need import (
    average_need,
    need,
    need_days,
    peak_purchases,
    seasonal_need,
)
from scoring.policy import GRADES, Policy, load_policy
from scoring.windows import windows_of
from tests.builders import (
    AS_OF,
    Row,
    a_book,
    a_record,
    a_steady_payer,
    an_entity,
    an_invoice,
    days_ago,
)
from tests.scoring.limit_rows import a_decision, a_previous, an_insurance, changed, figures

_ALL = load_policy(
    "[limits]\nuse_net_worth = true\nuse_working_capital = true\n"
    "use_working_assets = true\nuse_revenue = true"
)


def _methods(**figures: float | None) -> dict[str, Any]:
    """Work the methods out of statement figures, a tenth of each where a share is asked for."""
    shares = {"worth_up": 1, "worth_down": 10, "revenue_up": 1, "revenue_down": 10}
    frame = with_statement_figures(pl.DataFrame({"e": [0], **shares}))
    given = [pl.lit(value).cast(frame.schema[name]).alias(name) for name, value in figures.items()]
    return frame.with_columns(given).select(methods(_ALL)).row(0, named=True)


def test_working_capital_of_nothing_is_left_out_and_a_little_counts() -> None:
    share = _ALL.limits.working_capital_share

    assert _methods(net_working_capital=0)["working_capital_share"] is None
    assert _methods(net_working_capital=-1)["working_capital_share"] is None
    assert _methods(net_working_capital=1)["working_capital_share"] == int(share)
    assert _methods(net_working_capital=100)["working_capital_share"] == int(100 * share)


def test_losses_give_no_negative_limit() -> None:
    assert _methods(tangible_net_worth=-500)["net_worth_share"] == 0
    assert _methods(annual_revenue=-500)["revenue_share"] == 0
    assert _methods(tangible_net_worth=500, annual_revenue=70) == {
        "net_worth_share": 50,
        "working_capital_share": None,
        "working_assets": None,
        "revenue_share": 7,
    }


@pytest.mark.parametrize(("worth", "assets"), [(-1, 0), (0, 0), (2, 1_000_001)])
def test_without_net_worth_working_assets_are_nothing_whatever_the_capital(
    worth: int, assets: int
) -> None:
    """E of 10 is above every mark: the last share of half of what is there."""
    best = _ALL.limits.working_assets_shares[-1]
    found = _methods(
        net_worth=worth,
        net_working_capital=2_000_000,
        current_ratio=10.0,
        quick_ratio=0.0,
        current_liabilities_to_net_worth=0.0,
        total_liabilities_to_net_worth=0.0,
    )

    assert found["working_assets"] == int(assets * best)


@pytest.mark.parametrize(
    ("well", "settled", "high", "expected"),
    [(True, 1, 1_000, 1_000), (True, 0, 1_000, None), (True, 1, 0, None), (False, 1, 1_000, None)],
)
def test_history_counts_when_something_was_owed_and_paid_well(
    settled: int,
    high: int,
    expected: int | None,
    *,
    well: bool,
) -> None:
    policy = load_policy("[limits]\nhigh_credit_growth = 0")
    frame = pl.DataFrame({"well_handled": [well], "n_settled": [settled], "high_credit": [high]})

    assert frame.select(history(policy)).item() == expected


def test_the_floor_of_history_is_earned_by_age_and_grade() -> None:
    policy = load_policy("[limits]\nhistory_floor = true\nhistory_floor_share = 0.5")
    rules = policy.limits
    worst = GRADES.index(rules.history_floor_grade)

    def floor(grade: int, months: int, proven: int | None = 1_000) -> object:
        frame = pl.DataFrame(
            {"history": [proven], "grade": [grade], "age_months": [months], "high_credit": [1_000]},
            schema_overrides={"history": pl.Int64},
        )
        return frame.select(history_floor(policy)).item()

    assert floor(worst, rules.history_floor_months) == 500
    assert floor(worst + 1, rules.history_floor_months) is None
    assert floor(worst, rules.history_floor_months - 1) is None
    assert floor(worst, rules.history_floor_months, None) is None


_BUYER = a_steady_payer(amount=400_000_000)


@pytest.mark.parametrize(
    ("record", "external"),
    [
        (a_record("bureau", known_on=days_ago(365), amount=700, currency="CNY"), 700),
        (a_record("bureau", known_on=days_ago(366), amount=700, currency="CNY"), None),
        (an_insurance(700, 0.0, valid_to=AS_OF), 700),
        (an_insurance(700, 0.0, valid_to=days_ago(1)), None),
        (an_insurance(700, 0.0, ended_on=AS_OF), None),
        (an_insurance(700, 0.0, ended_on=days_ago(-1)), 700),
    ],
)
def test_a_guideline_counts_to_its_last_day(record: Row, external: int | None) -> None:
    assert figures(_BUYER, record)["external"] == external


def test_each_guideline_stands_under_its_own_name() -> None:
    found = figures(
        _BUYER,
        a_record("bureau", known_on=days_ago(9), amount=700, currency="CNY"),
        an_insurance(900, 0.0),
    )

    assert (found["bureau_guideline"], found["insurer_guideline"]) == (700, 900)


def test_a_guideline_in_another_currency_is_converted() -> None:
    record = a_record("bureau", known_on=days_ago(9), amount=100, currency="USD")

    assert figures(_BUYER, record)["bureau_guideline"] == 800


def test_a_score_without_an_amount_does_not_replace_a_guideline_but_a_refusal_does() -> None:
    guideline = a_record("bureau", known_on=days_ago(9), amount=700, currency="CNY")
    score = a_record("bureau", record="later", known_on=days_ago(1), value=80.0)
    cover = an_insurance(900, 0.0)
    refusal = changed(
        an_insurance(0, 0.0, status="refused", known_on=days_ago(1)), amount=None, currency=None
    )

    assert figures(_BUYER, guideline, score)["bureau_guideline"] == 700
    assert figures(_BUYER, cover, refusal)["insurer_guideline"] is None


@pytest.mark.parametrize(
    ("terms", "wadl", "counts", "days"),
    [
        (30, 5.4, True, 35),
        (30, 5.5, True, 36),
        (30, 900.0, True, 30 + 15),
        (30, 5.0, False, 30),
        (30, 5.0, None, 30),
        (None, 0.0, True, 30),
    ],
)
def test_need_days_are_terms_and_a_little_lateness_of_good_grades(
    terms: int | None,
    wadl: float,
    days: int,
    *,
    counts: bool | None,
) -> None:
    policy = load_policy(
        "[limits]\nlate_days_in_need = 15\nbilling_lag_days = 0\n"
        "[behaviour]\ndefault_terms_days = 30"
    )
    frame = pl.DataFrame(
        {"terms_days": [terms], "weighted_terms": [None], "wadl": [wadl], "lateness": [counts]},
        schema={
            "terms_days": pl.Int32,
            "weighted_terms": pl.Float64,
            "wadl": pl.Float64,
            "lateness": pl.Boolean,
        },
    )
    lagged = load_policy("[limits]\nbilling_lag_days = 7\nlate_days_in_need = 15")

    assert frame.select(need_days(policy)).item() == days
    assert frame.select(need_days(lagged)).item() == days + 7


def _peak(need: int, *invoices: tuple[int, int]) -> object:
    """Find the peak of one entity's purchases: (days ago, amount) each."""
    rows = [
        an_invoice(f"i{number}", amount=amount, issued_on=days_ago(days))
        for number, (days, amount) in enumerate(invoices)
    ]
    book = a_book(an_entity(), *rows)
    windows = windows_of(AS_OF, Policy().behaviour, WorkCalendar())
    frame = book.ledger.entities.select("e").with_columns(pl.lit(need, pl.Int64).alias("need_days"))
    found = peak_purchases(book.ledger, frame, windows)
    return found["peak"].item() if found.height else None


def test_the_peak_is_the_most_bought_within_the_need_days() -> None:
    assert _peak(30, (100, 5), (71, 7), (70, 11), (1, 2)) == 18  # 70 is 30 days after 100: outside
    assert _peak(31, (100, 5), (71, 7), (70, 11), (1, 2)) == 23
    assert _peak(0, (100, 5)) == 0
    assert _peak(1, (100, 5), (100, 6), (99, 7)) == 11


def test_only_purchases_of_the_window_up_to_today_count() -> None:
    year = (AS_OF - date(2025, 6, 30)).days

    assert _peak(10, (0, 5)) == 5
    assert _peak(10, (-1, 5)) is None
    assert _peak(10, (year - 1, 5)) == 5
    assert _peak(10, (year, 5)) is None


def _limit(before: int | None, **policy: object) -> tuple[object, object]:
    lines = "\n".join(f"{name} = {value}" for name, value in policy.items())
    rows: list[Row] = [] if before is None else [a_previous(limit=before)]
    found = figures(
        a_steady_payer(amount=4_000_000), rows, policy=load_policy(f"[limits]\n{lines}")
    )
    assert found["computed_limit"] == 4_000_000
    return found["limit"], found["bound_by"]


def test_a_change_of_exactly_the_share_or_the_step_is_no_small_one() -> None:
    """4,000,000 is computed; 10 % and 5,000 yuan are the policy's share and step."""
    calm = {"stable_share": 0.1, "stable_step": 1_000_000}

    assert _limit(4_444_445, **calm) == (4_000_000, "need")
    assert _limit(4_444_444, **calm) == (4_444_444, "previous_limit")
    stepped = {"stable_share": 0.9, "stable_step": 3_000}
    assert _limit(4_300_000, **stepped) == (4_000_000, "need")
    assert _limit(4_299_999, **stepped) == (4_299_999, "previous_limit")


def test_a_limit_that_was_raised_today_says_so_and_one_that_was_cut_does_not() -> None:
    long_ago = days_ago(500)
    buyer = a_steady_payer(amount=4_000_000)
    raised = figures(buyer, a_previous(limit=3_000_000, limit_raised_on=long_ago))
    same = figures(buyer, a_previous(limit=4_000_000, limit_raised_on=long_ago))
    cut = figures(buyer, a_previous(limit=9_000_000, limit_raised_on=long_ago))
    none = figures(buyer, a_previous(limit=None, limit_raised_on=long_ago))

    assert raised["limit_raised_on"] == AS_OF
    assert same["limit_raised_on"] == cut["limit_raised_on"] == long_ago
    assert none["limit"] == 4_000_000


def test_a_hold_decided_by_hand_freezes_no_limit() -> None:
    held = a_decision("hold")
    found = figures(a_steady_payer(amount=4_000_000), held)

    assert (found["frozen"], found["limit"]) == (False, 4_000_000)


def test_the_average_need_is_a_months_purchases_for_the_days_with_safety_and_tax() -> None:
    """1,200 in six months are 200 a month; for 45 days 300; half more for safety, 13 % of tax."""
    policy = load_policy("[limits]\nvalue_added_tax = 0.13")
    row = {"sales": 1_200, "months": 6, "need_days": 45, "safety_up": 3, "safety_down": 2}

    def need(**columns: int) -> object:
        return pl.DataFrame([row | columns]).select(average_need(policy)).item()

    assert need() == 508  # 508.5
    assert need(sales=0) is None
    assert need(sales=1) == 0


def test_the_seasonal_need_grows_as_expected_and_stands_first_where_the_policy_says_so() -> None:
    growing = load_policy("[limits]\ngrowth = 0.25\nseasonal_need = true")
    steady = load_policy("[limits]\nseasonal_need = false")
    frame = pl.DataFrame({"sales": [900], "peak": [401], "need_average": [7], "none": [None]})
    seasonal = frame.with_columns(seasonal_need(growing).alias("need_seasonal"))
    missing = seasonal.with_columns(pl.lit(None, pl.Int64).alias("need_seasonal"))

    assert seasonal["need_seasonal"].item() == 501
    assert frame.with_columns(sales=0).select(seasonal_need(growing)).item() is None
    assert [seasonal.select(need(policy)).item() for policy in (growing, steady)] == [501, 7]
    assert missing.select(need(growing)).item() == 7
