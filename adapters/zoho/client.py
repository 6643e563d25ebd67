"""Calls Zoho CRM: one place that knows its headers, statuses, envelopes and prices."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, BinaryIO, TypeVar, Unpack

import msgspec
from urllib3.filepost import encode_multipart_formdata

from adapters.errors import ContractBroken, CrmError
from adapters.http import Answer, HttpClient, Request, encode_json, retry_after
from adapters.tokens import AccessToken
from adapters.zoho.coql import coql_credits
from adapters.zoho.errors import DEAD_TOKEN_CODES, Refusal, to_error
from adapters.zoho.session import Sent, TokenIsDead, ZohoSession
from adapters.zoho.settings import ZohoOptions

__all__ = ["Item", "ZohoClient", "iso", "write_credits"]

VERSION = "v8"
_NOTHING = frozenset({204, 304})
#: What makes a call heavy, of which Zoho takes fewer at the same time. (zoho-crm 9)
_HEAVY_PARAMETERS = frozenset({"cvid", "sort_by"})
_LIGHT_RECORDS = 10
_ITEMISED = frozenset({200, 201, 202, 207, 400, 412})

T = TypeVar("T")


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one record of a write."""

    status: str = ""
    code: str = ""
    message: str = ""
    details: dict[str, Any] = {}

    @property
    def well(self) -> bool:
        """Whether it was done."""
        return self.status == "success"


class _Bare(msgspec.Struct, frozen=True, kw_only=True):
    """An error of the whole call; old ones name it otherwise, deletions wrap it in ``data``."""

    code: str | int = ""
    message: str = ""
    details: Any = None
    error: str = ""
    error_info: str = ""
    data: list[Item] | None = None


_BARE = msgspec.json.Decoder(_Bare)
_ROOTS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ITEMS = msgspec.json.Decoder(list[Item])


class ZohoClient:
    """One connection's calls. Reads are repeated inside the call, writes are sent once."""

    def __init__(self, session: ZohoSession) -> None:
        self._session = session
        self._http = session.http
        self._server_now: datetime | None = None

    @property
    def system(self) -> str:
        """The connection's name."""
        return self._session.system

    @property
    def options(self) -> ZohoOptions:
        """The vendor's options of this connection."""
        return self._session.options

    @property
    def http(self) -> HttpClient:
        """The HTTP client underneath, for its counters and its clock."""
        return self._http

    @property
    def server_now(self) -> datetime:
        """Zoho's time by its last answer; our own before the first."""
        return self._server_now or self._http.pace.now()

    @property
    def clock_seen(self) -> bool:
        """Whether an answer has told Zoho's time."""
        return self._server_now is not None

    @property
    def granted_scopes(self) -> str:
        """The scopes the token answer named; empty where it named none."""
        return self._session.granted_scopes

    def read(
        self,
        path: str,
        operation: str,
        parse: Callable[[Answer], T],
        *,
        params: Mapping[str, str] | None = None,
        since: datetime | None = None,
    ) -> T | None:
        """GET. ``None``: nothing is there (204), or nothing newer than ``since`` (304)."""
        headers = {"If-Modified-Since": iso(since)} if since else {}
        heavy = not _HEAVY_PARAMETERS.isdisjoint(params or {})
        return self._session.send(
            lambda token: self._request(
                "GET", path, operation, token, params=params, headers=headers, heavy=heavy
            ),
            lambda answer: None if answer.status in _NOTHING else parse(self._well(answer)),
            self._http.read,
        )

    def start(
        self,
        path: str,
        operation: str,
        body: Mapping[str, object],
        parse: Callable[[Answer], T],
        *,
        credits: int,  # noqa: A002 the trade's word
        writes: bool = False,
    ) -> T:
        """Start a job (201). One that only reads is started again when its answer is lost.

        A job that nobody reads costs its credits and no more. One that ``writes`` raises
        ``OutcomeUnknown`` when it may have been started.
        """
        encoded = encode_json(body)
        return self._session.send(
            lambda token: self._request(
                "POST", path, operation, token, body=encoded, credits=credits
            ),
            lambda answer: parse(self._well(answer, 201)),
            self._http.write if writes else self._http.read,
        )

    def download(self, path: str, operation: str, target: BinaryIO) -> None:
        """GET a file into ``target``."""
        self._download(lambda token: self._request("GET", path, operation, token), target)

    def fetch(self, url: str, operation: str, target: BinaryIO) -> None:
        """GET a file at an address that an answer named, into ``target``.

        Raises ``ContractBroken`` for an address that must not see our token.
        """
        if not self._session.trusts(url):
            raise ContractBroken(
                "the file lies on a host that is none of Zoho's",
                system=self.system,
                operation=operation,
            )
        self._download(lambda token: self._session.addressed("GET", url, operation, token), target)

    def upload(
        self,
        operation: str,
        file: bytes,
        headers: Mapping[str, str],
        parse: Callable[[Answer], T],
    ) -> T:
        """Put a file on the host for content. Alone it changes nothing, whatever its outcome."""
        body, content_type = encode_multipart_formdata(
            {"file": ("records.zip", file, "application/zip")}
        )
        path = f"/crm/{VERSION}/upload"
        more = {**headers, "Content-Type": content_type}

        def request(token: AccessToken) -> Request:
            host = self._session.content_host(token)
            if not host:
                why = "no host is known that takes files: set options.content_url"
                raise ContractBroken(why, system=self.system, operation=operation)
            return self._session.addressed(
                "POST", host + path, operation, token, headers=more, body=body
            )

        return self._session.send(
            request,
            lambda answer: parse(self._well(answer)),
            self._http.write,
        )

    @property
    def takes_files(self) -> bool:
        """Whether the host that takes files is known."""
        return bool(self._session.content_host())

    def _download(self, build: Callable[[AccessToken], Request], target: BinaryIO) -> None:
        def into(request: Request, parse: Callable[[Answer], T]) -> T:
            return self._http.download(request, target, parse)

        self._session.send(build, self._well, into)

    def coql(self, query: str, operation: str, parse: Callable[[Answer], T], rows: int) -> T | None:
        """Run a query; ``rows`` is the LIMIT that sets its price. ``None``: no record matches."""
        body = encode_json({"select_query": query})
        return self._session.send(
            lambda token: self._request(
                "POST", "coql", operation, token, body=body, credits=coql_credits(rows), heavy=True
            ),
            lambda answer: None if answer.status in _NOTHING else parse(self._well(answer)),
            self._http.read,
        )

    def write(
        self,
        method: str,
        path: str,
        operation: str,
        body: Mapping[str, object],
        *,
        root: str = "data",
        params: Mapping[str, str] | None = None,
        credits: int = 1,  # noqa: A002 the trade's word
    ) -> list[Item]:
        """Send a write once and return one item for each record of it, in order.

        Raises ``CrmError`` when the call failed as a whole, ``OutcomeUnknown`` when in doubt.
        """
        encoded = encode_json(body)
        sent = body[root]
        count = len(sent) if isinstance(sent, Sequence) else 0
        return self._session.send(
            lambda token: self._request(
                method,
                path,
                operation,
                token,
                params=params,
                body=encoded,
                credits=credits,
                heavy=count > _LIGHT_RECORDS,
            ),
            lambda answer: self._items(answer, root, count),
            self._http.write,
        )

    def remove(
        self, path: str, operation: str, params: Mapping[str, str], *, root: str, count: int
    ) -> list[Item]:
        """DELETE what ``params`` name, once; one item for each of the ``count``, in order."""
        return self._session.send(
            lambda token: self._request("DELETE", path, operation, token, params=params),
            lambda answer: self._items(answer, root, count),
            self._http.write,
        )

    def refusal(self, item: Item, operation: str) -> Refusal:
        """Turn the item of one record into what the error table reads."""
        return Refusal(
            code=item.code,
            message=item.message,
            details=item.details,
            system=self.system,
            operation=operation,
            wrote=True,
        )

    def _request(
        self, method: str, path: str, operation: str, token: AccessToken, **sent: Unpack[Sent]
    ) -> Request:
        return self._session.request(method, f"crm/{_versioned(path)}", operation, token, **sent)

    def _well(self, answer: Answer, status: int = 200) -> Answer:
        self._see_clock(answer)
        if answer.status != status:
            raise self._refused(answer)
        return answer

    def _items(self, answer: Answer, root: str, count: int) -> list[Item]:
        """Read a write's answer by its items wherever it has them: the status says too little."""
        self._see_clock(answer)
        if answer.status not in _ITEMISED:
            raise self._refused(answer)
        items = answer.decode(_ROOTS).get(root)
        if items is None or not bytes(items).lstrip().startswith(b"["):
            raise self._refused(answer)
        found = self._decoded_items(answer, items)
        told = f"{count} records were sent and {len(found)} results came back"
        if len(found) < count:
            # What became of the one that is missing, nobody knows, nor which one it is.
            raise answer.lost(told)
        if len(found) > count:
            raise answer.broken(told)
        return found

    def _decoded_items(self, answer: Answer, items: msgspec.Raw) -> list[Item]:
        try:
            return _ITEMS.decode(items)
        except msgspec.ValidationError as error:
            raise answer.broken(f"unexpected shape of a result: {error}") from None
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise answer.lost("no readable results came") from None

    def _refused(self, answer: Answer) -> CrmError | TokenIsDead:
        if answer.status >= 500:
            return answer.lost(
                f"HTTP {answer.status}", retry_at=retry_after(answer.headers, self._now())
            )
        bare = answer.decode(_BARE)
        code, message, details = str(bare.code or bare.error), bare.message, bare.details
        if not code and bare.data:
            code, message, details = bare.data[0].code, bare.data[0].message, bare.data[0].details
        if not code:
            return answer.lost(f"HTTP {answer.status} without an error code")
        refusal = Refusal(
            code=code,
            message=f"{message} {bare.error_info}",
            details=details if isinstance(details, dict) else {},
            status=answer.status,
            system=answer.system,
            operation=answer.operation,
            wrote=answer.wrote,
        )
        error = to_error(refusal, now=self._now())
        return TokenIsDead(error) if code in DEAD_TOKEN_CODES else error

    def _now(self) -> datetime:
        return self._session.now()

    def _see_clock(self, answer: Answer) -> None:
        try:
            at = parsedate_to_datetime(answer.headers.get("Date", ""))
        except ValueError:
            return
        self._server_now = at if at.tzinfo else at.replace(tzinfo=UTC)


def _versioned(path: str) -> str:
    """Put the version where Zoho wants it: bulk calls have it after their area."""
    area, slash, rest = path.partition("/")
    return f"{area}/{VERSION}{slash}{rest}" if area == "bulk" else f"{VERSION}/{path}"


def write_credits(records: int) -> int:
    """Tell the price of an insert or update: one for ten records."""
    return max(1, -(-records // 10))


def iso(at: datetime) -> str:
    """Write a time as Zoho reads it: ISO 8601 with an offset and no fraction."""
    return at.astimezone(UTC).isoformat(timespec="seconds")
