"""Faults on request: what a CRM's API does on a bad day, by rule, deterministic by seed.

The middleware plays the faults of the wire. ``rate_limit``, ``quota`` and ``stale_token`` have a
vendor's own answer, so the look-alikes ask for them with ``Faults.take``.
"""

import socket
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from random import Random
from threading import Lock
from typing import TYPE_CHECKING, cast

import orjson
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
    ERROR_503 = "error_503"  # refused before any work
    ERROR_504_HTML = "error_504_html"
    HTML_200 = "html_200"
    RESET_BEFORE = "reset_before"  # cut before the request is carried out
    RESET_AFTER = "reset_after"  # carried out, then cut before any byte of the answer
    HALF_CLOSE = "half_close"  # carried out, then the server's half of the connection ends
    TRUNCATED_JSON = "truncated_json"  # carried out, and the answer stops half way
    WRONG_LENGTH = "wrong_length"  # carried out; the answer is shorter than it says
    BROKEN_BYTES = "broken_bytes"  # carried out; some bytes in the middle of the answer are others
    MISSING_ENTRY = "missing_entry"  # carried out; the last result of the list is left out
    SLOW = "slow"  # carried out, late: after the client gave up, where it waits less
    SLOW_BODY = "slow_body"  # carried out; the answer comes byte by byte
    RATE_LIMIT = "rate_limit"
    QUOTA = "quota"
    STALE_TOKEN = "stale_token"  # the token that was good until now is dead


_ANSWERS = {
    FaultKind.ERROR_500: (500, "application/json", '{"message":"internal error"}'),
    FaultKind.ERROR_502_HTML: (502, "text/html", _HTML.format(title="502 Bad Gateway")),
    FaultKind.ERROR_503: (503, "application/json", '{"message":"busy"}'),
    FaultKind.ERROR_504_HTML: (504, "text/html", _HTML.format(title="504 Gateway Time-out")),
    FaultKind.HTML_200: (200, "text/html", _HTML.format(title="Please sign in")),
}
_VENDOR_KINDS = {FaultKind.RATE_LIMIT, FaultKind.QUOTA, FaultKind.STALE_TOKEN}
_WIRE_KINDS = frozenset(FaultKind) - _VENDOR_KINDS
_MISSING_BYTES = 100


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
        if rule.kind is FaultKind.SLOW_BODY:
            self._dribble(environ, rule.delay_seconds)
        if rule.delay_seconds:
            self._sleep(rule.delay_seconds)
        return self._play(rule.kind)(environ, start_response)

    def _play(self, kind: FaultKind) -> "WSGIApplication":
        if kind in _ANSWERS:
            status, mimetype, body = _ANSWERS[kind]
            return Response(body, status, mimetype=mimetype)
        if kind in _SPOILT:
            return self._spoil(_SPOILT[kind])
        played: dict[FaultKind, WSGIApplication] = {
            FaultKind.RESET_BEFORE: _cut,
            FaultKind.RESET_AFTER: self._carry_out_and_cut,
            FaultKind.HALF_CLOSE: self._carry_out_and_close,
            FaultKind.WRONG_LENGTH: self._promise_more,
        }
        return played.get(kind, self._app)

    def _carry_out_and_cut(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        self._carried_out(environ).close()
        return _cut(environ, start_response)

    def _carry_out_and_close(
        self, environ: "WSGIEnvironment", _start_response: "StartResponse"
    ) -> Iterable[bytes]:
        self._carried_out(environ).close()
        _connection(environ).shutdown(socket.SHUT_WR)
        raise ConnectionResetError("the server's half was closed, as a fault rule asked")

    def _promise_more(
        self, environ: "WSGIEnvironment", _start_response: "StartResponse"
    ) -> Iterable[bytes]:
        answer = self._carried_out(environ)
        body = answer.get_data()
        connection = _connection(environ)
        connection.sendall(_head(answer, len(body) + _MISSING_BYTES) + body)
        connection.shutdown(socket.SHUT_RDWR)
        raise ConnectionResetError("the answer ended early, as a fault rule asked")

    def _dribble(self, environ: "WSGIEnvironment", seconds: float) -> None:
        """Send the answer byte by byte within so many seconds, and end the connection."""
        answer = self._carried_out(environ)
        body = answer.get_data()
        connection = _connection(environ)
        connection.sendall(_head(answer, len(body)))
        for byte in body:
            self._sleep(seconds / len(body))
            connection.sendall(bytes([byte]))
        connection.shutdown(socket.SHUT_RDWR)
        raise ConnectionResetError("the answer has been sent, byte by byte")

    def _spoil(self, change: Callable[[bytes], bytes]) -> "WSGIApplication":
        def play(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
            answer = self._carried_out(environ)
            answer.set_data(change(answer.get_data()))
            return answer(environ, start_response)

        return play

    def _carried_out(self, environ: "WSGIEnvironment") -> Response:
        return Response.from_app(self._app, environ, buffered=True)


def _half(body: bytes) -> bytes:
    return body[: len(body) // 2]


def _broken(body: bytes) -> bytes:
    middle = len(body) // 2
    return (
        body[:middle]
        + bytes(byte ^ 0xFF for byte in body[middle : middle + 8])
        + body[middle + 8 :]
    )


def _without_last(body: bytes) -> bytes:
    """Leave out the last entry of an answer's list of results; other answers stay."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body
    entries = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(entries, list):
        return body
    return orjson.dumps({**answer, "data": entries[:-1]})


_SPOILT: dict[FaultKind, Callable[[bytes], bytes]] = {
    FaultKind.TRUNCATED_JSON: _half,
    FaultKind.BROKEN_BYTES: _broken,
    FaultKind.MISSING_ENTRY: _without_last,
}


def _connection(environ: "WSGIEnvironment") -> socket.socket:
    """Return the connection under a request. Only a server that tells it can play such a fault."""
    connection = environ.get("werkzeug.socket")
    if not isinstance(connection, socket.socket):
        raise ConnectionResetError("this fault needs a connection of its own")
    return connection


def _head(answer: Response, length: int) -> bytes:
    kept = [(name, value) for name, value in answer.headers if name.lower() != "content-length"]
    lines = [f"{name}: {value}" for name, value in kept]
    lines += [f"Content-Length: {length}", "Connection: close"]
    return "\r\n".join([f"HTTP/1.1 {answer.status}", *lines, "", ""]).encode("latin-1")


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
