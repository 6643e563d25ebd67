"""Figures of the explanation record in the reader's words."""

from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import msgspec

from connector.texts.catalogue import Texts
from scoring.explain import Figure, Unit
from scoring.money import Money

__all__ = ["NONE", "Section", "Words", "trimmed"]

#: What stands where there is nothing to show.
NONE = "–"
_DIGITS: dict[str, Decimal] = {
    "percent": Decimal("0.1"),
    "points": Decimal("0.1"),
    "days": Decimal("0.1"),
    "months": Decimal(1),
    "years": Decimal("0.1"),
    "index": Decimal("0.01"),
}
_HUNDRED = 100
_TENTH = Decimal("0.1")
_SMALL = Decimal("0.01")  # below one percent: good grades differ there


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the report: a title, lines, and below them a table; ``right`` are number columns."""

    title: str
    lines: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    right: tuple[int, ...] = ()


def trimmed(section: Section) -> Section:
    """Leave out columns in which nothing stands."""
    kept = [place for place in range(len(section.columns)) if any(r[place] for r in section.rows)]
    return msgspec.structs.replace(
        section,
        columns=tuple(section.columns[place] for place in kept),
        rows=tuple(tuple(row[place] for place in kept) for row in section.rows),
        right=tuple(kept.index(place) for place in section.right if place in kept),
    )


class Words:
    """The report's sentences and figures in one language."""

    def __init__(self, texts: Texts) -> None:
        self.texts = texts

    def say(self, code: str, **values: object) -> str:
        """Say a sentence; what is ``None`` is shown as a dash."""
        shown = {name: NONE if value is None else value for name, value in values.items()}
        return self.texts.say(code, **shown)

    def each(self, prefix: str, codes: Iterable[str]) -> str:
        """List codes in words."""
        return self.texts.say("explain.list").join(self.say(f"{prefix}.{code}") for code in codes)

    def listed(self, parts: Iterable[str]) -> str:
        """List what is said already."""
        return self.texts.say("explain.list").join(parts)

    def columns(self, *names: str) -> tuple[str, ...]:
        """Name the columns of a table; an empty name stays empty."""
        return tuple(self.say(f"explain.col.{name}") if name else "" for name in names)

    def figure(self, value: Figure, unit: Unit) -> str:
        """Write a figure with its unit, rounded to what a reader can use."""
        if value is None:
            return NONE
        if isinstance(value, Money):
            return self.texts.money(value)
        if unit == "date":
            return str(value)
        number = Decimal(value)
        if unit == "share":
            number, unit = number * _HUNDRED, "percent"
        digits = _SMALL if unit == "percent" and abs(number) < 1 else _DIGITS.get(unit, Decimal(1))
        number = number.quantize(digits, ROUND_HALF_UP)
        one = f"unit.{unit}.one"
        single = number == 1 and self.texts.knows(one)
        return self.say(one if single else f"unit.{unit}", value=number)

    def money(self, amount: Money | None) -> str:
        """Write an amount."""
        return NONE if amount is None else self.texts.money(amount)

    def score(self, value: str | None) -> str:
        """Write a score, always with one digit."""
        return NONE if value is None else f"{Decimal(value).quantize(_TENTH, ROUND_HALF_UP)}"

    def points(self, value: str | None) -> str:
        """Write points with one digit, whole ones without."""
        if value is None:
            return NONE
        points = Decimal(value).quantize(_TENTH, ROUND_HALF_UP)
        return f"{points:.0f}" if points == points.to_integral_value() else f"{points}"

    def day(self, day: date | None) -> str:
        """Write a date."""
        return NONE if day is None else self.texts.day(day)
