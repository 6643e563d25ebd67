"""Columns of some entities laid beside the frame of all of them, by row number instead of a join.

A frame of an assessment has every entity once, in the order of ``e``: where an entity stands is
known, and nothing has to be looked up.
"""

import polars as pl

__all__ = ["beside", "without"]


def beside(frame: pl.DataFrame, *parts: pl.DataFrame) -> pl.DataFrame:
    """Add the columns of ``parts``; each has ``e`` and an entity once. Who is not in one has nulls.

    Raises:
        ValueError: ``frame`` does not hold every entity in order of ``e``.
    """
    rows = pl.int_range(frame.height, dtype=pl.UInt32, eager=True)
    if not frame["e"].equals(rows, check_names=False):
        raise ValueError("the frame must hold every entity once, in the order of e")
    columns = [column for part in parts for column in _placed(part, rows)]
    return frame.hstack(columns)


def _placed(part: pl.DataFrame, rows: pl.Series) -> list[pl.Series]:
    """Put a part's columns in the order of all entities."""
    entity, columns = part["e"], without(part, "e")
    if not part.height:
        return [_nulls(column.name, column.dtype, len(rows)) for column in columns]
    if not entity.equals(rows, check_names=False):
        place = _nulls("e", pl.UInt32(), len(rows)).scatter(entity, rows.head(part.height))
        columns = columns[place]
    return columns.get_columns()


def _nulls(name: str, kind: pl.DataType, count: int) -> pl.Series:
    return pl.Series(name, [None], dtype=kind).new_from_index(0, count)


def without(frame: pl.DataFrame, *names: str) -> pl.DataFrame:
    """Leave out columns that only served on the way; cheaper than ``drop`` on hundreds of columns."""
    rest = frame.clone()
    for name in names:
        rest.drop_in_place(name)
    return rest
