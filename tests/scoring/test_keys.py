"""Two numbers packed into one: it sorts like the pair, and comes apart again."""

from datetime import date

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from scoring.keys import NOTHING, day_key, of_day_key, of_row_key, row_key

_ROWS = st.tuples(st.integers(0, 2**8 - 1), st.integers(0, NOTHING))
_PAIRS = st.tuples(st.integers(0, NOTHING), st.dates(date.min, date.max))


@given(st.lists(_PAIRS, min_size=1, max_size=20))
def test_a_day_key_sorts_like_the_pair_and_gives_it_back(pairs: list[tuple[int, date]]) -> None:
    frame = pl.DataFrame(pairs, schema={"e": pl.UInt32, "on": pl.Date}, orient="row")
    entity, day = of_day_key(pl.col("key"))
    packed = frame.select(day_key(pl.col("e"), pl.col("on")).alias("key")).sort("key")
    found = packed.select(entity.alias("e"), day.alias("on"))

    assert found.equals(frame.sort("e", "on"))
    assert found.schema == frame.schema


@given(st.lists(_ROWS, min_size=1, max_size=20))
def test_a_row_key_sorts_like_the_pair_and_gives_it_back(pairs: list[tuple[int, int]]) -> None:
    frame = pl.DataFrame(pairs, schema={"item": pl.UInt8, "e": pl.UInt32}, orient="row")
    item, entity = of_row_key(pl.col("key"))
    packed = frame.select(row_key(pl.col("item"), pl.col("e")).alias("key")).sort("key")
    found = packed.select(item.alias("item"), entity.alias("e"))

    assert found.equals(frame.sort("item", "e"))
    assert found.schema == frame.schema
