"""The receiver: genuine messages are kept before they are answered, all others leave a count."""

import hmac
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from webhooks.app import Limits, create_app
from webhooks.counts import Counts
from webhooks.port import InboxUnavailable, VerificationError

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
PATH_ID = "h-7Qx4w9"
SECRET = b"shared-secret"
Kept = tuple[str, str, datetime, dict[str, str], bytes]


@dataclass(frozen=True)
class Genuine:
    message_id: str
    answer: bytes | None = None
    content_type: str = "text/plain"


class SignedVerifier:
    """Accepts a body whose header ``x-sign`` is its HMAC."""

    def verify(self, headers: Mapping[str, str], body: bytes) -> Genuine:
        expected = hmac.digest(SECRET, body, "sha256").hex()
        if not hmac.compare_digest(headers.get("x-sign", "").encode(), expected.encode()):
            raise VerificationError("the signature does not match")
        return Genuine(message_id=expected, answer=b"success" if body == b"answer me" else None)


@dataclass(frozen=True)
class FakeSource:
    name: str = "crm"
    verifier: SignedVerifier = field(default_factory=SignedVerifier)
    kept_headers: tuple[str, ...] = ("x-kept",)
    status: int = 202


class ListInbox:
    """Keeps messages in a list; fails on request."""

    def __init__(self) -> None:
        self.kept: list[Kept] = []
        self.down = False

    def put(
        self,
        source: str,
        message_id: str,
        received_at: datetime,
        headers: Mapping[str, str],
        body: bytes,
    ) -> bool:
        if self.down:
            raise InboxUnavailable("down")
        if any(kept[:2] == (source, message_id) for kept in self.kept):
            return False
        self.kept.append((source, message_id, received_at, dict(headers), body))
        return True

    def ready(self) -> bool:
        return not self.down


class House:
    """A receiver with what it stands on."""

    def __init__(self) -> None:
        self.inbox = ListInbox()
        self.counts = Counts()
        self.now = NOW
        app = create_app(
            {PATH_ID: FakeSource()},
            self.inbox,
            lambda: self.now,
            Limits(body_bytes=1000),
            self.counts,
        )
        self.client: FlaskClient = app.test_client()

    def post(self, body: bytes, sign: str | None = None, path: str = PATH_ID) -> tuple[int, bytes]:
        signed = hmac.digest(SECRET, body, "sha256").hex() if sign is None else sign
        headers = {"X-Sign": signed, "X-Kept": "yes", "X-Other": "no"}
        answer = self.client.post(f"/hooks/{path}", data=body, headers=headers)
        return answer.status_code, answer.data


@pytest.fixture
def house() -> House:
    return House()


def test_a_genuine_message_is_kept_as_it_came(house: House) -> None:
    status = house.post(b'{"module": "Invoices"}')

    assert status == (202, b"")
    ((source, _, received_at, headers, body),) = house.inbox.kept
    assert (source, received_at, body) == ("crm", NOW, b'{"module": "Invoices"}')
    assert headers == {"x-kept": "yes"}


def test_the_sender_gets_the_answer_it_expects(house: House) -> None:
    assert house.post(b"answer me") == (202, b"success")


def test_a_duplicate_is_answered_alike_and_kept_once(house: House) -> None:
    first, second = house.post(b"answer me"), house.post(b"answer me")

    assert first == second
    assert len(house.inbox.kept) == 1
    assert house.counts.of("crm", "duplicate") == 1


@given(body=st.binary(max_size=500), sign=st.text(max_size=80).filter(str.isascii))
def test_forged_bytes_get_a_constant_401_and_leave_only_a_count(body: bytes, sign: str) -> None:
    house = House()

    answer = house.post(body, sign.replace("\r", "").replace("\n", ""))

    assert answer == (401, b"unauthorized")
    assert house.inbox.kept == []
    assert house.counts.of("crm", "forged") == 1


def test_a_stream_of_forgeries_writes_one_line_a_minute(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="webhooks.app"):
        for _ in range(50):
            house.post(b"secret content", "bad")
        house.now += timedelta(minutes=1)
        house.post(b"secret content", "bad")

    assert len(caplog.records) == 2
    assert "secret content" not in caplog.text
    assert "(51 so far)" in caplog.text


def test_an_unknown_path_is_not_found(house: House) -> None:
    assert house.post(b"x", path="elsewhere") == (404, b"not found")
    assert house.client.post("/hooks/").status_code == 404
    assert house.post(b"x", path="中文")[0] == 404


def test_a_body_over_the_limit_is_refused_unread(house: House) -> None:
    assert house.post(b"x" * 1001) == (413, b"too large")
    assert house.post(b"x" * 1000)[0] == 202
    assert house.counts.of("crm", "too_large") == 1


def test_a_body_of_undeclared_length_is_bounded_too(house: House) -> None:
    answer = house.client.post(
        f"/hooks/{PATH_ID}",
        data=b"x" * 5000,
        headers={"Transfer-Encoding": "chunked"},
        environ_overrides={"CONTENT_LENGTH": "", "wsgi.input_terminated": True},
    )

    assert answer.status_code in {401, 413}
    assert house.inbox.kept == []


def test_no_2xx_while_messages_cannot_be_kept(house: House) -> None:
    house.inbox.down = True
    assert house.post(b"x") == (503, b"try again later")
    assert house.client.get("/readyz").status_code == 503

    house.inbox.down = False
    assert house.post(b"x")[0] == 202
    assert house.client.get("/readyz").status_code == 200
    assert house.counts.all() == {("crm", "unavailable"): 1, ("crm", "accepted"): 1}


def test_the_process_is_alive_whatever_the_database_does(house: House) -> None:
    house.inbox.down = True

    assert house.client.get("/healthz").status_code == 200


def test_only_post_is_taken(house: House) -> None:
    answer = house.client.get(f"/hooks/{PATH_ID}")

    assert (answer.status_code, answer.data) == (405, b"method not allowed")
