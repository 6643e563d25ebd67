"""The tables of connections, mirrored records and credit results.

Mirrored records are keyed by (system, record_id): a connection's name and the CRM's own id. A
record the CRM no longer has keeps its row with ``gone_at``. Queue tables stand in
``queue_tables.py`` on the same ``metadata``.
"""

import sqlalchemy as sa

from connector.store.columns import JsonBytes, MinorUnits, PackedBytes, Tenths, UtcDateTime
from scoring.records import Kind

__all__ = [
    "RECORD_TABLES",
    "MinorUnits",
    "UtcDateTime",
    "accounts",
    "allocations",
    "assessments",
    "audit",
    "audit_head",
    "connections",
    "contacts",
    "cursors",
    "entities",
    "invoices",
    "last_written",
    "leases",
    "metadata",
    "orders",
    "owners",
    "payments",
    "policies",
    "policy_periods",
    "problems",
    "stale",
    "tasks",
    "usage",
]

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _text(name: str, *, null: bool = False, key: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.Text, primary_key=key, nullable=null)


def _time(name: str, *, null: bool = False) -> sa.Column[object]:
    return sa.Column(name, UtcDateTime, nullable=null)


def _money(name: str, *, null: bool = False) -> list[sa.Column[object]]:
    """Two columns: minor units and currency, null together."""
    return [
        sa.Column(f"{name}_minor", MinorUnits, nullable=null),
        sa.Column(f"{name}_currency", sa.Text, nullable=null),
    ]


def _record_table(name: str, *columns: sa.schema.SchemaItem) -> sa.Table:
    """Build a table of mirrored records.

    ``content_hash`` leaves the modified time out: what changed nothing but that is no change.
    ``generation`` is the full scan that saw the record last.
    """
    return sa.Table(
        name,
        metadata,
        # Keys and indexes begin with the id: an index that begins with the connection's name lures
        # planners without statistics into reading all of its rows.
        _text("record_id", key=True),
        _text("system", key=True),
        *columns,
        _time("modified_at", null=name == "owners"),
        _text("content_hash"),
        sa.Column("generation", sa.Integer, nullable=False, default=0),
        _time("gone_at", null=True),
    )


connections = sa.Table(
    "connections",
    metadata,
    _text("name", key=True),
    _text("vendor"),
    _text("organisation_id", null=True),
    sa.Column("token", sa.LargeBinary, nullable=True),  # sealed by the token keeper
    _time("token_expires_at", null=True),
    _text("state"),  # new, ready, needs_reauth
    _time("updated_at"),
)

leases = sa.Table(
    "leases",
    metadata,
    _text("name", key=True),
    _text("owner"),
    sa.Column("epoch", sa.Integer, nullable=False),
    _time("expires_at"),
)

owners = _record_table(
    "owners",
    _text("name"),
    _text("email", null=True),
    sa.Column("active", sa.Boolean, nullable=False),
)

accounts = _record_table(
    "accounts",
    _text("name"),
    _text("uscc", null=True),
    _text("industry", null=True),
    _text("country", null=True),
    _text("owner_id", null=True),
    _text("parent_id", null=True),
    _text("currency", null=True),
    sa.Column("terms_days", sa.Integer, nullable=True),
    sa.Column("created_on", sa.Date, nullable=True),
    _text("entity", null=True),  # null: to be grouped
    _text("uscc_key", null=True),  # the valid code by which it was last grouped
    sa.Index("ix_accounts_entity", "entity"),
    sa.Index("ix_accounts_uscc_key", "uscc_key"),
)

contacts = _record_table(
    "contacts",
    _text("account_id"),
    _text("name"),
    _text("email", null=True),
    _text("phone", null=True),
    sa.Index("ix_contacts_account_id_system", "account_id", "system"),
)

invoices = _record_table(
    "invoices",
    _text("account_id"),
    _text("number"),
    _text("kind"),  # InvoiceKind
    _text("feed"),  # the Kind whose feed delivers it: a CRM may have one feed for both
    sa.Column("issued_on", sa.Date, nullable=False),
    sa.Column("due_on", sa.Date, nullable=False),
    *_money("amount"),
    _text("applies_to", null=True),
    *_money("disputed", null=True),
    sa.Column("disputed_on", sa.Date, nullable=True),
    sa.Index("ix_invoices_account_id_system", "account_id", "system"),
)

payments = _record_table(
    "payments",
    _text("account_id"),
    sa.Column("paid_on", sa.Date, nullable=False),
    *_money("amount"),
    sa.Index("ix_payments_account_id_system", "account_id", "system"),
)

allocations = _record_table(
    "allocations",
    _text("payment_id"),
    _text("invoice_id"),
    *_money("amount"),
    sa.Index("ix_allocations_payment_id_system", "payment_id", "system"),
    sa.Index("ix_allocations_invoice_id_system", "invoice_id", "system"),
)

orders = _record_table(
    "orders",
    _text("account_id"),
    _text("number"),
    sa.Column("ordered_on", sa.Date, nullable=False),
    sa.Column("deliver_on", sa.Date, nullable=True),
    *_money("amount"),
    *_money("invoiced", null=True),
    _text("status"),  # OrderStatus
    sa.Column("prepaid", sa.Boolean, nullable=False),
    sa.Index("ix_orders_account_id_system", "account_id", "system"),
)

RECORD_TABLES = {
    Kind.OWNERS: owners,
    Kind.ACCOUNTS: accounts,
    Kind.CONTACTS: contacts,
    Kind.INVOICES: invoices,
    Kind.CREDIT_NOTES: invoices,
    Kind.PAYMENTS: payments,
    Kind.ALLOCATIONS: allocations,
    Kind.ORDERS: orders,
}

problems = sa.Table(
    "problems",
    metadata,
    _text("system", key=True),
    _text("kind", key=True),
    _text("record_id", key=True),
    _text("account_id", null=True),
    _text("reason"),
    _text("detail"),
    _time("seen_at"),
    _time("cleared_at", null=True),
)

cursors = sa.Table(
    "cursors",
    metadata,
    _text("system", key=True),
    _text("kind", key=True),
    _time("watermark", null=True),
    _text("position"),
    _time("promise", null=True),
    sa.Column("seen_count", sa.Integer, nullable=False),  # records in the scan under way
    sa.Column("gone_count", sa.Integer, nullable=False),  # deletions in the scan under way
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("sweeping", sa.Boolean, nullable=False),  # a full scan is under way
    _time("saved_at"),
)

entities = sa.Table(
    "entities",
    metadata,
    _text("entity", key=True),
    _text("name"),
    _text("uscc", null=True),
    _text("identity"),  # uscc, record, invalid, conflict
    _text("currency"),
    _text("currency_basis"),  # accounts, items, default
)

stale = sa.Table(
    "stale",
    metadata,
    # One row a change, never updated: who assesses deletes exactly the rows he saw before, so a
    # change that arrives meanwhile stays. Numbers are not used again.
    sa.Column(
        "id",
        sa.BigInteger().with_variant(sa.Integer, "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    _text("system"),
    _text("account_id"),
    sa.Index("ix_stale_account_id_system", "account_id", "system"),
    sqlite_autoincrement=True,
)

assessments = sa.Table(
    "assessments",
    metadata,
    _text("id", key=True),
    _text("entity"),
    sa.Column("as_of", sa.Date, nullable=False),
    _text("policy_version"),
    _text("rating"),
    sa.Column("score", Tenths, nullable=True),
    sa.Column("limit_minor", MinorUnits, nullable=True),
    _text("currency"),
    _text("inputs_hash"),
    sa.Column("record", PackedBytes, nullable=False),  # the Assessment, whole
    sa.Column("explanation", PackedBytes, nullable=False),
    _time("created_at"),
    sa.Column("latest", sa.Boolean, nullable=False),
    sa.UniqueConstraint("entity", "as_of"),
    sa.Index(
        "ix_assessments_latest",
        "entity",
        unique=True,
        sqlite_where=sa.text("latest"),
        postgresql_where=sa.text("latest"),
    ),
)

last_written = sa.Table(
    "last_written",
    metadata,
    _text("system", key=True),
    _text("record_id", key=True),
    _text("field", key=True),
    _text("value", null=True),
    _time("written_at"),
)

tasks = sa.Table(
    "tasks",
    metadata,
    _text("key", key=True),
    _text("system"),
    _text("account_id"),
    _text("owner_id", null=True),
    sa.Column("level", sa.Integer, nullable=False),
    _text("leading_item"),
    sa.Column("cycle", sa.Integer, nullable=False),
    _text("task_id", null=True),
    _text("state"),  # planned, open, closed
    _text("text_hash"),
    _time("created_at"),
    _time("closed_at", null=True),
    sa.Index("ix_tasks_account_id_system", "account_id", "system"),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    _time("at"),
    _text("system"),
    _text("target"),
    _text("what"),
    sa.Column("old", JsonBytes, nullable=True),
    sa.Column("new", JsonBytes, nullable=True),
    _text("assessment_id", null=True),
    _text("why"),
    _text("prev_hash"),
    _text("hash"),
)

audit_head = sa.Table(
    "audit_head",
    metadata,
    # One row. Locking it puts the writers of the log in a line.
    sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    _text("hash"),
)

usage = sa.Table(
    "usage",
    metadata,
    _text("system", key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("calls", sa.BigInteger, nullable=False),
    sa.Column("credits", sa.BigInteger, nullable=False),
)

policies = sa.Table(
    "policies",
    metadata,
    _text("version", key=True),
    _text("toml"),
    _text("state"),  # draft, shadow, active, retired
    _text("author"),
    _text("note"),
    _time("created_at"),
)

policy_periods = sa.Table(
    "policy_periods",
    metadata,
    # When a version was in force. Going back to an earlier version is another period of it.
    sa.Column("from_on", sa.Date, primary_key=True),
    _text("version"),
    _text("author"),
    _text("approver"),
    _time("decided_at"),
)
