"""Builders of books for scoring tests: boring by default, a test names only what matters to it."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import polars as pl

from scoring.book import SCHEMAS, Book
from scoring.rates import Rate

__all__ = [
    "AS_OF",
    "Row",
    "a_book",
    "a_credit_note",
    "a_paid_invoice",
    "a_payment",
    "a_promise",
    "a_rate",
    "a_record",
    "a_return",
    "a_steady_payer",
    "a_write_off",
    "an_allocation",
    "an_entity",
    "an_invoice",
    "an_order",
    "days_ago",
    "frames_of",
]

#: The day the tests look at, a Tuesday, and days around it.
AS_OF = date(2026, 6, 30)
_FORTY_AGO = AS_OF - timedelta(days=40)
_SIXTY_AGO = AS_OF - timedelta(days=60)
_FIVE_AGO = AS_OF - timedelta(days=5)
_IN_TEN = AS_OF + timedelta(days=10)


class Row(NamedTuple):
    """One row of one frame of a Book."""

    frame: str
    values: dict[str, object]


def days_ago(days: int) -> date:
    """Return the day that many days before ``AS_OF``; negative looks ahead."""
    return AS_OF - timedelta(days=days)


def an_entity(
    entity: str = "E1",
    *,
    currency: str = "CNY",
    identity: str = "ok",
    terms_days: int | None = 30,
) -> Row:
    """Make a legal entity with a valid identity."""
    values: dict[str, object] = {"entity": entity, "name": f"Customer {entity}", "uscc": None}
    rest = {"identity": identity, "currency": currency, "since": None, "parent": None}
    return Row("entities", values | rest | {"terms_days": terms_days})


def an_invoice(
    item: str = "i1",
    *,
    amount: int = 100_000,
    issued_on: date = _FORTY_AGO,
    due_on: date | None = None,
    entity: str = "E1",
    currency: str = "CNY",
    disputed: int = 0,
    disputed_on: date | None = None,
    dispute_closed_on: date | None = None,
    dispute_outcome: str | None = None,
) -> Row:
    """Make an invoice; due 30 days after its issue unless told."""
    return Row(
        "items",
        {
            "item": item,
            "entity": entity,
            "account": f"s:{entity}",
            "kind": "invoice",
            "number": f"N-{item}",
            "issued_on": issued_on,
            "due_on": due_on or issued_on + timedelta(days=30),
            "currency": currency,
            "amount": amount,
            "applies_to": None,
            "disputed": disputed,
            "disputed_on": disputed_on,
            "dispute_closed_on": dispute_closed_on,
            "dispute_outcome": dispute_outcome,
        },
    )


def a_credit_note(
    item: str = "c1",
    *,
    amount: int = 10_000,
    issued_on: date = _FIVE_AGO,
    applies_to: str | None = None,
    entity: str = "E1",
    currency: str = "CNY",
) -> Row:
    """Make a credit note, not applied unless told."""
    invoice = an_invoice(
        item, amount=amount, issued_on=issued_on, due_on=issued_on, entity=entity, currency=currency
    )
    return Row("items", invoice.values | {"kind": "credit_note", "applies_to": applies_to})


def a_payment(
    payment: str = "p1",
    *,
    amount: int = 100_000,
    paid_on: date = _FIVE_AGO,
    entity: str = "E1",
    currency: str = "CNY",
) -> Row:
    """Make a payment, not applied to anything."""
    values = {"payment": payment, "entity": entity, "account": f"s:{entity}", "paid_on": paid_on}
    return Row("payments", values | {"currency": currency, "amount": amount})


def an_allocation(payment: Row, invoice: Row, *, amount: int | None = None) -> Row:
    """Lay a payment on an invoice, all of it unless told."""
    paid, owed = payment.values, invoice.values
    return Row(
        "allocations",
        {
            "allocation": f"{paid['payment']}>{owed['item']}",
            "payment": paid["payment"],
            "item": owed["item"],
            "entity": owed["entity"],
            "currency": owed["currency"],
            "amount": paid["amount"] if amount is None else amount,
            "paid_on": paid["paid_on"],
        },
    )


def a_paid_invoice(
    item: str = "i1",
    *,
    late: int = 0,
    due_on: date = _SIXTY_AGO,
    amount: int = 100_000,
    entity: str = "E1",
    currency: str = "CNY",
) -> list[Row]:
    """Make an invoice paid whole, ``late`` days after its due date."""
    issued_on = due_on - timedelta(days=30)
    invoice = an_invoice(
        item, amount=amount, issued_on=issued_on, due_on=due_on, entity=entity, currency=currency
    )
    paid_on = due_on + timedelta(days=late)
    payment = a_payment(
        f"p-{item}", amount=amount, paid_on=paid_on, entity=entity, currency=currency
    )
    return [invoice, payment, an_allocation(payment, invoice)]


def a_steady_payer(
    *, months: int = 12, late: int = 0, amount: int = 100_000, entity: str = "E1"
) -> list[Row]:
    """Make one invoice a month, each paid whole, the newest due 30 days ago."""
    return [
        row
        for month in range(months)
        for row in a_paid_invoice(
            f"{entity}-{month}",
            late=late,
            due_on=days_ago(30 + 30 * month),
            amount=amount,
            entity=entity,
        )
    ]


def an_order(
    order: str = "o1",
    *,
    amount: int = 100_000,
    invoiced: int = 0,
    ordered_on: date = _FIVE_AGO,
    deliver_on: date | None = _IN_TEN,
    status: str = "open",
    prepaid: bool = False,
    entity: str = "E1",
    currency: str = "CNY",
) -> Row:
    """Make an open order, nothing invoiced yet."""
    values = {"order": order, "entity": entity, "account": f"s:{entity}", "ordered_on": ordered_on}
    rest = {"deliver_on": deliver_on, "currency": currency, "amount": amount}
    state = {"invoiced": invoiced, "status": status, "prepaid": prepaid}
    return Row("orders", values | rest | state)


def a_write_off(
    item: str | None = "i1",
    *,
    amount: int = 100_000,
    written_off_on: date = _FIVE_AGO,
    entity: str = "E1",
    currency: str = "CNY",
) -> Row:
    """Make a write-off of an invoice, or of none that the Book knows."""
    values = {
        "write_off": f"w-{entity}-{item}-{written_off_on}-{amount}",
        "entity": entity,
        "item": item,
    }
    rest = {"written_off_on": written_off_on, "currency": currency, "amount": amount}
    return Row("write_offs", values | rest)


def a_return(payment: Row, *, returned_on: date = _FIVE_AGO, kind: str = "returned_payment") -> Row:
    """Make a payment bounce."""
    paid = payment.values
    values = {"return": f"r-{paid['payment']}", "entity": paid["entity"], "kind": kind}
    return Row("returns", values | {"payment": paid["payment"], "returned_on": returned_on})


def a_promise(
    promise: str = "pr1",
    *,
    item: str | None = None,
    amount: int = 100_000,
    made_on: date = _FORTY_AGO,
    promised_on: date = _FIVE_AGO,
    cancelled_on: date | None = None,
    superseded_on: date | None = None,
    entity: str = "E1",
    currency: str = "CNY",
) -> Row:
    """Make a promise to pay, for an item or, without one, for the whole account."""
    values = {"promise": promise, "entity": entity, "account": f"s:{entity}", "item": item}
    days = {"made_on": made_on, "promised_on": promised_on}
    ends = {"cancelled_on": cancelled_on, "superseded_on": superseded_on}
    return Row("promises", values | days | ends | {"currency": currency, "amount": amount})


def a_record(
    kind: str,
    *,
    known_on: date = _FIVE_AGO,
    entity: str = "E1",
    record: str | None = None,
    **columns: object,
) -> Row:
    """Make an entry of the credit record; other columns by name."""
    key = record or f"{entity}-{kind}-{known_on}-{columns.get('status')}"
    values = {"record": key, "entity": entity, "kind": kind, "known_on": known_on}
    return Row("credit_records", values | {"source": "test"} | columns)


def a_rate(price: str, on: date = AS_OF) -> Rate:
    """Make a rate in the policy's currency."""
    return Rate(Decimal(price), on)


def frames_of(rows: Iterable[Row | list[Row]]) -> dict[str, Any]:
    """Gather rows into frames; an entity nobody described gets the default one."""
    flat = [row for part in rows for row in ([part] if isinstance(part, Row) else part)]
    named = {row.values["entity"] for row in flat if row.frame == "entities"}
    others = dict.fromkeys(str(row.values["entity"]) for row in flat)
    flat = [an_entity(entity) for entity in others if entity not in named] + flat
    return {
        name: pl.DataFrame([row.values for row in flat if row.frame == name], schema=dict(schema))
        for name, schema in SCHEMAS.items()
    }


def a_book(*rows: Row | list[Row], rates: Mapping[str, Rate] | None = None) -> Book:
    """Build a Book of the rows, priced in CNY."""
    return Book.of(**frames_of(rows), rates=rates)
