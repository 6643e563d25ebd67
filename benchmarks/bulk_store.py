"""How fast one export of 200,000 invoices is parsed and stored, and in how much memory."""

import json
from statistics import median

from benchmarks.zoho_processes.reading import Reading
from benchmarks.zoho_processes.running import an_organisation, read

__all__ = ["measure"]

ACCOUNTS, INVOICES = 5_000, 200_000
ROUNDS = 3
GOAL_ROWS, GOAL_MB = 60_000, 200


def measure() -> list[dict[str, object]]:
    """Measure ``bulk_store_rows_per_second`` and ``bulk_peak_mb``, each time from nothing."""
    with an_organisation(ACCOUNTS, INVOICES) as organisation:
        readings = [read(organisation, "exported") for _round in range(ROUNDS)]
    speeds = [round(each.records / each.seconds) for each in readings]
    peak = max(each.peak_mb or 0.0 for each in readings)
    beside = {
        "rows": readings[0].records,
        "rounds": speeds,
        "rows_per_cpu_second": round(median(each.records / each.cpu_seconds for each in readings)),
        "rows_per_second_of_the_database_alone": round(median(map(_floor, readings))),
    }
    return [
        {
            "name": "bulk_store_rows_per_second",
            "value": median(speeds),
            "unit": "rows parsed and stored each second",
            "goal": GOAL_ROWS,
            "ok": median(speeds) >= GOAL_ROWS,
            "beside": beside,
        },
        {
            "name": "bulk_peak_mb",
            "value": round(peak, 1),
            "unit": "MB",
            "goal": GOAL_MB,
            "ok": peak <= GOAL_MB,
            "beside": beside,
        },
    ]


def _floor(reading: Reading) -> float:
    return reading.records / (reading.floor_seconds or 1.0)


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
