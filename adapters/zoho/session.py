"""What every call to Zoho has: a living token in the header, and the host that it names."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar
from urllib.parse import urlsplit

from adapters.errors import CrmError
from adapters.http import Answer, HttpClient, Request
from adapters.settings import ConnectionSettings
from adapters.tokens import AccessToken, TokenKeeper
from adapters.zoho.centres import is_zohos_own
from adapters.zoho.settings import ZohoOptions, api_url, content_url

__all__ = ["Send", "TokenIsDead", "ZohoSession"]

T = TypeVar("T")
#: How a request is sent and its answer parsed.
Send = Callable[[Request, Callable[[Answer], T]], T]


class TokenIsDead(Exception):
    """Zoho does not know the token (any more). Nothing was done."""

    def __init__(self, error: CrmError) -> None:
        super().__init__()
        self.error = error


class ZohoSession:
    """One connection's sign-in, shared by the clients of the CRM and of Books."""

    def __init__(
        self,
        settings: ConnectionSettings,
        options: ZohoOptions,
        *,
        http: HttpClient,
        keeper: TokenKeeper,
    ) -> None:
        self._settings = settings
        self.options = options
        self.http = http
        self._keeper = keeper

    @property
    def system(self) -> str:
        """The connection's name."""
        return self._settings.name

    @property
    def granted_scopes(self) -> str:
        """The scopes the token answer named; empty where it named none. Raises ``CrmError``."""
        return str(self._keeper.token().details.get("scope", ""))

    def now(self) -> datetime:
        """Tell our own time."""
        return self.http.pace.now()

    def send(
        self,
        build: Callable[[AccessToken], Request],
        parse: Callable[[Answer], T],
        send: Send[T],
    ) -> T:
        """Send with a living token; a dead one is replaced once, for nothing was done with it.

        ``parse`` raises ``TokenIsDead`` where the answer says so.
        """
        token = self._keeper.token()
        try:
            return send(build(token), parse)
        except TokenIsDead:
            token = self._keeper.replace(token)
        try:
            return send(build(token), parse)
        except TokenIsDead as dead:
            raise dead.error from None

    def request(
        self,
        method: str,
        path: str,
        operation: str,
        token: AccessToken,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        credits: int = 1,  # noqa: A002 the trade's word
    ) -> Request:
        """Address a call to ``path`` of the API."""
        more = dict(headers or {})
        if body is not None:
            more["Content-Type"] = "application/json"
        return self.to(
            f"{self._api(token)}/{path}",
            method,
            operation,
            token,
            params=params,
            headers=more,
            body=body,
            credits=credits,
        )

    def to(
        self,
        url: str,
        method: str,
        operation: str,
        token: AccessToken,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        credits: int = 1,  # noqa: A002 the trade's word
    ) -> Request:
        """Address a call to a host that may see the token."""
        return Request(
            method=method,
            url=url,
            operation=operation,
            params=params or {},
            headers={"Authorization": f"Zoho-oauthtoken {token.value}", **(headers or {})},
            body=body,
            credits=credits,
        )

    def content(self, token: AccessToken) -> str:
        """Return the host that takes files; empty: not known."""
        return content_url(self._settings, self._api(token))

    @property
    def takes_files(self) -> bool:
        """Whether the configured organisation's host for files is known."""
        return bool(content_url(self._settings))

    def may_see_token(self, url: str) -> bool:
        """Tell whether an address that an answer named is Zoho's, or on a host that we configured."""
        ours = {_origin(host) for host in (api_url(self._settings), content_url(self._settings))}
        return is_zohos_own(url) or _origin(url) in ours

    def _api(self, token: AccessToken) -> str:
        host = api_url(self._settings)
        if self.options.follow_api_domain:
            host = token.details.get("api_domain", host)
        return host.rstrip("/")


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
