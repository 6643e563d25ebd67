"""Reads our packages for what the house forbids and ruff does not know (reliability T18)."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

__all__ = ["ROOT", "RULES", "Found", "found_in", "packages", "template_faults"]

ROOT = Path(__file__).parent.parent
PACKAGES = ("adapters", "connector", "sandbox", "scoring", "webhooks")

_CLOCKS = {
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
    "time.time",
    "time.time_ns",
}
_SENDERS = {"aiohttp", "http.client", "httpx", "requests", "urllib.request", "urllib3"}
_NO_SENDERS = {
    "requests.adapters.BaseAdapter",  # the seam's type
    "urllib3.filepost.encode_multipart_formdata",  # makes a body
}
_RUNNERS = {"exec_driver_sql", "execute", "executemany", "executescript", "text"}
_SQL = re.compile(
    r"\s*(ALTER|COPY|CREATE|DELETE FROM|DROP|INSERT|LOCK|PRAGMA|SELECT|SET|TRUNCATE|UPDATE|WITH) "
)
_MONEY = re.compile(
    r"(^|_)(amount|balance|credit_limit|exposure|headroom|minor|money|paid|price|turnover)(_|s?$)"
)
_UNESCAPED = re.compile(r"\|\s*safe\b|autoescape\s+false")


class Found(msgspec.Struct, frozen=True, order=True):
    """One breach: the file, its innermost function (or ``-``), and the line."""

    path: str
    function: str
    line: int

    @property
    def place(self) -> str:
        """Where it is, without the line, which moves."""
        return f"{self.path}::{self.function}"


def packages() -> dict[str, ast.Module]:
    """Read every module of our packages, by its path."""
    return {
        path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
    }


def found_in(path: str, tree: ast.Module) -> dict[str, list[Found]]:
    """Name the breaches of each rule in one module."""
    nodes = list(_walk(tree))
    names = _imported(node for _, node in nodes)
    return {
        rule: [
            Found(path, function, getattr(node, "lineno", 0))
            for function, node in nodes
            if isinstance(node, kinds) and breaks(node, names)
        ]
        for rule, (kinds, breaks) in RULES.items()
    }


def template_faults(text: str) -> list[str]:
    """Name what switches off the escaping in a template."""
    return _UNESCAPED.findall(text)


def _walk(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Give every node with the function it stands in."""
    waiting: list[tuple[str, ast.AST]] = [("-", tree)]
    while waiting:
        function, node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            function = node.name
        yield function, node
        waiting += [(function, child) for child in ast.iter_child_nodes(node)]


def _imported(nodes: Iterable[ast.AST]) -> dict[str, str]:
    """Tell what each imported name means, in full."""
    names: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {each.asname or each.name: each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
    return names


def _full(node: ast.AST, names: dict[str, str]) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_full(node.value, names)}.{node.attr}"
    return names.get(node.id, node.id) if isinstance(node, ast.Name) else ""


def _reads_clock(node: ast.AST, names: dict[str, str]) -> bool:
    return _full(node, names) in _CLOCKS


def _brings_sender(node: ast.AST, _names: dict[str, str]) -> bool:
    if isinstance(node, ast.Import):
        return any(_sends(each.name) for each in node.names)
    return isinstance(node, ast.ImportFrom) and any(
        _sends(whole := f"{node.module}.{each.name}") and whole not in _NO_SENDERS
        for each in node.names
    )


def _sends(module: str) -> bool:
    return any(f"{module}.".startswith(f"{sender}.") for sender in _SENDERS)


def _puts_values_into_sql(node: ast.AST, _names: dict[str, str]) -> bool:
    if isinstance(node, ast.Call):
        called = getattr(node.func, "attr", getattr(node.func, "id", ""))
        return called in _RUNNERS and bool(node.args) and _put_together(node.args[0])
    return _put_together(node) and bool(_SQL.match(_beginning(node)))


def _put_together(node: ast.AST) -> bool:
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        return isinstance(_text_of(node.left), str) or _put_together(node.left)
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "format"
        and isinstance(_text_of(node.func.value), str)
    )


def _beginning(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return _text_of(node.values[0]) or ""
    if isinstance(node, ast.BinOp):
        return _text_of(node.left) or _beginning(node.left)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return _text_of(node.func.value) or ""
    return ""


def _text_of(node: ast.AST) -> str | None:
    value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, str) else None


def _holds_money_in_float(node: ast.AST, names: dict[str, str]) -> bool:
    match node:
        case ast.AnnAssign(target=target, annotation=kind):
            return _is_money(target) and _names_float(kind)
        case ast.arg(arg=name, annotation=kind) if kind is not None:
            return bool(_MONEY.search(name)) and _names_float(kind)
        case ast.FunctionDef(name=name, returns=kind) if kind is not None:
            return bool(_MONEY.search(name)) and _names_float(kind)
        case ast.Call(func=ast.Name(id="float"), args=[value]):
            return _is_money(value)
        case ast.Call(args=[ast.Constant(value=str(name)), *kinds]):
            column = _full(node.func, names).rsplit(".", 1)[-1] == "Column"
            return column and bool(_MONEY.search(name)) and any(map(_names_float, kinds))
    return False


def _is_money(node: ast.AST) -> bool:
    return bool(_MONEY.search(getattr(node, "attr", getattr(node, "id", ""))))


def _names_float(node: ast.AST) -> bool:
    return any(
        getattr(part, "attr", getattr(part, "id", "")) in {"float", "Float", "Float64", "Double"}
        for part in ast.walk(node)
    )


def _prints(node: ast.AST, names: dict[str, str]) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "print"
    return _full(node, names) in {
        "sys.stdout",
        "sys.stderr",
    }


def _trusts_markup(node: ast.AST, names: dict[str, str]) -> bool:
    if isinstance(node, ast.keyword):
        off = isinstance(node.value, ast.Constant) and node.value.value is False
        return node.arg == "autoescape" and off
    return _full(node, names) in {
        "flask.Markup",
        "markupsafe.Markup",
    }


_NAMED = (ast.Attribute, ast.Name)

#: Of each rule: the kinds of nodes that can break it, and whether one does.
RULES: dict[str, tuple[tuple[type[ast.AST], ...], Callable[[ast.AST, dict[str, str]], bool]]] = {
    "clock": (_NAMED, _reads_clock),
    "sender": ((ast.Import, ast.ImportFrom), _brings_sender),
    "sql": ((ast.BinOp, ast.Call, ast.JoinedStr), _puts_values_into_sql),
    "money": ((ast.AnnAssign, ast.Call, ast.FunctionDef, ast.arg), _holds_money_in_float),
    "print": ((ast.Call, *_NAMED), _prints),
    "markup": ((ast.keyword, *_NAMED), _trusts_markup),
}
