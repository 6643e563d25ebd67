"""A sandbox organisation for tests, on a frozen clock, and a client that is already signed in."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from werkzeug.test import Client, TestResponse

from sandbox.clock import SandboxClock
from sandbox.faults import Faults
from sandbox.journal import Journal
from sandbox.notifier import Notifier, NotifierKnobs
from sandbox.zoho import ZohoOptions, ZohoOrg

__all__ = ["START", "SignedIn", "organisation"]

START = datetime(2026, 11, 24, 1, 0, 0, tzinfo=UTC)
"""09:00 in the organisation's zone."""


class SignedIn:
    """Calls the API in process with a living access token."""

    def __init__(self, org: ZohoOrg) -> None:
        self.org = org
        self._client = Client(org.wsgi())
        self.sign_in()

    def sign_in(self) -> None:
        """Take a new access token."""
        answer = self.token(grant_type="refresh_token").json
        assert answer is not None
        self.headers = {"Authorization": f"Zoho-oauthtoken {answer['access_token']}"}

    def token(self, **form: str) -> TestResponse:
        """Ask the accounts server with the sandbox's client, and more."""
        return self._client.post("/oauth/v2/token", data={**self.org.credentials(), **form})

    def call(self, method: str, path: str, **rest: Any) -> TestResponse:
        """Call a path below ``/crm/v8``, or an absolute one."""
        headers = {**self.headers, **rest.pop("headers", {})}
        full = path if path.startswith(("/crm", "/oauth", "/books", "/v2/")) else f"/crm/v8{path}"
        return self._client.open(full, method=method, headers=headers, **rest)

    def get(self, path: str, /, headers: dict[str, str] | None = None, **args: Any) -> TestResponse:
        """``GET`` with query parameters."""
        query = {key: str(value) for key, value in args.items()}
        return self.call("GET", path, query_string=query, headers=headers or {})

    def send(self, method: str, path: str, body: object, **rest: Any) -> TestResponse:
        """Send a JSON body."""
        return self.call(method, path, json=body, **rest)

    def write(self, method: str, module: str, *records: Mapping[str, object]) -> TestResponse:
        """Insert (``POST``) or update (``PUT``) records without workflows."""
        return self.send(method, f"/{module}", {"data": list(records), "trigger": []})

    def query(self, text: str) -> TestResponse:
        """Ask by COQL."""
        return self.send("POST", "/coql", {"select_query": text})

    def add(self, module: str, **values: object) -> str:
        """Insert one record, which must go well, and return its id."""
        answer = self.write("POST", module, values)
        assert answer.status_code == 201, answer.text
        return str(first(answer)["details"]["id"])


def first(answer: TestResponse) -> Any:
    """Return the first item of an answer's ``data``."""
    assert answer.json is not None
    return answer.json["data"][0]


@contextmanager
def organisation(**options: Any) -> Iterator[SignedIn]:
    """Yield a new organisation; its notifications wait until the knob ``paused`` is off."""
    clock = SandboxClock(START, frozen=True)
    notifier = Notifier(knobs=NotifierKnobs(paused=True))
    org = ZohoOrg(clock, Journal(), Faults(), notifier, options=ZohoOptions(**options))
    try:
        yield SignedIn(org)
    finally:
        notifier.stop()
