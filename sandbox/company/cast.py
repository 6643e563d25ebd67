"""The cast of the sample company: who the customers are, before anything is sold to them."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from sandbox.company.names import Firm, chinese_firm, foreign_firm, subsidiary
from sandbox.company.stories import STORIES, Story, StoryName, shares_of
from sandbox.company.uscc import make_uscc

__all__ = ["Identity", "draw_cast", "key_of"]

_SHARE_IN_BOTH = 0.18
_SHARE_FOREIGN = 0.12
_SHARE_WITHOUT_CODE = 0.04
_CRMS = ("zoho", "fxiaoke")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who a customer is; ``parent`` is the key of its group's head."""

    firm: Firm
    story: Story
    parent: str | None
    crms: frozenset[str]
    uscc: str | None


def draw_cast(accounts: int, rng: Random) -> list[Identity]:
    """Draw the customers, in an order that does not give their stories away."""
    stories = [story for story in shares_of(accounts) if story.name is not StoryName.GROUP]
    rng.shuffle(stories)
    taken: set[str] = set()
    cast = [_single(story, taken, rng) for story in stories]
    at = 0
    for size in _group_sizes(accounts - len(stories), rng):
        at = rng.randint(at, len(cast))
        cast[at:at] = _group(size, at + 1, taken, rng)
        at += size
    return cast


def key_of(number: int) -> str:
    """Return the key of the customer at a place in the cast, counted from 1."""
    return f"C{number:05d}"


def _group_sizes(members: int, rng: Random) -> list[int]:
    sizes: list[int] = []
    while members >= 7:
        sizes.append(rng.choice((3, 3, 4)))
        members -= sizes[-1]
    if members == 6:
        return [*sizes, 3, 3]
    return [*sizes, members] if members else sizes


def _single(story: Story, taken: set[str], rng: Random) -> Identity:
    draw = foreign_firm if rng.random() < _SHARE_FOREIGN else chinese_firm
    firm = _unused(lambda: draw(rng), taken)
    return _register(firm, story, None, None, rng)


def _group(size: int, number: int, taken: set[str], rng: Random) -> list[Identity]:
    """Draw a parent, whose number this is, and its subsidiaries, in the same CRMs."""
    story = STORIES[StoryName.GROUP]
    head = _register(_unused(lambda: chinese_firm(rng), taken), story, None, None, rng)
    others = [_unused(lambda: subsidiary(head.firm, rng), taken) for _ in range(size - 1)]
    return [head, *(_register(firm, story, key_of(number), head.crms, rng) for firm in others)]


def _unused(draw: Callable[[], Firm], taken: set[str]) -> Firm:
    """Draw until the name is new: two customers never share one."""
    firm = draw()
    while firm.name in taken:
        firm = draw()
    taken.add(firm.name)
    return firm


def _register(
    firm: Firm, story: Story, parent: str | None, crms: frozenset[str] | None, rng: Random
) -> Identity:
    """Give a firm its code and its place in the CRMs.

    Only a firm with a code may stand in both: by the code it is known to be one firm.
    """
    in_both = rng.random() < _SHARE_IN_BOTH / (1 - _SHARE_FOREIGN)
    one = rng.choice(_CRMS)
    if crms is None:
        crms = frozenset(_CRMS) if in_both and firm.division else frozenset({one})
    code = None if firm.division is None else make_uscc(firm.division, rng)
    if len(crms) == 1 and rng.random() < _SHARE_WITHOUT_CODE:
        code = None
    return Identity(firm=firm, story=story, parent=parent, crms=crms, uscc=code)
