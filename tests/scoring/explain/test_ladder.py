"""The ladder from the score to the grade, and every gate with its evidence."""

from scoring.explain import LADDER, Explanation
from scoring.money import Money
from scoring.policy import Policy
from tests.builders import AS_OF, a_steady_payer, an_entity, an_invoice, days_ago
from tests.credit_files import a_child, a_full_file, a_last_assessment
from tests.scoring.explain.explained import explained
from tests.scoring.limit_rows import a_decision


def _grades(explanation: Explanation) -> dict[str, str | None]:
    return {step.step: step.grade for step in explanation.ladder}


def _why(explanation: Explanation) -> dict[str, tuple[str, ...]]:
    return {step.step: step.why for step in explanation.ladder if step.why}


def test_every_step_stands_in_order() -> None:
    explanation = explained(a_steady_payer(), a_full_file())

    assert tuple(step.step for step in explanation.ladder) == LADDER
    assert _why(explanation) == {}
    assert explanation.ladder[-1].grade == explanation.grade


def test_a_gate_that_lowers_the_grade_is_the_reason() -> None:
    old = an_invoice("old", amount=9_000_000, issued_on=days_ago(150), due_on=days_ago(95))
    explanation = explained(a_steady_payer(), a_full_file(), old)
    gates = {gate.code: gate for gate in explanation.gates}

    assert _why(explanation)["gates"] == ("default_event", "over_90_days", "over_60_days")
    assert gates["over_90_days"].params["amount"] == Money(9_000_000, "CNY")
    assert (gates["default_event"].fired, gates["default_event"].reason) == (True, "default_event")
    assert (gates["ceased"].fired, gates["ceased"].params) == (False, {})
    assert explanation.grade == "D"


def test_a_gate_that_fires_above_the_grade_does_not_bind() -> None:
    explanation = explained(a_steady_payer(late=45), policy=Policy())
    gates = {gate.code: gate for gate in explanation.gates}

    assert gates["no_statements"].fired
    assert not gates["no_statements"].binds


def test_a_rise_that_waits_is_said() -> None:
    explanation = explained(a_steady_payer(), a_full_file(), a_last_assessment("BBB"))

    assert _grades(explanation)["held"] == "A"
    assert _why(explanation)["held"] == ("rises_later",)
    assert explanation.grade_by_score == _grades(explanation)["by_score"]
    assert explanation.grade_by_score in {"AAA", "AA"}


def test_a_persons_grade_comes_last() -> None:
    made = a_decision("override", grade="BB", from_on=days_ago(5), to_on=days_ago(-20))
    explanation = explained(a_steady_payer(), a_full_file(), made)

    assert _grades(explanation)["override"] == "BB"
    assert _grades(explanation)["gates"] != "BB"
    assert _why(explanation)["override"] == ("override",)


def test_who_is_not_rated_has_the_reason_on_the_ladder() -> None:
    explanation = explained(an_entity(identity="invalid"), a_steady_payer())

    assert _why(explanation)["gates"] == ("identity_invalid",)
    assert _grades(explanation)["override"] is None


def test_a_parent_in_trouble_is_a_gate_with_its_name() -> None:
    old = an_invoice(
        "old", entity="P", amount=9_000_000, issued_on=days_ago(150), due_on=days_ago(95)
    )
    explanation = explained(an_entity("P"), a_child("E1", "P"), a_steady_payer(), old)
    gate = next(gate for gate in explanation.gates if gate.code == "parent_in_trouble")

    assert gate.fired
    assert gate.params["parent"] == "Customer P"
    assert explanation.company is not None
    assert (explanation.company.top, explanation.company.parent) == ("Customer P", "Customer P")
    assert explanation.as_of == AS_OF
