"""A document's mistakes are all told at once, each with its place."""

import msgspec
import pytest

from scoring.document import DocumentError, read_document


class Part(msgspec.Struct, frozen=True, kw_only=True):
    size: int
    word: str = ""

    def __post_init__(self) -> None:
        if self.size < 0:
            msg = "size must not be negative"
            raise ValueError(msg)


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
