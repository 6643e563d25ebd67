"""The sample company in the CRM: only its own part, the same each time, and quickly."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from time import process_time

from sandbox.company.model import (
    Company,
    Customer,
    Person,
    SampleAllocation,
    SampleContact,
    SampleCreditNote,
    SampleInvoice,
    SampleOrder,
    SamplePayment,
)
from tests.sandbox.zoho.organisation import SignedIn, organisation

_DAY = date(2026, 11, 1)


def _invoice(key: str, customer: str, crm: str = "zoho") -> SampleInvoice:
    return SampleInvoice(
        key=key,
        customer=customer,
        crm=crm,
        number=f"INV-{key}",
        issued_on=_DAY,
        due_on=_DAY + timedelta(days=30),
        currency="USD",
        amount=Decimal("1234.56"),
    )


def _company() -> Company:
    both = frozenset({"zoho", "fxiaoke"})
    return Company(
        name="Sample",
        as_of=date(2026, 11, 24),
        people=[Person(key="p", name="Li Lei", email="li@example.com")],
        customers=[
            Customer(key="a", name="甲", crms=both, owner="p", uscc="X", terms_days=30),
            Customer(key="b", name="乙", crms=frozenset({"fxiaoke"})),
            Customer(key="c", name="丙", crms=frozenset({"zoho"}), parent="a"),
        ],
        contacts=[SampleContact(key="k", customer="a", name="王", email="w@e.cn", phone="1")],
        invoices=[_invoice("1", "a"), _invoice("2", "a", "fxiaoke")],
        credit_notes=[
            SampleCreditNote(
                key="n",
                customer="a",
                crm="zoho",
                number="CN-1",
                issued_on=_DAY,
                currency="USD",
                amount=Decimal(10),
                invoice="1",
            )
        ],
        payments=[
            SamplePayment(
                key="P-1",
                customer="a",
                crm="zoho",
                paid_on=date(2026, 11, 24),
                currency="USD",
                amount=Decimal("99.99"),
            )
        ],
        allocations=[SampleAllocation(payment="P-1", invoice="1", amount=Decimal("99.99"))],
        orders=[
            SampleOrder(
                key="o",
                customer="c",
                crm="zoho",
                number="SO-1",
                ordered_on=_DAY,
                deliver_on=None,
                currency="CNY",
                amount=Decimal(5),
                invoiced=Decimal(0),
            )
        ],
    )


def test_only_the_part_of_this_crm_is_stored_with_its_links(crm: SignedIn) -> None:
    crm.org.fill(_company())
    first, child = crm.org.records("Accounts")
    assert (first["Account_Name"], child["Account_Name"]) == ("甲", "丙")
    assert (first["USCC"], first["Payment_Terms_Days"]) == ("X", 30)
    assert first["Owner"] == {"name": "Li Lei", "id": "5000000000000003", "email": "li@example.com"}
    assert child["Parent_Account"] == {"name": "甲", "id": first["id"]}
    (invoice,) = crm.org.records("Invoices")
    assert (invoice["Grand_Total"], invoice["Currency"]) == (1234.56, "USD")
    assert (invoice["Invoice_Date"], invoice["Due_Date"]) == ("2026-11-01", "2026-12-01")
    (allocation,) = crm.org.records("Payment_Allocations")
    assert allocation["Invoice"] == {"name": "INV-1", "id": invoice["id"]}
    assert allocation["Amount"] == 99.99
    (note,) = crm.org.records("Credit_Notes")
    assert (note["Account"], note["Amount"]) == ({"name": "甲", "id": first["id"]}, 10.0)
    (order,) = crm.org.records("Sales_Orders")
    assert (order["Status"], order["Due_Date"]) == ("Approved", None)
    (contact,) = crm.org.records("Contacts")
    assert (contact["Full_Name"], contact["Account_Name"]) == (
        "王",
        {"name": "甲", "id": first["id"]},
    )


def test_records_carry_ten_o_clock_of_their_day_but_never_the_future(crm: SignedIn) -> None:
    crm.org.fill(_company())
    assert crm.org.records("Invoices")[0]["Modified_Time"] == "2026-11-01T10:00:00+08:00"
    assert crm.org.records("Payments")[0]["Modified_Time"] == "2026-11-24T09:00:00+08:00"


def test_the_same_company_gives_the_same_organisation() -> None:
    with organisation() as one, organisation() as other:
        for crm in (one, other):
            crm.org.fill(_company())
        for module in one.org.modules():
            assert one.org.records(module) == other.org.records(module)


def test_a_large_company_is_filled_and_paged_in_seconds() -> None:
    company = _company()
    company = replace(
        company,
        customers=[
            Customer(key=str(n), name=f"客户{n}", crms=frozenset({"zoho"})) for n in range(20_000)
        ],
        contacts=[],
        invoices=[_invoice(str(n), str(n % 20_000)) for n in range(50_000)],
        credit_notes=[],
        payments=[],
        allocations=[],
        orders=[],
    )
    with organisation() as crm:
        started = process_time()
        crm.org.fill(company)
        seen, last = 0, "0"
        while True:
            answer = crm.query(
                "select id, Account_Name, Grand_Total, Modified_Time from Invoices "  # noqa: S608 COQL is no SQL
                f"where id > '{last}' order by id asc limit 2000"
            )
            if answer.status_code == 204:
                break
            assert answer.json is not None
            seen += len(answer.json["data"])
            last = answer.json["data"][-1]["id"]
        assert seen == 50_000
        assert process_time() - started < 20


def test_pages_show_what_was_written(crm: SignedIn) -> None:
    crm.org.fill(_company())
    account = str(crm.org.records("Accounts")[0]["id"])
    crm.write("PUT", "Accounts", {"id": account, "Credit_Rating": "BB", "Credit_Limit": 50000})
    crm.add("Tasks", Subject="Call", What_Id=account, **{"$se_module": "Accounts"})
    view = crm.org.accounts()[0]
    assert (view.rating, view.limit, view.owner) == ("BB", "50,000.00", "Li Lei")
    assert [(task.subject, task.is_open) for task in view.tasks] == [("Call", True)]
    assert [contact.name for contact in view.contacts] == ["王"]
