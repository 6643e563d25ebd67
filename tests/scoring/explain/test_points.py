"""Points: what each characteristic got adds up to the score."""

import msgspec
import pytest

from scoring.explain import Explanation, GroupPoints
from scoring.policy import Policy
from tests.builders import Row, a_credit_note, a_steady_payer, an_entity, an_invoice
from tests.credit_files import a_full_file, a_statement
from tests.scoring.explain.explained import a_known_customer, explained
from tests.scoring.test_fitted_card import a_card


def _group(explanation: Explanation, name: str) -> GroupPoints:
    return next(group for group in explanation.groups if group.name == name)


def _rows() -> list[Row]:
    return [*a_steady_payer(late=6), an_invoice("x", amount=40_000), a_credit_note()]


def test_points_of_the_characteristics_add_up_to_the_score() -> None:
    explanation = explained(*_rows(), policy=Policy())
    (group,) = explanation.groups
    got = sum(float(part.got) for part in group.characteristics if part.got is not None)

    raw = got / float(group.present)
    shrunk = (12 * raw + 2 * 0.6) / 14
    assert round(shrunk * 100, 1) == float(explanation.score or 0)
    assert (group.observations, group.shrunk_weight, group.shrunk_towards) == (12, "2", "0.6")


@pytest.mark.parametrize(
    "rows",
    [a_known_customer(), [an_entity(), *a_full_file()], _rows()],
    ids=["known", "new", "thin"],
)
def test_groups_add_up_to_the_score_on_the_customers_own_card(rows: list[Row]) -> None:
    explanation = explained(*rows)
    used = [group for group in explanation.groups if group.weight is not None]
    got = sum(float(group.got or 0) for group in used)
    weights = sum(float(group.weight or 0) for group in used)

    assert got * 100 / weights == pytest.approx(float(explanation.score or 0), abs=0.06)


def test_a_prospects_groups_weigh_more_and_payment_does_not_apply() -> None:
    explanation = explained(an_entity(), *a_full_file())

    assert _group(explanation, "payment").weight is None
    assert _group(explanation, "financial").weight == "45"
    assert _group(explanation, "financial").best == "30"


def test_what_the_statement_rests_on_is_a_factor() -> None:
    audited = _group(explained(a_statement(), a_steady_payer()), "financial")
    told = _group(explained(a_statement(basis="self_declared"), a_steady_payer()), "financial")

    assert (audited.factor, told.factor) == ("1", "0.8")
    assert float(told.share or 0) == pytest.approx(float(audited.share or 0) * 0.8, abs=1e-3)


def test_a_group_without_data_says_that_it_was_assumed() -> None:
    group = _group(explained(*_rows()), "history")

    assert (group.low, group.raw_share, group.present) == (True, "0.4", "0")


def test_a_fitted_cards_part_is_told() -> None:
    card = msgspec.structs.replace(Policy().scorecard, fitted=a_card("wadl", n_bad=50))
    blend = explained(*_rows(), policy=msgspec.structs.replace(Policy(), scorecard=card)).blend

    assert explained(*_rows(), policy=Policy()).blend is None
    assert blend is not None
    assert (blend.fitted, blend.weight) == ("10", "0.5")
    assert blend.expert == explained(*_rows(), policy=Policy()).score
