"""Tenants without receivable notes, over HTTP: the source is chosen, the books come out right."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Literal, Self

import pytest

from adapters.errors import RecordNotFound
from adapters.fxiaoke.port import FxiaokePort
from adapters.fxiaoke.values import date_to_ms
from adapters.port import Cursor, Finding, FindingLevel
from sandbox.clock import SandboxClock
from sandbox.company.generate import generate
from sandbox.company.model import Company
from sandbox.faults import Faults
from sandbox.fxiaoke.options import TenantOptions
from sandbox.fxiaoke.tenant import FxiaokeTenant
from sandbox.journal import Journal
from sandbox.notifier import Notifier
from sandbox.server import Sandbox
from scoring.records import Allocation, Invoice, Kind, Order
from tests.adapters.fxiaoke.gateway import Time
from tests.adapters.fxiaoke.tenant import a_note, an_account, open_on, read_all

Bought = Literal["notes", "unmatched", "plans", "orders"]
DUE = date(2020, 5, 1)
LATER = timedelta(hours=1)


class House:
    """A tenant that bought some modules, running."""

    def __init__(self, bought: Bought) -> None:
        clock = SandboxClock(datetime(2020, 3, 31, 2, 0, tzinfo=UTC), frozen=True)
        self.options = TenantOptions(provisioned=True, receivables=bought, frequency_limit=None)
        self.tenant = FxiaokeTenant(
            clock, Journal(), Faults(), Notifier(), self.options, rng=Random(1)
        )
        self._sandbox = Sandbox()
        self.url = self._sandbox.mount(self.tenant)

    def __enter__(self) -> Self:
        self._sandbox.__enter__()
        return self

    def __exit__(self, *_error: object) -> None:
        self._sandbox.__exit__(None, None, None)

    def open(self, **mapping: Any) -> FxiaokePort:
        return open_on(self.tenant, self.url, mapping=mapping, window_calls=0)

    def fill(self) -> Company:
        company = generate(15, 8, seed=5, as_of=date(2020, 3, 31))
        self.tenant.fill(company)
        return company

    def order(self, account: str, amount: str = "1000.00", **values: object) -> str:
        day = date_to_ms(date(2020, 3, 1))
        known = {"account_id": account, "order_time": day, "order_amount": amount}
        return self.tenant.put_record("SalesOrderObj", known | values)

    def plan(self, account: str, order: str, amount: str = "400.00", **values: object) -> str:
        known = {"account_id": account, "order_id": order, "plan_payment_time": date_to_ms(DUE)}
        amount_ = {"plan_payment_amount": amount}
        return self.tenant.put_record("PaymentPlanObj", known | amount_ | values)

    def pay(self, account: str, order: str, amount: str, **values: object) -> tuple[str, str]:
        day = date_to_ms(date(2020, 3, 20))
        payment = self.tenant.put_record(
            "PaymentObj", {"account_id": account, "payment_time": day, "payment_amount": amount}
        )
        known = {"payment_id": payment, "order_id": order, "payment_time": day}
        detail = self.tenant.put_record(
            "OrderPaymentObj", {**known, "payment_amount": amount, **values}
        )
        return payment, detail


@pytest.fixture(params=["plans", "orders"])
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    with House(request.param) as running:
        yield running


@pytest.fixture
def planned() -> Iterator[House]:
    with House("plans") as running:
        yield running


def read(port: FxiaokePort, kind: Kind, cursor: Cursor | None = None) -> tuple[list[Any], Cursor]:
    pages = read_all(port, kind, cursor or Cursor())
    return [record for page in pages for record in page.records], pages[-1].cursor


def open_by_account(port: FxiaokePort) -> dict[str, int]:
    invoices: dict[str, Invoice] = {each.record_id: each for each in read(port, Kind.INVOICES)[0]}
    open_: dict[str, int] = {}
    for invoice in invoices.values():
        account = invoice.account_id
        open_[account] = open_.get(account, 0) + invoice.amount.minor
    for allocation in read(port, Kind.ALLOCATIONS)[0]:
        assert isinstance(allocation, Allocation)
        account = invoices[allocation.invoice_id].account_id
        open_[account] -= allocation.amount.minor
    return {account: minor for account, minor in open_.items() if minor}


def owed_by_the_books(company: Company, tenant: FxiaokeTenant) -> dict[str, int]:
    ids = {str(row["account_no"]): str(row["_id"]) for row in tenant.records("AccountObj")}
    left = {each.key: each.amount for each in company.invoices if each.crm == "fxiaoke"}
    owner = {each.key: ids[each.customer] for each in company.invoices if each.key in left}
    for note in company.credit_notes:
        if note.invoice in left:
            left[note.invoice] -= abs(note.amount)
    for paid in company.allocations:
        if paid.invoice in left:
            left[paid.invoice] -= paid.amount
    owed: dict[str, int] = {}
    for key, amount in left.items():
        owed[owner[key]] = owed.get(owner[key], 0) + int(max(amount, Decimal(0)) * 100)
    return {account: minor for account, minor in owed.items() if minor}


def test_what_is_owed_is_what_the_books_say_whatever_was_bought(house: House) -> None:
    company = house.fill()
    port = house.open()

    assert open_by_account(port) == owed_by_the_books(company, house.tenant)
    assert Kind.CREDIT_NOTES not in port.kinds
    orders = read(port, Kind.ORDERS)[0]
    assert orders
    assert all(isinstance(each, Order) and each.invoiced == each.amount for each in orders)


def test_notes_are_taken_where_the_tenant_has_them() -> None:
    with House("notes") as house:
        house.fill()
        port = house.open()

        assert {*port.kinds} >= {Kind.INVOICES, Kind.CREDIT_NOTES, Kind.ALLOCATIONS}
        (invoice, *_), _cursor = read(port, Kind.INVOICES)

        notes = {row["_id"] for row in house.tenant.records("AccountsReceivableNoteObj")}
        assert invoice.record_id in notes


def test_the_source_may_be_fixed_by_the_configuration() -> None:
    with House("notes") as house:
        account = an_account(house.tenant)
        order = house.order(account)

        (claim,), _cursor = read(house.open(receivables="orders"), Kind.INVOICES)

        assert claim.record_id == order


def test_a_custom_object_may_hold_the_claims() -> None:
    with House("orders") as house:
        account = an_account(house.tenant)
        fields = [
            {
                "api_name": "customer__c",
                "type": "object_reference",
                "target_api_name": "AccountObj",
            },
            *({"api_name": name, "type": "date"} for name in ("issued__c", "due__c")),
            {"api_name": "total__c", "type": "currency"},
        ]
        house.tenant.add_object({"api_name": "claim__c", "fields": fields})
        days = {"issued__c": date_to_ms(date(2020, 3, 1)), "due__c": date_to_ms(DUE)}
        row = {"name": "C-1", "customer__c": account, "total__c": "5.00", **days}
        claim_id = house.tenant.put_record("claim__c", row)
        names = {"account": "customer__c", "issued_on": "issued__c", "due_on": "due__c"}
        invoices = {"object": "claim__c", "amount": ["total__c"], "red_note": "", **names}

        for receivables in ("auto", "custom"):
            port = house.open(receivables=receivables, invoices=invoices)
            (claim,), _cursor = read(port, Kind.INVOICES)
            assert (claim.record_id, claim.due_on, claim.amount.minor) == (claim_id, DUE, 500)


def test_terms_of_the_customer_decide_when_an_order_falls_due(house: House) -> None:
    account = an_account(house.tenant, terms_days__c="60")
    house.order(account)

    (claim,), _cursor = read(house.open(), Kind.INVOICES)

    assert claim.due_on == date(2020, 4, 30)


def test_a_changed_instalment_changes_what_its_order_has_beyond_it(planned: House) -> None:
    account = an_account(planned.tenant)
    order, port = planned.order(account), planned.open()
    plan = planned.plan(account, order)
    _all, cursor = read(port, Kind.INVOICES)
    planned.tenant.clock.advance(LATER)
    planned.tenant.put_record("PaymentPlanObj", {"plan_payment_amount": "900.00"}, plan)

    changed, cursor = read(port, Kind.INVOICES, cursor)

    assert {each.record_id: each.amount.minor for each in changed} == {
        plan: 90_000,
        order: 10_000,
    }
    planned.tenant.clock.advance(LATER)
    assert read(port, Kind.INVOICES, cursor)[0] == []


def test_a_voided_order_takes_its_changed_instalments_along(planned: House) -> None:
    account = an_account(planned.tenant)
    order, port = planned.order(account), planned.open()
    plan = planned.plan(account, order)
    _all, cursor = read(port, Kind.INVOICES)
    planned.tenant.clock.advance(LATER)
    planned.tenant.remove_record("SalesOrderObj", order)
    planned.tenant.put_record("PaymentPlanObj", {"plan_payment_amount": "900.00"}, plan)

    page = port.changes(Kind.INVOICES, cursor)
    page = port.changes(Kind.INVOICES, page.cursor)

    assert (page.records, page.gone, page.finished) == ((), (plan,), True)
    assert port.fetch(Kind.INVOICES, [order, plan]).gone == (plan, order)


def test_a_notification_about_an_instalment_reads_its_whole_order(planned: House) -> None:
    account = an_account(planned.tenant)
    order = planned.order(account)
    plan = planned.plan(account, order)

    page = planned.open().fetch(Kind.INVOICES, [plan])

    assert [each.record_id for each in page.records] == [plan, order]
    assert page.gone == ()


def test_an_order_asked_for_with_its_instalment_is_read_once(planned: House) -> None:
    account = an_account(planned.tenant)
    order = planned.order(account)
    plan = planned.plan(account, order)
    port = planned.open()
    port.fetch(Kind.INVOICES, [plan])
    before = port.usage().calls

    page = port.fetch(Kind.INVOICES, [order, plan])

    assert [each.record_id for each in page.records] == [plan, order]
    assert port.usage().calls - before == 4  # instalments, orders, their instalments, terms


def test_a_payment_is_shared_among_instalments_with_the_payments_before(planned: House) -> None:
    account = an_account(planned.tenant)
    order = planned.order(account)
    plan = planned.plan(account, order)
    payment, first = planned.pay(account, order, "300.00")
    port = planned.open()
    _before, cursor = read(port, Kind.ALLOCATIONS)
    planned.tenant.clock.advance(LATER)
    _payment, second = planned.pay(account, order, "300.00")

    changed, _cursor = read(port, Kind.ALLOCATIONS, cursor)

    assert [(each.record_id, each.invoice_id, each.amount.minor) for each in changed] == [
        (first, plan, 30_000),
        (second, plan, 10_000),
        (f"{second}/2", order, 20_000),
    ]
    assert changed[0].payment_id == payment
    assert port.missing(Kind.ALLOCATIONS, [f"{second}/2", "0" * 24]) == ("0" * 24,)


def test_a_detail_that_names_only_its_instalment_finds_its_order(planned: House) -> None:
    account = an_account(planned.tenant)
    plan = planned.plan(account, planned.order(account))
    _payment, detail = planned.pay(account, "", "50.00", payment_plan_id=plan)
    _payment, nowhere = planned.pay(account, "", "50.00")

    page = planned.open().fetch(Kind.ALLOCATIONS, [detail, nowhere])

    assert [(each.record_id, each.invoice_id) for each in page.records] == [(detail, plan)]  # type: ignore[union-attr] # allocations
    assert nowhere in page.gone


def test_a_detail_that_names_only_its_instalment_counts_when_another_one_comes(
    planned: House,
) -> None:
    account = an_account(planned.tenant)
    order = planned.order(account)
    plan = planned.plan(account, order)
    planned.pay(account, "", "400.00", payment_plan_id=plan)
    planned.tenant.clock.advance(LATER)
    planned.pay(account, planned.order(account), "1.00")
    port = planned.open()
    _before, cursor = read(port, Kind.ALLOCATIONS)
    planned.tenant.clock.advance(LATER)
    _payment, later = planned.pay(account, order, "50.00")

    changed, _cursor = read(port, Kind.ALLOCATIONS, cursor)

    paid = {each.record_id: (each.invoice_id, each.amount.minor) for each in changed}
    assert paid[later] == (order, 5_000)


def test_all_ids_of_orders_and_instalments_are_swept(planned: House) -> None:
    planned.fill()
    port = planned.open()
    records = {kind: read(port, kind)[0] for kind in (Kind.INVOICES, Kind.ALLOCATIONS)}

    for kind, found in records.items():
        seen: set[str] = set()
        after, portions = "", 0
        while after or not portions:
            page = port.ids(kind, after)
            seen.update(page.ids)
            after, portions = page.after, portions + 1
        assert portions > (kind is Kind.INVOICES)
        unseen = [each.record_id for each in found if each.record_id not in seen]
        assert port.missing(kind, unseen) == ()


def test_more_orders_than_a_page_and_more_instalments_than_that(planned: House) -> None:
    account = an_account(planned.tenant)
    orders = [planned.order(account) for _ in range(110)]
    for order in orders:
        planned.plan(account, order, "100.00")
        planned.plan(account, order, "100.00")

    claims, _cursor = read(planned.open(), Kind.INVOICES)

    assert len(claims) == 330
    assert sum(each.amount.minor for each in claims) == 110 * 100_000


def test_a_position_of_another_source_begins_again(planned: House) -> None:
    planned.order(an_account(planned.tenant))
    promise = datetime(2020, 3, 31, tzinfo=UTC)
    old = Cursor(position='{"after":"ffffffffffffffffffffffff"}', promise=promise)

    assert len(planned.open().changes(Kind.INVOICES, old).records) == 1


@pytest.mark.parametrize("after", ["AccountsReceivableNoteObj/f", "f" * 24])
def test_a_place_in_the_ids_of_another_source_begins_again(planned: House, after: str) -> None:
    order = planned.order(an_account(planned.tenant))

    assert planned.open().ids(Kind.INVOICES, after).ids == (order,)


def found(port: FxiaokePort, topic: str) -> list[Finding]:
    return [each for each in port.check() if each.topic == topic]


def test_the_doctor_and_the_log_say_which_source_and_why(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="adapters.fxiaoke.receivables")
    bought = house.options.receivables

    (told,) = found(house.open(), "receivables")

    assert told.level is FindingLevel.OK
    assert f"claims are read from {bought}" in told.message
    assert "AccountsReceivableNoteObj is not active" in told.message
    assert f'receivables = "{bought}"' in told.remedy
    assert told.message.partition(",")[0] in caplog.text


@pytest.mark.parametrize(
    ("wrong", "topic", "key"),
    [
        ({"plans": {"due_on": "due__c"}}, "fields", "mapping.plans.due_on"),
        ({"plans": {"object": "Plan__c"}}, "objects", "mapping.plans.object"),
        ({"order_payments": {"amount": ["sum__c"]}}, "fields", "mapping.order_payments.amount"),
        ({"order_payments": {"object": "Detail__c"}}, "objects", "mapping.order_payments.object"),
    ],
)
def test_the_doctor_names_the_part_of_the_mapping_that_is_read(
    planned: House, wrong: dict[str, Any], topic: str, key: str
) -> None:
    told = found(planned.open(receivables="plans", **wrong), topic)

    remedies = [each.remedy for each in told if each.level is not FindingLevel.OK]
    assert any(f"{key}," in remedy for remedy in remedies), remedies


def test_a_feed_that_was_not_bought_is_skipped_with_a_word(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with House("plans") as house:
        port = house.open(receivables="notes", invoices={"object": "SalesOrderObj"})

        assert Kind.ALLOCATIONS not in port.kinds
        (told,) = found(port, "objects")

    assert told.level is FindingLevel.WARNING
    assert "MatchNoteDetailObj for allocations is not active" in told.message
    assert "the feed of allocations is skipped" in caplog.text


def test_claims_are_never_skipped() -> None:
    with House("orders") as house:
        port = house.open(receivables="notes")

        assert Kind.INVOICES in port.kinds
        told = found(port, "objects")

    assert any(
        each.level is FindingLevel.ERROR and "AccountsReceivableNoteObj" in each.message
        for each in told
    )


def test_notes_whose_payments_cannot_be_matched_count_by_what_is_open() -> None:
    with House("unmatched") as house:
        account = an_account(house.tenant)
        part = a_note(house.tenant, account, no_settled_amount="400.00")
        paid = a_note(house.tenant, account, name="AR-2", no_settled_amount="0.00")
        port = house.open()

        page = port.changes(Kind.INVOICES, Cursor())

        (claim,) = page.records
        assert isinstance(claim, Invoice)
        assert (claim.record_id, claim.amount.minor, page.gone) == (part, 40_000, (paid,))
        told = found(port, "receivables")
    assert any("count by no_settled_amount" in each.message for each in told)
    assert [each.level for each in told] == [FindingLevel.OK, FindingLevel.WARNING]


def test_notes_that_nothing_can_settle_are_an_error() -> None:
    with House("unmatched") as house:
        told = found(house.open(invoices={"open": ["nowhere__c"]}), "receivables")

    assert (told[-1].level, "nothing would ever be paid" in told[-1].message) == (
        FindingLevel.ERROR,
        True,
    )


def test_while_the_tenant_cannot_be_asked_the_feeds_are_as_they_were() -> None:
    with House("plans") as house:
        time = Time()
        known = open_on(house.tenant, house.url, window_calls=0, time=time)
        before = known.kinds
        house.options.pack_bought = False
        time.seconds += 3600.0

        assert known.kinds == before
        assert Kind.CREDIT_NOTES not in house.open().kinds
        assert Kind.CREDIT_NOTES in house.open(receivables="notes").kinds


def test_another_source_than_before_is_told_with_what_to_do(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with House("plans") as house:
        time = Time()
        port = open_on(house.tenant, house.url, window_calls=0, time=time)
        assert Kind.CREDIT_NOTES not in port.kinds
        assert "--full" not in caplog.text
        for each in house.tenant.store.unbought:
            house.tenant.store.add_object(each)
        time.seconds += 3600.0

        assert Kind.CREDIT_NOTES in port.kinds

    assert "run `zixin pull fx --full --allow-mass-change`" in caplog.text


def test_a_tenant_that_cannot_be_asked_is_not_asked_for_its_feeds_again_and_again() -> None:
    with House("plans") as house:
        time = Time()
        port = open_on(house.tenant, house.url, window_calls=0, time=time)
        house.options.pack_bought = False

        first, calls = port.kinds, port.usage().calls
        assert (port.kinds, port.usage().calls) == (first, calls)

        house.options.pack_bought = True
        time.seconds += 10.0
        assert Kind.ALLOCATIONS in port.kinds
        assert port.usage().calls > calls


def test_an_object_named_by_hand_is_never_passed_over() -> None:
    """A slip of the pen must not read other records, nor leave a feed out."""
    with House("orders") as house:
        house.order(an_account(house.tenant))
        claims = house.open(invoices={"object": "BillObj"})
        with pytest.raises(RecordNotFound, match="BillObj"):
            claims.changes(Kind.INVOICES, Cursor())
        assert Kind.PAYMENTS in house.open(payments={"object": "PayObj"}).kinds
        told = [each for each in found(claims, "objects") if each.level is FindingLevel.ERROR]

    assert "BillObj" in told[0].message
