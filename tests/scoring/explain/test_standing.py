"""File, terms, losses, reviews, decisions, warnings and where the facts come from."""

from datetime import date

from scoring.money import Money
from tests.builders import AS_OF, a_record, a_steady_payer, an_entity, an_invoice, days_ago
from tests.credit_files import a_full_file, a_statement
from tests.scoring.explain.explained import a_known_customer, explained


def test_items_of_the_file_have_their_days() -> None:
    items = {item.item: item for item in explained(*a_known_customer()).dossier.items}

    assert items["statements"].on == date(2025, 12, 31)
    assert items["statements"].valid_to is not None
    assert items["bureau"].fresh == "100"
    assert sum(float(item.weight) for item in items.values()) == 100


def test_a_document_that_ran_out_is_there_but_not_fresh() -> None:
    old = a_record("bureau", value=80.0, source="score-100", known_on=days_ago(900))
    dossier = explained(a_steady_payer(), old).dossier
    items = {item.item: item for item in dossier.items}

    assert (items["bureau"].present, items["bureau"].fresh) == (True, "0")
    assert not items["contract"].present
    assert dossier.groups_short > 0


def test_the_statement_tells_its_period_basis_and_zone() -> None:
    statement = explained(a_statement(), a_steady_payer()).statement

    assert statement is not None
    assert (statement.end, statement.basis) == (date(2025, 12, 31), "audited")
    assert statement.distress_model == "z_double"
    assert statement.distress_zone == "safe"
    assert float(statement.distress_score or 0) > 2.6


def test_sources_tell_how_old_the_newest_fact_is() -> None:
    late = an_invoice("new", issued_on=days_ago(3))
    later = an_invoice("later", issued_on=days_ago(-3))
    sources = {one.name: one for one in explained(a_steady_payer(), late, later).sources}

    assert (sources["items"].rows, sources["items"].age_days) == (13, 3)
    assert sources["items"].newest_on == days_ago(3)
    assert "statements" not in sources


def test_decisions_in_force_are_listed_and_ended_ones_are_not() -> None:
    kinds = [one.kind for one in explained(*a_known_customer()).decisions]

    assert sorted(kinds) == ["exemption", "review", "segment_limit"]


def test_warnings_and_rules_are_those_of_the_day() -> None:
    explanation = explained(*a_known_customer())

    assert {one.code for one in explanation.signals if not one.cleared} == set(
        explanation.assessment.signals
    )
    assert explanation.rules[0].reason == getattr(explanation.assessment.hold_reason, "code", "")
    assert explanation.exempt == ("R5",)
    assert "R5" not in {rule.code for rule in explanation.rules}


def test_provision_shows_its_buckets() -> None:
    losses = explained(an_entity(), an_invoice("x", amount=100_000)).losses

    assert [(row.bucket, row.rate) for row in losses.rows] == [("age_1_30", "0.02")]
    assert losses.provision == Money(2_000, "CNY")


def test_terms_show_what_was_agreed_and_what_the_grade_allows() -> None:
    terms = explained(an_entity(terms_days=120), a_steady_payer(), a_full_file()).terms

    assert terms.agreed == 120
    assert terms.days == terms.most
    assert terms.instruments


def test_the_review_tells_who_asked() -> None:
    review = explained(*a_known_customer()).review

    assert review.last_on == days_ago(60)
    assert review.next_on > days_ago(60)
    assert review.asked_on is None or review.asked_on <= AS_OF


def test_what_a_reader_should_know_is_remarked() -> None:
    old = an_invoice("old", issued_on=days_ago(500))

    assert explained(old).remarks == ("stopped_buying",)
    assert explained(*a_known_customer()).remarks == ()
