"""TOML documents (configuration, policy) read into structs, with every mistake reported at once."""

import tomllib
from collections.abc import Iterator
from difflib import get_close_matches
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import structs

__all__ = ["DocumentError", "Mistake", "read_document"]

_T = TypeVar("_T")


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


def read_document(text: str, kind: type[_T]) -> _T:
    """Read a TOML text as ``kind``, a msgspec struct type.

    Raises ``DocumentError`` with every unknown key, missing key and wrong value. A struct's own
    ``__post_init__`` may raise ``ValueError``; it runs when the types are right and is reported at
    the struct's place.
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
    for name, field in fields.items():
        if name in value:
            found += _mistakes(value[name], field.type, _inside(path, name))
        elif field.required:
            found.append(Mistake(_inside(path, name), "is missing"))
    # The struct's own checks come last: they may assume that every value has its type.
    yield from found or _value_mistakes(value, kind, path)


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
        yield Mistake(path, str(error).split(" - at ")[0])


def _inside(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
