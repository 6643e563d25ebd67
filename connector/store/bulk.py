"""Many rows into PostgreSQL by COPY, which takes a fraction of the time of single inserts.

``upsert_rows`` leaves the same rows whichever way it goes; SQLite and small pages keep their own.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from connector.store.engine import bound_columns, execute_rows, upsert

__all__ = ["COPIED_FROM", "copy_rows", "upsert_rows"]

#: Fewer rows are inserted as they are: making a table for them costs more than it saves.
COPIED_FROM = 200


def copy_rows(
    connection: sa.Connection, table: str, names: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Put rows into a table of PostgreSQL. Values are as its driver takes them.

    Raises SQLAlchemy's errors, as an insert would.
    """
    quote = connection.dialect.identifier_preparer.quote
    command = f"COPY {quote(table)} ({', '.join(map(quote, names))}) FROM STDIN"
    driver: Any = connection.connection.driver_connection
    refused = connection.dialect.loaded_dbapi.Error
    try:
        with driver.cursor() as cursor, cursor.copy(command) as copy:
            for row in rows:
                copy.write_row(row)
    except refused as error:
        # Rows are left out: they are customers' data.
        raise sa.exc.DBAPIError.instance(command, None, error, refused) from error


def upsert_rows(
    connection: sa.Connection,
    table: sa.Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    update: tuple[str, ...],
    newer: str | None = None,
) -> None:
    """Insert rows that all name the same columns, or update these columns of those there are.

    Many rows go into a temporary table by COPY and from there in one statement. No key may come
    twice. With ``newer`` a stored row stays when its value of that column is greater.
    """
    statement = upsert(connection, table, update=update, newer=newer)
    if connection.dialect.name != "postgresql" or len(rows) < COPIED_FROM:
        execute_rows(connection, statement, rows)
        return
    names = list(rows[0])
    incoming = sa.table(f"incoming_{table.name}", *(sa.column(name) for name in names))
    shape = sa.select(*(table.c[name] for name in names)).where(sa.false())
    made = shape.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    quoted = connection.dialect.identifier_preparer.quote(incoming.name)
    connection.exec_driver_sql(f"CREATE TEMPORARY TABLE {quoted} ON COMMIT DROP AS {made}")
    columns = bound_columns(connection.dialect, table, names, rows)
    copy_rows(connection, incoming.name, names, zip(*columns, strict=True))
    # Code points, as who inserts one by one sorts them: two writers lock rows in the same order.
    keys = [sa.collate(incoming.c[column.name], "C") for column in table.primary_key.columns]
    found = sa.select(*incoming.c).order_by(*keys)
    connection.execute(statement.from_select(names, found, include_defaults=False))
    connection.exec_driver_sql(f"DROP TABLE {quoted}")
