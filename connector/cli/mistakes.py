"""Mistakes in a policy or the configuration, told to people by line and to programs by code."""

from collections.abc import Iterable

from connector.config import ConfigError
from connector.texts.catalogue import Texts
from scoring.document import Mistake

__all__ = ["config_told", "mistake_rows", "mistakes_told"]


def mistakes_told(mistakes: Iterable[Mistake], texts: Texts) -> str:
    """Tell each mistake in a line of its own, with its place."""
    return "\n".join(each.told_with_place(texts.say) for each in mistakes)


def mistake_rows(mistakes: Iterable[Mistake], texts: Texts) -> list[dict[str, object]]:
    """Write mistakes for a program: place, code and parameters, and the sentence beside them."""
    return [
        {
            "path": each.path,
            "code": each.code,
            "params": each.params,
            "message": each.told(texts.say),
        }
        for each in mistakes
    ]


def config_told(error: ConfigError, texts: Texts) -> str:
    """Tell every mistake of a configuration under a line that says where they are."""
    head = texts.say("config.mistakes", source=error.source, count=len(error.mistakes))
    lines = mistakes_told(error.mistakes, texts).splitlines()
    return "\n".join([head, *(f"  {line}" for line in lines)])
