"""Parses COQL: select, from, where with strict pairs, group by, order by, limit, offset.

Grammar only. Whether a module or a column exists is for ``coql`` to say.
"""

import re
from dataclasses import dataclass, field

from sandbox.zoho.errors import ZohoError

__all__ = ["Both", "Criterion", "Node", "Query", "Select", "parse"]

_TOKEN = re.compile(
    r"\s*(?:(?P<number>-?\d+(?:\.\d+)?)(?![\w])|(?P<text>'(?:[^']|'')*')"
    r"|(?P<sign><=|>=|!=|=|<|>|\(|\)|,|\*)|(?P<word>[A-Za-z_$][\w$.]*))"
)
_AGGREGATES = ("count", "sum", "min", "max", "avg")
_COMPARISONS = ("=", "!=", ">", "<", ">=", "<=")
_MOST_CRITERIA = 25
_MOST_IN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A word, text, number, sign or the end, and where it begins."""

    kind: str
    text: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Select:
    """A column of the answer: its path, the aggregate over it, and its key."""

    path: str
    aggregate: str | None
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One condition; ``values`` are literals as (kind, text)."""

    path: str
    operator: str
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Both:
    """Two conditions joined by ``and`` or ``or``."""

    operator: str
    left: "Node"
    right: "Node"


Node = Criterion | Both


@dataclass(slots=True, kw_only=True)
class Query:
    """A query as written."""

    selects: list[Select]
    module: str
    where: Node
    groups: list[str] = field(default_factory=list)
    orders: list[tuple[str, bool]] = field(default_factory=list)
    limit: int = 200
    offset: int = 0


def parse(text: str) -> Query:
    """Return the query. Raises ``ZohoError`` (SYNTAX_ERROR, LIMIT_EXCEEDED) as Zoho does."""
    return _Parser(text).query()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._place = 0
        self._criteria = 0

    def query(self) -> Query:
        self._expect("select")
        selects = [self._select()]
        while self._take(","):
            selects.append(self._select())
        self._expect("from")
        module = self._word()
        if not self._take("where"):
            raise self._error(clause="where")
        query = Query(selects=selects, module=module, where=self._condition())
        self._tail(query)
        if self._peek().kind != "end":
            raise self._error()
        return query

    def _tail(self, query: Query) -> None:
        if self._take("group"):
            self._expect("by")
            query.groups = [self._column()]
            while self._take(","):
                query.groups.append(self._column())
        if self._take("order"):
            self._expect("by")
            query.orders = [self._order()]
            while self._take(","):
                query.orders.append(self._order())
        if self._take("limit"):
            query.limit = self._count("limit")
            if self._take(","):  # the short form: limit offset, rows
                query.offset, query.limit = query.limit, self._count("limit")
        if self._take("offset"):
            query.offset = self._count("offset")

    def _select(self) -> Select:
        path = self._column()
        aggregate = None
        if path.lower() in _AGGREGATES and self._take("("):
            aggregate = path.lower()
            path = "id" if self._take("*") else self._column()
            self._expect(")")
        key = path if aggregate is None else f"{aggregate.upper()}({path})"
        if self._take("as"):
            key = self._word()
        return Select(path=path, aggregate=aggregate, key=key)

    def _order(self) -> tuple[str, bool]:
        path = self._column()
        if self._take("desc"):
            return path, True
        self._take("asc")
        return path, False

    def _condition(self) -> Node:
        """Parse at most two operands: a third without parentheses is a syntax error."""
        left = self._operand()
        operator = self._peek().text.lower()
        if operator not in ("and", "or"):
            return left
        self._next()
        right = self._operand()
        if self._peek().text.lower() in ("and", "or"):
            raise self._error(clause="where")
        return Both(operator=operator, left=left, right=right)

    def _operand(self) -> Node:
        if self._take("("):
            inner = self._condition()
            self._expect(")")
            return inner
        self._criteria += 1
        if self._criteria > _MOST_CRITERIA:
            raise _too_much(_MOST_CRITERIA, "criteria")
        return self._criterion()

    def _criterion(self) -> Criterion:
        path = self._column()
        token = self._next()
        word = token.text.lower()
        if token.kind == "sign" and word in _COMPARISONS:
            return Criterion(path=path, operator=word, values=(self._literal(),))
        if word == "is":
            operator = "is not null" if self._take("not") else "is null"
            self._expect("null")
            return Criterion(path=path, operator=operator)
        prefix = ""
        if word == "not":
            prefix, word = "not ", self._next().text.lower()
        if word == "between" and not prefix:
            low = self._literal()
            self._expect("and")
            return Criterion(path=path, operator="between", values=(low, self._literal()))
        if word == "like":
            return Criterion(path=path, operator=f"{prefix}like", values=(self._literal(),))
        if word == "in":
            return Criterion(path=path, operator=f"{prefix}in", values=self._literals())
        self._place -= 1
        raise self._error(operator=word)

    def _literals(self) -> tuple[tuple[str, str], ...]:
        self._expect("(")
        values = [self._literal()]
        while self._take(","):
            values.append(self._literal())
        self._expect(")")
        if len(values) > _MOST_IN:
            raise _too_much(_MOST_IN, "in")
        return tuple(values)

    def _literal(self) -> tuple[str, str]:
        token = self._next()
        if token.kind in ("text", "number"):
            return token.kind, token.text
        if token.kind == "word" and token.text.lower() in ("true", "false"):
            return "boolean", token.text.lower()
        self._place -= 1
        raise self._error()

    def _column(self) -> str:
        """A column's path; a name that is a word of SQL stands in quotes."""
        token = self._next()
        if token.kind not in ("word", "text"):
            self._place -= 1
            raise self._error()
        return token.text

    def _count(self, clause: str) -> int:
        token = self._next()
        if token.kind != "number" or not token.text.lstrip("-").isdigit():
            raise ZohoError("INVALID_QUERY", f"invalid {clause}", {clause: token.text})
        return int(token.text)

    def _word(self) -> str:
        token = self._next()
        if token.kind != "word":
            self._place -= 1
            raise self._error()
        return token.text

    def _expect(self, word: str) -> None:
        if not self._take(word):
            raise self._error()

    def _take(self, word: str) -> bool:
        token = self._peek()
        if token.kind in ("word", "sign") and token.text.lower() == word:
            self._place += 1
            return True
        return False

    def _next(self) -> Token:
        token = self._peek()
        self._place += 1
        return token

    def _peek(self) -> Token:
        return self._tokens[min(self._place, len(self._tokens) - 1)]

    def _error(self, **details: object) -> ZohoError:
        token = self._peek()
        near = token.text or self._text[-20:]
        where: dict[str, object] = {"line": 1, "column": token.at + 1, "near": near}
        return ZohoError(
            "SYNTAX_ERROR", f"error occurred while parsing the query near {near}", details or where
        )


def _tokens(text: str) -> list[Token]:
    tokens = []
    at = 0
    end = len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            near = text[at:].strip()[:20]
            raise ZohoError(
                "SYNTAX_ERROR",
                f"error occurred while parsing the query near {near}",
                {"near": near},
            )
        kind = match.lastgroup
        found = match[kind]
        if kind == "text":
            found = found[1:-1].replace("''", "'")
        tokens.append(Token(kind=kind, text=found, at=match.start(kind)))
        at = match.end()
    tokens.append(Token(kind="end", text="", at=end))
    return tokens


def _too_much(limit: int, clause: str) -> ZohoError:
    return ZohoError("LIMIT_EXCEEDED", "the limit was exceeded", {"limit": limit, "clause": clause})
