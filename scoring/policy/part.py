"""What every table of the policy is made of, and the scale of grades."""

from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise

import msgspec

from scoring.document import Rule, refuse

__all__ = [
    "GRADES",
    "CharacteristicPolicy",
    "Curve",
    "Part",
    "characteristic",
    "grades_known",
    "points_add_up",
]

#: The ten grades, best first (四等十级). ``NR`` (not rated) stands outside the scale.
GRADES = ("AAA", "AA", "A", "BBB", "BB", "B", "CCC", "CC", "C", "D")

Curve = tuple[tuple[Decimal, Decimal], ...]


def grades_known(**named: str) -> list[Rule]:
    """Make the rules that the values of these keys are grades."""
    scale = ", ".join(GRADES)
    return [
        (name in GRADES, key, f"{name!r} is no grade; the grades are {scale}")
        for key, name in named.items()
    ]


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
            (self.points >= 0, "points", "must be 0 or more"),
            (bool(self.curve), "curve", "needs at least one pair [value, percent]"),
            *(
                (
                    after[0] > before[0],
                    f"curve[{place}]",
                    f"the curve is not monotone: {after[0]} does not rise above {before[0]}",
                )
                for place, (before, after) in enumerate(pairs, start=1)
            ),
            (
                falls or self.rises,
                "curve",
                "the curve is not monotone: percents must fall, or rise, all the way",
            ),
            *(
                (0 <= share <= 100, f"curve[{place}]", f"{share} percent is outside 0 to 100")
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
    told = ", ".join(f"{code} {part.points}" for code, part in parts.items())
    what = f"the characteristics hold {total} points, the group {points}: {told}"
    return total == points, "", what


def _curve(text: str) -> Curve:
    pairs = (pair.split(":") for pair in text.split())
    return tuple((Decimal(value), Decimal(share)) for value, share in pairs)


def characteristic(points: int, curve: str, *, steps: bool = False) -> CharacteristicPolicy:
    """Write a characteristic as text: ``"0:100 1:85"`` is 100 percent at 0, 85 at 1."""
    return CharacteristicPolicy(points=Decimal(points), curve=_curve(curve), steps=steps)
