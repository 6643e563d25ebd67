"""Lists records page by page, with Zoho's limits, and counts them."""

import secrets
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.zoho.asking import Answer, Ask
from sandbox.zoho.errors import ZohoError
from sandbox.zoho.rendering import show_record, show_rows
from sandbox.zoho.state import OrgState

__all__ = ["Pager", "count_records", "modified_since", "one_record"]

_MOST_FIELDS = 50
_MOST_WITHOUT_TOKEN = 2_000
_MOST_IN_CHAIN = 100_000
_TOKEN_HOURS = 24
_SORTS = ("id", "Created_Time", "Modified_Time")
_FREE_OF_TOKEN = frozenset({"page_token", "page"})

Key = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _PageToken:
    """Where a chain of pages goes on: after ``last``, for one user and one set of parameters."""

    user: str
    module: str
    params: tuple[tuple[str, str], ...]
    last: Key
    page: int
    seen: int
    ends_at: datetime


class Pager:
    """Lists records and remembers the page tokens it gave out."""

    def __init__(self, state: OrgState) -> None:
        self._state = state
        self._tokens: dict[str, _PageToken] = {}

    def list_records(self, ask: Ask, module: str) -> Answer:
        """``GET /{module}``."""
        self._state.module(module)
        names = _field_names(self._state, ask, module)
        sort_by, descending = _sorting(ask)
        per_page = ask.per_page()
        token = self._token(ask, module)
        page = token.page if token else ask.number("page", 1)
        if token is None and ask.version != "v2" and page * per_page > _MOST_WITHOUT_TOKEN:
            raise ZohoError(
                "DISCRETE_PAGINATION_LIMIT_EXCEEDED",
                "The limit for pagination without page_token was exceeded",
                {"limit": _MOST_WITHOUT_TOKEN},
            )
        ids = self._candidates(ask, module, sort_by)
        rows, last, more = self._slice(ids, descending, token, page, per_page)
        if not rows:
            return self._nothing(ask)
        info: dict[str, object] = {
            "per_page": per_page,
            "count": len(rows),
            "page": page,
            "more_records": more,
        }
        if ask.version != "v2":
            info["sort_by"] = sort_by
            info["sort_order"] = "desc" if descending else "asc"
            info.update(self._next_token(ask, module, last, page, token, len(rows), more=more))
        table = self._state.tables[module]
        data = show_rows(self._state, module, (table.rows[rid] for rid in rows), names)
        return Answer(body={"data": data, "info": info}, credits=3 if "cvid" in ask.args else 1)

    def _candidates(self, ask: Ask, module: str, sort_by: str) -> list[tuple[Key, str]]:
        """Return (key, id) of the records meant, ascending."""
        table = self._state.tables[module]
        order = table.order(sort_by)
        if "ids" in ask.args:
            wanted = {rid for rid in ask.args["ids"].split(",") if rid}
            order = [entry for entry in order if entry[1] in wanted]
        since = modified_since(self._state, ask)
        if since is not None:
            if sort_by == "Modified_Time":
                start = bisect_right(order, ((since, 1 << 62), ""))
                return order[start:]
            changed = {
                rid: int(str(row["Modified_Time"])) > since for rid, row in table.rows.items()
            }
            order = [entry for entry in order if changed[entry[1]]]
        return order

    def _slice(
        self,
        order: list[tuple[Key, str]],
        descending: bool,  # noqa: FBT001 private, always passed in place
        token: _PageToken | None,
        page: int,
        per_page: int,
    ) -> tuple[list[str], Key, bool]:
        """Return the page's ids, the last one's key, and whether more follow."""
        if token is None:
            start = (page - 1) * per_page
            part = order[::-1] if descending else order
            chosen, more = part[start : start + per_page], len(part) > start + per_page
        elif descending:
            end = bisect_left(order, (token.last, ""))
            chosen = order[max(0, end - per_page) : end][::-1]
            more = end > per_page
        else:
            begin = bisect_right(order, (token.last, "~"))
            chosen = order[begin : begin + per_page]
            more = len(order) > begin + per_page
        last = chosen[-1][0] if chosen else (0, 0)
        return [rid for _, rid in chosen], last, more

    def _token(self, ask: Ask, module: str) -> _PageToken | None:
        given = ask.args.get("page_token")
        if given is None:
            return None
        if "page" in ask.args:
            both = [{"param_name": "page"}, {"param_name": "page_token"}]
            raise ZohoError(
                "AMBIGUITY_DURING_PROCESSING",
                "ambiguity while processing the request",
                {"ambiguity_due_to": both},
            )
        token = self._tokens.get(given)
        if token is None or (token.user, token.module, token.params) != (
            ask.user,
            module,
            _parameters(ask),
        ):
            raise ZohoError(
                "TOKEN_BOUND_DATA_MISMATCH",
                "the parameters differ from those the page_token was made for",
                {"param_name": "page_token"},
            )
        if token.ends_at <= self._state.clock.now():
            raise ZohoError(
                "EXPIRED_VALUE",
                "the page_token has expired",
                {"api_name": "page_token", "json_path": "$.query.page_token"},
            )
        if token.seen >= _MOST_IN_CHAIN:
            raise ZohoError(
                "PAGINATION_LIMIT_EXCEEDED",
                "the limit of records by page_token was exceeded",
                {"param_name": "page_token"},
            )
        return token

    def _next_token(
        self,
        ask: Ask,
        module: str,
        last: Key,
        page: int,
        token: _PageToken | None,
        count: int,
        *,
        more: bool,
    ) -> dict[str, object]:
        """Return the token keys of ``info``; null where no page follows."""
        shown: dict[str, object] = {
            "next_page_token": None,
            "previous_page_token": ask.args.get("page_token"),
            "page_token_expiry": None,
        }
        if not more:
            return shown
        now = self._state.clock.now()
        self._tokens = {key: kept for key, kept in self._tokens.items() if _is_kept(kept, now)}
        text = secrets.token_hex(32)
        ends_at = now + timedelta(hours=_TOKEN_HOURS)
        seen = token.seen if token else (page - 1) * ask.per_page()
        self._tokens[text] = _PageToken(
            user=ask.user,
            module=module,
            params=_parameters(ask),
            last=last,
            page=page + 1,
            seen=seen + count,
            ends_at=ends_at,
        )
        shown["next_page_token"] = text
        shown["page_token_expiry"] = self._state.iso(int(ends_at.timestamp()))
        return shown

    def _nothing(self, ask: Ask) -> Answer:
        unmodified = "If-Modified-Since" in ask.headers
        return Answer(status=self._state.options.unmodified_status if unmodified else 204)


def one_record(state: OrgState, ask: Ask, module: str, record_id: str) -> Answer:
    """``GET /{module}/{id}``: all fields, or those named; 204 for an unknown id."""
    state.module(module)
    row = state.tables[module].rows.get(record_id)
    if row is None:
        return Answer(status=204)
    since = modified_since(state, ask)
    if since is not None and int(str(row["Modified_Time"])) <= since:
        return Answer(status=state.options.unmodified_status)
    if "fields" in ask.args:
        data = show_rows(state, module, [row], ask.args["fields"].split(","))
    else:
        data = [show_record(state, module, row)]
    return Answer(body={"data": data})


def count_records(state: OrgState, _ask: Ask, module: str) -> Answer:
    """``GET /{module}/actions/count``."""
    state.module(module)
    return Answer(body={"count": len(state.tables[module].rows)})


def modified_since(state: OrgState, ask: Ask) -> int | None:
    """Return the header ``If-Modified-Since`` in seconds; it is ISO with offset, not RFC 1123."""
    text = ask.headers.get("If-Modified-Since")
    if text is None:
        return None
    seconds = state.seconds_of(text)
    if seconds is None:
        details = {"api_name": "If-Modified-Since", "expected_data_type": "datetime"}
        raise ZohoError("INVALID_DATA", "invalid data", details)
    return seconds


def _is_kept(token: _PageToken, now: datetime) -> bool:
    """Tell whether a token is still remembered, for a day after its end to call it expired."""
    return token.ends_at + timedelta(days=1) > now


def _parameters(ask: Ask) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((k, v) for k, v in ask.args.items() if k not in _FREE_OF_TOKEN))


def _field_names(state: OrgState, ask: Ask, module: str) -> list[str]:
    if ask.version == "v2" and "fields" not in ask.args:
        return list(state.modules[module].fields)
    names = [name.strip() for name in ask.required("fields").split(",") if name.strip()]
    if len(names) > _MOST_FIELDS:
        raise ZohoError(
            "LIMIT_EXCEEDED",
            "the limit was exceeded",
            {"limit": _MOST_FIELDS, "param_name": "fields"},
        )
    return names


def _sorting(ask: Ask) -> tuple[str, bool]:
    sort_by = ask.args.get("sort_by", "id")
    if sort_by not in _SORTS:
        details = {"param_name": "sort_by", "supported_values": list(_SORTS)}
        raise ZohoError("INVALID_DATA", "invalid data", details)
    sort_order = ask.args.get("sort_order", "desc")
    if sort_order not in ("asc", "desc"):
        details = {"param_name": "sort_order", "supported_values": ["asc", "desc"]}
        raise ZohoError("INVALID_DATA", "invalid data", details)
    return sort_by, sort_order == "desc"
