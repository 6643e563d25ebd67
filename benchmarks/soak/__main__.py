"""Soak: ``python -m benchmarks.soak [--minutes 30] [--payments 600] [--faults 0.05]``.

Both sandbox CRMs run here, ``zixin serve`` in a process of its own. Payments are booked over the
time; a fifth of them is told to nobody, the other notifications are repeated and reordered,
somebody forges messages, and of the calls to the CRMs one in twenty goes wrong. One JSON document on
standard output; exit code 1 if anything ended wrong or grew. (reliability T10)
"""

import argparse
import json
import os
import sys
import tempfile
import threading
from contextlib import ExitStack
from datetime import date, datetime
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.soak.bookings import Booking, Cashier, Watcher, spread
from benchmarks.soak.forger import Forger
from benchmarks.soak.gauges import Gauges, is_flat, rss_mb
from benchmarks.soak.verdict import differing_fields, queue_figures, task_figures, wrong_amounts
from sandbox.company.generate import generate
from sandbox.faults import FaultKind, FaultRule
from tests.journeys.clerk import Clerk, clerks_of
from tests.journeys.harness import Installation, installed
from tests.journeys.serving import Serve, serving, wait_until

DROPPED = 0.2
DUPLICATED = 0.3
REORDERED = 0.3
FORGED_EVERY_SECONDS = 0.3
LAST_PULL_SECONDS = 90.0  # a dropped notification is made good by the pull of the next minute
SHOWN = 20
# Those that pass by themselves. A stopped clock of calls (429) or a dead token is a state, no share.
FAULTS = (
    FaultKind.ERROR_500,
    FaultKind.ERROR_502_HTML,
    FaultKind.ERROR_503,
    FaultKind.HTML_200,
    FaultKind.RESET_BEFORE,
    FaultKind.RESET_AFTER,
    FaultKind.TRUNCATED_JSON,
    FaultKind.MISSING_ENTRY,
)


def main() -> int:
    """Soak and print; tell whether all ended well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--payments", type=int, default=600)
    parser.add_argument("--accounts", type=int, default=300)
    parser.add_argument("--faults", type=float, default=0.05)
    parser.add_argument("--seed", type=int, default=1)
    wish = parser.parse_args()
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    company = generate(wish.accounts, seed=wish.seed, as_of=today)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="zixin-soak-")))
        installation = stack.enter_context(
            installed(folder / "served", company, as_of=today, now=True)
        )
        installation.edit("[server]\n", "[schedule]\npull_minutes = 1\n\n[server]\n")
        clerks = clerks_of(installation.crms)
        for clerk in clerks.values():
            stack.callback(clerk.close)
        serve = stack.enter_context(serving(installation))
        soak = Soak(installation, serve, clerks, today, wish)
        figures = soak.run(folder)
    json.dump(figures, sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")
    return 0 if figures["well"] else 1


class Soak:
    """One soak, from the first reading to the verdict."""

    def __init__(
        self,
        installation: Installation,
        serve: Serve,
        clerks: dict[str, Clerk],
        today: date,
        wish: argparse.Namespace,
    ) -> None:
        self._installation = installation
        self._serve = serve
        self._clerks = clerks
        self._today = today
        self._wish = wish
        self._rng = Random(wish.seed)

    def run(self, folder: Path) -> dict[str, Any]:
        """Soak, and say how it went."""
        first = wait_until(self._serve.quiet, "first reading done", seconds=300)
        first_tasks = task_figures(self._installation, self._clerks, self._today)
        before = _process(self._serve.process.pid)
        for clerk in self._clerks.values():
            clerk.misbehave(duplicate=DUPLICATED, reorder=REORDERED, seed=self._wish.seed)
        watcher = Watcher(self._clerks)
        forger = Forger(
            self._serve, self._installation, every=FORGED_EVERY_SECONDS, seed=self._wish.seed
        )
        gauges = Gauges(self._serve)
        began = monotonic()
        try:
            self._go_wrong()
            bookings = self._book(watcher, began)
            faults = self._go_well()
            self._drain(watcher, began)
        finally:
            forger.end()
            held = gauges.end()
            watcher.end()
        after = _process(self._serve.process.pid)
        quiet = wait_until(self._serve.quiet, "quiet at last", seconds=120)
        figures = {
            "seconds": round(monotonic() - began, 1),
            "accounts": sum(len(clerk.codes()) for clerk in self._clerks.values()),
            "first_reading_seconds": round(first, 1),
            "booking_to_field_seconds": {
                told: spread(one for one in bookings if one.told == told)
                for told in ("notified", "dropped", "behind_dropped")
            },
            "notifications": {name: self._sent(name) for name in self._clerks},
            "forged": {str(status): count for status, count in forger.answers.items()},
            "faults": faults,
            "held": held,
            "first_tasks": first_tasks,
            "quiet_after_seconds": round(quiet, 1),
            **self._verdict(forger, folder),
            "serve": {"start": before, "end": after, "error_lines": self._error_lines()},
        }
        began = monotonic()
        exit_code = self._serve.end()
        figures["sigterm"] = {"exit": exit_code, "seconds": round(monotonic() - began, 1)}
        figures["well"] = _well(figures)
        return figures

    def _book(self, watcher: Watcher, began: float) -> list[Booking]:
        """Book the payments, spread evenly but for some jitter."""
        cashier = Cashier(self._clerks, self._today, self._rng)
        step = max(0.0, self._wish.minutes * 60 - LAST_PULL_SECONDS) / self._wish.payments
        untold = set(
            self._rng.sample(range(self._wish.payments), round(self._wish.payments * DROPPED))
        )
        pause, bookings = threading.Event(), []
        for number in range(self._wish.payments):
            due = began + (number + self._rng.random()) * step
            pause.wait(max(0.0, due - monotonic()))
            booking = cashier.book(
                dropped=number in untold, to_come=self._wish.payments - number - 1
            )
            watcher.expect(booking)
            bookings.append(booking)
            if self._serve.process.poll() is not None:
                raise SystemExit(f"serve ended by itself:\n{self._serve.said()}")
        return bookings

    def _drain(self, watcher: Watcher, began: float) -> None:
        """Wait for the last pull, and for the end; what does not show by then is told."""
        ended, pause = monotonic() + LAST_PULL_SECONDS * 2, threading.Event()
        while watcher.pending and monotonic() < ended:
            pause.wait(0.2)
        pause.wait(max(0.0, began + self._wish.minutes * 60 - monotonic()))

    def _verdict(self, forger: Forger, folder: Path) -> dict[str, Any]:
        anew = folder / "anew"
        anew.mkdir()
        amounts = wrong_amounts(self._clerks, self._today)
        compared, differing = differing_fields(self._installation, anew)
        return {
            "tasks": task_figures(self._installation, self._clerks, self._today),
            "queues": queue_figures(self._serve, forger.message_ids - {""}),
            "wrong_amounts": {"count": len(amounts), "first": amounts[:SHOWN]},
            "decided_anew": {
                "fields": compared,
                "differing": len(differing),
                "first": differing[:SHOWN],
            },
        }

    def _sent(self, vendor: str) -> dict[str, int]:
        return self._clerks[vendor].crm.notifier.counters()

    def _go_wrong(self) -> None:
        """Let a share of all calls go wrong, each kind as often as the others."""
        for number, clerk in enumerate(self._clerks.values()):
            clerk.crm.faults.replace(
                FaultRule(
                    match="* /",
                    kind=kind,
                    probability=self._wish.faults / len(FAULTS),
                    seed=self._wish.seed * 100 + 10 * number + index,
                )
                for index, kind in enumerate(FAULTS)
            )

    def _go_well(self) -> dict[str, dict[str, int]]:
        """End the faults, and tell how many there were."""
        fired = {}
        for name, clerk in self._clerks.items():
            rules = clerk.crm.faults.as_json()
            fired[name] = {str(rule["kind"]): int(str(rule["fired"])) for rule in rules}
            clerk.crm.faults.clear()
        return fired

    def _error_lines(self) -> list[str]:
        """Give the lines of its log that nobody should find there."""
        lines = self._serve.said().splitlines()
        return [line for line in lines if "error" in line[:60].lower() or "Traceback" in line]


def _process(pid: int) -> dict[str, float]:
    """Tell a process's resident memory and the processor time it has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    return {
        "rss_mb": rss_mb(pid),
        "cpu_seconds": round(ticks / os.sysconf("SC_CLK_TCK"), 1),
    }


def _well(figures: dict[str, Any]) -> bool:
    times = figures["booking_to_field_seconds"].values()
    return (
        all(one["bookings"] == one["shown"] for one in times)
        and set(figures["forged"]) <= {"401"}
        and not figures["queues"]["forged_stored"]
        and set(figures["queues"]["messages"]) <= {"done"}
        and set(figures["queues"]["write_backs"]) <= {"done"}
        and not figures["tasks"]["duplicates"]
        and not figures["tasks"]["open_without_overdue"]
        and not figures["wrong_amounts"]["count"]
        and not figures["decided_anew"]["differing"]
        and not figures["serve"]["error_lines"]
        and is_flat(figures["held"])
        and figures["sigterm"]["exit"] == 0
    )


if __name__ == "__main__":
    sys.exit(main())
