"""Processes of the product that start in no time and may be killed.

It is run as ``python -m tests.journeys.nursery``.

The nursery has loaded the product once and forks for each wish it reads, one after the other. What
it forks opens the installation anew, works on a clock of its own, and is a process like any other:
SIGKILL leaves nothing of it but what it had committed.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self
from zoneinfo import ZoneInfo

from adapters import registry
from adapters.http import Pace
from connector.cli.serving import serving
from connector.flow.decide import decide
from connector.flow.job import Job
from connector.flow.push import push_due
from connector.flow.react import react_due
from connector.flow.run import PortReader, RunWish, run_once
from connector.store.engine import create_engine
from connector.store.migrations import upgrade
from connector.store.places import DatabasePlaces
from connector.store.slots import DatabaseSlots
from connector.store.spending import DatabaseSpending
from connector.store.tokens import DatabaseTokenStore
from connector.wiring import Zixin, open_zixin
from connector.wiring.jobs import job_of
from tests.journeys.harness import Installation

__all__ = ["Nursery", "ShiftedClock"]

_ROOT = Path(__file__).parents[2]
_END_SECONDS = 120.0


@dataclass(slots=True)
class ShiftedClock:
    """The machine's clock, moved; waiting moves it further instead of taking time."""

    shift: timedelta
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))

    def now(self) -> datetime:
        """Return the moved time, aware, in UTC."""
        return datetime.now(UTC) + self.shift

    def today(self) -> date:
        """Return the business date."""
        return self.now().astimezone(self.zone).date()

    def wait(self, seconds: float) -> None:
        """Let time pass at once."""
        self.shift += timedelta(seconds=seconds)


class Nursery:
    """The nursery as its owner sees it: starts one process at a time and tells how it ended."""

    def __init__(self, log: Path) -> None:
        self._log = log.open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.journeys.nursery"],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self.log = log

    def __enter__(self) -> Self:
        """Be ready."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it; nothing of it is under way any more."""
        self._stdin.close()
        self._process.wait(_END_SECONDS)
        self._stdout.close()
        self._log.close()

    def start(
        self,
        what: str,
        installation: Installation,
        shift: timedelta,
        *,
        dies_in_assess: float | None = None,
        traced: bool = False,
    ) -> int:
        """Start a process and return its id. ``what`` is one of the wishes below.

        ``dies_in_assess``: it kills itself so many seconds after assessing began. ``traced``: it
        begins when somebody traces it.
        """
        wish = {
            "what": what,
            "config": str(installation.config),
            "environment": dict(installation.environment),
            "shift": shift.total_seconds(),
            "dies_in_assess": dies_in_assess,
            "traced": traced,
        }
        return self._ask(wish)

    def migrate(self, url: str, *, dies_after: float | None) -> int:
        """Start a process that brings a database up to date, and maybe kills itself meanwhile."""
        return self._ask({"what": "migrate", "url": url, "dies_after": dies_after})

    def ended(self) -> int:
        """Wait for the end of the process; below nought it is the signal that ended it."""
        return int(self._stdout.readline())

    def _ask(self, wish: Mapping[str, object]) -> int:
        self._stdin.write(json.dumps(wish) + "\n")
        self._stdin.flush()
        return int(self._stdout.readline())

    @property
    def _stdin(self) -> IO[str]:
        assert self._process.stdin is not None
        return self._process.stdin

    @property
    def _stdout(self) -> IO[str]:
        assert self._process.stdout is not None
        return self._process.stdout


def _main() -> None:
    for line in sys.stdin:
        wish = json.loads(line)
        child = os.fork()
        if child == 0:
            os._exit(_child(wish))
        _tell(child)
        _, status = os.waitpid(child, 0)
        _tell(os.waitstatus_to_exitcode(status))


def _tell(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def _child(wish: Mapping[str, Any]) -> int:
    try:
        if wish["what"] == "migrate":
            _migrate(wish)
        else:
            if wish["traced"]:
                _await_tracer()
            _WISHES[wish["what"]](_opened(wish), wish)
    except BaseException:  # noqa: BLE001 its owner reads the log
        sys.excepthook(*sys.exc_info())
        return 1
    return 0


def _migrate(wish: Mapping[str, Any]) -> None:
    engine = create_engine(wish["url"])
    if wish["dies_after"] is not None:
        _die_after(wish["dies_after"])
    upgrade(engine)
    engine.dispose()


def _opened(wish: Mapping[str, Any]) -> Zixin:
    """Open the installation on the moved clock, with all that its connections share."""
    clock = ShiftedClock(timedelta(seconds=wish["shift"]))
    zixin = open_zixin(Path(wish["config"]), clock=clock, environment=wish["environment"])
    pace = Pace(
        now=clock.now,
        monotonic=lambda: clock.now().timestamp(),
        sleep=clock.wait,
        jitter=lambda: 0.9,
    )
    for name in zixin.names:
        zixin._ports[name] = registry.open_port(
            zixin.settings(name),
            store=DatabaseTokenStore(zixin.engine),
            sealer=zixin.sealer,
            spending=DatabaseSpending(zixin.engine),
            slots=DatabaseSlots(zixin.engine),
            places=DatabasePlaces(zixin.engine),
            pace=pace,
        )
    return zixin


def _run(zixin: Zixin, wish: Mapping[str, Any]) -> None:
    """Do the whole job once."""
    job, seconds = job_of(zixin), wish["dies_in_assess"]
    if seconds is not None:
        job = _dying_in_assess(job, seconds)
    run_once(job, RunWish(as_of=zixin.clock.today()))


def _dying_in_assess(job: Job, seconds: float) -> Job:
    assess = job.rules.assess

    def last(*arguments: Any, **named: Any) -> Any:
        _die_after(seconds)
        return assess(*arguments, **named)

    return replace(job, rules=replace(job.rules, assess=last))


def _decide(zixin: Zixin, _wish: Mapping[str, Any]) -> None:
    """Read and decide; what is to be written waits."""
    run_once(job_of(zixin), RunWish(as_of=zixin.clock.today(), push=False))


def _push(zixin: Zixin, _wish: Mapping[str, Any]) -> None:
    """Carry out what waits."""
    job = job_of(zixin)
    push_due(job.engine, job.ports, job.clock, rng=job.rng)


def _finish(zixin: Zixin, wish: Mapping[str, Any]) -> None:
    """Do all there is to do: messages, the whole job, and what followed from it."""
    job = job_of(zixin)
    codecs = {name: zixin.codec(name) for name in zixin.names}
    reader = PortReader(job.engine, job.ports, job.clock)
    react_due(job.engine, codecs, reader, job.clock, rng=job.rng)
    _run(zixin, wish)
    decide(job, zixin.clock.today())
    push_due(job.engine, job.ports, job.clock, rng=job.rng)


def _serve(zixin: Zixin, _wish: Mapping[str, Any]) -> None:
    """Serve until killed."""
    with serving(zixin):
        signal.pause()


def _await_tracer() -> None:
    status = Path("/proc/self/status")
    while "TracerPid:\t0\n" in status.read_text(encoding="ascii"):
        time.sleep(0.002)


def _die_after(seconds: float) -> None:
    def die() -> None:
        time.sleep(seconds)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=die, daemon=True).start()


_WISHES: dict[str, Callable[[Zixin, Mapping[str, Any]], None]] = {
    "run": _run,
    "decide": _decide,
    "push": _push,
    "finish": _finish,
    "serve": _serve,
}

if __name__ == "__main__":
    _main()
