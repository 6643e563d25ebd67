"""The two token endpoints and the life of a token: 7200 s, renewed from 6600 s on."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from sandbox.clock import SandboxClock
from sandbox.fxiaoke.answers import Refusal, illegal_parameter
from sandbox.fxiaoke.options import TenantOptions
from sandbox.fxiaoke.state import APP_ID, APP_SECRET, CORP_ID, EA, PERMANENT_CODE

__all__ = ["TokenDesk"]

_LIFE = timedelta(seconds=7200)
_RENEWED_AFTER = timedelta(seconds=6600)


@dataclass(slots=True)
class TokenDesk:
    """Hands out tokens and knows which are alive."""

    clock: SandboxClock
    options: TenantOptions
    _issued: list[tuple[str, datetime]] = field(default_factory=list)
    _number: int = 0
    _calls: deque[datetime] = field(default_factory=deque)
    _busy: Lock = field(default_factory=Lock)

    def oauth(self, body: dict[str, Any]) -> dict[str, Any]:
        """Answer ``/oauth2.0/token`` with ``grantType`` app_secret."""
        with self._alone():
            if body.get("grantType") != "app_secret":
                raise illegal_parameter("grantType")
            self._check(body)
            token, seconds = self._token()
        return {
            "accessToken": token,
            "expiresIn": seconds,
            "ea": EA,
            "appId": APP_ID,
            "openUserId": CORP_ID,
        }

    def legacy(self, body: dict[str, Any]) -> dict[str, Any]:
        """Answer ``/cgi/corpAccessToken/get/V2``."""
        with self._alone():
            self._check(body)
            token, seconds = self._token()
        return {"corpAccessToken": token, "corpId": CORP_ID, "expiresIn": seconds}

    def alive(self, token: object) -> bool:
        """Tell whether a token still opens the tenant."""
        now = self.clock.now()
        return any(token == known and now - at < _LIFE for known, at in list(self._issued))

    def revoke(self) -> None:
        """Let every token die at once, as an administrator who resets the app does."""
        self._issued = []

    def _alone(self) -> "_Alone":
        return _Alone(self._busy, self)

    def count(self) -> None:
        """Count a token call; refuses the eleventh within a minute."""
        limit = self.options.token_calls_per_minute
        now = self.clock.now()
        window = timedelta(minutes=1)
        while self._calls and not now - window < self._calls[0] <= now:
            self._calls.popleft()
        if limit is not None and len(self._calls) >= limit:
            raise self.throttled()
        self._calls.append(now)

    def throttled(self) -> Refusal:
        """Return the answer to too many, or overlapping, token calls."""
        return Refusal(
            self.options.token_throttle_code, "the token call frequency exceeds the limit"
        )

    def _check(self, body: dict[str, Any]) -> None:
        if body.get("appId") != APP_ID:
            raise illegal_parameter("appId")
        if body.get("appSecret") != APP_SECRET:
            raise illegal_parameter("appSecret")
        if body.get("permanentCode") != PERMANENT_CODE:
            raise Refusal(20015, "the permanentCode is invalid", "永久授权码无效")

    def _token(self) -> tuple[str, int]:
        now = self.clock.now()
        self._issued = [each for each in self._issued if now - each[1] < _LIFE]
        if not self._issued or now - self._issued[-1][1] >= _RENEWED_AFTER:
            self._number += 1
            self._issued.append((f"SANDBOX-FX-TOKEN-{self._number:06d}", now))
        token, at = self._issued[-1]
        return token, int((_LIFE - (now - at)).total_seconds())


@dataclass(frozen=True, slots=True)
class _Alone:
    """Holds the desk for one call; an overlapping call is refused, as the manual threatens."""

    busy: Lock
    desk: TokenDesk

    def __enter__(self) -> None:
        if not self.busy.acquire(blocking=False):
            raise self.desk.throttled()
        try:
            self.desk.count()
        except Refusal:
            self.busy.release()
            raise

    def __exit__(self, *_: object) -> None:
        self.busy.release()
