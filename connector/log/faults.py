"""Faults in the log: where they happened, and of their messages only what cannot name a customer.

A message of a foreign error may hold what it stumbled over: a name, a row, a whole statement with
its values. Ours are sentences made for people to read; of the others the type and the place serve.
"""

import sqlite3
import traceback
from types import TracebackType

__all__ = ["fault_told"]

_OURS = frozenset({"adapters", "connector", "sandbox", "scoring", "webhooks"})


def fault_told(
    exc_info: tuple[type[BaseException], BaseException, TracebackType | None],
) -> str:
    """Write an error and what it came of, the first cause first, without foreign messages."""
    parts: list[str] = []
    error: BaseException | None = exc_info[1]
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        parts.insert(0, _one(error))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\nand then\n".join(parts)


def _one(error: BaseException) -> str:
    frames = "".join(
        f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}\n'
        for frame in traceback.extract_tb(error.__traceback__)
    )
    said = _said(error)
    kind = type(error)
    name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
    return f"Traceback, last call at the end:\n{frames}{name}{': ' if said else ''}{said}"


def _said(error: BaseException) -> str:
    if type(error).__module__.partition(".")[0] in _OURS or isinstance(error, sqlite3.Error):
        return str(error)
    if isinstance(error, OSError):
        return error.strerror or ""
    driver = getattr(error, "orig", None)  # SQLAlchemy's, of whatever driver
    if isinstance(driver, BaseException):
        return getattr(driver, "sqlstate", None) or _said(driver)
    return ""
