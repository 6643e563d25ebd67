"""What every command needs: the options all share, the opened product, and how commands end."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from adapters.errors import CrmError
from connector.cli.output import complain
from connector.config import ConfigError
from connector.wiring import Zixin, open_zixin

__all__ = [
    "AsOfOption",
    "ConfigOption",
    "ExitCode",
    "JsonFlag",
    "end",
    "opened",
    "parse_day",
]

ConfigOption = Annotated[
    Path,
    typer.Option("--config", "-c", help="The configuration file.", envvar="ZIXIN_CONFIG"),
]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
AsOfOption = Annotated[
    str | None, typer.Option("--as-of", help="The date to decide for, like 2026-03-31.")
]

# Years in which there are books to be read; further off there are no calendars either.
FIRST_YEAR, LAST_YEAR = 1900, 2999


class ExitCode:
    """How a command ended, for scripts."""

    WELL = 0
    WRONG_USE = 2  # a mistake in the configuration or the arguments
    PARKED = 3  # done, but some records wait for a person
    CRM = 4  # a CRM could not be used


def parse_day(text: str | None, default: date) -> date:
    """Read a date option; ends the command with a sentence when it is none."""
    if text is None:
        return default
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 a calendar date
    except ValueError:
        day = date.min
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        end(ExitCode.WRONG_USE, f"--as-of {text!r} is no date; write it like 2026-03-31")
    return day


def end(code: int, message: str = "") -> NoReturn:
    """End the command with a message on standard error."""
    if message:
        complain(message)
    sys.exit(code)


@contextmanager
def opened(config: Path) -> Iterator[Zixin]:
    """Open the product for one command; errors a person can mend end it with their sentence."""
    try:
        zixin = open_zixin(config)
        try:
            yield zixin
        finally:
            zixin.engine.dispose()
    except ConfigError as error:
        end(ExitCode.WRONG_USE, str(error))
    except CrmError as error:
        end(ExitCode.CRM, str(error))
