"""The credit file comes whole out of both CRMs, by mapping; without a mapping there is none."""

import tomllib
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from adapters.port import CrmPort, Cursor, FindingLevel
from connector.cli.sandbox_mapping import SANDBOX_MAPPING
from sandbox.company.model import (
    Company,
    Customer,
    SampleCollateral,
    SampleCreditRecord,
    SampleInvoice,
    SampleNote,
    SampleOrder,
    SamplePayment,
    SamplePromise,
    SampleReturn,
    SampleStatement,
    SampleWriteOff,
)
from scoring.money import Money
from scoring.records import CREDIT_FILE_KINDS, Account, AccountFact, Invoice, Kind, Order, Record
from tests.contract.bench import VENDORS, Bench, Vendor, open_bench, read_all

CRMS = frozenset({"zoho", "fxiaoke"})
YEAR_END = date(2025, 12, 31)
IN_MAY = date(2026, 5, 4)
IN_JUNE = date(2026, 6, 30)


def mapping_of(vendor: str) -> dict[str, Any]:
    """Read the mapping as a configuration would."""
    text = f'[[connections]]\nname = "crm"\n{SANDBOX_MAPPING[vendor]}'
    mapping: dict[str, Any] = tomllib.loads(text)["connections"][0]["mapping"]
    return mapping


def a_company(crm: str) -> Company:
    company = Company(name="示例", as_of=date(2026, 11, 1))
    company.customers.append(
        Customer(
            key="c1",
            name="示例客户",
            crms=CRMS,
            created_on=date(2024, 1, 1),
            size_class="sme",
            founded_on=date(2012, 3, 4),
            registered_capital=Decimal(5_000_000),
            tax_grade="A",
        )
    )
    own: dict[str, Any] = {"customer": "c1", "crm": crm}
    company.invoices.append(
        SampleInvoice(
            key="i1",
            number="INV-1",
            issued_on=IN_MAY,
            due_on=IN_JUNE,
            currency="CNY",
            amount=Decimal("1234.50"),
            disputed=Decimal(100),
            disputed_on=IN_MAY,
            dispute_closed_on=IN_JUNE,
            dispute_outcome="for_customer",
            segment="华东",
            **own,
        )
    )
    company.payments.append(
        SamplePayment(key="p1", paid_on=IN_JUNE, currency="CNY", amount=Decimal(50), **own)
    )
    company.orders.append(
        SampleOrder(
            key="o1",
            number="SO-1",
            ordered_on=IN_MAY,
            deliver_on=None,
            currency="CNY",
            amount=Decimal(900),
            invoiced=Decimal(0),
            delivered=Decimal(300),
            deposit=Decimal(90),
            **own,
        )
    )
    _add_file(company, own)
    return company


def _add_file(company: Company, own: dict[str, Any]) -> None:
    lines = {"total_assets": Decimal("1200.5"), "undistributed_profit": Decimal(-30)}
    company.statements.append(
        SampleStatement(
            key="f1", period_end=YEAR_END, received_on=IN_MAY, unit="万元", lines=lines, **own
        )
    )
    company.credit_records.append(
        SampleCreditRecord(
            key="r1",
            kind="dishonest",
            known_on=IN_MAY,
            event_on=YEAR_END,
            ended_on=IN_JUNE,
            status="our_claim",
            value=Decimal("2.5"),
            amount=Decimal(800),
            channel="phone",
            **own,
        )
    )
    day: dict[str, Any] = {"amount": Decimal(500), **own}
    company.promises.append(
        SamplePromise(key="s1", made_on=IN_MAY, promised_on=IN_JUNE, invoice="i1", **day)
    )
    company.collateral.append(
        SampleCollateral(
            key="g1",
            kind="bank_guarantee",
            valid_from=IN_MAY,
            valid_to=IN_JUNE,
            registered=True,
            haircut=Decimal(15),
            **day,
        )
    )
    company.write_offs.append(SampleWriteOff(key="w1", written_off_on=IN_JUNE, invoice="i1", **day))
    company.returns.append(SampleReturn(key="b1", returned_on=IN_JUNE, payment="p1", **own))
    company.notes.append(
        SampleNote(key="n1", kind="bank_acceptance", received_on=IN_MAY, due_on=IN_JUNE, **day)
    )


@pytest.fixture(params=VENDORS, ids=lambda vendor: vendor.name)
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    vendor: Vendor = request.param
    with open_bench(vendor) as running:
        running.crm.fill(a_company(vendor.name))
        yield running


@pytest.fixture
def port(bench: Bench) -> CrmPort:
    return bench.open(mapping=mapping_of(bench.vendor.name))


def the_one(port: CrmPort, kind: Kind) -> Record:
    (page,) = read_all(port, kind)
    assert page.problems == ()
    (record,) = page.records
    return record


def plain(record: Record) -> dict[str, Any]:
    """Show a record without its ids and times."""
    fields = msgspec.structs.asdict(record)
    for name in ("record_id", "account_id", "modified_at", "account_system"):
        fields.pop(name, None)
    return fields


EXPECTED: dict[Kind, dict[str, Any]] = {
    Kind.STATEMENTS: {
        "period_end": YEAR_END,
        "months": 12,
        "basis": "audited",
        "received_on": IN_MAY,
        "source": "客户",
        "currency": "CNY",
        "lines": {"total_assets": 1_200_500_000, "undistributed_profit": -30_000_000},
    },
    Kind.CREDIT_RECORDS: {
        "kind": "dishonest",
        "known_on": IN_MAY,
        "event_on": YEAR_END,
        "valid_to": None,
        "ended_on": IN_JUNE,
        "status": "our_claim",
        "value": 2.5,
        "amount": Money(80_000, "CNY"),
        "channel": "phone",
        "source": "企业信用信息公示系统",
    },
    Kind.PROMISES: {
        "made_on": IN_MAY,
        "promised_on": IN_JUNE,
        "amount": Money(50_000, "CNY"),
        "cancelled_on": None,
        "superseded_on": None,
    },
    Kind.COLLATERAL: {
        "kind": "bank_guarantee",
        "amount": Money(50_000, "CNY"),
        "valid_from": IN_MAY,
        "valid_to": IN_JUNE,
        "registered": True,
        "haircut": 0.15,
    },
    Kind.WRITE_OFFS: {"written_off_on": IN_JUNE, "amount": Money(50_000, "CNY")},
    Kind.RETURNS: {"kind": "returned_payment", "returned_on": IN_JUNE},
    Kind.NOTES: {
        "kind": "bank_acceptance",
        "amount": Money(50_000, "CNY"),
        "received_on": IN_MAY,
        "due_on": IN_JUNE,
        "ended_on": None,
    },
}


@pytest.mark.parametrize("kind", CREDIT_FILE_KINDS, ids=lambda kind: kind.value)
def test_a_fact_of_the_credit_file_comes_whole(port: CrmPort, kind: Kind) -> None:
    account = the_one(port, Kind.ACCOUNTS)
    record = the_one(port, kind)

    shown = plain(record)
    assert {name: shown[name] for name in EXPECTED[kind]} == EXPECTED[kind]
    assert getattr(record, "account_id", None) == account.record_id


def test_promises_write_offs_and_returns_name_what_they_are_about(port: CrmPort) -> None:
    invoice, payment = the_one(port, Kind.INVOICES), the_one(port, Kind.PAYMENTS)

    assert getattr(the_one(port, Kind.PROMISES), "invoice_id", None) == invoice.record_id
    assert getattr(the_one(port, Kind.WRITE_OFFS), "invoice_id", None) == invoice.record_id
    assert getattr(the_one(port, Kind.RETURNS), "payment_id", None) == payment.record_id


def test_fields_of_accounts_invoices_and_orders_carry_the_rest(port: CrmPort) -> None:
    account = the_one(port, Kind.ACCOUNTS)
    invoice, order = the_one(port, Kind.INVOICES), the_one(port, Kind.ORDERS)

    assert isinstance(account, Account)
    assert account.size_class == "sme"
    assert account.facts == (
        AccountFact(kind="registry", event_on=date(2012, 3, 4), amount=Money(500_000_000, "CNY")),
        AccountFact(kind="tax_grade", status="A"),
    )
    assert isinstance(invoice, Invoice)
    assert (invoice.dispute_closed_on, invoice.dispute_outcome) == (IN_JUNE, "for_customer")
    assert invoice.segment == "华东"
    assert isinstance(order, Order)
    assert (order.delivered, order.deposit) == (Money(30_000, "CNY"), Money(9_000, "CNY"))


def test_without_a_mapping_there_is_no_credit_file(bench: Bench) -> None:
    port = bench.open()

    assert not set(port.kinds) & set(CREDIT_FILE_KINDS)
    assert {*CREDIT_FILE_KINDS} <= {*bench.open(mapping=mapping_of(bench.vendor.name)).kinds}


def test_the_doctor_finds_every_field_of_the_credit_file(port: CrmPort) -> None:
    wrong = [
        finding.message
        for finding in port.check()
        if finding.level is not FindingLevel.OK
        and finding.topic in {"modules", "objects", "fields"}
        and "MatchNoteDetailObj" not in finding.message  # never had the customer
    ]

    assert wrong == []


def test_a_value_nobody_knows_parks_its_record_and_stops_nothing(bench: Bench) -> None:
    mapping = mapping_of(bench.vendor.name)
    bench.crm.fill(a_second_record(bench.vendor.name))
    port = bench.open(mapping=mapping)

    (page,) = read_all(port, Kind.CREDIT_RECORDS)

    assert len(page.records) == 1
    (problem,) = page.problems
    assert (problem.reason, problem.account_id is not None) == ("unknown_option", True)
    assert "words" in problem.detail


def a_second_record(crm: str) -> Company:
    company = Company(name="示例", as_of=date(2026, 11, 1))
    company.customers.append(Customer(key="c2", name="第二客户", crms=CRMS))
    company.credit_records.append(
        SampleCreditRecord(key="r2", customer="c2", crm=crm, kind="黑名单", known_on=IN_MAY)
    )
    return company


def test_words_say_what_values_stand_for(bench: Bench) -> None:
    mapping = mapping_of(bench.vendor.name)
    mapping["credit_records"]["words"] = {"黑名单": "serious_violation"}
    bench.crm.fill(a_second_record(bench.vendor.name))

    (page,) = read_all(bench.open(mapping=mapping), Kind.CREDIT_RECORDS)

    kinds = {getattr(record, "kind", None) for record in page.records}
    assert kinds == {"dishonest", "serious_violation"}


def test_a_bad_field_of_the_credit_file_does_not_hold_up_its_account(bench: Bench) -> None:
    mapping = mapping_of(bench.vendor.name)
    name = "Account_Name" if bench.vendor.name == "zoho" else "name"
    mapping["accounts"]["facts"].append({"kind": "bureau", "value": name})

    page = bench.open(mapping=mapping).changes(Kind.ACCOUNTS, Cursor())

    assert len(page.records) == 1
    (problem,) = page.problems
    assert problem.record_id == page.records[0].record_id
    assert name in problem.detail
