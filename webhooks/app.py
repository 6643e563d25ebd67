"""The receiver: read raw bytes, verify them, keep the message, answer. Nothing else.

No parsing, no CRM call, no scoring in the request. A 2xx leaves only after the message was kept.
Whatever is wrong with a message, its sender sees one constant 401 and nothing is stored but a count.
"""

import hmac
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from webhooks.counts import Counts
from webhooks.port import Accepted, Inbox, InboxUnavailable, Source, VerificationError

__all__ = ["Limits", "create_app", "create_blueprint"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of the receiver. Of a stream of forged messages one line each ``log_every`` is logged."""

    body_bytes: int = 1024 * 1024
    log_every: timedelta = timedelta(minutes=1)


_DEFAULT_LIMITS = Limits()


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
    return app


def create_blueprint(
    sources: Mapping[str, Source],
    inbox: Inbox,
    now: Callable[[], datetime],
    limits: Limits = _DEFAULT_LIMITS,
    counts: Counts | None = None,
) -> Blueprint:
    """Build ``POST /hooks/<path id>``, ``/healthz`` and ``/readyz``.

    ``sources`` are keyed by the unguessable part of their path.
    """
    receiver = _Receiver(sources, inbox, now, limits, counts or Counts())
    hooks = Blueprint("webhooks", __name__)
    hooks.add_url_rule("/hooks/<path_id>", view_func=receiver.receive, methods=["POST"])
    hooks.add_url_rule("/healthz", view_func=_healthz)
    hooks.add_url_rule("/readyz", view_func=receiver.readyz)
    return hooks


class _Receiver:
    """Answers one message at a time; holds no state but counts."""

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

    def receive(self, path_id: str) -> Response:
        """Take one message in."""
        source = self._find(path_id)
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
            accepted = source.verifier.verify(headers, body)
        except VerificationError as error:
            return self._refuse(source, error)
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
        self._counts.add(source.name, "forged")
        if self._counts.may_log(source.name, self._now(), self._limits.log_every):
            forged = self._counts.of(source.name, "forged")
            _log.warning("%s: message refused: %s (%d so far)", source.name, error.reason, forged)
        return _text(401, "unauthorized")

    def _keep(
        self, source: Source, accepted: Accepted, headers: Mapping[str, str], body: bytes
    ) -> Response:
        kept = {name: headers[name] for name in source.kept_headers if name in headers}
        try:
            new = self._inbox.put(source.name, accepted.message_id, self._now(), kept, body)
        except InboxUnavailable:
            self._counts.add(source.name, "unavailable")
            _log.exception(
                "%s: a message could not be kept, its sender will repeat it", source.name
            )
            return _text(503, "try again later")
        self._counts.add(source.name, "accepted" if new else "duplicate")
        return Response(
            accepted.answer or b"", status=source.status, content_type=accepted.content_type
        )


def _healthz() -> Response:
    return _text(200, "ok")


def _plain_error(error: HTTPException) -> Response:
    return _text(error.code or 500, error.name.lower())


def _text(status: int, body: str) -> Response:
    return Response(body, status=status, content_type="text/plain; charset=utf-8")
