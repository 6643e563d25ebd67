"""The first sync of a large company, and a sync of 1,000 changes: T09 of the reliability contract.

10,000 customers, 500,000 invoices, 100,000 of them one customer's; each tenth customer pays late.
The Zoho look-alike runs in a process of its own on the same machine, and so does each sync: pull,
group, assess, plan, push, as ``zixin run`` does it. On SQLite, and on a throw-away PostgreSQL where
one is installed. Beside: ten times the customers with twice the invoices.
"""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from benchmarks.zoho_processes.reading import Reading
from benchmarks.zoho_processes.running import a_living_organisation, read_into
from tests.postgres import throwaway_server

__all__ = ["measure", "synced"]

ACCOUNTS, INVOICES, LARGEST, OVERDUE_EACH = 10_000, 500_000, 100_000, 10
MANY_ACCOUNTS, MANY_INVOICES = 100_000, 1_000_000
CHANGES = 1_000
GOAL_SECONDS, GOAL_MB, GOAL_CHANGES_SECONDS = 300, 400, 15

Row = dict[str, object]
Readings = dict[str, Reading]


def measure() -> list[Row]:
    """Measure the first sync and a sync of changes on both databases, each from nothing."""
    found: dict[str, Readings] = {}
    for database in ("sqlite", "postgresql"):
        found[database] = synced(database, ACCOUNTS, INVOICES)
    found["sqlite_100k_1m"] = synced("sqlite", MANY_ACCOUNTS, MANY_INVOICES)
    return _rows(found)


def synced(database: str, accounts: int, invoices: int, largest: int = LARGEST) -> Readings:
    """Sync a new installation with a new CRM, and once more after changes.

    Each CRM is used once: what another installation wrote there would count as a person's.
    """
    with (
        a_living_organisation(accounts, invoices, largest, OVERDUE_EACH) as living,
        _database(database) as url,
        tempfile.TemporaryDirectory(prefix="zixin-bench-") as folder,
    ):
        first = read_into(folder, living.target, "synced", *url)
        living.change(CHANGES)
        return {"first": first, "changes": read_into(folder, living.target, "synced", *url)}


@contextmanager
def _database(name: str) -> Iterator[list[str]]:
    with ExitStack() as stack:
        yield [stack.enter_context(throwaway_server())] if name == "postgresql" else []


def _rows(found: dict[str, Readings]) -> list[Row]:
    load = os.getloadavg()[0]
    beside: Row = {
        "load_of_the_machine": round(load, 1),
        "rows": {
            name: {what: _told(each) for what, each in of.items()} for name, of in found.items()
        },
        "growth_seconds_for_10x_customers_2x_invoices": round(
            found["sqlite_100k_1m"]["first"].seconds / found["sqlite"]["first"].seconds, 2
        ),
    }
    sized = [found["sqlite"], found["postgresql"]]
    return [
        _row(
            "first_sync_500k_seconds",
            max(each["first"].seconds for each in sized),
            GOAL_SECONDS,
            beside,
        ),
        _row(
            "first_sync_peak_mb", max(each["first"].peak_mb or 0 for each in sized), GOAL_MB, beside
        ),
        _row(
            "incremental_1000_seconds",
            max(each["changes"].seconds for each in sized),
            GOAL_CHANGES_SECONDS,
            beside,
        ),
    ]


def _told(reading: Reading) -> Row:
    return {
        "seconds": round(reading.seconds, 1),
        "cpu_seconds": round(reading.cpu_seconds, 1),
        "peak_mb": round(reading.peak_mb or 0),
        "records": reading.records,
        "fields_written": reading.written,
        "tasks_created": reading.tasks,
        "api_calls": reading.calls,
        "api_credits": reading.credits,
        "step_ended_after_seconds": reading.ended,
    }


def _row(name: str, value: float, goal: int, beside: Row) -> Row:
    return {
        "name": name,
        "value": round(value, 1),
        "unit": "MB" if name.endswith("_mb") else "s",
        "goal": goal,
        "ok": value <= goal,
        "beside": beside,
    }


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
