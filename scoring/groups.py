"""What a group of the scorecard is: characteristics judged together, as data.

The groups themselves stand beside what they measure; ``scorecard`` turns them into points.
"""

from decimal import Decimal

import msgspec

from scoring.policy.part import CharacteristicPolicy

__all__ = ["Characteristic", "Group"]


class Characteristic(msgspec.Struct, frozen=True):
    """A feature that earns points. ``feature`` names its column, ``None``: no source yet.

    ``given`` names a column with the share of the points (percent, null when missing) where the
    curve alone does not say it: edge rules, percentiles. Without it the curve of ``rule`` decides.
    """

    code: str
    feature: str | None
    rule: CharacteristicPolicy
    given: str | None = None


class Group(msgspec.Struct, frozen=True):
    """Characteristics judged together.

    ``observations`` names the count towards which the group is shrunk; with none of them the group
    does not apply (a prospect). ``None``: no shrinkage, always applies. ``factor`` names a column
    by which the group's share is multiplied at the end, null counts as 1.
    """

    name: str
    points: Decimal
    characteristics: tuple[Characteristic, ...]
    observations: str | None = None
    factor: str | None = None
