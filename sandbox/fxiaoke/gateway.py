"""The gateway: one WSGI application that answers HTTP 200 whatever happens, and journals it."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

import orjson

from sandbox.faults import FaultKind, Faults
from sandbox.fxiaoke.answers import (
    ILLEGAL_PARAMETER,
    MISSING_BODY,
    MISSING_TOKEN,
    PARAMETER,
    WRONG_TOKEN,
    Payload,
    Refusal,
    envelope,
    refusal_envelope,
)
from sandbox.fxiaoke.limits import Limits, quota_spent, too_frequent
from sandbox.fxiaoke.people import Employee
from sandbox.fxiaoke.routes import LEGACY_TOKEN_PATH, ROUTES, TOKEN_PATH, Route
from sandbox.fxiaoke.state import CORP_ID, EA, Asked, State
from sandbox.fxiaoke.tokens import TokenDesk
from sandbox.journal import Journal

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

__all__ = ["Gateway"]

_SECRETS = frozenset({"appSecret", "permanentCode", "corpAccessToken", "accessToken"})
_KEPT_CHARACTERS = 20_000


@dataclass(frozen=True, slots=True)
class _Http:
    """What is needed of an HTTP request."""

    method: str
    path: str
    query: str
    address: str
    bearer: str | None
    ea: str | None
    user_id: str | None
    raw: bytes


class Gateway:
    """Checks a call as the platform does, hands it to its endpoint and wraps the answer."""

    def __init__(
        self, state: State, tokens: TokenDesk, limits: Limits, faults: Faults, journal: Journal
    ) -> None:
        self._state = state
        self._tokens = tokens
        self._limits = limits
        self._faults = faults
        self._journal = journal
        self._numbers = count(1)

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one HTTP request."""
        http = _read(environ)
        body = _parse(http.raw)
        answer = self._answer(http, body)
        sent = orjson.dumps(answer)
        self._write_down(http, body, answer, sent)
        headers = [
            ("Content-Type", "application/json;charset=UTF-8"),
            ("Content-Length", str(len(sent))),
        ]
        start_response("200 OK", headers)
        return [sent]

    def _answer(self, http: _Http, body: object) -> Payload:
        trace_id = f"E-O.{EA}.{http.user_id or 'x'}-{next(self._numbers):012x}"
        try:
            return envelope(self._payload(http, body), trace_id)
        except Refusal as refusal:
            answer = refusal_envelope(refusal, trace_id)
            if http.path == TOKEN_PATH:
                answer |= {"error": "invalid_request", "error_description": refusal.message}
            return answer

    def _payload(self, http: _Http, body: object) -> Payload:
        route = ROUTES.get(http.path)
        known = route is not None or http.path in {TOKEN_PATH, LEGACY_TOKEN_PATH}
        if not known or http.method != "POST":
            raise Refusal(ILLEGAL_PARAMETER, f"the request uri {http.path} is not exists")
        self._check_door(http)
        if not http.raw:
            raise Refusal(MISSING_BODY, "the request body is empty", "消息体为空")
        if not isinstance(body, dict):
            raise Refusal(PARAMETER, "the request body is not a json object")
        if http.path == TOKEN_PATH:
            return self._tokens.oauth(body)
        if route is None:
            return self._tokens.legacy(body)
        return self._serve(http, route, body)

    def _check_door(self, http: _Http) -> None:
        options = self._state.options
        if options.ip_white_list and http.address not in options.ip_white_list:
            text = f"the source ip[{http.address}] is not in the ip white list"
            raise Refusal(options.ip_code, text)
        if options.strict_trace and "thirdTraceId=" not in http.query:
            raise Refusal(PARAMETER, "thirdTraceId is missing")

    def _serve(self, http: _Http, route: Route, body: dict[str, Any]) -> Payload:
        legacy = http.bearer is None
        self._check_token(http, body)
        with self._state.store.lock:
            actor = self._actor(body.get("currentOpenUserId") if legacy else http.user_id, legacy)
        self._play_faults(http)
        self._limits.count(http.path)
        asked = Asked(path=http.path, body=body, actor=actor, legacy=legacy, custom=route.custom)
        with self._state.store.lock:
            return route.endpoint(self._state, asked)

    def _check_token(self, http: _Http, body: dict[str, Any]) -> None:
        in_body = body.get("corpAccessToken")
        if http.bearer is None and in_body is None:
            raise Refusal(MISSING_TOKEN, "the parameter corpAccessToken is required")
        if http.bearer is not None and in_body is not None:
            raise Refusal(
                PARAMETER, "the authorization header and corpAccessToken exclude each other"
            )
        tenant_known = http.ea == EA if http.bearer is not None else body.get("corpId") == CORP_ID
        if not tenant_known or not self._tokens.alive(http.bearer or in_body):
            raise _wrong_token()

    def _actor(self, given: object, legacy: bool) -> Employee:  # noqa: FBT001 the caller's own flag
        found = self._state.staff.find(given)
        form = found and (found.open_id if legacy else found.id)
        if found is None or form != given or found.stopped:
            raise Refusal(
                self._state.options.unknown_actor_code,
                "the calling employee not found",
                "员工不存在",
            )
        return found

    def _play_faults(self, http: _Http) -> None:
        if self._faults.take(FaultKind.RATE_LIMIT, http.method, http.path):
            raise too_frequent()
        if self._faults.take(FaultKind.QUOTA, http.method, http.path):
            raise quota_spent()
        if self._faults.take(FaultKind.STALE_TOKEN, http.method, http.path):
            raise _wrong_token()

    def _write_down(self, http: _Http, body: object, answer: Payload, sent: bytes) -> None:
        masked = _masked(answer)
        text = sent if masked is answer else orjson.dumps(masked)
        self._journal.add(
            at=self._state.clock.now(),
            crm="fxiaoke",
            method=http.method,
            path=http.path,
            query=http.query,
            request=orjson.dumps(_masked(body)).decode()[:_KEPT_CHARACTERS],
            status=200,
            answer=text[:_KEPT_CHARACTERS].decode(errors="ignore"),
            credits=int(http.path in ROUTES),
        )


def _masked(body: object) -> object:
    """Return a body as it may be written down: secrets replaced."""
    if not isinstance(body, dict) or _SECRETS.isdisjoint(body):
        return body
    return {name: "***" if name in _SECRETS else value for name, value in body.items()}


def _read(environ: "WSGIEnvironment") -> _Http:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    scheme, _, token = str(environ.get("HTTP_AUTHORIZATION", "")).partition(" ")
    return _Http(
        method=environ["REQUEST_METHOD"],
        path=environ.get("PATH_INFO", ""),
        query=environ.get("QUERY_STRING", ""),
        address=environ.get("REMOTE_ADDR", ""),
        bearer=token if scheme == "Bearer" else None,
        ea=environ.get("HTTP_X_FS_EA"),
        user_id=environ.get("HTTP_X_FS_USERID"),
        raw=environ["wsgi.input"].read(length) if length else b"",
    )


def _parse(raw: bytes) -> object:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None


def _wrong_token() -> Refusal:
    return Refusal(WRONG_TOKEN, "the cropId,cropAccessToken or authorization is error")
