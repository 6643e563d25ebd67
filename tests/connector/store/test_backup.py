"""Copies of the database: whole, opened, and nobody else's to read."""

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from connector.store.audit import BrokenChain, append, head
from connector.store.backup import BackupFailed, back_up, examine
from connector.store.engine import reading, writing
from connector.store.migrations import stands_at
from connector.store.tables import audit
from tests.connector.store.test_audit import _unseal, an_entry


@pytest.fixture
def filled(engine: sa.Engine) -> sa.Engine:
    with writing(engine) as conn:
        append(conn, [an_entry(f"a{number}") for number in range(5)])
    return engine


def only_on_sqlite(engine: sa.Engine) -> None:
    if engine.dialect.name != "sqlite":
        pytest.skip("a dump is looked at in tests/connector/cli/test_dumps.py")


def test_a_copy_is_whole_and_readable_by_its_owner_alone(filled: sa.Engine, tmp_path: Path) -> None:
    path = tmp_path / "backups" / "copy"
    facts = back_up(filled, path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [each.name for each in path.parent.iterdir()] == ["copy"]
    with reading(filled) as conn:
        assert (facts.audit_entries, facts.audit_head) == head(conn)
        assert facts.schema == stands_at(conn)
    assert facts.bytes == path.stat().st_size


def test_a_copy_is_made_while_others_write(filled: sa.Engine, tmp_path: Path) -> None:
    only_on_sqlite(filled)
    with writing(filled) as conn:
        append(conn, [an_entry("not committed yet")])
        facts = back_up(filled, tmp_path / "copy")

    assert facts.audit_entries == facts.rows["audit"] == 5


@pytest.mark.parametrize("at", [0.2, 0.5, 0.9])
def test_a_damaged_copy_is_refused(filled: sa.Engine, tmp_path: Path, at: float) -> None:
    only_on_sqlite(filled)
    path = tmp_path / "copy"
    back_up(filled, path)
    content = bytearray(path.read_bytes())
    start = int(len(content) * at) // 4096 * 4096
    content[start : start + 4096] = b"\xa5" * 4096
    path.write_bytes(content)

    with pytest.raises(BackupFailed, match="copy"):
        examine(path)


def test_a_file_of_another_kind_is_refused(engine: sa.Engine, tmp_path: Path) -> None:
    only_on_sqlite(engine)
    (tmp_path / "text").write_text("no database at all, though it is long enough for one\n" * 90)
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE x (y)")

    with pytest.raises(BackupFailed, match="no whole database"):
        examine(tmp_path / "text")
    with pytest.raises(BackupFailed, match="no database of Zixin"):
        examine(tmp_path / "other.db")


def test_a_copy_whose_log_was_changed_is_refused(filled: sa.Engine, tmp_path: Path) -> None:
    only_on_sqlite(filled)
    with reading(filled) as conn:
        kept = head(conn)
    with writing(filled) as conn:
        _unseal(conn)
        conn.execute(audit.update().where(audit.c.seq == 3).values(target="forged"))

    with pytest.raises(BrokenChain) as broken:
        back_up(filled, tmp_path / "copy")
    assert broken.value.seq == 3
    assert not (tmp_path / "copy").exists()
    assert kept[0] == 5


def test_a_log_written_anew_does_not_fit_the_heads_kept_outside(
    filled: sa.Engine, tmp_path: Path
) -> None:
    only_on_sqlite(filled)
    back_up(filled, tmp_path / "copy")

    assert examine(tmp_path / "copy", anchors=[(9, "of a later time")]).audit_entries == 5
    with pytest.raises(BrokenChain):
        examine(tmp_path / "copy", anchors=[(4, "another")])


def test_a_copy_is_made_beside_a_configuration_named_from_here(
    filled: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_on_sqlite(filled)
    monkeypatch.chdir(tmp_path)

    assert back_up(filled, Path("backups/copy")).audit_entries == 5
    assert (tmp_path / "backups" / "copy").is_file()
