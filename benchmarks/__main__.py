"""Measure speed, memory and cost: ``python -m benchmarks [--only name,…]``.

One JSON document on standard output: the machine, and a row for each figure with its goal.
"""

import argparse
import importlib
import json
import os
import platform
import sys
from typing import Any

MODULES = {
    "assess_100k_seconds": "benchmarks.assess",
    "assess_growth_10x": "benchmarks.assess",
    "assess_100k_peak_mb": "benchmarks.assess",
    "full_assess_1m_invoices_seconds": "benchmarks.full",
    "full_assess_peak_mb": "benchmarks.full",
    "single_account_ms": "benchmarks.full",
    "replay_24x10k_seconds": "benchmarks.full",
    "policy_simulate_100k_seconds": "benchmarks.full",
    "zoho_pull_cpu_ratio_vs_sdk": "benchmarks.zoho_pull",
    "zoho_full_read_credits": "benchmarks.full_reads",
    "zoho_quiet_day_credits": "benchmarks.daily_cost",
    "zoho_write_2000_credits": "benchmarks.daily_cost",
    "fxiaoke_full_read_calls": "benchmarks.full_reads",
    "receiver_ratio_vs_bare": "benchmarks.receiver",
    "receiver_p99_ms": "benchmarks.receiver",
    "bulk_store_rows_per_second": "benchmarks.bulk_store",
    "bulk_peak_mb": "benchmarks.bulk_store",
    "two_workers_speedup": "benchmarks.several",
    "event_to_field_p95_ms": "benchmarks.several",
    "postgres_store_rows_per_second": "benchmarks.postgres_store",
    "first_sync_500k_seconds": "benchmarks.first_sync",
    "first_sync_peak_mb": "benchmarks.first_sync",
    "incremental_1000_seconds": "benchmarks.first_sync",
}


def main() -> None:
    """Run the asked-for measurements (all by default) and print one document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="names, with commas between them")
    wanted = [name for name in parser.parse_args().only.split(",") if name] or list(MODULES)
    unknown = sorted(set(wanted) - set(MODULES))
    if unknown:
        parser.error(f"no measurement named {', '.join(unknown)}; there are {', '.join(MODULES)}")
    rows = [row for module in _modules(wanted) for row in module.measure()]
    results = [row for row in rows if row["name"] in wanted]
    json.dump({"machine": _machine(), "results": results}, sys.stdout, indent=1)
    sys.stdout.write("\n")


def _modules(wanted: list[str]) -> list[Any]:
    return [importlib.import_module(name) for name in dict.fromkeys(MODULES[w] for w in wanted)]


def _machine() -> dict[str, object]:
    return {
        "system": platform.platform(),
        "python": platform.python_version(),
        "processors": os.cpu_count(),
    }


if __name__ == "__main__":
    main()
