"""From every schema there ever was to this one: the same scores, nothing done twice, no way back.

Databases of earlier schemas are made by their own migrations and filled with what they have room
for. (reliability T19; F15)
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from random import Random
from signal import SIGKILL

import pytest
import sqlalchemy as sa

from connector.flow.run import RunWish, run_once
from connector.store.engine import create_engine, writing
from connector.wiring.jobs import job_of
from sandbox.server import Sandbox
from tests.connector.cli.shell import invoke
from tests.databases import empty_database
from tests.journeys.ending import Ending, ending_of
from tests.journeys.harness import Installation, open_here
from tests.journeys.nursery import Nursery
from tests.journeys.small_company import AS_OF, Shop, a_shop
from tests.schemas import copy_rows, migrate_to, revision_of, revisions

pytestmark = [pytest.mark.journey, pytest.mark.database]

TOKENS_TIME = timedelta(minutes=6)  # both share a clock: after it a CRM gives ten tokens again

OLDER = revisions()[:-1]
FIRST, MIDDLE = OLDER[0], OLDER[len(OLDER) // 2]
each_older = pytest.mark.parametrize(
    "revision",
    [
        pytest.param(one, marks=[] if one in {FIRST, MIDDLE} else [pytest.mark.full])
        for one in OLDER
    ],
)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The three customers in both CRMs, with all done by the present version."""
    folder = tmp_path_factory.mktemp("done")
    with empty_database(folder) as url, a_shop(folder / "done", url) as shop:
        shop.run()
        yield shop


@contextmanager
def an_older(folder: Path, done: Shop, revision: str) -> Iterator[tuple[str, sa.Engine]]:
    """Give a database of an earlier schema that knows what the present one does."""
    with empty_database(folder) as url:
        engine = create_engine(url)
        try:
            migrate_to(engine, revision)
            copy_rows(done.zixin.engine, engine)
            yield url, engine
        finally:
            engine.dispose()


def moved_onto(done: Shop, folder: Path, url: str) -> Installation:
    """Point an installation beside the same CRMs at another database."""
    folder.mkdir()
    old = done.installation
    shutil.copyfile(old.folder / "zixin.key", folder / "zixin.key")
    text = old.config.read_text(encoding="utf-8")
    own = f'url = "{sa.make_url(url).render_as_string(hide_password=False)}"'
    (line,) = [one for one in text.splitlines() if one.startswith(('url = "sqlite', 'url = "post'))]
    (folder / "zixin.toml").write_text(text.replace(line, own), encoding="utf-8")
    return Installation(folder=folder, crms=old.crms, environment=old.environment)


@each_older
def test_an_older_database_goes_on_with_the_same_scores_and_tasks(
    revision: str, done: Shop, tmp_path: Path
) -> None:
    crms: Sandbox = done.installation.crms
    for name in crms.names():
        crms.crm(name).clock.advance(TOKENS_TIME)
    before = ending_of(done.zixin.engine, crms)
    with an_older(tmp_path, done, revision) as (url, engine):
        installation = moved_onto(done, tmp_path / "installation", url)
        with open_here(installation, done.clock) as zixin:
            report = run_once(job_of(zixin), RunWish(as_of=AS_OF))
        assert report.errors == []
        assert revision_of(engine) == revisions()[-1]
        after = ending_of(engine, crms)

    assert after.tasks == before.tasks
    assert after.crms == before.crms
    assert _content(after) == _content(before)


def _content(ending: Ending) -> dict[str, list[str]]:
    """Leave out the tasks: what an older schema could not hold, the CRMs' own keys made good."""
    return {name: rows for name, rows in ending.database.items() if name != "tasks"}


def test_a_database_of_a_newer_version_is_refused_with_a_sentence(
    done: Shop, tmp_path: Path
) -> None:
    with an_older(tmp_path, done, FIRST) as (url, engine):
        with writing(engine) as conn:
            conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        config = moved_onto(done, tmp_path / "installation", url).config
        with pytest.MonkeyPatch.context() as patch:
            for name, value in done.installation.environment.items():
                patch.setenv(name, value)
            result = invoke("run", "--config", str(config))

        assert result.exit_code == 2
        assert "结构版本 9999" in result.stderr
        assert "Traceback" not in result.stderr
        assert revision_of(engine) == "9999"


@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.full)])
def test_an_upgrade_killed_at_any_moment_is_done_wholly_or_not_at_all(
    kills: int, done: Shop, nursery: Nursery, tmp_path: Path, seed: int
) -> None:
    rng, killed = Random(seed), 0
    for number in range(3 * kills):
        if killed == kills:
            break
        folder = tmp_path / str(number)
        folder.mkdir()
        with an_older(folder, done, rng.choice(OLDER)) as (url, engine):
            before = revision_of(engine)
            engine.dispose()  # nobody else is there
            nursery.migrate(url, dies_after=rng.uniform(0.0, 0.4))
            ended = nursery.ended()
            assert ended in {0, -SIGKILL}, nursery.log.read_text()[-3000:]
            killed += ended == -SIGKILL
            assert revision_of(engine) in {before, revisions()[-1]}
            engine.dispose()
            nursery.migrate(url, dies_after=None)
            assert nursery.ended() == 0, nursery.log.read_text()[-3000:]
            assert revision_of(engine) == revisions()[-1]
            assert _count(engine) >= 6
    assert killed == kills


def _count(engine: sa.Engine) -> int:
    with engine.connect() as conn:
        return int(conn.exec_driver_sql("SELECT count(*) FROM accounts").scalar_one())
