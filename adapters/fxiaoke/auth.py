"""Fetches Fenxiang's enterprise token, in the header style or the body style."""

import uuid
from datetime import datetime, timedelta

import msgspec

from adapters.errors import CredentialsRejected, CrmError, Transient
from adapters.fxiaoke.errors import Refusal, to_error
from adapters.fxiaoke.settings import Style, api_url
from adapters.http import Answer, HttpClient, Request, encode_json
from adapters.settings import ConnectionSettings, MissingSettingError
from adapters.tokens import AccessToken

__all__ = ["TokenDesk"]

_PATHS = {Style.HEADER: "/oauth2.0/token", Style.BODY: "/cgi/corpAccessToken/get/V2"}
_LIFE_SECONDS = 7200


class _TokenAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    error_code: int
    error_message: str = ""
    trace_id: str = ""
    access_token: str = ""
    corp_access_token: str = ""
    expires_in: int = 0
    ea: str = ""
    corp_id: str = ""
    open_user_id: str = ""  # in this grant the enterprise's open id, not a person's


_DECODER = msgspec.json.Decoder(_TokenAnswer)


class TokenDesk:
    """Asks the platform for a token, one attempt each.

    Within 6,600 s of a token's life the platform answers the same token again; it allows ten
    calls a minute and none at the same time, which the TokenKeeper sees to.
    """

    def __init__(self, settings: ConnectionSettings, style: Style, http: HttpClient) -> None:
        self._settings = settings
        self._style = style
        self._http = http

    def ask(self) -> AccessToken:
        """Return a token. Raises ``CredentialsRejected``; ``Transient`` when it may work later."""
        request = Request(
            method="POST",
            url=api_url(self._settings) + _PATHS[self._style],
            operation="token",
            params={"thirdTraceId": str(uuid.uuid4())},
            headers={"Content-Type": "application/json"},
            body=encode_json(self._credentials()),
        )
        return self._http.once(request, self._parse)

    def _credentials(self) -> dict[str, str]:
        try:
            body = {
                "appId": self._settings.secret("app_id"),
                "appSecret": self._settings.secret("app_secret"),
                "permanentCode": self._settings.secret("permanent_code"),
            }
        except MissingSettingError as error:
            raise CredentialsRejected(
                str(error), system=self._settings.name, operation="token"
            ) from error
        if self._style is Style.HEADER:
            body["grantType"] = "app_secret"
        return body

    def _parse(self, answer: Answer) -> AccessToken:
        if answer.status >= 500:
            raise answer.lost(f"HTTP {answer.status}")
        decoded = answer.decode(_DECODER)
        if decoded.error_code != 0:
            raise self._refused(decoded)
        value = decoded.access_token or decoded.corp_access_token
        if not value or not 0 <= decoded.expires_in <= _LIFE_SECONDS:
            raise answer.broken("the token answer holds no token or no sensible life")
        return _token(decoded, value, self._http.pace.now())

    def _refused(self, answer: _TokenAnswer) -> CrmError:
        """Any lasting refusal here means that the credentials do not work."""
        refusal = Refusal(
            code=answer.error_code,
            message=answer.error_message,
            trace_id=answer.trace_id,
            system=self._settings.name,
            operation="token",
            wrote=False,
        )
        pace = self._http.pace
        error = to_error(refusal, now=pace.now(), jitter=pace.jitter())
        if isinstance(error, Transient | CredentialsRejected):
            return error
        sentence = "appId, appSecret or permanentCode is wrong: copy them again from the console"
        return refusal.error(CredentialsRejected, sentence)


def _token(answer: _TokenAnswer, value: str, now: datetime) -> AccessToken:
    return AccessToken(
        value=value,
        issued_at=now,
        expires_at=now + timedelta(seconds=answer.expires_in),
        details={"ea": answer.ea, "corp_id": answer.corp_id or answer.open_user_id},
    )
