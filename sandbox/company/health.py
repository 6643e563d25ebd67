"""How each customer fares and how well its credit file is kept: the truth behind the files.

``Health`` is a number from 1 (excellent) through 0 (near ruin) to below (lost) that moves over the books as the story
goes; statements, bureau scores and appraisals are drawn from it, each as of its own date.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from random import Random

from sandbox.company.stories import StoryName

__all__ = ["Health", "Keeping", "draw_health", "draw_keeping"]


class Keeping(StrEnum):
    """How well we keep a customer's file."""

    FULL = "full"
    WITHOUT_STATEMENTS = "without_statements"
    LAPSED = "lapsed"  # nobody has renewed a paper for a year and a half
    BARE = "bare"  # a name, an extract, nothing else


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Health over time: ``begins`` up to the turn, then a steady way to ``ends``."""

    begins: float
    ends: float
    turns_on: date
    last: date

    def on(self, day: date) -> float:
        """Return the health of a day."""
        way = (day - self.turns_on).days / max(1, (self.last - self.turns_on).days)
        return self.begins + (self.ends - self.begins) * min(1.0, max(0.0, way))


#: Story → health at the beginning, at the end, and the position in the books where it turns.
_FORTUNES = {
    StoryName.PUNCTUAL: (0.85, 0.86, 0.0),
    StoryName.HABITUALLY_LATE: (0.55, 0.5, 0.0),
    StoryName.SEASONAL: (0.72, 0.72, 0.0),
    StoryName.DETERIORATING: (0.72, 0.12, 0.42),
    StoryName.DISPUTING: (0.68, 0.68, 0.0),
    StoryName.PAYING_IN_PART: (0.48, 0.45, 0.0),
    StoryName.PREPAYING: (0.42, 0.5, 0.0),
    StoryName.NEW_WITHOUT_HISTORY: (0.66, 0.66, 0.0),
    StoryName.GROUP: (0.7, 0.72, 0.0),
    StoryName.OVER_TRADER: (0.66, 0.3, 0.35),
    StoryName.STOPPED_BUYING: (0.58, 0.52, 0.3),
    StoryName.IN_DEFAULT: (0.42, -1.3, 0.15),
}
_SPREAD = 0.05
#: Stories whose files are complete, so that what they tell can be seen in them.
_TOLD_IN_FULL = frozenset(
    {StoryName.DETERIORATING, StoryName.OVER_TRADER, StoryName.IN_DEFAULT, StoryName.GROUP}
)
_KEEPINGS = (Keeping.FULL, Keeping.WITHOUT_STATEMENTS, Keeping.LAPSED, Keeping.BARE)
_USUAL_KEEPING = (80, 10, 5, 5)


def draw_health(story: StoryName, first: date, last: date, rng: Random) -> Health:
    """Draw one customer's fortunes between the first and the last day of the books."""
    begins, ends, turn = _FORTUNES[story]
    luck = max(-2 * _SPREAD, min(2 * _SPREAD, rng.gauss(0, _SPREAD)))
    turns_on = date.fromordinal(first.toordinal() + round((last - first).days * turn))
    return Health(begins=begins + luck, ends=ends + luck, turns_on=turns_on, last=last)


def draw_keeping(story: StoryName, rng: Random) -> Keeping:
    """Draw how well the file is kept; who stopped buying is forgotten."""
    if story is StoryName.STOPPED_BUYING:
        return Keeping.LAPSED
    if story in _TOLD_IN_FULL:
        return Keeping.FULL
    return rng.choices(_KEEPINGS, _USUAL_KEEPING)[0]
