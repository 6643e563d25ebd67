"""From a statement to a frame of a Book: what the parts of loading share."""

from collections.abc import Sequence
from typing import Any

import polars as pl
import sqlalchemy as sa

from connector.store.engine import is_one_of
from connector.store.tables import accounts
from scoring.book import SCHEMAS

__all__ = ["Chosen", "Columns", "Loading", "empty", "in_shape", "key_of"]

Columns = Any  # a statement of columns of several tables
Chosen = Sequence[str] | None
_MOST_PARAMETERS = 5000


class Loading:
    """The statements of one Book, in one snapshot. ``chosen``: these entities; ``None``: all."""

    def __init__(self, conn: sa.Connection, chosen: Chosen) -> None:
        self.conn = conn
        self.chosen = None if chosen is None else list(chosen)
        self._sqlite = conn.dialect.name == "sqlite"

    def entity_is(self, column: sa.Column[Any]) -> sa.ColumnElement[bool]:
        """Say that a column holds a chosen entity."""
        if self.chosen is None:
            return column.is_not(None)
        if len(self.chosen) > _MOST_PARAMETERS:
            return is_one_of(self.conn, column, self.chosen)
        return column.in_(self.chosen)

    def day(self, column: sa.Column[Any]) -> sa.ColumnElement[Any]:
        """Select a date the way ``frame`` reads it."""
        # SQLite keeps dates as text; polars reads them faster than rows of date objects are made.
        return sa.type_coerce(column, sa.Text).label(column.name) if self._sqlite else column

    def frame(
        self, statement: Columns, name: str, **more: pl.DataType | type[pl.DataType]
    ) -> pl.DataFrame:
        """Run a statement that selects columns of the Book's frame ``name``, and ``more``."""
        schema = dict(SCHEMAS[name]) | more
        names = list(statement.selected_columns.keys())
        dates = [name for name in names if schema.get(name) == pl.Date]
        read = {
            column: pl.String if self._sqlite and column in dates else schema[column]
            for column in names
        }
        rows = [tuple(row) for row in self.conn.execute(statement)]
        frame = pl.DataFrame(rows, schema=read, orient="row")
        if self._sqlite and dates:
            frame = frame.with_columns(pl.col(column).str.to_date("%Y-%m-%d") for column in dates)
        return frame

    def of_accounts(self, statement: Columns, table: sa.Table) -> Columns:
        """Join a table of facts with the chosen entities' accounts."""
        system = table.c.account_system if "account_system" in table.c else table.c.system
        same = sa.and_(system == accounts.c.system, table.c.account_id == accounts.c.record_id)
        joined = (
            statement.select_from(accounts)
            .join(table, same)
            .where(self.entity_is(accounts.c.entity), accounts.c.gone_at.is_(None))
        )
        return joined.where(table.c.gone_at.is_(None)) if "gone_at" in table.c else joined


def key_of(table: sa.FromClause) -> sa.ColumnElement[str]:
    """Give a record's key in a Book: ``system:record_id``."""
    return table.c.system + ":" + table.c.record_id


def in_shape(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Put the columns in the frame's order."""
    return frame.select(list(SCHEMAS[name]))


def empty(name: str) -> pl.DataFrame:
    """Make the frame without rows."""
    return pl.DataFrame(schema=dict(SCHEMAS[name]))
