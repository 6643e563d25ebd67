"""TOML documents (configuration, policy) read into structs, with every mistake reported at once."""

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import structs

__all__ = ["Check", "DocumentError", "Mistake", "Rule", "read_document", "refuse"]

_T = TypeVar("_T")
#: Whether a rule is kept, the key it is about (empty: the table itself), and what must be.
Rule = tuple[bool, str, str]
#: A rule over some fields of a struct: their names, and what finds it broken in their values.
Check = tuple[tuple[str, ...], Callable[..., Iterable["Mistake"]]]


#: What a value of a plain type looks like.
_WORDS = {
    str: "a text in quotes",
    int: "a whole number",
    float: "a number",
    Decimal: "a number",
    bool: "true or false",
    date: "a date like 2026-03-31",
}


class Mistake(msgspec.Struct, frozen=True, order=True):
    """One thing wrong: where (``connections[1].vendor``) and what, in a sentence."""

    path: str
    message: str

    def __str__(self) -> str:
        """Show as ``path: message``."""
        return f"{self.path}: {self.message}" if self.path else self.message


class DocumentError(ValueError):
    """A document does not hold what it must; ``mistakes`` lists everything found."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = mistakes


def refuse(*rules: Rule) -> None:
    """Raise ``DocumentError`` with every rule that is not kept."""
    mistakes = [Mistake(key, what) for kept, key, what in rules if not kept]
    if mistakes:
        raise DocumentError(mistakes)


def read_document(text: str, kind: type[_T]) -> _T:
    """Read a TOML text as ``kind``, a msgspec struct type.

    Raises ``DocumentError`` with every unknown key, missing key and wrong value. A struct's own
    ``__post_init__`` may raise ``ValueError``, reported at the struct's place, or ``DocumentError``
    with places inside the struct; it runs when the types are right. A struct whose rules should be
    told beside mistakes elsewhere names them in ``CHECKS``: each runs when its own fields are right.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DocumentError([Mistake("", f"not valid TOML: {error}")]) from error
    mistakes = list(_mistakes(data, kind, ""))
    if mistakes:
        raise DocumentError(mistakes)
    return msgspec.convert(data, kind)


def _mistakes(value: Any, kind: Any, path: str) -> Iterator[Mistake]:  # noqa: ANN401 TOML
    origin, arguments = get_origin(kind), get_args(kind)
    if _is_struct(kind) and isinstance(value, dict):
        yield from _struct_mistakes(value, kind, path)
    elif origin in {list, tuple} and isinstance(value, list):
        for index, entry in enumerate(value):
            yield from _mistakes(entry, arguments[0], f"{path}[{index}]")
    elif origin is dict and isinstance(value, dict):
        for key, entry in value.items():
            yield from _mistakes(entry, arguments[1], _inside(path, key))
    elif origin in {Union, UnionType} and any(map(_is_struct, arguments)):
        yield from _mistakes(value, next(filter(_is_struct, arguments)), path)
    else:
        yield from _value_mistakes(value, kind, path)


def _is_struct(kind: Any) -> bool:  # noqa: ANN401 any annotation
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _struct_mistakes(
    value: dict[str, Any], kind: type[msgspec.Struct], path: str
) -> Iterator[Mistake]:
    fields = {field.encode_name: field for field in structs.fields(kind)}
    found = [*_unknown(value, list(fields), path)]
    wrong = set[str]()
    for name, field in fields.items():
        own = list(_field_mistakes(value, name, field, path))
        found += own
        if own:
            wrong.add(name)
    # The struct's own checks come last: they may assume that every value has its type.
    yield from (
        [*found, *_broken(value, kind, fields, wrong, path)]
        if found
        else _value_mistakes(value, kind, path)
    )


def _field_mistakes(
    value: dict[str, Any], name: str, field: structs.FieldInfo, path: str
) -> Iterator[Mistake]:
    if name in value:
        yield from _mistakes(value[name], field.type, _inside(path, name))
    elif field.required:
        yield Mistake(_inside(path, name), "is missing")


def _broken(
    value: dict[str, Any],
    kind: type[msgspec.Struct],
    fields: Mapping[str, structs.FieldInfo],
    wrong: set[str],
    path: str,
) -> Iterator[Mistake]:
    """Find the rules that are broken among fields which are right in themselves."""
    checks: tuple[Check, ...] = getattr(kind, "CHECKS", ())
    for names, check in checks:
        if wrong.isdisjoint(names):
            values = [_value_of(value, name, fields[name]) for name in names]
            yield from _placed(check(*values), path)


def _value_of(value: dict[str, Any], name: str, field: structs.FieldInfo) -> Any:  # noqa: ANN401
    if name in value:
        return msgspec.convert(value[name], field.type)
    made = field.default_factory
    return field.default if made is msgspec.NODEFAULT else made()


def _placed(mistakes: Iterable[Mistake], path: str) -> Iterator[Mistake]:
    for mistake in mistakes:
        yield Mistake(_inside(path, mistake.path), mistake.message)


def _unknown(value: dict[str, Any], known: list[str], path: str) -> Iterator[Mistake]:
    for key in value:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}"
            yield Mistake(_inside(path, key), f"unknown key{hint}")


def _value_mistakes(value: Any, kind: Any, path: str) -> Iterator[Mistake]:  # noqa: ANN401
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        if isinstance(error.__cause__, DocumentError):
            yield from _placed(error.__cause__.mistakes, path)
        else:
            yield Mistake(path, _told(value, kind, error))


def _told(value: Any, kind: Any, error: msgspec.ValidationError) -> str:  # noqa: ANN401
    if get_origin(kind) is Literal:
        return f"{value!r} is none of {', '.join(map(str, get_args(kind)))}"
    # A table where a table must be: what is wrong is a rule of its own, told in its words.
    asked = None if isinstance(error.__cause__, ValueError) else _wanted(kind)
    given = repr(value) if isinstance(value, str | int | float) else "a table or a list"
    return f"must be {asked}, not {given}" if asked else str(error).split(" - at ")[0]


def _wanted(kind: Any) -> str | None:  # noqa: ANN401 any annotation
    """Say what is to be written for a type, as one writes it in TOML; ``None``: no word for it."""
    if get_origin(kind) in {Union, UnionType}:
        kind = next(one for one in get_args(kind) if one is not type(None))
    if _is_struct(kind) or get_origin(kind) is dict:
        return "a table"
    if get_origin(kind) in {list, tuple}:
        return "a list"
    return _WORDS.get(kind)


def _inside(path: str, key: str) -> str:
    between = "." if path and key and not key.startswith("[") else ""
    return f"{path}{between}{key}"
