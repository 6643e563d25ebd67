"""The modules of the sandbox's organisation and the fields each starts with.

Standard names are Zoho's own; custom modules and fields are the ones a customer would add so
that invoices, credit notes, payments and allocations stand in the CRM.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import TypedDict, Unpack

from sandbox.company.file_lines import STATEMENT_LINES
from sandbox.zoho.fields import TEXTAREA_LENGTHS, Field

__all__ = ["CURRENCIES", "Module", "standard_modules"]

CURRENCIES = ["CNY", "USD", "EUR", "HKD", "JPY", "GBP", "CAD"]
_STATUSES = ["Created", "Approved", "Delivered", "Cancelled"]
_TASK_STATUSES = ["Not Started", "Deferred", "In Progress", "Completed", "Waiting for input"]
_FIRST_MODULE_ID = 5_000_000_000_002_001
_FIRST_LAYOUT_ID = 5_000_000_000_002_501
_FIRST_FIELD_ID = 5_000_000_000_003_001


@dataclass(slots=True, kw_only=True)
class Module:
    """A module: its names, its fields in the order shown, and the field that names a record."""

    id: str
    layout_id: str
    api_name: str
    singular: str
    plural: str
    name_field: str
    custom: bool
    fields: dict[str, Field] = field(default_factory=dict)


class _Flags(TypedDict, total=False):
    mandatory: bool
    read_only: bool
    system: bool
    custom: bool
    unique: bool
    default: str


class _Extra(_Flags, total=False):
    options: list[str]
    decimals: int
    lookup: str
    textarea: str


@dataclass(frozen=True, slots=True)
class _Draft:
    """A field without its id."""

    api_name: str
    type: str
    length: int
    extra: _Extra

    def with_id(self, number: int) -> Field:
        label = self.api_name.removesuffix("__s").replace("_", " ")
        return Field(
            id=str(number),
            api_name=self.api_name,
            label=label,
            type=self.type,
            length=self.length,
            **self.extra,
        )


def _draft(type_: str, length: int, api_name: str, **extra: Unpack[_Extra]) -> _Draft:
    return _Draft(api_name, type_, length, extra)


_text = partial(_draft, "text", 255)
_short = partial(_draft, "text", 50)
_date = partial(_draft, "date", 20)
_datetime = partial(_draft, "datetime", 120)
_whole = partial(_draft, "integer", 9)
_owner = partial(_draft, "ownerlookup", 120)
_flag = partial(_draft, "boolean", 5)


def _amount(api_name: str, **flags: Unpack[_Flags]) -> _Draft:
    return _draft("currency", 16, api_name, decimals=2, **flags)


def _choice(api_name: str, options: list[str], **flags: Unpack[_Flags]) -> _Draft:
    return _draft("picklist", 120, api_name, options=list(options), **flags)


def _lookup(api_name: str, target: str, **flags: Unpack[_Flags]) -> _Draft:
    return _draft("lookup", 120, api_name, lookup=target, **flags)


def _long_text(api_name: str, kind: str = "large", **flags: Unpack[_Flags]) -> _Draft:
    return _draft("textarea", TEXTAREA_LENGTHS[kind], api_name, textarea=kind, **flags)


def _system_fields(*, money: bool) -> Iterator[_Draft]:
    """Yield what every module has."""
    yield _draft("bigint", 20, "id", system=True)
    yield _owner("Owner")
    yield _owner("Created_By", system=True)
    yield _owner("Modified_By", system=True)
    yield _datetime("Created_Time", system=True)
    yield _datetime("Modified_Time", system=True)
    yield _flag("Locked__s", system=True)
    if money:
        yield _choice("Currency", CURRENCIES)
        yield _draft("double", 20, "Exchange_Rate", decimals=9)


_ACCOUNTS = [
    _draft("text", 200, "Account_Name", mandatory=True),
    _lookup("Parent_Account", "Accounts"),
    _short("Account_Number"),
    _choice("Account_Type", ["Customer", "Distributor", "Reseller", "Other"]),
    _text("Industry"),
    _choice("Rating", ["Acquired", "Active", "Market Failed", "Project Cancelled", "Shut Down"]),
    _amount("Annual_Revenue"),
    _draft("phone", 30, "Phone"),
    _draft("website", 450, "Website"),
    _text("Billing_Street"),
    _text("Billing_City"),
    _text("Billing_Country"),
    _long_text("Description"),
    _draft("text", 18, "USCC", custom=True),
    _whole("Payment_Terms_Days", custom=True),
    _date("Customer_Since", custom=True),
    _choice("Size_Class", ["large", "public", "sme"], custom=True),
    _date("Founded_On", custom=True),
    _amount("Registered_Capital", custom=True),
    _choice("Tax_Grade", ["A", "B", "M", "C", "D"], custom=True),
]
_CONTACTS = [
    _draft("text", 40, "First_Name"),
    _draft("text", 80, "Last_Name", mandatory=True),
    _draft("text", 120, "Full_Name", system=True),
    _draft("email", 100, "Email"),
    _draft("phone", 30, "Phone"),
    _draft("phone", 30, "Mobile"),
    _lookup("Account_Name", "Accounts"),
]
_DEALS = [
    _draft("text", 120, "Deal_Name", mandatory=True),
    _lookup("Account_Name", "Accounts"),
    _lookup("Contact_Name", "Contacts"),
    _amount("Amount"),
    _choice("Stage", ["Qualification", "Proposal", "Closed Won", "Closed Lost"], mandatory=True),
    _date("Closing_Date"),
]
_INVOICES = [
    _short("Subject", mandatory=True),
    _lookup("Account_Name", "Accounts", mandatory=True),
    _lookup("Contact_Name", "Contacts"),
    _date("Invoice_Date"),
    _date("Due_Date"),
    _choice("Status", _STATUSES, default="Created"),
    # Totals are the server's in Zoho. The sandbox has no line items, so the total may be given.
    _amount("Grand_Total"),
    _long_text("Description"),
    _amount("Disputed_Amount", custom=True),
    _date("Disputed_On", custom=True),
    _date("Dispute_Closed_On", custom=True),
    _choice("Dispute_Outcome", ["for_customer", "against_customer"], custom=True),
    _short("Segment", custom=True),
    _amount("Amount_Paid", custom=True),
    _amount("Balance_Due", custom=True),
    _date("Paid_On", custom=True),
]
_ORDERS = [
    _short("Subject", mandatory=True),
    _lookup("Account_Name", "Accounts", mandatory=True),
    _date("Due_Date"),
    _choice("Status", _STATUSES, default="Created"),
    _amount("Grand_Total"),
    _date("Order_Date", custom=True),
    _amount("Invoiced_Amount", custom=True),
    _amount("Delivered_Amount", custom=True),
    _amount("Deposit", custom=True),
    _short("Segment", custom=True),
]
_TASKS = [
    _text("Subject", mandatory=True),
    _date("Due_Date"),
    _lookup("Who_Id", "Contacts"),
    _draft("multi_module_lookup", 120, "What_Id"),
    _choice("Status", _TASK_STATUSES, default="Not Started"),
    _choice("Priority", ["Highest", "High", "Normal", "Low", "Lowest"], default="Normal"),
    _long_text("Description"),
    _datetime("Closed_Time", system=True),
    _flag("Send_Notification_Email"),
]
_CREDIT_NOTES = [
    _draft("text", 120, "Name", mandatory=True),
    _lookup("Account", "Accounts", custom=True),
    _lookup("Invoice", "Invoices", custom=True),
    _date("Issue_Date", custom=True),
    _amount("Amount", custom=True),
]
_PAYMENTS = [
    _draft("text", 120, "Name", mandatory=True),
    _lookup("Account", "Accounts", custom=True),
    _date("Payment_Date", custom=True),
    _amount("Amount", custom=True),
]
_ALLOCATIONS = [
    _draft("text", 120, "Name", mandatory=True),
    _lookup("Payment", "Payments", custom=True),
    _lookup("Invoice", "Invoices", custom=True),
    _amount("Amount", custom=True),
]
_UNITS = ["元", "千元", "万元"]


def _file(*drafts: _Draft) -> list[_Draft]:
    """Make a custom module of the credit file: a name, the customer, and its own fields."""
    return [
        _draft("text", 120, "Name", mandatory=True),
        _lookup("Account", "Accounts", custom=True),
        *drafts,
    ]


def _own_dates(*api_names: str) -> list[_Draft]:
    return [_date(api_name, custom=True) for api_name in api_names]


_STATEMENTS = _file(
    *_own_dates("Period_End", "Received_On"),
    _whole("Months", custom=True),
    _choice("Basis", ["audited", "tax_filing", "unaudited", "self_declared"], custom=True),
    _short("Source", custom=True),
    _choice("Unit", _UNITS, custom=True),
    *(_amount(line.title(), custom=True) for line in STATEMENT_LINES),
)
_CREDIT_RECORDS = _file(
    _short("Kind", custom=True),
    *_own_dates("Known_On", "Event_On", "Valid_To", "Ended_On"),
    _short("Status", custom=True),
    _draft("double", 16, "Value", decimals=4, custom=True),
    _amount("Amount", custom=True),
    _short("Channel", custom=True),
    _short("Source", custom=True),
)
_PROMISES = _file(
    _lookup("Invoice", "Invoices", custom=True),
    *_own_dates("Made_On", "Promised_On", "Cancelled_On", "Superseded_On"),
    _amount("Amount", custom=True),
)
_COLLATERAL = _file(
    _short("Kind", custom=True),
    _amount("Amount", custom=True),
    *_own_dates("Valid_From", "Valid_To"),
    _flag("Registered", custom=True),
    _draft("double", 16, "Haircut", decimals=2, custom=True),
)
_WRITE_OFFS = _file(
    _lookup("Invoice", "Invoices", custom=True),
    *_own_dates("Written_Off_On"),
    _amount("Amount", custom=True),
)
_RETURNS = _file(
    _lookup("Payment", "Payments", custom=True),
    _choice("Kind", ["returned_payment", "dishonoured_bill"], custom=True),
    *_own_dates("Returned_On"),
)
_NOTES = _file(
    _choice("Kind", ["bank_acceptance", "commercial_acceptance"], custom=True),
    _amount("Amount", custom=True),
    *_own_dates("Received_On", "Due_On", "Ended_On"),
)
_MODULES = [
    ("Accounts", "Account", "Account_Name", _ACCOUNTS),
    ("Contacts", "Contact", "Full_Name", _CONTACTS),
    ("Deals", "Deal", "Deal_Name", _DEALS),
    ("Tasks", "Task", "Subject", _TASKS),
    ("Invoices", "Invoice", "Subject", _INVOICES),
    ("Sales_Orders", "Sales Order", "Subject", _ORDERS),
    ("Credit_Notes", "Credit Note", "Name", _CREDIT_NOTES),
    ("Payments", "Payment", "Name", _PAYMENTS),
    ("Payment_Allocations", "Payment Allocation", "Name", _ALLOCATIONS),
    ("Financial_Statements", "Financial Statement", "Name", _STATEMENTS),
    ("Credit_Records", "Credit Record", "Name", _CREDIT_RECORDS),
    ("Payment_Promises", "Payment Promise", "Name", _PROMISES),
    ("Collateral", "Collateral", "Name", _COLLATERAL),
    ("Write_Offs", "Write Off", "Name", _WRITE_OFFS),
    ("Payment_Returns", "Payment Return", "Name", _RETURNS),
    ("Notes_Receivable", "Note Receivable", "Name", _NOTES),
    # As an administrator makes it in the setup, for tasks: its fields come by the API.
    ("Credit_Tasks", "Credit Task", "Name", [_draft("text", 120, "Name", mandatory=True)]),
]
_STANDARD = frozenset({"Accounts", "Contacts", "Deals", "Tasks", "Invoices", "Sales_Orders"})


def standard_modules() -> dict[str, Module]:
    """Return the modules of a new organisation, ids the same each time."""
    numbers = count(_FIRST_FIELD_ID)
    modules = {}
    for place, (api_name, singular, name_field, drafts) in enumerate(_MODULES):
        every = [*drafts, *_system_fields(money=api_name != "Tasks")]
        modules[api_name] = Module(
            id=str(_FIRST_MODULE_ID + place),
            layout_id=str(_FIRST_LAYOUT_ID + place),
            api_name=api_name,
            singular=singular,
            plural=api_name.replace("_", " "),
            name_field=name_field,
            custom=api_name not in _STANDARD,
            fields={draft.api_name: draft.with_id(next(numbers)) for draft in every},
        )
    return modules
