"""The ``/_sandbox/`` interface: small pages for people, JSON for tests.

It reads and changes a look-alike from outside its API, as a user or an administrator of the CRM
would. It has no login: the sandbox listens on loopback only, and holds nothing that is secret.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import orjson
from flask import Blueprint, Flask, Response, abort, redirect, render_template, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from sandbox.application import SandboxApp
from sandbox.lookalike import AccountView, HandConfigured, LookAlike

__all__ = ["panel_app", "panel_blueprint"]

_PAGE_SIZE = 50
_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
_TITLES: Final = {"zoho": "Zoho CRM 沙盒", "fxiaoke": "纷享销客 沙盒"}
# Grades as the product writes them; an unknown text is shown without a colour of its own.
_TONES: Final = {
    **dict.fromkeys(("AAA", "AA", "A"), "good"),
    **dict.fromkeys(("BBB", "BB", "B"), "fair"),
    **dict.fromkeys(("CCC", "CC", "C"), "poor"),
    "D": "bad",
}


def panel_app(crm: LookAlike) -> Flask:
    """Return a Flask application with the panel of one look-alike under ``/_sandbox``."""
    by_hand = isinstance(crm, HandConfigured)  # it has pages of its own
    app = SandboxApp("sandbox", "panel by hand" if by_hand else "panel")
    app.register_blueprint(panel_blueprint(crm))
    return app.ready()


def panel_blueprint(crm: LookAlike) -> Blueprint:
    """Return the panel of one look-alike."""
    panel = Blueprint(
        "sandbox",
        __name__,
        url_prefix="/_sandbox",
        template_folder="templates",
        static_folder="static",
    )
    _add_pages(panel, crm)
    _add_records(panel, crm)
    _add_levers(panel, crm)
    _add_setup(panel, crm)
    panel.register_error_handler(ValueError, _bad_request)
    panel.register_error_handler(HTTPException, _http_error)
    panel.after_request(_harden)
    panel.app_context_processor(
        lambda: {"crm": crm.name, "title": _TITLES.get(crm.name, crm.name), "tone": _tone}
    )
    return panel


def _add_pages(panel: Blueprint, crm: LookAlike) -> None:
    @panel.get("/")
    def index() -> str:
        everyone = crm.accounts()
        words = request.args.get("q", "").strip()
        found = [view for view in everyone if _matches(view, words)]
        pages = max(1, -(-len(found) // _PAGE_SIZE))
        page = min(max(request.args.get("page", 1, type=int), 1), pages)
        return render_template(
            "sandbox/accounts.html",
            accounts=found[(page - 1) * _PAGE_SIZE : page * _PAGE_SIZE],
            found=len(found),
            words=words,
            page=page,
            pages=pages,
            summary=_summary(everyone),
        )

    @panel.get("/accounts/<account_id>")
    def account(account_id: str) -> str:
        view = next((view for view in crm.accounts() if view.id == account_id), None)
        if view is None:
            abort(404, "no account has this id")
        tasks = sorted(view.tasks, key=lambda task: (not task.is_open, task.due_on))
        return render_template("sandbox/account.html", account=view, tasks=tasks)


def _add_records(panel: Blueprint, crm: LookAlike) -> None:
    @panel.get("/state")
    def state() -> Response:
        module = request.args.get("module")
        if module is not None:
            return _json({module: crm.records(module)})
        return _json({name: crm.records(name) for name in crm.modules()})

    @panel.post("/records/<module>")
    def create(module: str) -> Response:
        return _json({"id": crm.put_record(module, _body())}, 201)

    @panel.patch("/records/<module>/<record_id>")
    def change(module: str, record_id: str) -> Response:
        return _json({"id": crm.put_record(module, _body(), record_id)})

    @panel.delete("/records/<module>/<record_id>")
    def remove(module: str, record_id: str) -> Response:
        crm.remove_record(module, record_id)
        return _json({"id": record_id})


def _add_levers(panel: Blueprint, crm: LookAlike) -> None:
    @panel.route("/clock", methods=["GET", "PUT"])
    def clock() -> Response:
        if request.method == "PUT":
            _move_clock(crm, _body())
        return _json({"now": crm.clock.now()})

    @panel.route("/journal", methods=["GET", "DELETE"])
    def journal() -> Response:
        if request.method == "DELETE":
            crm.journal.clear()
        return _json({"calls": list(crm.journal)})

    @panel.route("/faults", methods=["GET", "PUT"])
    def faults() -> Response:
        if request.method == "PUT":
            crm.faults.replace(_rules())
        return _json({"rules": crm.faults.as_json()})

    @panel.route("/notifications", methods=["GET", "PUT"])
    def notifications() -> Response:
        if request.method == "PUT":
            crm.notifier.set_knobs(_body())
        return _json(crm.notifier.as_json())


def _add_setup(panel: Blueprint, crm: LookAlike) -> None:
    @panel.get("/credentials")
    def credentials() -> Response:
        return _json({"url": request.host_url.rstrip("/"), **crm.credentials()})

    @panel.put("/callback")
    def callback() -> Response:
        values = _body()
        _hand_configured(crm).set_callback(_text(values, "url"), _text(values, "key"))
        return _json({"url": values["url"]})

    @panel.post("/objects/<object_name>/fields")
    def fields(object_name: str) -> Response:
        wanted = _fields()
        by_hand = _hand_configured(crm)
        for describe in wanted:
            by_hand.add_field(object_name, describe)
        return _json({"created": len(wanted)}, 201)

    @panel.get("")
    def without_slash() -> AnyResponse:
        return redirect(url_for("sandbox.index"))


def _matches(view: AccountView, words: str) -> bool:
    text = f"{view.name} {view.id} {view.owner} {view.rating}".casefold()
    return all(word in text for word in words.casefold().split())


def _summary(accounts: list[AccountView]) -> dict[str, int]:
    return {
        "客户 Accounts": len(accounts),
        "已评级 Rated": sum(view.rating in _TONES for view in accounts),
        "有待办 With open tasks": sum(
            any(task.is_open for task in view.tasks) for view in accounts
        ),
    }


def _tone(rating: str) -> str:
    return _TONES.get(rating, "none")


def _move_clock(crm: LookAlike, values: Mapping[str, object]) -> None:
    if "advance_seconds" in values:
        seconds = values["advance_seconds"]
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise ValueError('"advance_seconds" must be a number')
        crm.clock.advance(timedelta(seconds=seconds))
        return
    now = datetime.fromisoformat(_text(values, "now"))
    if now.tzinfo is None:
        raise ValueError('"now" must carry its offset, like 2026-03-31T09:00:00+08:00')
    crm.clock.set(now, frozen=values.get("frozen") is True)


def _body() -> dict[str, object]:
    values = request.get_json()
    if not isinstance(values, dict):
        raise ValueError("the body must be a JSON object")  # noqa: TRY004 it is the sender's value
    return values


def _rules() -> list[dict[str, object]]:
    values = request.get_json()
    return _objects(values.get("rules") if isinstance(values, dict) else values)


def _fields() -> list[dict[str, object]]:
    """Return the fields of ``{"fields": [...]}``, of a list, or the one the body is."""
    values = request.get_json()
    if isinstance(values, dict):
        values = values.get("fields", [values])
    return _objects(values)


def _objects(values: object) -> list[dict[str, object]]:
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise ValueError("a list of JSON objects is needed")
    return values


def _text(values: Mapping[str, object], key: str) -> str:
    value = values.get(key)
    if not isinstance(value, str) or not value:
        raise ValueError(f'"{key}" must be a text')
    return value


def _hand_configured(crm: LookAlike) -> HandConfigured:
    if not isinstance(crm, HandConfigured):
        abort(404, f"{crm.name} is set up through its own API")
    return crm


def _json(value: object, status: int = 200) -> Response:
    text = orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS)
    return Response(text, status, mimetype="application/json")


def _bad_request(error: ValueError) -> Response:
    return _json({"error": str(error)}, 400)


def _http_error(error: HTTPException) -> Response | HTTPException:
    """Answer in JSON; a redirect to the right path is no error to tell of."""
    code = error.code or 500
    return _json({"error": error.description}, code) if code >= 400 else error


def _harden(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = _CONTENT_SECURITY_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response
