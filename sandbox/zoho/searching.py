"""Search, with an index that lags behind writes, and the records related to one."""

import re
from collections.abc import Callable

from sandbox.zoho.asking import Answer, Ask
from sandbox.zoho.errors import ZohoError
from sandbox.zoho.metadata import related_modules
from sandbox.zoho.rendering import show_rows
from sandbox.zoho.state import OrgState
from sandbox.zoho.table import Row

__all__ = ["related_records", "search_records"]

_CRITERION = re.compile(r"\((\w+):(equals|not_equal|starts_with|in):((?:\\.|[^()\\])*)\)")
_MOST_FOUND = 2_000
_MOST_CRITERIA = 15

Test = Callable[[Row], bool]


def search_records(state: OrgState, ask: Ask, module: str) -> Answer:
    """``GET /{module}/search``: by ``criteria`` (all must hold), ``email``, ``phone`` or ``word``.

    Records changed within the index's delay are not found as they are now: they are left out.
    """
    state.module(module)
    test = _test(ask)
    indexed_until = state.now() - state.options.search_delay_seconds
    rows = [
        row
        for row in state.tables[module].rows.values()
        if int(str(row["Modified_Time"])) <= indexed_until and test(row)
    ]
    return _page(state, ask, module, rows[:_MOST_FOUND])


def related_records(state: OrgState, ask: Ask, module: str, record_id: str, related: str) -> Answer:
    """``GET /{module}/{id}/{related_list}``; 204 where there are none."""
    state.module(module)
    by = related_modules(state, module).get(related)
    if by is None:
        raise ZohoError(
            "INVALID_DATA",
            "the relation name given seems to be invalid",
            {"resource_path_index": 2},
        )
    if ask.version != "v2":
        ask.required("fields")
    rows = [row for row in state.tables[related].rows.values() if row.get(by) == record_id]
    return _page(state, ask, related, rows)


def _page(state: OrgState, ask: Ask, module: str, rows: list[Row]) -> Answer:
    per_page, page = ask.per_page(), ask.number("page", 1)
    part = rows[(page - 1) * per_page : page * per_page]
    if not part:
        return Answer(status=204)
    given = ask.args.get("fields")
    names = given.split(",") if given else list(state.modules[module].fields)
    info = {
        "per_page": per_page,
        "count": len(part),
        "page": page,
        "more_records": len(rows) > page * per_page,
    }
    return Answer(body={"data": show_rows(state, module, part, names), "info": info})


def _test(ask: Ask) -> Test:
    if "criteria" in ask.args:
        return _criteria(ask.args["criteria"])
    for kind, names in (("email", ("Email",)), ("phone", ("Phone", "Mobile"))):
        if kind in ask.args:
            wanted = ask.args[kind]
            return lambda row: any(row.get(name) == wanted for name in names)
    word = ask.required("word").casefold()
    return lambda row: any(word in str(value).casefold() for value in row.values())


def _criteria(text: str) -> Test:
    found = _CRITERION.findall(text)
    if not found or len(found) > _MOST_CRITERIA:
        raise ZohoError("INVALID_QUERY", "invalid query formed", {"param_name": "criteria"})
    tests = [_criterion(name, sign, re.sub(r"\\(.)", r"\1", value)) for name, sign, value in found]
    return lambda row: all(test(row) for test in tests)


def _criterion(name: str, sign: str, value: str) -> Test:
    if sign == "in":
        wanted = set(value.split(","))
        return lambda row: str(row.get(name)) in wanted
    if sign == "starts_with":
        return lambda row: str(row.get(name) or "").startswith(value)
    return lambda row: (str(row.get(name)) == value) is (sign == "equals")
