"""The HTTP client against a real socket and against recorded answers."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime

import msgspec
import pytest
import requests
import responses

from adapters.errors import ContractBroken, CrmError, CrmUnavailable, OutcomeUnknown, RateLimited
from adapters.http import (
    BODY_CEILING_BYTES,
    Answer,
    Deadlines,
    HttpClient,
    Pace,
    Request,
    encode_json,
    retry_after,
)

URL = "https://crm.example/records"
NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
ANYTHING = msgspec.json.Decoder()


@dataclass
class FakeTime:
    """Time that passes only by sleeping."""

    seconds: float = 0.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds

    def pace(self) -> Pace:
        return Pace(
            now=lambda: NOW + timedelta(seconds=self.seconds),
            monotonic=lambda: self.seconds,
            sleep=self.sleep,
            jitter=lambda: 0.5,
        )


def a_request(url: str = URL, *, method: str = "GET") -> Request:
    return Request(
        method=method,
        url=url,
        operation="read records",
        headers={"Authorization": "Zoho-oauthtoken top-secret"},
        body=b'{"secret":"customer"}',
    )


def judge(answer: Answer) -> object:
    if answer.status >= 500:
        raise answer.lost(f"HTTP {answer.status}")
    if answer.status == 429:
        raise RateLimited(
            "too many",
            system=answer.system,
            operation=answer.operation,
            retry_at=retry_after(answer.headers, NOW),
        )
    return answer.decode(ANYTHING)


@contextmanager
def a_server(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """Accept one connection, read the request and let ``answer`` misbehave."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            answer(connection)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        thread.join()
        listener.close()


def hang_up(_connection: socket.socket) -> None:
    """Close without a word."""


@responses.activate
def test_a_read_is_retried_until_the_crm_recovers() -> None:
    time = FakeTime()
    for status in (500, 502, 503):
        responses.get(URL, status=status)
    responses.get(URL, json=[1])
    client = HttpClient("acme", pace=time.pace())

    assert client.read(a_request(), judge) == [1]
    assert time.slept == [0.25, 0.5, 1.0]
    assert (client.calls, client.credits) == (4, 4)


@responses.activate
def test_a_read_gives_up_after_five_tries() -> None:
    responses.get(URL, status=500)
    client = HttpClient("acme", pace=FakeTime().pace())

    with pytest.raises(CrmUnavailable, match="acme: read records: HTTP 500"):
        client.read(a_request(), judge)
    assert client.calls == 5


@responses.activate
def test_an_outage_sees_at_most_a_tenth_of_repetitions() -> None:
    responses.get(URL, status=503)
    responses.post(URL, status=503)
    client = HttpClient("acme", pace=FakeTime().pace())

    for _ in range(100):
        with pytest.raises(CrmUnavailable):
            client.read(a_request(), judge)
    repeated = client.calls - 100
    for _ in range(100):
        with pytest.raises(OutcomeUnknown):
            client.write(a_request(method="POST"), judge)

    assert repeated == 10
    assert client.calls == 210


@responses.activate
def test_ten_calls_that_go_well_earn_one_repetition() -> None:
    client = HttpClient("acme", pace=FakeTime().pace())
    responses.get(URL, status=503)
    for _ in range(10):
        with pytest.raises(CrmUnavailable):
            client.read(a_request(), judge)
    responses.reset()
    responses.get(URL, json=[])
    for _ in range(19):
        client.read(a_request(), judge)
    responses.reset()
    responses.get(URL, status=503)
    before = client.calls

    for _ in range(5):
        with pytest.raises(CrmUnavailable):
            client.read(a_request(), judge)

    assert client.calls - before == 5 + 1


@responses.activate
def test_repetitions_are_not_saved_up_without_end() -> None:
    client = HttpClient("acme", pace=FakeTime().pace())
    responses.get(URL, json=[])
    for _ in range(200):
        client.read(a_request(), judge)
    responses.reset()
    responses.get(URL, status=503)

    for _ in range(20):
        with pytest.raises(CrmUnavailable):
            client.read(a_request(), judge)

    assert client.calls == 220 + 10


@responses.activate
def test_retry_after_wins_over_the_jitter() -> None:
    time = FakeTime()
    responses.get(URL, status=429, headers={"Retry-After": "7"})
    responses.get(URL, json=[])

    HttpClient("acme", pace=time.pace()).read(a_request(), judge)

    assert time.slept == [7.0]


@responses.activate
def test_a_wait_beyond_the_deadline_is_not_waited_for() -> None:
    time = FakeTime()
    responses.get(URL, status=429, headers={"Retry-After": "90"})

    with pytest.raises(RateLimited) as caught:
        HttpClient("acme", pace=time.pace()).read(a_request(), judge)

    assert time.slept == []
    assert caught.value.retry_at == NOW + timedelta(seconds=90)


@responses.activate
def test_a_write_is_sent_once() -> None:
    responses.post(URL, status=503)
    client = HttpClient("acme", pace=FakeTime().pace())

    with pytest.raises(OutcomeUnknown):
        client.write(a_request(method="POST"), judge)
    assert client.calls == 1


@pytest.mark.parametrize("body", ["<html>Bad gateway</html>", '[{"id":"1"', ""])
@responses.activate
def test_an_answer_that_is_no_json_says_nothing(body: str) -> None:
    responses.get(URL, body=body)
    responses.post(URL, body=body)
    client = HttpClient("acme", pace=FakeTime().pace())

    with pytest.raises(CrmUnavailable):
        client.read(a_request(), judge)
    with pytest.raises(OutcomeUnknown):
        client.write(a_request(method="POST"), judge)


@responses.activate
def test_json_of_another_shape_breaks_the_contract() -> None:
    responses.get(URL, json={"id": 1})

    with pytest.raises(ContractBroken, match="Expected `array`"):
        HttpClient("acme").read(a_request(), lambda a: a.decode(msgspec.json.Decoder(list[int])))


@responses.activate
def test_no_redirect_is_followed() -> None:
    responses.get(URL, status=302, headers={"Location": "http://elsewhere.example/"})

    with pytest.raises(CrmUnavailable, match="redirected"):
        HttpClient("acme", pace=FakeTime().pace()).read(a_request(), judge)


def test_no_connection_means_that_nothing_was_written() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    with pytest.raises(CrmUnavailable, match="no connection"):
        HttpClient("acme").write(a_request(f"http://127.0.0.1:{port}/", method="POST"), judge)


def test_a_reset_after_a_write_was_sent_leaves_its_outcome_unknown() -> None:
    with (
        a_server(hang_up) as url,
        pytest.raises(OutcomeUnknown, match="the connection broke"),
    ):
        HttpClient("acme").write(a_request(url, method="POST"), judge)


def test_a_silent_server_ends_at_the_read_timeout() -> None:
    quick = Deadlines(read=0.05)
    done = threading.Event()

    def say_nothing(_connection: socket.socket) -> None:
        done.wait()

    with a_server(say_nothing) as url:
        try:
            with pytest.raises(OutcomeUnknown, match="no answer in time"):
                HttpClient("acme", deadlines=quick).write(a_request(url, method="POST"), judge)
        finally:
            done.set()


def test_a_body_cut_short_is_an_answer_lost() -> None:
    def cut(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[1, 2")

    with a_server(cut) as url, pytest.raises(OutcomeUnknown):
        HttpClient("acme").write(a_request(url, method="POST"), judge)


def test_a_dripping_body_ends_at_the_total_deadline() -> None:
    time = FakeTime()

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
        time.seconds = 61
        connection.sendall(b"[")
        connection.recv(1)

    with a_server(drip) as url, pytest.raises(OutcomeUnknown, match="within 60 s"):
        HttpClient("acme", pace=time.pace()).write(a_request(url, method="POST"), judge)


@responses.activate
def test_a_body_over_the_ceiling_is_refused() -> None:
    responses.post(URL, body=b"x" * (BODY_CEILING_BYTES + 1))

    with pytest.raises(OutcomeUnknown, match="larger than"):
        HttpClient("acme").write(a_request(method="POST"), judge)


@responses.activate
def test_no_secret_stands_in_an_error_or_a_repr() -> None:
    responses.post(URL, body=requests.ConnectionError("POST /?token=top-secret customer"))
    request = a_request(method="POST")

    with pytest.raises(CrmError) as caught:
        HttpClient("acme").write(request, judge)

    shown = f"{caught.value} {caught.value!r} {request!r}"
    assert "top-secret" not in shown
    assert "customer" not in shown


@responses.activate
def test_cookies_of_the_crm_are_not_kept() -> None:
    responses.get(URL, json=[], headers={"Set-Cookie": "session=1"})
    client = HttpClient("acme")

    client.read(a_request(), judge)
    client.read(a_request(), judge)

    assert "Cookie" not in responses.calls[1].request.headers


def test_amounts_are_encoded_with_exactly_their_digits() -> None:
    assert encode_json({"amount": Decimal("12345678901234567.10")}) == (
        b'{"amount":12345678901234567.10}'
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5", NOW + timedelta(seconds=5)),
        (format_datetime(NOW + timedelta(minutes=1), usegmt=True), NOW + timedelta(minutes=1)),
        ("", None),
        ("soon", None),
        ("-1", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(text: str, expected: datetime | None) -> None:
    assert retry_after({"Retry-After": text}, NOW) == expected
