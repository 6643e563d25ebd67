"""How fast messages are taken, beside a bare endpoint that inserts one row under the same server.

Both are processes of their own under waitress on loopback, on SQLite with ``synchronous=FULL`` and
the same pragmas; they take turns. The bare endpoint verifies nothing: one Flask view, one prepared
insert on a connection of its thread, one commit.
Ours proves the message, checks limits and marks, and keeps it once.
"""

import http.client
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from statistics import median, quantiles
from time import monotonic

from adapters.zoho.events import channels
from adapters.zoho.names import ZohoMapping

__all__ = ["CHANNEL_TOKEN", "measure"]

CONNECTIONS = 16
REQUESTS = 3000
WARM_UP = 200
ROUNDS = 3
RATIO_GOAL, P99_GOAL_MS = 0.6, 250.0
CHANNEL_TOKEN = "benchmark-channel-token"  # noqa: S105 of nobody
_CHANNEL = channels("crm", ZohoMapping())["Payments"]
_TIMEOUT_SECONDS = 30


def measure() -> list[dict[str, object]]:
    """Measure ``receiver_ratio_vs_bare`` and ``receiver_p99_ms``.

    Raises ``RuntimeError`` where a message was not taken or not kept.
    """
    with _served("ours") as ours, _served("bare") as bare:
        for served in (ours, bare):
            served.load(WARM_UP)
        rounds = [(ours.load(REQUESTS), bare.load(REQUESTS)) for _ in range(ROUNDS)]
        for served in (ours, bare):
            served.check()
    ratios = [round(one.per_second / two.per_second, 3) for one, two in rounds]
    p99 = round(median(one.p99_ms for one, _ in rounds), 1)
    ratio = median(ratios)
    beside = {
        "connections": CONNECTIONS,
        "requests": REQUESTS,
        "ratios": ratios,
        "ours": [one.told() for one, _ in rounds],
        "bare": [two.told() for _, two in rounds],
    }
    return [
        {
            "name": "receiver_ratio_vs_bare",
            "value": ratio,
            "unit": "messages a second of ours for each of a bare endpoint",
            "goal": RATIO_GOAL,
            "ok": ratio >= RATIO_GOAL,
            "beside": beside,
        },
        {
            "name": "receiver_p99_ms",
            "value": p99,
            "unit": f"milliseconds at {CONNECTIONS} connections",
            "goal": P99_GOAL_MS,
            "ok": p99 <= P99_GOAL_MS,
        },
    ]


class _Load:
    """What a round of requests showed."""

    def __init__(self, seconds: float, each: list[float]) -> None:
        self.per_second = len(each) / seconds
        self.p50_ms = median(each) * 1000
        self.p99_ms = quantiles(each, n=100)[98] * 1000
        self.most_ms = max(each) * 1000

    def told(self) -> dict[str, float]:
        figures = {
            "per_second": self.per_second,
            "p50_ms": self.p50_ms,
            "p99_ms": self.p99_ms,
            "max_ms": self.most_ms,
        }
        return {name: round(figure, 1) for name, figure in figures.items()}


class _Served:
    """A server process; ``load`` sends it messages that it has not seen."""

    def __init__(self, process: "subprocess.Popen[str]", port: int, path: str) -> None:
        self._process = process
        self._port = port
        self._path = path
        self._sent = 0

    def load(self, requests: int) -> _Load:
        """Send so many messages from all connections together."""
        numbers, each = count(self._sent), list[float]()
        last, lock = self._sent + requests, threading.Lock()
        faults: list[int] = []

        def send() -> None:
            line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_TIMEOUT_SECONDS)
            while True:
                with lock:
                    number = next(numbers)
                if number >= last:
                    break
                began = monotonic()
                line.request("POST", self._path, _message(number))
                answer = line.getresponse()
                answer.read()
                each.append(monotonic() - began)
                if answer.status != http.client.OK:
                    faults.append(answer.status)
            line.close()

        senders = [threading.Thread(target=send) for _ in range(CONNECTIONS)]
        began = monotonic()
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        self._sent = last
        if faults or len(each) != requests:
            raise RuntimeError(f"{len(each)} of {requests} were answered, refused: {faults[:5]}")
        return _Load(monotonic() - began, each)

    def check(self) -> None:
        """End the process; it tells how many rows it has kept."""
        out, _ = self._process.communicate("", timeout=_TIMEOUT_SECONDS)
        if int(out) != self._sent:
            raise RuntimeError(f"{self._sent} messages were taken, {out.strip()} kept")


@contextmanager
def _served(which: str) -> Iterator[_Served]:
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.receiver_process", which, folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None  # noqa: S101 it was asked for
            port, path = process.stdout.readline().split()
            yield _Served(process, int(port), path)
        finally:
            process.kill()
            process.wait()


def _message(number: int) -> bytes:
    """Make a Zoho notification of usual size; ``number`` makes it a new one."""
    return json.dumps(
        {
            "server_time": 1_790_000_000_000 + number,
            "query_params": {},
            "module": "Payments",
            "resource_uri": "https://www.zohoapis.com/crm/v8/Payments",
            "ids": [str(5_000_000_000_000_000 + number)],
            "affected_fields": [],
            "operation": "update",
            "channel_id": _CHANNEL,
            "token": CHANNEL_TOKEN,
        }
    ).encode()


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
