"""From the score to the grade: hysteresis, gates, a person's override (credit-management 5.2, 5.6, 11)."""

from collections.abc import Iterator
from typing import Any

import msgspec

from scoring.gates import GATES, Params
from scoring.policy import GRADES, Policy

__all__ = ["LADDER", "LADDER_REASONS", "GateResult", "GradeStep", "gates_of", "ladder_of"]

#: The steps of the ladder, in this order.
LADDER = ("by_score", "held", "gates", "override")
#: Why a step moved the grade, besides the codes of gates.
LADDER_REASONS = ("rises_later", "falls_later", "parent_supports", "override")


class GateResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A gate: whether its condition holds, the grade it caps at, and the numbers that say so.

    ``reason`` is its sentence's code and ``binds`` that it lowered the grade; ``params`` are empty
    for a gate that did not fire.
    """

    code: str
    fired: bool
    cap: str
    binds: bool
    reason: str | None = None
    params: Params = {}


class GradeStep(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The grade after one step, and why the step moved it (codes; none: it did not)."""

    step: str
    grade: str | None
    why: tuple[str, ...] = ()


def gates_of(row: dict[str, Any], policy: Policy) -> Iterator[GateResult]:
    """Read every gate, fired or not, off one row of the frame."""
    held = row["score_grade"]
    for gate in GATES:
        fired, cap = row[f"gate_{gate.code}"], gate.cap_of(row, policy)
        yield GateResult(
            code=gate.code,
            fired=fired,
            cap=cap,
            binds=fired and (gate.rates_unscored if held is None else GRADES.index(cap) > held),
            reason=gate.reason_of(row) if fired else None,
            params=gate.params(row, policy) | {"cap": cap} if fired else {},
        )


def ladder_of(row: dict[str, Any], policy: Policy) -> tuple[GradeStep, ...]:
    """Read the grade after each step off one row of the frame."""
    band, held, final = row["band_grade"], row["score_grade"], row["grade"]
    before = row["rating_before_override"]
    overridden = before is not None
    steps = {
        "by_score": (_name(band), ()),
        "held": (_name(held), _held_because(band, held)),
        "gates": (before or _name(final), _gated_because(row, policy)),
        "override": (_name(final), ("override",) if overridden else ()),
    }
    return tuple(GradeStep(step=name, grade=steps[name][0], why=steps[name][1]) for name in LADDER)


def _name(grade: int | None) -> str | None:
    return None if grade is None else GRADES[grade]


def _held_because(band: int | None, held: int | None) -> tuple[str, ...]:
    if band is None or held is None or band == held:
        return ()
    return ("rises_later",) if band < held else ("falls_later",)


def _gated_because(row: dict[str, Any], policy: Policy) -> tuple[str, ...]:
    if row["unrated"] is not None:
        return (row["unrated"],)
    found = tuple(gate.code for gate in gates_of(row, policy) if gate.binds)
    return (*found, "parent_supports") if row["parent_supports"] else found
