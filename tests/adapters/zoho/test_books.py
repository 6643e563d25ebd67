"""The ledger in Zoho Books: exact, resumable, at the price of few calls."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from adapters.errors import CredentialsRejected, CrmUnavailable, NotPermitted, Refused
from adapters.port import CrmPort, Cursor, Page
from adapters.registry import open_port
from adapters.tokens import MemoryTokenStore, Sealer
from adapters.zoho.events import channels
from adapters.zoho.settings import mapping_of
from sandbox.company.generate import generate
from sandbox.faults import FaultKind
from scoring.money import Money, to_money
from scoring.records import Allocation, Invoice, InvoiceKind, Kind, Payment
from tests.adapters.zoho.answers import API, CannedZoho, a_port, some_settings
from tests.contract.bench import ZOHO_BOOKS, Bench, Vendor, open_bench, read_all

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LEDGER = (Kind.INVOICES, Kind.CREDIT_NOTES, Kind.PAYMENTS, Kind.ALLOCATIONS)
BY_PAYMENT = replace(ZOHO_BOOKS, options={**ZOHO_BOOKS.options, "books_payments": "by_payment"})


@pytest.fixture
def bench() -> Iterator[Bench]:
    with open_bench(ZOHO_BOOKS) as running:
        yield running


@pytest.fixture
def exact() -> Iterator[Bench]:
    with open_bench(BY_PAYMENT) as running:
        yield running


class Trade:
    """One customer's papers in Books."""

    def __init__(self, bench: Bench, *, linked: bool = True) -> None:
        self._crm = bench.crm
        self.account = bench.add_account()
        self.contact = bench.add_contact_in_books(self.account if linked else "")

    def invoice(self, total: float = 1000, **values: object) -> str:
        fields = {**ZOHO_BOOKS.invoice, "customer_id": self.contact, "total": total, **values}
        return self._crm.put_record("books.invoices", fields)

    def pay(self, on: str, amount: float, applied: dict[str, float], **values: object) -> str:
        fields = {
            "customer_id": self.contact,
            "date": on,
            "amount": amount,
            "currency_code": "CNY",
            "invoices": _parts(applied),
            **values,
        }
        return self._crm.put_record("books.customerpayments", fields)

    def credit(self, on: str, total: float, applied: dict[str, float], **values: object) -> str:
        fields = {
            "customer_id": self.contact,
            "creditnote_number": "CN-1",
            "date": on,
            "total": total,
            "currency_code": "CNY",
            "invoices": _parts(applied),
            **values,
        }
        return self._crm.put_record("books.creditnotes", fields)


def _parts(applied: dict[str, float]) -> list[dict[str, object]]:
    return [{"invoice_id": key, "amount_applied": part} for key, part in applied.items()]


def ledger(port: CrmPort) -> dict[Kind, list[Any]]:
    """Read the whole ledger."""
    return {
        kind: [record for page in read_all(port, kind) for record in page.records]
        for kind in LEDGER
    }


def cny(amount: str) -> Money:
    return Money(int(Decimal(amount) * 100), "CNY")


def calls(bench: Bench, path: str = "/books/v3/") -> list[str]:
    return [call.path for call in bench.crm.journal if call.path.startswith(path)]


class TestByInvoice:
    """What is settled of an invoice comes with the invoice."""

    def test_an_invoice_paid_in_part_is_a_payment_and_its_allocation(self, bench: Bench) -> None:
        trade = Trade(bench)
        added = trade.invoice(1000)
        trade.pay("2026-02-03", 300, {added: 300})
        trade.pay("2026-02-20", 250, {added: 200})

        found = ledger(bench.open())

        (invoice,), (allocation,) = found[Kind.INVOICES], found[Kind.ALLOCATIONS]
        settled, unused = found[Kind.PAYMENTS]
        assert (invoice.record_id, invoice.account_id) == (added, trade.account)
        assert (settled.record_id, settled.paid_on) == (added, date(2026, 2, 20))
        assert (settled.amount, settled.account_id) == (cny("500"), trade.account)
        assert (allocation.payment_id, allocation.invoice_id) == (added, added)
        assert allocation.amount == cny("500")
        assert unused.record_id.startswith("unused-")
        assert (unused.amount, unused.paid_on) == (cny("50"), date(2026, 2, 20))

    def test_what_is_left_of_a_credit_note_stands_by_itself(self, bench: Bench) -> None:
        trade = Trade(bench)
        added = trade.invoice(1000)
        left = trade.credit("2026-02-01", 300, {added: 100})
        trade.credit("2026-02-01", 50, {added: 50})

        found = ledger(bench.open())

        (note,), (settled,) = found[Kind.CREDIT_NOTES], found[Kind.PAYMENTS]
        assert (note.record_id, note.kind) == (left, InvoiceKind.CREDIT_NOTE)
        assert (note.amount, note.applies_to) == (cny("200"), None)
        # No payment tells a day, so it is the day on which the invoice changed, in its zone.
        assert (settled.amount, settled.paid_on) == (cny("150"), date(2026, 11, 20))

    def test_a_payment_taken_back_is_gone_with_its_allocation(self, bench: Bench) -> None:
        trade = Trade(bench)
        added = trade.invoice(1000)
        paid = trade.pay("2026-02-03", 300, {added: 300})
        port = bench.open()
        ends = {kind: read_all(port, kind)[-1].cursor for kind in LEDGER}
        bench.pass_time(HOUR)
        bench.crm.remove_record("books.customerpayments", paid)

        gone = {kind: read_all(port, kind, cursor)[-1].gone for kind, cursor in ends.items()}

        assert gone[Kind.PAYMENTS] == (added,)
        assert gone[Kind.ALLOCATIONS] == (added,)
        assert gone[Kind.INVOICES] == ()

    def test_drafts_and_void_papers_are_not_owed(self, bench: Bench) -> None:
        trade = Trade(bench)
        papers = [trade.invoice(status=status) for status in ("draft", "void")]
        note = trade.credit("2026-02-01", 10, {}, status="void")
        failed = trade.pay("2026-02-03", 5, {}, status="failure")
        port = bench.open()

        assert set(port.changes(Kind.INVOICES, Cursor()).gone) == set(papers)
        assert port.changes(Kind.CREDIT_NOTES, Cursor()).gone == (note,)
        assert f"unused-{failed}" in port.changes(Kind.PAYMENTS, Cursor()).gone
        assert all(records == [] for records in ledger(port).values())

    def test_the_sample_company_owes_in_books_what_it_owes_in_the_crm(self, bench: Bench) -> None:
        bench.crm.fill(generate(60, 6, seed=5, as_of=date(2026, 11, 20)))
        linked = {
            str(row["contact_id"]): row["zcrm_account_id"]
            for row in bench.crm.records("books.contacts")
        }
        stored = bench.crm.records("books.invoices")

        found = ledger(bench.open())

        paid = {each.invoice_id: each.amount for each in found[Kind.ALLOCATIONS]}
        still = {
            each.record_id: each.amount.minor
            - (paid[each.record_id].minor if each.record_id in paid else 0)
            for each in found[Kind.INVOICES]
        }
        wanted = {
            str(row["invoice_id"]): to_money(
                Decimal(str(row["balance"])), str(row["currency_code"])
            ).minor
            for row in stored
            if linked[str(row["customer_id"])]
        }
        assert still == wanted
        assert len(still) < len(stored)


class TestByPayment:
    """One call for each payment tells what it was applied to."""

    def test_each_payment_keeps_its_day(self, exact: Bench) -> None:
        trade = Trade(exact)
        one, other = trade.invoice(1000), trade.invoice(500)
        first = trade.pay("2026-02-03", 300, {one: 300})
        second = trade.pay("2026-02-20", 1000, {one: 400, other: 500}, amount_refunded=20)

        found = ledger(exact.open())

        days = {each.record_id: (each.paid_on, each.amount) for each in found[Kind.PAYMENTS]}
        assert days == {
            first: (date(2026, 2, 3), cny("300")),
            second: (date(2026, 2, 20), cny("980")),
        }
        assert {
            (each.record_id, each.payment_id, each.invoice_id, each.amount)
            for each in found[Kind.ALLOCATIONS]
        } == {
            (f"{first}-{one}", first, one, cny("300")),
            (f"{second}-{one}", second, one, cny("400")),
            (f"{second}-{other}", second, other, cny("500")),
        }

    def test_a_credit_note_reduces_the_invoices_it_was_applied_to(self, exact: Bench) -> None:
        trade = Trade(exact)
        added = trade.invoice(1000)
        note = trade.credit("2026-02-01", 300, {added: 100})

        found = ledger(exact.open())[Kind.CREDIT_NOTES]

        assert {(each.record_id, each.amount, each.applies_to) for each in found} == {
            (note, cny("200"), None),
            (f"{note}-{added}", cny("100"), added),
        }

    def test_a_call_is_paid_once_for_each_payment_that_was_applied(self, exact: Bench) -> None:
        trade = Trade(exact)
        added = trade.invoice(1000)
        for _ in range(30):
            trade.pay("2026-02-03", 10, {added: 10})
        trade.pay("2026-02-03", 10, {})
        port = exact.open()

        first = read_all(port, Kind.ALLOCATIONS)
        details = calls(exact, "/books/v3/customerpayments/")
        read_all(port, Kind.ALLOCATIONS)

        assert [len(page.records) for page in first] == [25, 5]
        assert len(details) == 30
        assert calls(exact, "/books/v3/customerpayments").count("/books/v3/customerpayments") == 2
        assert calls(exact, "/books/v3/customerpayments/") == details

    def test_a_payment_applied_anew_is_asked_again(self, exact: Bench) -> None:
        trade = Trade(exact)
        one, other = trade.invoice(1000), trade.invoice(500)
        paid = trade.pay("2026-02-03", 300, {one: 300})
        port = exact.open()
        cursor = read_all(port, Kind.ALLOCATIONS)[-1].cursor
        exact.pass_time(HOUR)
        exact.crm.put_record("books.customerpayments", {"invoices": _parts({other: 300})}, paid)

        (page,) = read_all(port, Kind.ALLOCATIONS, cursor)

        assert [each.record_id for each in page.records] == [f"{paid}-{other}"]

    def test_details_that_do_not_fit_cost_one_payment(self, zoho: CannedZoho) -> None:
        rows = [
            {
                "payment_id": number,
                "customer_id": "7",
                "date": "2026-02-03",
                "currency_code": "CNY",
                "amount": 10,
                "unused_amount": 0,
                "last_modified_time": "2026-02-03T10:00:00+0800",
            }
            for number in ("1", "2")
        ]
        listed = {"customerpayments": rows, "page_context": {"has_more_page": False}}
        zoho.mock.get(f"{API}/books/v3/customerpayments", json=listed)
        for row, amount in zip(rows, ("much", 10), strict=True):
            detail = {**row, "invoices": [{"invoice_id": "9", "amount_applied": amount}]}
            path = f"{API}/books/v3/customerpayments/{row['payment_id']}"
            zoho.mock.get(path, json={"payment": detail})
        contact = {"contact_id": "7", "zcrm_account_id": "5"}
        zoho.mock.get(f"{API}/books/v3/contacts/7", json={"contact": contact})
        options = {**BY_PAYMENT.options, "books_organization_id": "77"}

        page = a_port(zoho, options=options).changes(Kind.ALLOCATIONS, Cursor())

        assert [each.record_id for each in page.records] == ["2-9"]
        assert [each.record_id for each in page.problems] == ["1"]

    def test_a_credit_note_deleted_while_it_is_read_holds_nothing_up(
        self, zoho: CannedZoho
    ) -> None:
        note = {
            "creditnote_id": "1",
            "customer_id": "7",
            "creditnote_number": "CN-1",
            "date": "2026-02-01",
            "currency_code": "CNY",
            "total": 300,
            "balance": 200,
            "last_modified_time": "2026-02-03T10:00:00+0800",
        }
        listed = {"creditnotes": [note], "page_context": {"has_more_page": False}}
        zoho.mock.get(f"{API}/books/v3/creditnotes", json=listed)
        gone = {"code": 1002, "message": "The Credit Note does not exist."}
        zoho.mock.get(f"{API}/books/v3/creditnotes/1/invoices", json=gone, status=404)
        contact = {"contact_id": "7", "zcrm_account_id": "5"}
        zoho.mock.get(f"{API}/books/v3/contacts/7", json={"contact": contact})
        options = {**BY_PAYMENT.options, "books_organization_id": "77"}

        page = a_port(zoho, options=options).changes(Kind.CREDIT_NOTES, Cursor())

        assert [each.record_id for each in page.records] == ["1"]
        assert page.finished

    def test_another_port_goes_on_between_two_payments(self, exact: Bench) -> None:
        trade = Trade(exact)
        added = trade.invoice(1000)
        paid = [trade.pay("2026-02-03", 10, {added: 10}) for _ in range(30)]
        first = exact.open().changes(Kind.ALLOCATIONS, Cursor())

        rest = read_all(exact.open(), Kind.ALLOCATIONS, first.cursor)

        found = [each.record_id for page in (first, *rest) for each in page.records]
        assert found == [f"{each}-{added}" for each in paid]


class TestFeeds:
    """Feeds end, resume, and miss nothing."""

    def test_a_feed_of_many_pages_holds_each_record_once(self, bench: Bench) -> None:
        trade = Trade(bench)
        added = [trade.invoice(invoice_number=str(number)) for number in range(450)]
        first = bench.open().changes(Kind.INVOICES, Cursor())

        rest = read_all(bench.open(), Kind.INVOICES, first.cursor)

        ids = [each.record_id for page in (first, *rest) for each in page.records]
        assert ids == added
        assert len(rest) == 2
        assert rest[-1].cursor == Cursor(watermark=bench.crm.clock.now())

    def test_only_what_changed_comes_next(self, bench: Bench) -> None:
        trade = Trade(bench)
        trade.invoice()
        bench.pass_time(HOUR)
        known = trade.invoice()
        port = bench.open()
        cursor = read_all(port, Kind.INVOICES)[-1].cursor
        bench.pass_time(HOUR)
        added = trade.invoice()

        (page,) = read_all(port, Kind.INVOICES, cursor)

        assert [each.record_id for each in page.records] == [known, added]  # an overlap is re-read
        assert page.cursor.watermark == bench.crm.clock.now()

    def test_a_change_behind_the_reader_is_read_by_the_next_read(self, bench: Bench) -> None:
        """A scan that takes long sets its watermark as far back as it took."""
        trade = Trade(bench)
        added = [trade.invoice(invoice_number=str(number)) for number in range(201)]
        port = bench.open()
        first = port.changes(Kind.INVOICES, Cursor())
        bench.time.seconds += 3600
        bench.pass_time(MINUTE)
        trade_changed = bench.crm.put_record("books.invoices", {"total": 7}, added[0])
        bench.pass_time(HOUR)
        bench.crm.put_record("books.invoices", {"total": 8}, added[-1])
        (last,) = read_all(port, Kind.INVOICES, first.cursor)

        pages = read_all(port, Kind.INVOICES, last.cursor)

        changed = {each.record_id for page in pages for each in page.records}
        assert {trade_changed, added[-1]} <= changed

    def test_a_position_of_another_making_begins_again(self, bench: Bench) -> None:
        added = Trade(bench).invoice()
        for position in (
            "{broken",
            '{"after":"12"}',
            '{"begun_at":"2026-01-01T00:00:00Z","stage":9}',
        ):
            page = bench.open().changes(Kind.INVOICES, Cursor(position=position))

            assert [each.record_id for each in page.records] == [added]

    def test_an_unlinked_customer_is_a_problem_of_its_papers(self, bench: Bench) -> None:
        good, strange = Trade(bench), Trade(bench, linked=False)
        kept, lost = good.invoice(), strange.invoice()
        strange.pay("2026-02-03", 60, {lost: 50})
        port = bench.open()

        invoices = port.changes(Kind.INVOICES, Cursor())
        payments = port.changes(Kind.PAYMENTS, Cursor())
        allocations = port.changes(Kind.ALLOCATIONS, Cursor())

        (problem,) = invoices.problems
        assert [each.record_id for each in invoices.records] == [kept]
        assert (problem.record_id, problem.reason) == (lost, "not_linked")
        assert problem.detail.startswith("customer_id: ")
        assert [each.reason for each in payments.problems] == ["not_linked"]
        assert (payments.records, allocations.records) == ((), ())
        assert lost in allocations.gone

    @pytest.mark.parametrize(
        ("values", "reason"),
        [
            ({"currency_code": "XXQ"}, "unknown_currency"),
            ({"currency_code": None}, "bad_text"),
            ({"invoice_number": "a\x00b"}, "bad_text"),
        ],
    )
    def test_a_bad_record_is_a_problem_beside_good_ones(
        self, bench: Bench, values: dict[str, object], reason: str
    ) -> None:
        trade = Trade(bench)
        good, bad = trade.invoice(), trade.invoice(1000, **values)

        page = bench.open().changes(Kind.INVOICES, Cursor())

        assert [each.record_id for each in page.records] == [good]
        assert [(each.record_id, each.reason) for each in page.problems] == [(bad, reason)]

    def test_a_page_that_lost_a_record_on_the_way_is_read_again(self, bench: Bench) -> None:
        trade = Trade(bench)
        added = [trade.invoice(invoice_number=str(number)) for number in range(201)]
        bench.fail("GET /books/v3/invoices", FaultKind.MISSING_ENTRY)

        pages = read_all(bench.open(), Kind.INVOICES)

        assert [each.record_id for page in pages for each in page.records] == added

    @pytest.mark.parametrize("vendor", [ZOHO_BOOKS, BY_PAYMENT], ids=["invoice", "payment"])
    def test_fetch_reads_what_the_feeds_read(self, vendor: Vendor) -> None:
        with open_bench(vendor) as bench:
            trade = Trade(bench)
            added = trade.invoice(1000)
            trade.pay("2026-02-03", 300, {added: 200})
            trade.credit("2026-02-01", 300, {added: 100})
            port = bench.open()
            for kind, records in ledger(port).items():
                ids = [each.record_id for each in records]

                page = port.fetch(kind, [*ids, "460000000999", "' or 1", "unused-", ""])

                assert ids
                assert sorted(each.record_id for each in page.records) == sorted(ids)
                assert page.gone == ("460000000999", "' or 1", "unused-", "")
                assert page.cursor == Cursor()
            asked = {path.rpartition("/")[2] for path in calls(bench)}
            assert "460000000999" in asked
            assert all("or" not in each for each in asked - {"organizations", "invoices"})

    def test_the_sweep_tells_what_is_gone(self, bench: Bench) -> None:
        trade = Trade(bench)
        added = [trade.invoice(invoice_number=str(number)) for number in range(30)]
        port = bench.open()
        for each in added[:2]:
            bench.crm.remove_record("books.invoices", each)
        before = len(calls(bench))

        many = port.missing(Kind.INVOICES, added)
        few = port.missing(Kind.INVOICES, added[:3])

        assert many == few == tuple(added[:2])
        assert set(port.ids(Kind.INVOICES).ids) == set(added[2:])
        assert len(calls(bench)) - before < 10


class TestContacts:
    """Accounts behind contacts are found with few calls, whatever the lists leave out."""

    def test_a_few_are_asked_for_and_many_are_listed(self, bench: Bench) -> None:
        trades = [Trade(bench) for _ in range(7)]
        port = bench.open()
        trades[0].invoice()
        port.changes(Kind.INVOICES, Cursor())
        few = calls(bench, "/books/v3/contacts")
        for trade in trades:
            trade.invoice()
        port.changes(Kind.INVOICES, Cursor())
        many = calls(bench, "/books/v3/contacts")
        port.changes(Kind.INVOICES, Cursor())

        assert few == [f"/books/v3/contacts/{trades[0].contact}"]
        assert many == [*few, "/books/v3/contacts"]
        assert calls(bench, "/books/v3/contacts") == many

    def test_a_link_that_lists_leave_out_is_asked_for(self) -> None:
        with open_bench(ZOHO_BOOKS, books_lists_links=False) as bench:
            trades = [Trade(bench) for _ in range(7)]
            unlinked = Trade(bench, linked=False)
            for trade in (*trades, unlinked):
                trade.invoice()

            page = bench.open().changes(Kind.INVOICES, Cursor())

            assert {each.account_id for each in page.records if isinstance(each, Invoice)} == {
                trade.account for trade in trades
            }
            assert len(page.problems) == 1
            assert len(calls(bench, "/books/v3/contacts/")) == 7

    def test_a_link_by_contacts_leads_to_their_account(self, bench: Bench) -> None:
        trades = [Trade(bench, linked=False) for _ in range(7)]
        people = [
            bench.crm.put_record(
                "Contacts", {"Last_Name": "李", "Account_Name": {"id": trade.account}}
            )
            for trade in trades
        ]
        nobody = bench.crm.put_record("Contacts", {"Last_Name": "王"})
        for trade, person in zip(trades, [*people[:-1], nobody], strict=True):
            bench.crm.put_record("books.contacts", {"zcrm_contact_id": person}, trade.contact)
            trade.invoice()

        page = bench.open().changes(Kind.INVOICES, Cursor())

        found = [each.account_id for each in page.records if isinstance(each, Invoice)]
        assert found == [trade.account for trade in trades[:-1]]
        assert [each.reason for each in page.problems] == ["not_linked"]
        assert len(calls(bench, "/crm/v8/coql")) == 1

    def test_a_crm_that_does_not_answer_leaves_no_contact_without_its_account(
        self, bench: Bench
    ) -> None:
        trade = Trade(bench, linked=False)
        person = bench.crm.put_record(
            "Contacts", {"Last_Name": "李", "Account_Name": {"id": trade.account}}
        )
        bench.crm.put_record("books.contacts", {"zcrm_contact_id": person}, trade.contact)
        trade.invoice()
        port = bench.open()
        bench.fail("POST /crm/v8/coql", FaultKind.ERROR_500, times=5)
        with pytest.raises(CrmUnavailable):
            port.changes(Kind.INVOICES, Cursor())

        (invoice,) = port.changes(Kind.INVOICES, Cursor()).records

        assert isinstance(invoice, Invoice)
        assert invoice.account_id == trade.account

    def test_a_contact_linked_later_is_seen_after_a_quarter_of_an_hour(self, bench: Bench) -> None:
        trade = Trade(bench, linked=False)
        trade.invoice()
        port = bench.open()
        assert port.changes(Kind.INVOICES, Cursor()).problems
        bench.crm.put_record("books.contacts", {"zcrm_account_id": trade.account}, trade.contact)

        assert port.changes(Kind.INVOICES, Cursor()).problems
        bench.time.seconds += 15 * 60
        assert port.changes(Kind.INVOICES, Cursor()).records


class TestLimits:
    """Books' own limits hold nobody up but the reading of Books."""

    def test_calls_to_books_cost_no_credits(self, bench: Bench) -> None:
        Trade(bench).invoice()
        port = bench.open()
        before = port.usage()

        ledger(port)

        after = port.usage()
        assert after.credits == before.credits
        assert after.calls - before.calls == len(calls(bench)) + 1  # and a token

    def test_a_quiet_pull_costs_five_calls(self, bench: Bench) -> None:
        Trade(bench).invoice()
        port = bench.open()
        ends = {kind: read_all(port, kind)[-1].cursor for kind in LEDGER}
        bench.pass_time(10 * MINUTE)
        Trade(bench).invoice()
        ends = {kind: read_all(port, kind, end)[-1].cursor for kind, end in ends.items()}
        bench.pass_time(MINUTE)
        before = len(calls(bench))

        for kind, end in ends.items():
            read_all(port, kind, end)

        assert len(calls(bench)) - before == 5

    def test_a_long_read_keeps_below_the_minute(self, bench: Bench) -> None:
        bench.time.clock = bench.crm.clock
        trade = Trade(bench)
        added = [trade.invoice(invoice_number=str(number)) for number in range(150)]
        port = bench.open()

        port.fetch(Kind.INVOICES, added)

        assert bench.time.seconds >= 60
        assert {call.status for call in bench.crm.journal} == {200}

    def test_a_minute_that_others_used_up_is_waited_for(self, bench: Bench) -> None:
        added = Trade(bench).invoice()
        bench.fail("GET /books/v3/invoices", FaultKind.RATE_LIMIT, times=2)

        page = bench.open().changes(Kind.INVOICES, Cursor())

        assert [each.record_id for each in page.records] == [added]
        assert bench.time.slept == [20.0, 20.0]

    def test_a_day_used_up_rests_books_and_nothing_else(self, bench: Bench) -> None:
        port = bench.open()
        account = bench.add_account()
        port.changes(Kind.ACCOUNTS, Cursor())
        bench.fail("GET /books/v3/invoices", FaultKind.QUOTA, times=100)

        with pytest.raises(CrmUnavailable, match="the CRM goes on") as caught:
            port.changes(Kind.INVOICES, Cursor())

        assert caught.value.vendor_code == "45"
        assert caught.value.retry_at == bench.time.pace().now() + HOUR
        assert len(calls(bench, "/books/v3/invoices")) == 1
        assert port.fetch(Kind.ACCOUNTS, [account]).records

    def test_our_own_budget_for_books_rests_books_and_nothing_else(
        self, bench: Bench, engine: sa.Engine
    ) -> None:
        bench.engine = engine
        account = bench.add_account()
        options = {**ZOHO_BOOKS.options, "books_calls_per_day": 4}
        port, other = bench.open(options=options), bench.open(options=options)
        port.changes(Kind.INVOICES, Cursor())
        other.changes(Kind.INVOICES, Cursor())

        with pytest.raises(CrmUnavailable, match="4 of 4 calls to Books in 24 hours") as caught:
            ledger(port)

        assert len(calls(bench)) == 4
        assert caught.value.retry_at is not None
        assert port.fetch(Kind.ACCOUNTS, [account]).records
        bench.time.seconds += 25 * 3600
        assert port.changes(Kind.INVOICES, Cursor()).finished

    def test_the_ledger_is_read_last(self, bench: Bench) -> None:
        kinds = bench.open().kinds

        assert kinds[-4:] == LEDGER
        assert set(kinds[:-4]).isdisjoint(LEDGER)


@pytest.mark.parametrize(
    "kind",
    [
        FaultKind.ERROR_500,
        FaultKind.ERROR_502_HTML,
        FaultKind.ERROR_503,
        FaultKind.ERROR_504_HTML,
        FaultKind.HTML_200,
        FaultKind.TRUNCATED_JSON,
        FaultKind.WRONG_LENGTH,
        FaultKind.SLOW_BODY,
        FaultKind.HALF_CLOSE,
        FaultKind.RESET_BEFORE,
        FaultKind.RESET_AFTER,
    ],
)
@pytest.mark.parametrize("path", ["organizations", "invoices", "contacts"])
def test_a_read_survives_a_passing_fault(bench: Bench, path: str, kind: FaultKind) -> None:
    added = Trade(bench).invoice()
    bench.fail(f"GET /books/v3/{path}", kind, times=2)

    page = bench.open().changes(Kind.INVOICES, Cursor())

    assert [each.record_id for each in page.records] == [added]


def test_bytes_that_are_no_text_cost_one_record_at_most(bench: Bench) -> None:
    trade = Trade(bench)
    added = [trade.invoice(invoice_number=str(number)) for number in range(9)]
    bench.fail("GET /books/v3/invoices", FaultKind.BROKEN_BYTES)

    page = bench.open().changes(Kind.INVOICES, Cursor())

    told = [each.record_id for each in (*page.records, *page.problems)]
    assert sorted(told) == added
    assert len(page.problems) <= 1


class TestSignIn:
    """The same token, the same host, and its own scopes."""

    def test_a_token_that_dies_is_replaced(self, bench: Bench) -> None:
        added = Trade(bench).invoice()
        bench.fail("GET /books/v3/invoices", FaultKind.STALE_TOKEN)

        page = bench.open().changes(Kind.INVOICES, Cursor())

        assert [each.record_id for each in page.records] == [added]

    def test_a_token_that_never_lives_is_told(self, bench: Bench) -> None:
        bench.fail("GET /books/v3/", FaultKind.STALE_TOKEN, times=10)

        with pytest.raises(CredentialsRejected):
            bench.open().changes(Kind.INVOICES, Cursor())

    def test_missing_scopes_are_named(self) -> None:
        with (
            open_bench(ZOHO_BOOKS, scopes=("ZohoCRM.modules.ALL",)) as bench,
            pytest.raises(NotPermitted, match="scopes of Books"),
        ):
            bench.open().changes(Kind.INVOICES, Cursor())

    def test_the_default_organisation_is_taken(self, zoho: CannedZoho) -> None:
        zoho.mock.get(
            f"{API}/books/v3/organizations",
            json={
                "organizations": [
                    {"organization_id": "1", "name": "Old"},
                    {"organization_id": "2", "name": "New", "is_default_org": True},
                ]
            },
        )
        empty = {"invoices": [], "page_context": {"has_more_page": False}}
        zoho.mock.get(f"{API}/books/v3/invoices", json=empty)

        a_port(zoho, options={"ledger": "books"}).changes(
            Kind.INVOICES, Cursor(watermark=datetime(2026, 11, 1, tzinfo=UTC))
        )

        asked = zoho.mock.calls[-1].request
        assert "organization_id=2" in str(asked.url)
        assert "last_modified_time=2026-10-31T23%3A55%3A00%2B0000" in str(asked.url)
        assert asked.headers["Authorization"].startswith("Zoho-oauthtoken 1000.t")

    @pytest.mark.parametrize(
        ("found", "sentence"),
        [
            ([], "no organisation in Zoho Books"),
            ([("1", "Old"), ("2", "New")], r"one of 1 \(Old\), 2 \(New\)"),
        ],
    )
    def test_an_organisation_that_is_not_clear_is_asked_for(
        self, zoho: CannedZoho, found: list[tuple[str, str]], sentence: str
    ) -> None:
        organisations = [{"organization_id": each, "name": name} for each, name in found]
        zoho.mock.get(f"{API}/books/v3/organizations", json={"organizations": organisations})

        with pytest.raises(Refused, match=sentence):
            a_port(zoho, options={"ledger": "books"}).changes(Kind.INVOICES, Cursor())

    def test_a_configured_organisation_is_not_asked_for(self, zoho: CannedZoho) -> None:
        refusal = {"code": 6041, "message": "This user is not associated with the CompanyID"}
        zoho.mock.get(f"{API}/books/v3/invoices", json=refusal, status=400)
        options = {"ledger": "books", "books_organization_id": "77"}

        with pytest.raises(Refused, match=r"books_organization_id \[6041\]|\[6041\]"):
            a_port(zoho, options=options).changes(Kind.INVOICES, Cursor())

        assert "organization_id=77" in str(zoho.mock.calls[-1].request.url)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, {"code": 57, "message": "not authorized"}, NotPermitted),
        (403, {"code": 99, "message": "?"}, NotPermitted),
        (400, {"code": 15, "message": "Please ensure"}, Refused),
        (400, {"code": "x", "message": ""}, Refused),
        (429, {"code": 1070, "message": "concurrent"}, CrmUnavailable),
        (429, {"code": 0, "message": ""}, CrmUnavailable),
        (500, {}, CrmUnavailable),
        (200, "<html>", CrmUnavailable),
    ],
)
def test_each_refusal_becomes_the_error_it_means(
    zoho: CannedZoho, status: int, body: Any, expected: type[Exception]
) -> None:
    answer = {"body": body} if isinstance(body, str) else {"json": body}
    zoho.mock.get(f"{API}/books/v3/invoices", status=status, **answer)
    options = {"ledger": "books", "books_organization_id": "77"}

    with pytest.raises(expected) as caught:
        a_port(zoho, options=options).changes(Kind.INVOICES, Cursor())

    assert type(caught.value) is expected


def test_with_books_the_crm_is_not_asked_to_notify_of_its_invoices() -> None:
    settings = some_settings(options={"ledger": "books"}, mapping={"invoices": {"module": "Bills"}})

    modules = channels("acme", mapping_of(settings))

    assert set(modules) == {"Accounts", "Contacts", "Sales_Orders"}


@pytest.mark.parametrize(
    "options",
    [
        {"ledger": "paper"},
        {"books_payments": "never"},
        {"books_calls_per_minute": -1},
        {"books_calls_per_day": -1},
        {"books_calls_at_once": 0},
    ],
)
def test_a_wrong_option_is_named(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="options"):
        open_port(
            some_settings(options=options), store=MemoryTokenStore(), sealer=Sealer(bytes(32))
        )


def test_pages_of_books_are_of_their_kind(bench: Bench) -> None:
    trade = Trade(bench)
    added = trade.invoice(100)
    trade.pay("2026-02-03", 100, {added: 100})
    port = bench.open()
    wanted = {Kind.INVOICES: Invoice, Kind.PAYMENTS: Payment, Kind.ALLOCATIONS: Allocation}

    pages: dict[Kind, Page] = {kind: port.changes(kind, Cursor()) for kind in wanted}

    assert {kind: type(page.records[0]) for kind, page in pages.items()} == wanted
    assert {kind: page.kind for kind, page in pages.items()} == {kind: kind for kind in wanted}
