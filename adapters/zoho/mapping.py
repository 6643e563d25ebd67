"""A Zoho row becomes one of our records, or a RecordProblem, or is gone. Pure.

Cancelled invoices are not owed, and a contact without an account belongs to nobody we rate: both
are gone. Money without a currency of its own is in the organisation's base currency.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import cast

import msgspec

from adapters.credit_file import (
    FACT_FIELDS,
    FILE_FIELDS,
    BadFact,
    FieldType,
    Plain,
    fact_of,
    record_of,
)
from adapters.port import RecordProblem
from adapters.zoho.names import ZohoMapping
from adapters.zoho.rows import (
    AccountRow,
    AllocationRow,
    BadRow,
    ContactRow,
    CreditNoteRow,
    InvoiceRow,
    Link,
    OrderRow,
    PaymentRow,
    Row,
)
from scoring.money import Money, UnknownCurrencyError, minor_digits, to_money
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
    Payment,
    Record,
)

__all__ = ["Translated", "Translator", "ZohoMapping"]

LARGEST_MINOR = 2**63 - 1  # what a database's integer holds


class Translated(msgspec.Struct, frozen=True, kw_only=True):
    """What a page of rows turned into."""

    records: tuple[Record, ...] = ()
    problems: tuple[RecordProblem, ...] = ()
    gone: tuple[str, ...] = ()


class _Unusable(ValueError):
    """A row that cannot become a record: reason, our name of the field, and a sentence."""

    def __init__(self, reason: str, field: str, note: str) -> None:
        super().__init__(note)
        self.reason = reason
        self.field = field
        self.note = note


class Translator:
    """Translates rows of one organisation."""

    def __init__(self, mapping: ZohoMapping, base_currency: str) -> None:
        self._mapping = mapping
        self._base_currency = base_currency
        self._void = frozenset(mapping.invoices.void)
        self._states = mapping.orders.states
        self._places = {api: ours for ours, api in mapping.accounts.fields().items()}
        self._sizes = mapping.accounts.size_words
        self._outcomes = mapping.invoices.outcomes
        self._by_kind: dict[Kind, Callable[[Row], Record | None]] = {
            Kind.ACCOUNTS: self._account,
            Kind.CONTACTS: self._contact,
            Kind.INVOICES: self._invoice,
            Kind.CREDIT_NOTES: self._credit_note,
            Kind.PAYMENTS: self._payment,
            Kind.ALLOCATIONS: self._allocation,
            Kind.ORDERS: self._order,
            **{kind: partial(self._file_record, kind) for kind in CREDIT_FILE_KINDS},
        }

    def translate(self, kind: Kind, good: Sequence[Row], bad: Sequence[BadRow] = ()) -> Translated:
        """Sort rows into records, problems and gone ids."""
        records: list[Record] = []
        problems = [_of_bad_row(kind, row) for row in bad]
        gone: list[str] = []
        to_record = self._by_kind[kind]
        for row in good:
            try:
                record = to_record(row)
            except (_Unusable, BadFact) as unusable:
                problems.append(self._problem(kind, row, unusable))
                continue
            if kind is Kind.ACCOUNTS:
                problems += [self._problem(kind, row, bad) for bad in self._bad_facts(row)]
            if record is None:
                gone.append(row.id)
            else:
                records.append(record)
        return Translated(records=tuple(records), problems=tuple(problems), gone=tuple(gone))

    def _account(self, plain: Row) -> Account:
        row = cast("AccountRow", plain)
        currency = row.currency or self._base_currency
        _known(currency)
        return Account(
            record_id=row.id,
            name=_need_text(row.name, "name"),
            uscc=_text(row.uscc, "uscc"),
            industry=_text(row.industry, "industry"),
            country=_text(row.country, "country"),
            owner_id=row.owner.id if row.owner else None,
            parent_id=row.parent.id if row.parent else None,
            currency=currency,
            terms_days=_days(row.terms_days),
            created_on=row.customer_since,
            size_class=self._sizes.get(row.size_class or "", row.size_class or None),
            facts=tuple(each for each in self._facts(row) if isinstance(each, AccountFact)),
            modified_at=_modified(row),
        )

    def _facts(self, row: Row) -> Iterator[AccountFact | BadFact]:
        """Read the parts of the credit file in the account's fields; a bad one costs itself."""
        currency = getattr(row, "currency", None) or self._base_currency
        for names in self._mapping.accounts.facts:
            try:
                values = {
                    ours: _fact_value(api, getattr(row, self._places[api]), FACT_FIELDS[ours])
                    for ours, api in names.fields().items()
                }
                fact = fact_of(names, values, currency)
            except BadFact as bad:
                yield BadFact(bad.reason, names.fields().get(bad.field, bad.field), bad.note)
                continue
            if fact is not None:
                yield fact

    def _bad_facts(self, row: Row) -> list[BadFact]:
        return [each for each in self._facts(row) if isinstance(each, BadFact)]

    def _file_record(self, kind: Kind, row: Row) -> Record:
        names = self._mapping.file(kind)
        values = {ours: _plain(getattr(row, ours)) for ours in FILE_FIELDS[kind]}
        return record_of(
            kind,
            row.id,
            _modified(row),
            values,
            words=names.words,
            unit=names.unit,
            currency=self._base_currency,
        )

    def _contact(self, plain: Row) -> Contact | None:
        row = cast("ContactRow", plain)
        if row.account is None:
            return None
        return Contact(
            record_id=row.id,
            account_id=row.account.id,
            name=_need_text(row.name or row.last_name, "name"),
            email=_text(row.email, "email"),
            phone=_text(row.phone, "phone"),
            modified_at=_modified(row),
        )

    def _invoice(self, plain: Row) -> Invoice | None:
        row = cast("InvoiceRow", plain)
        if row.status in self._void:
            return None
        currency = row.currency or self._base_currency
        disputed = None
        if row.disputed:
            disputed = _money(row.disputed, currency, "disputed")
        return Invoice(
            record_id=row.id,
            account_id=_need_link(row.account, "account"),
            number=_need_text(row.number, "number"),
            issued_on=_need_date(row.issued_on, "issued_on"),
            due_on=_need_date(row.due_on, "due_on"),
            amount=_money(row.amount, currency, "amount"),
            disputed=disputed,
            disputed_on=row.disputed_on,
            dispute_closed_on=row.dispute_closed_on,
            dispute_outcome=self._outcomes.get(
                row.dispute_outcome or "", row.dispute_outcome or None
            ),
            segment=_text(row.segment, "segment"),
            modified_at=_modified(row),
        )

    def _credit_note(self, plain: Row) -> Invoice:
        row = cast("CreditNoteRow", plain)
        issued_on = _need_date(row.issued_on, "issued_on")
        return Invoice(
            record_id=row.id,
            account_id=_need_link(row.account, "account"),
            number=_need_text(row.number, "number"),
            kind=InvoiceKind.CREDIT_NOTE,
            issued_on=issued_on,
            due_on=issued_on,
            amount=_money(row.amount, row.currency or self._base_currency, "amount"),
            applies_to=row.applies_to.id if row.applies_to else None,
            modified_at=_modified(row),
        )

    def _payment(self, plain: Row) -> Payment:
        row = cast("PaymentRow", plain)
        return Payment(
            record_id=row.id,
            account_id=_need_link(row.account, "account"),
            paid_on=_need_date(row.paid_on, "paid_on"),
            amount=_money(row.amount, row.currency or self._base_currency, "amount"),
            modified_at=_modified(row),
        )

    def _allocation(self, plain: Row) -> Allocation:
        row = cast("AllocationRow", plain)
        return Allocation(
            record_id=row.id,
            payment_id=_need_link(row.payment, "payment"),
            invoice_id=_need_link(row.invoice, "invoice"),
            amount=_money(row.amount, row.currency or self._base_currency, "amount"),
            modified_at=_modified(row),
        )

    def _order(self, plain: Row) -> Order:
        row = cast("OrderRow", plain)
        currency = row.currency or self._base_currency
        return Order(
            record_id=row.id,
            account_id=_need_link(row.account, "account"),
            number=_need_text(row.number, "number"),
            ordered_on=_need_date(row.ordered_on, "ordered_on"),
            deliver_on=row.deliver_on,
            amount=_money(row.amount, currency, "amount"),
            invoiced=_money_or_none(row.invoiced, currency, "invoiced"),
            status=self._order_status(row.status),
            prepaid=bool(row.prepaid),
            delivered=_money_or_none(row.delivered, currency, "delivered"),
            deposit=_money_or_none(row.deposit, currency, "deposit"),
            segment=_text(row.segment, "segment"),
            modified_at=_modified(row),
        )

    def _order_status(self, status: str | None) -> OrderStatus:
        if not status:
            return OrderStatus.OPEN  # nobody closed it: on the safe side it takes up credit
        try:
            return self._states[status]
        except KeyError:
            note = "the value is not in the mapping's orders.states"
            raise _Unusable("unknown_option", "status", note) from None

    def _problem(self, kind: Kind, row: Row, unusable: _Unusable | BadFact) -> RecordProblem:
        account = getattr(row, "account", None)
        api_name = self._mapping.feed(kind).fields().get(unusable.field, unusable.field)
        return RecordProblem(
            kind=kind,
            record_id=row.id,
            account_id=row.id if kind is Kind.ACCOUNTS else account.id if account else None,
            reason=unusable.reason,
            detail=f"{api_name}: {unusable.note}",
            modified_at=row.modified,
        )


def _of_bad_row(kind: Kind, row: BadRow) -> RecordProblem:
    return RecordProblem(
        kind=kind,
        record_id=row.id,
        account_id=row.id if kind is Kind.ACCOUNTS else row.account_id,
        reason=row.reason,
        detail=row.detail,
        modified_at=row.modified,
    )


def _missing(field: str) -> _Unusable:
    return _Unusable("missing_field", field, "the record has no value here")


def _text(value: str | None, field: str) -> str | None:
    if not value:
        return None
    if "\x00" in value:
        raise _Unusable("bad_text", field, "the text holds a NUL character and cannot be stored")
    return value.strip() or None


def _need_text(value: str | None, field: str) -> str:
    text = _text(value, field)
    if text is None:
        raise _missing(field)
    return text


def _need_link(link: Link | None, field: str) -> str:
    if link is None or not link.id:
        raise _missing(field)
    return link.id


def _need_date(on: date | None, field: str) -> date:
    if on is None:
        raise _missing(field)
    return on


def _modified(row: Row) -> datetime:
    if row.modified is None:
        raise _missing("Modified_Time")
    if row.modified.tzinfo is None:
        raise _Unusable("bad_date", "Modified_Time", "the time has no offset")
    return row.modified.astimezone(UTC)


def _known(currency: str) -> None:
    try:
        minor_digits(currency)
    except UnknownCurrencyError:
        raise _Unusable("unknown_currency", "currency", "no ISO 4217 currency") from None


def _money(amount: Decimal | None, currency: str, field: str) -> Money:
    """Make money of a number that is not negative."""
    if amount is None:
        raise _missing(field)
    try:
        money = to_money(amount, currency)
    except UnknownCurrencyError:
        raise _Unusable("unknown_currency", "currency", "no ISO 4217 currency") from None
    except (ValueError, InvalidOperation):
        raise _Unusable("bad_amount", field, "the amount is no usable number") from None
    if money.minor < 0:
        raise _Unusable("bad_amount", field, "the amount is negative")
    if money.minor > LARGEST_MINOR:
        raise _Unusable("bad_amount", field, "the amount is too large to store")
    return money


def _money_or_none(amount: Decimal | None, currency: str, field: str) -> Money | None:
    return None if amount is None else _money(amount, currency, field)


def _plain(value: object) -> Plain:
    """Take the id out of a link."""
    return value.id if isinstance(value, Link) else cast("Plain", value)


def _fact_value(field: str, value: object, wanted: FieldType) -> Plain:
    """Read a field of the account as what the fact needs. Raises ``BadFact``."""
    if value is None or value == "":
        return None
    try:
        if wanted == "date":
            return msgspec.convert(value, date)
        if wanted == "number" and not isinstance(value, bool):
            return Decimal(str(value))
    except (msgspec.ValidationError, InvalidOperation):
        reason = "bad_date" if wanted == "date" else "bad_number"
        raise BadFact(reason, field, "the value is of another type than expected") from None
    if wanted != "text" or not isinstance(value, str | int | float | Decimal):
        raise BadFact("bad_text", field, "the value is of another type than expected")
    return str(value)


def _days(value: Decimal | None) -> int | None:
    if value is None:
        return None
    if value != value.to_integral_value() or not 0 <= value <= 36_500:
        raise _Unusable("bad_number", "terms_days", "no whole number of days from 0 to 36500")
    return int(value)
