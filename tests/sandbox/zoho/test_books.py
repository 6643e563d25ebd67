"""Zoho Books as the look-alike plays it: envelope, lists, derived figures, limits, sign-in."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from sandbox.company.generate import generate
from sandbox.faults import FaultKind, FaultRule
from sandbox.zoho.books import ORGANISATION_ID
from sandbox.zoho.books_limits import BooksError, BooksLimits
from tests.sandbox.zoho.organisation import SignedIn, organisation

MINUTE = timedelta(minutes=1)


@pytest.fixture
def crm() -> Iterator[SignedIn]:
    with organisation(books=True) as signed_in:
        yield signed_in


def ask(crm: SignedIn, path: str, told: int = 200, /, **args: Any) -> Any:
    """Call Books for its organisation and return the body."""
    answer = crm.get(f"/books/v3{path}", **{"organization_id": ORGANISATION_ID, **args})
    assert answer.status_code == told, answer.text
    return answer.json


def contact(crm: SignedIn, **values: object) -> str:
    return crm.org.put_record("books.contacts", {"contact_name": "Acme", **values})


def invoice(crm: SignedIn, customer: str, **values: object) -> str:
    fields = {
        "customer_id": customer,
        "invoice_number": "INV-1",
        "date": "2026-10-01",
        "due_date": "2026-10-31",
        "currency_code": "EUR",
        "total": 1500,
        **values,
    }
    return crm.org.put_record("books.invoices", fields)


def payment(crm: SignedIn, customer: str, amount: float, **applied: float) -> str:
    fields = {
        "customer_id": customer,
        "date": "2026-11-10",
        "amount": amount,
        "currency_code": "EUR",
        "invoices": [
            {"invoice_id": key.removeprefix("i"), "amount_applied": part}
            for key, part in applied.items()
        ],
    }
    return crm.org.put_record("books.customerpayments", fields)


def test_the_organisation_is_told_and_demanded(crm: SignedIn) -> None:
    (found,) = ask(crm, "/organizations")["organizations"]

    assert found["organization_id"] == ORGANISATION_ID
    assert found["is_default_org"] is True
    assert found["time_zone"] == "Asia/Shanghai"
    for wrong in ("", "1"):
        refused = crm.get("/books/v3/invoices", organization_id=wrong)
        assert refused.status_code == 400
        assert refused.json is not None
        assert refused.json["code"] == 6041


def test_without_books_there_is_no_organisation() -> None:
    with organisation() as crm:
        assert ask(crm, "/organizations")["organizations"] == []
        assert ask(crm, "/invoices", 400)["code"] == 6041


def test_an_invoice_tells_what_follows_from_its_payments(crm: SignedIn) -> None:
    customer = contact(crm)
    added = invoice(crm, customer)
    paid = payment(crm, customer, 700, **{f"i{added}": 600})

    (row,) = ask(crm, "/invoices")["invoices"]
    (summary,) = ask(crm, "/customerpayments")["customerpayments"]
    detail = ask(crm, f"/customerpayments/{paid}")["payment"]

    assert row["status"] == "overdue"
    assert (row["total"], row["balance"], row["last_payment_date"]) == (1500.0, 900.0, "2026-11-10")
    assert row["customer_name"] == "Acme"
    assert row["last_modified_time"] == "2026-11-24T09:00:00+0800"
    assert not {"invoices", "amount_refunded"} & set(summary)
    assert detail["amount_refunded"] == 0.0
    assert (summary["unused_amount"], summary["invoice_numbers"]) == (100.0, "INV-1")
    (part,) = detail["invoices"]
    assert (part["invoice_id"], part["amount_applied"], part["balance_amount"]) == (
        added,
        600.0,
        900.0,
    )


@pytest.mark.parametrize(
    ("values", "paid", "status"),
    [
        ({"status": "draft"}, 0, "draft"),
        ({"status": "void"}, 0, "void"),
        ({"due_date": "2026-12-01"}, 0, "sent"),
        ({"due_date": "2026-12-01"}, 5, "partially_paid"),
        ({}, 5, "overdue"),
        ({}, 1500, "paid"),
    ],
)
def test_the_status_follows(
    crm: SignedIn, values: dict[str, object], paid: float, status: str
) -> None:
    customer = contact(crm)
    added = invoice(crm, customer, **values)
    if paid:
        payment(crm, customer, paid, **{f"i{added}": paid})

    assert ask(crm, f"/invoices/{added}")["invoice"]["status"] == status


def test_a_credit_note_settles_too_and_tells_what_it_credited(crm: SignedIn) -> None:
    customer = contact(crm)
    added = invoice(crm, customer)
    note = crm.org.put_record(
        "books.creditnotes",
        {
            "customer_id": customer,
            "creditnote_number": "CN-1",
            "date": "2026-11-01",
            "total": 200,
            "invoices": [{"invoice_id": added, "amount_applied": 150}],
        },
    )

    (row,) = ask(crm, "/creditnotes")["creditnotes"]
    (part,) = ask(crm, f"/creditnotes/{note}/invoices")["invoices_credited"]

    assert (row["status"], row["balance"]) == ("open", 50.0)
    assert (part["invoice_id"], part["credited_amount"]) == (added, 150.0)
    assert ask(crm, f"/invoices/{added}")["invoice"]["balance"] == 1350.0
    assert ask(crm, f"/invoices/{added}")["invoice"]["last_payment_date"] == ""


def test_what_is_applied_is_bounded(crm: SignedIn) -> None:
    customer = contact(crm)
    added = invoice(crm, customer)

    with pytest.raises(ValueError, match="more is applied than is open"):
        payment(crm, customer, 2000, **{f"i{added}": 1600})
    with pytest.raises(ValueError, match="more is applied than there is"):
        payment(crm, customer, 100, **{f"i{added}": 200})
    with pytest.raises(ValueError, match="no contact"):
        invoice(crm, "1")


def test_a_deleted_payment_opens_the_invoice_again(crm: SignedIn) -> None:
    customer = contact(crm)
    added = invoice(crm, customer)
    paid = payment(crm, customer, 600, **{f"i{added}": 600})
    with pytest.raises(ValueError, match="cannot be deleted"):
        crm.org.remove_record("books.invoices", added)
    crm.org.clock.advance(MINUTE)
    crm.org.remove_record("books.customerpayments", paid)

    row = ask(crm, f"/invoices/{added}")["invoice"]

    assert (row["balance"], row["last_payment_date"]) == (1500.0, "")
    assert row["last_modified_time"] == "2026-11-24T09:01:00+0800"
    assert ask(crm, f"/customerpayments/{paid}", 404)["code"] == 1002


def test_lists_come_in_pages_in_order(crm: SignedIn) -> None:
    customer = contact(crm)
    added = [invoice(crm, customer, invoice_number=str(number)) for number in range(5)]

    first = ask(crm, "/invoices", per_page=2, sort_column="created_time", sort_order="A")
    last = ask(crm, "/invoices", per_page=2, page=3, sort_column="created_time", sort_order="A")
    default = ask(crm, "/invoices")

    assert [row["invoice_id"] for row in first["invoices"]] == added[:2]
    assert first["page_context"]["has_more_page"] is True
    assert [row["invoice_id"] for row in last["invoices"]] == added[4:]
    assert last["page_context"]["has_more_page"] is False
    assert default["page_context"]["per_page"] == 200
    assert [row["invoice_id"] for row in default["invoices"]] == added[::-1]
    for name, value in (("per_page", 201), ("sort_column", "owner"), ("filter_by", "Status.X")):
        assert ask(crm, "/invoices", 400, **{name: value})["code"] == 2


def test_lists_are_filtered(crm: SignedIn) -> None:
    linked, other = contact(crm, zcrm_account_id="5000"), contact(crm)
    old = invoice(crm, linked)
    crm.org.clock.advance(MINUTE)
    new = invoice(crm, other, status="draft", date="2026-11-01")

    def ids(**args: object) -> list[str]:
        return [row["invoice_id"] for row in ask(crm, "/invoices", **args)["invoices"]]

    assert ids(last_modified_time="2026-11-24T09:01:00+0800") == [new]
    assert ids(last_modified_time="2026-11-24T01:00:00+0000") == [new, old]
    assert ids(customer_id=linked) == [old]
    assert ids(filter_by="Status.Draft") == [new]
    assert ids(date_start="2026-10-15") == [new]
    assert ids(status="overdue") == [old]
    (found,) = ask(crm, "/contacts", zcrm_account_id="5000")["contacts"]
    assert found["contact_id"] == linked
    assert found["is_linked_with_zohocrm"] is True
    assert ask(crm, "/invoices", 400, last_modified_time="2026-11-24T09:01:00")["code"] == 2


def test_a_list_of_contacts_may_leave_the_link_out() -> None:
    with organisation(books=True, books_lists_links=False) as crm:
        added = contact(crm, zcrm_account_id="5000")

        (row,) = ask(crm, "/contacts")["contacts"]

        assert "zcrm_account_id" not in row
        assert row["is_linked_with_zohocrm"] is True
        assert ask(crm, f"/contacts/{added}")["contact"]["zcrm_account_id"] == "5000"


def test_the_filter_by_time_may_be_ignored() -> None:
    with organisation(books=True, books_filters_modified=False) as crm:
        contact(crm)

        found = ask(crm, "/contacts", last_modified_time="2027-01-01T00:00:00+0000")["contacts"]

        assert len(found) == 1


def test_the_101st_call_of_a_minute_is_refused(crm: SignedIn) -> None:
    for _ in range(100):
        ask(crm, "/organizations")

    assert ask(crm, "/organizations", 429)["code"] == 44
    crm.org.clock.advance(MINUTE)
    ask(crm, "/organizations")


def test_the_day_ends_by_edition() -> None:
    with organisation(books=True, books_edition="free") as crm:
        for _ in range(10):
            for _ in range(100):
                crm.org.books_limits.count()
            crm.org.clock.advance(MINUTE)

        assert ask(crm, "/organizations", 429)["code"] == 45
        crm.org.clock.advance(timedelta(hours=15))
        crm.sign_in()
        ask(crm, "/organizations")


def test_a_free_organisation_takes_five_calls_at_once(crm: SignedIn) -> None:
    with organisation(books=True, books_edition="free") as free:
        limits = BooksLimits(free.org.clock, free.org.options)
        inside = [limits.running() for _ in range(5)]
        for each in inside:
            each.__enter__()
        with pytest.raises(BooksError, match="concurrent"), limits.running():
            pass
        inside[0].__exit__(None, None, None)
        with limits.running():
            pass


def test_the_tokens_are_those_of_the_crm(crm: SignedIn) -> None:
    assert ask(crm, "/organizations")["code"] == 0
    crm.org.tokens.kill_access_tokens()
    assert ask(crm, "/organizations", 401)["code"] == 14
    crm.headers = {"Authorization": "Bearer x"}
    assert ask(crm, "/organizations", 401)["code"] == 14
    with organisation(books=True, scopes=("ZohoBooks.invoices.READ",)) as narrow:
        ask(narrow, "/invoices")
        assert ask(narrow, "/contacts", 401)["code"] == 57


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        (FaultKind.RATE_LIMIT, 429, 44),
        (FaultKind.QUOTA, 429, 45),
        (FaultKind.STALE_TOKEN, 401, 14),
    ],
)
def test_faults_speak_as_books_does(crm: SignedIn, kind: FaultKind, status: int, code: int) -> None:
    crm.org.faults.add(FaultRule(match="GET /books/v3", kind=kind, times=1))

    assert ask(crm, "/invoices", status)["code"] == code
    ask(crm, "/invoices")


def test_no_call_costs_credits_of_the_crm(crm: SignedIn) -> None:
    ask(crm, "/invoices")
    assert ask(crm, "/no/such", 404)["code"] == 5
    assert [call.credits for call in crm.org.journal] == [0, 0, 0]
    assert [call.status for call in crm.org.journal] == [200, 200, 404]


def test_the_sample_company_is_the_same_in_books(crm: SignedIn) -> None:
    company = generate(80, 6, seed=3, as_of=date(2026, 11, 24))
    crm.org.fill(company)
    mine = {each.key for each in company.customers if "zoho" in each.crms}
    invoices = {each.key: each for each in company.invoices if each.crm == "zoho"}
    settled = dict.fromkeys(invoices, Decimal(0))
    for each in company.allocations:
        if each.invoice in settled:
            settled[each.invoice] += each.amount
    for note in company.credit_notes:
        if note.invoice in settled:
            settled[note.invoice] += note.amount
    open_by_number = {
        each.number: max(each.amount - settled[key], Decimal(0)) for key, each in invoices.items()
    }

    stored = crm.org.records("books.invoices")
    contacts = crm.org.records("books.contacts")

    assert {str(row["invoice_number"]): Decimal(str(row["balance"])) for row in stored} == (
        open_by_number
    )
    assert len(contacts) == len(mine)
    unlinked = [row for row in contacts if not row["zcrm_account_id"]]
    assert 0 < len(unlinked) <= len(contacts) / 20
    accounts = {str(row["id"]) for row in crm.org.records("Accounts")}
    assert {row["zcrm_account_id"] for row in contacts} - {""} <= accounts
