"""The receiver: read raw bytes, verify them, keep the message, answer. Nothing else.

No parsing, no CRM call, no scoring in the request. A 2xx leaves only after the message was kept.
Whatever is wrong with a message, its sender sees one constant 401 and nothing is stored but a count.
Who sends too many such is not listened to for a while.
"""

import hmac
import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from webhooks.buckets import Buckets
from webhooks.counts import Counts
from webhooks.hardening import harden
from webhooks.port import (
    Accepted,
    HostileMessage,
    Inbox,
    InboxUnavailable,
    Source,
    VerificationError,
)
from webhooks.senders import network_of
from webhooks.shape import MOST_DEPTH, too_deep

__all__ = ["Limits", "create_app", "create_blueprint"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of the receiver. Of a stream of forged messages one line each ``log_every`` is logged.

    An address from which more than ``refused_per_minute`` messages came that had to be refused gets
    429 for all it sends until a part of the minute has passed. A connection's genuine messages
    are bounded by ``messages_per_second``, ten seconds' worth at once. 0: no limit.
    """

    body_bytes: int = 1024 * 1024
    depth: int = MOST_DEPTH
    log_every: timedelta = timedelta(minutes=1)
    refused_per_minute: int = 600
    messages_per_second: int = 2000
    hosts: tuple[str, ...] = ()
    proxies: int = 0


_DEFAULT_LIMITS = Limits()
_BURST_SECONDS = 10
RETRY_SECONDS = 60


def create_app(
    sources: Mapping[str, Source],
    inbox: Inbox,
    now: Callable[[], datetime],
    limits: Limits = _DEFAULT_LIMITS,
    counts: Counts | None = None,
) -> Flask:
    """Build the receiver as an application of its own; see ``create_blueprint``."""
    app = Flask(__name__, static_folder=None)
    app.register_blueprint(create_blueprint(sources, inbox, now, limits, counts))
    app.register_error_handler(HTTPException, _plain_error)
    harden(app, hosts=limits.hosts, proxies=limits.proxies)
    return app


def create_blueprint(
    sources: Mapping[str, Source],
    inbox: Inbox,
    now: Callable[[], datetime],
    limits: Limits = _DEFAULT_LIMITS,
    counts: Counts | None = None,
) -> Blueprint:
    """Build ``POST /hooks/<path id>``, ``/hooks/<path id>/<token>``, ``/healthz`` and ``/readyz``.

    ``sources`` are keyed by the unguessable part of their path, which may be in two. A token that
    does not belong to its path id is a forged message to that source.
    """
    receiver = _Receiver(sources, inbox, now, limits, counts or Counts())
    hooks = Blueprint("webhooks", __name__)
    for rule in ("/hooks/<path_id>", "/hooks/<path_id>/<token>"):
        hooks.add_url_rule(rule, view_func=receiver.receive, methods=["POST"])
    hooks.add_url_rule("/healthz", view_func=_healthz)
    hooks.add_url_rule("/readyz", view_func=receiver.readyz)
    return hooks


class _Receiver:
    """Answers one message at a time; holds no state but counts and limits."""

    def __init__(
        self,
        sources: Mapping[str, Source],
        inbox: Inbox,
        now: Callable[[], datetime],
        limits: Limits,
        counts: Counts,
    ) -> None:
        self._sources = dict(sources)
        self._inbox = inbox
        self._now = now
        self._limits = limits
        self._counts = counts
        minute = limits.refused_per_minute
        self._refused = Buckets(size=minute, per_second=minute / 60)
        second = limits.messages_per_second
        self._messages = Buckets(size=second * _BURST_SECONDS, per_second=second)

    def receive(self, path_id: str, token: str = "") -> Response:
        """Take one message in."""
        source = self._find(f"{path_id}/{token}" if token else path_id)
        wronged = self._find(path_id) if token and source is None else None
        meant = source or wronged
        name = meant.name if meant else ""
        if self._refused.empty(_sender(), self._now()):
            self._counts.add(name, "limited")
            return _later(429, "too many requests")
        if wronged is not None:
            answer = self._refuse(wronged, VerificationError("the token in the path is not ours"))
        else:
            answer = self._receive(source)
        if answer.status_code in _REFUSALS:
            self._refused.take(_sender(), self._now())
        return answer

    def _receive(self, source: Source | None) -> Response:
        if source is None:
            self._counts.add("", "unknown")
            return _text(404, "not found")
        try:
            body = self._read()
        except RequestEntityTooLarge:
            self._counts.add(source.name, "too_large")
            return _text(413, "too large")
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            if too_deep(body, self._limits.depth):
                raise HostileMessage("it is nested too deeply")
            accepted = source.verifier.verify(headers, body)
        except VerificationError as error:
            return self._refuse(source, error)
        if not self._messages.take(source.name, self._now()):
            self._counts.add(source.name, "limited")
            return _later(429, "too many requests")
        return self._keep(source, accepted, headers, body)

    def readyz(self) -> Response:
        """Say whether messages can be kept."""
        return _text(200, "ready") if self._inbox.ready() else _text(503, "not ready")

    def _find(self, path_id: str) -> Source | None:
        found = None
        for known, source in self._sources.items():  # all are compared, so that time tells nothing
            if hmac.compare_digest(known.encode(), path_id.encode()):
                found = source
        return found

    def _read(self) -> bytes:
        request.max_content_length = self._limits.body_bytes
        return request.get_data(cache=False)

    def _refuse(self, source: Source, error: VerificationError) -> Response:
        hostile = isinstance(error, HostileMessage)
        outcome = "hostile" if hostile else "forged"
        self._counts.refuse(source.name, outcome, error.reason, network_of(_sender()))
        if self._counts.may_log(source.name, self._now(), self._limits.log_every):
            so_far = self._counts.of(source.name, outcome)
            _log.warning("%s: message refused: %s (%d so far)", source.name, error.reason, so_far)
        return _text(400, "bad request") if hostile else _text(401, "unauthorized")

    def _keep(
        self, source: Source, accepted: Accepted, headers: Mapping[str, str], body: bytes
    ) -> Response:
        kept = {name: headers[name] for name in source.kept_headers if name in headers}
        try:
            new = self._inbox.put(source.name, accepted.message_id, self._now(), kept, body)
        except InboxUnavailable as error:
            return self._put_off(source, error)
        self._counts.add(source.name, "accepted" if new else "duplicate")
        return Response(
            accepted.answer or b"", status=source.status, content_type=accepted.content_type
        )

    def _put_off(self, source: Source, error: InboxUnavailable) -> Response:
        self._counts.add(source.name, "full" if error.full else "unavailable")
        if self._counts.may_log(f"{source.name} put off", self._now(), self._limits.log_every):
            _log.error("%s: a message could not be kept: %s", source.name, error, exc_info=error)
        return _later(503, "try again later")


_REFUSALS = frozenset({400, 401, 404, 413})


def _sender() -> str:
    return request.remote_addr or ""


def _healthz() -> Response:
    return _text(200, "ok")


def _plain_error(error: HTTPException) -> Response:
    code = error.code or 500
    if code < 500:
        return _text(code, error.name.lower())
    trace = secrets.token_hex(4)
    _log.error("trace %s: %s", trace, error.name)
    return _text(code, f"{error.name.lower()}, trace {trace}")


def _later(status: int, body: str) -> Response:
    response = _text(status, body)
    response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def _text(status: int, body: str) -> Response:
    return Response(body, status=status, content_type="text/plain; charset=utf-8")
