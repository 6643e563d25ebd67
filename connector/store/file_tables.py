"""The tables of the credit file (资信档案), of decisions, and of what was noticed day by day.

A fact belongs to an account, (account_system, account_id); ``system`` is where it comes from: the
account's own connection, or the name of an import. It follows its account into whatever company
that is grouped.
"""

import sqlalchemy as sa

from connector.store.columns import JsonBytes, MinorUnits
from connector.store.table_parts import metadata, money, record_table, text, time
from scoring.records import Kind

__all__ = [
    "FILE_TABLES",
    "cases",
    "collateral",
    "credit_records",
    "decisions",
    "notes_receivable",
    "payment_returns",
    "promises",
    "signals",
    "snapshots",
    "standards",
    "statements",
    "write_offs",
]


def _file_table(name: str, *columns: sa.schema.SchemaItem) -> sa.Table:
    return record_table(
        name,
        text("account_system"),
        text("account_id"),
        *columns,
        sa.Index(f"ix_{name}_account_id_account_system", "account_id", "account_system"),
    )


def _day(name: str, *, null: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Date, nullable=null)


statements = _file_table(
    "statements",
    _day("period_end"),
    sa.Column("months", sa.Integer, nullable=False),
    text("basis"),
    _day("received_on"),
    text("source"),
    text("currency"),
    sa.Column("lines", JsonBytes, nullable=False),  # minor units by the line's name
)

credit_records = _file_table(
    "credit_records",
    text("kind"),
    _day("known_on"),
    _day("event_on", null=True),
    _day("valid_to", null=True),
    _day("ended_on", null=True),
    text("status", null=True),
    sa.Column("value", sa.Double, nullable=True),
    *money("amount", null=True),
    text("channel", null=True),
    text("source"),
)

promises = _file_table(
    "promises",
    text("invoice_id", null=True),
    _day("made_on"),
    _day("promised_on"),
    *money("amount"),
    _day("cancelled_on", null=True),
    _day("superseded_on", null=True),
)

collateral = _file_table(
    "collateral",
    text("kind"),
    *money("amount"),
    _day("valid_from"),
    _day("valid_to", null=True),
    sa.Column("registered", sa.Boolean, nullable=False),
    sa.Column("haircut", sa.Double, nullable=True),
)

write_offs = _file_table(
    "write_offs",
    text("invoice_id", null=True),
    _day("written_off_on"),
    *money("amount"),
)

payment_returns = _file_table(
    "payment_returns",
    text("payment_id", null=True),
    text("kind"),
    _day("returned_on"),
)

notes_receivable = _file_table(
    "notes_receivable",
    text("kind"),
    *money("amount"),
    _day("received_on"),
    _day("due_on"),
    _day("ended_on", null=True),
)

FILE_TABLES = {
    Kind.STATEMENTS: statements,
    Kind.CREDIT_RECORDS: credit_records,
    Kind.PROMISES: promises,
    Kind.COLLATERAL: collateral,
    Kind.WRITE_OFFS: write_offs,
    Kind.RETURNS: payment_returns,
    Kind.NOTES: notes_receivable,
}

decisions = sa.Table(
    "decisions",
    metadata,
    text("id", key=True),
    text("account_system"),
    text("account_id"),
    text("kind"),
    text("state"),  # draft, approved, rejected, ended
    _day("from_on"),
    _day("to_on", null=True),
    text("grade", null=True),
    sa.Column("amount_minor", MinorUnits, nullable=True),
    text("amount_currency", null=True),
    text("scope", null=True),
    text("reason"),
    text("text"),
    text("evidence", null=True),
    text("before", null=True),  # the rating it replaced
    text("author"),
    text("approver", null=True),
    time("created_at"),
    time("decided_at", null=True),
    _day("ended_on", null=True),  # in force until the day before
    text("ended_by", null=True),
    sa.Index("ix_decisions_account_id_account_system", "account_id", "account_system"),
    sa.Index("ix_decisions_state", "state"),
)

signals = sa.Table(
    "signals",
    metadata,
    text("entity", key=True),
    text("code", key=True),
    sa.Column("first_on", sa.Date, primary_key=True),
    _day("last_on"),
)

standards = sa.Table(
    "standards",
    metadata,
    text("id", key=True),
    sa.Column("content", JsonBytes, nullable=False),  # one industry's values, as it was imported
    text("source"),
    time("imported_at"),
)

snapshots = sa.Table(
    "snapshots",
    metadata,
    text("entity", key=True),
    sa.Column("taken_on", sa.Date, primary_key=True),
    text("currency"),
    *(
        sa.Column(name, MinorUnits, nullable=True)
        for name in ("current", "days_1_30", "days_31_60", "days_61_90", "over_90")
    ),
    sa.Column("overdue", MinorUnits, nullable=True),
    sa.Column("exposure", MinorUnits, nullable=True),
    sa.Index("ix_snapshots_taken_on", "taken_on"),
)

cases = sa.Table(
    "cases",
    metadata,
    text("id", key=True),
    text("account_system"),
    text("account_id"),
    text("number", null=True),  # the order's, where it was told
    text("state"),  # open, may_pass, released, rejected
    _day("opened_on"),
    text("author"),
    text("supporters", null=True),  # who approved so far, where one approval is not enough
    sa.Column("record", JsonBytes, nullable=False),  # the Case, whole
    time("changed_at"),
    sa.Index("ix_cases_state", "state"),
)
