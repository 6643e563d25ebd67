import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from connector.store import queue_tables, tables
from connector.store.engine import reading, writing
from connector.store.migrations import SchemaNewer, SchemaOlder, check_schema, upgrade


def test_upgrading_an_empty_database_gives_the_tables_of_the_code(engine: sa.Engine) -> None:
    assert "outbox" in tables.metadata.tables, queue_tables.__name__

    with reading(engine) as conn:
        differences = compare_metadata(MigrationContext.configure(conn), tables.metadata)

    assert differences == []


def test_upgrading_again_changes_nothing(engine: sa.Engine) -> None:
    upgrade(engine)

    check_schema(engine)
    with reading(engine) as conn:
        assert conn.execute(sa.text("SELECT count(*) FROM alembic_version")).scalar_one() == 1


def test_an_empty_database_is_no_schema_to_start_with(empty_engine: sa.Engine) -> None:
    with pytest.raises(SchemaOlder):
        check_schema(empty_engine)


def test_a_newer_schema_is_refused(engine: sa.Engine) -> None:
    with writing(engine) as conn:
        conn.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(SchemaNewer, match="9999"):
        upgrade(engine)
    with pytest.raises(SchemaNewer):
        check_schema(engine)


def test_a_migration_that_fails_leaves_nothing_behind(empty_engine: sa.Engine) -> None:
    with writing(empty_engine) as conn:
        conn.execute(sa.text("CREATE TABLE channels (other INTEGER)"))

    with pytest.raises(sa.exc.DBAPIError):
        upgrade(empty_engine)

    with reading(empty_engine) as conn:
        assert sa.inspect(conn).get_table_names() == ["channels"]
