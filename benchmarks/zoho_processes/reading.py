"""What the two clients of a Zoho read are told, and what they report."""

import sys
import time
from collections.abc import Callable, Iterable
from hashlib import blake2b

import msgspec

__all__ = ["Reading", "Target", "answer", "fingerprint", "measured", "target"]


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where the organisation is; ``folder`` is an empty one for the client's own files."""

    url: str
    credentials: dict[str, str]
    folder: str = ""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What a client read, and what it took: processor time of all its threads, in seconds.

    ``fingerprint`` tells whether two clients read the same records. ``calls`` and ``credits``
    are ``None`` for a client that does not count them. ``peak_mb`` is the memory of its process,
    ``floor_seconds`` what its database alone takes for the same rows. ``written`` fields and
    ``tasks`` went back to the CRM; ``ended`` tells after how many seconds each step ended.
    """

    cpu_seconds: float
    seconds: float
    records: int
    fingerprint: str
    calls: int | None = None
    credits: int | None = None
    peak_mb: float | None = None
    floor_seconds: float | None = None
    written: int = 0
    tasks: int = 0
    ended: dict[str, float] = {}


def target() -> Target:
    """Read from standard input what to do."""
    return msgspec.json.decode(sys.stdin.buffer.read(), type=Target)


def answer(reading: Reading) -> None:
    """Write the report, the only thing on standard output."""
    sys.stdout.buffer.write(msgspec.json.encode(reading))


def measured(work: Callable[[], None]) -> tuple[float, float]:
    """Return the processor seconds and the wall seconds that work takes."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.process_time() - processor, time.perf_counter() - wall


def fingerprint(record_ids: Iterable[str]) -> str:
    """Shorten a set of record ids, whatever their order."""
    return blake2b("\n".join(sorted(record_ids)).encode(), digest_size=16).hexdigest()
