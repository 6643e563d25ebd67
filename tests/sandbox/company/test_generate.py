"""What the generated books promise, as properties over many seeds, sizes and dates."""

import re
from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from statistics import mean

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.company.currencies import DIGITS
from sandbox.company.generate import generate
from sandbox.company.model import Company, SampleInvoice
from sandbox.company.stories import STORIES, StoryName
from scoring.identity import check_uscc
from scoring.money import minor_digits

_AS_OF = date(2026, 11, 24)
_DOCUMENTS = ("invoices", "credit_notes", "payments", "orders")

companies = st.builds(
    generate,
    accounts=st.integers(1, 70),
    months=st.integers(1, 30),
    seed=st.integers(0, 2**32),
    as_of=st.dates(date(2020, 1, 1), date(2030, 12, 31)),
)
some = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@cache
def _usual() -> Company:
    return generate(as_of=_AS_OF)


def _left_open(company: Company) -> dict[str, Decimal]:
    left = {invoice.key: invoice.amount for invoice in company.invoices}
    for note in company.credit_notes:
        if note.invoice is not None:
            left[note.invoice] -= note.amount
    for allocation in company.allocations:
        left[allocation.invoice] -= allocation.amount
    return left


def _invoices_of(company: Company, story: StoryName) -> list[SampleInvoice]:
    keys = {customer.key for customer in company.customers if customer.story == story}
    return [invoice for invoice in company.invoices if invoice.customer in keys]


def _days_late(company: Company) -> dict[str, list[tuple[date, int]]]:
    """Return, by story, when each allocation's invoice was due and how late it came."""
    stories = {customer.key: customer.story for customer in company.customers}
    invoices = {invoice.key: invoice for invoice in company.invoices}
    paid_on = {payment.key: payment.paid_on for payment in company.payments}
    late = defaultdict(list)
    for allocation in company.allocations:
        invoice = invoices[allocation.invoice]
        days = (paid_on[allocation.payment] - invoice.due_on).days
        late[stories[invoice.customer]].append((invoice.due_on, days))
    return late


@some
@given(companies)
def test_nothing_is_paid_credited_or_allocated_twice(company: Company) -> None:
    used: Counter[str] = Counter()
    allocated: dict[str, Decimal] = defaultdict(Decimal)
    for allocation in company.allocations:
        used[allocation.payment] += 1
        allocated[allocation.payment] += allocation.amount
        assert allocation.amount > 0

    assert min(_left_open(company).values(), default=Decimal(0)) >= 0
    for payment in company.payments:
        assert allocated[payment.key] <= payment.amount


@some
@given(companies)
def test_nothing_is_dated_after_the_books(company: Company) -> None:
    days = [invoice.issued_on for invoice in company.invoices]
    days += [note.issued_on for note in company.credit_notes]
    days += [payment.paid_on for payment in company.payments]
    days += [order.ordered_on for order in company.orders]
    days += [each.disputed_on for each in company.invoices if each.disputed_on]
    days += [each.created_on for each in company.customers if each.created_on]

    assert max(days, default=company.as_of) <= company.as_of


@some
@given(companies)
def test_what_refers_to_something_finds_it_in_the_same_crm_and_currency(company: Company) -> None:
    customers = {customer.key: customer for customer in company.customers}
    invoices = {invoice.key: invoice for invoice in company.invoices}
    payments = {payment.key: payment for payment in company.payments}
    people = {person.key for person in company.people}

    for name in _DOCUMENTS:
        for each in getattr(company, name):
            assert each.crm in customers[each.customer].crms
            assert each.currency == customers[each.customer].currency
            assert each.amount > 0
    for allocation in company.allocations:
        payment, invoice = payments[allocation.payment], invoices[allocation.invoice]
        assert (payment.crm, payment.customer) == (invoice.crm, invoice.customer)
    for note in company.credit_notes:
        if note.invoice is not None:
            assert invoices[note.invoice].customer == note.customer
    for customer in company.customers:
        assert customer.owner in people
        assert customer.parent is None or customers[customer.parent].crms == customer.crms


@some
@given(companies)
def test_keys_and_numbers_are_unique(company: Company) -> None:
    for name in ("customers", "people", "contacts", *_DOCUMENTS):
        keys = [each.key for each in getattr(company, name)]
        assert len(keys) == len(set(keys)), name
    names = [customer.name for customer in company.customers]
    assert len(names) == len(set(names))


@some
@given(companies)
def test_every_code_is_valid_and_whoever_stands_in_both_crms_has_one(company: Company) -> None:
    codes = [customer.uscc for customer in company.customers if customer.uscc]

    assert all(check_uscc(code).valid for code in codes)
    assert len(codes) == len(set(codes))
    for customer in company.customers:
        assert customer.uscc or len(customer.crms) == 1
        assert customer.country == "China" or customer.uscc is None


@some
@given(companies)
def test_a_dispute_is_over_what_is_still_open(company: Company) -> None:
    left = _left_open(company)

    for invoice in company.invoices:
        assert (invoice.disputed is None) == (invoice.disputed_on is None)
        if invoice.disputed is not None and invoice.disputed_on is not None:
            assert 0 < invoice.disputed <= left[invoice.key]
            assert invoice.disputed_on >= invoice.issued_on


@some
@given(companies)
def test_an_order_is_invoiced_up_to_its_amount(company: Company) -> None:
    for order in company.orders:
        assert 0 <= order.invoiced <= order.amount
        assert (order.status == "closed") == (order.invoiced == order.amount)
        assert order.status in {"open", "closed", "cancelled"}


@some
@given(accounts=st.integers(30, 90), seed=st.integers(0, 999))
def test_from_thirty_accounts_on_every_story_occurs(accounts: int, seed: int) -> None:
    company = generate(accounts, 3, seed=seed, as_of=_AS_OF)
    counts = Counter(customer.story for customer in company.customers)

    assert len(company.customers) == accounts
    assert set(counts) == {name.value for name in STORIES}
    assert counts[StoryName.GROUP] >= 3


def test_one_seed_gives_one_company() -> None:
    again = generate(as_of=_AS_OF)
    other = generate(seed=2, as_of=_AS_OF)

    assert again == _usual()
    assert other.customers != again.customers


def test_the_shares_of_the_stories_are_fixed() -> None:
    counts = Counter(customer.story for customer in _usual().customers)

    assert counts == Counter(
        {name.value: round(300 * story.share) for name, story in STORIES.items()}
    )


def test_about_one_in_seven_stands_in_both_crms_with_documents_in_each() -> None:
    both = [customer for customer in _usual().customers if len(customer.crms) == 2]
    held = defaultdict(set)
    for invoice in _usual().invoices:
        held[invoice.customer].add(invoice.crm)

    assert 30 <= len(both) <= 60
    assert sum(len(held[customer.key]) == 2 for customer in both) > len(both) * 0.8


def test_the_books_have_all_a_seller_meets() -> None:
    company = _usual()
    allocations = Counter(allocation.payment for allocation in company.allocations)
    unapplied = [payment for payment in company.payments if payment.key not in allocations]
    instalments = [each for each in company.invoices if each.number.endswith("-3/3")]

    assert {customer.currency for customer in company.customers} == {"CNY", "USD", "EUR"}
    assert max(allocations.values()) > 1
    assert len(unapplied) > 5
    assert len(instalments) > 50
    assert any(note.invoice is None for note in company.credit_notes)
    assert any(note.invoice is not None for note in company.credit_notes)
    assert any(order.status == "open" and order.invoiced > 0 for order in company.orders)
    assert sum(invoice.disputed is not None for invoice in company.invoices) > 10


def test_instalments_of_one_invoice_fall_due_a_month_apart() -> None:
    company = _usual()
    by_number = {invoice.number: invoice for invoice in company.invoices}
    last = next(each for each in company.invoices if each.number.endswith("-3/3"))
    first = by_number[last.number.replace("-3/3", "-1/3")]

    assert last.due_on == first.due_on + timedelta(days=60)
    assert last.issued_on == first.issued_on


def test_chinese_names_have_a_region_a_trade_name_an_industry_and_a_form() -> None:
    chinese = [each.name for each in _usual().customers if each.country == "China"]

    assert all(re.fullmatch(r"[\u4e00-\u9fff]{7,}公司", name) for name in chinese)


@pytest.mark.parametrize(
    ("story", "least", "most"),
    [
        (StoryName.PUNCTUAL, -8, 1),
        (StoryName.HABITUALLY_LATE, 15, 24),
        (StoryName.PREPAYING, -15, -2),
        (StoryName.GROUP, 0, 12),
    ],
)
def test_customers_pay_as_their_story_says(story: StoryName, least: int, most: int) -> None:
    days = [late for _, late in _days_late(_usual())[story]]

    assert least <= mean(days) <= most


def test_the_deteriorating_pay_ever_later() -> None:
    paid = _days_late(_usual())[StoryName.DETERIORATING]
    middle = _AS_OF - timedelta(days=365)
    before = [late for due, late in paid if due < middle]
    lately = [late for due, late in paid if due > _AS_OF - timedelta(days=180)]

    assert mean(before) < 5
    assert mean(lately) > 20


def test_the_one_in_default_has_stopped_paying_long_ago() -> None:
    company = _usual()
    left = _left_open(company)
    keys = {each.key for each in company.customers if each.story == StoryName.IN_DEFAULT}
    overdue: dict[str, Decimal] = defaultdict(Decimal)
    for invoice in _invoices_of(company, StoryName.IN_DEFAULT):
        if (company.as_of - invoice.due_on).days > 90:
            overdue[invoice.customer] += left[invoice.key]
    last = max(each.paid_on for each in company.payments if each.customer in keys)

    assert set(overdue) == keys
    assert min(overdue.values()) > 0
    assert (company.as_of - last).days > 200


def test_the_new_have_no_history() -> None:
    company = _usual()
    issued = [each.issued_on for each in _invoices_of(company, StoryName.NEW_WITHOUT_HISTORY)]
    created = [
        each.created_on
        for each in company.customers
        if each.story == StoryName.NEW_WITHOUT_HISTORY and each.created_on
    ]

    assert min(issued) > company.as_of - timedelta(days=45)
    assert min(created) > company.as_of - timedelta(days=45)


def test_the_over_trader_buys_ever_more() -> None:
    invoices = _invoices_of(_usual(), StoryName.OVER_TRADER)
    early = [each.amount for each in invoices if each.issued_on < date(2025, 5, 24)]
    lately = [each.amount for each in invoices if each.issued_on > date(2026, 5, 24)]

    assert sum(lately) > 3 * sum(early)


def test_who_stopped_buying_has_no_invoice_of_late_and_some_owe_money() -> None:
    company = _usual()
    left = _left_open(company)
    invoices = _invoices_of(company, StoryName.STOPPED_BUYING)

    assert max(each.issued_on for each in invoices) < company.as_of - timedelta(days=150)
    assert sum(left[each.key] for each in invoices) > 0


def test_the_seasonal_buy_in_their_season() -> None:
    company = _usual()
    keys = {each.key for each in company.customers if each.story == StoryName.SEASONAL}
    months = Counter(each.ordered_on.month for each in company.orders if each.customer in keys)
    season = sum(months[month] for month in (3, 4, 5, 9, 10))

    assert season > 0.8 * months.total()


def test_who_pays_in_part_leaves_the_rest_for_later() -> None:
    company = _usual()
    parts = Counter(allocation.invoice for allocation in company.allocations)
    keys = [each.key for each in _invoices_of(company, StoryName.PAYING_IN_PART)]

    assert sum(parts[key] > 1 for key in keys) > len(keys) * 0.4


def test_the_disputing_dispute() -> None:
    disputing = _invoices_of(_usual(), StoryName.DISPUTING)
    punctual = _invoices_of(_usual(), StoryName.PUNCTUAL)

    assert _disputed_share(disputing) > 10 * _disputed_share(punctual)


def _disputed_share(invoices: list[SampleInvoice]) -> float:
    return sum(each.disputed is not None for each in invoices) / len(invoices)


def test_prepaid_goods_are_paid_before_they_are_invoiced() -> None:
    company = _usual()
    invoices = {each.key: each for each in _invoices_of(company, StoryName.PREPAYING)}
    paid_on = {payment.key: payment.paid_on for payment in company.payments}
    early = [
        paid_on[each.payment] <= invoices[each.invoice].issued_on
        for each in company.allocations
        if each.invoice in invoices
    ]

    assert mean(early) > 0.9


def test_the_sandbox_knows_the_same_currencies_as_the_product() -> None:
    assert all(minor_digits(code) == digits for code, digits in DIGITS.items())
    assert len(DIGITS) > 150
