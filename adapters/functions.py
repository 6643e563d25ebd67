"""Functions that a CRM's administrator enters in its console; we ship their text."""

import msgspec

__all__ = ["FunctionText"]


class FunctionText(msgspec.Struct, frozen=True, kw_only=True):
    """One function: its name, the language it is written in, and its text, ready to paste.

    The text says itself where it is bound; it holds no secret.
    """

    name: str
    language: str
    text: str
