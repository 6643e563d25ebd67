"""The company's claims as orders, payment plans and payment details: no receivables module here.

An invoice becomes an order. With plans, two of three have their due dates there: some in one
instalment, some in two, some only for a part, whose rest falls due by the customer's terms. What a
credit note takes off an invoice was never ordered. The company's own orders are left out: an order
is a claim in such a tenant.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from sandbox.company.model import Company, SampleInvoice
from sandbox.fxiaoke.values import amount_text, date_ms

__all__ = ["OrderRow", "order_rows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """One record. ``references`` name records that came before, by field and key."""

    key: str
    api_name: str
    day: date
    customer: str
    currency: str
    values: dict[str, object]
    references: dict[str, str] = field(default_factory=dict)


def order_rows(company: Company, crm: str, *, with_plans: bool) -> Iterator[OrderRow]:
    """Yield every record, each after those it refers to."""
    taken_off: dict[str, Decimal] = defaultdict(Decimal)
    for note in company.credit_notes:
        taken_off[note.invoice or ""] += abs(note.amount)
    plans: dict[str, list[str]] = defaultdict(list)
    known: set[str] = set()
    for place, invoice in enumerate(company.invoices):
        amount = invoice.amount - taken_off[invoice.key]
        if invoice.crm != crm or amount <= 0:
            continue
        known.add(invoice.key)
        yield _order(invoice, amount)
        if with_plans:
            for row in _plans(invoice, amount, place):
                plans[invoice.key].append(row.key)
                yield row
    yield from _payments(company, crm, known, plans)


def _order(invoice: SampleInvoice, amount: Decimal) -> OrderRow:
    values: dict[str, object] = {
        "name": invoice.number,
        "order_time": date_ms(invoice.issued_on),
        "order_amount": amount_text(amount),
        "order_status": "open",
        "settle_type": "3",
        "segment__c": invoice.segment,
    }
    return OrderRow(
        key=invoice.key,
        api_name="SalesOrderObj",
        day=invoice.issued_on,
        customer=invoice.customer,
        currency=invoice.currency,
        values=values,
    )


def _plans(invoice: SampleInvoice, amount: Decimal, place: int) -> Iterator[OrderRow]:
    half = (amount / 2).quantize(Decimal("0.01"))
    parts = ([amount], [half, amount - half], [half], [])[place % 4]
    for number, part in enumerate(parts, 1):
        values: dict[str, object] = {
            "name": f"{invoice.number}/{number}",
            "plan_payment_time": date_ms(invoice.due_on),
            "plan_payment_amount": amount_text(part),
            "plan_payment_status": "incomplete",
        }
        yield OrderRow(
            key=f"{invoice.key}/{number}",
            api_name="PaymentPlanObj",
            day=invoice.issued_on,
            customer=invoice.customer,
            currency=invoice.currency,
            values=values,
            references={"order_id": invoice.key},
        )


def _payments(
    company: Company, crm: str, known: set[str], plans: dict[str, list[str]]
) -> Iterator[OrderRow]:
    paid = {each.key: each for each in company.payments if each.crm == crm}
    for payment in paid.values():
        values: dict[str, object] = {
            "name": payment.key,
            "payment_time": date_ms(payment.paid_on),
            "payment_amount": amount_text(payment.amount),
        }
        yield OrderRow(
            key=payment.key,
            api_name="PaymentObj",
            day=payment.paid_on,
            customer=payment.customer,
            currency=payment.currency,
            values=values,
        )
    for number, allocation in enumerate(company.allocations, 1):
        master = paid.get(allocation.payment)
        if master is None or allocation.invoice not in known:
            continue
        references = {"payment_id": master.key, "order_id": allocation.invoice}
        if len(plans[allocation.invoice]) == 1 and number % 2:
            references["payment_plan_id"] = plans[allocation.invoice][0]
        values = {
            "name": f"MX-{number:07d}",
            "payment_amount": amount_text(allocation.amount),
            "payment_time": date_ms(master.paid_on),
        }
        yield OrderRow(
            key=f"allocation {number}",
            api_name="OrderPaymentObj",
            day=master.paid_on,
            customer=master.customer,
            currency=master.currency,
            values=values,
            references=references,
        )
