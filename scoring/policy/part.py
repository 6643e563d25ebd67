"""What every table of the policy is made of, and the scale of grades."""

from decimal import Decimal
from itertools import pairwise

import msgspec

__all__ = ["GRADES", "CharacteristicPolicy", "Curve", "Part", "characteristic"]

#: The ten grades, best first (四等十级). ``NR`` (not rated) stands outside the scale.
GRADES = ("AAA", "AA", "A", "BBB", "BB", "B", "CCC", "CC", "C", "D")

Curve = tuple[tuple[Decimal, Decimal], ...]


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
        if self.points < 0:
            raise ValueError("points must be 0 or more")
        if not self.curve:
            raise ValueError("the curve needs at least one pair [value, percent]")
        pairs = list(pairwise(self.curve))
        if any(after[0] <= before[0] for before, after in pairs):
            raise ValueError("the curve is not monotone: values must rise")
        falls = all(after[1] <= before[1] for before, after in pairs)
        if not falls and not self.rises:
            raise ValueError("the curve is not monotone: percents must fall, or rise, all the way")
        if not all(0 <= share <= 100 for _, share in self.curve):
            raise ValueError("percents of the curve lie between 0 and 100")

    @property
    def rises(self) -> bool:
        """Tell whether higher is better."""
        shares = [share for _, share in self.curve]
        return shares[-1] > shares[0] and shares == sorted(shares)


def _curve(text: str) -> Curve:
    pairs = (pair.split(":") for pair in text.split())
    return tuple((Decimal(value), Decimal(share)) for value, share in pairs)


def characteristic(points: int, curve: str, *, steps: bool = False) -> CharacteristicPolicy:
    """Write a characteristic as text: ``"0:100 1:85"`` is 100 percent at 0, 85 at 1."""
    return CharacteristicPolicy(points=Decimal(points), curve=_curve(curve), steps=steps)
