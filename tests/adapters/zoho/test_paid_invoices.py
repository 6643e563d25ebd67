"""Payments that stand in fields of the invoices, where they have no module of their own."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from adapters.errors import ContractBroken
from adapters.port import Cursor, FindingLevel
from adapters.zoho.events import channels
from adapters.zoho.settings import mapping_of
from sandbox.company.generate import generate
from scoring.money import Money
from scoring.records import Allocation, Kind, Payment
from tests.adapters.zoho.answers import CannedZoho, a_field, a_port, some_settings
from tests.contract.bench import ZOHO, Bench, open_bench, read_all

HOUR = timedelta(hours=1)
PAID = {"paid": "Amount_Paid", "paid_on": "Paid_On"}
LEFT = {"balance": "Balance_Due", "paid_on": "Paid_On"}


def mapping(**invoices: str) -> dict[str, Any]:
    return {"payments": {"module": ""}, "invoices": invoices}


@pytest.fixture
def bench() -> Iterator[Bench]:
    with open_bench(ZOHO) as running:
        yield running


@pytest.mark.parametrize("names", [PAID, LEFT], ids=["paid", "left"])
def test_what_was_paid_of_an_invoice_is_a_payment_and_its_allocation(
    bench: Bench, names: dict[str, str]
) -> None:
    account = bench.add_account()
    paid = bench.add_invoice(account, Amount_Paid=1000, Balance_Due=234.5, Paid_On="2026-03-02")
    unpaid = bench.add_invoice(account, Amount_Paid=0, Balance_Due=1234.5)
    silent = bench.add_invoice(account)
    void = bench.add_invoice(
        account, Amount_Paid=5, Balance_Due=5, Paid_On="2026-03-02", Status="Cancelled"
    )
    port = bench.open(mapping=mapping(**names))

    payments = port.changes(Kind.PAYMENTS, Cursor())
    allocations = port.changes(Kind.ALLOCATIONS, Cursor())

    (payment,), (allocation,) = payments.records, allocations.records
    assert isinstance(payment, Payment)
    assert isinstance(allocation, Allocation)
    assert (payment.record_id, payment.account_id) == (paid, account)
    assert (payment.amount, payment.paid_on) == (Money(100000, "CNY"), date(2026, 3, 2))
    assert (allocation.payment_id, allocation.invoice_id) == (paid, paid)
    assert allocation.amount == payment.amount
    assert payments.gone == allocations.gone == (unpaid, silent, void)


def test_an_invoice_paid_meanwhile_comes_next_and_one_taken_back_is_gone(bench: Bench) -> None:
    account = bench.add_account()
    one = bench.add_invoice(account, Amount_Paid=10, Paid_On="2026-03-02")
    other = bench.add_invoice(account)
    port = bench.open(mapping=mapping(**PAID))
    cursor = read_all(port, Kind.ALLOCATIONS)[-1].cursor
    bench.pass_time(HOUR)
    bench.crm.put_record("Invoices", {"Amount_Paid": 0}, one)
    bench.crm.put_record("Invoices", {"Amount_Paid": 7, "Paid_On": "2026-04-01"}, other)

    (page,) = read_all(port, Kind.ALLOCATIONS, cursor)

    assert [each.record_id for each in page.records] == [other]
    assert page.gone == (one,)
    assert port.fetch(Kind.PAYMENTS, [one, other]).gone == (one,)


def test_a_payment_without_its_day_is_a_problem(bench: Bench) -> None:
    added = bench.add_invoice(bench.add_account(), Amount_Paid=10)
    port = bench.open(mapping=mapping(**PAID))

    (problem,) = port.changes(Kind.PAYMENTS, Cursor()).problems
    allocations = port.changes(Kind.ALLOCATIONS, Cursor())

    assert (problem.record_id, problem.reason) == (added, "missing_field")
    assert problem.detail.startswith("Paid_On: ")
    assert (allocations.problems, allocations.gone) == ((), (added,))


def test_a_field_that_is_not_there_is_named(zoho: CannedZoho) -> None:
    zoho.fields(
        "Invoices",
        a_field("Account_Name", "lookup"),
        a_field("Grand_Total", "currency"),
        a_field("Paid_On", "date"),
    )
    port = a_port(zoho, mapping=mapping(paid="Amount_Paid", paid_on="Paid_On"))

    with pytest.raises(ContractBroken, match=r"no field Amount_Paid; set mapping\.invoices\.paid"):
        port.changes(Kind.PAYMENTS, Cursor())


def test_the_doctor_looks_at_the_fields_of_the_invoices(bench: Bench) -> None:
    port = bench.open(mapping=mapping(paid="No_Such_Field", paid_on="Paid_On"))

    (finding,) = [each for each in port.check() if "No_Such_Field" in each.message][:1]

    assert finding.level is FindingLevel.ERROR  # the feed is not read without it
    assert "mapping.invoices.paid" in finding.remedy


def test_a_module_of_payments_comes_before_fields_of_the_invoices(bench: Bench) -> None:
    bench.add_invoice(bench.add_account(), Amount_Paid=10, Paid_On="2026-03-02")

    port = bench.open(mapping={"invoices": PAID})

    assert port.changes(Kind.PAYMENTS, Cursor()).records == ()


def test_a_notification_of_an_invoice_is_one_of_its_payment() -> None:
    settings = some_settings(mapping=mapping(**PAID))

    found = mapping_of(settings)

    assert found.kinds_of("Invoices") == (Kind.INVOICES, Kind.PAYMENTS, Kind.ALLOCATIONS)
    assert set(channels("acme", found)) == {
        *("Accounts", "Contacts", "Invoices", "Credit_Notes", "Sales_Orders"),
    }


def test_an_export_tells_the_same(bench: Bench) -> None:
    company = generate(40, 6, seed=5, as_of=date(2026, 11, 20))
    bench.crm.fill(company)
    by_module, by_query = bench.open(), bench.open(mapping=mapping(**PAID))
    exports = replace(
        ZOHO,
        options={"page_rows": 100, "export": "always", "export_rows": 50},
        crm={"bulk_job_seconds": 0.0},
    )

    def sums(port: Any) -> dict[str, int]:
        totals: dict[str, int] = {}
        for page in read_all(port, Kind.ALLOCATIONS):
            for each in page.records:
                assert isinstance(each, Allocation)
                totals[each.invoice_id] = totals.get(each.invoice_id, 0) + each.amount.minor
        return totals

    wanted = sums(by_module)
    with open_bench(exports) as other:
        other.crm.fill(company)
        by_export = sums(other.open(mapping=mapping(**PAID)))

    assert wanted
    assert sums(by_query) == wanted
    assert by_export == wanted
