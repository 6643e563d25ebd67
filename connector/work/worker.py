"""The worker: threads that drain the inbox and the outbox until they are asked to stop.

A step is woken by an event after a commit in this process, and looks by itself every second, or
as often as it says, for what other processes left. Stopping finishes what is claimed.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic

__all__ = ["POLL", "Step", "Worker"]

_log = logging.getLogger(__name__)

POLL = timedelta(seconds=1)
REST_AFTER_FAULT = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do over and over. ``work`` tells whether it did anything: then it runs again.

    It is given ``stop``, to ask between two pieces of work whether to end. ``poll``: how often it
    looks for what other processes left; the worker's own where there is none.
    """

    name: str
    work: Callable[[Callable[[], bool]], bool]
    poll: timedelta | None = None


class Worker:
    """Runs each step in a thread of its own."""

    def __init__(
        self,
        steps: Sequence[Step],
        *,
        poll: timedelta = POLL,
        rest_after_fault: timedelta = REST_AFTER_FAULT,
    ) -> None:
        self._poll = poll.total_seconds()
        self._rest = rest_after_fault.total_seconds()
        self._stopping = threading.Event()
        self._events = {step.name: threading.Event() for step in steps}
        self._threads = [
            threading.Thread(target=self._run, args=(step,), name=f"worker-{step.name}")
            for step in steps
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """Tell every step that there may be something to do. Safe from any thread."""
        for event in self._events.values():
            event.set()

    def stop(self) -> None:
        """Ask the threads to finish what they have claimed, without waiting for it."""
        self._stopping.set()
        self.wake()

    def join(self, timeout: timedelta) -> bool:
        """Wait for the threads to end. False: some still work after ``timeout``."""
        until = monotonic() + timeout.total_seconds()
        for thread in self._threads:
            thread.join(max(0.0, until - monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    @property
    def stopping(self) -> bool:
        """Whether ``stop`` was called."""
        return self._stopping.is_set()

    def _run(self, step: Step) -> None:
        event = self._events[step.name]
        poll = self._poll if step.poll is None else step.poll.total_seconds()
        while not self.stopping:
            event.clear()  # before the work: a wake-up during it is not lost
            try:
                busy = step.work(self._stopping.is_set)
            except Exception:  # noqa: BLE001 a worker outlives a fault of ours
                # The rows under way become due again by themselves.
                _log.exception("step %s failed", step.name)
                self._stopping.wait(self._rest)
                continue
            if busy:
                self.wake()  # what one step did may be what another waits for
            elif not self.stopping:
                event.wait(poll)
