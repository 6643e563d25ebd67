"""Zoho's records become ours, or problems a person can read."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from adapters.errors import ContractBroken, CrmUnavailable
from adapters.http import Answer
from adapters.port import CreditField, RecordProblem
from adapters.zoho.mapping import Translated, Translator
from adapters.zoho.names import ZohoMapping
from adapters.zoho.rows import RowDecoder
from adapters.zoho.settings import mapping_of, options_of
from scoring.money import Money
from scoring.records import (
    Account,
    Allocation,
    Contact,
    Invoice,
    InvoiceKind,
    Kind,
    Order,
    OrderStatus,
    Payment,
)
from tests.adapters.zoho.answers import some_settings

STAMP = "2026-11-20T18:00:00+08:00"
MODIFIED = datetime(2026, 11, 20, 10, tzinfo=UTC)
ACCOUNT = {"Account_Name": {"id": "9", "name": "Acme"}}
AN_INVOICE = {
    "id": "1",
    "Modified_Time": STAMP,
    "Subject": "INV-1",
    **ACCOUNT,
    "Invoice_Date": "2026-01-01",
    "Due_Date": "2026-01-31",
    "Status": "Approved",
    "Grand_Total": 1234.5,
    "Currency": "USD",
    "Disputed_Amount": None,
    "Disputed_On": None,
}


def an_answer(body: bytes) -> Answer:
    return Answer(status=200, headers={}, body=body, system="acme", operation="read", wrote=False)


def translated(
    kind: Kind, *records: dict[str, Any], mapping: ZohoMapping | None = None
) -> Translated:
    names = mapping or ZohoMapping()
    body = json.dumps(
        {"data": records, "info": {"count": len(records), "more_records": False}}
    ).encode()
    rows = RowDecoder(kind, names.feed(kind)).page(an_answer(body))
    return Translator(names, "CNY").translate(kind, rows.good, rows.bad)


def the_problem(kind: Kind, record: dict[str, Any]) -> RecordProblem:
    found = translated(kind, record)
    assert found.records == ()
    (problem,) = found.problems
    return problem


def test_an_account_is_read_whole() -> None:
    found = translated(
        Kind.ACCOUNTS,
        {
            "id": "9",
            "Modified_Time": STAMP,
            "Account_Name": " Acme ",
            "USCC": "91350100M000100Y43",
            "Industry": "Retail",
            "Billing_Country": "CN",
            "Owner": {"id": "7", "name": "Ann", "email": "ann@example.com"},
            "Parent_Account": {"id": "8", "name": "Group"},
            "Currency": "EUR",
            "Payment_Terms_Days": 30.0,
            "Customer_Since": "2020-05-01",
            "$currency_symbol": "€",
            "Never_Heard_Of": [1],
        },
    )

    assert found.records == (
        Account(
            record_id="9",
            name="Acme",
            uscc="91350100M000100Y43",
            industry="Retail",
            country="CN",
            owner_id="7",
            parent_id="8",
            currency="EUR",
            terms_days=30,
            created_on=date(2020, 5, 1),
            modified_at=MODIFIED,
        ),
    )


def test_missing_is_not_zero_and_money_has_the_base_currency() -> None:
    account = {"id": "9", "Modified_Time": STAMP, "Account_Name": "Acme", "USCC": None}

    (found,) = translated(Kind.ACCOUNTS, account).records

    assert isinstance(found, Account)
    assert (found.uscc, found.terms_days, found.owner_id, found.currency) == (
        None,
        None,
        None,
        "CNY",
    )


def test_an_invoice_is_exact_to_the_last_digit() -> None:
    body = json.dumps({"data": [AN_INVOICE], "info": {"more_records": False}})
    exact = body.replace("1234.5", "12345678901234567.10").encode()
    rows = RowDecoder(Kind.INVOICES, ZohoMapping().invoices).page(an_answer(exact))

    (invoice,) = Translator(ZohoMapping(), "CNY").translate(Kind.INVOICES, rows.good).records

    assert isinstance(invoice, Invoice)
    assert invoice.amount == Money(1234567890123456710, "USD")


def test_a_disputed_invoice() -> None:
    record = {**AN_INVOICE, "Disputed_Amount": 200, "Disputed_On": "2026-02-01"}

    (invoice,) = translated(Kind.INVOICES, record).records

    assert isinstance(invoice, Invoice)
    assert invoice.disputed == Money(20000, "USD")
    assert invoice.disputed_on == date(2026, 2, 1)


def test_a_credit_note_is_a_positive_amount_that_reduces_an_invoice() -> None:
    record = {
        "id": "2",
        "Modified_Time": STAMP,
        "Name": "CN-1",
        "Account": {"id": "9"},
        "Invoice": {"id": "1", "name": "INV-1"},
        "Issue_Date": "2026-02-01",
        "Amount": 10.25,
        "Currency": "USD",
    }

    (note,) = translated(Kind.CREDIT_NOTES, record).records

    assert isinstance(note, Invoice)
    assert note.kind is InvoiceKind.CREDIT_NOTE
    assert (note.applies_to, note.amount, note.due_on) == (
        "1",
        Money(1025, "USD"),
        date(2026, 2, 1),
    )


def test_payments_and_allocations() -> None:
    payment = {
        "id": "3",
        "Modified_Time": STAMP,
        "Account": {"id": "9"},
        "Payment_Date": "2026-03-01",
        "Amount": 5,
        "Currency": "JPY",
    }
    part = {
        "id": "4",
        "Modified_Time": STAMP,
        "Payment": {"id": "3"},
        "Invoice": {"id": "1"},
        "Amount": 5,
        "Currency": "JPY",
    }

    (paid,) = translated(Kind.PAYMENTS, payment).records
    (allocated,) = translated(Kind.ALLOCATIONS, part).records

    assert paid == Payment(
        record_id="3",
        account_id="9",
        paid_on=date(2026, 3, 1),
        amount=Money(5, "JPY"),
        modified_at=MODIFIED,
    )
    assert allocated == Allocation(
        record_id="4",
        payment_id="3",
        invoice_id="1",
        amount=Money(5, "JPY"),
        modified_at=MODIFIED,
    )


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("Created", OrderStatus.DRAFT),
        ("Approved", OrderStatus.OPEN),
        ("Delivered", OrderStatus.CLOSED),
        ("Cancelled", OrderStatus.CANCELLED),
        (None, OrderStatus.OPEN),
    ],
)
def test_an_order_has_its_state(status: str | None, expected: OrderStatus) -> None:
    record = {
        "id": "5",
        "Modified_Time": STAMP,
        "Subject": "SO-1",
        **ACCOUNT,
        "Order_Date": "2026-01-01",
        "Due_Date": None,
        "Status": status,
        "Grand_Total": 100,
        "Invoiced_Amount": 40.5,
        "Currency": "CNY",
    }

    (order,) = translated(Kind.ORDERS, record).records

    assert isinstance(order, Order)
    assert order.status is expected
    assert (order.amount, order.invoiced) == (Money(10000, "CNY"), Money(4050, "CNY"))


def test_a_cancelled_invoice_is_gone_whatever_else_is_wrong_with_it() -> None:
    found = translated(Kind.INVOICES, {**AN_INVOICE, "Status": "Cancelled", "Due_Date": None})

    assert found == Translated(gone=("1",))


def test_a_contact_without_account_belongs_to_nobody() -> None:
    contact = {"id": "6", "Modified_Time": STAMP, "Full_Name": None, "Last_Name": "Li"}

    alone = translated(Kind.CONTACTS, contact)
    (found,) = translated(Kind.CONTACTS, {**contact, **ACCOUNT}).records

    assert alone.gone == ("6",)
    assert isinstance(found, Contact)
    assert found.name == "Li"


@pytest.mark.parametrize(
    ("change", "reason", "field"),
    [
        ({"Due_Date": None}, "missing_field", "Due_Date"),
        ({"Due_Date": "31.01.2026"}, "bad_date", "Due_Date"),
        ({"Due_Date": 20260131}, "bad_date", "Due_Date"),
        ({"Account_Name": None}, "missing_field", "Account_Name"),
        ({"Account_Name": "Acme"}, "bad_reference", "Account_Name"),
        ({"Grand_Total": None}, "missing_field", "Grand_Total"),
        ({"Grand_Total": -0.01}, "bad_amount", "Grand_Total"),
        ({"Grand_Total": "a lot"}, "bad_amount", "Grand_Total"),
        ({"Grand_Total": 10**40}, "bad_amount", "Grand_Total"),
        ({"Grand_Total": 10**18}, "bad_amount", "Grand_Total"),
        ({"Currency": "RMB"}, "unknown_currency", "Currency"),
        ({"Subject": ""}, "missing_field", "Subject"),
        ({"Subject": "a\x00b"}, "bad_text", "Subject"),
        ({"Subject": "a\ud800 secret name"}, "bad_text", "Subject"),
        ({"Subject": 7}, "bad_text", "Subject"),
        ({"Disputed_Amount": -5}, "bad_amount", "Disputed_Amount"),
        ({"Modified_Time": None}, "missing_field", "Modified_Time"),
    ],
)
def test_a_bad_invoice_is_kept_for_a_person(
    change: dict[str, Any], reason: str, field: str
) -> None:
    problem = the_problem(Kind.INVOICES, {**AN_INVOICE, **change})

    assert (problem.record_id, problem.reason) == ("1", reason)
    assert problem.detail.startswith(f"{field}: ")
    assert "secret" not in problem.detail
    assert problem.account_id == (None if "Account_Name" in change else "9")


def test_one_bad_record_leaves_its_page_whole() -> None:
    others = [{**AN_INVOICE, "id": str(number)} for number in range(2, 5)]

    found = translated(Kind.INVOICES, others[0], {**AN_INVOICE, "Due_Date": []}, *others[1:])

    assert [record.record_id for record in found.records] == ["2", "3", "4"]
    assert [problem.record_id for problem in found.problems] == ["1"]


def test_bytes_that_are_no_utf8_cost_one_record() -> None:
    body = json.dumps({"data": [AN_INVOICE, {**AN_INVOICE, "id": "2", "Subject": "#"}], "info": {}})
    rows = RowDecoder(Kind.INVOICES, ZohoMapping().invoices).page(
        an_answer(body.encode().replace(b'"#"', b'"\xed\xa0\x80"'))
    )

    assert [row.id for row in rows.good] == ["1"]
    assert [(row.id, row.reason) for row in rows.bad] == [("2", "bad_text")]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"<html>", CrmUnavailable),
        (b'{"data":[{"id":"1"', CrmUnavailable),
        (b"", CrmUnavailable),
        (b"[]", ContractBroken),
        (b'{"data":{}}', ContractBroken),
        (b'{"data":[1],"info":{}}', ContractBroken),
        (b'{"data":[{"id":1}],"info":{}}', ContractBroken),
        (b'{"data":[{"id":"1"}],"info":7}', ContractBroken),
    ],
)
def test_what_is_no_page_is_an_error_of_ours(body: bytes, expected: type[Exception]) -> None:
    with pytest.raises(expected):
        RowDecoder(Kind.INVOICES, ZohoMapping().invoices).page(an_answer(body))


def test_names_are_changed_by_configuration() -> None:
    mapping = mapping_of(
        some_settings(
            mapping={
                "invoices": {"number": "Invoice_No", "disputed": "", "void": ["Void"]},
                "payments": {"module": ""},
                "credit_fields": {"rating": "Rating_2", "outlook": ""},
                "orders": {"states": {"Done": "closed"}},
            }
        )
    )
    record = {**AN_INVOICE, "Invoice_No": "N-7", "Disputed_Amount": 5, "Status": "Cancelled"}

    (invoice,) = translated(Kind.INVOICES, record, mapping=mapping).records

    assert isinstance(invoice, Invoice)
    assert (invoice.number, invoice.disputed) == ("N-7", None)
    assert mapping.field_of(CreditField.RATING) == "Rating_2"
    assert mapping.field_of(CreditField.OUTLOOK) == ""
    assert mapping.field_of(CreditField.LIMIT) == "Credit_Limit"
    assert mapping.orders.states == {"Done": OrderStatus.CLOSED}
    assert mapping.kinds_of("Payments") == ()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"mapping": {"invoices": {"nummer": "X"}}}, r"mapping: .*nummer"),
        ({"mapping": {"orders": {"states": {"Done": "finished"}}}}, r"mapping: .*states"),
        ({"mapping": {"credit_fields": {"colour": "X"}}}, r"mapping: "),
        ({"options": {"page_row": 5}}, r"options: .*page_row"),
        ({"options": {"page_rows": 0}}, r"page_rows must be 1 to 2000"),
    ],
)
def test_a_mistake_in_the_configuration_is_named(changes: dict[str, Any], told: str) -> None:
    settings = some_settings(**changes)

    with pytest.raises(ValueError, match=told):
        (mapping_of(settings), options_of(settings))


def test_fields_of_default_names_match_their_labels() -> None:
    names = ZohoMapping().credit_fields

    assert names[CreditField.AGE_1_30] == "Credit_Age_1_30"
    assert names[CreditField.NEXT_REVIEW_ON] == "Credit_Next_Review"
    assert names[CreditField.DATA_AS_OF] == "Credit_Data_As_Of"
    assert all(len(name) <= 25 for name in names.values())
    assert set(names) == set(CreditField)
