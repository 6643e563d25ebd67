"""The outer shape of a message, judged by its bytes before anything parses them."""

import re

__all__ = ["MOST_DEPTH", "too_deep"]

MOST_DEPTH = 32
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\Z)', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")
_OPENING = frozenset(b"[{")


def too_deep(body: bytes, most: int = MOST_DEPTH) -> bool:
    """Tell whether objects and arrays lie in one another deeper than ``most``.

    The bytes need not be JSON; brackets inside of texts do not count.
    """
    if body.count(b"[") + body.count(b"{") <= most:
        return False
    depth = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", body)):
        depth += 1 if bracket[0] in _OPENING else -1
        if depth > most:
            return True
    return False
