"""Open items and unapplied money as dunning reads them: an account's own, in their own currency."""

from scoring.claims import OPEN_ITEM_COLUMNS, open_items, unapplied
from scoring.policy import Policy
from tests.builders import (
    AS_OF,
    a_book,
    a_credit_note,
    a_payment,
    a_rate,
    an_allocation,
    an_entity,
    an_invoice,
    days_ago,
)


def test_an_open_item_shows_what_is_left_in_its_own_currency() -> None:
    invoice = an_invoice(amount=100_000, currency="USD", disputed=30_000, disputed_on=days_ago(5))
    part = a_payment(amount=40_000, currency="USD")
    book = a_book(
        an_entity(), invoice, part, an_allocation(part, invoice), rates={"USD": a_rate("7.1")}
    )
    found = open_items(book, Policy(), AS_OF)

    assert found.columns == list(OPEN_ITEM_COLUMNS)
    assert found.row(0, named=True) == {
        "item": "i1",
        "entity": "E1",
        "account": "s:E1",
        "number": "N-i1",
        "due_on": days_ago(10),
        "issued_on": days_ago(40),
        "currency": "USD",
        "amount": 100_000,
        "open": 60_000,
        "disputed_open": 30_000,
        "dpd": 10,
    }


def test_a_paid_and_a_later_item_are_not_open() -> None:
    invoice, payment = an_invoice(), a_payment()
    later = an_invoice("later", issued_on=days_ago(-1))
    found = open_items(
        a_book(invoice, payment, an_allocation(payment, invoice), later), Policy(), AS_OF
    )

    assert found.height == 0


def test_unapplied_money_is_told_by_account_and_currency() -> None:
    book = a_book(
        a_payment(amount=500),
        a_payment("p2", amount=70, currency="USD"),
        a_credit_note(amount=30),
        rates={"USD": a_rate("7")},
    )

    assert unapplied(book, AS_OF).rows() == [("s:E1", "CNY", 500, 30), ("s:E1", "USD", 70, 0)]


def test_a_payment_ahead_of_its_invoice_is_unapplied_until_then() -> None:
    invoice = an_invoice(issued_on=days_ago(3))
    payment = a_payment(paid_on=days_ago(9))
    book = a_book(invoice, payment, an_allocation(payment, invoice))

    assert unapplied(book, days_ago(4)).rows() == [("s:E1", "CNY", 100_000, 0)]
    assert unapplied(book, days_ago(3)).rows() == []


def test_an_allocation_to_an_unknown_invoice_leaves_the_cash_unapplied() -> None:
    payment = a_payment(amount=900)
    stray = an_allocation(payment, an_invoice("parked"))

    assert unapplied(a_book(payment, stray), AS_OF).rows() == [("s:E1", "CNY", 900, 0)]
