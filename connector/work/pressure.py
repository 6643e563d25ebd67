"""Back-pressure: how full the inbox and its disk are, and what is not done any more then (F60)."""

import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from connector.store.engine import reading
from connector.store.queue_tables import inbox

__all__ = ["Marks", "Pressure"]

GIGABYTE = 1024**3
LOOK_EACH = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """Above ``soft_rows`` waiting messages nothing is pulled, above ``hard_rows`` none is taken.

    None is taken either while more than ``disk_share`` of the disk is used and less than
    ``disk_free_gb`` are free.
    """

    soft_rows: int = 50_000
    hard_rows: int = 200_000
    disk_share: float = 0.8
    disk_free_gb: float = 5.0


_DEFAULTS = Marks()


def _disk(folder: Path) -> tuple[int, int]:
    told = shutil.disk_usage(folder)
    return told.total - told.free, told.total


class Pressure:
    """Tells whether there is too much; looks at most each five seconds. Safe for threads.

    ``usage`` tells used and total bytes of the disk the database lies on; a PostgreSQL server's
    disk is not seen from here.
    """

    def __init__(
        self,
        engine: sa.Engine,
        now: Callable[[], datetime],
        marks: Marks = _DEFAULTS,
        usage: Callable[[Path], tuple[int, int]] = _disk,
    ) -> None:
        self._engine = engine
        self._now = now
        self._marks = marks
        self._usage = usage
        self._lock = threading.Lock()
        self._looked_at: datetime | None = None
        self._waiting = 0
        self._tight = False

    def high(self) -> bool:
        """Tell whether pulls should wait."""
        self._look()
        return self._tight or self._waiting > self._marks.soft_rows

    def full(self) -> bool:
        """Tell whether no message may be taken."""
        self._look()
        return self._tight or self._waiting > self._marks.hard_rows

    def _look(self) -> None:
        with self._lock:
            now = self._now()
            if self._looked_at is not None and abs(now - self._looked_at) < LOOK_EACH:
                return
            self._waiting = self._count()
            self._tight = self._is_tight()
            self._looked_at = now

    def _count(self) -> int:
        waiting = (
            sa.select(inbox.c.id)
            # The same text as in the partial index.
            .where(sa.text("state IN ('ready', 'running')"))
            .limit(self._marks.hard_rows + 1)
        )
        with reading(self._engine) as conn:
            counted = conn.execute(sa.select(sa.func.count()).select_from(waiting.subquery()))
            return int(counted.scalar_one())

    def _is_tight(self) -> bool:
        if self._engine.dialect.name != "sqlite":
            return False
        used, total = self._usage(Path(str(self._engine.url.database)).parent)
        scarce = total - used < self._marks.disk_free_gb * GIGABYTE
        return scarce and used > self._marks.disk_share * total
