"""One entity's signals as codes with numbers, and what is new among them (credit-management 10)."""

from datetime import date
from typing import Literal

import msgspec

from scoring.gate import Params, Row
from scoring.policy import Policy
from scoring.warning.rule import ATTENTION
from scoring.warning.rules import RULES

__all__ = ["Alert", "Change", "Signal", "alerts", "signals_of"]

Change = Literal["raised", "worse", "eased", "cleared"]


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """A signal that is on, or was lately: ``level`` is what it counts.

    ``params`` are the numbers of its sentence; a cleared signal has none.
    """

    code: str
    level: int
    params: Params
    first_on: date
    cleared: bool = False


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """A signal whose state changed. ``digest``: small enough for the weekly digest."""

    change: Change
    signal: Signal
    digest: bool


def signals_of(row: Row, policy: Policy) -> tuple[Signal, ...]:
    """Read the signals off one row of the frame, the gravest first."""
    found = []
    for rule in RULES:
        now, fading = row[f"signal_{rule.code}"], row[f"fading_{rule.code}"]
        if now or fading:
            params = rule.params(row, policy) if now else {}
            found.append(
                Signal(
                    code=rule.code,
                    level=now or fading,
                    params=params,
                    first_on=row[f"since_{rule.code}"],
                    cleared=not now,
                )
            )
    return tuple(sorted(found, key=lambda signal: (signal.cleared, -signal.level)))


def alerts(before: tuple[Signal, ...], after: tuple[Signal, ...]) -> tuple[Alert, ...]:
    """Tell what changed between two looks at a customer: one alert a signal, none while it stands.

    Small signals (attention and below) go into the weekly digest.
    """
    old = {signal.code: signal for signal in before if not signal.cleared}
    new = {signal.code: signal for signal in after if not signal.cleared}
    found = []
    for signal in (*new.values(), *(old[code] for code in old if code not in new)):
        change = _change(old.get(signal.code), new.get(signal.code))
        if change is not None:
            found.append(Alert(change=change, signal=signal, digest=signal.level <= ATTENTION))
    return tuple(found)


def _change(old: Signal | None, new: Signal | None) -> Change | None:
    if new is None:
        return "cleared"
    if old is None:
        return "raised"
    if new.level == old.level:
        return None
    return "worse" if new.level > old.level else "eased"
