"""Group Q: anchored appraisals, two assessors, and what stands in where nobody appraised."""

from datetime import date
from decimal import Decimal

import msgspec
import pytest

from connector.texts.catalogue import LANGUAGES, Texts
from scoring.policy import Policy
from scoring.policy.qualitative import QualitativeGroupPolicy
from scoring.qualitative import ANCHOR_SCORES, FACTORS
from scoring.windows import months_before
from tests.builders import (
    AS_OF,
    Row,
    a_paid_invoice,
    a_rate,
    a_record,
    an_entity,
    an_invoice,
    days_ago,
)
from tests.credit_files import a_guarantee, an_extract, figures, with_groups

_MONTH_AGO = days_ago(30)


def _appraisal(factor: str, value: float, who: str = "li", on: date = _MONTH_AGO) -> Row:
    key = f"{factor}-{who}-{on}"
    return a_record(
        "appraisal", record=key, status=factor, value=value, source=who, event_on=on, known_on=on
    )


def _with(**changes: object) -> Policy:
    policy = with_groups()
    rules = msgspec.structs.replace(policy.scorecard.qualitative, **changes)
    card = msgspec.structs.replace(policy.scorecard, qualitative=rules)
    return msgspec.structs.replace(policy, scorecard=card)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_score_of_every_factor_has_its_anchor(language: str) -> None:
    texts = Texts(language)
    codes = [f"anchor.{factor}.{score}" for factor in FACTORS for score in ANCHOR_SCORES]

    assert len({texts.say(code) for code in codes}) == 25


@pytest.mark.parametrize(("score", "share"), [(1, 0), (2, 25), (3, 50), (5, 100)])
def test_points_are_a_quarter_for_each_step_above_one(score: float, share: float) -> None:
    row = figures(_appraisal("conditions", score))

    assert row["share_conditions"] == share


def test_a_score_off_the_scale_and_an_old_one_do_not_count() -> None:
    old = _appraisal("character", 4, on=months_before(AS_OF, 12))
    row = figures(_appraisal("conditions", 6), old)

    assert (row["conditions_score"], row["character_score"]) == (None, None)


def test_an_assessors_last_word_counts() -> None:
    row = figures(_appraisal("character", 2, on=days_ago(90)), _appraisal("character", 4))

    assert (row["character_score"], row["appraisal_dispute"]) == (4.0, False)


@pytest.mark.parametrize(
    ("other", "score", "dispute"), [(4.0, 4.0, False), (3.0, 3.5, False), (2.0, 2.0, True)]
)
def test_of_two_who_differ_too_much_the_lower_counts_and_it_is_told(
    other: float, score: float, *, dispute: bool
) -> None:
    row = figures(_appraisal("character", 4), _appraisal("character", other, "wang"))

    assert (row["character_score"], row["appraisal_dispute"]) == (score, dispute)


def test_the_policy_may_take_the_middle_of_a_dispute() -> None:
    rows = [_appraisal("character", 4), _appraisal("character", 2, "wang")]
    row = figures(*rows, policy=_with(lower_counts=False))

    assert (row["character_score"], row["appraisal_dispute"]) == (3.0, True)


@pytest.mark.parametrize(
    ("owed", "second", "single"),
    [(50_000_000, False, True), (49_999_999, False, False), (50_000_000, True, False)],
)
def test_a_large_exposure_asks_for_a_second_assessor(
    owed: int, *, second: bool, single: bool
) -> None:
    rows = [an_invoice(amount=owed), _appraisal("character", 4)]
    rows += [_appraisal("character", 4, "wang")] * second

    assert figures(*rows)["appraisal_single"] is single


def test_the_threshold_is_compared_in_the_customers_currency() -> None:
    rows = [an_entity(currency="USD"), an_invoice(amount=8_000_000, currency="USD")]
    row = figures(*rows, _appraisal("character", 4), rates={"USD": a_rate("7")})

    assert row["appraisal_single"] is True


@pytest.mark.parametrize(
    ("founded_on", "share"),
    [
        (date(2010, 1, 1), 100),
        (date(2021, 6, 30), 70),
        (date(2023, 6, 30), 40),
        (date(2024, 6, 30), 20),
        (date(2025, 7, 1), 0),
        (date(2026, 6, 30), 0),
    ],
)
def test_years_in_business_by_the_registry(founded_on: date, share: float) -> None:
    row = figures(an_extract(founded_on=founded_on))

    assert row["share_years_in_business"] == pytest.approx(share)


def test_years_with_us_count_from_the_first_invoice_and_are_missing_without_one() -> None:
    first = a_paid_invoice(due_on=date(2024, 5, 30))  # issued on 30 April 2024

    assert figures(first)["years_with_us"] == pytest.approx(26 / 12)
    assert figures(an_entity())["years_with_us"] is None


@pytest.mark.parametrize(("paid", "share"), [(100, 100), (50, 50), (0, 0), (120, 100)])
def test_paid_in_capital_stands_in_for_capital(paid: int, share: float) -> None:
    subscribed = a_record("registry", amount=100, currency="CNY", status="active")
    row = figures(subscribed, a_record("paid_in", amount=paid, currency="CNY"))

    assert row["share_capital"] == share


def test_an_appraisal_goes_before_the_proxy() -> None:
    subscribed = a_record("registry", amount=100, currency="CNY")
    paid = a_record("paid_in", amount=100, currency="CNY")

    assert figures(subscribed, paid, _appraisal("capital", 2))["capital_score"] == 2.0


@pytest.mark.parametrize(
    ("held", "score"),
    [
        (a_guarantee("property", registered=True), 4.0),
        (a_guarantee("property", registered=False), None),
        (a_guarantee("property", registered=True, valid_to=days_ago(1)), None),
    ],
)
def test_registered_collateral_stands_in_for_an_appraisal(held: Row, score: float | None) -> None:
    assert figures(held)["collateral_score"] == score


def test_points_of_the_group_by_hand() -> None:
    """Founded 5 years ago 70 % · 3 = 2.1; conditions 4 → 75 % · 3 = 2.25; character 3 → 1: 5.35 of 8."""
    row = figures(
        an_extract(founded_on=date(2021, 6, 30)),
        _appraisal("conditions", 4),
        _appraisal("character", 3),
        _appraisal("capacity", 1),
    )

    assert row["present_qualitative"] == 8.0
    assert row["share_qualitative"] == pytest.approx(5.35 / 8)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"points": Decimal(16)}, "hold 15 points, the group 16"),
        ({"appraisal_months": 0}, "appraisal_months"),
        ({"collateral_proxy": Decimal(6)}, "collateral_proxy"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(changes: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        QualitativeGroupPolicy(**changes)  # type: ignore[arg-type]
