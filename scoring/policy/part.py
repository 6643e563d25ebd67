"""What every table of the policy is made of, and the scale of grades."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import TypeVar

import msgspec

from scoring.document import Rule, mistake, not_empty, refuse, starts_at, written

__all__ = [
    "GRADES",
    "CharacteristicPolicy",
    "Curve",
    "Part",
    "characteristic",
    "grades_known",
    "listed",
    "points_add_up",
    "sum_of",
    "under",
]

_T = TypeVar("_T")

#: The ten grades, best first (四等十级). ``NR`` (not rated) stands outside the scale.
GRADES = ("AAA", "AA", "A", "BBB", "BB", "B", "CCC", "CC", "C", "D")

Curve = tuple[tuple[Decimal, Decimal], ...]


def grades_known(**named: str) -> list[Rule]:
    """Make the rules that the values of these keys are grades."""
    scale = ", ".join(GRADES)
    return [
        (name in GRADES, mistake(key, "no_grade", given=written(name), grades=scale))
        for key, name in named.items()
    ]


def under(key: str, values: Mapping[str, _T]) -> dict[str, _T]:
    """Name the values of a table by their place in it: ``haircuts.property``."""
    return {f"{key}.{name}": value for name, value in values.items()}


def listed(key: str, values: Sequence[_T]) -> dict[str, _T]:
    """Name the values of a list by their place in it: ``off[1]``."""
    return {f"{key}[{place}]": value for place, value in enumerate(values)}


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the policy."""


class CharacteristicPolicy(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One scored characteristic: its points and the share of them (percent) at each value.

    Values rise. Shares fall all the way (lower is better) or rise all the way (higher is better).
    Between two values the share runs on a straight line, or, with ``steps``, is that of the cut-off
    just reached: "at most" where lower is better, "at least" where higher is better. Past the worst
    value it is 0 with ``steps``, else that of the worst value.
    """

    points: Decimal
    curve: Curve
    steps: bool = False

    def __post_init__(self) -> None:
        """Refuse curves that are not monotone."""
        pairs = list(pairwise(self.curve))
        falls = all(after[1] <= before[1] for before, after in pairs)
        refuse(
            *starts_at(0, points=self.points),
            *not_empty(curve=self.curve),
            *(
                (
                    after[0] > before[0],
                    mistake(f"curve[{place}]", "curve_value", after=after[0], before=before[0]),
                )
                for place, (before, after) in enumerate(pairs, start=1)
            ),
            (falls or self.rises, mistake("curve", "curve_percents")),
            *(
                (0 <= share <= 100, mistake(f"curve[{place}]", "percent_outside", given=share))
                for place, (_, share) in enumerate(self.curve)
            ),
        )

    @property
    def rises(self) -> bool:
        """Tell whether higher is better."""
        shares = [share for _, share in self.curve]
        return bool(shares) and shares[-1] > shares[0] and shares == sorted(shares)

    @property
    def straight(self) -> bool:
        """Tell whether one straight line leads all the way: every bit better counts, no mark does."""
        return len(self.curve) == 2 and not self.steps


def points_add_up(points: Decimal, parts: Mapping[str, CharacteristicPolicy]) -> Rule:
    """Make the rule that the characteristics of a group hold the group's points."""
    total = sum(part.points for part in parts.values())
    told = sum_of({code: part.points for code, part in parts.items()})
    return total == points, mistake("", "group_points", total=total, group=points, parts=told)


def sum_of(parts: Mapping[str, Decimal]) -> str:
    """Write the parts of a sum: ``wadl 14, promises 3``."""
    return ", ".join(f"{name} {value}" for name, value in parts.items())


def _curve(text: str) -> Curve:
    pairs = (pair.split(":") for pair in text.split())
    return tuple((Decimal(value), Decimal(share)) for value, share in pairs)


def characteristic(points: int, curve: str, *, steps: bool = False) -> CharacteristicPolicy:
    """Write a characteristic as text: ``"0:100 1:85"`` is 100 percent at 0, 85 at 1."""
    return CharacteristicPolicy(points=Decimal(points), curve=_curve(curve), steps=steps)
