"""What frames a Book has: columns, types, what may be null, which words are allowed.

Amounts are integer minor units of the currency beside them. ``known_on`` and ``received_on`` say
from which day a fact may count: an assessment as of an earlier day does not see it.
"""

from collections.abc import Mapping

import polars as pl

__all__ = [
    "ALLOWED",
    "DECISION_KINDS",
    "IDENTITIES",
    "ITEM_KINDS",
    "MAY_BE_NULL",
    "NOT_NEGATIVE",
    "OPTIONAL",
    "ORDER_STATUSES",
    "SCHEMAS",
    "STATEMENT_BASES",
    "STATEMENT_LINES",
    "Schema",
]

IDENTITIES = ("ok", "missing", "invalid", "conflict")
ITEM_KINDS = ("invoice", "credit_note")
ORDER_STATUSES = ("draft", "open", "closed", "cancelled")
DISPUTE_OUTCOMES = ("for_customer", "against_customer")
SIZE_CLASSES = ("large", "public", "sme")
STATEMENT_BASES = ("audited", "tax_filing", "unaudited", "self_declared")
RETURN_KINDS = ("returned_payment", "dishonoured_bill")
NOTE_KINDS = ("bank_acceptance", "commercial_acceptance")
DECISION_KINDS = (
    *("override", "limit", "temporary_limit", "segment_limit", "hold", "exemption", "review"),
    *("dunning_block", "repayment_plan", "watch_note"),
)

#: Lines of a statement (报表项目), all in one currency; ``None`` is an empty line, 0 is a stated 0.
STATEMENT_LINES = (
    # balance sheet
    *("cash", "trading_securities", "notes_receivable", "receivables", "prepayments"),
    *("inventory", "current_assets", "fixed_assets", "intangibles", "goodwill", "deferred_items"),
    *("owner_loans", "total_assets", "payables", "current_liabilities", "long_term_debt"),
    *("total_liabilities", "paid_in_capital", "surplus_reserve", "undistributed_profit", "equity"),
    # income statement
    *("revenue", "credit_sales", "cost_of_sales", "interest_expense", "profit_before_tax"),
    *("net_profit", "depreciation", "purchases"),
    # cash flow, and what only listed firms have
    *("operating_cash_flow", "market_value"),
)

Schema = Mapping[str, "pl.DataType | type[pl.DataType]"]

#: Frame name → column → type. The first column is the frame's key.
SCHEMAS: dict[str, Schema] = {
    "entities": {
        "entity": pl.String,
        "name": pl.String,
        "uscc": pl.String,
        "identity": pl.String,
        "currency": pl.String,
        "terms_days": pl.Int32,
        "since": pl.Date,
        "parent": pl.String,
        "industry": pl.String,
        "size_class": pl.String,
    },
    "accounts": {
        "account": pl.String,
        "entity": pl.String,
        "system": pl.String,
        "owner_id": pl.String,
        "name": pl.String,
        "currency": pl.String,
    },
    "items": {
        "item": pl.String,
        "entity": pl.String,
        "account": pl.String,
        "kind": pl.String,
        "number": pl.String,
        "issued_on": pl.Date,
        "due_on": pl.Date,
        "currency": pl.String,
        "amount": pl.Int64,
        "applies_to": pl.String,
        "disputed": pl.Int64,
        "disputed_on": pl.Date,
        "dispute_closed_on": pl.Date,
        "dispute_outcome": pl.String,
        "segment": pl.String,
    },
    "payments": {
        "payment": pl.String,
        "entity": pl.String,
        "account": pl.String,
        "paid_on": pl.Date,
        "currency": pl.String,
        "amount": pl.Int64,
    },
    "allocations": {
        "allocation": pl.String,
        "payment": pl.String,
        "item": pl.String,
        "entity": pl.String,
        "currency": pl.String,
        "amount": pl.Int64,
        "paid_on": pl.Date,
    },
    "orders": {
        "order": pl.String,
        "entity": pl.String,
        "account": pl.String,
        "ordered_on": pl.Date,
        "deliver_on": pl.Date,
        "currency": pl.String,
        "amount": pl.Int64,
        "invoiced": pl.Int64,
        "status": pl.String,
        "prepaid": pl.Boolean,
        "delivered": pl.Int64,
        "deposit": pl.Int64,
        "segment": pl.String,
    },
    "write_offs": {
        "write_off": pl.String,
        "entity": pl.String,
        "item": pl.String,
        "written_off_on": pl.Date,
        "currency": pl.String,
        "amount": pl.Int64,
    },
    "returns": {
        "return": pl.String,
        "entity": pl.String,
        "payment": pl.String,
        "kind": pl.String,
        "returned_on": pl.Date,
    },
    "notes": {
        "note": pl.String,
        "entity": pl.String,
        "kind": pl.String,
        "received_on": pl.Date,
        "due_on": pl.Date,
        "ended_on": pl.Date,
        "currency": pl.String,
        "amount": pl.Int64,
    },
    "promises": {
        "promise": pl.String,
        "entity": pl.String,
        "account": pl.String,
        "item": pl.String,
        "made_on": pl.Date,
        "promised_on": pl.Date,
        "currency": pl.String,
        "amount": pl.Int64,
        "cancelled_on": pl.Date,
        "superseded_on": pl.Date,
    },
    "statements": {
        "statement": pl.String,
        "entity": pl.String,
        "period_end": pl.Date,
        "months": pl.Int32,
        "basis": pl.String,
        "received_on": pl.Date,
        "source": pl.String,
        "currency": pl.String,
        **dict.fromkeys(STATEMENT_LINES, pl.Int64),
    },
    "credit_records": {
        "record": pl.String,
        "entity": pl.String,
        "kind": pl.String,
        "known_on": pl.Date,
        "event_on": pl.Date,
        "valid_to": pl.Date,
        "ended_on": pl.Date,
        "status": pl.String,
        "value": pl.Float64,
        "currency": pl.String,
        "amount": pl.Int64,
        "channel": pl.String,
        "source": pl.String,
    },
    "collateral": {
        "collateral": pl.String,
        "entity": pl.String,
        "kind": pl.String,
        "currency": pl.String,
        "amount": pl.Int64,
        "valid_from": pl.Date,
        "valid_to": pl.Date,
        "registered": pl.Boolean,
        "haircut": pl.Float64,
    },
    "decisions": {
        "decision": pl.String,
        "entity": pl.String,
        "kind": pl.String,
        "from_on": pl.Date,
        "to_on": pl.Date,
        "grade": pl.String,
        "currency": pl.String,
        "amount": pl.Int64,
        "scope": pl.String,
        "reason": pl.String,
    },
    "previous": {
        "entity": pl.String,
        "as_of": pl.Date,
        "grade": pl.String,
        "score_grade": pl.String,
        "score": pl.Float64,
        "currency": pl.String,
        "limit": pl.Int64,
        "exposure": pl.Int64,
        "watch_level": pl.String,
        "upgraded_on": pl.Date,
        "limit_raised_on": pl.Date,
    },
    "signals": {
        "signal": pl.String,
        "entity": pl.String,
        "code": pl.String,
        "first_on": pl.Date,
        "last_on": pl.Date,
    },
}

MAY_BE_NULL: dict[str, set[str]] = {
    "entities": {"uscc", "terms_days", "since", "parent", "industry", "size_class"},
    "accounts": {"owner_id", "currency"},
    "items": {
        *("applies_to", "disputed_on", "dispute_closed_on", "dispute_outcome", "segment"),
    },
    "payments": set(),
    "allocations": set(),
    "orders": {"deliver_on", "delivered", "deposit", "segment"},
    "write_offs": {"item"},
    "returns": set(),
    "notes": {"ended_on"},
    "promises": {"item", "cancelled_on", "superseded_on"},
    "statements": {*STATEMENT_LINES},
    "credit_records": {
        *("event_on", "valid_to", "ended_on", "status", "value", "currency", "amount", "channel"),
    },
    "collateral": {"valid_to", "haircut"},
    "decisions": {"to_on", "grade", "currency", "amount", "scope"},
    "previous": {
        *("grade", "score_grade", "score", "limit", "exposure", "upgraded_on", "limit_raised_on"),
    },
    "signals": set(),
}

#: Columns that may be left out of a frame; they are null then.
OPTIONAL: dict[str, set[str]] = {
    "entities": {"industry", "size_class"},
    "items": {"dispute_closed_on", "dispute_outcome", "segment"},
    "orders": {"delivered", "deposit", "segment"},
    "statements": {*STATEMENT_LINES},
    "previous": {"limit_raised_on"},
}
ALLOWED = {
    ("entities", "identity"): IDENTITIES,
    ("entities", "size_class"): SIZE_CLASSES,
    ("items", "kind"): ITEM_KINDS,
    ("items", "dispute_outcome"): DISPUTE_OUTCOMES,
    ("orders", "status"): ORDER_STATUSES,
    ("returns", "kind"): RETURN_KINDS,
    ("notes", "kind"): NOTE_KINDS,
    ("statements", "basis"): STATEMENT_BASES,
    ("decisions", "kind"): DECISION_KINDS,
}
NOT_NEGATIVE = {
    "items": ("amount", "disputed"),
    "payments": ("amount",),
    "allocations": ("amount",),
    "orders": ("amount", "invoiced", "delivered", "deposit"),
    "write_offs": ("amount",),
    "notes": ("amount",),
    "promises": ("amount",),
    "credit_records": ("amount",),
    "collateral": ("amount",),
    "decisions": ("amount",),
}
