"""What things are called in one Fenxiang tenant: objects, fields, option values.

Every name is a default that the configuration may replace; ``check`` compares them with the
tenant's own description. An empty object name switches its feed off, an empty field name means
the tenant has no such field.
"""

import msgspec

from adapters.credit_file import FILE_FIELDS, FactNames
from adapters.fxiaoke.life import EFFECTIVE
from adapters.fxiaoke.order_names import OrderPaymentNames, PlanNames, Receivables
from adapters.port import CreditField
from scoring.records import CREDIT_FILE_KINDS, Kind, OrderStatus

__all__ = [
    "AccountNames",
    "AllocationNames",
    "ContactNames",
    "FileNames",
    "FxiaokeMapping",
    "InvoiceNames",
    "OrderNames",
    "OrderPaymentNames",
    "PaymentNames",
    "PlanNames",
    "Receivables",
    "TaskNames",
]


class _Names(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Field names of one object."""


class AccountNames(_Names, frozen=True, kw_only=True):
    """Where an Account is found. One under review may owe already: only voided ones are gone.

    ``facts`` are parts of the credit file that stand in fields of the account itself;
    ``size_words`` says which values of the size field mean ``large``, ``public`` and ``sme``.
    """

    object: str = "AccountObj"
    name: str = "name"
    owner: str = "owner"
    uscc: str = "uscc__c"
    industry: str = "industry_level1"
    country: str = "country"
    parent: str = "parent_account_id"
    currency: str = "mc_currency"
    terms_days: str = "terms_days__c"
    customer_since: str = "customer_since__c"
    size_class: str = ""
    size_words: dict[str, str] = {}
    facts: tuple[FactNames, ...] = ()


class ContactNames(_Names, frozen=True, kw_only=True):
    """Where a Contact is found."""

    object: str = "ContactObj"
    name: str = "name"
    account: str = "account_id"
    email: str = "email"
    phone: str = "mobile1"


class InvoiceNames(_Names, frozen=True, kw_only=True):
    """Where Invoices and CreditNotes are found: one object, told apart by record type.

    ``outcomes`` says which values of ``dispute_outcome`` mean ``for_customer`` and
    ``against_customer``. ``open`` is what is still owed: it is the amount where the tenant has no
    object that matches payments with notes (``open_only``).
    """

    object: str = "AccountsReceivableNoteObj"
    number: str = "name"
    account: str = "account_id"
    issued_on: str = "note_date"
    due_on: str = "due_date"
    amount: tuple[str, ...] = ("price_tax_amount",)
    open: tuple[str, ...] = ("no_settled_amount",)
    open_only: bool = False
    currency: str = "mc_currency"
    disputed: str = "disputed_amount__c"
    disputed_on: str = "disputed_on__c"
    dispute_closed_on: str = ""
    dispute_outcome: str = ""
    outcomes: dict[str, str] = {}
    segment: str = ""
    record_type: str = "record_type"
    red_note: str = "red_note__c"  # the record type of a credit note; its amount is negative
    applies_to: str = "source_note_id__c"
    effective: tuple[str, ...] = EFFECTIVE


class PaymentNames(_Names, frozen=True, kw_only=True):
    """Where a Payment is found. Tenants differ in the amount's name: the first present counts."""

    object: str = "PaymentObj"
    account: str = "account_id"
    paid_on: str = "payment_time"
    amount: tuple[str, ...] = ("amount", "payment_amount")
    currency: str = "mc_currency"
    effective: tuple[str, ...] = EFFECTIVE


class AllocationNames(_Names, frozen=True, kw_only=True):
    """Where an Allocation (核销) is found."""

    object: str = "MatchNoteDetailObj"
    payment: str = "payment_id"
    invoice: str = "ar_id"
    account: str = "account_id"
    amount: tuple[str, ...] = ("match_amount",)
    currency: str = "mc_currency"
    effective: tuple[str, ...] = EFFECTIVE


def _order_states() -> dict[str, OrderStatus]:
    return {
        "draft": OrderStatus.DRAFT,
        "open": OrderStatus.OPEN,
        "closed": OrderStatus.CLOSED,
        "cancelled": OrderStatus.CANCELLED,
        "6": OrderStatus.DRAFT,  # 确认中
        "7": OrderStatus.OPEN,  # 已确认
    }


class OrderNames(_Names, frozen=True, kw_only=True):
    """Where an Order is found; ``states`` maps the values of the status field.

    Where orders are claims themselves: ``due_on`` is a due date of their own, ``terms_days`` are
    terms of their own (else the account's), ``returned`` is not owed any more.
    """

    object: str = "SalesOrderObj"
    number: str = "name"
    account: str = "account_id"
    ordered_on: str = "order_time"
    deliver_on: str = "delivery_date"
    amount: tuple[str, ...] = ("order_amount",)
    invoiced: tuple[str, ...] = ("invoice_amount",)
    currency: str = "mc_currency"
    settle_type: str = "settle_type"
    prepaid: tuple[str, ...] = ("1",)
    delivered: tuple[str, ...] = ()
    deposit: tuple[str, ...] = ()
    returned: tuple[str, ...] = ("returned_goods_amount",)
    due_on: str = ""
    terms_days: str = ""
    segment: str = ""
    status: str = "order_status"
    states: dict[str, OrderStatus] = msgspec.field(default_factory=_order_states)
    effective: tuple[str, ...] = EFFECTIVE


class FileNames(_Names, frozen=True, kw_only=True):
    """Where one kind of the credit file is found; without an object the tenant has none.

    Fields are called as ours with ``__c`` (``period_end`` is ``period_end__c``) unless ``names``
    or, for the lines of a statement, ``lines`` say otherwise. ``words`` says what options stand
    for, ``unit`` what the amounts of statements are written in: 元, 千元, 万元 …
    """

    object: str = ""
    names: dict[str, str] = {}
    lines: dict[str, str] = {}
    words: dict[str, str] = {}
    unit: str = "元"
    effective: tuple[str, ...] = EFFECTIVE

    def fields(self, kind: Kind) -> dict[str, str]:
        """Name every field of the kind. Raises ``ValueError`` for one that there is not."""
        known = FILE_FIELDS[kind]
        given = self.names | self.lines
        strange = sorted(set(given) - set(known))
        if strange:
            raise ValueError(f"mapping.{kind.value}: there are no fields {', '.join(strange)}")
        defaults = {ours: "mc_currency" if ours == "currency" else f"{ours}__c" for ours in known}
        return {ours: name for ours, name in (defaults | given).items() if name}


class TaskNames(_Names, frozen=True, kw_only=True):
    """The custom object that holds our tasks: the vendor's native tasks have no interface.

    ``native_id``: the field in which our APL function keeps the number of the native task it made
    (``native_task_id__c``); where it is named, the tenant's workflows run on our tasks.
    """

    object: str = "credit_task__c"
    subject: str = "name"
    owner: str = "owner"
    account: str = "account__c"
    type: str = "task_type__c"
    type_value: str = "overdue"
    due_on: str = "due_date__c"
    overdue_amount: str = "overdue_amount__c"
    oldest_days: str = "overdue_days__c"
    currency: str = "mc_currency"
    level: str = "level__c"
    priority: str = "priority__c"
    status: str = "status__c"
    status_open: str = "open"
    status_done: str = "done"
    status_closed: tuple[str, ...] = ("done", "cancelled")
    body: str = "body__c"
    result: str = "result__c"
    key: str = "ext_key__c"
    native_id: str = ""


_OTHER_NAMES = {
    CreditField.EXPOSURE: "credit_used__c",
    CreditField.OVERDUE_AMOUNT: "overdue_amount__c",
    CreditField.OLDEST_DAYS: "overdue_days_max__c",
    CreditField.HOLD: "credit_status__c",
    CreditField.COMPUTED_AT: "credit_updated_at__c",
    CreditField.ASSESSMENT_ID: "credit_run_id__c",
}


def _credit_fields() -> dict[CreditField, str]:
    return {field: _OTHER_NAMES.get(field, f"credit_{field.value}__c") for field in CreditField}


class FxiaokeMapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All names of one tenant.

    ``functional_currency`` counts where a record names no currency. ``options`` gives, for a
    credit field, the option that stands for our value: its label or its stored value.
    ``receivables`` says where claims are read; where that is orders, ``usual_terms_days`` are the
    terms of a customer without any.
    """

    accounts: AccountNames = AccountNames()
    contacts: ContactNames = ContactNames()
    invoices: InvoiceNames = InvoiceNames()
    payments: PaymentNames = PaymentNames()
    allocations: AllocationNames = AllocationNames()
    orders: OrderNames = OrderNames()
    receivables: Receivables = Receivables.AUTO
    plans: PlanNames = PlanNames()
    order_payments: OrderPaymentNames = OrderPaymentNames()
    usual_terms_days: int = 30
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
    functional_currency: str = "CNY"

    def object_of(self, kind: Kind) -> str:
        """Name the object that holds a kind; empty when the feed is off or has no object."""
        if kind in CREDIT_FILE_KINDS:
            return self.file(kind).object
        names: dict[Kind, str] = {
            Kind.ACCOUNTS: self.accounts.object,
            Kind.CONTACTS: self.contacts.object,
            Kind.INVOICES: self.invoices.object,
            Kind.CREDIT_NOTES: self.invoices.object if self.invoices.red_note else "",
            Kind.PAYMENTS: self.payments.object,
            Kind.ALLOCATIONS: self.allocations.object,
            Kind.ORDERS: self.orders.object,
        }
        return names.get(kind, "")

    def file(self, kind: Kind) -> FileNames:
        """Return what the mapping says about a kind of the credit file."""
        found: FileNames = getattr(self, kind.value)
        return found

    def __post_init__(self) -> None:
        """Refuse names of fields that there are not. Raises ``ValueError``."""
        for kind in CREDIT_FILE_KINDS:
            self.file(kind).fields(kind)

    def kinds_of(self, object_name: str) -> tuple[Kind, ...]:
        """Name the kinds an object may hold: what is read again when a record of it changed."""
        if not object_name:
            return ()
        beside: dict[Kind, tuple[str, ...]] = {}
        if self.receivables in {Receivables.AUTO, Receivables.PLANS, Receivables.ORDERS}:
            beside[Kind.INVOICES] = (self.plans.object, self.orders.object)
            beside[Kind.ALLOCATIONS] = (self.order_payments.object,)
        return tuple(
            kind
            for kind in Kind
            if object_name == self.object_of(kind) or object_name in beside.get(kind, ())
        )

    def field_of(self, field: CreditField) -> str:
        """Name a credit field on the account; empty when the tenant does not keep it."""
        return self.credit_fields.get(field, "")

    def wanted_fields(self, kind: Kind) -> tuple[str, ...]:
        """Name the fields a feed reads, without the system's own."""
        names = (name for candidates in self.candidates(kind) for name in candidates)
        return tuple(dict.fromkeys(names))

    def candidates(self, kind: Kind) -> tuple[tuple[str, ...], ...]:
        """Name the fields a feed reads, one group for each fact: any of a group will do."""
        if kind in CREDIT_FILE_KINDS:
            return tuple((name,) for name in self.file(kind).fields(kind).values())
        names = getattr(self, self.part_of(kind))
        facts = [name for fact in self.accounts.facts for name in fact.fields().values()]
        more = tuple((name,) for name in facts) if kind is Kind.ACCOUNTS else ()
        parts = (
            getattr(names, part) for part in names.__struct_fields__ if part not in _NOT_FIELDS
        )
        groups = ((part,) if isinstance(part, str) else part for part in parts)
        return (*(group for group in groups if any(group)), *more)

    def key_of(self, part: str, group: tuple[str, ...]) -> str:
        """Say where in a part of the mapping a group of names of its fields stands."""
        names = getattr(self, part)
        if isinstance(names, FileNames):
            ours = {name: field for field, name in names.fields(Kind(part)).items()}
            return f"{part}.names.{ours[group[0]]}"
        for field in names.__struct_fields__:
            if field not in _NOT_FIELDS and getattr(names, field) in (group, group[0]):
                return f"{part}.{field}"
        return f"{part}.facts"

    def part_of(self, kind: Kind) -> str:
        """Name the part of the mapping that says where a kind is found."""
        return "invoices" if kind is Kind.CREDIT_NOTES else kind.value


_NOT_FIELDS = frozenset(
    {"object", "red_note", "effective", "prepaid", "states", "facts", "size_words", "outcomes"}
    | {"open", "open_only"}
)
