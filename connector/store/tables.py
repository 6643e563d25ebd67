"""The tables of connections, mirrored records and credit results.

Mirrored records are keyed by (system, record_id): a connection's name and the CRM's own id. A
record the CRM no longer has keeps its row with ``gone_at``. The tables of the credit file stand in
``file_tables.py``, those of calls in ``call_tables.py``, queue tables in ``queue_tables.py``, on
the same ``metadata``.
"""

import sqlalchemy as sa

from connector.store.call_tables import places, slots, spending, usage
from connector.store.columns import JsonBytes, MinorUnits, PackedBytes, Tenths, UtcDateTime
from connector.store.file_tables import FILE_TABLES
from connector.store.operation_tables import erased, restores
from connector.store.table_parts import metadata, money, record_table, text, time
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
    "erased",
    "full_reads",
    "invoices",
    "last_written",
    "leases",
    "metadata",
    "orders",
    "owners",
    "payments",
    "places",
    "policies",
    "policy_periods",
    "problems",
    "restores",
    "sealing",
    "slots",
    "spending",
    "stale",
    "tasks",
    "usage",
]

connections = sa.Table(
    "connections",
    metadata,
    text("name", key=True),
    text("vendor"),
    text("organisation_id", null=True),
    sa.Column("token", sa.LargeBinary, nullable=True),  # sealed by the token keeper
    time("token_expires_at", null=True),
    text("state"),  # new, ready, needs_reauth
    time("updated_at"),
)

sealing = sa.Table(
    "sealing",
    metadata,
    # The canary, sealed like a token: a key that does not open it is the wrong one.
    text("name", key=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    time("updated_at"),
)

leases = sa.Table(
    "leases",
    metadata,
    text("name", key=True),
    text("owner"),
    sa.Column("epoch", sa.Integer, nullable=False),
    time("expires_at"),
)

owners = record_table(
    "owners",
    text("name"),
    text("email", null=True),
    sa.Column("active", sa.Boolean, nullable=False),
)

accounts = record_table(
    "accounts",
    text("name"),
    text("uscc", null=True),
    text("industry", null=True),
    text("country", null=True),
    text("owner_id", null=True),
    text("parent_id", null=True),
    text("currency", null=True),
    sa.Column("terms_days", sa.Integer, nullable=True),
    sa.Column("created_on", sa.Date, nullable=True),
    text("size_class", null=True),
    sa.Column("facts", JsonBytes, nullable=True),  # of the credit file, in fields of the account
    sa.Column("facts_on", sa.Date, nullable=True),  # the day their present content was first seen
    text("entity", null=True),  # null: to be grouped
    text("uscc_key", null=True),  # the valid code by which it was last grouped
    sa.Index("ix_accounts_entity", "entity"),
    sa.Index("ix_accounts_uscc_key", "uscc_key"),
    sa.Index("ix_accounts_parent_id_system", "parent_id", "system"),
)

contacts = record_table(
    "contacts",
    text("account_id"),
    text("name"),
    text("email", null=True),
    text("phone", null=True),
    sa.Index("ix_contacts_account_id_system", "account_id", "system"),
)

invoices = record_table(
    "invoices",
    text("account_id"),
    text("number"),
    text("kind"),  # InvoiceKind
    text("feed"),  # the Kind whose feed delivers it: a CRM may have one feed for both
    sa.Column("issued_on", sa.Date, nullable=False),
    sa.Column("due_on", sa.Date, nullable=False),
    *money("amount"),
    text("applies_to", null=True),
    *money("disputed", null=True),
    sa.Column("disputed_on", sa.Date, nullable=True),
    sa.Column("dispute_closed_on", sa.Date, nullable=True),
    text("dispute_outcome", null=True),
    text("segment", null=True),
    sa.Index("ix_invoices_account_id_system", "account_id", "system"),
)

payments = record_table(
    "payments",
    text("account_id"),
    sa.Column("paid_on", sa.Date, nullable=False),
    *money("amount"),
    sa.Index("ix_payments_account_id_system", "account_id", "system"),
)

allocations = record_table(
    "allocations",
    text("payment_id"),
    text("invoice_id"),
    *money("amount"),
    sa.Index("ix_allocations_payment_id_system", "payment_id", "system"),
    sa.Index("ix_allocations_invoice_id_system", "invoice_id", "system"),
)

orders = record_table(
    "orders",
    text("account_id"),
    text("number"),
    sa.Column("ordered_on", sa.Date, nullable=False),
    sa.Column("deliver_on", sa.Date, nullable=True),
    *money("amount"),
    *money("invoiced", null=True),
    text("status"),  # OrderStatus
    sa.Column("prepaid", sa.Boolean, nullable=False),
    *money("delivered", null=True),
    *money("deposit", null=True),
    text("segment", null=True),
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
    **FILE_TABLES,
}

problems = sa.Table(
    "problems",
    metadata,
    text("system", key=True),
    text("kind", key=True),
    text("record_id", key=True),
    text("account_id", null=True),
    text("reason"),
    text("detail"),
    time("seen_at"),
    time("cleared_at", null=True),
)

cursors = sa.Table(
    "cursors",
    metadata,
    text("system", key=True),
    text("kind", key=True),
    time("watermark", null=True),
    text("position"),
    time("promise", null=True),
    sa.Column("seen_count", sa.Integer, nullable=False),  # records in the scan under way
    sa.Column("gone_count", sa.Integer, nullable=False),  # deletions in the scan under way
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("sweeping", sa.Boolean, nullable=False),  # a full scan is under way
    time("saved_at"),
    time("began_at", null=True),  # when the first page of the scan was asked for
)

full_reads = sa.Table(
    "full_reads",
    metadata,
    # When all was read that only a full read tells.
    text("system", key=True),
    time("ended_at"),
)

entities = sa.Table(
    "entities",
    metadata,
    text("entity", key=True),
    text("name"),
    text("uscc", null=True),
    text("identity"),  # uscc, record, invalid, conflict
    text("currency"),
    text("currency_basis"),  # accounts, items, default
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
    text("system"),
    text("account_id"),
    sa.Index("ix_stale_account_id_system", "account_id", "system"),
    sqlite_autoincrement=True,
)

#: An explanation of which something is kept: nothing, packed, takes 8 bytes.
EXPLAINED = sa.text("length(explanation) > 8")

assessments = sa.Table(
    "assessments",
    metadata,
    text("id", key=True),
    text("entity"),
    sa.Column("as_of", sa.Date, nullable=False),
    text("policy_version"),
    text("rating"),
    sa.Column("score", Tenths, nullable=True),
    sa.Column("limit_minor", MinorUnits, nullable=True),
    text("currency"),
    text("inputs_hash"),
    sa.Column("record", PackedBytes, nullable=False),  # the Assessment, whole
    sa.Column("explanation", PackedBytes, nullable=False),
    time("created_at"),
    sa.Column("latest", sa.Boolean, nullable=False),
    sa.UniqueConstraint("entity", "as_of"),
    sa.Index(
        "ix_assessments_latest",
        "entity",
        unique=True,
        sqlite_where=sa.text("latest"),
        postgresql_where=sa.text("latest"),
    ),
    sa.Index(
        "ix_assessments_explained", "as_of", sqlite_where=EXPLAINED, postgresql_where=EXPLAINED
    ),
)

last_written = sa.Table(
    "last_written",
    metadata,
    text("system", key=True),
    text("record_id", key=True),
    text("field", key=True),
    text("value", null=True),
    time("written_at"),
    time("crm_at", null=True),  # the CRM's own stamp of the write, where it gives one
)

tasks = sa.Table(
    "tasks",
    metadata,
    text("key", key=True),
    text("system"),
    text("account_id"),
    text("owner_id", null=True),
    sa.Column("level", sa.Integer, nullable=False),
    text("leading_item"),
    sa.Column("cycle", sa.Integer, nullable=False),
    text("task_id", null=True),
    text("state"),  # planned, open, closed
    text("text_hash"),
    time("created_at"),
    time("closed_at", null=True),
    sa.Index("ix_tasks_account_id_system", "account_id", "system"),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    time("at"),
    text("system"),
    text("target"),
    text("what"),
    sa.Column("old", JsonBytes, nullable=True),
    sa.Column("new", JsonBytes, nullable=True),
    text("assessment_id", null=True),
    text("why"),
    text("prev_hash"),
    text("hash"),
)

audit_head = sa.Table(
    "audit_head",
    metadata,
    # One row. Locking it puts the writers of the log in a line.
    sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    text("hash"),
)

policies = sa.Table(
    "policies",
    metadata,
    text("version", key=True),
    text("toml"),
    text("state"),  # draft, shadow, active, retired
    text("author"),
    text("note"),
    time("created_at"),
)

policy_periods = sa.Table(
    "policy_periods",
    metadata,
    # When a version was in force. Going back to an earlier version is another period of it.
    sa.Column("from_on", sa.Date, primary_key=True),
    text("version"),
    text("author"),
    text("approver"),
    time("decided_at"),
)
