"""The dunning ladder (催收, credit-management 9): levels, steps, what pauses them, how urgent they are."""

from scoring.dunning.ladder import (
    DEFAULT_LADDER,
    DunningPolicy,
    LadderLevel,
    first_day_of_level,
    reached_level,
)
from scoring.dunning.pauses import Block, Pause, Pauses, Plan, contact_day, pause_of
from scoring.dunning.steps import (
    Delinquency,
    DunningStep,
    OverdueItem,
    Urgency,
    next_step,
    urgency,
)

__all__ = [
    "DEFAULT_LADDER",
    "Block",
    "Delinquency",
    "DunningPolicy",
    "DunningStep",
    "LadderLevel",
    "OverdueItem",
    "Pause",
    "Pauses",
    "Plan",
    "Urgency",
    "contact_day",
    "first_day_of_level",
    "next_step",
    "pause_of",
    "reached_level",
    "urgency",
]
