"""Kills a process at a chosen moment, seen from the calls it makes to the sandbox CRMs.

A moment is before a call is carried out, after it was carried out but before its answer left, or
anywhere in the time until the next call: there our own commits and the deciding happen.
"""

import random
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from subprocess import Popen
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from tests.journeys.harness import Installation, wrap

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["Breaker", "Call", "Moment", "Phase", "Point", "calls_of", "draw_points"]

_FIRST_PUSH = "GET /crm/v8/Accounts"
_FIELD_WRITES = frozenset({"PUT /crm/v8/Accounts", "POST /cgi/crm/v2/data/update"})


class Moment(StrEnum):
    """When the process dies, seen from a call."""

    BEFORE = "before"
    AFTER = "after carrying out, not answering,"
    BETWEEN = "some time after"


class Phase(StrEnum):
    """What a run is doing."""

    PULL = "pull"
    DECIDE = "decide"
    FIELDS = "field updates"
    TASKS = "tasks"


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call of an unbroken run. ``seconds`` pass before the next."""

    number: int
    vendor: str
    phase: Phase
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Point:
    """Where a run is broken. ``seconds`` after the answer, for a moment between two calls."""

    call: Call
    moment: Moment
    seconds: float = 0.0

    def __str__(self) -> str:
        """Name the point in a failure."""
        wait = f"{self.seconds * 1000:.0f} ms after" if self.seconds else str(self.moment)
        return f"{wait} call {self.call.number} ({self.call.vendor}, {self.call.phase})"


class Breaker:
    """Stands between the CRMs and their ports, notes the calls, and kills the caller at a point."""

    def __init__(self, point: Point | None = None) -> None:
        self.seen: list[tuple[str, str, float]] = []
        self._point = point
        self._lock = threading.Lock()
        self._victim: Popen[str] | None = None
        self._named = threading.Event()

    def stand_before(self, installation: Installation) -> None:
        """Let every call to the CRMs come by here."""
        for vendor in installation.crms.names():
            wrap(installation.crms, vendor, partial(self._around, vendor))

    def victim(self, process: "Popen[str]") -> None:
        """Name the process to kill; no call goes on before."""
        self._victim = process
        self._named.set()

    def stand_down(self) -> None:
        """Kill nobody any more."""
        self._point = None

    def _around(self, vendor: str, app: "WSGIApplication") -> "WSGIApplication":
        def application(
            environ: "WSGIEnvironment", start_response: "StartResponse"
        ) -> Iterable[bytes]:
            what = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
            with self._lock:
                self.seen.append((vendor, what, time.monotonic()))
                number = len(self.seen)
            if self._point is None or number != self._point.call.number:
                return app(environ, start_response)
            return self._break(self._point, app, environ, start_response)

        return application

    def _break(
        self,
        point: Point,
        app: "WSGIApplication",
        environ: "WSGIEnvironment",
        start_response: "StartResponse",
    ) -> Iterable[bytes]:
        if point.moment is Moment.BETWEEN:
            answer = app(environ, start_response)
            threading.Timer(point.seconds, self._kill).start()
            return answer
        if point.moment is Moment.AFTER:
            Response.from_app(app, environ, buffered=True).close()
        self._kill()
        raise ConnectionResetError("nobody is there to be answered")

    def _kill(self) -> None:
        self._named.wait()
        if self._victim is not None:
            self._victim.kill()
            self._victim.wait()


def calls_of(seen: Sequence[tuple[str, str, float]]) -> list[Call]:
    """Say of each call of an unbroken run what it was for."""
    first_push = next(index for index, (_, what, _) in enumerate(seen) if what == _FIRST_PUSH)
    last_fields = {
        vendor: index for index, (vendor, what, _) in enumerate(seen) if what in _FIELD_WRITES
    }
    calls = []
    for index, (vendor, _, at) in enumerate(seen):
        phase = Phase.PULL
        if index >= first_push:
            phase = Phase.FIELDS if index <= last_fields[vendor] else Phase.TASKS
        until = seen[index + 1][2] if index + 1 < len(seen) else at
        calls.append(Call(number=index + 1, vendor=vendor, phase=phase, seconds=until - at))
    return calls


def draw_points(
    calls: Sequence[Call], rng: random.Random, *, each: int, deciding: int
) -> list[Point]:
    """Draw ``each`` points from every phase of every CRM, and some from the deciding between."""
    points = []
    for vendor in dict.fromkeys(call.vendor for call in calls):
        for phase in (Phase.PULL, Phase.FIELDS, Phase.TASKS):
            meant = [call for call in calls if (call.vendor, call.phase) == (vendor, phase)]
            every = [(call, moment) for call in meant for moment in Moment]
            points += [_point(*chosen, rng) for chosen in rng.sample(every, each)]
    last_pull = [call for call in calls if call.phase is Phase.PULL][-1]
    decides = Call(
        number=last_pull.number,
        vendor=last_pull.vendor,
        phase=Phase.DECIDE,
        seconds=last_pull.seconds,
    )
    return points + [_point(decides, Moment.BETWEEN, rng) for _ in range(deciding)]


def _point(call: Call, moment: Moment, rng: random.Random) -> Point:
    seconds = rng.random() * call.seconds if moment is Moment.BETWEEN else 0.0
    return Point(call=call, moment=moment, seconds=seconds)
