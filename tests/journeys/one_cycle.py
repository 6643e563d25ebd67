"""One write-back cycle, waiting in a database, beside fresh CRMs as often as it is wanted."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from connector.store.engine import create_engine, reading
from tests.journeys.ending import Ending, ending_of, under_way
from tests.journeys.harness import Installation, installed
from tests.journeys.nursery import Nursery
from tests.journeys.small_company import a_company

__all__ = ["Cycle", "Place", "a_cycle", "begun_anew"]

AS_OF = date(2026, 3, 31)
BEGAN = datetime(2026, 3, 31, 2, tzinfo=UTC)
A_WHILE = timedelta(minutes=6)
MOST_FINISHES = 4


@dataclass(frozen=True, kw_only=True)
class Cycle:
    """A database in which a write-back waits, and how it ends in peace."""

    database: Path
    key: Path
    ending: Ending


@contextmanager
def an_installation(folder: Path, nursery: Nursery) -> Iterator["Place"]:
    """Install beside fresh CRMs whose clock stands where it always does."""
    with installed(folder, a_company(), as_of=AS_OF) as installation:
        installation.crms.crm("zoho").clock.set(BEGAN)
        yield Place(installation=installation, nursery=nursery)


@dataclass(frozen=True, kw_only=True)
class Place:
    """An installation and who starts its processes."""

    installation: Installation
    nursery: Nursery

    @property
    def database(self) -> Path:
        """The database file."""
        return self.installation.folder / "zixin.db"

    def start(self, what: str, *, traced: bool = False) -> int:
        """Start a process and return its id."""
        shift = self.installation.crms.crm("zoho").clock.now() - datetime.now(UTC)
        return self.nursery.start(what, self.installation, shift, traced=traced)

    def do(self, what: str) -> None:
        """Run a process to its good end."""
        self.start(what)
        assert self.nursery.ended() == 0, self.nursery.log.read_text()[-3000:]

    def finish(self) -> Ending:
        """Finish what was begun, as often as it takes, and look."""
        engine = create_engine(f"sqlite:///{self.database}")
        try:
            for _ in range(MOST_FINISHES):
                self.installation.crms.crm("zoho").clock.advance(A_WHILE)
                self.do("finish")
                with reading(engine) as conn:
                    if not under_way(conn):
                        break
            with reading(engine) as conn:
                assert conn.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
            return ending_of(engine, self.installation.crms)
        finally:
            engine.dispose()


def a_cycle(folder: Path, nursery: Nursery) -> Cycle:
    """Read and decide, keep the database, and carry out in peace."""
    with an_installation(folder / "peace", nursery) as place:
        place.do("decide")
        kept = folder / "kept.db"
        _copy_whole(place.database, kept)
        place.do("push")
        return Cycle(
            database=kept, key=place.installation.folder / "zixin.key", ending=place.finish()
        )


@contextmanager
def begun_anew(cycle: Cycle, folder: Path, nursery: Nursery) -> Iterator[Place]:
    """Put the kept database beside fresh CRMs."""
    with an_installation(folder, nursery) as place:
        place.installation.crms.crm("zoho").clock.advance(A_WHILE)  # what waits is due
        shutil.copyfile(cycle.database, place.database)
        shutil.copyfile(cycle.key, place.installation.folder / "zixin.key")
        with closing(sqlite3.connect(place.database)) as kept, kept:
            kept.execute("UPDATE connections SET token = NULL")  # they name the former CRMs' ports
        yield place


def _copy_whole(database: Path, to: Path) -> None:
    """Copy a database with what stands in its log only."""
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(to)) as target:
        source.backup(target)
