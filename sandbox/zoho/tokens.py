"""The accounts server: grants, access tokens, their limits and their end."""

import secrets
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sandbox.clock import SandboxClock
from sandbox.zoho.options import ZohoOptions

__all__ = ["CLIENT_ID", "CLIENT_SECRET", "GRANT_CODE", "REFRESH_TOKEN", "TokenKeeper"]

CLIENT_ID = "1000.ZIXINSANDBOXCLIENT000000000000"
CLIENT_SECRET = "zixin-sandbox-client-secret"
REFRESH_TOKEN = "1000.zixin-sandbox-refresh.token"
GRANT_CODE = "1000.zixin-sandbox-grant.code"

_THROTTLED = {
    "error_description": (
        "You have made too many requests continuously. Please try again after some time."
    ),
    "error": "Access Denied",
    "status": "failure",
}
_REFRESH_TOKENS_PER_USER = 20


@dataclass(slots=True)
class _Access:
    user: str
    refresh: str
    ends_at: datetime


@dataclass(slots=True)
class _Refresh:
    user: str
    made_at: deque[datetime] = field(default_factory=deque)
    active: deque[str] = field(default_factory=deque)


class TokenKeeper:
    """Issues tokens for the sandbox's one client. Callers hold the organisation's lock."""

    def __init__(self, clock: SandboxClock, options: ZohoOptions, user: str) -> None:
        self._clock = clock
        self._options = options
        self._user = user
        self._codes = {GRANT_CODE}
        self._refresh = {REFRESH_TOKEN: _Refresh(user)}
        self._access: dict[str, _Access] = {}

    def issue(self, form: Mapping[str, str], api_domain: str) -> tuple[int, dict[str, object]]:
        """Answer ``POST /oauth/v2/token``: HTTP status and body."""
        if form.get("client_id") != CLIENT_ID:
            return 200, {"error": "invalid_client"}
        if form.get("client_secret") != CLIENT_SECRET:
            return 200, {"error": "invalid_client_secret"}
        if form.get("grant_type") == "authorization_code":
            return self._from_code(form.get("code", ""), api_domain)
        if form.get("grant_type") == "refresh_token":
            return self._from_refresh(form.get("refresh_token", ""), api_domain)
        return 200, {"error": "unsupported_grant_type"}

    def new_code(self) -> str:
        """Return a fresh single-use grant code, as the consent page hands out."""
        code = f"1000.{secrets.token_hex(16)}.{secrets.token_hex(16)}"
        self._codes.add(code)
        return code

    def revoke(self, token: str) -> tuple[int, dict[str, object]]:
        """Answer ``POST /oauth/v2/token/revoke``; its access tokens die with it."""
        if self._refresh.pop(token, None) is None:
            return 200, {"error": "invalid_code"}
        self._access = {k: a for k, a in self._access.items() if a.refresh != token}
        return 200, {"status": "success"}

    def user_of(self, access_token: str) -> str | None:
        """Return the user behind a living access token."""
        access = self._access.get(access_token)
        if access is None or access.ends_at <= self._clock.now():
            return None
        return access.user

    def kill_access_tokens(self) -> None:
        """Invalidate every access token, as an administrator's sign-out does."""
        self._access.clear()

    def _from_code(self, code: str, api_domain: str) -> tuple[int, dict[str, object]]:
        if code not in self._codes:
            return 200, {"error": "invalid_code"}
        self._codes.discard(code)
        token = f"1000.{secrets.token_hex(16)}.{secrets.token_hex(16)}"
        while len(self._refresh) >= _REFRESH_TOKENS_PER_USER:
            self.revoke(next(iter(self._refresh)))
        self._refresh[token] = _Refresh(self._user)
        status, body = self._from_refresh(token, api_domain)
        return status, {**body, "refresh_token": token}

    def _from_refresh(self, token: str, api_domain: str) -> tuple[int, dict[str, object]]:
        refresh = self._refresh.get(token)
        if refresh is None:
            return 200, {"error": "invalid_code"}
        now = self._clock.now()
        window = timedelta(seconds=self._options.token_window_seconds)
        while refresh.made_at and refresh.made_at[0] <= now - window:
            refresh.made_at.popleft()
        if len(refresh.made_at) >= self._options.tokens_per_window:
            return 400, dict(_THROTTLED)
        refresh.made_at.append(now)
        return 200, {
            "access_token": self._new_access(token, refresh, now),
            "scope": " ".join(self._options.scopes),
            "api_domain": api_domain,
            "token_type": "Bearer",
            "expires_in": self._options.access_token_seconds,
        }

    def _new_access(self, token: str, refresh: _Refresh, now: datetime) -> str:
        access = f"1000.{secrets.token_hex(16)}.{secrets.token_hex(16)}"
        ends_at = now + timedelta(seconds=self._options.access_token_seconds)
        self._access[access] = _Access(refresh.user, token, ends_at)
        refresh.active.append(access)
        while len(refresh.active) > self._options.active_tokens:
            self._access.pop(refresh.active.popleft(), None)
        return access
