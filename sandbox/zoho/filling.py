"""Stores the sample company's books: the part of them that stands in this CRM.

Rows are built straight, without the API's checks, so that tens of thousands take seconds. Ids
follow the order of the books, so the same company always gives the same organisation.
"""

from datetime import date, datetime, time
from decimal import Decimal

from sandbox.company.model import Company
from sandbox.zoho.filling_file import day_text, file_rows, number
from sandbox.zoho.state import INTEGRATION_USER, RATES, OrgState
from sandbox.zoho.table import Row

__all__ = ["fill"]

_TEN_O_CLOCK = time(10)
_ORDER_STATUS = {"open": "Approved", "closed": "Delivered", "cancelled": "Cancelled"}
_CRM = "zoho"


def fill(state: OrgState, company: Company) -> dict[str, str]:
    """Store the company's people, customers and documents of this CRM.

    Returns the account's id of each customer's key.
    """
    return _Filler(state, company).fill()


class _Filler:
    """Knows the CRM's id of each key already stored."""

    def __init__(self, state: OrgState, company: Company) -> None:
        self._state = state
        self._company = company
        self._now = state.now()
        self._people: dict[str, str] = {}
        self._accounts: dict[str, str] = {}
        self._invoices: dict[str, str] = {}
        self._payments: dict[str, tuple[str, date, str]] = {}
        self._owners: dict[str, str] = {}

    def fill(self) -> dict[str, str]:
        for person in self._company.people:
            self._people[person.key] = self._state.add_user(
                person.name, person.email, active=person.active
            )
        self._add_accounts()
        self._add_contacts()
        self._add_invoices()
        self._add_credit_notes()
        self._add_payments()
        self._add_allocations()
        self._add_orders()
        self._add_file()
        return self._accounts

    def _add_accounts(self) -> None:
        customers = [each for each in self._company.customers if _CRM in each.crms]
        for customer in customers:
            owner = self._people.get(customer.owner or "", INTEGRATION_USER)
            self._owners[customer.key] = owner
            self._accounts[customer.key] = self._store(
                "Accounts",
                customer.created_on or self._company.as_of,
                customer.currency,
                owner,
                Account_Name=customer.name,
                USCC=customer.uscc,
                Industry=customer.industry,
                Billing_Country=customer.country,
                Payment_Terms_Days=customer.terms_days,
                Customer_Since=day_text(customer.created_on),
                Size_Class=customer.size_class,
                Founded_On=day_text(customer.founded_on),
                Registered_Capital=number(customer.registered_capital),
                Tax_Grade=customer.tax_grade,
            )
        rows = self._state.tables["Accounts"].rows
        for customer in customers:
            if customer.parent in self._accounts:
                rows[self._accounts[customer.key]]["Parent_Account"] = self._accounts[
                    customer.parent
                ]

    def _add_contacts(self) -> None:
        for contact in self._company.contacts:
            if contact.customer not in self._accounts:
                continue
            self._store(
                "Contacts",
                self._company.as_of,
                self._state.options.base_currency,
                self._owners[contact.customer],
                Last_Name=contact.name,
                Full_Name=contact.name,
                Email=contact.email,
                Phone=contact.phone,
                Account_Name=self._accounts[contact.customer],
            )

    def _add_invoices(self) -> None:
        for invoice in self._company.invoices:
            if invoice.crm != _CRM:
                continue
            self._invoices[invoice.key] = self._store(
                "Invoices",
                invoice.issued_on,
                invoice.currency,
                self._owners[invoice.customer],
                Subject=invoice.number,
                Account_Name=self._accounts[invoice.customer],
                Invoice_Date=day_text(invoice.issued_on),
                Due_Date=day_text(invoice.due_on),
                Status="Approved",
                Grand_Total=number(invoice.amount),
                Disputed_Amount=number(invoice.disputed),
                Disputed_On=day_text(invoice.disputed_on),
                Dispute_Closed_On=day_text(invoice.dispute_closed_on),
                Dispute_Outcome=invoice.dispute_outcome,
                Segment=invoice.segment,
            )

    def _add_credit_notes(self) -> None:
        for note in self._company.credit_notes:
            if note.crm != _CRM:
                continue
            self._store(
                "Credit_Notes",
                note.issued_on,
                note.currency,
                self._owners[note.customer],
                Name=note.number,
                Account=self._accounts[note.customer],
                Invoice=self._invoices.get(note.invoice or ""),
                Issue_Date=day_text(note.issued_on),
                Amount=number(note.amount),
            )

    def _add_payments(self) -> None:
        for payment in self._company.payments:
            if payment.crm != _CRM:
                continue
            record_id = self._store(
                "Payments",
                payment.paid_on,
                payment.currency,
                self._owners[payment.customer],
                Name=payment.key,
                Account=self._accounts[payment.customer],
                Payment_Date=day_text(payment.paid_on),
                Amount=number(payment.amount),
            )
            self._payments[payment.key] = (record_id, payment.paid_on, payment.currency)

    def _add_allocations(self) -> None:
        for place, allocation in enumerate(self._company.allocations, 1):
            if allocation.payment not in self._payments:
                continue
            payment, paid_on, currency = self._payments[allocation.payment]
            self._store(
                "Payment_Allocations",
                paid_on,
                currency,
                INTEGRATION_USER,
                Name=f"A-{place:06d}",
                Payment=payment,
                Invoice=self._invoices[allocation.invoice],
                Amount=number(allocation.amount),
            )
            self._note_paid(self._invoices[allocation.invoice], allocation.amount, paid_on)

    def _note_paid(self, invoice: str, amount: Decimal, paid_on: date) -> None:
        """Keep on the invoice itself, too, what was paid of it and when last."""
        row = self._state.tables["Invoices"].rows[invoice]
        paid = amount + Decimal(str(row.get("Amount_Paid", 0)))
        row["Amount_Paid"] = number(paid)
        row["Balance_Due"] = number(Decimal(str(row["Grand_Total"])) - paid)
        row["Paid_On"] = max(str(row.get("Paid_On", "")), paid_on.isoformat())

    def _add_orders(self) -> None:
        for order in self._company.orders:
            if order.crm != _CRM:
                continue
            self._store(
                "Sales_Orders",
                order.ordered_on,
                order.currency,
                self._owners[order.customer],
                Subject=order.number,
                Account_Name=self._accounts[order.customer],
                Order_Date=day_text(order.ordered_on),
                Due_Date=day_text(order.deliver_on),
                Status=_ORDER_STATUS[order.status],
                Grand_Total=number(order.amount),
                Invoiced_Amount=number(order.invoiced),
                Delivered_Amount=number(order.delivered),
                Deposit=number(order.deposit),
                Segment=order.segment,
            )

    def _add_file(self) -> None:
        """Store the credit file; what names a customer of the other CRM stays there."""
        payments = {key: record_id for key, (record_id, _on, _currency) in self._payments.items()}
        for module, on, customer, currency, values in file_rows(
            self._company, self._invoices, payments
        ):
            if customer in self._accounts:
                account = self._accounts[customer]
                self._store(
                    module, on, currency, self._owners[customer], **values | {"Account": account}
                )

    def _store(self, module: str, on: date, currency: str, owner: str, **values: object) -> str:
        """Store a record of a day's ten o'clock, or of now where that has not come yet."""
        at = datetime.combine(on, _TEN_O_CLOCK, self._state.options.zone)
        record_id = self._state.record_id()
        row: Row = self._state.new_row(
            module,
            record_id=record_id,
            by=INTEGRATION_USER if owner not in self._state.users else owner,
            at=min(int(at.timestamp()), self._now),
        )
        row["Currency"] = currency
        row["Exchange_Rate"] = RATES.get(currency, 1.0)
        row.update((name, value) for name, value in values.items() if value is not None)
        self._state.tables[module].insert(row)
        return record_id
