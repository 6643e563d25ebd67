"""What Zoho tells when a bulk job is over: a hint without a signature, at a path nobody guesses.

The path ends in a token that is worked out from the channel's, so there is one secret to keep and
to exchange. What the message says is not believed: the job is looked after all the same, only
neither before nor more often than it must be. (zoho-crm 3.3)
"""

import hashlib
import hmac
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from adapters.callbacks import JOB_MESSAGE, Callbacks
from adapters.errors import CrmError
from adapters.events import ForgedMessage, Hint, Verified
from adapters.http import Pace
from adapters.settings import ConnectionSettings
from adapters.zoho.ids import is_id

__all__ = ["CALLED_WAITS", "JobBell", "JobVerifier", "job_of", "job_verifiers", "waits"]

_log = logging.getLogger(__name__)

T = TypeVar("T")

CALLED_WAITS = (60.0, 180.0, 300.0, 600.0)
"""Seconds before each look at a job whose end is to be told: calls get lost."""

LISTEN_SECONDS = 2.0
TOKEN_DIGITS = 32
MAX_BODY_BYTES = 1024 * 1024
_REFUSED = frozenset({"INVALID_CALLBACK_URL", "INVALID_CALLBACK_METHOD"})


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    """The part of the message that is relied on; no document says which key names the job."""

    job_id: str | int | None = None
    id: str | int | None = None
    data: list["_Told"] = []


_TOLD = msgspec.json.Decoder(_Told)


def job_of(body: bytes) -> str | None:
    """Name the job that a message is about; ``None``: it is no such message."""
    try:
        told = _TOLD.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if len(told.data) == 1:  # as the answer to a look has it
        told = told.data[0]
    named = told.id if told.job_id is None else told.job_id
    job = "" if named is None else str(named)
    return job if is_id(job) else None


class JobVerifier:
    """Takes what comes at the path of the jobs; it asks for no record to be read."""

    def verify(self, headers: Mapping[str, str], body: bytes) -> Verified:
        """Accept a message that names a job. Raises ``ForgedMessage`` for any other."""
        _ = headers  # the proof is the path
        job = job_of(body) if len(body) <= MAX_BODY_BYTES else None
        if job is None:
            raise ForgedMessage("the message names no job")
        return Verified(message_id=_message_id(job))

    def parse_hints(self, body: bytes) -> tuple[Hint, ...]:
        """Ask for nothing: whoever waits for the job looks into the inbox."""
        _ = body
        return ()


def job_verifiers(settings: ConnectionSettings) -> dict[str, JobVerifier]:
    """Return who takes a connection's messages about jobs, by the token at the end of their path.

    The first is the one in use, the other that of a channel token that is being exchanged. None
    without a channel token.
    """
    secrets = (settings.secrets.get(key) for key in ("channel_token", "channel_token_old"))
    return {_token(secret.reveal(), settings.name): JobVerifier() for secret in secrets if secret}


class JobBell:
    """Starts jobs so that Zoho tells when they are over, and waits for that."""

    def __init__(self, callbacks: Callbacks, pace: Pace) -> None:
        self._callbacks = callbacks
        self._pace = pace
        self._refused = False

    def start(self, send: Callable[[dict[str, Any]], T], body: dict[str, Any]) -> tuple[T, bool]:
        """Start a job, and tell whether its end will be told. Raises what ``send`` does."""
        url = "" if self._refused else self._callbacks.address()
        if not url:
            return send(body), False
        try:
            return send({**body, "callback": {"url": url, "method": "post"}}), True
        except CrmError as error:
            if error.vendor_code not in _REFUSED:
                raise
            _log.warning("%s: Zoho does not call our address: %s", error.system, error.vendor_code)
            self._refused = True
        return send(body), False

    def rang(self, job: str) -> bool:
        """Tell whether Zoho told that a job is over."""
        return self._callbacks.came(_message_id(job))

    def rest(self, job: str, seconds: float) -> bool:
        """Wait so long, or until Zoho tells that the job is over. True: it did."""
        until = self._pace.monotonic() + seconds
        while not self.rang(job):
            left = until - self._pace.monotonic()
            if left <= 0:
                return False
            self._pace.sleep(min(left, LISTEN_SECONDS))
        return True


def waits(seconds: tuple[float, ...]) -> Iterator[float]:
    """Give the waits before each look; the last again and again."""
    yield from seconds
    while True:
        yield seconds[-1]


def _message_id(job: str) -> str:
    return JOB_MESSAGE + job


def _token(secret: str, system: str) -> str:
    proof = hmac.digest(secret.encode(), f"zixin jobs of {system}".encode(), hashlib.sha256)
    return proof.hex()[:TOKEN_DIGITS]
