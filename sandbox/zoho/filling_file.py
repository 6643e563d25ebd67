"""The credit file of the sample company as rows of the custom modules that hold it."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal

from sandbox.company.model import Company

__all__ = ["FileRow", "day_text", "file_rows", "number"]

#: Module, the day it was entered, the customer's key, currency, and the fields but the customer.
FileRow = tuple[str, date, str, str, dict[str, object]]
_CRM = "zoho"
_HOME = "CNY"


def day_text(on: date | None) -> str | None:
    """Return a date as it is on the wire."""
    return None if on is None else on.isoformat()


def number(amount: Decimal | None) -> float | None:
    """Return an amount as the JSON number it is on the wire."""
    return None if amount is None else float(amount)


def file_rows(
    company: Company, invoices: Mapping[str, str], payments: Mapping[str, str]
) -> Iterator[FileRow]:
    """Yield every row; ``invoices`` and ``payments`` give the CRM's ids of their keys."""
    yield from _statements(company)
    yield from _credit_records(company)
    yield from _promises(company, invoices)
    yield from _collateral(company)
    yield from _losses(company, invoices, payments)
    yield from _notes(company)


def _statements(company: Company) -> Iterator[FileRow]:
    for each in company.statements:
        if each.crm == _CRM:
            values: dict[str, object] = {
                "Name": each.key,
                "Period_End": day_text(each.period_end),
                "Received_On": day_text(each.received_on),
                "Months": each.months,
                "Basis": each.basis,
                "Source": each.source,
                "Unit": each.unit,
            }
            lines = {line.title(): number(amount) for line, amount in each.lines.items()}
            row = values | lines
            yield "Financial_Statements", each.received_on, each.customer, each.currency, row


def _credit_records(company: Company) -> Iterator[FileRow]:
    for each in company.credit_records:
        if each.crm == _CRM:
            values: dict[str, object] = {
                "Name": each.key,
                "Kind": each.kind,
                "Known_On": day_text(each.known_on),
                "Event_On": day_text(each.event_on),
                "Valid_To": day_text(each.valid_to),
                "Ended_On": day_text(each.ended_on),
                "Status": each.status,
                "Value": number(each.value),
                "Amount": number(each.amount),
                "Channel": each.channel,
                "Source": each.source,
            }
            yield "Credit_Records", each.known_on, each.customer, each.currency, values


def _promises(company: Company, invoices: Mapping[str, str]) -> Iterator[FileRow]:
    for each in company.promises:
        if each.crm == _CRM:
            values: dict[str, object] = {
                "Name": each.key,
                "Invoice": invoices.get(each.invoice or ""),
                "Made_On": day_text(each.made_on),
                "Promised_On": day_text(each.promised_on),
                "Cancelled_On": day_text(each.cancelled_on),
                "Superseded_On": day_text(each.superseded_on),
                "Amount": number(each.amount),
            }
            yield "Payment_Promises", each.made_on, each.customer, each.currency, values


def _collateral(company: Company) -> Iterator[FileRow]:
    for each in company.collateral:
        if each.crm == _CRM:
            values: dict[str, object] = {
                "Name": each.key,
                "Kind": each.kind,
                "Amount": number(each.amount),
                "Valid_From": day_text(each.valid_from),
                "Valid_To": day_text(each.valid_to),
                "Registered": each.registered,
                "Haircut": number(each.haircut),
            }
            yield "Collateral", each.valid_from, each.customer, each.currency, values


def _losses(
    company: Company, invoices: Mapping[str, str], payments: Mapping[str, str]
) -> Iterator[FileRow]:
    for loss in company.write_offs:
        if loss.crm == _CRM:
            values: dict[str, object] = {
                "Name": loss.key,
                "Invoice": invoices.get(loss.invoice or ""),
                "Written_Off_On": day_text(loss.written_off_on),
                "Amount": number(loss.amount),
            }
            yield "Write_Offs", loss.written_off_on, loss.customer, loss.currency, values
    for back in company.returns:
        if back.crm == _CRM:
            values = {
                "Name": back.key,
                "Payment": payments.get(back.payment or ""),
                "Kind": back.kind,
                "Returned_On": day_text(back.returned_on),
            }
            yield "Payment_Returns", back.returned_on, back.customer, _HOME, values


def _notes(company: Company) -> Iterator[FileRow]:
    for each in company.notes:
        if each.crm == _CRM:
            values: dict[str, object] = {
                "Name": each.key,
                "Kind": each.kind,
                "Amount": number(each.amount),
                "Received_On": day_text(each.received_on),
                "Due_On": day_text(each.due_on),
                "Ended_On": day_text(each.ended_on),
            }
            yield "Notes_Receivable", each.received_on, each.customer, each.currency, values
