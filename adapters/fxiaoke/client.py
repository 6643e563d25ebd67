"""Calls Fenxiang: one envelope, one place where the code decides, one repeat on a dead token."""

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import msgspec

from adapters.errors import CrmError, OutcomeUnknown, Transient
from adapters.fxiaoke.errors import TOKEN_DEAD, Refusal, to_error
from adapters.fxiaoke.settings import FxiaokeOptions, Style, api_url
from adapters.http import Answer, HttpClient, Request, encode_json
from adapters.pacing import Pacer
from adapters.settings import ConnectionSettings
from adapters.tokens import AccessToken, TokenKeeper

__all__ = ["ID_LIMIT", "PAGE_LIMIT", "FxiaokeClient", "Json", "data_path", "rows_of"]

Json = dict[str, Any]

PAGE_LIMIT = 100
ID_LIMIT = 100

_R = TypeVar("_R")
_DECODER = msgspec.json.Decoder(float_hook=Decimal)


class _TokenIsDead(Exception):
    """The platform does not know the token (any more). Nothing was done."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__()
        self.refusal = refusal


class FxiaokeClient:
    """One connection's calls. Reads are repeated inside the call, writes are sent once."""

    def __init__(
        self,
        settings: ConnectionSettings,
        options: FxiaokeOptions,
        *,
        http: HttpClient,
        keeper: TokenKeeper,
        pacer: Pacer,
    ) -> None:
        self._settings = settings
        self._options = options
        self._http = http
        self._keeper = keeper
        self._pacer = pacer
        self._server_now: datetime | None = None

    @property
    def system(self) -> str:
        """The connection's name."""
        return self._settings.name

    @property
    def options(self) -> FxiaokeOptions:
        """The vendor's options of this connection."""
        return self._options

    @property
    def http(self) -> HttpClient:
        """The HTTP client underneath, for its counters and its clock."""
        return self._http

    @property
    def server_now(self) -> datetime:
        """The platform's time by its last answer; our own before the first."""
        return self._server_now or self._http.pace.now()

    @property
    def clock_seen(self) -> bool:
        """Whether an answer has told the platform's time."""
        return self._server_now is not None

    def sign_in(self) -> AccessToken:
        """Return a living token. Raises ``CredentialsRejected`` or ``Transient``."""
        return self._keeper.token()

    def read(self, path: str, operation: str, data: Json | None = None, **root: object) -> Json:
        """Call something that changes nothing and return the whole answer."""
        return self._call(path, operation, _body(data, root), wrote=False)

    def write(self, path: str, operation: str, data: Json | None = None, **root: object) -> Json:
        """Call something that changes the CRM, once. Raises ``OutcomeUnknown`` when in doubt."""
        return self._call(path, operation, _body(data, root), wrote=True)

    def query(
        self, object_name: str, search: Json, *, count: bool = False
    ) -> tuple[list[Json], int]:
        """Return one page of rows, and the total of the query when asked for."""
        data = {
            "dataObjectApiName": object_name,
            "find_explicit_total_num": count,
            "search_query_info": {"offset": 0, "limit": PAGE_LIMIT, **search},
        }
        operation = f"query {object_name}"
        answer = self.read(data_path(object_name, "query"), operation, data)
        payload = answer.get("data")
        total = payload.get("total") if isinstance(payload, dict) else None
        rows = self._checked(rows_of(payload), operation)
        return rows, total if isinstance(total, int) else 0

    def broken(self, operation: str, sentence: str) -> CrmError:
        """Build the error for an answer without the documented shape."""
        return Answer(
            status=200, headers={}, body=b"", system=self.system, operation=operation, wrote=False
        ).broken(sentence)

    def _checked(self, rows: list[Any] | None, operation: str) -> list[Json]:
        if rows is None:
            raise self.broken(operation, "the answer holds no list of records")
        for row in rows:
            record_id = row.get("_id") if isinstance(row, dict) else None
            if not isinstance(record_id, str) or not record_id:
                raise self.broken(operation, "a record came without its _id")
        return rows

    def _call(self, path: str, operation: str, body: Json, *, wrote: bool) -> Json:
        token = self._keeper.token()
        try:
            return self._send(path, operation, body, token, wrote=wrote)
        except _TokenIsDead:
            token = self._keeper.replace(token)
        try:
            return self._send(path, operation, body, token, wrote=wrote)
        except _TokenIsDead as dead:
            raise self._error(dead.refusal) from None

    def _send(
        self, path: str, operation: str, body: Json, token: AccessToken, *, wrote: bool
    ) -> Json:
        request = self._request(path, operation, body, token)
        self._pacer.wait(path)
        if wrote:
            return self._http.write(request, self._parse)
        return self._http.read(request, self._counting(path, self._parse))

    def _counting(self, path: str, parse: Callable[[Answer], _R]) -> Callable[[Answer], _R]:
        """Let the pacer know of repetitions, which the HTTP client sends on its own."""

        def parse_and_count(answer: Answer) -> _R:
            try:
                return parse(answer)
            except Transient:
                self._pacer.count(path)
                raise

        return parse_and_count

    def _request(self, path: str, operation: str, body: Json, token: AccessToken) -> Request:
        headers = {"Content-Type": "application/json"}
        if self._options.style is Style.HEADER:
            headers["authorization"] = f"Bearer {token.value}"
            headers["x-fs-ea"] = self._options.ea or token.details.get("ea", "")
            headers["x-fs-userid"] = self._options.user_id
            if self._options.convert_user_id:
                body = {**body, "convertUserId": True}
        else:
            corp_id = self._settings.organisation_id or token.details.get("corp_id", "")
            body = {
                "corpAccessToken": token.value,
                "corpId": corp_id,
                "currentOpenUserId": self._options.user_id,
                **body,
            }
        return Request(
            method="POST",
            url=api_url(self._settings) + path,
            operation=operation,
            params={"thirdTraceId": str(uuid.uuid4())},
            headers=headers,
            body=encode_json(body),
        )

    def _parse(self, answer: Answer) -> Json:
        decoded = _decoded(answer)
        code = _code(decoded)
        if code is None:
            if answer.wrote or answer.status >= 400:
                raise answer.lost(f"HTTP {answer.status}, but no errorCode came")
            raise answer.broken("the answer has no errorCode")
        self._server_now = _date_header(answer.headers) or self._server_now
        if code == 0:
            return decoded
        refusal = Refusal(
            code=code,
            message=str(decoded.get("errorMessage") or decoded.get("errorDescription") or ""),
            trace_id=str(decoded.get("traceId") or ""),
            system=answer.system,
            operation=answer.operation,
            wrote=answer.wrote,
        )
        if code == TOKEN_DEAD:
            raise _TokenIsDead(refusal)
        raise self._error(refusal)

    def _error(self, refusal: Refusal) -> CrmError:
        pace = self._http.pace
        return to_error(refusal, now=pace.now(), jitter=pace.jitter())

    def unknown(self, operation: str, sentence: str) -> OutcomeUnknown:
        """Build the error for a write whose answer does not tell what became of it."""
        return OutcomeUnknown(sentence, system=self.system, operation=operation)


def data_path(object_name: str, action: str) -> str:
    """Return the path of a data call: custom objects have a prefix of their own."""
    prefix = "/cgi/crm/custom/v2/data" if object_name.endswith("__c") else "/cgi/crm/v2/data"
    return f"{prefix}/{action}"


def rows_of(payload: object) -> list[Any] | None:
    """Take the rows out of ``data``; some pages of the manual draw a single record there."""
    if not isinstance(payload, dict):
        return None
    rows = payload.get("dataList", [payload] if "_id" in payload else None)
    return rows if isinstance(rows, list) else None


def _body(data: Json | None, root: Mapping[str, object]) -> Json:
    return {**root} if data is None else {**root, "data": data}


def _decoded(answer: Answer) -> Json:
    """Decode the body with exact numbers.

    The strict decoder refuses half of a surrogate pair; one such name must not cost the page, so
    the lenient one reads it and the mapping parks that record.
    """
    try:
        decoded = _DECODER.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        decoded = _leniently(answer)
    return decoded if isinstance(decoded, dict) else {}


def _leniently(answer: Answer) -> object:
    try:
        return json.loads(answer.body, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise answer.lost(f"HTTP {answer.status}, but no readable JSON came") from None


def _code(decoded: Json) -> int | None:
    code = decoded.get("errorCode")
    if isinstance(code, str) and code.removeprefix("-").isdecimal():
        return int(code)
    return code if isinstance(code, int) and not isinstance(code, bool) else None


def _date_header(headers: Mapping[str, str]) -> datetime | None:
    try:
        at = parsedate_to_datetime(headers.get("Date", ""))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
