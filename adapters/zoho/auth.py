"""Zoho's accounts server: a grant code becomes a refresh token, that becomes access tokens.

The HTTP status there says nothing, so the body is read first.
"""

from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlencode

import msgspec

from adapters.errors import (
    ContractBroken,
    CredentialsRejected,
    CrmError,
    CrmUnavailable,
    RateLimited,
)
from adapters.http import Answer, HttpClient, Request
from adapters.settings import ConnectionSettings, MissingSettingError, Secret
from adapters.tokens import AccessToken
from adapters.zoho.centres import centre_of, is_zohos_api
from adapters.zoho.errors import Refusal
from adapters.zoho.settings import ZohoOptions, accounts_url, api_url, options_of

__all__ = [
    "BOOKS_SCOPES",
    "RECOMMENDED_SCOPES",
    "TokenDesk",
    "authorisation_url",
    "lacking_scopes",
    "redeem_code",
    "revoke",
    "wanted_scopes",
]

RECOMMENDED_SCOPES = (
    "ZohoCRM.modules.ALL",
    "ZohoCRM.settings.fields.ALL",
    "ZohoCRM.settings.modules.READ",
    "ZohoCRM.settings.currencies.READ",
    "ZohoCRM.coql.READ",
    "ZohoCRM.bulk.READ",
    "ZohoCRM.bulk.CREATE",
    "ZohoCRM.notifications.ALL",
    "ZohoCRM.org.READ",
    "ZohoCRM.users.READ",
    "ZohoFiles.files.ALL",
)
BOOKS_SCOPES = (
    "ZohoBooks.settings.READ",
    "ZohoBooks.contacts.READ",
    "ZohoBooks.invoices.READ",
    "ZohoBooks.customerpayments.READ",
    "ZohoBooks.creditnotes.READ",
)
THROTTLE_PAUSE = timedelta(minutes=10)
_PASSING = frozenset({"general_error", "internal_error", "server_error"})


class _TokenAnswer(msgspec.Struct, frozen=True, kw_only=True):
    access_token: str = ""
    refresh_token: str = ""
    api_domain: str = ""
    scope: str = ""
    expires_in: int = 0
    expires_in_sec: int = 0
    error: str = ""
    error_description: str = ""

    @property
    def seconds(self) -> int:
        """Very old answers give milliseconds, and the seconds under another key."""
        return self.expires_in_sec or self.expires_in


_DECODER = msgspec.json.Decoder(_TokenAnswer)


class TokenDesk:
    """Asks for access tokens of one connection, one attempt each."""

    def __init__(self, settings: ConnectionSettings, http: HttpClient) -> None:
        self._settings = settings
        self._http = http

    def ask(self) -> AccessToken:
        """Return a token. Raises ``CredentialsRejected``, or ``Transient`` when it may work later."""
        try:
            form = {
                "grant_type": "refresh_token",
                "client_id": self._settings.secret("client_id"),
                "client_secret": self._settings.secret("client_secret"),
                "refresh_token": self._settings.secret("refresh_token"),
            }
        except MissingSettingError as error:
            raise CredentialsRejected(
                f"{error.key} is missing in the configuration",
                system=self._settings.name,
                operation="token",
            ) from None
        answer = _post(self._settings, self._http, form)
        self._check_host(answer.api_domain)
        now = self._http.pace.now()
        return AccessToken(
            value=answer.access_token,
            issued_at=now,
            expires_at=now + timedelta(seconds=answer.seconds),
            details={
                name: text
                for name, text in (("api_domain", answer.api_domain), ("scope", answer.scope))
                if text
            },
        )

    def _check_host(self, named: str) -> None:
        """Refuse an API host that is neither Zoho's nor the one configured."""
        followed = options_of(self._settings).follow_api_domain
        known = named.rstrip("/") in {"", api_url(self._settings)} or is_zohos_api(named)
        if followed and not known:
            raise ContractBroken(
                f"the accounts server names {named[:100]} as the API's host, which is none of "
                "Zoho's: if it is right all the same, set base_url to it",
                system=self._settings.name,
                operation="token",
            )


def wanted_scopes(options: ZohoOptions) -> tuple[str, ...]:
    """Name what a connection with these options has to ask for."""
    return RECOMMENDED_SCOPES + (BOOKS_SCOPES if options.ledger == "books" else ())


def lacking_scopes(granted: str, options: ZohoOptions) -> list[str]:
    """Tell which scopes we need are granted neither by themselves nor by a wider one.

    ``granted`` is what the token answer says, parted by spaces or commas; empty: it says nothing.
    """
    have = set(granted.replace(",", " ").casefold().split())
    return [each for each in wanted_scopes(options) if have and not _covered(each, have)]


def _covered(scope: str, have: set[str]) -> bool:
    *area, operation = scope.casefold().split(".")
    wider = [".".join(area[:length]) for length in range(2, len(area) + 1)]
    return any(f"{part}.{right}" in have for part in wider for right in (operation, "all"))


def authorisation_url(settings: ConnectionSettings, redirect_uri: str, state: str) -> str:
    """Return the page where an administrator consents; it comes back to ``redirect_uri``."""
    asked = {
        "response_type": "code",
        "client_id": settings.secret("client_id"),
        "scope": ",".join(wanted_scopes(options_of(settings))),
        "redirect_uri": redirect_uri,
        "access_type": "offline",  # without it no refresh token is given
        "prompt": "consent",
        "state": state,
    }
    return f"{accounts_url(settings)}/oauth/v2/auth?{urlencode(asked)}"


def redeem_code(
    settings: ConnectionSettings,
    http: HttpClient,
    code: str,
    redirect_uri: str = "",
    accounts_server: str = "",
) -> Secret:
    """Exchange a grant code, good once and for minutes, for the refresh token.

    A self client's code has no ``redirect_uri``. ``accounts_server`` is the one that the consent
    named: codes and tokens are good in their data centre alone. Raises ``CredentialsRejected``,
    ``Transient``.
    """
    if accounts_server.rstrip("/") not in {"", accounts_url(settings)}:
        raise CredentialsRejected(
            _elsewhere(accounts_server), system=settings.name, operation="token"
        )
    form = {
        "grant_type": "authorization_code",
        "client_id": settings.secret("client_id"),
        "client_secret": settings.secret("client_secret"),
        "code": code,
    }
    if redirect_uri:
        form["redirect_uri"] = redirect_uri
    answer = _post(settings, http, form)
    if not answer.refresh_token:
        raise CredentialsRejected(
            "no refresh token came: ask for the code with access_type=offline and prompt=consent",
            system=settings.name,
            operation="token",
        )
    return Secret(answer.refresh_token)


def _elsewhere(accounts_server: str) -> str:
    centre = centre_of(accounts_server)
    if centre is None:
        return f"the consent names {accounts_server[:60]}, which is no accounts server of Zoho's"
    return (
        f'the organisation is in another data centre: set options.data_centre to "{centre}" and '
        "connect again"
    )


def revoke(settings: ConnectionSettings, http: HttpClient) -> None:
    """End the refresh token and every access token made of it. One that is dead already is well.

    Raises ``Transient``, and ``MissingSettingError`` where there is no token.
    """
    form = {"token": settings.secret("refresh_token")}
    http.once(_form(settings, "token/revoke", form), _revoked)


def _revoked(answer: Answer) -> None:
    if answer.status >= 500:
        raise answer.lost(f"HTTP {answer.status}")
    answer.decode(_DECODER)


def _post(settings: ConnectionSettings, http: HttpClient, form: Mapping[str, str]) -> _TokenAnswer:
    return http.once(_form(settings, "token", form), lambda answer: _parse(answer, http))


def _form(settings: ConnectionSettings, path: str, form: Mapping[str, str]) -> Request:
    return Request(
        method="POST",
        url=f"{accounts_url(settings)}/oauth/v2/{path}",
        operation="token",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        body=urlencode(form).encode(),
        credits=0,
    )


def _parse(answer: Answer, http: HttpClient) -> _TokenAnswer:
    if answer.status >= 500:
        raise answer.lost(f"HTTP {answer.status}")
    decoded = answer.decode(_DECODER)
    if decoded.access_token and decoded.seconds > 0:
        return decoded
    if not decoded.error:
        raise answer.broken("the token answer holds neither a token with its life nor an error")
    raise _refused(decoded, answer, http)


def _refused(decoded: _TokenAnswer, answer: Answer, http: HttpClient) -> CrmError:
    refusal = Refusal(
        code=decoded.error[:60], system=answer.system, operation=answer.operation, wrote=False
    )
    if "too many" in decoded.error_description.lower():
        retry_at = http.pace.now() + THROTTLE_PAUSE
        return refusal.error(RateLimited, "too many tokens were asked for", retry_at=retry_at)
    if decoded.error in _PASSING:
        return refusal.error(CrmUnavailable, "the accounts server failed inside")
    return refusal.error(
        CredentialsRejected,
        "the accounts server refused the client or its refresh token: connect again, and see that "
        "accounts_url is of the data centre where the client was registered",
    )
