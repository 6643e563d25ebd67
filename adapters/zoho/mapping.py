"""A Zoho row becomes one of our records, or a RecordProblem, or is gone. Pure.

Cancelled invoices are not owed, and a contact without an account belongs to nobody we rate: both
are gone. Money without a currency of its own is in the organisation's base currency.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
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
    SettledRow,
)
from adapters.zoho.values import (
    Unusable,
    check_currency,
    days_of,
    instant_of,
    missing,
    money_of,
    money_or_none,
    need_date,
    need_text,
    text_of,
)
from scoring.money import Money
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


class Translated(msgspec.Struct, frozen=True, kw_only=True):
    """What a page of rows turned into."""

    records: tuple[Record, ...] = ()
    problems: tuple[RecordProblem, ...] = ()
    gone: tuple[str, ...] = ()


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
        if mapping.pays_on_invoices:
            self._by_kind[Kind.PAYMENTS] = self._settled_payment
            self._by_kind[Kind.ALLOCATIONS] = self._settled_allocation

    def translate(self, kind: Kind, good: Sequence[Row], bad: Sequence[BadRow] = ()) -> Translated:
        """Sort rows into records, problems and gone ids."""
        records: list[Record] = []
        problems = [_of_bad_row(kind, row) for row in bad]
        gone: list[str] = []
        to_record = self._by_kind[kind]
        for row in good:
            try:
                record = to_record(row)
            except (Unusable, BadFact) as unusable:
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
        check_currency(currency)
        return Account(
            record_id=row.id,
            name=need_text(row.name, "name"),
            uscc=text_of(row.uscc, "uscc"),
            industry=text_of(row.industry, "industry"),
            country=text_of(row.country, "country"),
            owner_id=row.owner.id if row.owner else None,
            parent_id=row.parent.id if row.parent else None,
            currency=currency,
            terms_days=days_of(row.terms_days),
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
            name=need_text(row.name or row.last_name, "name"),
            email=text_of(row.email, "email"),
            phone=text_of(row.phone, "phone"),
            modified_at=_modified(row),
        )

    def _invoice(self, plain: Row) -> Invoice | None:
        row = cast("InvoiceRow", plain)
        if row.status in self._void:
            return None
        currency = row.currency or self._base_currency
        disputed = None
        if row.disputed:
            disputed = money_of(row.disputed, currency, "disputed")
        return Invoice(
            record_id=row.id,
            account_id=_need_link(row.account, "account"),
            number=need_text(row.number, "number"),
            issued_on=need_date(row.issued_on, "issued_on"),
            due_on=need_date(row.due_on, "due_on"),
            amount=money_of(row.amount, currency, "amount"),
            disputed=disputed,
            disputed_on=row.disputed_on,
            dispute_closed_on=row.dispute_closed_on,
            dispute_outcome=self._outcomes.get(
                row.dispute_outcome or "", row.dispute_outcome or None
            ),
            segment=text_of(row.segment, "segment"),
            modified_at=_modified(row),
        )

    def _credit_note(self, plain: Row) -> Invoice:
        row = cast("CreditNoteRow", plain)
        issued_on = need_date(row.issued_on, "issued_on")
        return Invoice(
            record_id=row.id,
            account_id=_need_link(row.account, "account"),
            number=need_text(row.number, "number"),
            kind=InvoiceKind.CREDIT_NOTE,
            issued_on=issued_on,
            due_on=issued_on,
            amount=money_of(row.amount, row.currency or self._base_currency, "amount"),
            applies_to=row.applies_to.id if row.applies_to else None,
            modified_at=_modified(row),
        )

    def _payment(self, plain: Row) -> Payment:
        row = cast("PaymentRow", plain)
        return Payment(
            record_id=row.id,
            account_id=_need_link(row.account, "account"),
            paid_on=need_date(row.paid_on, "paid_on"),
            amount=money_of(row.amount, row.currency or self._base_currency, "amount"),
            modified_at=_modified(row),
        )

    def _allocation(self, plain: Row) -> Allocation:
        row = cast("AllocationRow", plain)
        return Allocation(
            record_id=row.id,
            payment_id=_need_link(row.payment, "payment"),
            invoice_id=_need_link(row.invoice, "invoice"),
            amount=money_of(row.amount, row.currency or self._base_currency, "amount"),
            modified_at=_modified(row),
        )

    def _settled_payment(self, plain: Row) -> Payment | None:
        row = cast("SettledRow", plain)
        paid = self._paid(row)
        if paid is None:
            return None
        return Payment(
            record_id=row.id,
            account_id=_need_link(row.account, "account"),
            paid_on=need_date(row.paid_on, "paid_on"),
            amount=paid,
            modified_at=_modified(row),
        )

    def _settled_allocation(self, plain: Row) -> Allocation | None:
        row = cast("SettledRow", plain)
        paid = self._paid(row)
        if paid is None or row.paid_on is None:
            return (
                None  # without its day the payment is a problem, and there is nothing to allocate
            )
        return Allocation(
            record_id=row.id,
            payment_id=row.id,
            invoice_id=row.id,
            amount=paid,
            modified_at=_modified(row),
        )

    def _paid(self, row: SettledRow) -> Money | None:
        """Return what was paid of an invoice: as it says, else what is not left of it."""
        if row.status in self._void:
            return None
        paid = row.paid
        if paid is None and row.balance is not None and row.amount is not None:
            paid = row.amount - row.balance
        if not paid:
            return None
        return money_of(paid, row.currency or self._base_currency, "paid")

    def _order(self, plain: Row) -> Order:
        row = cast("OrderRow", plain)
        currency = row.currency or self._base_currency
        return Order(
            record_id=row.id,
            account_id=_need_link(row.account, "account"),
            number=need_text(row.number, "number"),
            ordered_on=need_date(row.ordered_on, "ordered_on"),
            deliver_on=row.deliver_on,
            amount=money_of(row.amount, currency, "amount"),
            invoiced=money_or_none(row.invoiced, currency, "invoiced"),
            status=self._order_status(row.status),
            prepaid=bool(row.prepaid),
            delivered=money_or_none(row.delivered, currency, "delivered"),
            deposit=money_or_none(row.deposit, currency, "deposit"),
            segment=text_of(row.segment, "segment"),
            modified_at=_modified(row),
        )

    def _order_status(self, status: str | None) -> OrderStatus:
        if not status:
            return OrderStatus.OPEN  # nobody closed it: on the safe side it takes up credit
        try:
            return self._states[status]
        except KeyError:
            note = "the value is not in the mapping's orders.states"
            raise Unusable("unknown_option", "status", note) from None

    def _problem(self, kind: Kind, row: Row, unusable: Unusable | BadFact) -> RecordProblem:
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


def _need_link(link: Link | None, field: str) -> str:
    if link is None or not link.id:
        raise missing(field)
    return link.id


def _modified(row: Row) -> datetime:
    return instant_of(row.modified, "Modified_Time")


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
