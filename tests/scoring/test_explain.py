"""The explanation: every number, the same bytes each time."""

import msgspec

from scoring.assess import Assessments, assess
from scoring.explain import Explanation, explain, explanation_bytes
from scoring.policy import Policy
from tests.builders import AS_OF, Row, a_book, a_credit_note, a_steady_payer, an_invoice, days_ago


def _assessed(rows: list[Row]) -> Assessments:
    return assess(a_book(rows), Policy(), AS_OF)


def _rows() -> list[Row]:
    return [*a_steady_payer(late=6), an_invoice("x", amount=40_000), a_credit_note()]


def test_the_same_inputs_give_the_same_bytes_in_any_order() -> None:
    there = explanation_bytes(explain(_assessed(_rows()), "E1"))
    back = explanation_bytes(explain(_assessed(_rows()[::-1]), "E1"))

    assert there == back


def test_an_explanation_can_be_read_back() -> None:
    explanation = explain(_assessed(_rows()), "E1")

    assert msgspec.json.decode(explanation_bytes(explanation), type=Explanation) == explanation


def test_another_fact_changes_the_hash_but_a_later_one_does_not() -> None:
    usual = explain(_assessed(_rows()), "E1").inputs_hash
    later = an_invoice("later", issued_on=days_ago(-1))
    earlier = an_invoice("earlier", issued_on=days_ago(1))

    assert explain(_assessed([*_rows(), later]), "E1").inputs_hash == usual
    assert explain(_assessed([*_rows(), earlier]), "E1").inputs_hash != usual


def test_points_of_the_characteristics_add_up_to_the_score() -> None:
    explanation = explain(_assessed(_rows()), "E1")
    (group,) = explanation.groups
    got = sum(float(part.got) for part in group.characteristics if part.got is not None)

    raw = got / float(group.present)
    shrunk = (12 * raw + 2 * 0.6) / 14
    assert round(shrunk * 100, 1) == float(explanation.score or 0)


def test_the_exposure_and_the_limit_show_their_parts() -> None:
    explanation = explain(_assessed(_rows()), "E1")
    parts = {step.method: step.value.minor for step in explanation.exposure if step.value}
    bound = [step.method for step in explanation.limit if step.bound]

    assert parts["exposure"] == parts["ar"] + parts["orders_open"] - parts["unapplied"]
    assert bound == ["need"]


def test_what_could_not_be_measured_is_called_missing() -> None:
    explanation = explain(_assessed([an_invoice("x")]), "E1")
    status = {feature.code: feature.status for feature in explanation.features}

    assert status["wadl_paid"] == "missing"
    assert (explanation.score, explanation.grade, explanation.pd) == (None, "NR", None)
