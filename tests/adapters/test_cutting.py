"""A text is cut to its field's length, between characters as people see them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.cutting import cut


@pytest.mark.parametrize(
    ("text", "length", "expected"),
    [
        ("催收通知", 4, "催收通知"),
        ("催收通知书", 4, "催收通…"),
        ("abce\u0301f", 5, "abc…"),  # the accent goes with its letter
        ("ab👨\u200d👩\u200d👧!", 6, "ab…"),  # a family is one picture
        ("ab👍🏽!", 4, "ab…"),
        ("anything", None, "anything"),
        ("e\u0301\u0301", 2, "…"),
    ],
)
def test_a_text_is_cut_between_characters(text: str, length: int | None, expected: str) -> None:
    assert cut(text, length) == expected


@given(st.text(max_size=30), st.integers(min_value=1, max_value=20))
def test_a_cut_text_fits_and_begins_like_the_whole(text: str, length: int) -> None:
    short = cut(text, length)

    assert len(short) <= length
    assert short == text or text.startswith(short.removesuffix("…"))
