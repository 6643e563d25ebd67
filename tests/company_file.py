"""The credit file of the sandbox's sample company as rows of a Book."""

from decimal import Decimal
from typing import Any

from sandbox.company.model import Company
from scoring.money import to_money

__all__ = ["file_rows_of"]

_Rows = list[dict[str, Any]]
_UNITS = {"元": 1, "千元": 1_000, "万元": 10_000}


def file_rows_of(company: Company) -> dict[str, _Rows]:
    """Give the rows by frame. Contacts count as a paper, known since the CRM was filled, as in the store."""
    return {
        "statements": _statements(company),
        "credit_records": [*_credit_records(company), *_contacts(company)],
        "promises": _promises(company),
        "collateral": _collateral(company),
        "write_offs": _write_offs(company),
        "returns": _returns(company),
        "notes": _notes(company),
    }


def _minor(amount: Decimal | None, currency: str) -> int | None:
    return None if amount is None else to_money(amount, currency).minor


def _statements(company: Company) -> _Rows:
    return [
        {
            "statement": each.key,
            "entity": each.customer,
            "period_end": each.period_end,
            "months": each.months,
            "basis": each.basis,
            "received_on": each.received_on,
            "source": each.source,
            "currency": each.currency,
            **{
                line: _minor(amount * _UNITS[each.unit], each.currency)
                for line, amount in each.lines.items()
            },
        }
        for each in company.statements
    ]


def _credit_records(company: Company) -> _Rows:
    return [
        {
            "record": each.key,
            "entity": each.customer,
            "kind": each.kind,
            "known_on": each.known_on,
            "event_on": each.event_on,
            "valid_to": each.valid_to,
            "ended_on": each.ended_on,
            "status": each.status,
            "value": None if each.value is None else float(each.value),
            "currency": each.currency,
            "amount": _minor(each.amount, each.currency),
            "channel": each.channel,
            "source": each.source,
        }
        for each in company.credit_records
    ]


def _contacts(company: Company) -> _Rows:
    return [
        {
            "record": contact.key,
            "entity": contact.customer,
            "kind": "contacts",
            "known_on": company.as_of,
            "source": "crm",
        }
        for contact in company.contacts
    ]


def _promises(company: Company) -> _Rows:
    return [
        {
            "promise": each.key,
            "entity": each.customer,
            "account": f"{each.crm}:{each.customer}",
            "item": each.invoice,
            "made_on": each.made_on,
            "promised_on": each.promised_on,
            "currency": each.currency,
            "amount": _minor(each.amount, each.currency),
            "cancelled_on": each.cancelled_on,
            "superseded_on": each.superseded_on,
        }
        for each in company.promises
    ]


def _collateral(company: Company) -> _Rows:
    return [
        {
            "collateral": each.key,
            "entity": each.customer,
            "kind": each.kind,
            "currency": each.currency,
            "amount": _minor(each.amount, each.currency),
            "valid_from": each.valid_from,
            "valid_to": each.valid_to,
            "registered": each.registered,
            "haircut": None if each.haircut is None else float(each.haircut / 100),
        }
        for each in company.collateral
    ]


def _write_offs(company: Company) -> _Rows:
    return [
        {
            "write_off": each.key,
            "entity": each.customer,
            "item": each.invoice,
            "written_off_on": each.written_off_on,
            "currency": each.currency,
            "amount": _minor(each.amount, each.currency),
        }
        for each in company.write_offs
    ]


def _returns(company: Company) -> _Rows:
    return [
        {
            "return": each.key,
            "entity": each.customer,
            "payment": each.payment,
            "kind": each.kind,
            "returned_on": each.returned_on,
        }
        for each in company.returns
    ]


def _notes(company: Company) -> _Rows:
    return [
        {
            "note": each.key,
            "entity": each.customer,
            "kind": each.kind,
            "received_on": each.received_on,
            "due_on": each.due_on,
            "ended_on": each.ended_on,
            "currency": each.currency,
            "amount": _minor(each.amount, each.currency),
        }
        for each in company.notes
    ]
