"""Every call the sandbox CRMs receive, in order, for tests to read."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

__all__ = ["Call", "Journal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One HTTP call: what was asked, what was answered. Secrets are masked by the caller."""

    number: int
    at: datetime
    crm: str
    method: str
    path: str
    query: str
    request: str
    status: int
    answer: str
    credits: int = 0


@dataclass(slots=True)
class Journal:
    """An append-only list of calls, bounded to the newest ``keep``; counters cover all of them."""

    keep: int = 20_000
    _calls: list[Call] = field(default_factory=list)
    _next: int = 1
    _lock: Lock = field(default_factory=Lock)

    def add(
        self,
        *,
        at: datetime,
        crm: str,
        method: str,
        path: str,
        query: str = "",
        request: str = "",
        status: int,
        answer: str = "",
        credits: int = 0,  # noqa: A002 the trade's word at Zoho
    ) -> Call:
        """Append one call and return it numbered."""
        with self._lock:
            call = Call(
                number=self._next,
                at=at,
                crm=crm,
                method=method,
                path=path,
                query=query,
                request=request,
                status=status,
                answer=answer,
                credits=credits,
            )
            self._next += 1
            self._calls.append(call)
            del self._calls[: -self.keep]
            return call

    def __iter__(self) -> Iterator[Call]:
        """Iterate over a snapshot, oldest first."""
        with self._lock:
            return iter(list(self._calls))

    def clear(self) -> None:
        """Forget the calls; numbering goes on."""
        with self._lock:
            self._calls.clear()
