"""Writes what was played as the seller's books: numbers, keys, dates and decimals."""

from datetime import date
from decimal import Decimal

from sandbox.company.model import (
    Company,
    Customer,
    SampleAllocation,
    SampleCreditNote,
    SampleInvoice,
    SampleOrder,
    SamplePayment,
)
from sandbox.company.trading import Claim, Trade

__all__ = ["write_trade"]


def write_trade(company: Company, customer: Customer, trade: Trade) -> None:
    """Append one customer's documents to the company's books."""
    keys = _write_invoices(company, customer, trade)
    _write_credit_notes(company, customer, trade, keys)
    _write_payments(company, customer, trade, keys)
    _write_orders(company, customer, trade)


def _write_invoices(company: Company, customer: Customer, trade: Trade) -> dict[int, str]:
    """Write the claims; return the key of each by its identity."""
    keys: dict[int, str] = {}
    for claim in trade.claims:
        number = _invoice_number(customer, claim)
        keys[id(claim)] = number
        company.invoices.append(
            SampleInvoice(
                key=number,
                customer=customer.key,
                crm=claim.book,
                number=number,
                issued_on=date.fromordinal(claim.issued),
                due_on=date.fromordinal(claim.due),
                currency=customer.currency,
                amount=_money(claim.amount),
                disputed=_money(claim.disputed) if claim.disputed else None,
                disputed_on=date.fromordinal(claim.disputed_day) if claim.disputed else None,
            )
        )
    return keys


def _invoice_number(customer: Customer, claim: Claim) -> str:
    issued = date.fromordinal(claim.issued)
    return f"INV-{issued:%y%m}-{customer.key[1:]}-{claim.number:02d}{claim.part}"


def _write_credit_notes(
    company: Company, customer: Customer, trade: Trade, keys: dict[int, str]
) -> None:
    for count, credit in enumerate(trade.credits, 1):
        issued = date.fromordinal(credit.issued)
        number = f"CN-{issued:%y%m}-{customer.key[1:]}-{count:02d}"
        company.credit_notes.append(
            SampleCreditNote(
                key=number,
                customer=customer.key,
                crm=credit.book,
                number=number,
                issued_on=issued,
                currency=customer.currency,
                amount=_money(credit.amount),
                invoice=None if credit.claim is None else keys[id(credit.claim)],
            )
        )


def _write_payments(
    company: Company, customer: Customer, trade: Trade, keys: dict[int, str]
) -> None:
    for count, receipt in enumerate(trade.receipts, 1):
        paid_on = date.fromordinal(receipt.day)
        key = f"PAY-{paid_on:%y%m}-{customer.key[1:]}-{count:02d}"
        company.payments.append(
            SamplePayment(
                key=key,
                customer=customer.key,
                crm=receipt.book,
                paid_on=paid_on,
                currency=customer.currency,
                amount=_money(receipt.amount),
            )
        )
        company.allocations.extend(
            SampleAllocation(payment=key, invoice=keys[id(claim)], amount=_money(amount))
            for claim, amount in receipt.applied
        )


def _write_orders(company: Company, customer: Customer, trade: Trade) -> None:
    for count, deal in enumerate(trade.deals, 1):
        ordered_on = date.fromordinal(deal.day)
        number = f"SO-{ordered_on:%y%m}-{customer.key[1:]}-{count:02d}"
        company.orders.append(
            SampleOrder(
                key=number,
                customer=customer.key,
                crm=deal.book,
                number=number,
                ordered_on=ordered_on,
                deliver_on=date.fromordinal(deal.delivery),
                currency=customer.currency,
                amount=_money(deal.amount),
                invoiced=_money(deal.invoiced),
                status=deal.status,
            )
        )


def _money(minor: int) -> Decimal:
    """Return minor units as an amount; CNY, USD and EUR all have two digits."""
    return Decimal(minor).scaleb(-2)
