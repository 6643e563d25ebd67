"""A Fenxiang record becomes one of ours, or a RecordProblem, or is gone. Pure.

Voided and deleted records are gone. Claims, money and orders that are not in effect (not yet
approved, under review) are gone too: they are not owed and not paid.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

import msgspec

from adapters.fxiaoke.file_records import facts_of, file_record
from adapters.fxiaoke.life import in_effect, is_gone
from adapters.fxiaoke.names import FxiaokeMapping
from adapters.fxiaoke.values import (
    BadValue,
    Row,
    claim_of,
    currency_of,
    date_of,
    decimal_of,
    integer_of,
    modified_of,
    need,
    need_amount,
    need_claim,
    need_date,
    text_of,
    time_of,
)
from adapters.port import Cursor, Page, RecordProblem
from scoring.records import (
    CREDIT_FILE_KINDS,
    Account,
    AccountFact,
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

__all__ = ["FxiaokeMapping", "Translated", "readable", "to_owner", "translate"]

_T = TypeVar("_T")
_ALWAYS_EFFECTIVE = (Kind.ACCOUNTS, Kind.CONTACTS)


class Translated(msgspec.Struct, frozen=True, kw_only=True):
    """What a page of vendor records turned into."""

    records: tuple[Record, ...] = ()
    problems: tuple[RecordProblem, ...] = ()
    gone: tuple[str, ...] = ()

    def page(
        self,
        kind: Kind,
        cursor: Cursor,
        *,
        missing: tuple[str, ...] = (),
        expected: int | None = None,
    ) -> Page:
        """Return it as a portion of a feed; with a position in the cursor, more is to come."""
        return Page(
            kind=kind,
            records=self.records,
            problems=self.problems,
            gone=self.gone + missing,
            cursor=cursor,
            finished=not cursor.position,
            expected=expected,
        )


def translate(rows: Iterable[Row], kind: Kind, mapping: FxiaokeMapping) -> Translated:
    """Sort rows into records, problems and gone ids. A note of the other record type is skipped."""
    records: list[Record] = []
    problems: list[RecordProblem] = []
    gone: list[str] = []
    for row in rows:
        if not _belongs(row, kind, mapping):
            continue
        if not _in_effect(row, kind, mapping) or _settled(row, kind, mapping):
            gone.append(str(row["_id"]))
            continue
        try:
            records.append(_record(row, kind, mapping))
        except BadValue as bad:
            problems.append(_problem(row, kind, mapping, bad))
            continue
        if kind is Kind.ACCOUNTS:
            bad_facts = [each for each in facts_of(row, mapping) if isinstance(each, BadValue)]
            problems += [_problem(row, kind, mapping, bad) for bad in bad_facts]
    return Translated(records=tuple(records), problems=tuple(problems), gone=tuple(gone))


def _record(row: Row, kind: Kind, mapping: FxiaokeMapping) -> Record:
    if kind in CREDIT_FILE_KINDS:
        return file_record(row, kind, mapping)
    return _TRANSLATORS[kind](row, mapping)


def _belongs(row: Row, kind: Kind, mapping: FxiaokeMapping) -> bool:
    if kind not in {Kind.INVOICES, Kind.CREDIT_NOTES}:
        return True
    red = row.get(mapping.invoices.record_type) == mapping.invoices.red_note
    return red == (kind is Kind.CREDIT_NOTES)


def _in_effect(row: Row, kind: Kind, mapping: FxiaokeMapping) -> bool:
    if kind in _ALWAYS_EFFECTIVE:
        return not is_gone(row)
    return in_effect(row, _effective(kind, mapping))


def _settled(row: Row, kind: Kind, mapping: FxiaokeMapping) -> bool:
    """Tell whether nothing is left of a note that is read by what is open of it."""
    names = mapping.invoices
    if kind not in {Kind.INVOICES, Kind.CREDIT_NOTES} or not names.open_only:
        return False
    left = readable(lambda: decimal_of(row, names.amount))
    return left is not None and not left


def _effective(kind: Kind, mapping: FxiaokeMapping) -> tuple[str, ...]:
    match kind:
        case Kind.PAYMENTS:
            return mapping.payments.effective
        case Kind.ALLOCATIONS:
            return mapping.allocations.effective
        case Kind.ORDERS:
            return mapping.orders.effective
        case _ if kind in CREDIT_FILE_KINDS:
            return mapping.file(kind).effective
        case _:
            return mapping.invoices.effective


def _problem(row: Row, kind: Kind, mapping: FxiaokeMapping, bad: BadValue) -> RecordProblem:
    return RecordProblem(
        kind=kind,
        record_id=str(row["_id"]),
        account_id=readable(lambda: _account_id(row, kind, mapping)),
        reason=bad.reason,
        detail=str(bad),
        modified_at=readable(lambda: time_of(row, "last_modified_time")),
    )


def _account_id(row: Row, kind: Kind, mapping: FxiaokeMapping) -> str | None:
    fields = {
        Kind.ACCOUNTS: "_id",
        Kind.CONTACTS: mapping.contacts.account,
        Kind.PAYMENTS: mapping.payments.account,
        Kind.ALLOCATIONS: mapping.allocations.account,
        Kind.ORDERS: mapping.orders.account,
    }
    if kind in CREDIT_FILE_KINDS:
        return text_of(row, mapping.file(kind).fields(kind).get("account", ""))
    return text_of(row, fields.get(kind, mapping.invoices.account))


def readable(read: Callable[[], _T]) -> _T | None:
    """Read a value; ``None`` also where it is bad."""
    try:
        return read()
    except BadValue:
        return None


def _account(row: Row, mapping: FxiaokeMapping) -> Account:
    names = mapping.accounts
    return Account(
        record_id=need(row, "_id"),
        name=need(row, names.name),
        uscc=text_of(row, names.uscc),
        industry=text_of(row, names.industry),
        country=text_of(row, names.country),
        owner_id=text_of(row, names.owner),
        parent_id=text_of(row, names.parent),
        currency=currency_of(row, names.currency, mapping.functional_currency),
        terms_days=integer_of(row, names.terms_days),
        created_on=date_of(row, names.customer_since),
        size_class=_word(row, names.size_class, names.size_words),
        facts=tuple(each for each in facts_of(row, mapping) if isinstance(each, AccountFact)),
        modified_at=modified_of(row),
    )


def _word(row: Row, name: str, words: Mapping[str, str]) -> str | None:
    text = text_of(row, name)
    return None if text is None else words.get(text, text)


def _contact(row: Row, mapping: FxiaokeMapping) -> Contact:
    names = mapping.contacts
    return Contact(
        record_id=need(row, "_id"),
        account_id=need(row, names.account),
        name=need(row, names.name),
        email=text_of(row, names.email),
        phone=text_of(row, names.phone),
        modified_at=modified_of(row),
    )


def _invoice(row: Row, mapping: FxiaokeMapping) -> Invoice:
    names = mapping.invoices
    currency = currency_of(row, names.currency, mapping.functional_currency)
    disputed = claim_of(row, (names.disputed,), currency)
    return Invoice(
        record_id=need(row, "_id"),
        account_id=need(row, names.account),
        number=need(row, names.number),
        issued_on=need_date(row, names.issued_on),
        due_on=need_date(row, names.due_on),
        amount=need_claim(row, names.amount, currency),
        disputed=disputed if disputed and disputed.minor else None,
        disputed_on=date_of(row, names.disputed_on),
        dispute_closed_on=date_of(row, names.dispute_closed_on),
        dispute_outcome=_word(row, names.dispute_outcome, names.outcomes),
        segment=text_of(row, names.segment),
        modified_at=modified_of(row),
    )


def _credit_note(row: Row, mapping: FxiaokeMapping) -> Invoice:
    names = mapping.invoices
    currency = currency_of(row, names.currency, mapping.functional_currency)
    issued_on = need_date(row, names.issued_on)
    amount = need_amount(row, names.amount, currency)
    if amount.minor > 0:
        raise BadValue("bad_amount", names.amount[0], "a red-letter note must not be positive")
    return Invoice(
        record_id=need(row, "_id"),
        account_id=need(row, names.account),
        number=need(row, names.number),
        kind=InvoiceKind.CREDIT_NOTE,
        issued_on=issued_on,
        due_on=date_of(row, names.due_on) or issued_on,
        amount=-amount,
        applies_to=text_of(row, names.applies_to),
        modified_at=modified_of(row),
    )


def _payment(row: Row, mapping: FxiaokeMapping) -> Payment:
    names = mapping.payments
    currency = currency_of(row, names.currency, mapping.functional_currency)
    return Payment(
        record_id=need(row, "_id"),
        account_id=need(row, names.account),
        paid_on=need_date(row, names.paid_on),
        amount=need_claim(row, names.amount, currency),
        modified_at=modified_of(row),
    )


def _allocation(row: Row, mapping: FxiaokeMapping) -> Allocation:
    names = mapping.allocations
    currency = currency_of(row, names.currency, mapping.functional_currency)
    return Allocation(
        record_id=need(row, "_id"),
        payment_id=need(row, names.payment),
        invoice_id=need(row, names.invoice),
        amount=need_claim(row, names.amount, currency),
        modified_at=modified_of(row),
    )


def _order(row: Row, mapping: FxiaokeMapping) -> Order:
    names = mapping.orders
    currency = currency_of(row, names.currency, mapping.functional_currency)
    return Order(
        record_id=need(row, "_id"),
        account_id=need(row, names.account),
        number=need(row, names.number),
        ordered_on=need_date(row, names.ordered_on),
        deliver_on=date_of(row, names.deliver_on),
        amount=need_claim(row, names.amount, currency),
        invoiced=claim_of(row, names.invoiced, currency),
        status=_order_status(row, mapping),
        prepaid=text_of(row, names.settle_type) in names.prepaid,
        delivered=claim_of(row, names.delivered, currency),
        deposit=claim_of(row, names.deposit, currency),
        segment=text_of(row, names.segment),
        modified_at=modified_of(row),
    )


def _order_status(row: Row, mapping: FxiaokeMapping) -> OrderStatus:
    value = text_of(row, mapping.orders.status)
    if value is None:
        return OrderStatus.OPEN  # in effect by its life_status, and nobody closed it
    try:
        return mapping.orders.states[value]
    except KeyError:
        note = "the value is not in the mapping's orders.states"
        raise BadValue("unknown_option", mapping.orders.status, note) from None


_TRANSLATORS: dict[Kind, Callable[[Row, FxiaokeMapping], Record]] = {
    Kind.ACCOUNTS: _account,
    Kind.CONTACTS: _contact,
    Kind.INVOICES: _invoice,
    Kind.CREDIT_NOTES: _credit_note,
    Kind.PAYMENTS: _payment,
    Kind.ALLOCATIONS: _allocation,
    Kind.ORDERS: _order,
}


def to_owner(row: Row) -> Owner:
    """Translate an employee of ``user/list``. Raises ``BadValue`` without an id.

    A stopped employee is kept, inactive: customers may still belong to him.
    """
    record_id = text_of(row, "userId") or need(row, "openUserId")
    return Owner(
        record_id=record_id,
        name=text_of(row, "name") or text_of(row, "nickName") or record_id,
        email=text_of(row, "email"),
        active=row.get("isStop") is not True,
    )
