"""What tables are made of: the columns that many of them share."""

import sqlalchemy as sa

from connector.store.columns import MinorUnits, UtcDateTime

__all__ = ["metadata", "money", "record_table", "text", "time"]

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def text(name: str, *, null: bool = False, key: bool = False) -> "sa.Column[str]":
    """Make a column of text; a key is never null."""
    return sa.Column(name, sa.Text, primary_key=key, nullable=null)


def time(name: str, *, null: bool = False) -> sa.Column[object]:
    """Make a column of an aware time."""
    return sa.Column(name, UtcDateTime, nullable=null)


def money(name: str, *, null: bool = False) -> list[sa.Column[object]]:
    """Two columns: minor units and currency, null together."""
    return [
        sa.Column(f"{name}_minor", MinorUnits, nullable=null),
        sa.Column(f"{name}_currency", sa.Text, nullable=null),
    ]


def record_table(name: str, *columns: sa.schema.SchemaItem) -> sa.Table:
    """Build a table of mirrored records.

    ``content_hash`` leaves the modified time out: what changed nothing but that is no change.
    ``generation`` is the full scan that saw the record last.
    """
    return sa.Table(
        name,
        metadata,
        # Keys and indexes begin with the id: an index that begins with the connection's name lures
        # planners without statistics into reading all of its rows.
        text("record_id", key=True),
        text("system", key=True),
        *columns,
        time("modified_at", null=name == "owners"),
        text("content_hash"),
        sa.Column("generation", sa.Integer, nullable=False, default=0),
        time("gone_at", null=True),
    )
