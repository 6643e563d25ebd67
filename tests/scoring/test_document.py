"""A document's mistakes are all told at once, each with its place."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import ClassVar, Literal

import msgspec
import pytest

from scoring.document import (
    Check,
    DocumentError,
    Mistake,
    Word,
    in_order,
    mistake,
    placed,
    read_document,
    refuse,
    starts_at,
)


class Part(msgspec.Struct, frozen=True, kw_only=True):
    size: int
    word: str = ""

    def __post_init__(self) -> None:
        if self.size < 0:
            msg = "size must not be negative"
            raise ValueError(msg)


def _rises(low: int, high: int) -> Iterator[Mistake]:
    if low >= high:
        yield mistake("high", "curve_value", after=high, before=low)


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


def shelf_mistakes(text: str) -> dict[str, Mistake]:
    with pytest.raises(DocumentError) as caught:
        read_document(text, Shelf)
    return {found.path: found for found in caught.value.mistakes}


def test_a_rule_of_the_struct_is_told_at_its_key() -> None:
    told = mistake("high", "curve_value", after=2, before=3)

    assert shelf_mistakes("low = 3") == {"high": told}


def test_a_rule_is_told_beside_mistakes_in_other_fields() -> None:
    assert set(shelf_mistakes("low = 3\nlabel = 4")) == {"high", "label"}


def test_a_rule_waits_until_its_own_fields_are_right() -> None:
    assert set(shelf_mistakes("low = 3\nhigh = 'up'")) == {"high"}
    assert "whole number" in str(shelf_mistakes("low = 3\nhigh = 'up'")["high"])


class Words(msgspec.Struct, frozen=True, kw_only=True):
    way: Literal["up", "down"] = "up"
    side: Literal["left", "right"] | None = None
    size: Decimal = Decimal(1)
    count: int | None = None
    many: tuple[int, ...] = ()
    pair: tuple[int, str] = (0, "")
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
        ("on = [1]", "must be a date like 2026-03-31, not a list"),
        ("on = { year = 2026 }", "must be a date like 2026-03-31, not a table"),
        ("size = 2026-03-31", "must be a number, not 2026-03-31"),
        ("size = nan", "must be a number, not nan"),
        ("size = -inf", "must be a number, not -inf"),
        ('side = "up"', "'up' is none of left, right"),
        ("pair = [1]", "pair: must be 2 values, not 1"),
        ('pair = [1, "a", 2]', "pair: must be 2 values, not 3"),
        ('pair = ["a", "a"]', r"pair\[0\]: must be a whole number, not 'a'"),
        ("pair = [1, 1]", r"pair\[1\]: must be a text in quotes, not 1"),
    ],
)
def test_a_wrong_value_is_told_with_what_it_may_be(text: str, told: str) -> None:
    with pytest.raises(DocumentError, match=told):
        read_document(text, Words)


def test_a_rule_of_a_table_is_told_in_its_own_words() -> None:
    with pytest.raises(DocumentError) as caught:
        read_document("name = 'x'\n[one]\nsize = -1", Whole)

    assert caught.value.mistakes == [mistake("one", "said", what="size must not be negative")]


def test_a_mistake_is_a_sentence_with_its_place() -> None:
    assert str(mistake("a.b", "starts_at", least=0)) == "a.b: starts at 0"
    assert str(mistake("", "not_utf8")) == "is not UTF-8 text"


def test_a_parameter_that_is_a_word_is_said_in_words() -> None:
    said = mistake("a", "must_be", wanted=Word.TABLE, given="'x'")

    assert str(said) == "a: must be a table, not 'x'"
    assert said.told(lambda code, **words: f"{code}{words}") == (
        "mistake.must_be" + str({"wanted": "mistake.word.table{}", "given": "'x'"})
    )


@pytest.mark.parametrize(
    ("path", "place"), [("", "a"), ("size", "a.size"), ("[1].size", "a[1].size")]
)
def test_mistakes_of_a_table_get_their_place_in_the_whole(path: str, place: str) -> None:
    assert placed([mistake(path, "missing")], "a") == [mistake(place, "missing")]


def test_every_broken_rule_is_told_and_a_kept_one_is_not() -> None:
    part = Part(size=3)
    rules = (*starts_at(4, size=3, weight=4, none=None), in_order("3 < size <= 3", part, at="x"))

    with pytest.raises(DocumentError) as caught:
        refuse(*rules)

    assert caught.value.mistakes == [
        mistake("size", "starts_at", least=4),
        mistake("x", "order", rule="3 < size <= 3"),
    ]
    refuse(in_order("2 < size <= 3", part))
