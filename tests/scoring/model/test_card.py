"""A fitted card: bins, signs, points, and that the run time gives what was fitted."""

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped] # no types

from scoring.fitted_card import FittedCard, applied, card_of, card_text
from scoring.model.card import CardPlan, CardRefused, fitted_card, ready_for_card
from scoring.model.metrics import Flags, Floats, NotMeasurable, auc
from scoring.model.woe import Binned, binned, weights_of_evidence

PLAN = CardPlan(version="2026-1", target="default")
ROWS = 4000


def a_sample() -> tuple[pl.DataFrame, Flags]:
    """Three figures that tell something, one of them with gaps, a twin, and noise."""
    rng = np.random.default_rng(11)
    debt, cover, days = rng.normal(size=(3, ROWS))
    bad = rng.random(ROWS) < 1 / (1 + np.exp(2.5 - debt + 0.8 * cover - 0.6 * days))
    frame = pl.DataFrame(
        {
            "debt": debt,
            "debt_twin": debt * 2 + 0.01 * rng.normal(size=ROWS),
            "cover": np.where(rng.random(ROWS) < 0.1, np.nan, cover),
            "days": days,
            "noise": rng.normal(size=ROWS),
        }
    )
    return frame, bad


def names(card: FittedCard) -> set[str]:
    return {found.name for found in card.characteristics}


def test_run_time_gives_the_probability_of_the_regression() -> None:
    frame, bad = a_sample()
    card = fitted_card(frame, bad, PLAN)
    bins = [_bins(frame, bad, found.name) for found in card.characteristics]
    weights = np.column_stack([one.applied(frame[one.name].to_numpy()) for one in bins])
    model = LogisticRegression(C=1.0, max_iter=1000).fit(weights, bad)

    pd = applied(frame, card)["pd"].to_numpy()

    assert pd == pytest.approx(model.predict_proba(weights)[:, 1], abs=1e-9)
    assert pd.mean() == pytest.approx(bad.mean(), abs=1e-3)


def _bins(frame: pl.DataFrame, bad: Flags, name: str) -> Binned:
    found = binned(name, frame[name].to_numpy(), bad)
    assert found is not None
    return found


def test_card_read_from_its_text_scores_the_same() -> None:
    frame, bad = a_sample()
    card = fitted_card(frame, bad, PLAN)

    again = card_of(card_text(card))

    assert again == card
    assert applied(frame, again).equals(applied(frame, card))


def test_score_is_the_sum_of_points_and_ranks_as_the_probability() -> None:
    frame, bad = a_sample()
    scored = applied(frame, fitted_card(frame, bad, PLAN))

    points = scored.select(pl.sum_horizontal(pl.col("points").struct.unnest())).to_series()
    assert points.to_numpy() == pytest.approx(scored["score"].to_numpy())
    assert auc(bad, -scored["score"].to_numpy()) == auc(bad, scored["pd"].to_numpy())


def test_whole_points_keep_the_order_nearly() -> None:
    frame, bad = a_sample()
    exact = fitted_card(frame, bad, PLAN)
    whole = fitted_card(frame, bad, CardPlan(version="1", target="default", whole_points=True))

    points = [found.points for one in whole.characteristics for found in one.bins]
    assert points == [float(int(found)) for found in points]
    score = [applied(frame, card)["score"].to_numpy() for card in (exact, whole)]
    assert auc(bad, -score[1]) == pytest.approx(auc(bad, -score[0]), abs=0.01)


def test_twin_of_a_stronger_figure_and_noise_are_left_out() -> None:
    frame, bad = a_sample()

    card = fitted_card(frame, bad, PLAN)

    assert len(names(card) & {"debt", "debt_twin"}) == 1
    assert {"cover", "days"} < names(card)
    assert "noise" not in names(card)


def test_figure_of_the_wrong_sign_is_dropped_and_the_rest_refitted() -> None:
    """Alone the mask looks bad; beside what it hides behind it would have to be good."""
    rng = np.random.default_rng(2)
    cause = rng.normal(size=20_000)
    mask = cause + rng.normal(size=20_000)
    bad = rng.random(20_000) < 1 / (1 + np.exp(1.5 - 2.0 * cause + 0.5 * mask))
    frame = pl.DataFrame({"cause": cause, "mask": mask})
    loose = CardPlan(version="1", target="default", most_correlation=1.0, most_vif=100.0)

    card = fitted_card(frame, bad, loose)

    assert _bins(frame, bad, "mask").iv > loose.least_iv
    assert names(card) == {"cause"}
    assert all(found.coefficient < 0 for found in card.characteristics)


def test_missing_is_a_bin_of_its_own() -> None:
    frame, bad = a_sample()
    blank = np.isnan(frame["cover"].to_numpy())
    bad |= blank & (np.arange(ROWS) % 2 == 0)

    cover = next(f for f in fitted_card(frame, bad, PLAN).characteristics if f.name == "cover")

    assert cover.missing_woe < min(found.woe for found in cover.bins)


def test_bins_are_monotone_with_a_bad_and_a_good_in_each() -> None:
    frame, bad = a_sample()
    values = frame["days"].to_numpy()

    found = _bins(frame, bad, "days")

    where = np.searchsorted(np.array(found.cuts), values, side="right")
    counts = np.array(
        [[(bad[where == b]).sum(), (where == b).sum()] for b in range(len(found.woes))]
    )
    assert 3 <= len(found.woes) <= 7
    assert list(found.woes) == sorted(found.woes, reverse=True)
    assert (counts[:, 1] >= 0.05 * ROWS).all()
    assert ((counts[:, 0] >= 1) & (counts[:, 0] < counts[:, 1])).all()


def test_empty_cell_adds_half_to_both() -> None:
    woes = weights_of_evidence(np.array([0.0, 10.0]), np.array([20.0, 30.0]))

    assert woes[0] == pytest.approx(np.log((20.5 / 50) / (0.5 / 10)))
    assert woes[1] == pytest.approx(np.log((30 / 50) / (10 / 10)))


def test_figure_of_one_value_has_no_bins() -> None:
    values: Floats = np.ones(100)

    assert binned("same", values, np.arange(100) < 20) is None


def test_no_figure_that_tells_anything_is_refused() -> None:
    rng = np.random.default_rng(1)
    frame = pl.DataFrame({"same": np.ones(1000)})

    with pytest.raises(CardRefused, match="no figure"):
        fitted_card(frame, rng.random(1000) < 0.2, PLAN)


@pytest.mark.parametrize(
    ("bads", "months", "ready"), [(50, 12, True), (49, 12, False), (50, 11, False)]
)
def test_card_needs_fifty_defaults_and_a_year(bads: int, months: int, *, ready: bool) -> None:
    found = ready_for_card(bads, 1000, months)

    assert (found is None) == ready
    assert ready or isinstance(found, NotMeasurable)


def test_card_tells_what_it_was_fitted_on() -> None:
    frame, bad = a_sample()

    trained = fitted_card(frame, bad, PLAN).trained

    assert (trained.n, trained.n_bad) == (ROWS, int(bad.sum()))
