"""What every command needs: the options all share, the opened product, and how commands end."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, NoReturn

import sqlalchemy as sa
import typer

from adapters.errors import CrmError
from connector.cli.mistakes import config_told
from connector.cli.output import complain
from connector.config import ConfigError, language_of
from connector.store.accounts import entity_of
from connector.texts.catalogue import LANGUAGES, Texts
from connector.wiring import Zixin, open_zixin
from scoring.money import Money, UnknownCurrencyError, to_money
from scoring.refusal import Refusal

__all__ = [
    "DEFAULT_CONFIG",
    "AsOfOption",
    "ConfigOption",
    "ExitCode",
    "JsonFlag",
    "LangOption",
    "RefArgument",
    "SinceOption",
    "chosen_texts",
    "company_if_named",
    "company_of",
    "day_before",
    "day_of",
    "end",
    "opened",
    "parse_money",
    "parse_number",
    "refusals_told",
    "texts_in",
]

DEFAULT_CONFIG = Path("zixin.toml")

ConfigOption = Annotated[
    Path,
    typer.Option("--config", "-c", help="The configuration file.", envvar="ZIXIN_CONFIG"),
]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
AsOfOption = Annotated[
    str | None, typer.Option("--as-of", help="The date to decide for, like 2026-03-31.")
]
SinceOption = Annotated[
    str | None, typer.Option("--since", help="The day to compare with, like 2026-02-28.")
]
LangOption = Annotated[
    str | None, typer.Option("--lang", help="zh or en; the company's by default.")
]
RefArgument = Annotated[
    str, typer.Argument(help="connection:record id, company code, entity or exact name.")
]

# Years in which there are books to be read; further off there are no calendars either.
FIRST_YEAR, LAST_YEAR = 1900, 2999


class ExitCode:
    """How a command ended, for scripts."""

    WELL = 0
    WRONG_USE = 2  # a mistake in the configuration or the arguments
    PARKED = 3  # done, but some records wait for a person
    CRM = 4  # a CRM could not be used
    BROKEN = 5  # the audit log, a backup, a copy or the database does not hold


def day_of(text: str | None, default: date, *, option: str = "--as-of") -> date:
    """Read a date option; ends the command with a sentence when it is none."""
    if text is None:
        return default
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 a calendar date
    except ValueError:
        day = date.min
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        end(ExitCode.WRONG_USE, f"{option} {text!r} is no date; write it like 2026-03-31")
    return day


def day_before(until: date, since: str | None, default: date) -> date:
    """Read the day to compare with; ends the command where it does not lie before ``until``."""
    day = day_of(since, default, option="--since")
    if day >= until:
        end(ExitCode.WRONG_USE, f"--since {day} must lie before {until}")
    return day


def parse_number(where: str, text: str) -> Decimal:
    """Read a number from 0 on; ends the command with a sentence when it is none."""
    try:
        value = Decimal(text.replace(",", ""))
    except InvalidOperation:
        end(ExitCode.WRONG_USE, f"{where} {text!r} is no number; write it like 12500.50")
    if not value.is_finite() or value < 0:
        end(ExitCode.WRONG_USE, f"{where} {text!r} starts at 0")
    return value


def parse_money(where: str, text: str, currency: str) -> Money:
    """Read an amount; ends the command with a sentence when it is none."""
    try:
        return to_money(parse_number(where, text), currency.upper())
    except UnknownCurrencyError as error:
        end(ExitCode.WRONG_USE, str(error))


def texts_in(lang: str) -> Texts:
    """Speak a tongue; ends the command for one there is none of."""
    if lang not in LANGUAGES:
        end(ExitCode.WRONG_USE, f"--lang {lang!r}: there are {' and '.join(LANGUAGES)}")
    return Texts(lang)


def chosen_texts(zixin: Zixin, lang: str | None) -> Texts:
    """Speak the chosen tongue, or the company's."""
    return texts_in(lang or zixin.config.company.language)


def company_of(conn: sa.Connection, ref: str, texts: Texts) -> str:
    """Find the entity that is meant; ends the command where it is none, or more than one."""
    entity = entity_of(conn, ref)
    if entity is None:
        end(ExitCode.WRONG_USE, texts.say("decision.unknown_company", ref=ref))
    return entity


def company_if_named(conn: sa.Connection, ref: str | None, texts: Texts) -> str | None:
    """Find the entity that is meant, if one is asked for."""
    return None if ref is None else company_of(conn, ref, texts)


@contextmanager
def refusals_told(texts: Texts) -> Iterator[None]:
    """End the command with the sentence of what the rules do not allow."""
    try:
        yield
    except Refusal as refusal:
        end(ExitCode.WRONG_USE, texts.say(refusal.code, **refusal.params))


def end(code: int, message: str = "") -> NoReturn:
    """End the command with a message on standard error."""
    if message:
        complain(message)
    sys.exit(code)


@contextmanager
def opened(config: Path, *, lost_key: bool = False) -> Iterator[Zixin]:
    """Open the product for one command; errors a person can mend end it with their sentence.

    ``lost_key``: also with a key that does not fit the database.
    """
    try:
        zixin = open_zixin(config, lost_key=lost_key)
        try:
            yield zixin
        finally:
            zixin.engine.dispose()
    except ConfigError as error:
        end(ExitCode.WRONG_USE, config_told(error, Texts(language_of(config))))
    except CrmError as error:
        end(ExitCode.CRM, str(error))
