"""Connections and mirrored records."""

import sqlalchemy as sa
from alembic import op

from connector.store import columns

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    _connections()
    _leases()
    _owners()
    _accounts()
    _contacts()
    _invoices()
    _payments()
    _allocations()
    _orders()
    _problems()
    _cursors()


def _connections() -> None:
    op.create_table(
        "connections",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("vendor", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=True),
        sa.Column("token", sa.LargeBinary(), nullable=True),
        sa.Column("token_expires_at", columns.UtcDateTime(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("updated_at", columns.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_connections")),
    )


def _leases() -> None:
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("expires_at", columns.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )


def _owners() -> None:
    op.create_table(
        "owners",
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("modified_at", columns.UtcDateTime(), nullable=True),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("gone_at", columns.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("record_id", "system", name=op.f("pk_owners")),
    )


def _accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("uscc", sa.Text(), nullable=True),
        sa.Column("industry", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("owner_id", sa.Text(), nullable=True),
        sa.Column("parent_id", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("terms_days", sa.Integer(), nullable=True),
        sa.Column("created_on", sa.Date(), nullable=True),
        sa.Column("size_class", sa.Text(), nullable=True),
        sa.Column("facts", columns.JsonBytes(), nullable=True),
        sa.Column("facts_on", sa.Date(), nullable=True),
        sa.Column("entity", sa.Text(), nullable=True),
        sa.Column("uscc_key", sa.Text(), nullable=True),
        sa.Column("modified_at", columns.UtcDateTime(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("gone_at", columns.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("record_id", "system", name=op.f("pk_accounts")),
    )
    op.create_index("ix_accounts_entity", "accounts", ["entity"], unique=False)
    op.create_index("ix_accounts_uscc_key", "accounts", ["uscc_key"], unique=False)
    op.create_index(
        "ix_accounts_parent_id_system", "accounts", ["parent_id", "system"], unique=False
    )


def _contacts() -> None:
    op.create_table(
        "contacts",
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("modified_at", columns.UtcDateTime(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("gone_at", columns.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("record_id", "system", name=op.f("pk_contacts")),
    )
    op.create_index(
        "ix_contacts_account_id_system", "contacts", ["account_id", "system"], unique=False
    )


def _invoices() -> None:
    op.create_table(
        "invoices",
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("amount_currency", sa.Text(), nullable=False),
        sa.Column("applies_to", sa.Text(), nullable=True),
        sa.Column("disputed_minor", sa.BigInteger(), nullable=True),
        sa.Column("disputed_currency", sa.Text(), nullable=True),
        sa.Column("disputed_on", sa.Date(), nullable=True),
        sa.Column("dispute_closed_on", sa.Date(), nullable=True),
        sa.Column("dispute_outcome", sa.Text(), nullable=True),
        sa.Column("segment", sa.Text(), nullable=True),
        sa.Column("modified_at", columns.UtcDateTime(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("gone_at", columns.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("record_id", "system", name=op.f("pk_invoices")),
    )
    op.create_index(
        "ix_invoices_account_id_system", "invoices", ["account_id", "system"], unique=False
    )


def _payments() -> None:
    op.create_table(
        "payments",
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("amount_currency", sa.Text(), nullable=False),
        sa.Column("modified_at", columns.UtcDateTime(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("gone_at", columns.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("record_id", "system", name=op.f("pk_payments")),
    )
    op.create_index(
        "ix_payments_account_id_system", "payments", ["account_id", "system"], unique=False
    )


def _allocations() -> None:
    op.create_table(
        "allocations",
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("payment_id", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("amount_currency", sa.Text(), nullable=False),
        sa.Column("modified_at", columns.UtcDateTime(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("gone_at", columns.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("record_id", "system", name=op.f("pk_allocations")),
    )
    op.create_index(
        "ix_allocations_invoice_id_system", "allocations", ["invoice_id", "system"], unique=False
    )
    op.create_index(
        "ix_allocations_payment_id_system", "allocations", ["payment_id", "system"], unique=False
    )


def _orders() -> None:
    op.create_table(
        "orders",
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("ordered_on", sa.Date(), nullable=False),
        sa.Column("deliver_on", sa.Date(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("amount_currency", sa.Text(), nullable=False),
        sa.Column("invoiced_minor", sa.BigInteger(), nullable=True),
        sa.Column("invoiced_currency", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("prepaid", sa.Boolean(), nullable=False),
        sa.Column("delivered_minor", sa.BigInteger(), nullable=True),
        sa.Column("delivered_currency", sa.Text(), nullable=True),
        sa.Column("deposit_minor", sa.BigInteger(), nullable=True),
        sa.Column("deposit_currency", sa.Text(), nullable=True),
        sa.Column("segment", sa.Text(), nullable=True),
        sa.Column("modified_at", columns.UtcDateTime(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("gone_at", columns.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("record_id", "system", name=op.f("pk_orders")),
    )
    op.create_index("ix_orders_account_id_system", "orders", ["account_id", "system"], unique=False)


def _problems() -> None:
    op.create_table(
        "problems",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("seen_at", columns.UtcDateTime(), nullable=False),
        sa.Column("cleared_at", columns.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("system", "kind", "record_id", name=op.f("pk_problems")),
    )


def _cursors() -> None:
    op.create_table(
        "cursors",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("watermark", columns.UtcDateTime(), nullable=True),
        sa.Column("position", sa.Text(), nullable=False),
        sa.Column("promise", columns.UtcDateTime(), nullable=True),
        sa.Column("seen_count", sa.Integer(), nullable=False),
        sa.Column("gone_count", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("sweeping", sa.Boolean(), nullable=False),
        sa.Column("saved_at", columns.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("system", "kind", name=op.f("pk_cursors")),
    )
