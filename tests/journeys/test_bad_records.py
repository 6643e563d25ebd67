"""Bad records in a CRM: each waits with a reason, and every other account is rated as ever."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from connector.store.problems import IDENTITY
from sandbox.company.model import Company
from sandbox.fxiaoke import FxiaokeTenant
from sandbox.zoho import ZohoOrg
from sandbox.zoho.table import Table
from tests.journeys.harness import CONNECTION_NAMES
from tests.journeys.small_company import (
    AS_OF,
    LATE,
    LATER,
    PUNCTUAL,
    VENDORS,
    GoodResult,
    Shop,
    a_company,
    a_shop,
)

pytestmark = pytest.mark.journey

USCC = "91350100M000100Y43"
# A rocket, a right-to-left override and mark, an unfinished tag, and what a template would eat.
ODD_NAME = "🚀 مؤسسة \u202e\u200f[/b] <i>{0} Müller & 子公司"


@dataclass(frozen=True, kw_only=True)
class Bad:
    """A value that makes an invoice unusable, and the reason that is given."""

    field: str
    value: object
    reason: str


BAD_INVOICES = {
    "zoho": {
        "a null due date": Bad(field="Due_Date", value=None, reason="missing_field"),
        "no account": Bad(field="Account_Name", value=None, reason="missing_field"),
        "a negative amount": Bad(field="Grand_Total", value=-500.0, reason="bad_amount"),
        "an unknown currency": Bad(field="Currency", value="ZZZ", reason="unknown_currency"),
    },
    "fxiaoke": {
        "a null due date": Bad(field="due_date", value=None, reason="missing_field"),
        "no account": Bad(field="account_id", value=None, reason="missing_field"),
        "a negative amount": Bad(field="price_tax_amount", value="-500.00", reason="bad_amount"),
        "an unknown currency": Bad(field="mc_currency", value="ZZZ", reason="unknown_currency"),
    },
}
LABELS = {"zoho": ("Overdue Amount", "Limit"), "fxiaoke": ("逾期金额", "信用额度")}
CASES = [(vendor, what) for vendor in VENDORS for what in BAD_INVOICES[vendor]]


def book_invoice(shop: Shop, vendor: str, name: str) -> tuple[str, str]:
    """Book an invoice that is long overdue; tell its module and id."""
    account = shop.account(vendor, name)
    if vendor == "zoho":
        module, values = (
            "Invoices",
            {
                "Subject": "BAD-1",
                "Account_Name": {"id": account},
                "Invoice_Date": "2025-12-01",
                "Due_Date": "2026-01-01",
                "Grand_Total": 500.0,
                "Status": "Approved",
            },
        )
    else:
        module, values = (
            "AccountsReceivableNoteObj",
            {
                "name": "BAD-1",
                "account_id": account,
                "note_date": "2025-12-01",
                "due_date": "2026-01-01",
                "price_tax_amount": "500.00",
                "record_type": "default__c",
            },
        )
    return module, shop.installation.crms.crm(vendor).put_record(module, values)


def spoil(shop: Shop, vendor: str, module: str, record_id: str, bad: Bad) -> None:
    """Put a value into a record that the CRM itself would not let in."""
    crm = shop.installation.crms.crm(vendor)
    if isinstance(crm, ZohoOrg):
        crm.state.tables[module].rows[record_id][bad.field] = bad.value
    elif isinstance(crm, FxiaokeTenant):
        crm.store.table(module).rows[record_id].values[bad.field] = bad.value


def credit_but(shown: dict[str, dict[str, str]], *names: str) -> dict[str, dict[str, str]]:
    return {name: credit for name, credit in shown.items() if name not in names}


@pytest.mark.parametrize(("vendor", "what"), CASES)
def test_a_bad_invoice_waits_with_its_reason_and_harms_nothing(
    vendor: str, what: str, tmp_path: Path, database_url: str, good: GoodResult
) -> None:
    bad = BAD_INVOICES[vendor][what]
    with a_shop(tmp_path, database_url) as shop:
        module, record_id = book_invoice(shop, vendor, PUNCTUAL)
        spoil(shop, vendor, module, record_id, bad)

        report = shop.run()

        (problem,) = shop.problems()
        assert (problem.system, problem.record_id) == (CONNECTION_NAMES[vendor], record_id)
        assert problem.reason == bad.reason
        assert bad.field in problem.detail
        assert (report.errors, report.parked, shop.parked()) == ([], 1, [])
        for each in VENDORS:
            assert shop.credit(each) == good.credit[each]
            assert shop.tasks(each) == good.tasks[each]


def test_a_corrected_invoice_counts_at_the_next_run(tmp_path: Path, database_url: str) -> None:
    with a_shop(tmp_path, database_url) as shop:
        module, record_id = book_invoice(shop, "zoho", PUNCTUAL)
        spoil(shop, "zoho", module, record_id, BAD_INVOICES["zoho"]["a null due date"])
        shop.run()
        crm = shop.installation.crms.crm("zoho")
        crm.put_record(module, {"Due_Date": "2026-01-01"}, record_id)

        report = shop.run()

        assert (report.parked, shop.problems()) == (0, [])
        assert shop.credit("zoho")[PUNCTUAL]["Overdue Amount"] == "500.00"
        assert len(shop.tasks("zoho")) == 3


@pytest.mark.parametrize("vendor", VENDORS)
def test_an_invoice_in_a_currency_without_a_rate_stops_its_customer_alone(
    vendor: str, tmp_path: Path, database_url: str, good: GoodResult
) -> None:
    field = BAD_INVOICES[vendor]["an unknown currency"].field
    with a_shop(tmp_path, database_url) as shop:
        module, record_id = book_invoice(shop, vendor, PUNCTUAL)
        spoil(shop, vendor, module, record_id, Bad(field=field, value="GBP", reason=""))

        report = shop.run()

        shown = shop.credit(vendor)
        assert (report.errors, shop.problems()) == ([], [])
        assert "GBP" in " ".join(shown[PUNCTUAL].values())
        assert LABELS[vendor][1] not in shown[PUNCTUAL]
        assert credit_but(shown, PUNCTUAL) == credit_but(good.credit[vendor], PUNCTUAL)


def test_an_allocation_larger_than_its_payment_counts_as_far_as_it_was_paid(
    tmp_path: Path, database_url: str, good: GoodResult
) -> None:
    with a_shop(tmp_path, database_url) as shop:
        crm = shop.installation.crms.crm("zoho")
        assert isinstance(crm, ZohoOrg)
        account = shop.account("zoho", LATE)
        paid = {"Name": "P-1", "Account": {"id": account}, "Payment_Date": "2026-03-20"}
        payment = crm.put_record("Payments", paid | {"Amount": 4000.0})
        invoices = crm.state.tables["Invoices"].rows.items()
        invoice = next(key for key, row in invoices if row["Account_Name"] == account)
        laid = {"Payment": {"id": payment}, "Invoice": {"id": invoice}, "Amount": 10_000.0}
        crm.put_record("Payment_Allocations", {"Name": "A-1"} | laid)

        report = shop.run()

        (problem,) = shop.problems()
        assert (problem.record_id, problem.reason) == (payment, "allocated_too_much")
        assert "CNY 10,000.00 laid on invoices, CNY 4,000.00 received" in problem.detail
        assert "correct the allocations" in problem.detail
        assert report.errors == []
        assert shop.credit("zoho")[LATE]["Overdue Amount"] == "6,000.00"
        assert credit_but(shop.credit("zoho"), LATE) == credit_but(good.credit["zoho"], LATE)


@pytest.mark.parametrize("vendor", VENDORS)
def test_an_order_in_an_unknown_state_waits(
    vendor: str, tmp_path: Path, database_url: str, good: GoodResult
) -> None:
    with a_shop(tmp_path, database_url) as shop:
        account, crm = shop.account(vendor, LATE), shop.installation.crms.crm(vendor)
        if vendor == "zoho":
            module, field = "Sales_Orders", "Status"
            values = {"Subject": "SO-1", "Account_Name": {"id": account}, "Grand_Total": 9.0}
            values |= {"Order_Date": "2026-03-01"}
        else:
            module, field = "SalesOrderObj", "order_status"
            values = {"name": "SO-1", "account_id": account, "order_amount": "9.00"}
            values |= {"order_time": "2026-03-01"}
        record_id = crm.put_record(module, values)
        spoil(shop, vendor, module, record_id, Bad(field=field, value="Schwebend", reason=""))

        report = shop.run()

        (problem,) = shop.problems()
        assert (problem.topic, problem.reason) == ("orders", "unknown_option")
        assert field in problem.detail
        assert report.errors == []
        assert credit_but(shop.credit(vendor), LATE) == credit_but(good.credit[vendor], LATE)
        assert shop.credit(vendor)[LATE]


@pytest.mark.parametrize("vendor", VENDORS)
def test_two_customers_with_one_code_are_told_and_not_rated(
    vendor: str, tmp_path: Path, database_url: str, good: GoodResult
) -> None:
    field = {"zoho": "USCC", "fxiaoke": "uscc__c"}[vendor]
    module = {"zoho": "Accounts", "fxiaoke": "AccountObj"}[vendor]
    with a_shop(tmp_path, database_url) as shop:
        both = {shop.account(vendor, name) for name in (LATE, PUNCTUAL)}
        for record_id in both:
            shop.installation.crms.crm(vendor).put_record(module, {field: USCC}, record_id)

        shop.run()

        problems = shop.problems()
        assert {problem.record_id for problem in problems} == both
        assert {(each.topic, each.reason) for each in problems} == {(IDENTITY, "uscc_conflict")}
        shown, alone = shop.credit(vendor), good.credit[vendor]
        overdue, limit = LABELS[vendor]
        for name in (LATE, PUNCTUAL):
            assert shown[name][overdue] == alone[name][overdue]
            assert limit in alone[name]
            assert limit not in shown[name]
        assert shown[LATER] == alone[LATER]
        assert shop.tasks(vendor) == good.tasks[vendor]


@pytest.mark.parametrize("vendor", VENDORS)
def test_an_odd_name_is_carried_through_as_it_is(
    vendor: str, tmp_path: Path, database_url: str, good: GoodResult
) -> None:
    field = {"zoho": "Account_Name", "fxiaoke": "name"}[vendor]
    module = {"zoho": "Accounts", "fxiaoke": "AccountObj"}[vendor]
    with a_shop(tmp_path, database_url) as shop:
        crm, account = shop.installation.crms.crm(vendor), shop.account(vendor, LATER)
        crm.put_record(module, {field: ODD_NAME}, account)

        report = shop.run()

        assert (report.errors, report.parked) == ([], 0)
        assert shop.credit(vendor)[ODD_NAME] == good.credit[vendor][LATER]
        (view,) = [view for view in crm.accounts() if view.name == ODD_NAME]
        (task,) = view.tasks
        assert ODD_NAME in task.body
        for command in ("explain", "parked list", "run"):
            arguments = {"explain": [f"{CONNECTION_NAMES[vendor]}:{account}"]}.get(command, [])
            done = shop.installation.run(command, *arguments)
            assert (done.returncode, done.stderr) == (0, ""), command


def test_empty_crms_are_read_and_nothing_is_written(tmp_path: Path, database_url: str) -> None:
    with a_shop(tmp_path, database_url, Company(name="Empty", as_of=AS_OF)) as shop:
        report = shop.run()

        assert (report.errors, report.parked, report.assessed) == ([], 0, 0)
        for vendor in VENDORS:
            connection = report.connections[CONNECTION_NAMES[vendor]]
            assert (connection.fields_written, connection.tasks_created) == (0, 0)
            assert connection.pulled["accounts"] == 0
            assert connection.warnings == []


def test_a_crm_that_is_suddenly_empty_loses_nothing_here(
    tmp_path: Path, database_url: str, good: GoodResult
) -> None:
    with a_shop(tmp_path, database_url, a_company()) as shop:
        shop.run()
        crm = shop.installation.crms.crm("zoho")
        assert isinstance(crm, ZohoOrg)
        hidden, crm.state.tables["Invoices"] = crm.state.tables["Invoices"], Table()

        report = shop.run(full=True)

        connection = report.connections[CONNECTION_NAMES["zoho"]]
        assert any("invoices disappeared at once" in told for told in connection.warnings)
        assert shop.credit("zoho") == good.credit["zoho"]
        crm.state.tables["Invoices"] = hidden
        assert shop.run(full=True).connections[CONNECTION_NAMES["zoho"]].warnings == []
