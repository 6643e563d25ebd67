"""Processor time of a full pull from Zoho, beside Zoho's own SDK reading the same accounts.

Each client is a process of its own, and so is the sandbox it reads from; they take turns. Ours
normalises and stores in SQLite, the SDK only reads. Starting, importing and the first token are
outside the clock for both. The SDK is set as Zoho's manual sets it, following changes of the
organisation's fields as our port does; its default, which never looks at them again, is reported
beside it.
"""

import json
from collections.abc import Callable
from statistics import median

from benchmarks.zoho_processes.reading import Reading
from benchmarks.zoho_processes.running import an_organisation, read

__all__ = ["measure"]

ACCOUNTS = 20_000
ROUNDS = 3
GOAL = 0.1


def measure() -> list[dict[str, object]]:
    """Measure ``zoho_pull_cpu_ratio_vs_sdk``.

    Raises ``RuntimeError`` where a process fails or the two did not read the same accounts.
    """
    ours, sdk, frozen, plain = [], [], [], []
    with an_organisation(ACCOUNTS) as organisation:
        for _round in range(ROUNDS):
            ours.append(read(organisation, "ours"))
            sdk.append(read(organisation, "sdk"))
            frozen.append(read(organisation, "sdk", "--never-refresh"))
            plain.append(read(organisation, "plain"))
            _compare(ours[-1], plain[-1])
            _compare(ours[-1], sdk[-1])
            _compare(ours[-1], frozen[-1])
    ratios = _ratios(ours, sdk)
    value = median(ratios)
    row: dict[str, object] = {
        "name": "zoho_pull_cpu_ratio_vs_sdk",
        "value": value,
        "unit": "CPU seconds of ours for each of zohocrmsdk8-0",
        "goal": GOAL,
        "ok": value <= GOAL,
        "beside": {
            "accounts": ACCOUNTS,
            "ratios": ratios,
            "ratios_to_sdk_never_refreshing_fields": _ratios(ours, frozen),
            "ours": {**_figures(ours), "api_calls": ours[0].calls, "api_credits": ours[0].credits},
            "requests_only_nothing_stored": _figures(plain),
            "zohocrmsdk8-0": _figures(sdk),
            "zohocrmsdk8-0_never_refreshing_fields": _figures(frozen),
        },
    }
    return [row]


def _ratios(ours: list[Reading], sdk: list[Reading]) -> list[float]:
    """Compare round by round, so that a slow minute of the machine weighs on both."""
    return [round(one.cpu_seconds / two.cpu_seconds, 4) for one, two in zip(ours, sdk, strict=True)]


def _figures(readings: list[Reading]) -> dict[str, object]:
    def middle(figure: Callable[[Reading], float]) -> float:
        return median(figure(each) for each in readings)

    return {
        "records_per_second": round(middle(lambda each: each.records / each.seconds)),
        "cpu_seconds_per_1000": round(
            middle(lambda each: each.cpu_seconds * 1000 / each.records), 5
        ),
        "records": readings[0].records,
    }


def _compare(ours: Reading, other: Reading) -> None:
    if (ours.records, ours.fingerprint) != (ACCOUNTS, other.fingerprint):
        raise RuntimeError(
            f"{ACCOUNTS} accounts are there, ours read {ours.records}, the other {other.records}"
        )


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
