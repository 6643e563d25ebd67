"""A report as sheets of typed cells: printed on a screen and written as a workbook alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from connector.texts.catalogue import Texts
from scoring.money import Money

__all__ = ["Cell", "Percent", "Sheet", "moneys"]


@dataclass(frozen=True, slots=True)
class Percent:
    """A share in percent, of ``digits`` after the point."""

    value: float
    digits: int = 1


Cell = str | int | float | Money | Percent | date | None
"""``None`` is a figure that is not known; floats are days and indexes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One table. ``title`` also names the worksheet; the last ``totals`` rows are sums.

    ``numbers`` says which columns hold figures. ``empty`` is said instead where there is no row.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    numbers: tuple[bool, ...]
    totals: int = 0
    empty: str = ""

    @classmethod
    def of(
        cls,
        texts: Texts,
        code: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[Cell]],
        *,
        totals: int = 0,
        words: int = 1,
    ) -> "Sheet":
        """Make a sheet out of codes of the catalogue; the first ``words`` columns are texts."""
        empty = f"report.{code}.empty"
        return cls(
            title=texts.say(f"report.{code}"),
            columns=tuple(texts.say(f"report.col.{name}") for name in columns),
            rows=tuple(tuple(row) for row in rows),
            numbers=tuple(place >= words for place in range(len(columns))),
            totals=totals,
            empty=texts.say(empty) if texts.knows(empty) else texts.say("report.nothing"),
        )


def moneys(minors: Sequence[int | None], currency: str) -> list[Cell]:
    """Make cells of minor units; an unknown amount stays unknown."""
    return [None if minor is None else Money(minor, currency) for minor in minors]
