"""A plan of faults out of a seed: which of them are about in a run at all, and how often they fire.

Two draws for each fault, as FoundationDB does it: most runs have few kinds of faults, each of which
fires again and again. (reliability 2, T02)
"""

from collections.abc import Sequence
from random import Random

from sandbox.faults import FaultKind, FaultRule

__all__ = ["PLANNED", "fault_plan"]

#: What a plan may hold. Broken bytes are left out: under TLS they are a broken connection. A dead
#: token is one event and no habit; used-up credits last for a day, and are tested by themselves.
PLANNED = tuple(kind for kind in FaultKind if kind not in {FaultKind.BROKEN_BYTES, FaultKind.QUOTA})
_ONCE = frozenset({FaultKind.STALE_TOKEN})


def fault_plan(
    seed: int,
    *,
    activation: float = 0.25,
    firing: float = 0.25,
    match: str = "* /",
    kinds: Sequence[FaultKind] = PLANNED,
    times: int | None = None,
) -> tuple[FaultRule, ...]:
    """Draw the rules of a run; the same seed gives the same ones, and never none.

    A kind is about with the probability ``activation``, and then fires with ``firing`` at each
    request that matches, ``times`` times at most (``None``: for ever).
    """
    dice = Random(seed)
    drawn = [kind for kind in kinds if dice.random() < activation]
    return tuple(
        FaultRule(
            match=match,
            kind=kind,
            probability=firing,
            times=1 if kind in _ONCE else times,
            seed=dice.randrange(2**32),
        )
        for kind in drawn or [dice.choice(list(kinds))]
    )
