"""``/readyz`` and ``/metrics``: for operators, not for the public.

Strangers learn one word. Reasons and figures are told at the operators' own port, which listens on
this machine alone, to who shows the token, and, for reasons, to this machine where no proxy stands
in front: behind one everybody seems to come from here.
"""

import hmac
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import msgspec
from flask import Flask, Response, request

from connector.flow.reports.health import Health
from connector.web.metrics import metrics_text

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["Operations", "beside", "operations_app"]

_HERE = frozenset({"127.0.0.1", "::1", "::ffff:127.0.0.1"})
_PATHS = frozenset({"/readyz", "/metrics"})


class Operations(msgspec.Struct, frozen=True, kw_only=True):
    """Where the answers come from. ``token`` empty: nobody may show one.

    ``public``: a proxy brings strangers to the same address.
    """

    reasons: Callable[[], list[str]]
    health: Callable[[], Health]
    received: Callable[[], Mapping[tuple[str, str], int]]
    token: str = ""
    public: bool = True


def operations_app(operations: Operations, *, own_port: bool = False) -> Flask:
    """Build the pages. ``own_port``: only operators of this machine reach it."""
    app = Flask(__name__, static_folder=None)

    def readyz() -> Response:
        faults = operations.reasons()
        here = request.remote_addr in _HERE and not operations.public
        told = own_port or here or _shows_token(operations.token)
        lines = faults if told and faults else ["ready" if not faults else "not ready"]
        return _text("\n".join(lines), 503 if faults else 200)

    def metrics() -> Response:
        if not (own_port or _shows_token(operations.token)):
            return _text("not found", 404)
        written = metrics_text(operations.health, operations.reasons, operations.received)
        return Response(written, content_type="text/plain; version=0.0.4; charset=utf-8")

    app.add_url_rule("/readyz", view_func=readyz)
    app.add_url_rule("/metrics", view_func=metrics)
    app.add_url_rule("/healthz", view_func=lambda: _text("ok", 200), endpoint="healthz")
    return app


def beside(receiver: "WSGIApplication", pages: "WSGIApplication") -> "WSGIApplication":
    """Put the pages at the receiver's address; everything else is the receiver's."""

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> object:
        chosen = pages if environ.get("PATH_INFO") in _PATHS else receiver
        return chosen(environ, start_response)

    return application  # type: ignore[return-value] # what the chosen one answers


def _shows_token(token: str) -> bool:
    shown = request.headers.get("Authorization", "")
    return bool(token) and hmac.compare_digest(shown.encode(), f"Bearer {token}".encode())


def _text(body: str, status: int) -> Response:
    answer = Response(f"{body}\n", status=status, content_type="text/plain; charset=utf-8")
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
