"""A TOML text read into structs, with every mistake reported at once."""

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from math import isfinite
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import structs

from scoring.document.mistakes import (
    DocumentError,
    Mistake,
    Word,
    inside,
    mistake,
    placed,
    written,
)

__all__ = ["Check", "read_document"]

_T = TypeVar("_T")
#: A rule over some fields of a struct: their names, and what finds it broken in their values.
Check = tuple[tuple[str, ...], Callable[..., Iterable[Mistake]]]


#: What a value of a plain type looks like.
_WORDS = {
    str: Word.TEXT,
    int: Word.WHOLE_NUMBER,
    float: Word.NUMBER,
    Decimal: Word.NUMBER,
    bool: Word.YES_OR_NO,
    date: Word.DATE,
}


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
        raise DocumentError([mistake("", "not_toml", error=str(error))]) from error
    mistakes = list(_mistakes(data, kind, ""))
    if mistakes:
        raise DocumentError(mistakes)
    return msgspec.convert(data, kind)


def _mistakes(value: Any, kind: Any, path: str) -> Iterator[Mistake]:  # noqa: ANN401 TOML
    origin, arguments = get_origin(kind), get_args(kind)
    if _is_struct(kind) and isinstance(value, dict):
        yield from _struct_mistakes(value, kind, path)
    elif origin in {list, tuple} and isinstance(value, list):
        yield from _list_mistakes(value, arguments, path)
    elif origin is dict and isinstance(value, dict):
        for key, entry in value.items():
            yield from _mistakes(entry, arguments[1], inside(path, key))
    elif origin in {Union, UnionType} and any(map(_is_struct, arguments)):
        yield from _mistakes(value, next(filter(_is_struct, arguments)), path)
    else:
        yield from _value_mistakes(value, kind, path)


def _list_mistakes(value: list[Any], kinds: tuple[Any, ...], path: str) -> Iterator[Mistake]:
    """Look into a list of any length (``list[int]``, ``tuple[int, ...]``), or of a fixed one."""
    if len(kinds) == 1 or kinds[-1] is Ellipsis:
        kinds = (kinds[0],) * len(value)
    if len(kinds) != len(value):
        yield mistake(path, "length", wanted=len(kinds), given=len(value))
        return
    for index, (entry, kind) in enumerate(zip(value, kinds, strict=True)):
        yield from _mistakes(entry, kind, f"{path}[{index}]")


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
        yield from _mistakes(value[name], field.type, inside(path, name))
    elif field.required:
        yield mistake(inside(path, name), "missing")


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
            yield from placed(check(*values), path)


def _value_of(value: dict[str, Any], name: str, field: structs.FieldInfo) -> Any:  # noqa: ANN401
    if name in value:
        return msgspec.convert(value[name], field.type)
    made = field.default_factory
    return field.default if made is msgspec.NODEFAULT else made()


def _unknown(value: dict[str, Any], known: list[str], path: str) -> Iterator[Mistake]:
    for key in value:
        if key not in known:
            place, near = inside(path, key), get_close_matches(key, known, n=1)
            if near:
                yield mistake(place, "unknown_key_near", near=repr(near[0]))
            else:
                yield mistake(place, "unknown_key", known=", ".join(known))


def _value_mistakes(value: Any, kind: Any, path: str) -> Iterator[Mistake]:  # noqa: ANN401
    if isinstance(value, float) and not isfinite(value) and _wanted(kind) == Word.NUMBER:
        yield mistake(path, "must_be", wanted=Word.NUMBER, given=written(value))
        return
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        if isinstance(error.__cause__, DocumentError):
            yield from placed(error.__cause__.mistakes, path)
        else:
            yield _wrong_value(value, kind, path, error)


def _wrong_value(
    value: Any,  # noqa: ANN401 TOML
    kind: Any,  # noqa: ANN401 any annotation
    path: str,
    error: msgspec.ValidationError,
) -> Mistake:
    # A table where a table must be: what is wrong is a rule of its own, told in its words.
    wanted = None if isinstance(error.__cause__, ValueError) else _wanted(kind)
    if isinstance(wanted, tuple):
        return mistake(path, "none_of", given=written(value), allowed=", ".join(wanted))
    if wanted is None:
        return mistake(path, "said", what=str(error).split(" - at ")[0])
    return mistake(path, "must_be", wanted=wanted, given=written(value))


def _wanted(kind: Any) -> Word | tuple[str, ...] | None:  # noqa: ANN401 any annotation
    """Say what is to be written for a type: a kind of value, or the words there are to choose from.

    ``None``: there is no word for it.
    """
    if get_origin(kind) in {Union, UnionType}:
        kind = next(one for one in get_args(kind) if one is not type(None))
    if get_origin(kind) is Literal:
        return tuple(map(str, get_args(kind)))
    if _is_struct(kind) or get_origin(kind) is dict:
        return Word.TABLE
    if get_origin(kind) in {list, tuple}:
        return Word.LIST
    return _WORDS.get(kind)
