"""zixin audit: the log is checked, listed, and its head kept elsewhere."""

import sqlite3
from pathlib import Path

import pytest

from tests.connector.cli.shell import ZOHO, Shell


@pytest.fixture
def database(ran: Shell) -> sqlite3.Connection:
    (path,) = ran.installation.config.parent.glob("*.db")
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("DROP TRIGGER audit_no_update")
    connection.execute("DROP TRIGGER audit_no_delete")
    return connection


def test_a_log_that_holds_is_told_with_its_head(ran: Shell) -> None:
    found = ran.json("audit", "verify")
    last = ran.json("audit", "head")

    assert found["holds"] is True
    assert (found["entries"], found["head"]) == (last["seq"], last["hash"])
    assert f"{last['seq']:,} entries" in ran("audit", "verify", "--lang", "en").stdout
    assert "审计日志完整" in ran("audit", "verify", "--lang", "zh").stdout


def test_the_first_changed_entry_is_named_with_a_code_of_its_own(
    ran: Shell, database: sqlite3.Connection
) -> None:
    database.execute('UPDATE audit SET new = \'{"rating":"AAA"}\' WHERE seq IN (9, 14)')

    found = ran.json("audit", "verify", code=5)
    said = ran("audit", "verify", "--lang", "en", code=5).stderr

    assert (found["holds"], found["first_broken"]) == (False, 9)
    assert "First entry that does not fit: 9" in said


def test_a_log_cut_off_is_told_by_the_head_kept_beside_the_backups(
    ran: Shell, database: sqlite3.Connection
) -> None:
    ran("audit", "head", "--keep")
    database.execute("DELETE FROM audit WHERE seq > 5")
    database.execute("UPDATE audit_head SET seq = 5, hash = (SELECT hash FROM audit WHERE seq = 5)")

    assert ran.json("audit", "verify", code=5)["first_broken"] == 6


def test_a_file_of_heads_may_come_from_elsewhere(ran: Shell, tmp_path: Path) -> None:
    heads = tmp_path / "kept.jsonl"
    heads.write_text('{"at":"2026-03-31T00:00:00Z","seq":3,"hash":"no"}\n')

    assert ran.json("audit", "verify", "--heads", str(heads), code=5)["first_broken"] == 3
    heads.write_text("no head\n")
    assert "line 1" in ran("audit", "verify", "--heads", str(heads), code=5).stderr
    assert "no such file" in ran("audit", "verify", "--heads", str(tmp_path / "x"), code=2).stderr


def test_entries_are_listed_and_chosen(ran: Shell) -> None:
    fields = ran.json("audit", "list", "--what", "fields", "--system", ZOHO, "--limit", "3")

    assert [entry["what"] for entry in fields["entries"]] == ["fields"] * 3
    assert ran.json("audit", "list", "--since", "2999-01-01")["entries"] == []
    shown = ran("audit", "list", "--target", fields["entries"][0]["target"]).stdout
    assert fields["entries"][0]["target"] in shown
