"""Fills the tenant with a company's books, quickly and always with the same ids.

Every record was last changed on its business day; the modified times are strictly increasing over
all objects and end before the sandbox's present.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from sandbox.company.model import Company, SampleInvoice
from sandbox.fxiaoke.filling_file import file_rows
from sandbox.fxiaoke.filling_orders import order_rows
from sandbox.fxiaoke.people import ADMIN_ID, Employee
from sandbox.fxiaoke.rows import Row
from sandbox.fxiaoke.state import State
from sandbox.fxiaoke.values import amount_text, date_ms, instant_ms

__all__ = ["fill_store"]

_CRM = "fxiaoke"
_FUNCTIONAL = "CNY"
_FIRST_SALES_ID = 1001
_WORKDAY_MS = 9 * 3_600_000  # nine in the morning


@dataclass(slots=True)
class _Draft:
    """A record before its times and id are known to be final."""

    api_name: str
    day: date
    values: dict[str, object]
    record_id: str
    owner: list[str]
    record_type: str = "default__c"


@dataclass(slots=True)
class _Filling:
    """The work in hand: drafts, and the ids given to the company's keys."""

    state: State
    company: Company
    drafts: list[_Draft] = field(default_factory=list)
    people: dict[str, str] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)
    owners: dict[str, list[str]] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    payments: dict[str, str] = field(default_factory=dict)
    claims: dict[str, str] = field(default_factory=dict)

    def draft(
        self,
        api_name: str,
        day: date,
        customer: str,
        values: dict[str, object],
        record_type: str = "default__c",
    ) -> str:
        """Note a record and return its id."""
        record_id = self.state.store.new_id(api_name, date_ms(day) + _WORKDAY_MS)
        kept = {name: value for name, value in values.items() if value not in (None, "")}
        owner = self.owners.get(customer, [])
        self.drafts.append(_Draft(api_name, day, kept, record_id, owner, record_type))
        return record_id


def fill_store(state: State, company: Company) -> None:
    """Store the people, and the books of the customers that stand in this CRM."""
    work = _Filling(state, company)
    _add_people(work)
    _draft_accounts(work)
    _draft_contacts(work)
    if state.options.receivables in {"notes", "unmatched"}:
        _draft_invoices(work)
        _draft_credit_notes(work)
        _draft_payments(work)
        _draft_orders(work)
    else:
        _draft_claims(work, with_plans=state.options.receivables == "plans")
    _draft_file(work)
    _store(work)


def _add_people(work: _Filling) -> None:
    for number, person in enumerate(work.company.people, _FIRST_SALES_ID):
        employee = Employee(
            id=str(number),
            name=person.name,
            email=person.email,
            mobile=f"139{number:08d}",
            stopped=not person.active,
        )
        work.state.staff.add(employee)
        work.people[person.key] = employee.id


def _first_day(work: _Filling) -> date:
    days = [each.issued_on for each in work.company.invoices]
    days += [each.ordered_on for each in work.company.orders]
    days += [each.paid_on for each in work.company.payments]
    return min(days, default=work.company.as_of)


def _draft_accounts(work: _Filling) -> None:
    first = _first_day(work)
    parents: list[tuple[dict[str, object], str]] = []
    for customer in work.company.customers:
        if _CRM not in customer.crms:
            continue
        owner = work.people.get(customer.owner or "")
        work.owners[customer.key] = [owner] if owner else []
        # What was created before the books begin was entered when they began.
        day = max(first, customer.created_on) if customer.created_on else first
        values: dict[str, object] = {
            "name": customer.name,
            "account_no": customer.key,
            "industry_level1": customer.industry,
            "country": customer.country,
            "uscc__c": customer.uscc,
            "terms_days__c": None if customer.terms_days is None else str(customer.terms_days),
            "customer_since__c": date_ms(customer.created_on) if customer.created_on else None,
            "mc_currency": customer.currency,
            "size_class__c": customer.size_class,
            "founded_on__c": date_ms(customer.founded_on) if customer.founded_on else None,
            "registered_capital__c": _amount_or_none(customer.registered_capital),
            "tax_grade__c": customer.tax_grade,
        }
        work.accounts[customer.key] = work.draft("AccountObj", day, customer.key, values)
        if customer.parent is not None:
            parents.append((work.drafts[-1].values, customer.parent))
    for values, parent in parents:
        if parent in work.accounts:
            values["parent_account_id"] = work.accounts[parent]


def _draft_contacts(work: _Filling) -> None:
    first = _first_day(work)
    for contact in work.company.contacts:
        if contact.customer not in work.accounts:
            continue
        values: dict[str, object] = {
            "name": contact.name,
            "account_id": work.accounts[contact.customer],
            "email": contact.email,
            "mobile1": contact.phone,
        }
        work.draft("ContactObj", first, contact.customer, values)


def _money(currency: str) -> dict[str, object]:
    """Return the currency fields; the functional currency goes without saying."""
    return {} if currency == _FUNCTIONAL else {"mc_currency": currency}


def _draft_invoices(work: _Filling) -> None:
    left = _left(work.company) if work.state.options.receivables == "unmatched" else {}
    for invoice in work.company.invoices:
        if invoice.crm != _CRM:
            continue
        values: dict[str, object] = {
            "name": invoice.number,
            "account_id": work.accounts.get(invoice.customer),
            "note_date": date_ms(invoice.issued_on),
            "due_date": date_ms(invoice.due_on),
            "price_tax_amount": amount_text(invoice.amount),
            "no_settled_amount": _amount_or_none(left.get(invoice.key)),
            **_money(invoice.currency),
            **_dispute(invoice),
            "segment__c": invoice.segment,
        }
        work.notes[invoice.key] = work.draft(
            "AccountsReceivableNoteObj", invoice.issued_on, invoice.customer, values
        )


def _left(company: Company) -> dict[str, Decimal]:
    """Tell what is still open of each invoice."""
    left = {invoice.key: invoice.amount for invoice in company.invoices}
    for note in company.credit_notes:
        if note.invoice in left:
            left[note.invoice] -= abs(note.amount)
    for paid in company.allocations:
        left[paid.invoice] -= paid.amount
    return left


def _dispute(invoice: SampleInvoice) -> dict[str, object]:
    if invoice.disputed is None:
        return {}
    closed_on = invoice.dispute_closed_on
    return {
        "disputed_amount__c": amount_text(invoice.disputed),
        "disputed_on__c": date_ms(invoice.disputed_on) if invoice.disputed_on else None,
        "dispute_closed_on__c": date_ms(closed_on) if closed_on else None,
        "dispute_outcome__c": invoice.dispute_outcome,
    }


def _draft_credit_notes(work: _Filling) -> None:
    for note in work.company.credit_notes:
        if note.crm != _CRM:
            continue
        values: dict[str, object] = {
            "name": note.number,
            "account_id": work.accounts.get(note.customer),
            "note_date": date_ms(note.issued_on),
            "price_tax_amount": amount_text(-abs(note.amount)),  # red letters are negative
            "source_note_id__c": work.notes.get(note.invoice or ""),
            **_money(note.currency),
        }
        work.draft(
            "AccountsReceivableNoteObj", note.issued_on, note.customer, values, "red_note__c"
        )


def _draft_claims(work: _Filling, *, with_plans: bool) -> None:
    """Draft claims as orders and payment plans, for a tenant without receivable notes."""
    for row in order_rows(work.company, _CRM, with_plans=with_plans):
        named = {"account_id": work.accounts.get(row.customer)}
        named |= {field: work.claims.get(key) for field, key in row.references.items()}
        values = row.values | named | _money(row.currency)
        work.claims[row.key] = work.draft(row.api_name, row.day, row.customer, values)
    known = work.claims
    work.notes = {each.key: known[each.key] for each in work.company.invoices if each.key in known}
    work.payments = {
        each.key: known[each.key] for each in work.company.payments if each.key in known
    }


def _draft_payments(work: _Filling) -> None:
    paid: dict[str, tuple[date, str, str]] = {}
    for payment in work.company.payments:
        if payment.crm != _CRM:
            continue
        values: dict[str, object] = {
            "name": payment.key,
            "account_id": work.accounts.get(payment.customer),
            "payment_time": date_ms(payment.paid_on),
            "payment_amount": amount_text(payment.amount),
            **_money(payment.currency),
        }
        work.payments[payment.key] = work.draft(
            "PaymentObj", payment.paid_on, payment.customer, values
        )
        paid[payment.key] = (payment.paid_on, payment.customer, payment.currency)
    if "MatchNoteDetailObj" not in work.state.store.tables:
        return
    for number, allocation in enumerate(work.company.allocations, 1):
        known = paid.get(allocation.payment)
        if known is None or allocation.invoice not in work.notes:
            continue
        day, customer, currency = known
        match: dict[str, object] = {
            "name": f"HX-{number:07d}",
            "payment_id": work.payments[allocation.payment],
            "ar_id": work.notes[allocation.invoice],
            "match_amount": amount_text(allocation.amount),
            **_money(currency),
        }
        work.draft("MatchNoteDetailObj", day, customer, match)


def _draft_orders(work: _Filling) -> None:
    for order in work.company.orders:
        if order.crm != _CRM:
            continue
        values: dict[str, object] = {
            "name": order.number,
            "account_id": work.accounts.get(order.customer),
            "order_time": date_ms(order.ordered_on),
            "delivery_date": date_ms(order.deliver_on) if order.deliver_on else None,
            "order_amount": amount_text(order.amount),
            "invoice_amount": amount_text(order.invoiced or Decimal(0)),
            "order_status": order.status,
            "settle_type": "3",
            "delivered_amount__c": _amount_or_none(order.delivered),
            "deposit__c": _amount_or_none(order.deposit),
            "segment__c": order.segment,
            **_money(order.currency),
        }
        work.draft("SalesOrderObj", order.ordered_on, order.customer, values)


def _draft_file(work: _Filling) -> None:
    for api_name, day, customer, currency, values in file_rows(
        work.company, work.notes, work.payments
    ):
        if customer in work.accounts:
            account: dict[str, object] = {"account__c": work.accounts[customer]}
            work.draft(api_name, day, customer, values | account | _money(currency))


def _amount_or_none(amount: Decimal | None) -> str | None:
    return None if amount is None else amount_text(amount)


def _store(work: _Filling) -> None:
    store = work.state.store
    work.drafts.sort(key=lambda draft: draft.day)
    present = instant_ms(store.clock.now())
    left = len(work.drafts)
    last = store.last_ms
    made: dict[str, list[Row]] = {}
    for draft in work.drafts:
        at = min(date_ms(draft.day) + _WORKDAY_MS, present - left)
        last = max(last + 1, at)
        left -= 1
        made.setdefault(draft.api_name, []).append(_row(draft, last))
    store.last_ms = last
    for api_name, rows in made.items():
        store.table(api_name).add_many(rows)


def _row(draft: _Draft, modified_ms: int) -> Row:
    author = draft.owner[0] if draft.owner else ADMIN_ID
    return Row(
        id=draft.record_id,
        values=draft.values,
        owner=draft.owner,
        created_by=author,
        modified_by=author,
        created_ms=modified_ms,
        modified_ms=modified_ms,
        record_type=draft.record_type,
    )
