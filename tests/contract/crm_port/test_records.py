"""Records come as they stand: amounts and dates exactly, texts whole, the bad ones told."""

from datetime import UTC, date, timedelta

import pytest

from adapters.port import CrmPort, Cursor
from scoring.money import Money
from scoring.records import Account, Allocation, Invoice, InvoiceKind, Kind, Owner, Payment
from tests.contract.bench import Bench, read_all


def read_invoice(port: CrmPort, record_id: str) -> Invoice:
    (invoice,) = port.fetch(Kind.INVOICES, [record_id]).records
    assert isinstance(invoice, Invoice)
    return invoice


def read_account(port: CrmPort, record_id: str) -> Account:
    (account,) = port.fetch(Kind.ACCOUNTS, [record_id]).records
    assert isinstance(account, Account)
    return account


class TestMoneyAndDates:
    """Nothing is rounded, nothing slips a day."""

    def test_an_invoice_is_read_exactly(self, bench: Bench, port: CrmPort) -> None:
        account = bench.add_account()

        invoice = read_invoice(port, bench.add_invoice(account))

        assert invoice.account_id == account
        assert invoice.amount == Money(123450, "CNY")
        assert (invoice.issued_on, invoice.due_on) == (date(2026, 1, 1), date(2026, 1, 31))

    @pytest.mark.parametrize(
        ("written", "minor"),
        [("9999999999.99", 999_999_999_999), ("0.1", 10), ("0.29", 29), ("1.10", 110), ("0", 0)],
    )
    def test_an_amount_keeps_its_last_cent(
        self, bench: Bench, port: CrmPort, written: str, minor: int
    ) -> None:
        added = bench.add_invoice(bench.add_account(), **{bench.vendor.amount: _wire(written)})

        assert read_invoice(port, added).amount == Money(minor, "CNY")

    def test_a_negative_invoice_is_told_and_not_guessed_at(
        self, bench: Bench, port: CrmPort
    ) -> None:
        bench.need_papers_by_hand()
        account = bench.add_account()
        good = bench.add_invoice(account)
        bad = bench.add_invoice(account, **{bench.vendor.amount: -1})

        (page,) = read_all(port, Kind.INVOICES)

        assert [each.record_id for each in page.records] == [good]
        assert [(each.record_id, each.reason) for each in page.problems] == [(bad, "bad_amount")]

    def test_a_credit_note_is_positive_and_names_its_invoice(
        self, bench: Bench, port: CrmPort
    ) -> None:
        bench.need_papers_by_hand()
        account = bench.add_account()
        invoice = bench.add_invoice(account)
        note = bench.add_credit_note(account, invoice, 10)

        (page,) = read_all(port, Kind.CREDIT_NOTES)
        (found,) = page.records
        (invoices,) = read_all(port, Kind.INVOICES)

        assert isinstance(found, Invoice)
        assert found.kind is InvoiceKind.CREDIT_NOTE
        assert (found.record_id, found.applies_to) == (note, invoice)
        assert found.amount == Money(1000, "CNY")
        assert [each.record_id for each in invoices.records] == [invoice]

    def test_an_allocation_larger_than_its_payment_comes_as_it_stands(
        self, bench: Bench, port: CrmPort
    ) -> None:
        bench.need_papers_by_hand()
        account = bench.add_account()
        payment, invoice = bench.add_payment(account, "500"), bench.add_invoice(account)
        added = bench.add_allocation(payment, invoice, "700.07")

        (page,) = read_all(port, Kind.ALLOCATIONS)
        (paid,) = port.fetch(Kind.PAYMENTS, [payment]).records
        (found,) = page.records

        assert isinstance(found, Allocation)
        assert isinstance(paid, Payment)
        assert (found.record_id, found.payment_id, found.invoice_id) == (added, payment, invoice)
        assert (found.amount, paid.amount) == (Money(70007, "CNY"), Money(50000, "CNY"))
        assert (paid.account_id, paid.paid_on) == (account, date(2026, 2, 10))

    @pytest.mark.parametrize("day", ["2024-02-29", "2025-12-31", "2026-01-01", "2026-03-08"])
    def test_a_date_is_the_same_day_here(self, bench: Bench, port: CrmPort, day: str) -> None:
        dates = {bench.vendor.issued_on: day, bench.vendor.due_on: day}

        invoice = read_invoice(port, bench.add_invoice(bench.add_account(), **dates))

        assert (invoice.issued_on, invoice.due_on) == (date.fromisoformat(day),) * 2

    def test_times_are_aware_and_utc(self, bench: Bench, port: CrmPort) -> None:
        added, at = bench.add_account(), bench.crm.clock.now()

        account = read_account(port, added)

        assert account.modified_at is not None
        assert account.modified_at.tzinfo is UTC
        assert abs((account.modified_at - at).total_seconds()) < 1


class TestTexts:
    """A text comes whole or is told; empty and missing are alike."""

    def test_a_name_with_emoji_and_right_to_left_marks_comes_whole(
        self, bench: Bench, port: CrmPort
    ) -> None:
        name = "شركة 😀 \u200fLtd\u200e 公司"

        assert read_account(port, bench.add_account(**{bench.vendor.renamed: name})).name == name

    def test_a_name_as_long_as_its_field_comes_whole(self, bench: Bench, port: CrmPort) -> None:
        name = "长" * 98 + "e\u0301"

        assert read_account(port, bench.add_account(**{bench.vendor.renamed: name})).name == name

    @pytest.mark.parametrize("empty", ["", "   ", None], ids=["empty", "blank", "null"])
    def test_an_empty_text_is_a_missing_one(
        self, bench: Bench, port: CrmPort, empty: str | None
    ) -> None:
        missing = read_account(port, bench.add_account())
        blank = read_account(port, bench.add_account(**{bench.vendor.country: empty}))

        assert missing.country is None
        assert blank.country is None

    def test_spaces_around_a_text_do_not_count(self, bench: Bench, port: CrmPort) -> None:
        account = bench.add_account(**{bench.vendor.country: "  中国 "})

        assert read_account(port, account).country == "中国"


class TestProblems:
    """Each record of the CRM is a record or a problem; none is dropped."""

    def test_a_record_that_lacks_a_date_is_told_with_its_field(
        self, bench: Bench, port: CrmPort
    ) -> None:
        bench.need_papers_by_hand()
        account = bench.add_account()
        bad = bench.add_invoice(account, **{bench.vendor.due_on: None})

        page = port.fetch(Kind.INVOICES, [bad])

        (problem,) = page.problems
        assert (page.records, page.gone) == ((), ())
        assert (problem.kind, problem.record_id, problem.account_id) == (
            Kind.INVOICES,
            bad,
            account,
        )
        assert problem.reason == "missing_field"
        assert bench.vendor.due_on in problem.detail

    def test_the_counts_add_up(self, bench: Bench, port: CrmPort) -> None:
        bench.need_papers_by_hand()
        account = bench.add_account()
        bad = {bench.add_invoice(account, **{bench.vendor.due_on: None}) for _ in range(60)}
        good = {bench.add_invoice(account) for _ in range(170)}

        pages = read_all(port, Kind.INVOICES)

        assert sum(len(page.problems) for page in pages) == 60
        assert {each.record_id for page in pages for each in page.problems} == bad
        assert {each.record_id for page in pages for each in page.records} == good

    def test_a_problem_corrected_is_a_record(self, bench: Bench, port: CrmPort) -> None:
        bench.need_papers_by_hand()
        bad = bench.add_invoice(bench.add_account(), **{bench.vendor.due_on: None})
        (page,) = read_all(port, Kind.INVOICES)
        bench.pass_time(timedelta(minutes=1))
        bench.put(Kind.INVOICES, {bench.vendor.due_on: "2026-01-31"}, bad)

        pages = read_all(port, Kind.INVOICES, page.cursor)

        assert len(page.problems) == 1
        assert [each.record_id for each in pages[-1].records] == [bad]
        assert pages[-1].problems == ()


class TestPeople:
    """Owners are the CRM's users, and accounts name them by the same ids."""

    def test_an_accounts_owner_is_among_the_owners(self, bench: Bench, port: CrmPort) -> None:
        account = read_account(port, bench.add_account())

        owners = port.changes(Kind.OWNERS, Cursor()).records

        assert account.owner_id in {each.record_id for each in owners}

    def test_somebody_who_left_is_known_as_such(self, bench: Bench, port: CrmPort) -> None:
        left = bench.somebody_who_left()

        owners = port.changes(Kind.OWNERS, Cursor()).records

        active = {each.record_id: each.active for each in owners if isinstance(each, Owner)}
        assert active[left] is False
        assert active[bench.vendor.own] is True
        assert active[bench.vendor.seller] is True

    def test_strangers_among_owners_are_gone(self, port: CrmPort) -> None:
        page = port.fetch(Kind.OWNERS, ["nobody", ""])

        assert page.records == ()
        assert set(page.gone) == {"nobody", ""}


def _wire(text: str) -> object:
    return float(text) if "." in text else int(text)
