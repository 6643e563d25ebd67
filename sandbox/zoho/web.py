"""The API over HTTP: who may call what, what it costs, and the journal of it all."""

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import orjson
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from sandbox.application import SandboxApp
from sandbox.faults import FaultKind
from sandbox.zoho.asking import Answer, Ask
from sandbox.zoho.books_web import add_books
from sandbox.zoho.credits import too_many_calls, too_many_credits
from sandbox.zoho.errors import ZohoError
from sandbox.zoho.routes import Operation, operations
from sandbox.zoho.scopes import covers, module_scope

if TYPE_CHECKING:
    from sandbox.zoho.org import ZohoOrg

__all__ = ["api_app"]

_MOST_JOURNALED = 100_000
_SECRETS = re.compile(
    r"(?<!\w)((?:client_secret|refresh_token|access_token|code|token)\"?[=:]\s*\"?)([^&\"\s]+)"
)
# An API answer says "code" for the outcome, which is no secret.
_API_SECRETS = re.compile(r"(?<!\w)(\"?token\"?[=:]\s*\"?)([^&\"\s]+)")
_VERSIONS = frozenset({"v2", "v8"})
_BINARY = frozenset({"application/zip", "application/octet-stream"})
_READ_HEADERS = (
    "If-Modified-Since",
    "If-Unmodified-Since",
    "Content-Type",
    "feature",
    "X-CRM-ORG",
)
_PREFIX = "Zoho-oauthtoken "


def api_app(org: "ZohoOrg") -> Flask:
    """Return the accounts server and the API of one organisation as one application."""
    app = SandboxApp("sandbox.zoho", "zoho")
    _add_accounts_server(app, org)
    add_books(app, org, lambda response, body: _journal(org, response, body, 0))
    for number, call in enumerate(operations(org)):
        app.add_url_rule(
            f"{call.base}/<version>{call.path}",
            endpoint=f"{number} {call.method} {call.path}",
            view_func=_view(org, call),
            methods=[call.method],
            provide_automatic_options=False,
        )
    app.register_error_handler(HTTPException, lambda error: _unknown(org, error))
    return app.ready()


def _view(org: "ZohoOrg", call: Operation) -> Callable[..., Response]:
    def view(version: str, **parts: str) -> Response:
        try:
            if version not in _VERSIONS:
                raise _no_such_path()
            answer = _answered(org, call, version, parts)
        except ZohoError as error:
            answer = Answer(status=error.status, body=error.body(), credits=error.status != 429)
            if error.status in (401, 404):
                answer.credits = 0
        return _respond(org, answer)

    return view


def _answered(org: "ZohoOrg", call: Operation, version: str, parts: dict[str, str]) -> Answer:
    user = _authorised(org)
    _check_scope(org, call, parts)
    _play_faults(org)
    ask = Ask(
        method=request.method,
        version=version,
        args=request.args,
        headers={name: request.headers[name] for name in _READ_HEADERS if name in request.headers},
        body=request.get_data(),
        user=user,
        base_url=_base_url(),
    )
    with org.credits.running(heavy=call.is_heavy(request.args, request.get_data())), org.state.lock:
        org.bulk_write.work()
        return call.handler(ask, **parts)


def _authorised(org: "ZohoOrg") -> str:
    header = request.headers.get("Authorization", "")
    if not header.startswith(_PREFIX):
        raise ZohoError("AUTHENTICATION_FAILURE", "Authentication failed", status=401)
    with org.state.lock:
        user = org.tokens.user_of(header.removeprefix(_PREFIX).strip())
    if user is None:
        raise ZohoError("INVALID_TOKEN", "invalid oauth token", status=401)
    return user


def _check_scope(org: "ZohoOrg", call: Operation, parts: dict[str, str]) -> None:
    if call.scope is not None:
        needed = call.scope if call.scope.startswith("Zoho") else f"ZohoCRM.{call.scope}"
    elif parts["module"] in org.state.modules:
        needed = module_scope(parts["module"], request.method)
    else:
        return
    if not covers(org.state.options.scopes, needed):
        message = "invalid oauth scope to access this URL"
        raise ZohoError("OAUTH_SCOPE_MISMATCH", message, status=401)


def _play_faults(org: "ZohoOrg") -> None:
    if org.faults.take(FaultKind.RATE_LIMIT, request.method, request.path):
        raise too_many_calls()
    if org.faults.take(FaultKind.QUOTA, request.method, request.path):
        raise too_many_credits()
    if org.faults.take(FaultKind.STALE_TOKEN, request.method, request.path):
        raise ZohoError("INVALID_TOKEN", "invalid oauth token", status=401)


def _respond(org: "ZohoOrg", answer: Answer) -> Response:
    org.credits.spend(answer.credits)
    body = answer.raw if answer.raw is not None else _json(answer.body)
    response = Response(body, answer.status, content_type=answer.content_type)
    if not body:
        # A client that trusts the content type must find none where there is no content.
        response.headers.pop("Content-Type", None)
    for name, value in {**answer.headers, **org.credits.remaining_header()}.items():
        response.headers[name] = value
    _journal(org, response, body, answer.credits)
    return response


def _json(body: object) -> bytes:
    return b"" if body is None else orjson.dumps(body)


def _journal(org: "ZohoOrg", response: Response, body: bytes, credits: int) -> None:  # noqa: A002 the trade's word
    org.journal.add(
        at=org.clock.now(),
        crm=org.name,
        method=request.method,
        path=request.path,
        query=_masked(request.query_string),
        request=_request_text(),
        status=response.status_code,
        answer="(binary)" if response.content_type in _BINARY else _masked(body),
        credits=credits,
    )


def _request_text() -> str:
    if request.mimetype == "multipart/form-data":
        return "(binary)"
    return _masked(request.get_data()) if request.path.startswith("/crm/") else _form_text()


def _masked(raw: bytes) -> str:
    text = raw[:_MOST_JOURNALED].decode("utf-8", "replace")
    if request.path.startswith("/oauth/"):
        return _SECRETS.sub(r"\1***", text)
    return _API_SECRETS.sub(r"\1***", text) if "token" in text else text


def _form_text() -> str:
    shown = {k: v if k in ("grant_type", "client_id") else "***" for k, v in request.form.items()}
    return urlencode(shown, safe="*")


def _add_accounts_server(app: Flask, org: "ZohoOrg") -> None:
    @app.post("/oauth/v2/token")
    def token() -> Response:
        form = {**request.args.to_dict(), **request.form.to_dict()}
        with org.state.lock:
            status, body = org.tokens.issue(form, _base_url())
        return _respond(org, Answer(status=status, body=body, credits=0))

    @app.post("/oauth/v2/token/revoke")
    def revoke() -> Response:
        given = request.form.get("token") or request.args.get("token", "")
        with org.state.lock:
            status, body = org.tokens.revoke(given)
        return _respond(org, Answer(status=status, body=body, credits=0))

    @app.get("/oauth/v2/auth")
    def consent() -> Response:
        """Consent at once, as a user who says yes: redirect with a fresh code."""
        with org.state.lock:
            code = org.tokens.new_code()
        back = {"code": code, "location": "cn", "accounts-server": _base_url()}
        if "state" in request.args:
            back["state"] = request.args["state"]
        target = f"{request.args.get('redirect_uri', '/')}?{urlencode(back)}"
        return _respond(org, Answer(status=302, credits=0, headers={"Location": target}))


def _unknown(org: "ZohoOrg", error: HTTPException) -> Response:
    if isinstance(error, MethodNotAllowed):
        refused = ZohoError(
            "INVALID_REQUEST_METHOD",
            "The http request method type is not a valid one",
            {"resource_path_index": 0},
        )
    elif error.code == HTTPStatus.INTERNAL_SERVER_ERROR:
        refused = ZohoError("INTERNAL_ERROR", "Internal Server Error", status=500)
    else:
        refused = _no_such_path()
    return _respond(org, Answer(status=refused.status, body=refused.body(), credits=0))


def _no_such_path() -> ZohoError:
    message = "Please check if the URL trying to access is a correct one"
    return ZohoError("INVALID_URL_PATTERN", message, status=404)


def _base_url() -> str:
    return request.host_url.rstrip("/")
