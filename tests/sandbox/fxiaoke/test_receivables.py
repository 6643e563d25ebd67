"""Tenants that did not buy every module: what they list, refuse, and keep their claims in."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from sandbox.clock import SandboxClock
from sandbox.company.generate import generate
from sandbox.company.model import Company
from sandbox.faults import Faults
from sandbox.fxiaoke import FxiaokeTenant, TenantOptions
from sandbox.fxiaoke.values import date_ms
from sandbox.journal import Journal
from sandbox.notifier import Notifier
from tests.sandbox.fxiaoke.caller import Caller
from tests.sandbox.fxiaoke.conftest import NOW

NOTES = {"AccountsReceivableNoteObj", "MatchNoteDetailObj"}
LIST = "/cgi/crm/v2/object/list"
Maker = Callable[[TenantOptions], FxiaokeTenant]


@pytest.fixture
def make() -> Iterator[Maker]:
    notifier = Notifier()
    yield lambda options: FxiaokeTenant(
        SandboxClock(NOW, frozen=True), Journal(), Faults(), notifier, options
    )
    notifier.stop()


def active(caller: Caller) -> dict[str, bool]:
    objects = caller.call(LIST, {"includeNull": False})["data"]["objects"]
    return {each["describeApiName"]: each["isActive"] for each in objects}


def total(rows: list[dict[str, object]], name: str) -> Decimal:
    return sum((Decimal(str(row[name])) for row in rows), Decimal(0))


def company() -> Company:
    made = generate(12, 6, seed=3, as_of=date(2026, 3, 31))
    return replace(made, credit_notes=[])


@pytest.mark.parametrize(
    ("bought", "lacking"), [("plans", NOTES), ("orders", NOTES | {"PaymentPlanObj"})]
)
def test_what_was_not_bought_is_inactive_or_absent_and_serves_nothing(
    make: Maker, bought: str, lacking: set[str]
) -> None:
    options = TenantOptions(receivables=bought)  # type: ignore[arg-type] # one of the three words
    caller = Caller(make(options))

    listed = active(caller)

    assert {name for name, there in listed.items() if not there} == lacking
    for name in lacking:
        assert caller.query(name)["errorCode"] == 40010
    options.unbought_listed = False
    assert lacking.isdisjoint(active(caller))


def test_a_tenant_with_orders_only_has_each_claim_as_an_order(make: Maker) -> None:
    tenant, books = make(TenantOptions(receivables="orders")), company()
    tenant.fill(books)

    orders = {str(row["name"]): row for row in tenant.records("SalesOrderObj")}
    mine = [each for each in books.invoices if each.crm == "fxiaoke"]

    assert set(orders) == {each.number for each in mine}
    for invoice in mine:
        assert Decimal(str(orders[invoice.number]["order_amount"])) == invoice.amount
        assert orders[invoice.number]["order_time"] == date_ms(invoice.issued_on)
    keys = {each.key for each in mine}
    paid = [each for each in books.allocations if each.invoice in keys]
    details = tenant.records("OrderPaymentObj")
    assert total(details, "payment_amount") == sum(each.amount for each in paid)
    assert not any("payment_plan_id" in row for row in details)


def test_a_tenant_with_plans_has_orders_with_none_one_and_two_of_them(make: Maker) -> None:
    tenant = make(TenantOptions(receivables="plans"))
    tenant.fill(company())
    orders = {row["_id"]: row for row in tenant.records("SalesOrderObj")}
    plans: dict[object, list[dict[str, object]]] = {}
    for row in tenant.records("PaymentPlanObj"):
        plans.setdefault(row["order_id"], []).append(row)

    counts = {len(plans.get(order, [])) for order in orders}

    assert counts == {0, 1, 2}
    for order, its in plans.items():
        planned = total(its, "plan_payment_amount")
        assert planned <= Decimal(str(orders[order]["order_amount"]))
    details = tenant.records("OrderPaymentObj")
    linked = {row["payment_plan_id"] for row in details if "payment_plan_id" in row}
    assert linked
    assert linked <= {row["_id"] for its in plans.values() for row in its}


def test_a_tenant_without_matching_keeps_what_is_open_in_its_notes(make: Maker) -> None:
    tenant, books = make(TenantOptions(receivables="unmatched")), company()
    tenant.fill(books)

    mine = {each.key for each in books.invoices if each.crm == "fxiaoke"}
    paid = sum(each.amount for each in books.allocations if each.invoice in mine)
    notes = tenant.records("AccountsReceivableNoteObj")
    assert total(notes, "no_settled_amount") == total(notes, "price_tax_amount") - paid
    assert "MatchNoteDetailObj" not in tenant.modules()
