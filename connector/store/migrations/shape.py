"""Whether a database has the tables and columns that this version needs."""

import sqlalchemy as sa

from connector.store.queue_tables import inbox

__all__ = ["missing_parts"]

_SQLITE = (
    "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c"
    " WHERE m.type = 'table'"
)
_POSTGRESQL = (
    "SELECT table_name, column_name FROM information_schema.columns"
    " WHERE table_schema = current_schema()"
)


def missing_parts(connection: sa.Connection) -> list[str]:
    """Name columns of the code that the database has not, like ``outbox.sent_at``, sorted."""
    ask = _POSTGRESQL if connection.dialect.name == "postgresql" else _SQLITE
    there = {(table, column) for table, column in connection.exec_driver_sql(ask)}
    needed = {
        (table.name, column.name)
        for table in inbox.metadata.tables.values()
        for column in table.columns
    }
    return sorted(f"{table}.{column}" for table, column in needed - there)
