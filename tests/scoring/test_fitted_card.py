"""A fitted card at run time: scaling, bins, missing values, blending, and texts that are no card."""

import subprocess
import sys

import msgspec
import polars as pl
import pytest

from scoring.assess import assess
from scoring.fitted_card import (
    CardBin,
    CardError,
    Characteristic,
    FittedCard,
    Scaling,
    TrainedOn,
    applied,
    blend_weight,
    blended_pd,
    blended_score,
    card_of,
    card_text,
    card_toml,
)
from scoring.policy import Policy, PolicyError, load_policy
from tests.builders import AS_OF, a_book, a_steady_payer, an_entity

PACKAGE_SCALE = Scaling(base=600, odds=19, pdo=50)


def a_card(name: str = "days", *, n_bad: int = 60) -> FittedCard:
    """One characteristic, days: 30 points below 1, 20 below 2, 10 above, 15 when missing."""
    points = ((1.0, 30.0), (2.0, 20.0), (None, 10.0))
    bins = tuple(CardBin(below=cut, woe=0.0, points=point) for cut, point in points)
    days = Characteristic(
        name=name, coefficient=-1.0, iv=0.3, bins=bins, missing_woe=0.0, missing_points=15.0
    )
    return FittedCard(
        version="1",
        target="default",
        trained=TrainedOn(first=None, last=None, n=100, n_bad=n_bad),
        scaling=Scaling(),
        intercept=0.0,
        characteristics=(days,),
    )


def test_vector_4_package_scale() -> None:
    assert PACKAGE_SCALE.factor == pytest.approx(72.134752, abs=5e-7)
    assert PACKAGE_SCALE.offset == pytest.approx(387.603624, abs=5e-7)
    scores = [round(PACKAGE_SCALE.score(pd), 1) for pd in (0.01, 0.02, 0.10)]
    assert scores == [719.1, 668.3, 546.1]


def test_vector_4_hundred_point_scale() -> None:
    frame = pl.DataFrame({"score": [50.0, 60.0, 70.0, 80.0, 90.0, 40.0, 30.0]})

    pds = frame.select(Scaling().pd(pl.col("score"))).to_series()

    expected = [0.05, 0.02564, 0.01299, 0.00654, 0.00328, 0.09524, 0.17391]
    assert pds.to_list() == pytest.approx(expected, abs=5e-6)


def test_bin_holds_what_is_below_its_cut_and_missing_has_its_own() -> None:
    frame = pl.DataFrame({"days": [0.5, 1.0, 1.5, 2.0, 99.0, None, float("nan")]})

    scores = applied(frame, a_card())["score"].to_list()

    assert scores == [30, 20, 20, 10, 10, 15, 15]


def test_points_stand_beside_the_score_by_characteristic() -> None:
    scored = applied(pl.DataFrame({"days": [0.0], "name": ["x"]}), a_card())

    assert scored.columns == ["days", "name", "points", "score", "pd"]
    assert scored["points"].to_list() == [{"days": 30.0}]


def test_missing_column_is_named() -> None:
    with pytest.raises(CardError, match="days"):
        applied(pl.DataFrame({"other": [1]}), a_card())


def test_text_is_read_back_as_the_same_card() -> None:
    assert card_of(card_text(a_card())) == a_card()


@pytest.mark.parametrize("cuts", [(2.0, 1.0, None), (1.0, None, None), (1.0, 2.0, 3.0)])
def test_bins_out_of_order_are_no_card(cuts: tuple[float | None, ...]) -> None:
    document = msgspec.json.decode(card_text(a_card()))
    for found, cut in zip(document["characteristics"][0]["bins"], cuts, strict=True):
        found["below"] = cut

    with pytest.raises(CardError, match="days: bins must rise"):
        card_of(msgspec.json.encode(document))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{}", "no fitted card"),
        ("not json", "no fitted card"),
        (card_text(a_card()).replace('"format": 1', '"format": 9'), "format: is 9, must be 1"),
        (card_text(a_card()).replace('"pdo": 10.0', '"pdo": 0.0'), "pdo: lies above 0"),
    ],
)
def test_other_texts_are_refused_with_a_reason(text: str, what: str) -> None:
    with pytest.raises(CardError, match=what):
        card_of(text)


def test_weight_of_the_fitted_card_grows_with_the_defaults() -> None:
    assert [blend_weight(bads) for bads in (0, 50, 150)] == [0.0, 0.5, 0.75]


def test_blending_scores_is_blending_log_odds() -> None:
    scale = Scaling()
    frame = pl.DataFrame({"expert": [70.0, 55.0], "fitted": [50.0, 90.0]})
    expert, fitted = pl.col("expert"), pl.col("fitted")

    by_score = frame.select(scale.pd(blended_score(expert, fitted, 50))).to_series()
    by_pd = frame.select(blended_pd(scale.pd(expert), scale.pd(fitted), 50)).to_series()

    assert by_pd.to_list() == pytest.approx(by_score.to_list())


def test_one_score_alone_holds() -> None:
    frame = pl.DataFrame({"expert": [70.0, None], "fitted": [None, 40.0]})

    mixed = frame.select(blended_score(pl.col("expert"), pl.col("fitted"), 100)).to_series()

    assert mixed.to_list() == [70.0, 40.0]


def test_run_time_needs_nothing_of_the_extra() -> None:
    """The card, the engine and the commands do without scikit-learn, optbinning and lightgbm."""
    code = (
        "import sys, scoring.fitted_card, scoring.assess, connector.cli.main\n"
        "heavy = {'sklearn', 'optbinning', 'lightgbm'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def with_card(card: FittedCard) -> Policy:
    return load_policy(f'version = "with-card"\n[scorecard]\nshrink_weight = 2\n{card_toml(card)}')


def test_a_policy_carries_a_card_word_for_word() -> None:
    dated = msgspec.structs.replace(
        a_card("wadl"), trained=TrainedOn(first=AS_OF, last=None, n=100, n_bad=60)
    )

    assert with_card(dated).scorecard.fitted == dated


def test_the_score_is_blended_by_the_defaults_behind_the_card() -> None:
    """Paying on the day is 0 days late: 30 points of the card, at 150 defaults three quarters."""
    book = a_book(an_entity("E1"), a_steady_payer(entity="E1"))
    (alone,) = assess(book, Policy(), AS_OF).frame.to_dicts()

    (row,) = assess(book, with_card(a_card("wadl", n_bad=150)), AS_OF).frame.to_dicts()

    assert (row["fitted_score"], row["fitted_weight"]) == (30.0, 0.75)
    assert row["expert_score"] == alone["score"]
    assert row["score"] == pytest.approx(alone["score"] / 4 + 30 * 3 / 4, abs=0.05)
    assert row["score"] == round(row["score"], 1)


def test_a_card_that_knows_nothing_of_a_customer_leaves_the_expert_alone() -> None:
    book = a_book(an_entity("E1"), a_steady_payer(entity="E1", months=3))
    (alone,) = assess(book, Policy(), AS_OF).frame.to_dicts()
    assert alone["volatility"] is None

    (row,) = assess(book, with_card(a_card("volatility")), AS_OF).frame.to_dicts()

    assert row["score"] == row["expert_score"] == alone["score"]
    assert (row["fitted_score"], row["fitted_weight"]) == (None, None)


def test_who_has_no_score_gets_none_from_a_card() -> None:
    card = a_card("n_settled")

    (row,) = assess(a_book(an_entity("E1")), with_card(card), AS_OF).frame.to_dicts()

    assert (row["score"], row["fitted_score"]) == (None, None)


def test_without_a_card_nothing_is_added() -> None:
    frame = assess(a_book(an_entity("E1")), Policy(), AS_OF).frame

    assert not {"expert_score", "fitted_score", "fitted_weight"} & set(frame.columns)


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('name = "wadl"', 'name = "luck"', "characteristics[0].name"),
        ("coefficient = -1.0", "coefficient = 1.0", "characteristics[0].coefficient"),
        ("base = 50.0", "base = 600.0", "scaling.base"),
        ("n_bad = 60", "n_bad = 0", "trained.n_bad"),
        ("below = 2.0", "below = 0.5", "characteristics[0].bins"),
        ("missing_woe = 0.0, ", "", "characteristics[0].missing_woe"),
        ("woe = 0.0, points = 10.0", "woe = 0.5, points = 10.0", "characteristics[0].bins"),
    ],
)
def test_a_card_that_cannot_be_used_is_refused_at_its_place(old: str, new: str, place: str) -> None:
    text = card_toml(a_card("wadl"))
    assert old in text

    with pytest.raises(PolicyError) as caught:
        load_policy(text.replace(old, new))

    assert [mistake.path for mistake in caught.value.mistakes] == [f"scorecard.fitted.{place}"]


def test_bytes_that_are_no_text_are_no_card() -> None:
    with pytest.raises(CardError, match="this is no fitted card"):
        card_of(b'{"version": "\xff\xfe"}')
