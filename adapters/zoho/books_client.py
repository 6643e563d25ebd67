"""Calls Zoho Books: the organisation it asks for in every call, its pace, its envelope.

Books shares the CRM's host and tokens. Its calls cost no credits of the CRM and are counted by no
budget of them; its own limits are calls a minute, a day and at the same time.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from adapters.errors import CrmError, QuotaExhausted, Refused, Transient
from adapters.http import Answer, Request
from adapters.pacing import Pacer
from adapters.slots import Slots
from adapters.zoho.books_errors import books_error, resting
from adapters.zoho.session import ZohoSession

__all__ = ["BooksClient", "BooksOrganisation"]

BASE = "books/v3"
MINUTE_SECONDS = 60.0
_ALL = "books"  # one limit for all paths

T = TypeVar("T")


class BooksOrganisation(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation of Books that the token's user sees."""

    organization_id: str
    name: str = ""
    currency_code: str = ""
    is_default_org: bool = False


class _Organisations(msgspec.Struct, frozen=True, kw_only=True):
    organizations: list[BooksOrganisation] = []


_ORGANISATIONS = msgspec.json.Decoder(_Organisations)


class BooksClient:
    """Reads of one connection's Books. Repeated inside the call while they fail transiently."""

    def __init__(self, session: ZohoSession, slots: Slots) -> None:
        pace = session.http.pace
        self._session = session
        self._pacer = Pacer(
            session.system,
            slots,
            calls=session.options.books_calls_per_minute,
            seconds=MINUTE_SECONDS,
            now=pace.now,
            sleep=pace.sleep,
        )
        self._organisation = session.options.books_organization_id

    @property
    def session(self) -> ZohoSession:
        """The connection's sign-in, its options and its clock."""
        return self._session

    def organisations(self) -> list[BooksOrganisation]:
        """Return the organisations there are."""
        found = self._read(
            "organizations", "list the organisations of Books", _organisations_of, {}
        )
        return found.organizations

    def read(
        self,
        path: str,
        operation: str,
        parse: Callable[[Answer], T],
        params: Mapping[str, str] | None = None,
    ) -> T:
        """GET for the organisation. Raises ``RecordNotFound`` where there is no such record."""
        asked = {"organization_id": self.organisation_id(), **(params or {})}
        return self._read(path, operation, parse, asked)

    def organisation_id(self) -> str:
        """Return the configured organisation, else the only or the default one.

        Raises ``Refused`` where that leaves none.
        """
        if not self._organisation:
            found = self.organisations()
            default = [each for each in found if each.is_default_org]
            chosen = found if len(found) == 1 else default
            if len(chosen) != 1:
                raise self._undecided(found)
            self._organisation = chosen[0].organization_id
        return self._organisation

    def _undecided(self, found: list[BooksOrganisation]) -> CrmError:
        names = ", ".join(f"{each.organization_id} ({each.name})" for each in found)
        sentence = (
            f"set options.books_organization_id to one of {names}"
            if found
            else "the user of the connection has no organisation in Zoho Books"
        )
        return Refused(sentence, system=self._session.system, operation="choose the organisation")

    def _read(
        self, path: str, operation: str, parse: Callable[[Answer], T], params: Mapping[str, str]
    ) -> T:
        def send(request: Request, judge: Callable[[Answer], T]) -> T:
            self._pacer.wait(_ALL)
            try:
                return self._session.http.read(request, judge)
            except QuotaExhausted as error:
                raise resting(error) from None

        return self._session.send(
            lambda token: self._session.request(
                "GET", f"{BASE}/{path}", operation, token, params=params
            ),
            lambda answer: self._judged(answer, parse),
            send,
        )

    def _judged(self, answer: Answer, parse: Callable[[Answer], T]) -> T:
        """Parse what is well; a try that will be repeated counts for the pace."""
        try:
            if answer.status != 200:
                raise books_error(answer, self._session.now())
            return parse(answer)
        except Transient:
            self._pacer.count(_ALL)
            raise


def _organisations_of(answer: Answer) -> _Organisations:
    return answer.decode(_ORGANISATIONS)
