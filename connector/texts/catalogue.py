"""Sentences for people, in 中文 and English, from codes and parameters.

The gettext files ``zh.po`` and ``en.po`` beside this module hold the vocabulary; the English of
mistakes in documents stands with their codes in ``scoring.document``. Both languages know the same
codes with the same placeholders, and a test says so.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from io import BytesIO
from typing import Final

from babel.core import Locale
from babel.dates import format_date
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal

from scoring.document import SENTENCES
from scoring.money import Money

__all__ = ["LANGUAGES", "Texts", "load_catalogue"]

LANGUAGES: Final = ("zh", "en")
_LOCALES: Final = {"zh": Locale("zh", "CN", script="Hans"), "en": Locale("en", "GB")}


class Texts:
    """One language's sentences. Values are written in that language's way.

    Money, dates and numbers may be given as they are; everything else is inserted as text.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self._locale = _LOCALES[language]
        self._sentences = load_catalogue(language)

    def say(self, code: str, **values: object) -> str:
        """Return the sentence of ``code`` filled with ``values``. Raises ``KeyError``: no such code."""
        shown = {name: self._show(value) for name, value in values.items()}
        return self._sentences[code].format_map(shown)

    def knows(self, code: str) -> bool:
        """Tell whether the catalogue has this code."""
        return code in self._sentences

    def money(self, amount: Money, *, whole: bool = True) -> str:
        """Write an amount: ``¥12,345`` or ``US$12,345``; with all digits unless ``whole``."""
        return format_currency(
            amount.amount,
            amount.currency,
            format="¤#,##0" if whole else None,
            locale=self._locale,
            currency_digits=not whole,
        )

    def day(self, day: date) -> str:
        """Write a date."""
        return format_date(day, "yyyy-MM-dd", locale=self._locale)

    def _show(self, value: object) -> object:
        match value:
            case Money():
                return self.money(value)
            case bool() | str():
                return value
            case date():
                return self.day(value)
            case Decimal() | int() | float():
                return format_decimal(value, format="#,##0.##", locale=self._locale)
            case _:
                return str(value)


@cache
def load_catalogue(language: str) -> Mapping[str, str]:
    """Read one language's file. Raises ``KeyError`` for a language there is none of."""
    if language not in LANGUAGES:
        raise KeyError(language)
    source = files("connector.texts").joinpath(f"{language}.po").read_bytes()
    catalogue = read_po(BytesIO(source), locale=language, abort_invalid=True)
    sentences = {
        str(message.id): str(message.string)
        for message in catalogue
        if message.id and message.string
    }
    return {**SENTENCES, **sentences} if language == "en" else sentences
