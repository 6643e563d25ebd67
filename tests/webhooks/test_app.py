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
from webhooks.hardening import HEADERS
from webhooks.port import HostileMessage, InboxUnavailable, VerificationError

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
PATH_ID = "h-7Qx4w9"
SECRET = b"shared-secret"
SMALL = Limits(body_bytes=1000)
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
        if body == b"everything":
            raise HostileMessage("it names too many records")
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
        self.full = False

    def put(
        self,
        source: str,
        message_id: str,
        received_at: datetime,
        headers: Mapping[str, str],
        body: bytes,
    ) -> bool:
        if self.down:
            raise InboxUnavailable("down", full=self.full)
        if any(kept[:2] == (source, message_id) for kept in self.kept):
            return False
        self.kept.append((source, message_id, received_at, dict(headers), body))
        return True

    def ready(self) -> bool:
        return not self.down


class House:
    """A receiver with what it stands on."""

    def __init__(self, limits: Limits = SMALL) -> None:
        self.inbox = ListInbox()
        self.counts = Counts()
        self.now = NOW
        app = create_app(
            {PATH_ID: FakeSource()},
            self.inbox,
            lambda: self.now,
            limits,
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


def test_a_path_in_two_parts_leads_to_its_source_alone() -> None:
    house = House()
    house.client = create_app(
        {PATH_ID: FakeSource("plain"), f"{PATH_ID}/t0ken": FakeSource("with token")},
        house.inbox,
        lambda: NOW,
        SMALL,
        house.counts,
    ).test_client()
    paths = ("t0ken", "t0ke", "t0ken/more", "")

    statuses = [house.post(b"{}", path=f"{PATH_ID}/{end}".rstrip("/"))[0] for end in paths]

    assert statuses == [202, 401, 404, 202]
    assert house.post(b"{}", path="nowhere/t0ken")[0] == 404
    assert [kept[0] for kept in house.inbox.kept] == ["with token", "plain"]
    assert house.counts.of("plain", "forged") == 1
    (reason,) = house.counts.refusals()
    assert reason == ("plain", "forged", "the token in the path is not ours")


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


def test_every_answer_carries_the_headers(house: House) -> None:
    answers = [
        house.client.get("/healthz"),
        house.client.get("/nowhere"),
        house.client.post(f"/hooks/{PATH_ID}", data=b"forged"),
        house.client.get(f"/hooks/{PATH_ID}"),
    ]

    assert [answer.status_code for answer in answers] == [200, 404, 401, 405]
    for answer in answers:
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS


def test_a_fault_of_ours_shows_a_trace_and_nothing_else(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_arguments: object) -> bool:
        raise ZeroDivisionError("customer 4711")

    monkeypatch.setattr(house.inbox, "put", fail)
    status, body = house.post(b"x")

    assert status == 500
    assert body.startswith(b"internal server error, trace ")
    assert body.split()[-1].decode() in caplog.text


def test_only_configured_hosts_are_answered() -> None:
    client = House(Limits(hosts=("credit.example.com",))).client

    for host, status in (("credit.example.com", 200), ("evil.example", 400), ("127.0.0.1", 400)):
        assert client.get("/healthz", headers={"Host": host}).status_code == status


def test_a_hostile_message_gets_400_and_leaves_a_count(house: House) -> None:
    deep = b"[" * 40 + b"]" * 40

    assert house.post(b"everything") == (400, b"bad request")
    assert house.post(deep) == (400, b"bad request")
    assert house.inbox.kept == []
    assert house.counts.of("crm", "hostile") == 2


def test_who_sends_much_that_is_refused_is_not_listened_to_for_a_while() -> None:
    house = House(Limits(refused_per_minute=6))
    forged = [house.post(b"x", "bad")[0] for _ in range(4)]
    elsewhere = [house.post(b"x", path=f"guess-{number}")[0] for number in range(3)]
    answer = house.client.post(f"/hooks/{PATH_ID}", data=b"x")

    assert forged + elsewhere == [401] * 4 + [404] * 2 + [429]
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")
    house.now += timedelta(seconds=10)
    assert [house.post(b"x")[0], house.post(b"x", "bad")[0]] == [202, 401]
    assert house.post(b"x")[0] == 429


def test_one_address_does_not_use_up_what_another_may_send() -> None:
    house = House(Limits(refused_per_minute=1))
    house.post(b"x", "bad")
    assert house.post(b"x")[0] == 429

    signed = {"X-Sign": hmac.digest(SECRET, b"x", "sha256").hex()}
    other = {"REMOTE_ADDR": "203.0.113.7"}
    answer = house.client.post(
        f"/hooks/{PATH_ID}", data=b"x", headers=signed, environ_overrides=other
    )

    assert answer.status_code == 202


@pytest.mark.parametrize(("proxies", "status"), [(0, 429), (1, 202)])
def test_only_the_configured_proxies_are_believed(proxies: int, status: int) -> None:
    house = House(Limits(refused_per_minute=1, proxies=proxies))
    house.post(b"x", "bad")  # from 127.0.0.1

    signed = {"X-Sign": hmac.digest(SECRET, b"x", "sha256").hex()}
    answer = house.client.post(
        f"/hooks/{PATH_ID}", data=b"x", headers=signed | {"X-Forwarded-For": "203.0.113.7"}
    )

    assert answer.status_code == status


def test_a_connection_s_genuine_messages_have_a_limit() -> None:
    house = House(Limits(messages_per_second=1))

    assert [house.post(b"%d" % number)[0] for number in range(11)] == [202] * 10 + [429]
    house.now += timedelta(seconds=1)
    assert house.post(b"next")[0] == 202


def test_a_full_inbox_is_counted_apart_and_says_when_to_come_back(house: House) -> None:
    house.inbox.down = house.inbox.full = True
    signed = {"X-Sign": hmac.digest(SECRET, b"x", "sha256").hex()}

    answer = house.client.post(f"/hooks/{PATH_ID}", data=b"x", headers=signed)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    assert house.counts.all() == {("crm", "full"): 1}
