"""What a gate is: a condition, the grade it caps at, and how its reason is told."""

from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec
import polars as pl

from scoring.money import Money
from scoring.policy import GRADES, Policy

__all__ = ["Gate", "Params", "Row", "one_digit"]

Row = Mapping[str, Any]
Params = dict[str, Money | int | str]


def _nothing(_row: Row, _policy: Policy) -> Params:
    return {}


class Gate(msgspec.Struct, frozen=True):
    """A condition and its cap.

    ``rates_unscored``: the gate sets a grade even where there is no score to cap.
    ``always_told``: a reason names it whenever it fires, not only when it lowers the grade.
    ``grave``: neither a person nor a parent's guarantee lifts it.
    ``by_row``: the cap differs by customer and stands in column ``cap_<code>`` (null: none);
    ``cap`` is then the worst it can be.
    ``params`` gives the numbers of its reason, ``told_as`` its code where that differs by case.
    """

    code: str
    condition: Callable[[Policy], pl.Expr]
    cap: Callable[[Policy], str]
    rates_unscored: bool = False
    always_told: bool = False
    grave: bool = False
    by_row: bool = False
    params: Callable[[Row, Policy], Params] = _nothing
    told_as: Callable[[Row], str] | None = None

    def cap_of(self, row: Row, policy: Policy) -> str:
        """Name the grade this gate caps at for one customer."""
        own = row[f"cap_{self.code}"] if self.by_row else None
        return self.cap(policy) if own is None else GRADES[own]

    def reason_of(self, row: Row) -> str:
        """Name the code of this gate's reason for one customer."""
        return self.code if self.told_as is None else self.told_as(row)


def one_digit(value: Decimal) -> str:
    """Write a number with at most one digit after the point, halves rounded up."""
    rounded = value.quantize(Decimal("0.1"), ROUND_HALF_UP).normalize()
    return f"{rounded:f}" if rounded else "0"
