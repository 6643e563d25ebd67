"""What the first read of a large company costs: credits at Zoho, calls at 纷享销客.

Each look-alike runs in this process with a clock that moves only while we wait, so that the
minutes of an export and of the platform's frequency limit take no time. The figures are what the
look-alikes counted, not what we booked.
"""

import json
import time

from benchmarks.trade import House, Row, a_fxiaoke, a_row, a_zoho
from connector.flow.pull import pull
from scoring.records import Kind

__all__ = ["measure"]

ACCOUNTS, INVOICES = 100_000, 1_000_000
EXPORT_SECONDS = 180.0  # Zoho speaks of minutes
_FEEDS = (Kind.OWNERS, Kind.ACCOUNTS, Kind.INVOICES)


def measure() -> list[Row]:
    """Measure ``zoho_full_read_credits`` and ``fxiaoke_full_read_calls``."""
    return [_zoho(), _fxiaoke()]


def _zoho() -> Row:
    with a_zoho(ACCOUNTS, INVOICES, export_seconds=EXPORT_SECONDS) as house:
        beside = _read(house) | {"an_export_takes_seconds": EXPORT_SECONDS}
        return a_row("zoho_full_read_credits", house.spent(), "credits", 350, beside)


def _fxiaoke() -> Row:
    with a_fxiaoke(ACCOUNTS, INVOICES) as house:
        beside = _read(house)
        calls = sum(call.path.endswith("/data/query") for call in house.crm.journal)
        beside["minutes_at_100_calls_in_20_seconds"] = round(calls / 5 / 60, 2)
        return a_row("fxiaoke_full_read_calls", calls, "calls", 11_100, beside)


def _read(house: House) -> dict[str, object]:
    """Read everything and tell what it took: virtual minutes waited, real seconds worked."""
    began, began_at = time.perf_counter(), house.crm_clock.now()
    report = pull(house.port, house.engine, house.clock, kinds=_FEEDS)
    pulled = report.pulled[Kind.ACCOUNTS], report.pulled[Kind.INVOICES]
    if pulled != (ACCOUNTS, INVOICES):
        raise RuntimeError(f"{pulled} accounts and invoices were read")
    waited = (house.crm_clock.now() - began_at).total_seconds()
    return {
        "accounts": ACCOUNTS,
        "invoices": INVOICES,
        "all_calls": len(list(house.crm.journal)),
        "minutes_waited": round(waited / 60, 2),
        "seconds_worked_both_in_one_process": round(time.perf_counter() - began, 1),
    }


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1, ensure_ascii=False))
