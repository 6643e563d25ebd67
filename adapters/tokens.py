"""Access tokens: kept sealed, shared by all workers, fetched by one at a time.

A token is replaced at 80 % of its life, and once more when the CRM says that it is dead. Not more
than five requests are sent in ten minutes, for vendors block who sends more. The first of them is
repeated when it fails in passing; the others are kept for those who ask later.
"""

import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Protocol

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapters.errors import CrmUnavailable, RateLimited, Transient

__all__ = [
    "AccessToken",
    "MemoryTokenStore",
    "SealBroken",
    "Sealer",
    "TokenKeeper",
    "TokenStore",
    "sealed_with",
]

REFRESH_AT_LIFE = 0.8
REQUESTS_PER_WINDOW = 5
WINDOW = timedelta(minutes=10)
FAILURE_STANDS = timedelta(seconds=10)  # to all of this process
PAUSE_SECONDS = 1.0  # before a repetition
#: A throttled desk that says when is waited for, within a holder's lease.
LONGEST_PAUSE_SECONDS = 25.0
TOKEN_PLACE = "connections.token"  # noqa: S105 a table's column
_NONCE_BYTES = 12
_KEY_ID_BYTES = 8
_MARK = b"zixin-2:"
_HEADER_BYTES = len(_MARK) + _KEY_ID_BYTES
_DOES_NOT_OPEN = "what is sealed does not open with this key"


class AccessToken(msgspec.Struct, frozen=True, kw_only=True):
    """A bearer of rights for a while; its ``repr`` hides the value.

    ``details``: what the vendor says beside it and calls need (API host, corporation id).
    """

    value: str
    issued_at: datetime
    expires_at: datetime
    details: dict[str, str] = {}

    def __repr__(self) -> str:
        """Show only how long it lives."""
        return f"AccessToken(***, expires_at={self.expires_at.isoformat()})"

    def fresh(self, now: datetime) -> bool:
        """Tell whether less than 80 % of its life has passed."""
        return now < self.issued_at + (self.expires_at - self.issued_at) * REFRESH_AT_LIFE


class TokenStore(Protocol):
    """Where the sealed token of each connection lies, for all threads and processes."""

    def load(self, system: str) -> bytes | None:
        """Return what was saved last."""
        ...

    def save(self, system: str, sealed: bytes) -> None:
        """Keep it, replacing the former."""
        ...

    def lock(self, system: str) -> AbstractContextManager[object]:
        """Let one holder in at a time; a holder that died must not keep others out for ever."""
        ...


class MemoryTokenStore:
    """A store that ends with the process."""

    def __init__(self) -> None:
        self._sealed: dict[str, bytes] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    def load(self, system: str) -> bytes | None:
        """Return what was saved last."""
        return self._sealed.get(system)

    def save(self, system: str, sealed: bytes) -> None:
        """Keep it, replacing the former."""
        self._sealed[system] = sealed

    def lock(self, system: str) -> AbstractContextManager[object]:
        """Let one holder in at a time."""
        with self._guard:
            return self._locks.setdefault(system, threading.Lock())


class SealBroken(Exception):
    """Sealed bytes that this key did not seal, or that were changed."""


class Sealer:
    """Seals bytes with AES-256-GCM under the first key of a ring; the older keys only open.

    Bound in and asked for again on opening: the place (table and column), the row ``about`` and the
    key's id, so that what is sealed cannot be moved to another row or column.
    """

    def __init__(self, key: bytes, old_keys: Sequence[bytes] = ()) -> None:
        self._ring = {_id_of(each): AESGCM(each) for each in (key, *old_keys)}
        self._current = _id_of(key)

    @property
    def key_id(self) -> str:
        """The id of the key that seals; it says nothing about the key."""
        return self._current.hex()

    @property
    def old_key_ids(self) -> list[str]:
        """The ids of the keys that only open."""
        return [each.hex() for each in self._ring if each != self._current]

    def seal(self, plain: bytes, about: str, *, place: str = TOKEN_PLACE) -> bytes:
        """Return mark, key id, nonce and ciphertext in one piece."""
        nonce = os.urandom(_NONCE_BYTES)
        bound = _bound(place, about, self._current)
        return (
            _MARK + self._current + nonce + self._ring[self._current].encrypt(nonce, plain, bound)
        )

    def unseal(self, sealed: bytes, about: str, *, place: str = TOKEN_PLACE) -> bytes:
        """Open what ``seal`` made, now or in the first format. Raises ``SealBroken``."""
        if not sealed.startswith(_MARK):
            return self._unseal_first_format(sealed, about)
        key_id, rest = sealed[len(_MARK) : _HEADER_BYTES], sealed[_HEADER_BYTES:]
        cipher = self._ring.get(key_id)
        if cipher is None:
            raise SealBroken(f"sealed with the key {key_id.hex()}, which is not configured")
        return _opened(cipher, rest, _bound(place, about, key_id))

    def _unseal_first_format(self, sealed: bytes, about: str) -> bytes:
        """Open what was sealed before keys had ids: any key of the ring may have done it."""
        for cipher in self._ring.values():
            with suppress(SealBroken):
                return _opened(cipher, sealed, about.encode())
        raise SealBroken(_DOES_NOT_OPEN)


def sealed_with(sealed: bytes) -> str | None:
    """Tell the id of the key that sealed this; ``None`` for the first format, which names none."""
    return sealed[len(_MARK) : _HEADER_BYTES].hex() if sealed.startswith(_MARK) else None


def _id_of(key: bytes) -> bytes:
    return sha256(b"zixin key id" + key).digest()[:_KEY_ID_BYTES]


def _bound(place: str, about: str, key_id: bytes) -> bytes:
    return msgspec.json.encode((place, about, key_id.hex()))


def _opened(cipher: AESGCM, sealed: bytes, bound: bytes) -> bytes:
    try:
        return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound)
    except (InvalidTag, ValueError):
        raise SealBroken(_DOES_NOT_OPEN) from None


class _Kept(msgspec.Struct, kw_only=True):
    """What is sealed: the token, and when tokens were asked for lately."""

    token: AccessToken | None = None
    asked_at: list[datetime] = []


class TokenKeeper:
    """Hands out a live token of one connection. ``ask`` fetches a new one from the vendor.

    ``ask`` sends one request; it raises ``Transient`` when it may work later and
    ``CredentialsRejected`` when not.
    """

    def __init__(
        self,
        system: str,
        *,
        store: TokenStore,
        sealer: Sealer,
        ask: Callable[[], AccessToken],
        now: Callable[[], datetime],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._system = system
        self._store = store
        self._sealer = sealer
        self._ask = ask
        self._now = now
        self._sleep = sleep
        self._here: AccessToken | None = None
        self._failure: tuple[datetime, Transient] | None = None

    def token(self) -> AccessToken:
        """Return a token that lives. Raises ``Transient`` or ``CredentialsRejected``."""
        here = self._here
        if here is not None and here.fresh(self._now()):
            return here
        return self._renew(dead=None)

    def replace(self, dead: AccessToken) -> AccessToken:
        """Return another token than this one, which the CRM refused.

        When somebody else has replaced it meanwhile, theirs is returned and none is asked for.
        """
        return self._renew(dead=dead.value)

    def _renew(self, dead: str | None) -> AccessToken:
        with self._store.lock(self._system):
            kept = self._load()
            if kept.token and kept.token.value == dead:
                kept.token = None
            token = self._here = kept.token
            if token is None or not token.fresh(self._now()):
                token = self._ask_or_keep(kept, token)
            self._here = token
            return token

    def _ask_or_keep(self, kept: _Kept, aged: AccessToken | None) -> AccessToken:
        """Ask for a token; while asking fails transiently, an aged but living one still serves."""
        serves = aged is not None and self._now() < aged.expires_at
        try:
            token = self._asked(kept, repeat=not serves)
        except Transient:
            if aged is not None and serves:
                return aged
            raise
        self._save(_Kept(token=token, asked_at=kept.asked_at))
        return token

    def _asked(self, kept: _Kept, *, repeat: bool) -> AccessToken:
        """Ask; and ask again where the first request of the window failed in passing.

        For a moment after that the failure stands: whoever needs a token next is told of it, and
        the few requests there are do not go all at once.
        """
        if self._failure is not None:
            failed_at, failure = self._failure
            # A clock that was set back must not make it stand longer.
            if failed_at <= self._now() < failed_at + FAILURE_STANDS:
                # Without the traces of those who were told before, whose frames it would keep.
                raise failure.with_traceback(None)
        try:
            return self._asked_twice(kept, repeat=repeat)
        except Transient as error:
            self._failure = self._now(), error
            raise

    def _asked_twice(self, kept: _Kept, *, repeat: bool) -> AccessToken:
        self._count(kept)
        try:
            return self._ask()
        except (CrmUnavailable, RateLimited) as error:
            wait = PAUSE_SECONDS
            if error.retry_at is not None:
                wait = max(0.0, (error.retry_at - self._now()).total_seconds())
            if not repeat or len(kept.asked_at) > 1 or wait > LONGEST_PAUSE_SECONDS:
                raise
        self._sleep(wait)
        self._count(kept)
        return self._ask()

    def _count(self, kept: _Kept) -> None:
        now = self._now()
        kept.asked_at = [at for at in kept.asked_at if at > now - WINDOW]
        if len(kept.asked_at) >= REQUESTS_PER_WINDOW:
            raise RateLimited(
                f"{REQUESTS_PER_WINDOW} tokens were asked for within ten minutes",
                system=self._system,
                operation="token",
                retry_at=kept.asked_at[0] + WINDOW,
            )
        kept.asked_at.append(now)
        self._save(kept)

    def _load(self) -> _Kept:
        sealed = self._store.load(self._system)
        if sealed is None:
            return _Kept()
        try:
            return msgspec.json.decode(self._sealer.unseal(sealed, self._system), type=_Kept)
        except (SealBroken, msgspec.DecodeError):
            return _Kept()  # another key or version: a new token costs one call

    def _save(self, kept: _Kept) -> None:
        self._store.save(self._system, self._sealer.seal(msgspec.json.encode(kept), self._system))
