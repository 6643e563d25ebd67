"""What the tests themselves stand on: databases that leave no connection behind."""

import gc
import os
import warnings
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.databases import Tables

pytestmark = pytest.mark.database


def test_a_database_that_cannot_be_emptied_is_not_lent_again_and_leaves_nothing_open(
    tmp_path: Path,
) -> None:
    if "TEST_DATABASE_URL" not in os.environ:
        pytest.skip("a SQLite file is copied, not emptied (make test-pg)")
    tables = Tables(tmp_path)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ResourceWarning)
        with tables.lent(tmp_path) as url:
            spoiling = sa.create_engine(url)
            with spoiling.begin() as connection:
                connection.exec_driver_sql("DROP TABLE alembic_version")
            spoiling.dispose()
        with tables.lent(tmp_path) as another:
            pass
        tables.close()
        gc.collect()

    assert another != url
    assert [str(one.message) for one in told if "psycopg" in str(one.message)] == []
