"""Vendor records become ours, exactly; bad ones become problems; voided ones are gone."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.fxiaoke.mapping import FxiaokeMapping, to_owner, translate
from adapters.fxiaoke.names import InvoiceNames, OrderNames, PaymentNames
from adapters.fxiaoke.values import BadValue, date_to_ms, ms_to_date, ms_to_time, time_to_ms
from scoring.money import Money
from scoring.records import (
    Account,
    Allocation,
    Contact,
    Invoice,
    InvoiceKind,
    Kind,
    Order,
    OrderStatus,
    Owner,
    Payment,
    Record,
)

MAPPING = FxiaokeMapping()
MODIFIED = datetime(2026, 1, 1, tzinfo=UTC)
DAY = 1517328000000  # the manual's sample: 2018-01-31 00:00 at GMT+8

Row = dict[str, Any]


def a_row(**fields: Any) -> Row:
    return {"_id": "r1", "last_modified_time": 1767225600000, "life_status": "normal", **fields}


def an_account(**fields: Any) -> Row:
    return a_row(**{"name": "示例客户", "owner": ["1001"], **fields})


def a_note(**fields: Any) -> Row:
    default = {
        "name": "AR-1",
        "account_id": "a1",
        "note_date": DAY,
        "due_date": DAY + 86_400_000,
        "price_tax_amount": "1234.50",
        "mc_currency": "CNY",
        "record_type": "default__c",
    }
    return a_row(**(default | fields))


def a_red_note(**fields: Any) -> Row:
    return a_note(**{"record_type": "red_note__c", "price_tax_amount": "-100.00", **fields})


def a_payment(**fields: Any) -> Row:
    default = {"account_id": "a1", "payment_time": DAY, "payment_amount": "5000.00"}
    return a_row(**(default | fields))


def an_order(**fields: Any) -> Row:
    default = {"name": "SO-1", "account_id": "a1", "order_time": DAY, "order_amount": "10.00"}
    return a_row(**(default | fields))


def one(kind: Kind, row: Row, mapping: FxiaokeMapping = MAPPING) -> Record:
    translated = translate([row], kind, mapping)
    assert (translated.problems, translated.gone) == ((), ())
    return translated.records[0]


def reason(kind: Kind, row: Row) -> str:
    translated = translate([row], kind, MAPPING)
    assert (translated.records, translated.gone) == ((), ())
    return translated.problems[0].reason


def test_an_account_keeps_every_field() -> None:
    row = an_account(
        uscc__c="91310000MA1FL0XXXX",
        industry_level1="制造业",
        country="中国",
        parent_account_id="a0",
        terms_days__c="30",
        customer_since__c=DAY,
        mc_currency="USD",
    )

    assert one(Kind.ACCOUNTS, row) == Account(
        record_id="r1",
        name="示例客户",
        uscc="91310000MA1FL0XXXX",
        industry="制造业",
        country="中国",
        owner_id="1001",
        parent_id="a0",
        currency="USD",
        terms_days=30,
        created_on=date(2018, 1, 31),
        modified_at=MODIFIED,
    )


@pytest.mark.parametrize("empty", [None, ""])
def test_missing_null_and_empty_text_are_alike(empty: object) -> None:
    fields = ("uscc__c", "country", "terms_days__c", "customer_since__c", "mc_currency", "owner")
    bare = an_account()
    del bare["owner"]

    assert one(Kind.ACCOUNTS, an_account(**dict.fromkeys(fields, empty))) == one(
        Kind.ACCOUNTS, bare
    )


def test_an_account_in_a_pool_has_no_owner() -> None:
    account = one(Kind.ACCOUNTS, an_account(owner=[]))

    assert isinstance(account, Account)
    assert account.owner_id is None


def test_an_account_under_review_is_still_an_account() -> None:
    account = one(Kind.ACCOUNTS, an_account(life_status="under_review"))

    assert account.record_id == "r1"


def test_a_name_with_emoji_and_right_to_left_marks_is_kept() -> None:
    account = one(Kind.ACCOUNTS, an_account(name="شركة \u200fالنور 🏭"))

    assert isinstance(account, Account)
    assert account.name == "شركة \u200fالنور 🏭"


def test_a_contact_is_read() -> None:
    row = a_row(name="王", account_id="a1", mobile1="13800000001", email="w@example.com")

    assert one(Kind.CONTACTS, row) == Contact(
        record_id="r1",
        account_id="a1",
        name="王",
        email="w@example.com",
        phone="13800000001",
        modified_at=MODIFIED,
    )


def test_a_note_is_an_invoice_with_exact_amount_and_dates_at_gmt8() -> None:
    row = a_note(disputed_amount__c="10.10", disputed_on__c=DAY)

    assert one(Kind.INVOICES, row) == Invoice(
        record_id="r1",
        account_id="a1",
        number="AR-1",
        issued_on=date(2018, 1, 31),
        due_on=date(2018, 2, 1),
        amount=Money(123450, "CNY"),
        disputed=Money(1010, "CNY"),
        disputed_on=date(2018, 1, 31),
        modified_at=MODIFIED,
    )


def test_a_red_note_is_a_credit_note_with_a_positive_amount() -> None:
    note = one(Kind.CREDIT_NOTES, a_red_note(source_note_id__c="n9", due_date=None))

    assert isinstance(note, Invoice)
    assert (note.kind, note.amount, note.applies_to) == (
        InvoiceKind.CREDIT_NOTE,
        Money(10000, "CNY"),
        "n9",
    )
    assert note.due_on == note.issued_on


def test_each_kind_of_note_skips_the_other() -> None:
    notes = [a_note(), a_red_note()]

    assert len(translate(notes, Kind.INVOICES, MAPPING).records) == 1
    assert len(translate(notes, Kind.CREDIT_NOTES, MAPPING).records) == 1


def test_a_record_without_currency_is_in_the_functional_one() -> None:
    own = one(Kind.INVOICES, a_note(mc_currency=None, mc_functional_currency="EUR"))
    configured = one(Kind.INVOICES, a_note(mc_currency=None), FxiaokeMapping())

    assert isinstance(own, Invoice)
    assert isinstance(configured, Invoice)
    assert (own.amount.currency, configured.amount.currency) == ("EUR", "CNY")


def test_a_currency_without_cents_is_exact() -> None:
    invoice = one(Kind.INVOICES, a_note(mc_currency="JPY", price_tax_amount="1200.00"))

    assert isinstance(invoice, Invoice)
    assert invoice.amount == Money(1200, "JPY")


def test_a_payment_takes_the_first_amount_there_is() -> None:
    older = one(Kind.PAYMENTS, a_payment())
    newer = one(Kind.PAYMENTS, a_payment(amount="7.00"))

    assert isinstance(older, Payment)
    assert isinstance(newer, Payment)
    assert (older.amount.amount, newer.amount.amount) == (Decimal("5000.00"), Decimal("7.00"))


def test_an_allocation_is_read() -> None:
    row = a_row(payment_id="p1", ar_id="n1", match_amount="0.10")

    assert one(Kind.ALLOCATIONS, row) == Allocation(
        record_id="r1",
        payment_id="p1",
        invoice_id="n1",
        amount=Money(10, "CNY"),
        modified_at=MODIFIED,
    )


def test_an_order_is_read() -> None:
    row = an_order(delivery_date=DAY, invoice_amount="4.00", settle_type="1", order_status="closed")

    assert one(Kind.ORDERS, row) == Order(
        record_id="r1",
        account_id="a1",
        number="SO-1",
        ordered_on=date(2018, 1, 31),
        deliver_on=date(2018, 1, 31),
        amount=Money(1000, "CNY"),
        invoiced=Money(400, "CNY"),
        status=OrderStatus.CLOSED,
        prepaid=True,
        modified_at=MODIFIED,
    )


def test_an_order_in_effect_without_a_status_is_open() -> None:
    order = one(Kind.ORDERS, an_order())

    assert isinstance(order, Order)
    assert order.status is OrderStatus.OPEN


@pytest.mark.parametrize("status", ["normal", "in_change", None, ""])
def test_what_is_in_effect_counts(status: str | None) -> None:
    payment = one(Kind.PAYMENTS, a_payment(life_status=status))

    assert payment.record_id == "r1"


@pytest.mark.parametrize("status", ["ineffective", "under_review", "invalid", "novelty"])
def test_what_is_not_in_effect_is_gone(status: str) -> None:
    translated = translate([a_payment(life_status=status)], Kind.PAYMENTS, MAPPING)

    assert (translated.records, translated.gone) == ((), ("r1",))


def test_which_states_count_is_configuration() -> None:
    strict = FxiaokeMapping(payments=PaymentNames(effective=("normal",)))

    assert translate([a_payment(life_status="in_change")], Kind.PAYMENTS, strict).gone == ("r1",)


@pytest.mark.parametrize("row", [an_account(life_status="invalid"), an_account(is_deleted=True)])
def test_a_voided_or_deleted_account_is_gone(row: Row) -> None:
    assert translate([row], Kind.ACCOUNTS, MAPPING).gone == ("r1",)


@pytest.mark.parametrize(
    ("kind", "row", "expected"),
    [
        (Kind.INVOICES, a_note(due_date=None), "missing_field"),
        (Kind.INVOICES, a_note(account_id=None), "missing_field"),
        (Kind.INVOICES, a_note(account_id=""), "missing_field"),
        (Kind.INVOICES, a_note(price_tax_amount=None), "missing_field"),
        (Kind.INVOICES, a_note(last_modified_time=None), "missing_field"),
        (Kind.INVOICES, a_note(last_modified_time=9 * 10**14), "bad_date"),
        (Kind.INVOICES, a_note(price_tax_amount="-1.00"), "bad_amount"),
        (Kind.INVOICES, a_note(price_tax_amount="1,000.00"), "bad_amount"),
        (Kind.INVOICES, a_note(price_tax_amount="NaN"), "bad_amount"),
        (Kind.INVOICES, a_note(price_tax_amount="1e5"), "bad_amount"),
        (Kind.INVOICES, a_note(price_tax_amount="9" * 40), "bad_amount"),
        (Kind.INVOICES, a_note(price_tax_amount=True), "bad_amount"),
        (Kind.INVOICES, a_note(price_tax_amount=["1"]), "bad_amount"),
        (Kind.INVOICES, a_note(price_tax_amount="１２"), "bad_amount"),
        (Kind.INVOICES, a_note(disputed_amount__c="-5"), "bad_amount"),
        (Kind.INVOICES, a_note(mc_currency="XXX"), "unknown_currency"),
        (Kind.INVOICES, a_note(mc_currency="人民币"), "unknown_currency"),
        (Kind.INVOICES, a_note(due_date="2026-01-01"), "bad_date"),
        (Kind.INVOICES, a_note(due_date=10**18), "bad_date"),
        (Kind.INVOICES, a_note(due_date=10**14 * 9), "bad_date"),
        (Kind.INVOICES, a_note(due_date=True), "bad_date"),
        (Kind.INVOICES, a_note(due_date=1.5), "bad_date"),
        (Kind.INVOICES, a_note(name="A\x00B"), "bad_text"),
        (Kind.INVOICES, a_note(name="A\ud800"), "bad_text"),
        (Kind.INVOICES, a_note(name={"text": "A"}), "bad_text"),
        (Kind.CREDIT_NOTES, a_red_note(price_tax_amount="100.00"), "bad_amount"),
        (Kind.ACCOUNTS, an_account(name=None), "missing_field"),
        (Kind.ACCOUNTS, an_account(name="  "), "missing_field"),
        (Kind.ACCOUNTS, an_account(terms_days__c="30.5"), "bad_number"),
        (Kind.ACCOUNTS, an_account(terms_days__c="-30"), "bad_number"),
        (Kind.PAYMENTS, a_payment(payment_amount="-5000.00"), "bad_amount"),
        (Kind.PAYMENTS, a_payment(payment_time=None), "missing_field"),
        (Kind.ALLOCATIONS, a_row(payment_id="p1", match_amount="1"), "missing_field"),
        (Kind.ORDERS, an_order(order_status="mystery"), "unknown_option"),
        (Kind.ORDERS, an_order(order_amount=None), "missing_field"),
    ],
)
def test_a_bad_record_becomes_a_problem(kind: Kind, row: Row, expected: str) -> None:
    assert reason(kind, row) == expected


def test_one_bad_record_does_not_cost_the_others() -> None:
    translated = translate(
        [a_note(_id="r1"), a_note(_id="r2", due_date=None), a_note(_id="r3")],
        Kind.INVOICES,
        MAPPING,
    )

    assert [record.record_id for record in translated.records] == ["r1", "r3"]
    assert translated.problems[0].record_id == "r2"
    assert translated.problems[0].account_id == "a1"


def test_a_problem_shows_the_shape_of_a_value_and_not_the_value() -> None:
    translated = translate([a_note(price_tax_amount="秘密 secret 42,5")], Kind.INVOICES, MAPPING)

    detail = translated.problems[0].detail
    assert "secret" not in detail
    assert "42" not in detail
    assert "price_tax_amount" in detail


def test_an_employee_becomes_an_owner() -> None:
    row = {"openUserId": "1002", "name": "王离职", "email": "left@example.com", "isStop": True}

    assert to_owner(row) == Owner(
        record_id="1002", name="王离职", email="left@example.com", active=False
    )


def test_an_employee_without_an_id_is_no_owner() -> None:
    with pytest.raises(BadValue):
        to_owner({"name": "nobody"})


def test_names_come_from_the_configuration() -> None:
    mapping = msgspec.convert(
        {
            "invoices": {"object": "PaymentPlanObj", "due_on": "plan_payment_time", "red_note": ""},
            "orders": {"states": {"done": "closed"}},
        },
        FxiaokeMapping,
    )

    assert mapping.invoices == InvoiceNames(
        object="PaymentPlanObj", due_on="plan_payment_time", red_note=""
    )
    assert mapping.orders == OrderNames(states={"done": OrderStatus.CLOSED})
    assert mapping.object_of(Kind.CREDIT_NOTES) == ""


def test_a_wrong_name_in_the_configuration_is_told() -> None:
    with pytest.raises(msgspec.ValidationError, match="due_onn"):
        msgspec.convert({"invoices": {"due_onn": "x"}}, FxiaokeMapping)


@given(st.dates())
def test_dates_survive_the_wire(on: date) -> None:
    assert ms_to_date(date_to_ms(on)) == on


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(1900, 1, 1)))  # noqa: DTZ001
def test_times_survive_the_wire_to_the_millisecond(at: datetime) -> None:
    assert ms_to_time(time_to_ms(at)) == at.replace(microsecond=at.microsecond // 1000 * 1000)


@given(st.integers(min_value=0, max_value=10**16))
def test_amounts_survive_the_wire(minor: int) -> None:
    text = f"{Decimal(minor).scaleb(-2):f}"
    invoice = one(Kind.INVOICES, a_note(price_tax_amount=text))

    assert isinstance(invoice, Invoice)
    assert invoice.amount.minor == minor


_junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.decimals(),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=3,
)


@given(
    st.sampled_from([kind for kind in Kind if kind is not Kind.OWNERS]),
    st.sampled_from([an_account(), a_note(), a_red_note(), a_payment(), an_order()]),
    st.data(),
)
def test_any_row_is_a_record_a_problem_gone_or_of_the_other_kind(
    kind: Kind, row: Row, data: st.DataObject
) -> None:
    field = data.draw(
        st.sampled_from([*MAPPING.wanted_fields(kind), "last_modified_time", "life_status"])
    )
    translated = translate([row | {field: data.draw(_junk)}], kind, MAPPING)

    count = len(translated.records) + len(translated.problems) + len(translated.gone)
    assert count == 1 or (count == 0 and kind in {Kind.INVOICES, Kind.CREDIT_NOTES})
