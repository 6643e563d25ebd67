"""Access tokens: kept sealed, shared by all workers, fetched by one at a time.

A token is replaced at 80 % of its life, and once more when the CRM says that it is dead. Not more
than five requests are sent in ten minutes, for vendors block who sends more. The first of them is
repeated when it fails in passing; the others are kept for those who ask later.
"""

import os
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
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
]

REFRESH_AT_LIFE = 0.8
REQUESTS_PER_WINDOW = 5
WINDOW = timedelta(minutes=10)
FAILURE_STANDS = timedelta(seconds=10)  # to all of this process
PAUSE_SECONDS = 1.0  # before a repetition
#: A throttled desk that says when is waited for, within a holder's lease.
LONGEST_PAUSE_SECONDS = 25.0
_NONCE_BYTES = 12


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
    """Seals bytes with AES-GCM under one key; ``about`` is bound in and must match on opening."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, plain: bytes, about: str) -> bytes:
        """Return nonce and ciphertext in one piece."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, about.encode())

    def unseal(self, sealed: bytes, about: str) -> bytes:
        """Open what ``seal`` made. Raises ``SealBroken``."""
        try:
            return self._cipher.decrypt(
                sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], about.encode()
            )
        except (InvalidTag, ValueError):
            raise SealBroken("the sealed token does not open with this key") from None


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
