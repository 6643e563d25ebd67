"""What can be told to people who run Zixin: codes with a weight; the sentences are in the texts.

An alert holds codes, counts, connection names and times, never a customer's name or a secret.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import msgspec

__all__ = ["LEVELS", "WEIGHTS", "Alert", "Level", "weighs"]

Level = Literal["info", "warning", "error"]
LEVELS: tuple[Level, ...] = ("info", "warning", "error")

WEIGHTS: Mapping[str, Level] = MappingProxyType(
    {
        "schedule_late": "error",
        "run_unfinished": "error",
        "run_incomplete": "warning",
        "connection_halted": "error",
        "budget_used_up": "warning",
        "channel_ending": "warning",
        "parked_work": "warning",
        "brake_pulled": "error",
        "mirror_behind": "warning",
        "forged_messages": "warning",
        "contract_broken": "error",
        "program_fault": "error",
        "reviews_due": "info",
        "report_written": "info",
        "test": "info",
    }
)
"""Every code, and how much it weighs."""


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to tell. ``subject``: what it is about, such as a connection or a schedule.

    The same code and subject is the same alert, whatever its ``params`` say.
    """

    code: str
    subject: str = ""
    params: dict[str, str] = {}

    @property
    def level(self) -> Level:
        """How much it weighs."""
        return WEIGHTS[self.code]


def weighs(level: Level, at_least: Level) -> bool:
    """Tell whether a level is as heavy as another."""
    return LEVELS.index(level) >= LEVELS.index(at_least)
