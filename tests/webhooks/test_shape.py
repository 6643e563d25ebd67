"""How deep a message is nested, told from its bytes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhooks.shape import too_deep

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=60,
)


def depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


@given(JSON, st.integers(1, 6))
def test_it_counts_as_a_parser_would(value: Any, most: int) -> None:
    assert too_deep(json.dumps(value).encode(), most) == (depth(value) > most)


@given(st.binary(max_size=300), st.integers(1, 6))
def test_any_bytes_are_judged(body: bytes, most: int) -> None:
    assert too_deep(body, most) in {True, False}


@pytest.mark.parametrize(
    ("body", "deep"),
    [
        (b"[" * 32, False),
        (b"[" * 33, True),
        (b"[]" * 1000, False),
        (b'["' + b"[" * 1000 + b'"]', False),
        (b'["\\"' + b"[" * 1000 + b'"]', False),
        (b'"' + b"[" * 1000, False),
        (b"[" * 1_000_000, True),
        (b'"' * 1_000_000 + b"[" * 33, True),
    ],
)
def test_brackets_in_texts_do_not_count(body: bytes, deep: bool) -> None:  # noqa: FBT001
    assert too_deep(body) == deep
