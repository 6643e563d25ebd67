"""Sends a look-alike's notifications as a real CRM does: soon, and sometimes not quite right.

Messages may be dropped, duplicated, reordered and delayed on request. Only loopback addresses
are ever called: the sandbox never speaks to another machine.
"""

import heapq
import ipaddress
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from random import Random
from threading import Condition, Thread
from urllib.parse import urlsplit

import requests

__all__ = ["NotLoopbackError", "Notification", "Notifier", "NotifierKnobs", "is_loopback"]

_REORDER_HOLD_SECONDS = 0.5
_SEND_TIMEOUT_SECONDS = 5.0


class NotLoopbackError(ValueError):
    """The address is not on this machine; the sandbox refuses to call it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One POST. ``accepts`` judges status and body (``None``: any 2xx is well).

    An attempt that fails is repeated after each of ``retry_delays`` in turn, then given up.
    """

    url: str
    headers: Mapping[str, str]
    body: bytes
    accepts: Callable[[int, bytes], bool] | None = None
    retry_delays: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifierKnobs:
    """How badly it behaves: probabilities from 0 to 1, drawn from ``seed``."""

    drop: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    delay_seconds: float = 0.0
    seed: int = 0
    paused: bool = False


@dataclass(order=True, slots=True)
class _Waiting:
    due_at: float
    number: int
    message: Notification = field(compare=False)


class Notifier:
    """A queue with one background thread that starts with the first message.

    ``monotonic`` tells the seconds that delays are counted in.
    """

    def __init__(
        self, *, knobs: NotifierKnobs | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._monotonic = monotonic
        self._wake = Condition()
        self._waiting: list[_Waiting] = []
        self._number = 0
        self._sending = False
        self._flushing = 0
        self._stopped = False
        self._thread: Thread | None = None
        self._counters = dict.fromkeys(("sent", "dropped", "duplicated", "reordered", "failed"), 0)
        self._knobs = knobs or NotifierKnobs()
        self._dice = Random(self._knobs.seed)

    @property
    def knobs(self) -> NotifierKnobs:
        """The knobs as they stand."""
        return self._knobs

    def counters(self) -> dict[str, int]:
        """Return how many were sent, dropped, duplicated, reordered, failed, and are waiting."""
        with self._wake:
            return {**self._counters, "waiting": len(self._waiting) + self._sending}

    def set_knobs(self, changes: Mapping[str, object]) -> None:
        """Change some knobs; naming ``seed`` starts the dice anew.

        Raises ``ValueError`` with a sentence about the first value that cannot be.
        """
        _check_knobs(changes)
        with self._wake:
            self._knobs = replace(self._knobs, **changes)  # type: ignore[arg-type] # checked above
            if "seed" in changes:
                self._dice = Random(self._knobs.seed)
            self._wake.notify_all()

    def send(self, message: Notification, *, after_seconds: float = 0.0) -> None:
        """Queue a message that is to be sent after so many seconds.

        Raises ``NotLoopbackError`` for an address of another machine.
        """
        if not is_loopback(message.url):
            raise NotLoopbackError(
                f"the sandbox calls only this machine, and {urlsplit(message.url).hostname} is not"
            )
        with self._wake:
            if self._stopped:
                self._counters["failed"] += 1
                return
            self._enqueue(message, after_seconds)
            self._start()
            self._wake.notify_all()

    def flush(self, timeout: float) -> bool:
        """Send everything now, without its delays; tell whether nothing is left.

        Returns ``False`` at once while paused with messages waiting.
        """
        with self._wake:
            self._flushing += 1
            self._wake.notify_all()
            try:
                self._wake.wait_for(lambda: self._idle() or self._knobs.paused, timeout)
                return self._idle()
            finally:
                self._flushing -= 1

    def stop(self) -> None:
        """End the thread after the message in hand; what still waits is forgotten."""
        with self._wake:
            self._stopped = True
            self._waiting.clear()
            self._wake.notify_all()
        if self._thread is not None:
            self._thread.join(_SEND_TIMEOUT_SECONDS + 1)

    def as_json(self) -> dict[str, object]:
        """Return knobs and counters."""
        return {**asdict(self._knobs), "counters": self.counters()}

    def _enqueue(self, message: Notification, after_seconds: float) -> None:
        # Three draws for each message, so that one knob does not shift the others' dice.
        drop, duplicate, reorder = (self._dice.random() for _ in range(3))
        if drop < self._knobs.drop:
            self._counters["dropped"] += 1
            return
        delay = self._knobs.delay_seconds + after_seconds
        if reorder < self._knobs.reorder:
            self._counters["reordered"] += 1
            delay += _REORDER_HOLD_SECONDS
        self._push(message, delay)
        if duplicate < self._knobs.duplicate:
            self._counters["duplicated"] += 1
            self._push(message, delay)

    def _push(self, message: Notification, delay: float) -> None:
        self._number += 1
        heapq.heappush(self._waiting, _Waiting(self._monotonic() + delay, self._number, message))

    def _start(self) -> None:
        if self._thread is None and self._waiting:
            self._thread = Thread(target=self._run, name="sandbox-notifier", daemon=True)
            self._thread.start()

    def _idle(self) -> bool:
        return not self._waiting and not self._sending

    def _run(self) -> None:
        with requests.Session() as session:
            session.trust_env = False  # a proxy must never see what is meant for this machine
            while (message := self._next()) is not None:
                well = _post(session, message)
                with self._wake:
                    self._settle(message, well=well)

    def _next(self) -> Notification | None:
        """Wait for the next message that is due; ``None`` once stopped."""
        with self._wake:
            while not self._stopped:
                pause = self._pause_seconds()
                if pause is not None and pause <= 0:
                    self._sending = True
                    return heapq.heappop(self._waiting).message
                self._wake.wait(pause)
            return None

    def _pause_seconds(self) -> float | None:
        """Return how long to wait; ``None`` until something changes."""
        if not self._waiting or self._knobs.paused:
            return None
        return 0.0 if self._flushing else self._waiting[0].due_at - self._monotonic()

    def _settle(self, message: Notification, *, well: bool) -> None:
        self._sending = False
        if well:
            self._counters["sent"] += 1
        elif message.retry_delays and not self._stopped:
            delay, *rest = message.retry_delays
            self._push(replace(message, retry_delays=tuple(rest)), delay)
        else:
            self._counters["failed"] += 1
        self._wake.notify_all()


def is_loopback(url: str) -> bool:
    """Tell whether an ``http`` or ``https`` address lies on this machine."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return False
    if parts.hostname == "localhost":
        return True
    try:
        return ipaddress.ip_address(parts.hostname).is_loopback
    except ValueError:
        return False


def _post(session: requests.Session, message: Notification) -> bool:
    try:
        answer = session.post(
            message.url,
            data=message.body,
            headers=dict(message.headers),
            timeout=_SEND_TIMEOUT_SECONDS,
            allow_redirects=False,
        )
    except requests.RequestException:
        return False
    if message.accepts is None:
        return answer.ok
    return message.accepts(answer.status_code, answer.content)


def _check_knobs(changes: Mapping[str, object]) -> None:
    unknown = set(changes) - set(NotifierKnobs.__dataclass_fields__)
    if unknown:
        raise ValueError(f"unknown knobs: {', '.join(sorted(unknown))}")
    for name, value in changes.items():
        if name == "paused":
            if not isinstance(value, bool):
                raise ValueError('"paused" must be true or false')
        elif isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise ValueError(f'"{name}" must be a number, 0 or more')
        elif name in {"drop", "duplicate", "reorder"} and value > 1:
            raise ValueError(f'"{name}" must lie between 0 and 1')
