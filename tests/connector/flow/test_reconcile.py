"""F19: after a restore of an old backup nothing is done twice and no person's value is lost."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from adapters.errors import CrmUnavailable
from adapters.port import CreditField
from connector.clock import FixedClock
from connector.flow.job import Job
from connector.flow.reconcile import reconcile
from connector.flow.run import run_once
from connector.store.audit import verify
from connector.store.engine import in_one_commit, reading
from connector.store.restores import load_restores, mark_restored
from connector.store.tables import audit, tasks
from tests.connector.flow.deciding import a_job
from tests.connector.flow.test_run import WISH, an_fx
from tests.fake_crm import FakeCrm

LONG = timedelta(minutes=6)


class Lost:
    """A database taken back to the moment after the first read, while the CRM kept everything."""

    def __init__(self, engine: sa.Engine, clock: FixedClock, folder: Path, crm: FakeCrm) -> None:
        self.engine, self.clock, self.crm = engine, clock, crm
        self.job: Job = a_job(engine, clock, crm)
        self._file, self._kept = Path(str(engine.url.database)), folder / "kept.db"

    def go_back(self, *, adopt: bool = False) -> None:
        self.engine.dispose()
        for ending in ("-wal", "-shm"):
            self._file.with_name(self._file.name + ending).unlink(missing_ok=True)
        shutil.copyfile(self._kept, self._file)
        now = self.clock.now()
        in_one_commit(
            self.engine,
            lambda conn: mark_restored(
                conn, [self.crm.system], backup_at=now, now=now, adopt=adopt
            ),
        )

    def remember(self) -> None:
        self.engine.dispose()
        shutil.copyfile(self._file, self._kept)

    def again(self) -> None:
        """Do what ``zixin run`` does."""
        reconcile(self.job)
        run_once(self.job, WISH)


@pytest.fixture
def lost(engine: sa.Engine, clock: FixedClock, tmp_path: Path) -> Lost:
    if engine.dialect.name != "sqlite":
        pytest.skip(
            "a file is taken back here; a dump is put back in tests/connector/cli/test_dumps.py"
        )
    house = Lost(engine, clock, tmp_path, an_fx())
    house.remember()
    run_once(house.job, WISH)
    assert len(house.crm.tasks) == 1
    return house


def test_no_task_is_created_twice_where_the_crm_would_take_a_second(lost: Lost) -> None:
    before = dict(lost.crm.tasks)
    fields = dict(lost.crm.fields["b1"])
    lost.go_back()
    lost.clock.move(LONG)

    lost.again()

    assert lost.crm.tasks == before
    assert lost.crm.calls["create_tasks"] == 1
    assert lost.crm.fields["b1"] == fields
    with reading(lost.engine) as conn:
        assert conn.execute(sa.select(tasks.c.state, tasks.c.task_id)).all() == [
            ("open", next(iter(before.values())).task_id)
        ]
        assert verify(conn) > 0


def test_the_mode_ends_by_itself_once_and_is_audited(lost: Lost) -> None:
    lost.go_back()
    lost.clock.move(LONG)

    lost.again()
    lost.again()

    with reading(lost.engine) as conn:
        assert load_restores(conn) == {}
        entries = conn.execute(sa.select(audit.c.system).where(audit.c.what == "restore_ended"))
        assert entries.scalars().all() == ["fx"]


def test_nothing_is_written_before_requests_of_before_are_over(lost: Lost) -> None:
    lost.go_back()
    writes = lost.crm.calls["update_fields"], lost.crm.calls["create_tasks"]

    report = reconcile(lost.job)
    ran = run_once(lost.job, WISH)

    assert "under way" in report.waiting["fx"]
    assert (lost.crm.calls["update_fields"], lost.crm.calls["create_tasks"]) == writes
    assert any("restored from a backup" in sentence for sentence in ran.alarms)


def test_a_crm_out_of_reach_is_asked_again_later(lost: Lost) -> None:
    lost.go_back()
    lost.clock.move(LONG)

    def down(operation: str, _count: int) -> None:
        raise CrmUnavailable("down", system="fx", operation=operation)

    lost.crm.before_call = down
    assert "down" in reconcile(lost.job).waiting["fx"]
    lost.crm.before_call = lambda _operation, _count: None

    assert reconcile(lost.job).ended == ["fx"]


def test_a_person_s_value_since_the_backup_is_left_alone(lost: Lost) -> None:
    lost.crm.fields["b1"][CreditField.RATING] = "AAA"
    lost.go_back()
    lost.clock.move(LONG)

    lost.again()

    assert lost.crm.fields["b1"][CreditField.RATING] == "AAA"


def test_what_stands_there_is_ours_when_the_operator_says_so(lost: Lost) -> None:
    right = dict(lost.crm.fields["b1"])
    lost.crm.fields["b1"][CreditField.RATING] = "AAA"
    lost.go_back(adopt=True)
    lost.clock.move(LONG)

    lost.again()

    assert lost.crm.fields["b1"][CreditField.RATING] == right[CreditField.RATING]
