"""The faults of the wire: refusals of a gateway, broken connections, spoilt and slow answers."""

import socket
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, NoReturn

import orjson
from werkzeug.wrappers import Response

from sandbox.faults import VENDOR_KINDS, FaultKind, FaultRule, Faults

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["REFUSED_UNREAD", "FaultMiddleware"]

_HTML = (
    "<!DOCTYPE html><html><head><title>{title}</title></head>"
    "<body><center><h1>{title}</h1></center><hr><center>gateway</center></body></html>"
)
_ANSWERS = {
    FaultKind.ERROR_500: (500, "application/json", '{"message":"internal error"}'),
    FaultKind.ERROR_502_HTML: (502, "text/html", _HTML.format(title="502 Bad Gateway")),
    FaultKind.ERROR_503: (503, "application/json", '{"message":"busy"}'),
    FaultKind.ERROR_504_HTML: (504, "text/html", _HTML.format(title="504 Gateway Time-out")),
    FaultKind.HTML_200: (200, "text/html", _HTML.format(title="Please sign in")),
}
_WIRE_KINDS = frozenset(FaultKind) - VENDOR_KINDS
#: Faults in which nothing is carried out, and the status that is answered; 0: none.
REFUSED_UNREAD = {kind: status for kind, (status, _, _) in _ANSWERS.items()} | {
    FaultKind.RESET_BEFORE: 0
}
_MISSING_BYTES = 100
_LISTS = ("data", "watch")  # where answers have results, one for each thing asked for


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
            self._dribble(rule.delay_seconds, environ)
        if rule.delay_seconds:
            self._sleep(rule.delay_seconds)
        return self._play(rule.kind)(environ, start_response)

    def _play(self, kind: FaultKind) -> "WSGIApplication":
        if kind in _ANSWERS:
            status, mimetype, body = _ANSWERS[kind]
            return Response(body, status, mimetype=mimetype)
        if kind in _SPOILT:
            return partial(self._spoil, _SPOILT[kind])
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

    def _dribble(self, seconds: float, environ: "WSGIEnvironment") -> NoReturn:
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

    def _spoil(
        self,
        change: Callable[[bytes], bytes],
        environ: "WSGIEnvironment",
        start_response: "StartResponse",
    ) -> Iterable[bytes]:
        answer = self._carried_out(environ)
        answer.set_data(change(answer.get_data()))
        return answer(environ, start_response)

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
    for name in _LISTS if isinstance(answer, dict) else ():
        if isinstance(answer.get(name), list):
            return orjson.dumps({**answer, name: answer[name][:-1]})
    return body


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
