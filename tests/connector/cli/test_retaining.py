"""zixin retention run: old rows go, keys and the audit log stay."""

import sqlite3
from datetime import timedelta

from tests.connector.cli.shell import Shell
from tests.journeys.harness import tasks_of


def _count(shell: Shell, what: str) -> int:
    with sqlite3.connect(shell.installation.folder / "zixin.db") as database:
        (count,) = database.execute(f"SELECT count(*) FROM {what}").fetchone()  # noqa: S608 ours
    return int(count)


def test_nothing_young_goes(ran: Shell) -> None:
    assert not any(ran.json("retention", "run")["rows"].values())


def test_what_is_old_goes_and_a_dry_run_counts_the_same(ran: Shell) -> None:
    crms = ran.installation.crms
    tasks = {vendor: tasks_of(crms, vendor) for vendor in crms.names()}
    ran.clock.move(timedelta(days=100))
    before = _count(ran, "outbox WHERE kind = 'fields'")
    told = ran.json("retention", "run", "--dry-run")["rows"]
    assert _count(ran, "outbox WHERE kind = 'fields'") == before > 0

    assert ran.json("retention", "run")["rows"] == told

    assert told["write_backs"] >= before
    assert told["task_texts"] == _count(ran, "outbox WHERE kind = 'task'") > 0
    assert _count(ran, "outbox WHERE kind = 'task' AND length(body) > 0") == 0
    assert not any(ran.json("retention", "run")["rows"].values())
    assert ran.json("audit", "verify")["holds"] is True
    assert {vendor: tasks_of(crms, vendor) for vendor in crms.names()} == tasks
