"""The whole card: four groups, prospects, missing data, and who gets no score."""

from decimal import Decimal

import msgspec
import polars as pl
import pytest

from scoring.policy import Policy, PolicyError, load_policy
from scoring.policy.scorecard import ProspectPolicy
from scoring.scorecard import groups_in_use, scored
from tests.builders import Row, a_record, a_steady_payer, an_entity, an_invoice
from tests.credit_files import a_full_file, a_statement, an_extract, figures, with_groups

_PARTS = {
    "payment": ("wadl", "late_amount_percent", "overdue_scored_percent", "max_delay"),
    "history": ("bureau_score", "negative_severity", "reference_score", "tax_score"),
    "qualitative": (
        *("years_in_business", "years_with_us", "conditions_score", "character_score"),
        *("capital_score", "collateral_score"),
    ),
}


def _features(**known: float) -> pl.DataFrame:
    """Make one customer's features, those of groups P, H and Q; what is not named is missing."""
    columns = [column for parts in _PARTS.values() for column in parts] + ["broken_promise_percent"]
    blank = dict.fromkeys(columns, None)
    frame = pl.DataFrame([blank | {"n_settled": 0} | known], infer_schema_length=None)
    return frame.with_columns(pl.col(columns).cast(pl.Float64))


_FULL_HISTORY = {
    "bureau_score": 50.0,
    "negative_severity": 0.0,
    "reference_score": 50.0,
    "tax_score": 100.0,
}
_FULL_QUALITY = {
    "years_in_business": 10.0,
    "years_with_us": 0.0,
    "conditions_score": 3.0,
    "character_score": 3.0,
    "capital_score": 3.0,
    "collateral_score": 3.0,
}
_PROMPT = {
    "wadl": 0.0,
    "late_amount_percent": 0.0,
    "overdue_scored_percent": 0.0,
    "max_delay": 0.0,
    "n_settled": 8,
}


def _scored(policy: Policy, **known: float) -> dict[str, object]:
    return scored(_features(**known), policy).row(0, named=True)


def test_the_four_groups_hold_100_points() -> None:
    groups = groups_in_use(with_groups())

    assert [group.name for group in groups] == ["payment", "financial", "history", "qualitative"]
    assert sum(group.points for group in groups) == 100


def test_points_of_three_groups_by_hand() -> None:
    """P (8·1 + 1.2)/10 = .92 · 35 = 32.2; H 4 + 6 + 1.5 + 3 = 14.5; Q 3 + 0 + 9 · .5 = 7.5.

    54.2 of 70 points are 77.4 of 100.
    """
    policy = with_groups("payment", "history", "qualitative")
    row = _scored(policy, **_PROMPT, **_FULL_HISTORY, **_FULL_QUALITY)

    assert row["share_history"] == pytest.approx(14.5 / 20)
    assert row["share_qualitative"] == pytest.approx(7.5 / 15)
    assert (row["score"], row["n_low"]) == (77.4, 0)


def test_a_prospect_has_its_own_weights() -> None:
    """H .725 · 35 + Q .5 · 20 = 35.375 of 55: 64.3."""
    policy = with_groups("payment", "history", "qualitative")
    row = _scored(policy, **_FULL_HISTORY, **_FULL_QUALITY)

    assert (row["weight_payment"], row["weight_history"], row["weight_qualitative"]) == (
        None,
        35.0,
        20.0,
    )
    assert row["score"] == 64.3


def test_without_the_payment_group_there_are_no_prospects() -> None:
    row = _scored(with_groups("history", "qualitative"), **_FULL_HISTORY, **_FULL_QUALITY)

    assert (row["weight_history"], row["weight_qualitative"]) == (20.0, 15.0)


def test_a_group_short_of_data_gets_the_prior_and_is_counted() -> None:
    """A bureau score alone holds 8 of 20 points: the group gets 40 %."""
    row = _scored(with_groups("payment", "history"), **_PROMPT, bureau_score=100.0)

    assert (row["share_history"], row["n_low"]) == (0.4, 1)
    assert row["score"] == pytest.approx((32.2 + 8) / 55 * 100, abs=0.05)


def test_half_of_a_groups_points_are_enough() -> None:
    """Bureau 8 of 8 and tax 3 of 3 of 11 present."""
    row = _scored(with_groups("payment", "history"), **_PROMPT, bureau_score=100.0, tax_score=100.0)

    assert (row["share_history"], row["n_low"]) == (1.0, 0)


@pytest.mark.parametrize(
    "known",
    [{}, {"bureau_score": 100.0}, {"years_in_business": 20.0}, {"overdue_scored_percent": 0.0}],
)
def test_priors_alone_are_no_score(known: dict[str, float]) -> None:
    row = _scored(with_groups("payment", "history", "qualitative"), **known)

    assert row["score"] is None


def test_an_unknown_customer_is_not_rated_whatever_groups_are_in_use() -> None:
    row = figures(an_entity())

    assert (row["grade"], row["score"], row["unrated"]) == (None, None, "no_history")


def test_an_invoice_that_is_not_due_is_no_history() -> None:
    assert figures(an_invoice())["unrated"] == "no_history"


@pytest.mark.parametrize(
    "known",
    [
        [a_statement()],
        [a_record("bureau", value=70.0, source="score-100"), a_record("judicial_check")],
    ],
)
def test_a_prospect_with_a_statement_or_a_history_is_rated_at_most_bb(known: list[Row]) -> None:
    row = figures(known)

    assert row["score"] is not None
    assert row["grade"] >= 4
    assert row["gate_thin_history"] is True


def test_the_best_customer_with_a_full_file_is_well_rated() -> None:
    row = figures(a_steady_payer(), a_full_file())

    assert row["n_low"] == 0
    assert row["score"] > 75
    assert row["grade"] == row["score_grade"]


def test_unaudited_statements_are_worth_less() -> None:
    audited, told = (
        figures(a_steady_payer(), a_statement(basis=basis))
        for basis in ("audited", "self_declared")
    )

    assert told["basis_factor"] < audited["basis_factor"] == 1.0
    assert told["share_financial"] == pytest.approx(
        audited["share_financial"] * told["basis_factor"]
    )


def test_rounding_up_is_exact_where_binary_fractions_fall_short() -> None:
    row = _scored(with_groups("history"), **(_FULL_HISTORY | {"bureau_score": 0.0}))

    assert row["score"] == 52.5


def test_four_groups_that_do_not_make_100_are_refused_with_their_places() -> None:
    text = """
    groups = ["payment", "financial", "history", "qualitative"]
    [scorecard.history]
    points = 25
    [scorecard.history.bureau]
    points = 13
    curve = [[0, 0], [100, 100]]
    """
    with pytest.raises(PolicyError, match=r"add up to 105.*scorecard.history.points 25"):
        load_policy(text)
    three = text.replace('"qualitative"', "").replace('"history", ]', '"history"]')
    assert load_policy(three).scorecard.history.points == 25


def test_characteristics_that_do_not_make_their_group_are_refused_at_the_group() -> None:
    with pytest.raises(PolicyError) as caught:
        load_policy("[scorecard.history]\npoints = 21")

    assert [mistake.path for mistake in caught.value.mistakes] == ["scorecard.history"]


def test_weights_of_a_prospect_make_100() -> None:
    with pytest.raises(ValueError, match="add up to 99"):
        ProspectPolicy(financial=Decimal(44))


def test_a_policys_prospect_weights_are_used() -> None:
    policy = with_groups("payment", "history", "qualitative")
    weights = ProspectPolicy(financial=Decimal(0), history=Decimal(90), qualitative=Decimal(10))
    card = msgspec.structs.replace(policy.scorecard, prospect=weights)
    policy = msgspec.structs.replace(policy, scorecard=card)

    assert _scored(policy, **_FULL_HISTORY, **_FULL_QUALITY)["score"] == 70.3  # .725·90 + .5·10


def test_registry_alone_makes_no_rating() -> None:
    assert figures(an_extract())["unrated"] == "no_history"
