"""Faults on request: what a CRM's API does on a bad day, by rule, deterministic by seed.

The middleware plays the faults of the wire. ``rate_limit`` and ``quota`` have a vendor's own
answer, so the look-alikes ask for them with ``Faults.take``.
"""

import socket
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from random import Random
from threading import Lock
from typing import TYPE_CHECKING, cast

from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["FaultKind", "FaultMiddleware", "FaultRule", "Faults"]

_HTML = (
    "<!DOCTYPE html><html><head><title>{title}</title></head>"
    "<body><center><h1>{title}</h1></center><hr><center>gateway</center></body></html>"
)


class FaultKind(StrEnum):
    """What goes wrong. A request is carried out only where the kind says so."""

    ERROR_500 = "error_500"
    ERROR_502_HTML = "error_502_html"
    HTML_200 = "html_200"
    RESET_BEFORE = "reset_before"  # cut before the request is carried out
    RESET_AFTER = "reset_after"  # carried out, then cut before any byte of the answer
    TRUNCATED_JSON = "truncated_json"  # carried out, and the answer stops half way
    SLOW = "slow"  # carried out, late
    RATE_LIMIT = "rate_limit"
    QUOTA = "quota"


_ANSWERS = {
    FaultKind.ERROR_500: (500, "application/json", '{"message":"internal error"}'),
    FaultKind.ERROR_502_HTML: (502, "text/html", _HTML.format(title="502 Bad Gateway")),
    FaultKind.HTML_200: (200, "text/html", _HTML.format(title="Please sign in")),
}
_WIRE_KINDS = frozenset(FaultKind) - {FaultKind.RATE_LIMIT, FaultKind.QUOTA}


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRule:
    """One rule. ``match`` is ``METHOD /path-prefix``; ``*`` stands for any method.

    ``times`` bounds how often it fires (``None``: for ever); ``probability`` is drawn for each
    matching request from the rule's own ``seed``; ``delay_seconds`` pass before the fault.
    """

    match: str
    kind: FaultKind
    times: int | None = None
    probability: float = 1.0
    seed: int = 0
    delay_seconds: float = 0.0

    def covers(self, method: str, path: str) -> bool:
        """Tell whether a request is meant."""
        wanted, _, prefix = self.match.partition(" ")
        return wanted in {"*", method} and path.startswith(prefix)


@dataclass(slots=True)
class _Armed:
    """A rule with its own dice and how often it has fired."""

    rule: FaultRule
    dice: Random
    fired: int = 0

    def fires(self) -> bool:
        if self.rule.times is not None and self.fired >= self.rule.times:
            return False
        if self.dice.random() >= self.rule.probability:
            return False
        self.fired += 1
        return True


@dataclass(slots=True)
class Faults:
    """The rules in force. Safe to use from several threads; the first rule that fires wins."""

    _armed: list[_Armed] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def replace(self, rules: Iterable[FaultRule | Mapping[str, object]]) -> None:
        """Put these rules in force instead of the old ones.

        Raises ``ValueError`` with a sentence about the first rule that cannot be understood; the
        old rules then stay.
        """
        parsed = [rule if isinstance(rule, FaultRule) else _parse(rule) for rule in rules]
        with self._lock:
            self._armed = [_Armed(rule, Random(rule.seed)) for rule in parsed]

    def add(self, rule: FaultRule) -> None:
        """Append one rule."""
        with self._lock:
            self._armed.append(_Armed(rule, Random(rule.seed)))

    def clear(self) -> None:
        """Let everything go well again."""
        self.replace([])

    def take(self, kind: FaultKind | str, method: str, path: str) -> FaultRule | None:
        """Return the rule of this kind that fires for a request, and count it; else ``None``."""
        return self.take_any({FaultKind(kind)}, method, path)

    def take_any(self, kinds: Iterable[FaultKind], method: str, path: str) -> FaultRule | None:
        """Return the first rule of these kinds that fires for a request, and count it."""
        wanted = frozenset(kinds)
        with self._lock:
            for armed in self._armed:
                if armed.rule.kind not in wanted or not armed.rule.covers(method, path):
                    continue
                if armed.fires():
                    return armed.rule
        return None

    def as_json(self) -> list[dict[str, object]]:
        """Return the rules with how often each has ``fired``."""
        with self._lock:
            return [
                {**asdict(armed.rule), "kind": armed.rule.kind.value, "fired": armed.fired}
                for armed in self._armed
            ]


class FaultMiddleware:
    """A WSGI application that plays the faults of the wire around another one.

    ``on_fault`` is told of each fault with the method and the path, before it is played.
    """

    def __init__(
        self,
        app: "WSGIApplication",
        faults: Faults,
        *,
        sleep: Callable[[float], None] = time.sleep,
        on_fault: Callable[[FaultRule, str, str], None] | None = None,
    ) -> None:
        self._app = app
        self._faults = faults
        self._sleep = sleep
        self._on_fault = on_fault

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer as the application would, or as the fault in force says."""
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")
        rule = self._faults.take_any(_WIRE_KINDS, method, path)
        if rule is None:
            return self._app(environ, start_response)
        if self._on_fault is not None:
            self._on_fault(rule, method, path)
        if rule.delay_seconds:
            self._sleep(rule.delay_seconds)
        return self._play(rule.kind)(environ, start_response)

    def _play(self, kind: FaultKind) -> "WSGIApplication":
        if kind in _ANSWERS:
            status, mimetype, body = _ANSWERS[kind]
            return Response(body, status, mimetype=mimetype)
        played: dict[FaultKind, WSGIApplication] = {
            FaultKind.RESET_BEFORE: _cut,
            FaultKind.RESET_AFTER: self._carry_out_and_cut,
            FaultKind.TRUNCATED_JSON: self._truncate,
        }
        return played.get(kind, self._app)

    def _carry_out_and_cut(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        Response.from_app(self._app, environ, buffered=True).close()
        return _cut(environ, start_response)

    def _truncate(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        answer = Response.from_app(self._app, environ, buffered=True)
        body = answer.get_data()
        answer.set_data(body[: len(body) // 2])
        return answer(environ, start_response)


def _cut(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Cut the connection. The server sees a dropped client and sends nothing."""
    del start_response
    connection = environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionResetError("the connection was cut, as a fault rule asked")


def _parse(rule: Mapping[str, object]) -> FaultRule:
    unknown = set(rule) - set(FaultRule.__dataclass_fields__) - {"fired"}
    if unknown:
        raise ValueError(f"unknown keys in a fault rule: {', '.join(sorted(unknown))}")
    match, times = rule.get("match"), rule.get("times")
    if not isinstance(match, str) or " /" not in match:
        raise ValueError('"match" must read like "POST /path", or "* /path" for any method')
    if rule.get("kind") not in list(FaultKind):
        raise ValueError(f'"kind" must be one of {", ".join(FaultKind)}')
    if times is not None and (not isinstance(times, int) or times < 1):
        raise ValueError('"times" must be a whole number above 0, or null')
    probability = _number(rule, "probability", 1.0)
    if not 0 <= probability <= 1:
        raise ValueError('"probability" must lie between 0 and 1')
    return FaultRule(
        match=match,
        kind=FaultKind(cast("str", rule["kind"])),
        times=times,
        probability=probability,
        seed=int(_number(rule, "seed", 0)),
        delay_seconds=_number(rule, "delay_seconds", 0.0),
    )


def _number(rule: Mapping[str, object], key: str, default: float) -> float:
    value = rule.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ValueError(f'"{key}" must be a number, 0 or more')
    return float(value)
