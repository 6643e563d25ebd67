"""The report: one page, nothing loaded, every method's pictures."""

from datetime import date
from xml.etree import ElementTree as ET

import msgspec
import numpy as np
import pytest

from connector.flow.validation import drawing
from connector.flow.validation.report import validation_page
from connector.flow.validation.results import Result, Rows, judged
from scoring.model.pictures import Curves, curves_of

ON = date(2026, 3, 31)


def a_result(method: str = "card", *, bads: int = 100, probability: bool = True) -> Result:
    rng = np.random.default_rng(1)
    outcome = np.arange(1000) < bads
    chance = np.clip(rng.beta(2, 8, 1000) + 0.3 * outcome, 0, 1)
    rows = Rows(dataset="set <1>", target="late & later", outcome=outcome)
    if probability:
        return judged(rows, method, rng, probability=chance)
    return judged(rows, method, rng, risk=chance)


def the_curves(result: Result) -> Curves:
    assert result.curves is not None
    return result.curves


def test_figures_of_a_ranking_have_no_brier_and_no_calibration() -> None:
    result = a_result(probability=False)

    assert (result.figures.brier, result.figures.ece) == (None, None)
    assert the_curves(result).calibration == ()


def test_figures_of_too_few_bads_are_none() -> None:
    figures = a_result(bads=29).figures

    assert (figures.n, figures.base_rate) == (1000, 0.029)
    assert {figures.auc, figures.auc_low, figures.auc_high, figures.ks, figures.brier} == {None}


def test_method_without_any_score_is_refused() -> None:
    rows = Rows(dataset="d", target="t", outcome=np.arange(100) < 40)

    with pytest.raises(ValueError, match="risk or a probability"):
        judged(rows, "nothing", np.random.default_rng(1))


@pytest.mark.parametrize("probability", [True, False])
def test_figures_can_be_written_as_json(*, probability: bool) -> None:
    figures = a_result(probability=probability).figures

    assert msgspec.json.decode(msgspec.json.encode(figures), type=type(figures)) == figures


def test_page_is_whole_and_loads_nothing() -> None:
    page = validation_page([a_result("card"), a_result("trees")], ON)

    assert page.count("<svg") == 9  # four each, and the intervals
    assert "set &lt;1&gt; · late &amp; later" in page
    assert "<script" not in page
    assert "http" not in page
    assert "src=" not in page


def test_page_says_what_is_not_measurable_in_both_languages() -> None:
    page = validation_page([a_result(bads=5)], ON)

    assert "尚无法衡量" in page
    assert "not measurable yet" in page
    assert "<svg" not in page


@pytest.mark.parametrize("draw", [drawing.roc, drawing.ks, drawing.bands, drawing.calibration])
def test_pictures_are_well_formed_and_named(draw: object) -> None:
    assert callable(draw)
    picture = ET.fromstring(draw(the_curves(a_result()), "a <title>"))  # noqa: S314 our own

    assert picture.tag == "svg"
    assert (picture.findtext("title") or "").startswith("a <title>")


def test_interval_picture_has_a_line_for_each_method() -> None:
    picture = drawing.intervals([a_result("one"), a_result("two")], "intervals")

    assert [word in picture for word in (">one<", ">two<")] == [True, True]
    assert picture.count("<circle") == 2


def test_roc_runs_from_corner_to_corner_and_ties_come_at_once() -> None:
    outcome = np.array([True, False] * 50)

    curves = curves_of(outcome, np.ones(100), None)

    assert curves.roc == ((0.0, 0.0), (1.0, 1.0))
    assert curves.ks == 0.0


def test_distributions_end_at_one() -> None:
    curves = the_curves(a_result())

    assert curves.bad_below[0] == pytest.approx((0.0, 0.0))
    assert curves.bad_below[-1] == pytest.approx((1.0, 1.0))
    assert curves.good_below[-1] == pytest.approx((1.0, 1.0))
    assert sum(bad for bad, _ in curves.bands) == pytest.approx(1)
