"""What every call to Zoho has: a living token in the header, and the host that it names."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypedDict, TypeVar, Unpack
from urllib.parse import urlsplit

from adapters.errors import CrmError
from adapters.http import Answer, HttpClient, Request
from adapters.settings import ConnectionSettings
from adapters.tokens import AccessToken, TokenKeeper
from adapters.zoho.centres import is_zohos_own
from adapters.zoho.settings import ZohoOptions, api_url, content_url

__all__ = ["Send", "Sent", "TokenIsDead", "ZohoSession"]

T = TypeVar("T")
#: How a request is sent and its answer parsed.
Send = Callable[[Request, Callable[[Answer], T]], T]


class Sent(TypedDict, total=False):
    """What goes with a call: query, more headers, body, its price (one if not said), its weight."""

    params: Mapping[str, str] | None
    headers: Mapping[str, str] | None
    body: bytes | None
    credits: int
    heavy: bool


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

    def through(self, http: HttpClient) -> "ZohoSession":
        """Return the same sign-in for calls that another client sends."""
        return ZohoSession(self._settings, self.options, http=http, keeper=self._keeper)

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
        self, method: str, path: str, operation: str, token: AccessToken, **sent: Unpack[Sent]
    ) -> Request:
        """Address a call to ``path`` of the API; a body is JSON."""
        if sent.get("body") is not None:
            json = {"Content-Type": "application/json"}
            sent["headers"] = {**(sent.get("headers") or {}), **json}
        return self.addressed(method, f"{self.api_host(token)}/{path}", operation, token, **sent)

    def addressed(
        self, method: str, url: str, operation: str, token: AccessToken, **sent: Unpack[Sent]
    ) -> Request:
        """Address a call to any place that may see the token."""
        signed = {"Authorization": f"Zoho-oauthtoken {token.value}"}
        return Request(
            method=method,
            url=url,
            operation=operation,
            params=sent.get("params") or {},
            headers={**signed, **(sent.get("headers") or {})},
            body=sent.get("body"),
            credits=sent.get("credits", 1),
            heavy=sent.get("heavy", False),
        )

    def api_host(self, token: AccessToken) -> str:
        """Name the host of the API, as the token answer says or the configuration."""
        host = api_url(self._settings)
        if self.options.follow_api_domain:
            host = token.details.get("api_domain", host)
        return host.rstrip("/")

    def content_host(self, token: AccessToken | None = None) -> str:
        """Name the host that takes files; the empty text: it is not known."""
        if token is None:
            return content_url(self._settings)
        return content_url(self._settings, self.api_host(token))

    def trusts(self, url: str) -> bool:
        """Tell whether an address may see the token: Zoho's own and the configured hosts may."""
        configured = (api_url(self._settings), content_url(self._settings))
        return is_zohos_own(url) or _origin(url) in {_origin(host) for host in configured}


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
