"""What things are called in one Zoho organisation: modules, fields, picklist values.

Every name is a default that the configuration may replace; ``check`` compares them with the
organisation's own metadata. An empty module name switches its feed off, an empty field name means
the organisation has no such field.
"""

import msgspec

from adapters.credit_file import FILE_FIELDS, FactNames
from adapters.port import CreditField, Priority
from scoring.records import CREDIT_FILE_KINDS, Kind, OrderStatus

__all__ = [
    "NEEDED",
    "AccountNames",
    "AllocationNames",
    "ContactNames",
    "CreditNoteNames",
    "FeedNames",
    "FileNames",
    "InvoiceNames",
    "OrderNames",
    "PaymentNames",
    "SettledNames",
    "TaskNames",
    "ZohoMapping",
]

#: Ours of the fields without which a record says nothing: a feed that lacks one is not read.
NEEDED = frozenset(
    {
        "account",
        "amount",
        "balance",
        "due_on",
        "invoice",
        "issued_on",
        "number",
        "ordered_on",
        "paid",
        "paid_on",
        "payment",
    }
)


class FeedNames(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Names of one module. ``module`` and those in ``_SETTINGS`` are no field names."""

    module: str = ""

    def fields(self) -> dict[str, str]:
        """Return our field name and the API name of each field the organisation has."""
        names = {name: getattr(self, name) for name in self.__struct_fields__}
        return {ours: api for ours, api in names.items() if ours not in _SETTINGS and api}

    def key_of(self, ours: str) -> str:
        """Say where in the mapping a field is named."""
        return ours

    def path_of(self, kind: Kind, ours: str) -> str:
        """Say where in the configuration a field of a kind is named."""
        return f"mapping.{kind.value}.{self.key_of(ours)}"


class _BoundFile(FeedNames, frozen=True, kw_only=True):
    """The names of one kind's module, field by field."""

    api_names: dict[str, str] = {}
    keys: dict[str, str] = {}

    def fields(self) -> dict[str, str]:
        """Return our field name and the API name of each field the organisation has."""
        return self.api_names

    def key_of(self, ours: str) -> str:
        """Say where in the mapping a field is named."""
        return self.keys[ours]


class FileNames(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where one kind of the credit file is found; without a module the organisation has none.

    Fields are called as ours with capitals (``period_end`` is ``Period_End``) unless ``names`` or,
    for the lines of a statement, ``lines`` say otherwise. ``words`` says what values of picklists
    stand for, ``unit`` what the amounts of statements are written in: 元, 千元, 万元 …
    """

    module: str = ""
    names: dict[str, str] = {}
    lines: dict[str, str] = {}
    words: dict[str, str] = {}
    unit: str = "元"

    def bound(self, kind: Kind) -> FeedNames:
        """Name every field of the kind. Raises ``ValueError`` for one that there is not."""
        fields = FILE_FIELDS[kind]
        strange = sorted((set(self.names) | set(self.lines)) - set(fields))
        if strange:
            raise ValueError(f"mapping.{kind.value}: there are no fields {', '.join(strange)}")
        given = self.names | self.lines
        named = {ours: given.get(ours, ours.title()) for ours in fields}
        return _BoundFile(
            module=self.module,
            api_names={ours: api for ours, api in named.items() if api},
            keys={ours: f"{'lines' if ours in self.lines else 'names'}.{ours}" for ours in fields},
        )


class AccountNames(FeedNames, frozen=True, kw_only=True):
    """Where an Account is found.

    ``facts`` are parts of the credit file that stand in fields of the account itself;
    ``size_words`` says which values of the size field mean ``large``, ``public`` and ``sme``.
    """

    module: str = "Accounts"
    name: str = "Account_Name"
    uscc: str = "USCC"
    industry: str = "Industry"
    country: str = "Billing_Country"
    owner: str = "Owner"
    parent: str = "Parent_Account"
    currency: str = "Currency"
    terms_days: str = "Payment_Terms_Days"
    customer_since: str = "Customer_Since"
    size_class: str = ""
    size_words: dict[str, str] = {}
    facts: tuple[FactNames, ...] = ()

    def fields(self) -> dict[str, str]:
        """Return the fields of the account, and those in which the credit file stands besides."""
        known = FeedNames.fields(self)
        others = dict.fromkeys(api for fact in self.facts for api in fact.fields().values())
        more = [api for api in others if api not in known.values()]
        return known | {f"fact_{place}": api for place, api in enumerate(more)}

    def key_of(self, ours: str) -> str:
        """Say where in the mapping a field is named."""
        return "facts" if ours.startswith("fact_") else ours


class ContactNames(FeedNames, frozen=True, kw_only=True):
    """Where a Contact is found. ``last_name`` serves where the full name is empty."""

    module: str = "Contacts"
    name: str = "Full_Name"
    last_name: str = "Last_Name"
    account: str = "Account_Name"
    email: str = "Email"
    phone: str = "Phone"


class InvoiceNames(FeedNames, frozen=True, kw_only=True):
    """Where an Invoice is found. One whose status is in ``void`` is not owed.

    ``outcomes`` says which values of ``dispute_outcome`` mean ``for_customer`` and
    ``against_customer``. Where payments have no module, ``paid`` (or ``balance``, what is left) and
    ``paid_on`` tell what was paid of the invoice and when last.
    """

    module: str = "Invoices"
    number: str = "Subject"
    account: str = "Account_Name"
    issued_on: str = "Invoice_Date"
    due_on: str = "Due_Date"
    amount: str = "Grand_Total"
    currency: str = "Currency"
    disputed: str = "Disputed_Amount"
    disputed_on: str = "Disputed_On"
    dispute_closed_on: str = ""
    dispute_outcome: str = ""
    outcomes: dict[str, str] = {}
    segment: str = ""
    status: str = "Status"
    void: tuple[str, ...] = ("Cancelled",)
    paid: str = ""
    balance: str = ""
    paid_on: str = ""

    def fields(self) -> dict[str, str]:
        """Return the fields of the invoice but those that stand for its payment."""
        return {ours: api for ours, api in FeedNames.fields(self).items() if ours not in _PAID}

    def settled(self) -> "SettledNames":
        """Name what the invoice says about its payment."""
        shared = {name: getattr(self, name) for name in SettledNames.__struct_fields__}
        return SettledNames(**shared)


class SettledNames(FeedNames, frozen=True, kw_only=True):
    """Where the payment of an invoice is found on the invoice itself."""

    account: str
    amount: str
    currency: str
    status: str
    paid: str
    balance: str
    paid_on: str

    def path_of(self, kind: Kind, ours: str) -> str:
        """Say where in the configuration a field is named: with the invoices, whatever the kind."""
        _ = kind
        return f"mapping.invoices.{ours}"


class CreditNoteNames(FeedNames, frozen=True, kw_only=True):
    """Where a CreditNote is found; its amount is positive."""

    module: str = "Credit_Notes"
    number: str = "Name"
    account: str = "Account"
    applies_to: str = "Invoice"
    issued_on: str = "Issue_Date"
    amount: str = "Amount"
    currency: str = "Currency"


class PaymentNames(FeedNames, frozen=True, kw_only=True):
    """Where a Payment is found."""

    module: str = "Payments"
    account: str = "Account"
    paid_on: str = "Payment_Date"
    amount: str = "Amount"
    currency: str = "Currency"


class AllocationNames(FeedNames, frozen=True, kw_only=True):
    """Where an Allocation is found."""

    module: str = "Payment_Allocations"
    payment: str = "Payment"
    invoice: str = "Invoice"
    amount: str = "Amount"
    currency: str = "Currency"


def _order_states() -> dict[str, OrderStatus]:
    return {
        "Created": OrderStatus.DRAFT,
        "Approved": OrderStatus.OPEN,
        "Delivered": OrderStatus.CLOSED,
        "Cancelled": OrderStatus.CANCELLED,
    }


class OrderNames(FeedNames, frozen=True, kw_only=True):
    """Where an Order is found; ``states`` maps the values of the status field."""

    module: str = "Sales_Orders"
    number: str = "Subject"
    account: str = "Account_Name"
    ordered_on: str = "Order_Date"
    deliver_on: str = "Due_Date"
    amount: str = "Grand_Total"
    invoiced: str = "Invoiced_Amount"
    currency: str = "Currency"
    status: str = "Status"
    prepaid: str = ""
    delivered: str = ""
    deposit: str = ""
    segment: str = ""
    states: dict[str, OrderStatus] = msgspec.field(default_factory=_order_states)


class TaskNames(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a task is found. A status in ``closed`` means that nothing is left to do.

    ``module`` may be a custom module, where Tasks refuses the unique key: then ``subject`` is its
    ``Name`` and ``account`` a lookup.
    """

    module: str = "Tasks"
    key: str = "Credit_Ref"
    key_label: str = "Credit Ref"
    subject: str = "Subject"
    account: str = "What_Id"
    owner: str = "Owner"
    due_on: str = "Due_Date"
    status: str = "Status"
    priority: str = "Priority"
    body: str = "Description"
    status_open: str = "Not Started"
    status_done: str = "Completed"
    closed: tuple[str, ...] = ("Completed",)
    priority_normal: str = "Normal"
    priority_high: str = "High"
    priority_highest: str = "Highest"

    @property
    def is_standard(self) -> bool:
        """Whether tasks are Zoho's own activities."""
        return self.module == "Tasks"

    def priority_of(self, priority: Priority) -> str:
        """Name a priority as the picklist does."""
        match priority:
            case Priority.HIGHEST:
                return self.priority_highest
            case Priority.HIGH:
                return self.priority_high
            case _:
                return self.priority_normal


def _credit_fields() -> dict[CreditField, str]:
    names = {field: "Credit_" + field.value.title() for field in CreditField}
    names[CreditField.NEXT_REVIEW_ON] = "Credit_Next_Review"
    return names


class ZohoMapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All names of one organisation.

    ``options`` gives, for a credit field, the picklist value that stands for our value.
    """

    accounts: AccountNames = AccountNames()
    contacts: ContactNames = ContactNames()
    invoices: InvoiceNames = InvoiceNames()
    credit_notes: CreditNoteNames = CreditNoteNames()
    payments: PaymentNames = PaymentNames()
    allocations: AllocationNames = AllocationNames()
    orders: OrderNames = OrderNames()
    statements: FileNames = FileNames()
    credit_records: FileNames = FileNames()
    promises: FileNames = FileNames()
    collateral: FileNames = FileNames()
    write_offs: FileNames = FileNames()
    returns: FileNames = FileNames()
    notes: FileNames = FileNames()
    tasks: TaskNames = TaskNames()
    credit_fields: dict[CreditField, str] = msgspec.field(default_factory=_credit_fields)
    options: dict[CreditField, dict[str, str]] = {}

    def feed(self, kind: Kind) -> FeedNames:
        """Return the names of a kind's module; an empty one where the kind is no module."""
        if kind in CREDIT_FILE_KINDS:
            return self.file(kind).bound(kind)
        if self.pays_on_invoices and kind in {Kind.PAYMENTS, Kind.ALLOCATIONS}:
            return self.invoices.settled()
        feeds: dict[Kind, FeedNames] = {
            Kind.ACCOUNTS: self.accounts,
            Kind.CONTACTS: self.contacts,
            Kind.INVOICES: self.invoices,
            Kind.CREDIT_NOTES: self.credit_notes,
            Kind.PAYMENTS: self.payments,
            Kind.ALLOCATIONS: self.allocations,
            Kind.ORDERS: self.orders,
        }
        return feeds.get(kind, FeedNames())

    @property
    def pays_on_invoices(self) -> bool:
        """Whether fields of the invoices stand for payments, which have no module of their own."""
        named = self.invoices.paid or self.invoices.balance
        return bool(self.invoices.module and named and not self.payments.module)

    def without_ledger(self) -> "ZohoMapping":
        """Return the mapping of an organisation whose ledger is kept outside the CRM."""
        return msgspec.structs.replace(
            self,
            invoices=InvoiceNames(module=""),
            credit_notes=CreditNoteNames(module=""),
            payments=PaymentNames(module=""),
            allocations=AllocationNames(module=""),
        )

    def file(self, kind: Kind) -> FileNames:
        """Return what the mapping says about a kind of the credit file."""
        found: FileNames = getattr(self, kind.value)
        return found

    def __post_init__(self) -> None:
        """Refuse names of fields that there are not. Raises ``ValueError``."""
        for kind in CREDIT_FILE_KINDS:
            self.file(kind).bound(kind)

    def kinds_of(self, module: str) -> tuple[Kind, ...]:
        """Name the kinds a module holds."""
        return tuple(kind for kind in Kind if module and self.feed(kind).module == module)

    def field_of(self, field: CreditField) -> str:
        """Name a credit field on the account; empty when the organisation does not keep it."""
        return self.credit_fields.get(field, "")


_SETTINGS = frozenset({"module", "void", "states", "facts", "size_words", "outcomes"})
_PAID = frozenset({"paid", "balance", "paid_on"})
