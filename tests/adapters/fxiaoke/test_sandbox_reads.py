"""Reading from the look-alike tenant over HTTP, in both styles."""

from datetime import date, timedelta

from adapters.fxiaoke.port import FxiaokePort
from adapters.fxiaoke.values import date_to_ms
from adapters.port import (
    Cursor,
)
from sandbox.fxiaoke.tenant import FxiaokeTenant
from scoring.money import Money
from scoring.records import Account, Invoice, InvoiceKind, Kind, Payment
from tests.adapters.fxiaoke.tenant import a_note, an_account, open_on, read_all


def test_every_feed_is_read_in_both_styles(tenant: FxiaokeTenant, port: FxiaokePort) -> None:
    account = an_account(tenant, uscc__c="91310000MA1FL0XXXX", terms_days__c="30")
    note = a_note(tenant, account)
    a_note(
        tenant,
        account,
        name="AR-2",
        record_type="red_note__c",
        price_tax_amount="-100.00",
        source_note_id__c=note,
    )
    payment = tenant.put_record(
        "PaymentObj",
        {
            "account_id": account,
            "payment_time": date_to_ms(date(2020, 2, 3)),
            "payment_amount": "600.00",
        },
    )
    tenant.put_record(
        "MatchNoteDetailObj", {"payment_id": payment, "ar_id": note, "match_amount": "600.00"}
    )
    tenant.put_record(
        "SalesOrderObj",
        {"account_id": account, "order_time": date_to_ms(date(2020, 3, 1)), "order_amount": "9.90"},
    )

    counts = {
        kind: sum(len(page.records) for page in read_all(port, kind, Cursor()))
        for kind in port.kinds
    }

    assert counts == dict.fromkeys(port.kinds, 1) | {Kind.OWNERS: 3, Kind.CONTACTS: 0}
    read = port.fetch(Kind.ACCOUNTS, [account]).records[0]
    assert isinstance(read, Account)
    assert (read.uscc, read.terms_days, read.currency) == ("91310000MA1FL0XXXX", 30, "CNY")
    invoice = port.fetch(Kind.INVOICES, [note]).records[0]
    assert isinstance(invoice, Invoice)
    assert (invoice.amount, invoice.due_on) == (Money(123450, "CNY"), date(2020, 1, 31))


def test_owners_of_accounts_are_among_the_employees(
    tenant: FxiaokeTenant, port: FxiaokePort
) -> None:
    account = port.fetch(Kind.ACCOUNTS, [an_account(tenant)]).records[0]
    owners = {owner.record_id for owner in port.changes(Kind.OWNERS, Cursor()).records}

    assert isinstance(account, Account)
    assert account.owner_id in owners


def test_a_credit_note_reduces_its_source(tenant: FxiaokeTenant, plain: FxiaokePort) -> None:
    account = an_account(tenant)
    note = a_note(tenant, account)
    red = a_note(
        tenant, account, record_type="red_note__c", price_tax_amount="-1.00", source_note_id__c=note
    )

    read = plain.fetch(Kind.CREDIT_NOTES, [red, note])

    (credit,) = read.records
    assert isinstance(credit, Invoice)
    assert (credit.kind, credit.applies_to) == (InvoiceKind.CREDIT_NOTE, note)
    assert credit.amount == Money(100, "CNY")
    assert read.gone == ()


def test_more_records_than_offsets_reach_are_read_by_keyset(
    tenant: FxiaokeTenant, url: str
) -> None:
    for number in range(250):
        tenant.put_record("ContactObj", {"name": f"C{number}", "account_id": an_account(tenant)})
    port = open_on(tenant, url)

    pages = read_all(port, Kind.CONTACTS, Cursor())

    ids = [record.record_id for page in pages for record in page.records]
    assert (len(pages), len(ids), len(set(ids))) == (3, 250, 250)
    assert [page.expected for page in pages] == [250, 250, 250]


def test_only_what_changed_comes_with_the_next_read(
    tenant: FxiaokeTenant, plain: FxiaokePort
) -> None:
    an_account(tenant, name="静")
    tenant.clock.advance(timedelta(hours=1))
    moving = an_account(tenant, name="动")
    cursor = read_all(plain, Kind.ACCOUNTS, Cursor())[-1].cursor
    tenant.clock.advance(timedelta(hours=1))
    assert plain.changes(Kind.ACCOUNTS, cursor).records == ()

    tenant.put_record("AccountObj", {"name": "动了"}, moving)
    page = plain.changes(Kind.ACCOUNTS, cursor)

    assert [record.record_id for record in page.records] == [moving]
    assert page.cursor.watermark
    assert cursor.watermark
    assert page.cursor.watermark > cursor.watermark


def test_a_record_changed_during_the_scan_comes_with_the_next_one(
    tenant: FxiaokeTenant, plain: FxiaokePort
) -> None:
    ids = [an_account(tenant, name=f"A{number}") for number in range(120)]
    first = plain.changes(Kind.ACCOUNTS, Cursor())
    tenant.clock.advance(timedelta(minutes=20))
    tenant.put_record("AccountObj", {"name": "改"}, ids[0])
    last = read_all(plain, Kind.ACCOUNTS, first.cursor)[-1]

    again = read_all(plain, Kind.ACCOUNTS, last.cursor)

    names = {record.record_id: record for page in again for record in page.records}
    changed = names[ids[0]]
    assert isinstance(changed, Account)
    assert changed.name == "改"


def test_voided_records_are_gone_and_unapproved_payments_too(
    tenant: FxiaokeTenant, plain: FxiaokePort
) -> None:
    account, voided = an_account(tenant), an_account(tenant)
    tenant.remove_record("AccountObj", voided)
    waiting = tenant.put_record(
        "PaymentObj",
        {
            "account_id": account,
            "payment_time": date_to_ms(date(2020, 2, 3)),
            "payment_amount": "1.00",
            "life_status": "under_review",
        },
    )

    assert plain.fetch(Kind.ACCOUNTS, [account, voided]).gone == (voided,)
    assert plain.missing(Kind.ACCOUNTS, [account, voided]) == (voided,)
    assert plain.changes(Kind.PAYMENTS, Cursor()).gone == (waiting,)


def test_an_approved_payment_appears(tenant: FxiaokeTenant, plain: FxiaokePort) -> None:
    payment = tenant.put_record(
        "PaymentObj",
        {
            "account_id": an_account(tenant),
            "payment_time": date_to_ms(date(2020, 2, 3)),
            "payment_amount": "1.00",
            "life_status": "under_review",
        },
    )
    cursor = plain.changes(Kind.PAYMENTS, Cursor()).cursor
    tenant.clock.advance(timedelta(minutes=1))
    tenant.put_record("PaymentObj", {"life_status": "normal"}, payment)

    (read,) = plain.changes(Kind.PAYMENTS, cursor).records

    assert isinstance(read, Payment)


def test_bad_records_are_problems_beside_good_ones(
    tenant: FxiaokeTenant, plain: FxiaokePort
) -> None:
    account = an_account(tenant)
    good = a_note(tenant, account)
    a_note(tenant, account, due_date=None)
    a_note(tenant, account, account_id=None)
    a_note(tenant, account, price_tax_amount="-5.00")
    a_note(tenant, account, mc_currency="ZZZ")

    page = plain.changes(Kind.INVOICES, Cursor())

    assert [record.record_id for record in page.records] == [good]
    assert sorted(problem.reason for problem in page.problems) == [
        "bad_amount",
        "missing_field",
        "missing_field",
        "unknown_currency",
    ]


def test_an_empty_crm_is_read_without_complaint(plain: FxiaokePort) -> None:
    for kind in plain.kinds[1:]:
        page = plain.changes(kind, Cursor())
        assert (page.records, page.finished) == ((), True)
