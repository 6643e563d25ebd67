"""Backup, work, disaster, restore: the CRMs hold each task once, and the work goes on (F19)."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.connector.cli.shell import FXIAOKE, ZOHO, Shell, a_shell
from tests.databases import empty_database
from tests.journeys.harness import crm_state, tasks_of

pytestmark = [pytest.mark.journey, pytest.mark.database]


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    with empty_database(tmp_path) as url:
        server = None if url.startswith("sqlite") else url
        with a_shell(tmp_path / "zixin", monkeypatch, accounts=14, database_url=server) as shell:
            monkeypatch.setattr(
                "connector.wiring.product.SharedClock", lambda _zone, _ask: shell.clock
            )
            yield shell


def _on_server(shell: Shell) -> bool:
    return "postgresql" in shell.installation.config.read_text()


def _tasks(shell: Shell) -> dict[str, list[str]]:
    crms = shell.installation.crms
    return {vendor: tasks_of(crms, vendor) for vendor in crms.names()}


def test_a_restore_of_an_old_backup_makes_no_task_twice(shell: Shell) -> None:
    shell("pull")
    made = shell.json("backup")["backup"]
    shell("run")
    before, state = _tasks(shell), crm_state(shell.installation.crms)
    assert sum(map(len, before.values())) > 3

    restored = shell.json("restore", made["path"])
    assert set(restored["waiting"]) == {ZOHO, FXIAOKE}
    shell.forget_calls()
    waiting = shell("run")
    assert shell.writes() == []
    assert "restored from a backup" in waiting.stderr
    shell.clock.move(timedelta(minutes=6))
    shell("run")

    after = _tasks(shell)
    assert after == before
    assert all(len(keys) == len(set(keys)) for keys in after.values())
    assert crm_state(shell.installation.crms) == state
    assert shell.json("audit", "verify")["holds"] is True
    ended = shell.json("audit", "list", "--what", "restore_ended")["entries"]
    assert {entry["system"] for entry in ended} == {ZOHO, FXIAOKE}
    (noted,) = shell.json("audit", "list", "--what", "restored")["entries"]
    assert noted["target"] == Path(made["path"]).name


def test_the_database_of_before_is_kept(shell: Shell) -> None:
    if _on_server(shell):
        pytest.skip("on PostgreSQL it is a schema: tests/connector/cli/test_dumps.py")
    made = shell.json("backup")["backup"]
    shell("pull")
    before = shell.json("audit", "head")

    kept = shell.json("restore", made["path"])["kept"]

    folder = shell.installation.folder
    for ending in ("", "-wal", "-shm"):
        if (part := folder / f"{kept}{ending}").exists():
            shutil.copyfile(part, folder / f"zixin.db{ending}")
    assert shell.json("audit", "head")["seq"] == before["seq"]
