"""Finding and replacing what names a person, in texts and in documents. Pure."""

import re
from collections.abc import Iterable
from urllib.parse import unquote_plus

import msgspec

from connector.store.erased import ERASED

__all__ = ["Mask", "named_ids"]

SHORTEST = 2
_STRING = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?')  # with a colon: a key of an object
_WORD = "0-9A-Za-z"


class Mask:
    """Puts a dash where one of these values stands as a word of its own.

    Values of a single character are passed over: they stand in too many words.
    """

    def __init__(self, values: Iterable[str | None]) -> None:
        known = {value.strip() for value in values if value}
        wanted = sorted(known, key=lambda one: (-len(one), one))  # "Ann Lee" before "Ann"
        words = [_as_word(value) for value in wanted if len(value) >= SHORTEST]
        self._found = re.compile("|".join(words) or r"(?!)")

    def text(self, text: str) -> str:
        """Mask a text."""
        return self._found.sub(ERASED, text)

    def document(self, document: bytes) -> bytes:
        """Mask the strings of a JSON document; its keys and numbers stay as they are.

        What is no UTF-8 is returned unchanged.
        """
        try:
            text = document.decode()
        except UnicodeDecodeError:
            return document
        return _STRING.sub(self._string, text).encode()

    def names(self, text: str) -> bool:
        """Tell whether one of the values stands in a text."""
        return self._found.search(text) is not None

    def stands_in(self, body: bytes) -> bool:
        """Tell whether one of the values stands in a body: a text, a form or a JSON document."""
        text = body.decode("utf-8", "replace")
        return self.names(text) or self.names(unquote_plus(text)) or self.document(body) != body

    def _string(self, found: re.Match[str]) -> str:
        literal, colon = found.groups()
        if colon:
            return found[0]
        try:
            text = msgspec.json.decode(literal, type=str)
        except msgspec.DecodeError:
            return found[0]
        masked = self.text(text)
        return found[0] if masked == text else msgspec.json.encode(masked).decode()


def named_ids(body: bytes, ids: Iterable[str]) -> set[str]:
    """Tell which of these ids stand in a body, each as a word of its own."""
    text = body.decode("utf-8", "replace")
    return {each for each in ids if each and re.search(_as_word(each), text)}


def _as_word(value: str) -> str:
    before = rf"(?<![{_WORD}])" if value[0].isascii() and value[0].isalnum() else ""
    after = rf"(?![{_WORD}])" if value[-1].isascii() and value[-1].isalnum() else ""
    return before + re.escape(value) + after
