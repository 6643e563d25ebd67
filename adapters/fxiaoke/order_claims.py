"""What an order makes owed, and what of its payments goes where. Pure.

An order in effect is owed in its instalments (回款计划), and what they leave over by its terms.
Payments that name an instalment go there; others pay the order's instalments by due date, and the
rest last. What is paid beyond all of them stays unapplied.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

import msgspec

from adapters.fxiaoke.life import in_effect
from adapters.fxiaoke.mapping import Translated, readable
from adapters.fxiaoke.names import FxiaokeMapping
from adapters.fxiaoke.values import (
    BadValue,
    Row,
    amount_of,
    currency_of,
    date_of,
    integer_of,
    need,
    need_claim,
    need_date,
    text_of,
)
from adapters.port import RecordProblem
from scoring.money import Money
from scoring.records import Allocation, Invoice, Kind, OrderStatus

__all__ = ["OrderBook", "allocations_of", "claims_of", "loose_claim", "order_fields", "part_id"]

_NOT_OWED = (OrderStatus.DRAFT, OrderStatus.CANCELLED)


class OrderBook(msgspec.Struct, frozen=True, kw_only=True):
    """One order with its instalments. ``terms_days`` are the customer's; ``read_at``: just now."""

    order: Row
    plans: Sequence[Row] = ()
    terms_days: int | None = None
    read_at: datetime


class _Parts(msgspec.Struct):
    """What a book turns into."""

    invoices: list[Invoice] = []
    problems: list[RecordProblem] = []
    gone: list[str] = []


def order_fields(mapping: FxiaokeMapping) -> tuple[str, ...]:
    """Name the fields of an order that make it a claim."""
    names = mapping.orders
    texts = (names.number, names.account, names.ordered_on, names.currency, names.settle_type)
    more = (names.due_on, names.terms_days, names.segment, names.status)
    return (*texts, *more, *names.amount, *names.returned)


def part_id(row_id: str, number: int) -> str:
    """Name a part of a payment detail that pays several claims; the first is the detail itself."""
    return row_id if number == 1 else f"{row_id}/{number}"


def claims_of(book: OrderBook, mapping: FxiaokeMapping) -> Translated:
    """Turn an order into claims. Those that are not owed (any more) are gone."""
    parts = _parts(book, mapping)
    return Translated(
        records=tuple(parts.invoices), problems=tuple(parts.problems), gone=tuple(parts.gone)
    )


def loose_claim(plan: Row, mapping: FxiaokeMapping, read_at: datetime) -> Translated:
    """Turn an instalment that names no order into a claim of its own."""
    if not in_effect(plan, mapping.plans.effective):
        return Translated(gone=(str(plan["_id"]),))
    try:
        invoice = _planned(plan, None, mapping, read_at)
    except BadValue as bad:
        return Translated(problems=(_problem(plan, mapping.plans.account, bad),))
    return Translated(records=(invoice,))


def allocations_of(book: OrderBook, payments: Sequence[Row], mapping: FxiaokeMapping) -> Translated:
    """Apply an order's payment details to its claims.

    All details of an order with instalments must be given, for each takes what others leave.
    """
    invoices = _parts(book, mapping).invoices
    claims = sorted(invoices, key=lambda each: (each.record_id == book.order["_id"], each.due_on))
    left = {claim.record_id: claim.amount for claim in claims}
    names = mapping.order_payments
    details, problems, gone = [], [], []
    for row in payments:
        gone += [part_id(str(row["_id"]), number) for number in range(1, len(claims) + 2)]
        try:
            if in_effect(row, names.effective):
                details.append(_Detail.of(row, mapping))
        except BadValue as bad:
            problems.append(_detail_problem(row, book.order, mapping, bad))
    # Those that name an instalment have the first word, then the older ones.
    details.sort(key=lambda each: (each.plan not in left, each.paid_on or date.max, each.row_id))
    records: list[Allocation] = []
    for detail in details:
        records += _shares(detail, left, book.read_at)
    there = {each.record_id for each in records} | {each.record_id for each in problems}
    return Translated(
        records=tuple(records),
        problems=tuple(problems),
        gone=tuple(each for each in gone if each not in there),
    )


class _Detail(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a payment that goes to an order."""

    row_id: str
    payment_id: str
    plan: str | None
    paid_on: date | None
    amount: Money

    @classmethod
    def of(cls, row: Row, mapping: FxiaokeMapping) -> "_Detail":
        names = mapping.order_payments
        currency = currency_of(row, names.currency, mapping.functional_currency)
        return cls(
            row_id=need(row, "_id"),
            payment_id=need(row, names.payment),
            plan=text_of(row, names.plan),
            paid_on=date_of(row, names.paid_on),
            amount=need_claim(row, names.amount, currency),
        )


def _shares(detail: _Detail, left: dict[str, Money], read_at: datetime) -> Iterator[Allocation]:
    """Take a detail's money from what is left of the claims, its own instalment first."""
    rest, number = detail.amount, 0
    named = [detail.plan] if detail.plan in left else []
    for claim_id in [*named, *(each for each in left if each != detail.plan)]:
        open_ = left[str(claim_id)]
        if rest.currency != open_.currency:
            continue
        share = min(rest, open_, key=lambda money: money.minor)
        if share.minor <= 0:
            continue
        number += 1
        left[str(claim_id)], rest = open_ + -share, rest + -share
        yield Allocation(
            record_id=part_id(detail.row_id, number),
            payment_id=detail.payment_id,
            invoice_id=str(claim_id),
            amount=share,
            modified_at=read_at,
        )


def _parts(book: OrderBook, mapping: FxiaokeMapping) -> _Parts:
    order, parts = book.order, _Parts()
    everything = [str(order["_id"]), *(str(plan["_id"]) for plan in book.plans)]
    if not _owed(order, mapping):
        parts.gone = everything
        return parts
    for plan in book.plans:
        if not in_effect(plan, mapping.plans.effective):
            continue
        try:
            parts.invoices.append(_planned(plan, order, mapping, book.read_at))
        except BadValue as bad:
            parts.problems.append(_problem(plan, mapping.plans.account, bad))
    if parts.problems:
        note = "an instalment cannot be read, so what the order has beyond them is not known"
        unknown = BadValue("bad_amount", mapping.orders.amount[0], note)
        parts.problems.append(_problem(order, mapping.orders.account, unknown))
    else:
        _add_rest(parts, book, mapping)
    told = {each.record_id for each in parts.invoices}
    told |= {each.record_id for each in parts.problems}
    parts.gone = [each for each in everything if each not in told]
    return parts


def _add_rest(parts: _Parts, book: OrderBook, mapping: FxiaokeMapping) -> None:
    try:
        parts.invoices += list(_rest(book, parts.invoices, mapping))
    except BadValue as bad:
        parts.problems.append(_problem(book.order, mapping.orders.account, bad))


def _owed(order: Row, mapping: FxiaokeMapping) -> bool:
    """Leave out what is not in effect, what was cancelled, and what is paid before delivery."""
    names = mapping.orders
    if not in_effect(order, names.effective):
        return False
    if names.states.get(str(order.get(names.status) or "")) in _NOT_OWED:
        return False
    return str(order.get(names.settle_type) or "") not in names.prepaid


def _planned(plan: Row, order: Row | None, mapping: FxiaokeMapping, read_at: datetime) -> Invoice:
    names = mapping.plans
    currency = currency_of(plan, names.currency, mapping.functional_currency)
    facts = order or {}
    due_on = need_date(plan, names.due_on)
    made_on = date_of(facts, mapping.orders.ordered_on) or date_of(plan, "create_time") or due_on
    return Invoice(
        record_id=need(plan, "_id"),
        account_id=text_of(plan, names.account) or need(facts, mapping.orders.account),
        number=text_of(plan, names.number) or need(facts, mapping.orders.number),
        issued_on=min(made_on, due_on),
        due_on=due_on,
        amount=need_claim(plan, names.amount, currency),
        segment=text_of(facts, mapping.orders.segment),
        modified_at=read_at,
    )


def _rest(
    book: OrderBook, planned: Iterable[Invoice], mapping: FxiaokeMapping
) -> Iterator[Invoice]:
    """Claim what the order has beyond its instalments, if anything."""
    order, names = book.order, mapping.orders
    currency = currency_of(order, names.currency, mapping.functional_currency)
    rest = need_claim(order, names.amount, currency)
    returned = amount_of(order, names.returned, currency)
    for less in (returned, *(invoice.amount for invoice in planned)):
        if less is None:
            continue
        if less.currency != currency:
            note = "an instalment is in another currency than the order"
            raise BadValue("unknown_currency", names.currency, note)
        rest += -less
    if rest.minor <= 0:
        return
    ordered_on = need_date(order, names.ordered_on)
    yield Invoice(
        record_id=need(order, "_id"),
        account_id=need(order, names.account),
        number=need(order, names.number),
        issued_on=ordered_on,
        due_on=date_of(order, names.due_on) or _by_terms(book, ordered_on, mapping),
        amount=rest,
        segment=text_of(order, names.segment),
        modified_at=book.read_at,
    )


def _by_terms(book: OrderBook, ordered_on: date, mapping: FxiaokeMapping) -> date:
    name = mapping.orders.terms_days
    own = integer_of(book.order, name) if name else None
    known = (own, book.terms_days, mapping.usual_terms_days)
    days = next(each for each in known if each is not None)
    try:
        return ordered_on + timedelta(days=days)
    except OverflowError:
        raise BadValue("bad_date", name, "the due date is outside the calendar") from None


def _problem(row: Row, account_field: str, bad: BadValue) -> RecordProblem:
    return RecordProblem(
        kind=Kind.INVOICES,
        record_id=str(row["_id"]),
        account_id=readable(lambda: text_of(row, account_field)),
        reason=bad.reason,
        detail=str(bad),
    )


def _detail_problem(
    row: Row, order: Mapping[str, object], mapping: FxiaokeMapping, bad: BadValue
) -> RecordProblem:
    return RecordProblem(
        kind=Kind.ALLOCATIONS,
        record_id=str(row["_id"]),
        account_id=readable(lambda: text_of(order, mapping.orders.account)),
        reason=bad.reason,
        detail=str(bad),
    )
