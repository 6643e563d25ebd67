"""Orders, their instalments and their payments as claims and allocations, without any CRM."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.fxiaoke.mapping import FxiaokeMapping, Translated
from adapters.fxiaoke.order_claims import OrderBook, allocations_of, claims_of, loose_claim
from adapters.fxiaoke.values import date_to_ms
from scoring.records import Allocation, Invoice

MAPPING = FxiaokeMapping()
READ_AT = datetime(2026, 3, 31, tzinfo=UTC)
ORDERED, DUE = date(2026, 1, 5), date(2026, 2, 10)


def an_order(**more: Any) -> dict[str, Any]:
    return {
        "_id": "o1",
        "name": "SO-1",
        "account_id": "a1",
        "order_time": date_to_ms(ORDERED),
        "order_amount": "1000.00",
        "settle_type": "3",
        "life_status": "normal",
        **more,
    }


def a_plan(number: int, amount: str, due: date = DUE, **more: Any) -> dict[str, Any]:
    return {
        "_id": f"p{number}",
        "name": f"HK-{number}",
        "account_id": "a1",
        "order_id": "o1",
        "plan_payment_time": date_to_ms(due),
        "plan_payment_amount": amount,
        **more,
    }


def a_detail(number: int, amount: str, plan: str = "", **more: Any) -> dict[str, Any]:
    return {
        "_id": f"d{number}",
        "payment_id": f"pay{number}",
        "order_id": "o1",
        "payment_plan_id": plan,
        "payment_time": date_to_ms(date(2026, 2, number)),
        "payment_amount": amount,
        **more,
    }


def a_book(
    *plans: dict[str, Any], order: dict[str, Any] | None = None, terms: int | None = None
) -> OrderBook:
    return OrderBook(order=order or an_order(), plans=plans, terms_days=terms, read_at=READ_AT)


def owed(found: Translated) -> list[tuple[str, date, int]]:
    return [
        (each.record_id, each.due_on, each.amount.minor)
        for each in found.records
        if isinstance(each, Invoice)
    ]


def shares(book: OrderBook, *details: dict[str, Any]) -> list[tuple[str, str, int]]:
    return [
        (each.record_id, each.invoice_id, each.amount.minor)
        for each in allocations_of(book, details, MAPPING).records
        if isinstance(each, Allocation)
    ]


def test_an_order_without_instalments_falls_due_by_the_customers_terms() -> None:
    (claim,) = claims_of(a_book(terms=45), MAPPING).records

    assert isinstance(claim, Invoice)
    assert (claim.record_id, claim.account_id, claim.number) == ("o1", "a1", "SO-1")
    assert (claim.issued_on, claim.due_on) == (ORDERED, date(2026, 2, 19))
    assert (claim.amount.minor, claim.modified_at) == (100_000, READ_AT)


@pytest.mark.parametrize(
    ("more", "due"),
    [
        ({}, date(2026, 2, 4)),  # 30 days, where nobody says anything
        ({"terms__c": "10"}, date(2026, 1, 15)),
        ({"terms__c": "10", "due__c": date_to_ms(DUE)}, DUE),
    ],
)
def test_an_order_may_have_terms_or_a_due_date_of_its_own(more: dict[str, Any], due: date) -> None:
    orders = type(MAPPING.orders)(terms_days="terms__c", due_on="due__c")
    mapping = FxiaokeMapping(orders=orders)

    assert owed(claims_of(a_book(order=an_order(**more)), mapping)) == [("o1", due, 100_000)]


def test_instalments_are_claims_and_the_rest_of_the_order_is_another() -> None:
    later = date(2026, 3, 10)
    book = a_book(a_plan(1, "300.00"), a_plan(2, "500.00", later), terms=30)

    assert owed(claims_of(book, MAPPING)) == [
        ("p1", DUE, 30_000),
        ("p2", later, 50_000),
        ("o1", date(2026, 2, 4), 20_000),
    ]


def test_an_order_that_is_planned_whole_is_no_claim_itself() -> None:
    found = claims_of(a_book(a_plan(1, "1000.00")), MAPPING)

    assert owed(found) == [("p1", DUE, 100_000)]
    assert found.gone == ("o1",)


def test_what_was_returned_is_not_owed() -> None:
    order = an_order(returned_goods_amount="250.00")

    assert owed(claims_of(a_book(order=order, terms=30), MAPPING))[0][2] == 75_000


@pytest.mark.parametrize(
    "more",
    [
        {"life_status": "under_review"},
        {"life_status": "invalid"},
        {"is_deleted": True},
        {"order_status": "cancelled"},
        {"order_status": "6"},
        {"settle_type": "1"},
    ],
)
def test_an_order_that_is_not_owed_takes_its_instalments_along(more: dict[str, Any]) -> None:
    book = a_book(a_plan(1, "300.00"), order=an_order(**more))

    found = claims_of(book, MAPPING)

    assert (found.records, found.gone) == ((), ("o1", "p1"))
    assert shares(book, a_detail(1, "10.00")) == []


def test_an_instalment_that_is_not_in_effect_is_gone_and_counts_with_the_rest() -> None:
    book = a_book(a_plan(1, "300.00", life_status="ineffective"), terms=30)

    found = claims_of(book, MAPPING)

    assert (owed(found)[0][2], found.gone) == (100_000, ("p1",))


def test_a_bad_instalment_parks_itself_and_what_depends_on_it() -> None:
    found = claims_of(a_book(a_plan(1, "dreihundert"), a_plan(2, "5.00")), MAPPING)

    assert owed(found) == [("p2", DUE, 500)]
    assert {each.record_id: each.reason for each in found.problems} == {
        "p1": "bad_amount",
        "o1": "bad_amount",
    }
    assert found.gone == ()


def test_two_currencies_in_one_order_wait_for_a_person() -> None:
    found = claims_of(a_book(a_plan(1, "300.00", mc_currency="USD")), MAPPING)

    assert [(each.record_id, each.reason) for each in found.problems] == [
        ("o1", "unknown_currency")
    ]


def test_terms_beyond_the_calendar_are_a_problem() -> None:
    (problem,) = claims_of(a_book(terms=999_999_999), MAPPING).problems

    assert problem.reason == "bad_date"


def test_an_instalment_without_an_order_is_a_claim_of_its_own() -> None:
    plan = a_plan(1, "300.00", order_id="", create_time=date_to_ms(ORDERED))

    (claim,) = loose_claim(plan, MAPPING, READ_AT).records

    assert isinstance(claim, Invoice)
    assert (claim.number, claim.issued_on, claim.due_on) == ("HK-1", ORDERED, DUE)
    assert loose_claim(plan | {"life_status": "invalid"}, MAPPING, READ_AT).gone == ("p1",)
    assert loose_claim(plan | {"plan_payment_time": ""}, MAPPING, READ_AT).problems


def test_a_payment_goes_to_the_order_where_there_are_no_instalments() -> None:
    assert shares(a_book(), a_detail(1, "400.00"), a_detail(2, "100.00")) == [
        ("d1", "o1", 40_000),
        ("d2", "o1", 10_000),
    ]


def test_a_payment_that_names_its_instalment_goes_there_before_older_ones() -> None:
    book = a_book(a_plan(1, "300.00"), a_plan(2, "300.00", date(2026, 3, 1)))

    assert shares(book, a_detail(1, "300.00"), a_detail(2, "300.00", "p1")) == [
        ("d2", "p1", 30_000),
        ("d1", "p2", 30_000),
    ]


def test_a_payment_without_an_instalment_pays_them_by_due_date_and_the_rest_last() -> None:
    book = a_book(a_plan(1, "300.00", date(2026, 3, 1)), a_plan(2, "300.00"))
    found = allocations_of(book, [a_detail(1, "900.00")], MAPPING)

    assert shares(book, a_detail(1, "900.00")) == [
        ("d1", "p2", 30_000),
        ("d1/2", "p1", 30_000),
        ("d1/3", "o1", 30_000),
    ]
    assert found.gone == ("d1/4",)


def test_what_is_paid_beyond_all_claims_stays_unapplied() -> None:
    assert shares(a_book(), a_detail(1, "900.00"), a_detail(2, "900.00")) == [
        ("d1", "o1", 90_000),
        ("d2", "o1", 10_000),
    ]


def test_a_detail_that_is_not_in_effect_pays_nothing() -> None:
    found = allocations_of(a_book(), [a_detail(1, "9.00", life_status="under_review")], MAPPING)

    assert found.records == ()
    assert "d1" in found.gone


def test_a_bad_detail_is_parked_and_not_gone() -> None:
    found = allocations_of(a_book(), [a_detail(1, "much")], MAPPING)

    assert [each.record_id for each in found.problems] == ["d1"]
    assert "d1" not in found.gone


@given(
    st.lists(st.integers(1, 400), max_size=4),
    st.lists(st.tuples(st.integers(1, 900), st.integers(0, 5)), max_size=6),
)
def test_no_claim_is_paid_twice_and_no_money_is_lost(
    plans: list[int], details: list[tuple[int, int]]
) -> None:
    book = a_book(*(a_plan(number, f"{plan}.00") for number, plan in enumerate(plans)))
    rows = [
        a_detail(number + 1, f"{amount}.00", f"p{plan}")
        for number, (amount, plan) in enumerate(details)
    ]

    claims = {claim: minor for claim, _due, minor in owed(claims_of(book, MAPPING))}
    found = shares(book, *rows)

    paid = {claim: sum(m for _id, c, m in found if c == claim) for claim in claims}
    assert all(paid[claim] <= minor for claim, minor in claims.items())
    assert len({record_id for record_id, _claim, _minor in found}) == len(found)
    given_, taken = sum(a for a, _plan in details) * 100, sum(m for _id, _claim, m in found)
    assert taken == min(given_, sum(claims.values()))
    for row_id, (amount, _plan) in zip((row["_id"] for row in rows), details, strict=True):
        own = sum(m for record_id, _c, m in found if record_id.partition("/")[0] == row_id)
        assert own <= amount * 100
