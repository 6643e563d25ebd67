"""The credit file, decisions about it, signals and industry standards."""

import sqlalchemy as sa
from alembic import op

from connector.store import columns

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the tables."""
    _facts()
    _securities()
    _decisions()
    _signals()
    _standards()


def _facts() -> None:
    _create_file_table(
        "statements",
        _day("period_end"),
        sa.Column("months", sa.Integer(), nullable=False),
        _text("basis"),
        _day("received_on"),
        _text("source"),
        _text("currency"),
        sa.Column("lines", columns.JsonBytes(), nullable=False),
    )
    _create_file_table(
        "credit_records",
        _text("kind"),
        _day("known_on"),
        _day("event_on", null=True),
        _day("valid_to", null=True),
        _day("ended_on", null=True),
        _text("status", null=True),
        sa.Column("value", sa.Double(), nullable=True),
        *_money("amount", null=True),
        _text("channel", null=True),
        _text("source"),
    )
    _create_file_table(
        "promises",
        _text("invoice_id", null=True),
        _day("made_on"),
        _day("promised_on"),
        *_money("amount"),
        _day("cancelled_on", null=True),
        _day("superseded_on", null=True),
    )
    _create_file_table(
        "write_offs", _text("invoice_id", null=True), _day("written_off_on"), *_money("amount")
    )
    _create_file_table(
        "payment_returns", _text("payment_id", null=True), _text("kind"), _day("returned_on")
    )


def _securities() -> None:
    _create_file_table(
        "collateral",
        _text("kind"),
        *_money("amount"),
        _day("valid_from"),
        _day("valid_to", null=True),
        sa.Column("registered", sa.Boolean(), nullable=False),
        sa.Column("haircut", sa.Double(), nullable=True),
    )
    _create_file_table(
        "notes_receivable",
        _text("kind"),
        *_money("amount"),
        _day("received_on"),
        _day("due_on"),
        _day("ended_on", null=True),
    )


def _create_file_table(name: str, *own: sa.Column[object]) -> None:
    op.create_table(
        name,
        _text("record_id"),
        _text("system"),
        _text("account_system"),
        _text("account_id"),
        *own,
        _time("modified_at"),
        _text("content_hash"),
        sa.Column("generation", sa.Integer(), nullable=False),
        _time("gone_at", null=True),
        sa.PrimaryKeyConstraint("record_id", "system", name=op.f(f"pk_{name}")),
    )
    op.create_index(
        f"ix_{name}_account_id_account_system", name, ["account_id", "account_system"], unique=False
    )


def _text(name: str, *, null: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Text(), nullable=null)


def _day(name: str, *, null: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Date(), nullable=null)


def _time(name: str, *, null: bool = False) -> sa.Column[object]:
    return sa.Column(name, columns.UtcDateTime(), nullable=null)


def _money(name: str, *, null: bool = False) -> list[sa.Column[object]]:
    minor: sa.Column[object] = sa.Column(f"{name}_minor", sa.BigInteger(), nullable=null)
    return [minor, _text(f"{name}_currency", null=null)]


def _decisions() -> None:
    op.create_table(
        "decisions",
        _text("id"),
        _text("account_system"),
        _text("account_id"),
        _text("kind"),
        _text("state"),
        _day("from_on"),
        _day("to_on", null=True),
        _text("grade", null=True),
        *_money("amount", null=True),
        _text("scope", null=True),
        _text("reason"),
        _text("text"),
        _text("evidence", null=True),
        _text("before", null=True),
        _text("author"),
        _text("approver", null=True),
        _time("created_at"),
        _time("decided_at", null=True),
        _day("ended_on", null=True),
        _text("ended_by", null=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
    )
    op.create_index(
        "ix_decisions_account_id_account_system",
        "decisions",
        ["account_id", "account_system"],
        unique=False,
    )
    op.create_index("ix_decisions_state", "decisions", ["state"], unique=False)


def _signals() -> None:
    op.create_table(
        "signals",
        _text("entity"),
        _text("code"),
        _day("first_on"),
        _day("last_on"),
        sa.PrimaryKeyConstraint("entity", "code", "first_on", name=op.f("pk_signals")),
    )


def _standards() -> None:
    op.create_table(
        "standards",
        _text("id"),
        sa.Column("content", columns.JsonBytes(), nullable=False),
        _text("source"),
        _time("imported_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standards")),
    )
