"""A company's books in the tenant: which part, in which form, always the same."""

from datetime import date, timedelta
from decimal import Decimal

from sandbox.clock import SandboxClock
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
from sandbox.faults import Faults
from sandbox.fxiaoke import FxiaokeTenant, TenantOptions
from sandbox.fxiaoke.values import date_ms
from sandbox.journal import Journal
from sandbox.notifier import Notifier
from tests.sandbox.fxiaoke.caller import Caller
from tests.sandbox.fxiaoke.conftest import NOW

HERE = frozenset({"fxiaoke"})
DAY = date(2026, 1, 15)


def _invoice(key: str, customer: str, **more: object) -> SampleInvoice:
    values: dict[str, object] = {
        "key": key,
        "customer": customer,
        "crm": "fxiaoke",
        "number": f"INV-{key}",
        "issued_on": DAY,
        "due_on": DAY + timedelta(days=30),
        "currency": "CNY",
        "amount": Decimal("100.00"),
    }
    return SampleInvoice(**(values | more))  # type: ignore[arg-type] # the values fit by name


def _company() -> Company:
    parent = Customer(
        key="c1",
        name="母公司",
        crms=HERE,
        owner="p1",
        uscc="91310000MA1K35X00A",
        terms_days=30,
        created_on=date(2025, 5, 1),
    )
    child = Customer(key="c2", name="子公司", crms=HERE, parent="c1", owner="p2", currency="USD")
    return Company(
        name="样本",
        as_of=NOW.date(),
        people=[
            Person(key="p1", name="赵", email="z@example.com"),
            Person(key="p2", name="钱", email="q@example.com", active=False),
        ],
        customers=[child, parent, Customer(key="c3", name="Elsewhere", crms=frozenset({"zoho"}))],
        contacts=[SampleContact(key="k1", customer="c1", name="孙", email="", phone="138")],
        invoices=[
            _invoice("i1", "c1", disputed=Decimal(40), disputed_on=DAY),
            _invoice("i2", "c2", currency="USD", issued_on=date(2026, 12, 31)),
            _invoice("i3", "c3", crm="zoho"),
        ],
        credit_notes=[
            SampleCreditNote(
                key="n1",
                customer="c1",
                crm="fxiaoke",
                number="CN-1",
                issued_on=DAY,
                currency="CNY",
                amount=Decimal("10.00"),
                invoice="i1",
            )
        ],
        payments=[
            SamplePayment(
                key="p1",
                customer="c1",
                crm="fxiaoke",
                paid_on=DAY,
                currency="CNY",
                amount=Decimal(50),
            )
        ],
        allocations=[
            SampleAllocation(payment="p1", invoice="i1", amount=Decimal(50)),
            SampleAllocation(payment="elsewhere", invoice="i3", amount=Decimal(1)),
        ],
        orders=[
            SampleOrder(
                key="o1",
                customer="c2",
                crm="fxiaoke",
                number="SO-1",
                ordered_on=DAY,
                deliver_on=None,
                currency="USD",
                amount=Decimal(70),
                invoiced=Decimal(20),
            )
        ],
    )


def _filled(company: Company) -> FxiaokeTenant:
    clock = SandboxClock(NOW, frozen=True)
    options = TenantOptions(provisioned=True, frequency_limit=None)
    tenant = FxiaokeTenant(clock, Journal(), Faults(), Notifier(), options)
    tenant.fill(company)
    return tenant


def _by_name(tenant: FxiaokeTenant, module: str) -> dict[str, dict[str, object]]:
    return {str(record["name"]): record for record in tenant.records(module)}


def test_accounts_come_with_owner_parent_and_number() -> None:
    accounts = _by_name(_filled(_company()), "AccountObj")
    assert set(accounts) == {"母公司", "子公司"}
    parent, child = accounts["母公司"], accounts["子公司"]
    assert parent["owner"] == ["1001"]
    assert parent["account_no"] == "c1"
    assert parent["terms_days__c"] == "30"
    assert parent["customer_since__c"] == date_ms(date(2025, 5, 1))
    assert child["parent_account_id"] == parent["_id"]
    assert child["mc_currency"] == "USD"
    assert "uscc__c" not in child


def test_people_become_employees() -> None:
    users = Caller(_filled(_company())).call("/cgi/user/list", {"departmentId": 999_999})
    stopped = {user["name"]: user["isStop"] for user in users["userList"]}
    assert stopped == {"集成管理员": False, "赵": False, "钱": True}


def test_receivables_have_the_trade_s_signs() -> None:
    tenant = _filled(_company())
    notes = _by_name(tenant, "AccountsReceivableNoteObj")
    assert set(notes) == {"INV-i1", "INV-i2", "CN-1"}
    assert notes["INV-i1"]["price_tax_amount"] == "100.00"
    assert notes["INV-i1"]["disputed_amount__c"] == "40.00"
    assert notes["INV-i1"]["due_date"] == date_ms(DAY + timedelta(days=30))
    assert "mc_currency" not in notes["INV-i1"]
    assert notes["INV-i2"]["mc_currency"] == "USD"
    credit = notes["CN-1"]
    assert credit["price_tax_amount"] == "-10.00"
    assert credit["record_type"] == "red_note__c"
    assert credit["source_note_id__c"] == notes["INV-i1"]["_id"]
    assert "due_date" not in credit


def test_payments_are_matched_and_orders_kept() -> None:
    tenant = _filled(_company())
    (payment,) = tenant.records("PaymentObj")
    assert payment["payment_amount"] == "50.00"
    (match,) = tenant.records("MatchNoteDetailObj")
    assert match["payment_id"] == payment["_id"]
    assert match["ar_id"] == _by_name(tenant, "AccountsReceivableNoteObj")["INV-i1"]["_id"]
    assert match["match_amount"] == "50.00"
    (order,) = tenant.records("SalesOrderObj")
    assert (order["order_amount"], order["invoice_amount"]) == ("70.00", "20.00")
    assert order["order_status"] == "open"
    assert "delivery_date" not in order


def test_modified_times_increase_strictly_and_end_before_now() -> None:
    tenant = _filled(_company())
    times = sorted(
        int(str(record["last_modified_time"]))
        for module in tenant.modules()
        for record in tenant.records(module)
    )
    assert len(times) == len(set(times)) == 9
    assert times[-1] < NOW.timestamp() * 1000
    made = tenant.put_record("AccountObj", {"name": "新"})
    fresh = next(each for each in tenant.records("AccountObj") if each["_id"] == made)
    assert int(str(fresh["last_modified_time"])) > times[-1]


def test_the_same_books_give_the_same_records() -> None:
    first, second = _filled(_company()), _filled(_company())
    for module in first.modules():
        assert first.records(module) == second.records(module)


def test_a_large_company_is_read_by_keyset_in_few_steps() -> None:
    customers = [Customer(key=f"c{n}", name=f"客户{n}", crms=HERE) for n in range(2_000)]
    invoices = [_invoice(f"i{n}", f"c{n % 2_000}") for n in range(5_000)]
    tenant = _filled(Company(name="大", as_of=NOW.date(), customers=customers, invoices=invoices))
    caller, seen = Caller(tenant), list[str]()
    while True:
        after: list[tuple[str, str, list[object]]] = [("_id", "GT", [seen[-1]])] if seen else []
        answer = caller.query(
            "AccountsReceivableNoteObj",
            *after,
            orders=[("_id", True)],
            fields=["_id"],
            find_explicit_total_num=False,
        )
        page = [row["_id"] for row in answer["data"]["dataList"]]
        seen += page
        if len(page) < 100:
            break
    assert len(set(seen)) == 5_000


def test_an_empty_company_leaves_an_empty_crm() -> None:
    tenant = _filled(Company(name="空", as_of=NOW.date()))
    assert all(tenant.records(module) == [] for module in tenant.modules())
