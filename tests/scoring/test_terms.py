"""Terms: by grade, within the law, and as people write them."""

from datetime import date
from decimal import Decimal

import pytest

from scoring.due_terms import TermsError, due_dates, parse_terms
from scoring.policy import Policy
from scoring.terms import discount_rate, late_interest
from tests.builders import a_record, a_steady_payer, an_entity, days_ago
from tests.scoring.limit_rows import a_decision, changed, figures


def test_terms_and_deposit_follow_the_grade() -> None:
    found = figures(an_entity(terms_days=90), a_steady_payer())
    weak = figures(
        an_entity(terms_days=90),
        a_steady_payer(),
        a_decision("override", grade="B", from_on=days_ago(1)),
    )

    assert (found["rating"], found["terms_allowed"], found["deposit_percent"]) == ("A", 60, 0.0)
    assert (weak["rating"], weak["terms_allowed"], weak["deposit_percent"]) == ("B", 15, 30.0)


def test_a_dishonest_debtor_prepays() -> None:
    found = figures(a_steady_payer(), a_record("dishonest", event_on=days_ago(9)))

    assert (found["rating"], found["prepay_only"]) == ("C", True)
    assert (found["terms_allowed"], found["deposit_percent"], found["limit"]) == (0, 100.0, 0)


@pytest.mark.parametrize(
    ("size", "days", "legal"),
    [
        ("large", 60, None),
        ("large", 61, "exceeded"),
        ("public", 30, None),
        ("public", 31, "needs_contract"),
        ("public", 60, "needs_contract"),
        ("public", 61, "exceeded"),
        ("sme", 180, None),
        (None, 180, None),
    ],
)
def test_large_and_public_buyers_have_legal_bounds(
    size: str | None, days: int, legal: str | None
) -> None:
    found = figures(changed(an_entity(terms_days=days), size_class=size))

    assert found["legal_terms"] == legal
    assert found["legal_terms_exceeded"] == (legal == "exceeded")


def test_late_interest_is_half_a_thousandth_a_day() -> None:
    assert late_interest(1_000_000, 30, Policy()) == 15_000
    assert late_interest(1_000, 1, Policy()) == 1, "0.5 rounds up"


def test_the_yearly_rate_of_a_discount() -> None:
    """2 % within 10, net 30: 2/98 x 365/20 = 37.2 %."""
    assert round(discount_rate(Decimal(2), 10, 30), 4) == Decimal("0.3724")


@pytest.mark.parametrize(("percent", "within", "net"), [(0, 10, 30), (100, 10, 30), (2, 30, 30)])
def test_a_discount_that_makes_no_sense_is_refused(percent: int, within: int, net: int) -> None:
    with pytest.raises(ValueError, match="discount"):
        discount_rate(Decimal(percent), within, net)


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("30", "2026-03-12"),
        ("Net 30", "2026-03-12"),
        ("N30 days", "2026-03-12"),
        ("30天", "2026-03-12"),
        ("票到６０天", "2026-04-11"),
        ("EOM", "2026-02-28"),
        ("EOM + 15", "2026-03-15"),
        ("月结30天", "2026-03-30"),
        ("月底", "2026-02-28"),
        ("COD", "2026-02-10"),
        ("货到付款", "2026-02-10"),
        ("预付", "2026-02-10"),
    ],
)
def test_terms_as_people_write_them(text: str, due: str) -> None:
    assert due_dates(parse_terms(text), date(2026, 2, 10)) == (
        (Decimal(100), date.fromisoformat(due)),
    )


def test_instalments_have_dates_of_their_own() -> None:
    terms = parse_terms("30% 预付, 60% 30天, 10% 月结90天")

    assert due_dates(terms, date(2026, 1, 31)) == (
        (Decimal(30), date(2026, 1, 31)),
        (Decimal(60), date(2026, 3, 2)),
        (Decimal(10), date(2026, 5, 1)),
    )
    assert terms.longest_days == 90


def test_a_discount_stands_in_the_terms() -> None:
    terms = parse_terms("2/10 net 30")

    assert (terms.discount_percent, terms.discount_days, terms.longest_days) == (
        Decimal(2),
        10,
        30,
    )


@pytest.mark.parametrize("text", ["", "soon", "30% now, 60% 30 days", "50%", "1000 days", "abc 30"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(TermsError, match="payment terms"):
        parse_terms(text)
