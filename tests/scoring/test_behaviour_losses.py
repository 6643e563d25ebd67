"""Write-offs, returned payments, outcomes of disputes, high credit: by examples worked by hand."""

from typing import Any

import polars as pl
import pytest
from msgspec.structs import replace

from scoring.policy import Policy
from scoring.portrait import herfindahl
from tests.builders import (
    AS_OF,
    Row,
    a_credit_note,
    a_paid_invoice,
    a_payment,
    a_record,
    a_return,
    a_steady_payer,
    a_write_off,
    an_allocation,
    an_invoice,
    days_ago,
)
from tests.scoring.warnings import figures


def test_a_write_off_ends_its_item_with_the_delay_it_had() -> None:
    """100 paid on time, 100 written off 50 days late: 25 days late on average."""
    found = figures(
        a_paid_invoice("paid", due_on=days_ago(100)),
        an_invoice("lost", issued_on=days_ago(100), due_on=days_ago(70)),
        a_write_off("lost", written_off_on=days_ago(20)),
    )

    assert found["ar"] == 0
    assert found["wadl"] == pytest.approx(25.0)
    assert found["wadl_paid"] == pytest.approx(0.0)
    assert found["max_delay"] == 50
    assert found["late_amount_percent"] == pytest.approx(50.0)
    assert (found["n_settled"], found["n_late"]) == (2, 1)
    assert (found["written_off"], found["written_off_on"]) == (100_000, days_ago(20))
    assert found["in_default"]


def test_a_write_off_does_not_exist_before_its_day() -> None:
    lost = an_invoice("lost", issued_on=days_ago(60), due_on=days_ago(30))
    found = figures(lost, a_write_off("lost", written_off_on=AS_OF), as_of=days_ago(1))

    assert (found["ar"], found["written_off"], found["written_off_on"]) == (100_000, 0, None)
    assert not found["in_default"]


@pytest.mark.parametrize(("left", "default"), [(500, False), (501, True)])
def test_a_residue_written_off_is_no_loss(left: int, *, default: bool) -> None:
    """Half a percent of 1,000 is 5."""
    invoice = an_invoice(issued_on=days_ago(60))
    payment = a_payment(amount=100_000 - left, paid_on=days_ago(30))
    found = figures(invoice, payment, an_allocation(payment, invoice), a_write_off(amount=left))

    assert found["in_default"] is default
    assert found["written_off"] == (left if default else 0)


@pytest.mark.parametrize(("ago", "default"), [(180, True), (190, False)])
def test_a_write_off_is_cured_after_six_clean_months(ago: int, *, default: bool) -> None:
    lost = an_invoice("lost", issued_on=days_ago(ago + 40), due_on=days_ago(ago + 10))
    found = figures(
        lost, a_write_off("lost", written_off_on=days_ago(ago)), a_steady_payer(months=3)
    )

    assert found["in_default"] is default


def test_a_write_off_of_no_known_item_is_a_default_all_the_same() -> None:
    found = figures(a_steady_payer(), a_write_off(None, amount=7_000))

    assert found["in_default"]
    assert found["written_off"] == 7_000


def test_more_written_off_than_was_open_makes_no_credit() -> None:
    found = figures(an_invoice(), a_write_off(amount=150_000))

    assert (found["ar"], found["unapplied_credit"], found["written_off"]) == (0, 0, 100_000)


@pytest.mark.parametrize(
    ("record", "default"),
    [
        (a_record("insolvency"), True),
        (a_record("insolvency", known_on=days_ago(-1)), False),
        (a_record("dishonest", status="our_claim"), True),
        (a_record("dishonest"), False),
        (a_record("distressed_extension", known_on=days_ago(100)), True),
        (a_record("distressed_extension", known_on=days_ago(200)), False),
        (a_record("registry", status="liquidation", known_on=days_ago(900)), True),
        (a_record("registry", status="moved_out"), False),
    ],
)
def test_public_records_may_be_a_default(record: Row, *, default: bool) -> None:
    assert figures(a_steady_payer(), record)["in_default"] is default


def test_a_returned_payment_opens_its_invoice_again() -> None:
    """Paid on time, bounced five days ago: open again, and late since it was due."""
    paid = a_paid_invoice(due_on=days_ago(40))
    bounced = a_return(paid[1], returned_on=days_ago(5))

    before = figures(paid, bounced, as_of=days_ago(6))
    assert (before["ar"], before["n_settled"], before["returned_payments"]) == (0, 1, 0)
    after = figures(paid, bounced)
    assert (after["ar"], after["n_settled"], after["oldest_days"]) == (100_000, 0, 40)
    assert (after["returned_payments"], after["returned_on"]) == (1, days_ago(5))
    assert after["wadl"] == pytest.approx(40.0)


def test_a_payment_that_replaces_a_bounced_one_pays_the_invoice() -> None:
    paid = a_paid_invoice(due_on=days_ago(40))
    again = a_payment("again", paid_on=days_ago(2))
    found = figures(paid, a_return(paid[1]), again, an_allocation(again, paid[0]))

    assert (found["ar"], found["unapplied_cash"], found["max_delay"]) == (0, 0, 38)


def test_a_bounced_payment_that_was_never_applied_is_gone() -> None:
    loose = a_payment(amount=30_000, paid_on=days_ago(9))
    bounced = a_return(loose, returned_on=days_ago(5))

    assert figures(an_invoice(), loose, bounced, as_of=days_ago(6))["unapplied_cash"] == 30_000
    assert figures(an_invoice(), loose, bounced)["unapplied_cash"] == 0


def _disputed(outcome: str | None, **more: Any) -> Row:
    """100 due 40 days ago, 30 of it disputed on the due date, closed 20 days ago."""
    return an_invoice(
        issued_on=days_ago(70),
        due_on=days_ago(40),
        disputed=30_000,
        disputed_on=days_ago(40),
        dispute_closed_on=None if outcome is None else days_ago(20),
        dispute_outcome=outcome,
        **more,
    )


@pytest.mark.parametrize(
    ("outcome", "overdue"),
    [(None, 70_000), ("against_customer", 100_000), ("for_customer", 70_000)],
)
def test_the_outcome_of_a_dispute_decides(outcome: str | None, overdue: int) -> None:
    found = figures(_disputed(outcome))

    assert found["overdue"] == overdue
    assert found["wadl"] == pytest.approx(40.0)
    assert figures(_disputed(outcome), as_of=days_ago(21))["overdue"] == 70_000


def test_what_was_conceded_stays_out_however_old() -> None:
    found = figures(_disputed("for_customer", amount=100_000), as_of=days_ago(-60))

    assert (found["overdue"], found["disputed"]) == (70_000, 30_000)


def test_the_credit_note_takes_the_place_of_what_was_conceded() -> None:
    note = a_credit_note(amount=30_000, applies_to="i1", issued_on=days_ago(19))
    found = figures(_disputed("for_customer"), note)

    assert (found["ar"], found["disputed"], found["overdue"]) == (70_000, 0, 70_000)


def test_high_credit_is_judged_from_its_day_on() -> None:
    """A 40-day delay long before the high credit does not spoil it; over the window it does."""
    rows = [
        a_paid_invoice("old", late=40, due_on=days_ago(300)),
        a_paid_invoice("high", late=0, amount=500_000, due_on=days_ago(60)),
    ]
    found = figures(*rows)

    assert (found["high_credit"], found["high_credit_on"]) == (500_000, days_ago(90))
    assert found["well_handled"]
    behaviour = replace(Policy().behaviour, well_handled_span="window")
    assert not figures(*rows, policy=replace(Policy(), behaviour=behaviour))["well_handled"]


def test_an_open_delay_spoils_high_credit() -> None:
    high, late = a_paid_invoice("high", amount=500_000), an_invoice("late", issued_on=days_ago(61))

    assert not figures(high, late)["well_handled"]


def test_the_portfolios_concentration() -> None:
    """Shares of a half, three tenths and a fifth: .25 + .09 + .04."""
    assert herfindahl(pl.Series([50, 30, 20, -5])) == pytest.approx(0.38)
    assert herfindahl(pl.Series([0, -5])) is None
