"""Many messages at once from many connections, each sent until it is answered as it must be."""

import http.client
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from time import monotonic
from urllib.parse import urlsplit

__all__ = ["Answered", "Message", "send_all"]

_PATIENCE_SECONDS = 120.0
_PAUSE_SECONDS = 0.05
_TIMEOUT_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class Message:
    """One request, and whether it may be taken."""

    url: str
    body: bytes
    genuine: bool


@dataclass
class Answered:
    """What came of a burst: the statuses of each message in the order sent, and their times."""

    statuses: dict[int, list[int]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    broken: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, number: int, status: int, seconds: float) -> None:
        """Remember an answer."""
        with self._lock:
            self.statuses.setdefault(number, []).append(status)
            self.seconds.append(seconds)

    def note_broken(self) -> None:
        """Remember that there was none."""
        with self._lock:
            self.broken += 1

    @property
    def done(self) -> int:
        """How many messages have an answer."""
        return len(self.statuses)


def send_all(
    messages: Sequence[Message],
    *,
    connections: int,
    meanwhile: Callable[[Answered], None] = lambda _answered: None,
) -> Answered:
    """Send all messages; one without an answer, or put off with 503, is sent again.

    ``meanwhile`` runs beside it. Fails when it takes longer than two minutes.
    """
    answered, waiting = Answered(), SimpleQueue[tuple[int, Message]]()
    for numbered in enumerate(messages):
        waiting.put(numbered)
    until = monotonic() + _PATIENCE_SECONDS
    senders = [
        threading.Thread(target=_send, args=(waiting, answered, until), daemon=True)
        for _ in range(connections)
    ]
    for sender in senders:
        sender.start()
    meanwhile(answered)
    for sender in senders:
        sender.join(max(0.0, until - monotonic()))
    assert answered.done == len(messages), f"{answered.done} of {len(messages)} were answered"
    return answered


def _send(waiting: "SimpleQueue[tuple[int, Message]]", answered: Answered, until: float) -> None:
    pause, line = threading.Event(), _Line()
    while monotonic() < until:
        try:
            number, message = waiting.get_nowait()
        except Empty:
            break
        while monotonic() < until:
            began = monotonic()
            status = line.post(message)
            if status is None:
                answered.note_broken()
            elif status != http.client.SERVICE_UNAVAILABLE:
                answered.note(number, status, monotonic() - began)
                break
            pause.wait(_PAUSE_SECONDS)
    line.close()


class _Line:
    """A connection that is opened anew when it broke."""

    def __init__(self) -> None:
        self._open: http.client.HTTPConnection | None = None

    def post(self, message: Message) -> int | None:
        """Post a message; ``None``: no answer came."""
        parts = urlsplit(message.url)
        if self._open is None:
            self._open = http.client.HTTPConnection(parts.netloc, timeout=_TIMEOUT_SECONDS)
        try:
            self._open.request("POST", parts.path, message.body)
            answer = self._open.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            self.close()
            return None
        return answer.status

    def close(self) -> None:
        """Hang up."""
        if self._open is not None:
            self._open.close()
            self._open = None
