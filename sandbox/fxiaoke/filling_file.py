"""The credit file of the sample company as records of the custom objects that hold it."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal

from sandbox.company.model import Company
from sandbox.fxiaoke.values import amount_text, date_ms

__all__ = ["FileRow", "file_rows"]

#: Object, the day it was entered, the customer's key, currency, and the fields but the customer.
FileRow = tuple[str, date, str, str, dict[str, object]]
_CRM = "fxiaoke"
_HOME = "CNY"


def file_rows(
    company: Company, notes: Mapping[str, str], payments: Mapping[str, str]
) -> Iterator[FileRow]:
    """Yield every record; ``notes`` and ``payments`` give the CRM's ids of their keys."""
    yield from _statements(company)
    yield from _credit_records(company)
    yield from _promises(company, notes)
    yield from _collateral(company)
    yield from _losses(company, notes, payments)
    yield from _bills(company)


def _statements(company: Company) -> Iterator[FileRow]:
    for each in company.statements:
        if each.crm == _CRM:
            values: dict[str, object] = {
                "name": each.key,
                "months__c": str(each.months),
                "basis__c": each.basis,
                "source__c": each.source,
                "unit__c": each.unit,
                **_days(period_end=each.period_end, received_on=each.received_on),
            }
            lines = {f"{line}__c": amount_text(amount) for line, amount in each.lines.items()}
            row = values | lines
            yield "financial_statement__c", each.received_on, each.customer, each.currency, row


def _credit_records(company: Company) -> Iterator[FileRow]:
    for each in company.credit_records:
        if each.crm == _CRM:
            values: dict[str, object] = {
                "name": each.key,
                "kind__c": each.kind,
                "status__c": each.status,
                "value__c": None if each.value is None else str(each.value),
                "amount__c": _amount(each.amount),
                "channel__c": each.channel,
                "source__c": each.source,
                **_days(
                    known_on=each.known_on,
                    event_on=each.event_on,
                    valid_to=each.valid_to,
                    ended_on=each.ended_on,
                ),
            }
            yield "credit_record__c", each.known_on, each.customer, each.currency, values


def _promises(company: Company, notes: Mapping[str, str]) -> Iterator[FileRow]:
    for each in company.promises:
        if each.crm == _CRM:
            values: dict[str, object] = {
                "name": each.key,
                "invoice__c": notes.get(each.invoice or ""),
                "amount__c": _amount(each.amount),
                **_days(
                    made_on=each.made_on,
                    promised_on=each.promised_on,
                    cancelled_on=each.cancelled_on,
                    superseded_on=each.superseded_on,
                ),
            }
            yield "payment_promise__c", each.made_on, each.customer, each.currency, values


def _collateral(company: Company) -> Iterator[FileRow]:
    for each in company.collateral:
        if each.crm == _CRM:
            values: dict[str, object] = {
                "name": each.key,
                "kind__c": each.kind,
                "amount__c": _amount(each.amount),
                "registered__c": each.registered,
                "haircut__c": None if each.haircut is None else str(each.haircut),
                **_days(valid_from=each.valid_from, valid_to=each.valid_to),
            }
            yield "collateral__c", each.valid_from, each.customer, each.currency, values


def _losses(
    company: Company, notes: Mapping[str, str], payments: Mapping[str, str]
) -> Iterator[FileRow]:
    for loss in company.write_offs:
        if loss.crm == _CRM:
            values: dict[str, object] = {
                "name": loss.key,
                "invoice__c": notes.get(loss.invoice or ""),
                "amount__c": _amount(loss.amount),
                **_days(written_off_on=loss.written_off_on),
            }
            yield "write_off__c", loss.written_off_on, loss.customer, loss.currency, values
    for back in company.returns:
        if back.crm == _CRM:
            values = {
                "name": back.key,
                "payment__c": payments.get(back.payment or ""),
                "kind__c": back.kind,
                **_days(returned_on=back.returned_on),
            }
            yield "payment_return__c", back.returned_on, back.customer, _HOME, values


def _bills(company: Company) -> Iterator[FileRow]:
    for each in company.notes:
        if each.crm == _CRM:
            values: dict[str, object] = {
                "name": each.key,
                "kind__c": each.kind,
                "amount__c": _amount(each.amount),
                **_days(received_on=each.received_on, due_on=each.due_on, ended_on=each.ended_on),
            }
            yield "note_receivable__c", each.received_on, each.customer, each.currency, values


def _amount(amount: Decimal | None) -> str | None:
    return None if amount is None else amount_text(amount)


def _days(**days: date | None) -> dict[str, object]:
    return {f"{name}__c": date_ms(on) for name, on in days.items() if on is not None}
