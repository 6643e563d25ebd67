"""zixin backup and restore on PostgreSQL: the database of then, or the one that stands there."""

import shutil
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from connector.clock import FixedClock
from connector.store import pg_programs
from connector.store.anchors import HEADS, keep_head
from connector.store.audit import append, verify
from connector.store.engine import create_engine, database_now, reading, writing
from connector.store.migrations import check_schema
from connector.store.pg_programs import Programs
from connector.store.presence import be_present
from connector.store.tables import accounts, audit, metadata, restores, sealing
from tests.connector.cli.shell import invoke
from tests.connector.store.filling import fill
from tests.connector.store.saving import NOW
from tests.connector.store.test_audit import an_entry
from tests.databases import empty_database


@dataclass(frozen=True, kw_only=True)
class House:
    """An installation on PostgreSQL, with rows in every table."""

    folder: Path
    engine: sa.Engine

    def __call__(self, *arguments: str, code: int = 0) -> str:
        """Run a command and give what it printed, its complaints where it ends otherwise."""
        config = str(self.folder / "zixin.toml")
        result = invoke(*arguments, "--config", config, "--lang", "en")
        assert result.exit_code == code, result.stdout + result.stderr
        return result.stderr if code else result.stdout

    def backup(self) -> Path:
        """Make a backup and tell where it is."""
        made: dict[str, Any] = msgspec.json.decode(self("backup", "--json"))
        return Path(made["backup"]["path"])

    def kept(self, file: Path) -> str:
        """Restore, and name the schema of before."""
        restored: dict[str, Any] = msgspec.json.decode(self("restore", str(file), "--json"))
        return str(restored["kept"])

    def counts(self) -> dict[str, int]:
        """Count the rows of every table."""
        with reading(self.engine) as conn:
            return {
                name: conn.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
                for name, table in metadata.tables.items()
            }

    def schemas(self) -> list[str]:
        """Name the schemas that are called after ours; others belong to tests beside this one."""
        with reading(self.engine) as conn:
            ours = conn.execute(sa.select(sa.func.current_schema())).scalar_one()
            return sorted(
                name for name in sa.inspect(conn).get_schema_names() if name.startswith(ours)
            )


def _settings(url: sa.URL) -> str:
    return f"[store]\nurl = {url.render_as_string(hide_password=False)!r}\n"


@pytest.fixture
def house(engine: sa.Engine, tmp_path: Path) -> Iterator[House]:
    if engine.dialect.name != "postgresql":
        pytest.skip("SQLite is put back as a file (tests/journeys/test_restore.py)")
    (tmp_path / "zixin.toml").write_text(_settings(engine.url))
    (tmp_path / "zixin.key").touch(mode=0o600)
    (tmp_path / "zixin.key").write_bytes(b64encode(bytes(range(32))))
    with writing(engine) as conn:
        fill(conn)
        conn.execute(sealing.delete())  # of a key that nobody has
    ready = House(folder=tmp_path, engine=engine)
    before = ready.schemas()
    yield ready
    with writing(engine) as conn:
        for schema in set(ready.schemas()) - set(before):
            conn.exec_driver_sql(f'DROP SCHEMA "{schema}" CASCADE')


def _rename(house: House, name: str) -> None:
    with writing(house.engine) as conn:
        conn.execute(accounts.update().values(name=name))


def _names(house: House) -> set[str]:
    with reading(house.engine) as conn:
        return set(conn.execute(sa.select(accounts.c.name)).scalars())


def test_a_restored_dump_is_the_database_of_then(house: House) -> None:
    file, names = house.backup(), _names(house)
    before = house.counts()
    _rename(house, "later")
    with writing(house.engine) as conn:
        append(conn, [an_entry("later")])
        conn.exec_driver_sql("DROP TABLE slots")
    house.engine.dispose()

    house.kept(file)

    check_schema(house.engine)
    assert _names(house) == names
    assert house.counts() == before | {"audit": 6}
    with reading(house.engine) as conn:
        assert verify(conn) == 6
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), writing(house.engine) as conn:
        conn.execute(audit.delete())


def test_the_tables_of_before_are_kept_beside_it(house: House) -> None:
    file = house.backup()
    _rename(house, "later")
    house.engine.dispose()

    kept = house.kept(file)

    with reading(house.engine) as conn:
        aside = sa.inspect(conn).get_table_names(schema=kept)
        table = accounts.to_metadata(sa.MetaData(), schema=kept)
        assert set(conn.execute(sa.select(table.c.name)).scalars()) == {"later"}
    assert set(aside) == {*metadata.tables, "alembic_version"}
    assert [name for name in house.schemas() if "restoring" in name or "aside" in name] == []


def test_writes_wait_from_the_first_moment_on(house: House) -> None:
    connections = '[[connections]]\nname = "main"\nvendor = "zoho"\n'
    file = house.backup()
    settings = house.folder / "zixin.toml"
    settings.write_text(settings.read_text() + connections)
    house.engine.dispose()

    told = house("restore", str(file), "--adopt")

    assert "Nothing is written to main" in told
    with reading(house.engine) as conn:
        (row,) = conn.execute(sa.select(restores).where(restores.c.system == "main")).all()
    assert (row.adopt, row.ended_at) == (True, None)


def test_the_wait_is_measured_by_the_server_s_clock(
    house: House, monkeypatch: pytest.MonkeyPatch, clock: FixedClock
) -> None:
    settings = house.folder / "zixin.toml"
    settings.write_text(settings.read_text() + '[[connections]]\nname = "main"\nvendor = "zoho"\n')
    file = house.backup()
    house.engine.dispose()
    clock.move(timedelta(days=-900))
    monkeypatch.setattr("connector.wiring.product.SystemClock", lambda _zone: clock)

    house.kept(file)

    with reading(house.engine) as conn:
        at = sa.select(restores.c.restored_at).where(restores.c.system == "main")
        assert database_now(conn) - conn.execute(at).scalar_one() < timedelta(hours=1)


def test_an_empty_database_of_another_name_takes_it(
    house: House, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file, before = house.backup(), house.counts()
    with empty_database(tmp_path_factory.mktemp("other")) as url:
        (tmp_path / "zixin.toml").write_text(_settings(sa.make_url(url)))
        house.kept(file)
        other = House(folder=tmp_path, engine=create_engine(url))
        counts, names = other.counts(), _names(other)
        other.engine.dispose()

    assert counts == before | {"audit": 6}
    assert names == _names(house)
    assert house.counts() == before


def test_tables_of_others_stay(house: House) -> None:
    file = house.backup()
    with writing(house.engine) as conn:
        conn.exec_driver_sql("CREATE TABLE of_another_program (x integer)")
    house.engine.dispose()

    house.kept(file)

    with writing(house.engine) as conn:
        conn.exec_driver_sql("DROP TABLE of_another_program")


def test_a_dump_that_does_not_end_is_told_and_leaves_no_file(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pg_programs, "PATIENCE_SECONDS", 0)

    told = house("backup", code=5)

    assert "pg_dump did not end within 0 seconds" in told
    assert [path for path in (house.folder / "backups").iterdir() if path.is_file()] == []


def _refused(house: House, file: Path, code: int = 5) -> str:
    """Restore in vain, and see that nothing was touched."""
    before, names, schemas = house.counts(), _names(house), house.schemas()
    house.engine.dispose()
    told = house("restore", str(file), code=code)
    assert (house.counts(), _names(house), house.schemas()) == (before, names, schemas)
    return told


@pytest.mark.parametrize("part", [0.05, 0.9])
def test_a_dump_cut_short_changes_nothing(house: House, part: float) -> None:
    file = house.backup()
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * part)])

    assert "pg_restore failed: pg_restore: error: could not read" in _refused(house, file)


def test_a_file_of_another_kind_changes_nothing(house: House, tmp_path: Path) -> None:
    (tmp_path / "text.dump").write_text("no dump at all\n" * 90)
    assert "does not appear to be a valid archive" in _refused(house, tmp_path / "text.dump")


def test_a_dump_of_something_else_changes_nothing(
    house: House, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with empty_database(tmp_path_factory.mktemp("other")) as url:
        other = create_engine(url)
        with writing(other) as conn:
            conn.exec_driver_sql("CREATE TABLE x (y integer)")
        place = str(other.url.query["options"]).partition("=")[2]
        file = tmp_path / "other.dump"
        Programs(other).run("pg_dump", "--format=custom", f"--schema={place}", f"--file={file}")
        other.dispose()

    assert "does not hold the tables of Zixin" in _refused(house, file)


def test_a_dump_of_a_newer_version_changes_nothing(house: House) -> None:
    revision = _stand_at(house, "9999")
    file = _dumped(house)
    _stand_at(house, revision)

    assert "upgrade this program" in _refused(house, file)


def _stand_at(house: House, revision: str) -> str:
    with writing(house.engine) as conn:
        before = conn.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
        conn.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{revision}'")  # noqa: S608
    return str(before)


def _dumped(house: House) -> Path:
    """Dump without looking at what is dumped."""
    file = house.folder / "odd.dump"
    place = str(house.engine.url.query["options"]).partition("=")[2]
    Programs(house.engine).run("pg_dump", "--format=custom", f"--schema={place}", f"--file={file}")
    return file


def test_a_dump_whose_log_was_changed_changes_nothing(house: House) -> None:
    with writing(house.engine) as conn:
        conn.exec_driver_sql("ALTER TABLE audit DISABLE TRIGGER ALL")
        conn.execute(audit.update().where(audit.c.seq == 3).values(target="forged"))

    assert "3" in _refused(house, house.backup())


def test_a_dump_whose_log_does_not_fit_the_heads_kept_outside_changes_nothing(
    house: House,
) -> None:
    file = house.backup()
    heads = file.parent / HEADS
    heads.unlink()
    keep_head(heads, (4, "another"), now=NOW)

    assert "4" in _refused(house, file)


def test_it_waits_for_no_other_process(house: House) -> None:
    file = house.backup()
    be_present(house.engine, lambda: None)
    before = _names(house)

    assert "stop zixin serve" in house("restore", str(file), code=2)
    assert _names(house) == before


@pytest.mark.parametrize("program", ["pg_dump", "pg_restore", "psql"])
def test_without_a_client_program_it_says_what_to_do(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    file = house.backup()
    _programs(tmp_path / "bin", without=program)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    told = house("backup", code=5) if program == "pg_dump" else _refused(house, file)

    assert f"{program} is not on this machine: install PostgreSQL's client programs" in told


@pytest.mark.parametrize("program", ["pg_dump", "pg_restore", "psql"])
def test_a_client_program_of_an_older_version_is_refused(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    file = house.backup()
    _programs(tmp_path / "bin", without=program)
    old = tmp_path / "bin" / program
    old.write_text(f"#!/bin/sh\necho '{program} (PostgreSQL) 9.6.24'\n")
    old.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    told = house("backup", code=5) if program == "pg_dump" else _refused(house, file)

    assert f"{program} is of version 9, the server of version" in told


def _programs(folder: Path, *, without: str) -> None:
    """Put the client programs into a folder, one excepted."""
    folder.mkdir()
    for program in {"pg_dump", "pg_restore", "psql"} - {without}:
        (folder / program).symlink_to(str(shutil.which(program)))


def test_a_schema_that_is_not_there_is_told(house: House) -> None:
    file = house.backup()
    nowhere = house.engine.url.update_query_dict({"options": "-csearch_path=nowhere"})
    (house.folder / "zixin.toml").write_text(_settings(nowhere))

    assert "CREATE SCHEMA first" in house("restore", str(file), code=5)


def test_a_server_out_of_reach_is_told(house: House) -> None:
    file = house.backup()
    (house.folder / "zixin.toml").write_text(_settings(house.engine.url.set(port=1)))

    assert "could not be put in place" in house("restore", str(file), code=5)
