"""A document's mistakes are all told at once, each with its place."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import ClassVar, Literal

import msgspec
import pytest

from scoring.document import Check, DocumentError, Mistake, read_document


class Part(msgspec.Struct, frozen=True, kw_only=True):
    size: int
    word: str = ""

    def __post_init__(self) -> None:
        if self.size < 0:
            msg = "size must not be negative"
            raise ValueError(msg)


def _rises(low: int, high: int) -> Iterator[Mistake]:
    if low >= high:
        yield Mistake("high", f"{high} is not above {low}")


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    parts: list[Part] = []
    named: dict[str, Part] = {}
    one: Part | None = None


def places(text: str) -> list[str]:
    """Read a faulty document and name the places of its mistakes."""
    with pytest.raises(DocumentError) as caught:
        read_document(text, Whole)
    return [mistake.path for mistake in caught.value.mistakes]


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    low: int = 1
    high: int = 2
    label: str = ""
    tall: Part | None = None

    CHECKS: ClassVar[tuple[Check, ...]] = ((("low", "high"), _rises),)

    def __post_init__(self) -> None:
        mistakes = list(_rises(self.low, self.high))
        if mistakes:
            raise DocumentError(mistakes)


def test_right_document_becomes_the_struct() -> None:
    whole = read_document('name = "x"\n[[parts]]\nsize = 1\n[one]\nsize = 2', Whole)

    assert whole == Whole(name="x", parts=[Part(size=1)], one=Part(size=2))


def test_every_mistake_is_named_with_its_place() -> None:
    text = 'nam = "x"\n[[parts]]\nsize = "big"\n[[parts]]\nword = 5\n[named.a]\nsize = -1'

    assert places(text) == [
        "nam",
        "name",
        "parts[0].size",
        "parts[1].size",
        "parts[1].word",
        "named.a",
    ]


def test_near_miss_gets_a_proposal() -> None:
    with pytest.raises(DocumentError, match="did you mean 'name'"):
        read_document('nmae = "x"', Whole)


def test_struct_in_a_union_is_looked_into() -> None:
    assert places('name = "x"\n[one]\nsize = 1\nweight = 2') == ["one.weight"]


def test_text_that_is_no_toml_says_where() -> None:
    with pytest.raises(DocumentError, match="line 1"):
        read_document("name =\n", Whole)


def shelf_mistakes(text: str) -> dict[str, str]:
    with pytest.raises(DocumentError) as caught:
        read_document(text, Shelf)
    return {mistake.path: mistake.message for mistake in caught.value.mistakes}


def test_a_rule_of_the_struct_is_told_at_its_key() -> None:
    assert shelf_mistakes("low = 3") == {"high": "2 is not above 3"}


def test_a_rule_is_told_beside_mistakes_in_other_fields() -> None:
    assert set(shelf_mistakes("low = 3\nlabel = 4")) == {"high", "label"}


def test_a_rule_waits_until_its_own_fields_are_right() -> None:
    assert set(shelf_mistakes("low = 3\nhigh = 'up'")) == {"high"}
    assert "whole number" in shelf_mistakes("low = 3\nhigh = 'up'")["high"]


class Words(msgspec.Struct, frozen=True, kw_only=True):
    way: Literal["up", "down"] = "up"
    size: Decimal = Decimal(1)
    count: int | None = None
    many: tuple[int, ...] = ()
    shelf: Shelf | None = None
    name: str = ""
    on: date | None = None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('way = "left"', "'left' is none of up, down"),
        ('size = "big"', "must be a number, not 'big'"),
        ("size = true", "must be a number, not True"),
        ("count = 1.5", "must be a whole number, not 1.5"),
        ('many = "1"', "must be a list, not '1'"),
        ('shelf = "x"', "must be a table, not 'x'"),
        ("name = 3", "must be a text in quotes, not 3"),
        ("on = [1]", "must be a date like 2026-03-31, not a table or a list"),
    ],
)
def test_a_wrong_value_is_told_with_what_it_may_be(text: str, told: str) -> None:
    with pytest.raises(DocumentError, match=told):
        read_document(text, Words)


def test_a_rule_of_a_table_is_told_in_its_own_words() -> None:
    with pytest.raises(DocumentError) as caught:
        read_document("name = 'x'\n[one]\nsize = -1", Whole)

    assert [mistake.message for mistake in caught.value.mistakes] == ["size must not be negative"]
