"""Zoho Books over HTTP: who may call what of it, its limits, its envelope.

Books signs in by the same tokens as the CRM, costs none of its credits, and has limits of its own.
What it says to a dead token and a missing scope is not documented: code 14 and code 57, both 401.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

import orjson
from flask import Flask, Response, request

from sandbox.faults import FaultKind
from sandbox.zoho.books import ORGANISATION_ID
from sandbox.zoho.books_api import show_credited, show_list, show_one, show_organisations
from sandbox.zoho.books_limits import BooksError, too_many_a_day, too_many_a_minute
from sandbox.zoho.scopes import covers

if TYPE_CHECKING:
    from sandbox.zoho.org import ZohoOrg

__all__ = ["add_books"]

Note = Callable[[Response, bytes], None]
_Show = Callable[..., dict[str, object]]
_PREFIX = "Zoho-oauthtoken "
_BASE = "/books/v3"
_LISTS: Final = ("contacts", "invoices", "customerpayments", "creditnotes")


def add_books(app: Flask, org: "ZohoOrg", note: Note) -> None:
    """Add the API of Books to the application; ``note`` writes each call to the journal."""
    books = org.books
    _add(app, org, note, "/organizations", "settings", lambda _args: show_organisations(books))
    for table in _LISTS:

        def listed(args: Mapping[str, str], table: str = table) -> dict[str, object]:
            return show_list(books, table, args)

        def one(_args: Mapping[str, str], record_id: str, table: str = table) -> dict[str, object]:
            return show_one(books, table, record_id)

        _add(app, org, note, f"/{table}", table, listed)
        _add(app, org, note, f"/{table}/<record_id>", table, one)

    def credited(_args: Mapping[str, str], record_id: str) -> dict[str, object]:
        return show_credited(books, record_id)

    _add(app, org, note, "/creditnotes/<record_id>/invoices", "creditnotes", credited)
    app.add_url_rule(
        f"{_BASE}/<path:rest>",
        endpoint="books: nothing",
        view_func=lambda **_parts: _respond(_no_such_path(), note),
    )


def _add(app: Flask, org: "ZohoOrg", note: Note, path: str, area: str, show: _Show) -> None:
    def view(**parts: str) -> Response:
        try:
            with org.books_limits.running(), org.state.lock:
                _admit(org, area)
                body = show(request.args, **parts)
        except BooksError as error:
            return _respond(error, note)
        return _respond(body, note)

    app.add_url_rule(
        f"{_BASE}{path}",
        endpoint=f"books {path}",
        view_func=view,
        methods=["GET"],
        provide_automatic_options=False,
    )


def _admit(org: "ZohoOrg", area: str) -> None:
    """Let a call in. Raises ``BooksError``."""
    header = request.headers.get("Authorization", "")
    token = header.removeprefix(_PREFIX).strip() if header.startswith(_PREFIX) else ""
    stale = org.faults.take(FaultKind.STALE_TOKEN, request.method, request.path)
    if stale or org.tokens.user_of(token) is None:
        raise BooksError(14, "Invalid value passed for authtoken.", status=401)
    if not covers(org.options.scopes, f"ZohoBooks.{area}.READ"):
        raise BooksError(57, "You are not authorized to perform this operation", status=401)
    if org.faults.take(FaultKind.RATE_LIMIT, request.method, request.path):
        raise too_many_a_minute()
    if org.faults.take(FaultKind.QUOTA, request.method, request.path):
        raise too_many_a_day()
    org.books_limits.count()
    asked = request.args.get("organization_id", "")
    if area != "settings" and not (org.options.books and asked == ORGANISATION_ID):
        told = asked or "null"
        message = f"This user is not associated with the CompanyID/CompanyName: {told}."
        raise BooksError(6041, message)


def _no_such_path() -> BooksError:
    return BooksError(5, "Invalid URL Passed", status=404)


def _respond(told: BooksError | dict[str, object], note: Note) -> Response:
    status, body = (told.status, told.body()) if isinstance(told, BooksError) else (200, told)
    encoded = orjson.dumps(body)
    response = Response(encoded, status, content_type="application/json;charset=UTF-8")
    note(response, encoded)
    return response
