"""Both languages are complete, and amounts read as people write them."""

from datetime import date
from string import Formatter

import pytest

from connector.texts.catalogue import LANGUAGES, Texts, load_catalogue
from scoring.money import Money


def placeholders(sentence: str) -> set[str]:
    """Name the placeholders of a sentence."""
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def test_both_languages_have_the_same_codes_with_the_same_placeholders() -> None:
    zh, en = (load_catalogue(language) for language in LANGUAGES)

    assert set(zh) == set(en)
    assert {code: placeholders(zh[code]) for code in zh} == {
        code: placeholders(en[code]) for code in en
    }


def test_sentence_is_filled_in_the_readers_way() -> None:
    values = {"number": "INV-7", "due": date(2026, 3, 1), "amount": Money(1234500, "CNY")}

    assert "¥12,345" in Texts("zh").say("task.item", **values)
    assert "CN¥12,345" in Texts("en").say("task.item", **values)


def test_currency_without_cents_is_shown_without() -> None:
    assert Texts("en").money(Money(1234, "JPY"), whole=False) == "JP¥1,234"


def test_all_digits_are_shown_on_request() -> None:
    assert Texts("en").money(Money(123450, "EUR"), whole=False) == "€1,234.50"


def test_unknown_code_is_an_error() -> None:
    with pytest.raises(KeyError):
        Texts("zh").say("no.such.code")


def test_unknown_language_is_an_error() -> None:
    with pytest.raises(KeyError):
        Texts("fr")
