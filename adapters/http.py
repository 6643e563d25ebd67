"""One pooled HTTP client for each connection: deadlines, retries of reads, one error border.

A read is tried again inside the call while its total deadline and the connection's repetitions
last; a write is sent once, for its retry belongs to the outbox row. Bodies and tokens are never logged. No redirect is followed.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import BinaryIO, NoReturn, TypeVar

import msgspec
import requests
import tenacity
import urllib3
from requests.adapters import BaseAdapter
from urllib3.exceptions import NewConnectionError

from adapters.budget import Budget
from adapters.errors import (
    ContractBroken,
    CrmUnavailable,
    OutcomeUnknown,
    RateLimited,
    Transient,
)
from adapters.gate import Gate
from adapters.guard import GuardedAdapter, Route
from adapters.retries import RetryBudget

__all__ = ["Answer", "Deadlines", "HttpClient", "Pace", "Request", "encode_json", "retry_after"]

T = TypeVar("T")

BODY_CEILING_BYTES = 20 * 1024 * 1024
FILE_CEILING_BYTES = 1024 * 1024 * 1024
CHUNK_BYTES = 256 * 1024
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 60.0
TRIES = 5

_DIRECT = Route()
_ENCODER = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Seconds. ``total`` bounds a whole call with its retries and its body, ``file`` a download."""

    connect: float = 5.0
    read: float = 30.0
    total: float = 60.0
    file: float = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Time and chance, injected. ``jitter`` answers from [0, 1); ``monotonic`` counts seconds."""

    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call as it goes over the wire. ``operation`` names it in errors; ``credits`` its price.

    ``heavy``: the vendor takes fewer of its like at the same time.
    """

    method: str
    url: str
    operation: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    credits: int = 1
    heavy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back, whatever its status: the vendor's parser judges it."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    system: str
    operation: str
    wrote: bool

    def lost(
        self, message: str, *, vendor_code: str = "", retry_at: datetime | None = None
    ) -> CrmUnavailable | OutcomeUnknown:
        """Name an answer that says nothing usable: unavailable for a read, unknown for a write."""
        kind = OutcomeUnknown if self.wrote else CrmUnavailable
        return kind(
            message,
            system=self.system,
            operation=self.operation,
            vendor_code=vendor_code,
            retry_at=retry_at,
        )

    def broken(self, message: str) -> ContractBroken:
        """Name an answer that is readable but has not the documented shape."""
        return ContractBroken(message, system=self.system, operation=self.operation)

    def decode(self, decoder: msgspec.json.Decoder[T]) -> T:
        """Decode the body. No JSON: ``lost``; JSON of another shape: ``ContractBroken``."""
        try:
            return decoder.decode(self.body)
        except msgspec.ValidationError as error:
            raise self.broken(f"unexpected shape: {error}") from None
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise self.lost(f"HTTP {self.status}, but no readable JSON came") from None


class HttpClient:
    """Sends requests of one connection and counts them. Safe to share between threads.

    ``budget`` is asked before each call that costs something; what it refuses is not sent. ``gate``
    lets so many calls through at the same time. ``route`` says how they leave.
    """

    def __init__(
        self,
        system: str,
        *,
        deadlines: Deadlines | None = None,
        pace: Pace | None = None,
        transport: BaseAdapter | None = None,
        budget: Budget | None = None,
        gate: Gate | None = None,
        route: Route = _DIRECT,
    ) -> None:
        self._system = system
        self._budget = budget
        self._gate = gate
        self._deadlines = deadlines or Deadlines()
        self._pace = pace or Pace()
        self._session = _session(transport, route)
        self._retries = RetryBudget()
        self._lock = threading.Lock()
        self._calls = 0
        self._credits = 0

    @property
    def pace(self) -> Pace:
        """The time and chance this client lives by."""
        return self._pace

    @property
    def calls(self) -> int:
        """Calls sent so far, retries included."""
        return self._calls

    @property
    def credits(self) -> int:
        """API credits those calls cost by the vendor's price list."""
        return self._credits

    def affords(self, credits: int, *, wrote: bool) -> bool:  # noqa: A002 the trade's word
        """Tell whether the budget has room for a call of such a price at all."""
        return self._budget is None or self._budget.affords(credits, wrote=wrote)

    def close(self) -> None:
        """Give the pooled connections back."""
        self._session.close()

    def read(self, request: Request, parse: Callable[[Answer], T]) -> T:
        """Send a request that changes nothing, again while it fails transiently, in one deadline.

        ``parse`` turns the answer into a value or raises a ``CrmError``.
        """
        deadline = self._pace.monotonic() + self._deadlines.total
        tries = self._tries(deadline)
        return tries(lambda: self._judged(parse, self._send(request, deadline, wrote=False)))

    def download(self, request: Request, target: BinaryIO, parse: Callable[[Answer], T]) -> T:
        """Read a large body into ``target``, which is empty again before each try.

        Only a body with status 200 goes there; ``parse`` then sees an answer without it.
        """
        deadline = self._pace.monotonic() + self._deadlines.file
        tries = self._tries(deadline)
        return tries(
            lambda: self._judged(parse, self._send(request, deadline, wrote=False, target=target))
        )

    def once(self, request: Request, parse: Callable[[Answer], T]) -> T:
        """Send a request that changes nothing that matters, without a second try."""
        deadline = self._pace.monotonic() + self._deadlines.total
        return self._judged(parse, self._send(request, deadline, wrote=False))

    def write(self, request: Request, parse: Callable[[Answer], T]) -> T:
        """Send a request that may change something, exactly once."""
        deadline = self._pace.monotonic() + self._deadlines.total
        return self._judged(parse, self._send(request, deadline, wrote=True))

    def _judged(self, parse: Callable[[Answer], T], answer: Answer) -> T:
        try:
            value = parse(answer)
        except RateLimited:
            if self._gate is not None:
                self._gate.narrow()
            raise
        self._retries.earn()
        return value

    def _tries(self, deadline: float) -> tenacity.Retrying:
        return tenacity.Retrying(
            retry=tenacity.retry_if_exception_type((CrmUnavailable, RateLimited)),
            wait=self._wait,
            stop=lambda state: (
                state.attempt_number >= TRIES
                or self._pace.monotonic() + state.upcoming_sleep >= deadline
                or not self._retries.spend()
            ),
            sleep=self._pace.sleep,
            reraise=True,
        )

    def _wait(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, Transient) and error.retry_at is not None:
            return max(0.0, (error.retry_at - self._pace.now()).total_seconds())
        ceiling = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** (state.attempt_number - 1))
        return self._pace.jitter() * ceiling

    def _send(
        self, request: Request, deadline: float, *, wrote: bool, target: BinaryIO | None = None
    ) -> Answer:
        with self._place(request, deadline):
            if self._budget is not None:
                self._budget.admit(request.operation, request.credits, wrote=wrote)
            self._count(request)
            return self._sent(request, deadline, wrote=wrote, target=target)

    def _place(self, request: Request, deadline: float) -> AbstractContextManager[None]:
        if self._gate is None:
            return nullcontext()
        return self._gate.place(request.operation, deadline, heavy=request.heavy)

    def _sent(
        self, request: Request, deadline: float, *, wrote: bool, target: BinaryIO | None
    ) -> Answer:
        left = max(0.001, deadline - self._pace.monotonic())
        timeout = (min(self._deadlines.connect, left), min(self._deadlines.read, left))
        try:
            with self._session.request(
                request.method,
                request.url,
                params=dict(request.params) or None,
                headers=dict(request.headers),
                data=request.body,
                auth=_leave_headers_alone,
                timeout=timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                if target is not None and response.status_code == 200:
                    body = self._file(response, deadline, target)
                else:
                    body = self._body(response, deadline)
        except _OverLimit as error:
            self._fail(request, error.reason, wrote=wrote, cause=error)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            sent = not _failed_before_sending(error)
            reason = _describe(error, sent=sent)
            self._fail(request, reason, wrote=wrote and sent, cause=error)
        answer = Answer(
            status=response.status_code,
            headers=response.headers,
            body=body,
            system=self._system,
            operation=request.operation,
            wrote=wrote,
        )
        if 300 <= answer.status < 400 and answer.status != 304:
            raise answer.lost(f"HTTP {answer.status}: redirected; is the address right?")
        return answer

    def _body(self, response: requests.Response, deadline: float) -> bytes:
        chunks = self._chunks(response, deadline, BODY_CEILING_BYTES, self._deadlines.total)
        return b"".join(chunks)

    def _file(self, response: requests.Response, deadline: float, target: BinaryIO) -> bytes:
        target.seek(0)
        target.truncate()
        target.writelines(
            self._chunks(response, deadline, FILE_CEILING_BYTES, self._deadlines.file)
        )
        return b""

    def _chunks(
        self, response: requests.Response, deadline: float, ceiling: int, seconds: float
    ) -> Iterator[bytes]:
        size = 0
        while chunk := response.raw.read1(CHUNK_BYTES, decode_content=True):
            size += len(chunk)
            if size > ceiling:
                raise _OverLimit(f"the answer is larger than {ceiling} bytes")
            if self._pace.monotonic() > deadline:
                raise _OverLimit(f"no complete answer within {seconds:g} s")
            yield chunk

    def _fail(self, request: Request, reason: str, *, wrote: bool, cause: Exception) -> NoReturn:
        kind = OutcomeUnknown if wrote else CrmUnavailable
        raise kind(reason, system=self._system, operation=request.operation) from cause

    def _count(self, request: Request) -> None:
        with self._lock:
            self._calls += 1
            self._credits += request.credits


class _OverLimit(Exception):
    """The body is too long, in bytes or in seconds."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def encode_json(value: object) -> bytes:
    """Encode a request body; a ``Decimal`` becomes a JSON number with exactly its digits."""
    return _ENCODER.encode(value)


def retry_after(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """Read ``Retry-After`` in seconds or as a date; ``None`` when absent or unreadable."""
    text = headers.get("Retry-After", "").strip()
    if not text:
        return None
    if text.isdecimal():
        return now + timedelta(seconds=min(int(text), 86_400))
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _session(transport: BaseAdapter | None, route: Route) -> requests.Session:
    session = requests.Session()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.trust_env = False  # neither proxies nor .netrc of the environment
    session.verify = route.ca_file or True
    if route.proxy:
        session.proxies = {"https": route.proxy, "http": ""}
    adapter = transport or GuardedAdapter(route=route, pool_connections=4, pool_maxsize=10)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _leave_headers_alone(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep ``requests`` from replacing our Authorization header by one from a .netrc file."""
    return request


def _failed_before_sending(error: Exception) -> bool:
    if isinstance(
        error,
        (
            requests.ConnectTimeout,
            requests.exceptions.SSLError,
            requests.exceptions.ProxyError,
            requests.exceptions.InvalidURL,
            requests.exceptions.MissingSchema,
            requests.exceptions.InvalidSchema,
        ),
    ):
        return True
    cause = error.args[0] if error.args else None
    return isinstance(getattr(cause, "reason", cause), NewConnectionError)


def _describe(error: Exception, *, sent: bool) -> str:
    """Say what happened without the text of the error, which may quote the address."""
    if not sent:
        return f"no connection ({type(error).__name__})"
    if isinstance(error, (requests.Timeout, urllib3.exceptions.TimeoutError)):
        return "no answer in time"
    return f"the connection broke ({type(error).__name__})"
