"""Messages from our APL function: an HMAC over time and body, and the name of a record.

Who may read the function may read its secret, so a message is no more than a hint, like any other.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from adapters.events import ForgedMessage, Hint, Verified
from adapters.fxiaoke.names import FxiaokeMapping
from adapters.fxiaoke.values import ms_to_time

__all__ = ["SIGNATURE", "TIMESTAMP", "AplVerifier", "apl_key_warnings", "apl_signature"]

TIMESTAMP, SIGNATURE = "x-credit-timestamp", "x-credit-signature"
MAX_AGE = timedelta(minutes=5)  # it is sent at once, and tried again at once
MAX_BODY_BYTES = 64 * 1024
LEAST_CHARACTERS = 32
_SECONDS_BELOW = 100_000_000_000  # larger numbers are milliseconds: seconds reach the year 5138
_DIGITS = 15


class _Message(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the function posts; its other fields are for a person who looks at it."""

    ea: str
    api_name: str
    data_id: str


class AplVerifier:
    """Verifies the messages of one connection's function. ``keys``: the current one first."""

    def __init__(
        self,
        keys: Sequence[str],
        *,
        mapping: FxiaokeMapping,
        now: Callable[[], datetime],
        enterprise_account: str = "",
    ) -> None:
        self._keys = tuple(keys)
        self._mapping = mapping
        self._now = now
        self._enterprise_account = enterprise_account

    def verify(self, headers: Mapping[str, str], body: bytes) -> Verified:
        """Prove origin and freshness of the raw body. Raises ``ForgedMessage``, nothing else."""
        timestamp = headers.get(TIMESTAMP, "")
        signature = headers.get(SIGNATURE, "").lower()
        if len(body) > MAX_BODY_BYTES:
            raise ForgedMessage("the message is too long")
        # All keys are tried, so that time tells nothing.
        proven = [
            hmac.compare_digest(
                apl_signature(key, timestamp, body).encode(), signature.encode(errors="replace")
            )
            for key in self._keys
        ]
        if not any(proven):
            raise ForgedMessage("the signature does not match")
        self._must_be_fresh(timestamp)
        message = _decoded(body)
        if self._enterprise_account and message.ea != self._enterprise_account:
            raise ForgedMessage("the message is for another tenant")
        return Verified(
            message_id=f"apl:{signature}", answer=b'{"ok":true}', content_type="application/json"
        )

    def parse_hints(self, body: bytes) -> tuple[Hint, ...]:
        """Say what a verified body asks to read again; ``ForgedMessage`` for a foreign one."""
        message = _decoded(body)
        kinds = self._mapping.kinds_of(message.api_name) if message.data_id else ()
        return tuple(Hint(kind, (message.data_id,)) for kind in kinds)

    def _must_be_fresh(self, timestamp: str) -> None:
        if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= _DIGITS):
            raise ForgedMessage("the timestamp is no number")
        number = int(timestamp)
        try:
            sent_at = ms_to_time(number * 1000 if number < _SECONDS_BELOW else number)
        except OverflowError:
            raise ForgedMessage("the timestamp is outside the calendar") from None
        if abs(self._now() - sent_at) > MAX_AGE:
            raise ForgedMessage("the message is more than five minutes old or ahead")


def apl_signature(key: str, timestamp: str, body: bytes) -> str:
    """Return the HMAC-SHA256 of time and body under a key, in lower-case hex."""
    signed = timestamp.encode("utf-8", "surrogatepass") + b"." + body
    return hmac.new(key.encode(), signed, hashlib.sha256).hexdigest()


def apl_key_warnings(key: str) -> list[str]:
    """Say what is wrong with the function's secret; an empty list means nothing is."""
    if len(key) < LEAST_CHARACTERS:
        return [f"the secret of the APL function has less than {LEAST_CHARACTERS} characters"]
    if not key.isascii() or "'" in key or "\\" in key:
        return ["the secret of the APL function has characters that do not survive its text"]
    return []


def _decoded(body: bytes) -> _Message:
    try:
        return msgspec.json.decode(body, type=_Message)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ForgedMessage("the message has not the shape of our function's") from None
