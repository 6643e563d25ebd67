"""Pulls all invoices by one export into a new SQLite file: parsed, normalised, stored.

The clock runs from the first portion of the file to the last; the making of the export is Zoho's.
Beside it stands the floor: the same finished rows, written into an empty table of the same shape
by nothing but SQLite, in portions as large.
"""

import resource
import sqlite3
import time
from pathlib import Path
from zoneinfo import ZoneInfo

from benchmarks.zoho_processes.ours import a_port
from benchmarks.zoho_processes.reading import Reading, answer, fingerprint, target
from connector.clock import SystemClock
from connector.flow.pull import pull
from connector.store.engine import create_engine
from connector.store.migrations import upgrade
from scoring.records import Kind

__all__: list[str] = []

_PORTION = 20_000


def main() -> None:
    """Warm up with the accounts, then read the invoices."""
    told = target()
    folder = Path(told.folder)
    for name in ("zixin.db", "floor.db"):
        engine = create_engine(f"sqlite:///{folder / name}")
        upgrade(engine)
        engine.dispose()
    engine = create_engine(f"sqlite:///{folder / 'zixin.db'}")
    clock = SystemClock(ZoneInfo("Asia/Shanghai"))
    port = a_port(told, engine, export="always", export_rows=_PORTION)
    pull(port, engine, clock, kinds=(Kind.OWNERS, Kind.ACCOUNTS))
    marks: list[tuple[float, float, int]] = []

    def mark(_kind: Kind, done: int, _expected: int | None) -> None:
        marks.append((time.perf_counter(), time.process_time(), done))

    pull(port, engine, clock, kinds=(Kind.INVOICES,), progress=mark)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    engine.dispose()
    portions = [each for each in marks if each[2] > marks[0][2]]
    (began, began_cpu, before), (ended, ended_cpu, after) = portions[0], portions[-1]
    rows = _stored(folder / "zixin.db")
    if len(rows) != after:
        raise RuntimeError(f"{after} invoices were read and {len(rows)} are stored")
    answer(
        Reading(
            cpu_seconds=ended_cpu - began_cpu,
            seconds=ended - began,
            records=after - before,
            fingerprint=fingerprint(str(row[0]) for row in rows),
            peak_mb=peak,
            floor_seconds=_floor(folder / "floor.db", rows[: after - before]),
        )
    )


def _stored(database: Path) -> list[tuple[object, ...]]:
    with sqlite3.connect(database) as connection:
        return connection.execute("select * from invoices order by record_id").fetchall()


def _floor(database: Path, rows: list[tuple[object, ...]]) -> float:
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("pragma journal_mode=wal")
    connection.execute("pragma synchronous=full")
    places = ", ".join("?" * len(rows[0]))
    began = time.perf_counter()
    for start in range(0, len(rows), _PORTION):
        connection.execute("begin immediate")
        connection.executemany(
            f"insert into invoices values ({places})",  # noqa: S608 question marks alone
            rows[start : start + _PORTION],
        )
        connection.execute("commit")
    taken = time.perf_counter() - began
    connection.close()
    return taken


if __name__ == "__main__":
    main()
