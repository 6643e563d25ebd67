"""TOML documents (configuration, policy): read, checked by rules, their mistakes told as codes."""

from scoring.document.mistakes import (
    SENTENCES,
    DocumentError,
    Mistake,
    Word,
    mistake,
    placed,
    written,
)
from scoring.document.reading import Check, read_document
from scoring.document.rules import (
    Rule,
    in_order,
    lies_above,
    lies_above_to,
    lies_between,
    not_empty,
    not_twice,
    one_of,
    refuse,
    starts_at,
)

__all__ = [
    "SENTENCES",
    "Check",
    "DocumentError",
    "Mistake",
    "Rule",
    "Word",
    "in_order",
    "lies_above",
    "lies_above_to",
    "lies_between",
    "mistake",
    "not_empty",
    "not_twice",
    "one_of",
    "placed",
    "read_document",
    "refuse",
    "starts_at",
    "written",
]
