"""zixin migrate-to: a SQLite database becomes one of PostgreSQL, whole or not at all."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import Result

from connector.store import moving
from connector.store.audit import AuditEntry, append, verify
from connector.store.engine import create_engine, reading, writing
from connector.store.migrations import upgrade
from connector.store.presence import be_present
from connector.store.queue_tables import inbox, outbox
from connector.store.tables import accounts, audit, invoices, metadata, stale
from connector.wiring.moving import move_database
from tests.connector.cli.shell import invoke
from tests.connector.store.filling import KEYS, fill


@pytest.fixture
def folder(tmp_path: Path, tables_file: Path) -> Path:
    """An installation on SQLite, with rows in every table."""
    shutil.copyfile(tables_file, tmp_path / "zixin.db")
    (tmp_path / "zixin.toml").write_text('[store]\nurl = "sqlite:///zixin.db"\n')
    engine = create_engine(f"sqlite:///{tmp_path / 'zixin.db'}")
    with writing(engine) as conn:
        fill(conn)
    engine.dispose()
    return tmp_path


@pytest.fixture
def target(database_url: str) -> Iterator[sa.Engine]:
    """An empty PostgreSQL database."""
    engine = create_engine(database_url)
    if engine.dialect.name != "postgresql":
        pytest.skip("needs a PostgreSQL server (make test-pg)")
    yield engine
    engine.dispose()


def move(folder: Path, url: str | sa.Engine, *more: str, code: int = 0) -> Result:
    """Run the command and expect an exit code."""
    if isinstance(url, sa.Engine):
        url = url.url.render_as_string(hide_password=False)
    result = invoke("migrate-to", url, "--config", str(folder / "zixin.toml"), *more)
    assert result.exit_code == code, result.stdout + result.stderr
    return result


def source_of(folder: Path) -> sa.Engine:
    return create_engine(f"sqlite:///{folder / 'zixin.db'}")


def rows_in(engine: sa.Engine, table: sa.Table) -> int:
    with reading(engine) as conn:
        return conn.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_every_table_arrives_as_it_was(folder: Path, target: sa.Engine) -> None:
    told = json.loads(move(folder, target, "--json").stdout)

    source = source_of(folder)
    for table in metadata.sorted_tables:
        with reading(source) as sent, reading(target) as arrived:
            every = sa.select(table)
            ours = sorted(map(repr, sent.execute(every)))
            assert sorted(map(repr, arrived.execute(every))) == ours, table.name
            assert ours
    source.dispose()
    assert {row["table"] for row in told["tables"]} == set(metadata.tables)
    assert {row["rows"] for row in told["tables"] if "audit" not in row["table"]} == {len(KEYS)}
    assert told["audit_entries"] == 5


def test_the_same_content_has_the_same_hash_wherever_it_stands(
    folder: Path, target: sa.Engine
) -> None:
    moved = json.loads(move(folder, target, "--json").stdout)["tables"]

    source = source_of(folder)
    for engine in (source, target):
        with reading(engine) as one, reading(engine) as other:
            found = [moving.compare_table(one, other, table) for table in metadata.sorted_tables]
        assert [each.hash for each in found] == [row["hash"] for row in moved]
    source.dispose()


def test_the_audit_log_holds_there_and_goes_on(folder: Path, target: sa.Engine) -> None:
    move(folder, target)

    with writing(target) as conn:
        row = conn.execute(sa.select(audit).order_by(audit.c.seq.desc())).first()
        assert row is not None
        entry = AuditEntry(at=row.at, system="", target="next", what="assessed", why="policy 1")
        append(conn, [entry])
        assert verify(conn) == 6
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), writing(target) as conn:
        conn.execute(audit.delete())


def test_numbers_go_on_after_all_that_were_ever_given(folder: Path, target: sa.Engine) -> None:
    source = source_of(folder)
    with writing(source) as conn:
        conn.execute(stale.insert(), {"id": 2**62 + 500, "system": "zoho", "account_id": "1"})
        conn.execute(stale.delete().where(stale.c.id == 2**62 + 500))
    source.dispose()

    move(folder, target)

    with writing(target) as conn:
        mark = stale.insert().values(system="zoho", account_id="1").returning(stale.c.id)
        assert conn.execute(mark).scalar_one() == 2**62 + 501
        for table in (inbox, outbox):
            highest = conn.execute(sa.select(sa.func.max(table.c.id))).scalar_one()
            following = sa.text(f"SELECT nextval(pg_get_serial_sequence('{table.name}', 'id'))")
            assert conn.execute(following).scalar_one() == highest + 1


def test_it_tells_what_to_configure_without_the_password(folder: Path, target: sa.Engine) -> None:
    url = target.url.set(password="hunter2").render_as_string(hide_password=False)

    told = move(folder, url, "--lang", "zh").stdout

    assert "hunter2" not in told
    assert f'url = "{target.url.set(password="x").render_as_string()}"' in told
    assert "密钥保持不变" in told


def test_a_row_that_arrives_changed_is_found_and_nothing_stays(
    folder: Path, target: sa.Engine
) -> None:
    upgrade(target)
    with writing(target) as conn:
        conn.exec_driver_sql(
            """CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN NEW.name := NEW.name || ' '; RETURN NEW; END $$"""
        )
        conn.exec_driver_sql(
            """CREATE TRIGGER spoil BEFORE INSERT ON accounts FOR EACH ROW
            WHEN (NEW.record_id = '恒') EXECUTE FUNCTION spoil()"""
        )

    said = move(folder, target, "--lang", "en", code=5).stderr

    assert "accounts arrived differently than it was sent, first at 恒, 恒" in said
    assert rows_in(target, accounts) == rows_in(target, invoices) == 0


@pytest.mark.parametrize("change", ["changed", "gone", "more"])
def test_the_comparison_finds_one_row_that_was_tampered_with(
    folder: Path, target: sa.Engine, change: str
) -> None:
    move(folder, target)
    key = invoices.c.record_id == "a b"
    with writing(target) as conn:
        if change == "changed":
            conn.execute(invoices.update().where(key).values(amount_minor=1))
        elif change == "gone":
            conn.execute(invoices.delete().where(key))
        else:
            names = [column.name for column in invoices.columns if column.name != "record_id"]
            more = sa.select(sa.literal("a b c"), *(invoices.c[name] for name in names)).where(key)
            conn.execute(invoices.insert().from_select(["record_id", *names], more))

    source = source_of(folder)
    with (
        reading(source) as sent,
        reading(target) as arrived,
        pytest.raises(moving.RowsDiffer) as it,
    ):
        moving.compare_table(sent, arrived, invoices)
    source.dispose()

    assert (it.value.table, it.value.key) == (
        "invoices",
        "a b c, a b" if change == "more" else "a b, a b",
    )


def test_a_move_that_is_interrupted_leaves_nothing_and_can_be_done_again(
    folder: Path, target: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, seen = moving.compare_table, []

    def interrupt(*arguments: object) -> moving.TableMoved:
        seen.append(arguments)
        if len(seen) == 10:
            raise KeyboardInterrupt
        return real(*arguments)  # type: ignore[arg-type]

    url = target.url.render_as_string(hide_password=False)
    with monkeypatch.context() as patch:
        patch.setattr(moving, "compare_table", interrupt)
        with pytest.raises(KeyboardInterrupt):
            move_database(folder / "zixin.toml", url, lambda *_: None)

    assert sum(rows_in(target, table) for table in metadata.sorted_tables) == 0
    move(folder, target)


def test_progress_is_told_portion_by_portion(
    folder: Path, target: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "ROWS_AT_ONCE", 100)
    source, told = source_of(folder), []
    upgrade(target)
    with writing(source) as sent, writing(target) as arriving:
        moved = moving.move_rows(sent, arriving, lambda *step: told.append(step))
    source.dispose()

    total = sum(each.rows for each in moved.tables)
    steps = [*range(100, total, 100), total]
    assert told == [(what, done, total) for what in ("copy", "compare") for done in steps]


def test_a_target_with_rows_is_refused(folder: Path, target: sa.Engine) -> None:
    move(folder, target)

    assert "has rows in" in move(folder, target, "--lang", "en", code=2).stderr


def test_a_target_of_another_schema_is_refused(folder: Path, target: sa.Engine) -> None:
    upgrade(target)
    for version in ("0001", "9999"):
        with writing(target) as conn:
            conn.execute(sa.text("UPDATE alembic_version SET version_num = :v"), {"v": version})

        assert "another version" in move(folder, target, "--lang", "en", code=2).stderr


def test_a_target_with_strange_tables_is_refused(folder: Path, target: sa.Engine) -> None:
    with writing(target) as conn:
        conn.exec_driver_sql("CREATE TABLE payroll (name text)")

    assert "a table payroll" in move(folder, target, "--lang", "en", code=2).stderr


def test_a_source_somebody_works_on_is_refused(folder: Path, target: sa.Engine) -> None:
    serving = source_of(folder)
    be_present(serving, lambda: None)

    assert "stop zixin everywhere" in move(folder, target, "--lang", "en", code=2).stderr
    serving.dispose()
    move(folder, target)


def test_a_table_nobody_knows_how_to_copy_is_an_error(folder: Path, target: sa.Engine) -> None:
    source = source_of(folder)
    with writing(source) as conn:
        conn.exec_driver_sql("CREATE TABLE later (id INTEGER)")
    source.dispose()

    with pytest.raises(LookupError, match="later"):
        move(folder, target)
    assert rows_in(target, accounts) == 0


def test_what_postgresql_cannot_hold_is_told_without_the_row(
    folder: Path, target: sa.Engine
) -> None:
    source = source_of(folder)
    with writing(source) as conn:
        named = {"name": "secret customer\0"}
        conn.execute(accounts.update().where(accounts.c.record_id == "B").values(named))
    source.dispose()

    said = move(folder, target, "--lang", "en", code=2).stderr

    assert "nothing was moved" in said
    assert "secret customer" not in said
    assert rows_in(target, accounts) == 0


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("sqlite:///other.db", "by copying its file"),
        ("mysql://host/zixin", "only PostgreSQL"),
        ("no address", "no address of a database"),
        ("postgresql://nobody@127.0.0.1:1/none", "the database refused, nothing was moved"),
    ],
)
def test_a_target_that_is_none_is_refused(folder: Path, url: str, sentence: str) -> None:
    assert sentence in move(folder, url, "--lang", "en", code=2).stderr


def test_from_postgresql_is_refused(folder: Path) -> None:
    (folder / "zixin.toml").write_text('[store]\nurl = "postgresql+psycopg://a@127.0.0.1/b"\n')

    url = "postgresql+psycopg://a@127.0.0.1/c"
    assert "pg_dump" in move(folder, url, "--lang", "en", code=2).stderr


def test_no_database_is_made_where_there_is_none_to_move(folder: Path) -> None:
    (folder / "zixin.db").unlink()

    url = "postgresql+psycopg://a@127.0.0.1/c"
    assert "no database" in move(folder, url, "--lang", "en", code=2).stderr
    assert not (folder / "zixin.db").exists()
