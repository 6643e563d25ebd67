"""What the whole job works with: the CRMs, the rules, the words, and who is told of progress."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from adapters.port import CrmPort
from connector.clock import Clock
from connector.flow.assess import Rules
from connector.flow.pull import COMPUTED_EACH
from connector.flow.task_text import TaskWords

__all__ = ["Job", "Step", "silent"]

Step = Callable[[str, str, int, "int | None"], None]
"""Told of progress: what is done, for whom, how much so far, of how much if known."""


def _always(_moment: datetime) -> bool:
    """Give new tasks at any time."""
    return True


def _nothing(_as_of: date) -> None:
    """Have no cases to look at."""


def silent(_what: str, _whom: str, _done: int, _total: int | None) -> None:
    """Show nothing."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a run works with. ``step_time`` tells the moment to note for a business date's steps.

    ``recheck`` looks at the blocked orders again once a date's facts were assessed.
    ``computed_each``: how often feeds with fields that a CRM works out by itself are read anew.
    ``may_ask``: whether people may be given new tasks at a moment; else they wait for another run.
    """

    engine: sa.Engine
    ports: Mapping[str, CrmPort]
    clock: Clock
    rules: Rules
    words: TaskWords
    step_time: Callable[[date], datetime]
    rng: random.Random
    recheck: Callable[[date], object] = _nothing
    computed_each: timedelta | None = COMPUTED_EACH
    may_ask: Callable[[datetime], bool] = _always
