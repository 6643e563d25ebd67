"""How fast pages of invoices are stored in PostgreSQL: by COPY, and by single inserts beside it.

Through ``save_page`` as a pull does, 200,000 invoices in portions of 5,000 and 20,000: first all
new, then all changed. The server is the one of ``TEST_DATABASE_URL``, or a throw-away one.
"""

import json
import os
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median

import sqlalchemy as sa

from adapters.port import Cursor, Page
from connector.store import bulk
from connector.store.engine import create_engine, writing
from connector.store.migrations import upgrade
from connector.store.records import save_page
from scoring.money import Money
from scoring.records import Invoice, Kind
from tests.databases import empty_database
from tests.postgres import throwaway_server

__all__ = ["measure"]

INVOICES, ROUNDS = 200_000, 3
PORTIONS = (5_000, 20_000)
_NEVER = INVOICES + 1
_AT = datetime(2026, 11, 24, 2, tzinfo=UTC)


def measure() -> list[dict[str, object]]:
    """Measure ``postgres_store_rows_per_second``: new rows in portions of 20,000, by COPY."""
    if "TEST_DATABASE_URL" in os.environ:
        return [_measured()]
    with throwaway_server() as url:
        os.environ["TEST_DATABASE_URL"] = url
        try:
            return [_measured()]
        finally:
            del os.environ["TEST_DATABASE_URL"]


def _measured() -> dict[str, object]:
    usual, found = bulk.COPIED_FROM, {}
    for portion in PORTIONS:
        for way, least in (("copy", usual), ("inserts", _NEVER)):
            bulk.COPIED_FROM = least
            rounds = [_round(portion) for _ in range(ROUNDS)]
            for what, speeds in zip(("new", "changed"), zip(*rounds, strict=True), strict=True):
                found[f"{what}_{portion}_by_{way}"] = round(median(speeds))
    bulk.COPIED_FROM = usual
    value = found[f"new_{PORTIONS[-1]}_by_copy"]
    goal = found[f"new_{PORTIONS[-1]}_by_inserts"]
    return {
        "name": "postgres_store_rows_per_second",
        "value": value,
        "unit": "rows stored each second",
        "goal": goal,
        "ok": value >= goal,
        "beside": found,
    }


def _round(portion: int) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder, empty_database(Path(folder)) as url:
        engine = create_engine(url)
        upgrade(engine)
        speeds = _save(engine, portion, cents=0), _save(engine, portion, cents=1)
        engine.dispose()
    return speeds


def _save(engine: sa.Engine, portion: int, *, cents: int) -> float:
    """Store all invoices and tell how many each second; making them is not counted."""
    seconds = 0.0
    for first in range(0, INVOICES, portion):
        page = Page(
            kind=Kind.INVOICES,
            records=tuple(_invoice(number, cents) for number in range(first, first + portion)),
            cursor=Cursor(position=str(first)),
            finished=False,
        )
        began = time.perf_counter()
        with writing(engine) as conn:
            save_page(conn, "zoho", page, _AT)
        seconds += time.perf_counter() - began
    return INVOICES / seconds


def _invoice(number: int, cents: int) -> Invoice:
    issued = date(2026, 1, 1) + timedelta(days=number % 300)
    return Invoice(
        record_id=f"{5_000_000_000_000_000 + number}",
        account_id=f"{4_000_000_000_000_000 + number % 5_000}",
        number=f"INV-{number:07d}",
        issued_on=issued,
        due_on=issued + timedelta(days=30),
        amount=Money(100_000 + number + cents, "CNY"),
        modified_at=_AT + timedelta(hours=cents),
    )


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
