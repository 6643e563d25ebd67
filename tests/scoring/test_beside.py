"""Columns laid beside the frame of all entities: by row number, never by luck."""

import polars as pl
import pytest

from scoring.beside import beside, without

_ALL = pl.DataFrame({"e": pl.Series([0, 1, 2], dtype=pl.UInt32), "x": ["a", "b", "c"]})


def _part(rows: list[int], **columns: list[int]) -> pl.DataFrame:
    return pl.DataFrame({"e": pl.Series(rows, dtype=pl.UInt32), **columns})


def test_each_entity_gets_its_own_and_the_others_nothing() -> None:
    found = beside(_ALL, _part([2, 0], y=[20, 10]), _part([1], z=[5]))

    assert found["y"].to_list() == [10, None, 20]
    assert found["z"].to_list() == [None, 5, None]
    assert found["x"].to_list() == ["a", "b", "c"]


def test_a_part_of_nobody_is_nothing_of_its_type() -> None:
    found = beside(_ALL, _part([], y=[]).cast({"y": pl.Int64}))

    assert found["y"].to_list() == [None, None, None]
    assert found["y"].dtype == pl.Int64


def test_it_says_the_same_as_a_join() -> None:
    part = _part([1, 2], y=[3, 4])

    assert beside(_ALL, part).equals(_ALL.join(part, on="e", how="left", maintain_order="left"))


@pytest.mark.parametrize("rows", [[1, 0, 2], [0, 1, 3], [0, 1, 1]])
def test_a_frame_in_another_order_is_refused(rows: list[int]) -> None:
    with pytest.raises(ValueError, match="in the order of e"):
        beside(_part(rows), _part([0], y=[1]))


def test_what_only_served_on_the_way_is_left_out_of_the_copy_alone() -> None:
    assert without(_ALL, "x").columns == ["e"]
    assert _ALL.columns == ["e", "x"]
