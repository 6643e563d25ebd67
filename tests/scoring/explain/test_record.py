"""The record: every part, the same bytes each time, nothing worked out twice."""

import msgspec

from scoring.assess import assess
from scoring.explain import ENGINE_VERSION, Explanation, explain, explanation_bytes
from scoring.explain import read_explanation as read
from scoring.policy import Policy
from tests.builders import (
    AS_OF,
    Row,
    a_book,
    a_credit_note,
    a_rate,
    a_steady_payer,
    an_entity,
    an_invoice,
    an_order,
    days_ago,
)
from tests.scoring.explain.explained import a_known_customer, explained, line

PAYMENT = Policy()


def _rows() -> list[Row]:
    return [*a_steady_payer(late=6), an_invoice("x", amount=40_000), a_credit_note()]


def test_the_same_inputs_give_the_same_bytes_in_any_order() -> None:
    there = explanation_bytes(explained(*a_known_customer()))
    back = explanation_bytes(explained(*a_known_customer()[::-1]))

    assert there == back


def test_the_record_of_one_is_the_same_alone_and_with_others() -> None:
    alone = explained(*a_known_customer())
    others: list[Row | list[Row]] = [
        a_steady_payer(entity="E2", late=40),
        an_invoice("z", entity="E3"),
    ]

    assert explained(*a_known_customer(), *others) == alone


def test_a_record_can_be_read_back() -> None:
    explanation = explained(*a_known_customer())

    assert read(explanation_bytes(explanation)) == explanation
    assert explanation.engine_version == ENGINE_VERSION


def test_a_record_of_another_shape_is_none_at_all() -> None:
    assert read(b'{"engine_version": "1", "policy_version": "old"}') is None


def test_another_fact_changes_the_hash_but_a_later_one_does_not() -> None:
    usual = explained(*_rows()).inputs_hash
    later = an_invoice("later", issued_on=days_ago(-1))
    earlier = an_invoice("earlier", issued_on=days_ago(1))

    assert explained(*_rows(), later).inputs_hash == usual
    assert explained(*_rows(), earlier).inputs_hash != usual


def test_what_happens_to_a_fact_afterwards_changes_nothing() -> None:
    plain = an_invoice("d", disputed=10_000, disputed_on=days_ago(5))
    closed = an_invoice(
        "d",
        disputed=10_000,
        disputed_on=days_ago(5),
        dispute_closed_on=days_ago(-3),
        dispute_outcome="against_customer",
    )
    then, undisputed = an_invoice("e", disputed=7, disputed_on=days_ago(-2)), an_invoice("e")

    assert explained(*_rows(), closed) == explained(*_rows(), plain)
    assert explained(*_rows(), then) == explained(*_rows(), undisputed)


def test_nothing_that_was_measured_is_missing_for_a_known_customer() -> None:
    explanation = explained(*a_known_customer())

    assert {group.name for group in explanation.groups} == {
        *("payment", "financial", "history", "qualitative")
    }
    assert {one.group for one in explanation.features} == {
        *("payment", "disputes", "promises", "utilisation", "financial", "history", "qualitative")
    }
    assert explanation.statement is not None
    assert explanation.signals
    assert explanation.rules
    assert explanation.decisions
    assert explanation.security
    assert explanation.sources


def test_a_customer_nobody_knows_is_explained_too() -> None:
    explanation = explained(an_entity())

    assert (explanation.score, explanation.grade, explanation.pd) == (None, "NR", None)
    assert (explanation.statement, explanation.company) == (None, None)
    assert read(explanation_bytes(explanation)) == explanation


def test_amounts_without_a_rate_stay_unknown() -> None:
    rows = [an_entity(currency="EUR"), an_invoice("i", currency="EUR")]
    explanation = explain(assess(a_book(*rows), PAYMENT, AS_OF), "E1")

    assert explanation.unrated == "missing_rate"
    assert explanation.assessment.limit is None
    assert explanation.losses.expected_loss is None


def test_limits_in_another_currency_are_in_it() -> None:
    rows = [an_entity(currency="EUR"), an_invoice("i", currency="EUR"), an_order(currency="EUR")]
    book = a_book(*rows, rates={"EUR": a_rate("8")})
    explanation = explain(assess(book, PAYMENT, AS_OF), "E1")

    exposure = line(explanation.exposure, "exposure").value
    assert exposure is not None
    assert exposure.currency == "EUR"


def test_the_document_is_plain_json() -> None:
    document = msgspec.json.decode(explanation_bytes(explained(*_rows())))

    assert set(document) == set(Explanation.__struct_fields__)
