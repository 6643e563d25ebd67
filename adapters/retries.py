"""How often a connection may try again: an outage must not be multiplied by those who repeat.

A call that goes well earns a tenth of a repetition, and a repetition costs one. While nothing goes
well nothing is earned, so a long outage sees little more than first tries; what fails is tried
again later, by the run or the outbox. (reliability M9)
"""

import threading

__all__ = ["MOST_SAVED", "RetryBudget"]

EARNED_TENTHS = 1
COST_TENTHS = 10
MOST_SAVED = 10  # repetitions; a new connection begins with them


class RetryBudget:
    """The repetitions one connection has left. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tenths = MOST_SAVED * COST_TENTHS

    def earn(self) -> None:
        """Note a call that went well."""
        with self._lock:
            self._tenths = min(self._tenths + EARNED_TENTHS, MOST_SAVED * COST_TENTHS)

    def spend(self) -> bool:
        """Take one repetition; ``False``: none is left, the failure has to be told."""
        with self._lock:
            if self._tenths < COST_TENTHS:
                return False
            self._tenths -= COST_TENTHS
            return True
