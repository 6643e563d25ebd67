"""Makes a text fit a field, without half a character at its end."""

import unicodedata

__all__ = ["cut"]

_JOINER = "\u200d"
_MARK = "…"


def cut(text: str, length: int | None) -> str:
    """Return a text of at most so many characters, ending in ``…`` where it was longer.

    An accent stays with its letter and a joined emoji stays whole. ``None`` is no limit.
    """
    if length is None or len(text) <= length:
        return text
    end = length - len(_MARK)
    while end > 0 and _belongs_to_the_one_before(text, end):
        end -= 1
    return text[:end] + _MARK


def _belongs_to_the_one_before(text: str, at: int) -> bool:
    mark = text[at]
    return (
        mark == _JOINER
        or text[at - 1] == _JOINER
        or unicodedata.combining(mark) != 0
        or unicodedata.category(mark) in {"Mn", "Me"}  # variation selectors and enclosing marks
        or "\U0001f3fb" <= mark <= "\U0001f3ff"  # the skin of an emoji
    )
