"""The sandbox's sample company as a Book: what scoring sees of it, without a CRM in between."""

from datetime import date
from typing import Any

import polars as pl

from sandbox.company.model import Company, Customer
from scoring.book import SCHEMAS, Book
from scoring.identity import check_uscc
from scoring.money import to_money
from scoring.rates import Rate
from tests.builders import a_rate
from tests.company_file import file_rows_of

__all__ = ["book_of", "stories_of"]

_RATES: dict[str, Rate] = {"USD": a_rate("7.1"), "EUR": a_rate("7.8"), "CAD": a_rate("5.2")}
_Rows = list[dict[str, Any]]


def book_of(company: Company, **more: pl.DataFrame) -> Book:
    """Make a Book of the company: one legal entity a customer, keyed by the customer's key.

    ``more`` are frames that the company does not have (decisions, previous …).
    """
    rows: dict[str, _Rows] = {
        "entities": [_entity(customer) for customer in company.customers],
        "items": [*_invoices(company), *_credit_notes(company)],
        "payments": _payments(company),
        "allocations": _allocations(company),
        "orders": _orders(company),
        **file_rows_of(company),
    }
    frames: dict[str, Any] = {
        name: pl.DataFrame(found, schema=dict(SCHEMAS[name]), orient="row")
        for name, found in rows.items()
    }
    return Book.of(rates=_RATES, **(frames | more))


def stories_of(company: Company) -> dict[str, str]:
    """Tell the story behind each entity of ``book_of``: the truth, for tests alone."""
    return {customer.key: customer.story for customer in company.customers}


def _entity(customer: Customer) -> dict[str, Any]:
    code = customer.uscc
    identity = "missing" if code is None else ("ok" if check_uscc(code).valid else "invalid")
    return {
        "entity": customer.key,
        "name": customer.name,
        "uscc": code,
        "identity": identity,
        "currency": customer.currency,
        "terms_days": customer.terms_days,
        "since": customer.created_on,
        "parent": customer.parent,
        "industry": customer.industry,
        "size_class": customer.size_class,
    }


def _document(record: Any, *, key: str) -> dict[str, Any]:
    money = to_money(record.amount, record.currency)
    return {
        key: record.key,
        "entity": record.customer,
        "account": f"{record.crm}:{record.customer}",
        "currency": record.currency,
        "amount": money.minor,
    }


def _invoices(company: Company) -> _Rows:
    return [
        {
            **_document(invoice, key="item"),
            "kind": "invoice",
            "number": invoice.number,
            "issued_on": invoice.issued_on,
            "due_on": invoice.due_on,
            "disputed": to_money(invoice.disputed, invoice.currency).minor
            if invoice.disputed
            else 0,
            "disputed_on": invoice.disputed_on,
        }
        for invoice in company.invoices
    ]


def _credit_notes(company: Company) -> _Rows:
    return [
        {
            **_document(note, key="item"),
            "kind": "credit_note",
            "number": note.number,
            "issued_on": note.issued_on,
            "due_on": note.issued_on,
            "applies_to": note.invoice,
            "disputed": 0,
        }
        for note in company.credit_notes
    ]


def _payments(company: Company) -> _Rows:
    return [
        {**_document(payment, key="payment"), "paid_on": payment.paid_on}
        for payment in company.payments
    ]


def _allocations(company: Company) -> _Rows:
    invoices = {invoice.key: invoice for invoice in company.invoices}
    paid_on: dict[str, date] = {payment.key: payment.paid_on for payment in company.payments}
    rows = []
    for number, allocation in enumerate(company.allocations):
        invoice = invoices[allocation.invoice]
        rows.append(
            {
                "allocation": f"{allocation.payment}>{allocation.invoice}#{number}",
                "payment": allocation.payment,
                "item": allocation.invoice,
                "entity": invoice.customer,
                "currency": invoice.currency,
                "amount": to_money(allocation.amount, invoice.currency).minor,
                "paid_on": paid_on[allocation.payment],
            }
        )
    return rows


def _orders(company: Company) -> _Rows:
    return [
        {
            **_document(order, key="order"),
            "ordered_on": order.ordered_on,
            "deliver_on": order.deliver_on,
            "invoiced": to_money(order.invoiced, order.currency).minor,
            "status": order.status,
            "prepaid": False,
        }
        for order in company.orders
    ]
