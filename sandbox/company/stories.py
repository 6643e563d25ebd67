"""What kinds of customers there are: how each buys and pays. The truth behind the books."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["STORIES", "Story", "StoryName", "shares_of"]

_SMALLEST_GROUP = 3  # a parent and two subsidiaries


class StoryName(StrEnum):
    """The stories, as ``Customer.story`` has them."""

    PUNCTUAL = "punctual"
    HABITUALLY_LATE = "habitually_late"
    SEASONAL = "seasonal"
    DETERIORATING = "deteriorating"
    DISPUTING = "disputing"
    PAYING_IN_PART = "paying_in_part"
    PREPAYING = "prepaying"
    NEW_WITHOUT_HISTORY = "new_without_history"
    GROUP = "group"
    OVER_TRADER = "over_trader"
    STOPPED_BUYING = "stopped_buying"
    IN_DEFAULT = "in_default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """How a customer buys and pays. Positions such as ``ends_at`` run from 0 to 1 over the books.

    Days late are drawn around ``days_late``, which rises by ``days_late_rise`` over the second
    half of the books. Amounts and orders grow to ``growth`` times what they were.
    """

    name: StoryName
    share: float
    orders_per_month: float = 1.1
    days_late: float = -1.0
    days_late_spread: float = 3.0
    days_late_rise: float = 0.0
    growth: float = 1.0
    seasonal: bool = False
    part_payments: float = 0.03
    disputes: float = 0.01
    prepays: bool = False
    first_days_before_end: int | None = None
    ends_at: float = 1.0
    last_items_stay_open: bool = False
    stops_paying_at: float | None = None


STORIES = {
    story.name: story
    for story in (
        Story(name=StoryName.PUNCTUAL, share=0.44, days_late=-3.0, days_late_spread=2.0),
        Story(name=StoryName.HABITUALLY_LATE, share=0.10, days_late=16.0, days_late_spread=6.0),
        Story(name=StoryName.SEASONAL, share=0.10, seasonal=True, days_late=3.0),
        Story(
            name=StoryName.DETERIORATING,
            share=0.05,
            orders_per_month=1.4,
            days_late=1.0,
            days_late_spread=5.0,
            days_late_rise=100.0,
        ),
        Story(name=StoryName.DISPUTING, share=0.05, days_late=5.0, disputes=0.3),
        Story(
            name=StoryName.PAYING_IN_PART,
            share=0.05,
            days_late=8.0,
            days_late_spread=6.0,
            part_payments=0.7,
        ),
        Story(name=StoryName.PREPAYING, share=0.05, prepays=True, days_late=-8.0),
        Story(name=StoryName.NEW_WITHOUT_HISTORY, share=0.04, first_days_before_end=40),
        Story(name=StoryName.GROUP, share=0.06, days_late=4.0, days_late_spread=5.0),
        Story(
            name=StoryName.OVER_TRADER,
            share=0.02,
            growth=5.0,
            days_late=2.0,
            days_late_spread=5.0,
            days_late_rise=30.0,
        ),
        Story(
            name=StoryName.STOPPED_BUYING,
            share=0.02,
            days_late=6.0,
            ends_at=0.62,
            last_items_stay_open=True,
        ),
        Story(
            name=StoryName.IN_DEFAULT,
            share=0.02,
            orders_per_month=1.6,
            days_late=10.0,
            days_late_spread=6.0,
            ends_at=0.7,
            stops_paying_at=0.62,
        ),
    )
}


def shares_of(accounts: int) -> list[Story]:
    """Return one story for each account, by fixed shares.

    Every story occurs at least once from 30 accounts on, and a group has three members or more.
    """
    counts = {
        name: max(round(story.share * accounts), _fewest(name)) for name, story in STORIES.items()
    }
    # What rounding and the minimum add or leave out is the punctual customers' to bear.
    others = sum(counts.values()) - counts[StoryName.PUNCTUAL]
    counts[StoryName.PUNCTUAL] = max(accounts - others, 1)
    every = [STORIES[name] for name, count in counts.items() for _ in range(count)]
    return every[:accounts]


def _fewest(name: StoryName) -> int:
    return _SMALLEST_GROUP if name is StoryName.GROUP else 1
