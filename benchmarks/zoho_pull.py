"""Processor time of a full pull from Zoho, beside Zoho's own SDK reading the same accounts.

Each client is a process of its own, and so is the sandbox it reads from; they take turns. Ours
normalises and stores in SQLite, the SDK only reads. Starting, importing and the first token are
outside the clock for both. The SDK is set as Zoho's manual sets it, following changes of the
organisation's fields as our port does; its default, which never looks at them again, is reported
beside it.
"""

import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import msgspec

from benchmarks.zoho_processes.reading import Reading, Target

__all__ = ["measure"]

ACCOUNTS = 20_000
ROUNDS = 3
GOAL = 0.1
_ROOT = Path(__file__).parents[1]
_START_SECONDS = 120
_CLIENT_SECONDS = 300
_STOP_SECONDS = 10


def measure() -> list[dict[str, object]]:
    """Measure ``zoho_pull_cpu_ratio_vs_sdk``.

    Raises ``RuntimeError`` where a process fails or the two did not read the same accounts.
    """
    ours, sdk, frozen = [], [], []
    with _organisation(ACCOUNTS) as organisation:
        for _round in range(ROUNDS):
            ours.append(_read(organisation, "ours"))
            sdk.append(_read(organisation, "sdk"))
            frozen.append(_read(organisation, "sdk", "--never-refresh"))
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


def _compare(ours: Reading, sdk: Reading) -> None:
    if (ours.records, ours.fingerprint) != (ACCOUNTS, sdk.fingerprint):
        raise RuntimeError(
            f"{ACCOUNTS} accounts are there, ours read {ours.records}, the SDK {sdk.records}"
        )


@contextmanager
def _organisation(accounts: int) -> Iterator[Target]:
    """Run the sandbox; it ends when its standard input does, whatever becomes of us."""
    with subprocess.Popen(
        _command("organisation", str(accounts)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=_ROOT,
    ) as process:
        try:
            yield _ready(process)
        finally:
            _end(process)


def _ready(process: subprocess.Popen[bytes]) -> Target:
    if process.stdout is None:
        raise RuntimeError("the sandbox has no output")
    if not select.select([process.stdout], [], [], _START_SECONDS)[0]:
        raise RuntimeError(f"the sandbox was not ready within {_START_SECONDS} s")
    line = process.stdout.readline()
    if not line:
        raise RuntimeError("the sandbox ended before it was ready")
    return msgspec.json.decode(line, type=Target)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def _read(organisation: Target, client: str, *options: str) -> Reading:
    """Let a client read everything from a process and an empty folder of its own."""
    with tempfile.TemporaryDirectory(prefix="zixin-bench-") as folder:
        told = msgspec.structs.replace(organisation, folder=folder)
        done = subprocess.run(
            _command(client, *options),
            input=msgspec.json.encode(told),
            capture_output=True,
            cwd=_ROOT,
            env={**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"},
            timeout=_CLIENT_SECONDS,
            check=False,
        )
    if done.returncode != 0:
        raise RuntimeError(f"{client} failed: {done.stderr.decode(errors='replace')[-2000:]}")
    return msgspec.json.decode(done.stdout, type=Reading)


def _command(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", f"benchmarks.zoho_processes.{module}", *arguments]


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
