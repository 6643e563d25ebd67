from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import cast

import pytest

from sandbox.notifier import (
    Notification,
    Notifier,
    NotifierKnobs,
    NotLoopbackError,
    is_loopback,
)

_WAIT_SECONDS = 10.0


class _Mailbox(HTTPServer):
    """Keeps what is posted; answers with the statuses it is given, then 200."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Slot)
        self.received: list[str] = []
        self.statuses: list[int] = []
        self.url = f"http://127.0.0.1:{self.server_port}/in"


class _Slot(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        mailbox = cast("_Mailbox", self.server)
        mailbox.received.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(mailbox.statuses.pop(0) if mailbox.statuses else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the library's name
        """Say nothing."""


@pytest.fixture
def mailbox() -> Iterator[_Mailbox]:
    with _Mailbox() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def notifier() -> Iterator[Notifier]:
    made = Notifier()
    yield made
    made.stop()


def _send(notifier: Notifier, mailbox: _Mailbox, *bodies: str) -> None:
    for body in bodies:
        notifier.send(Notification(url=mailbox.url, headers={}, body=body.encode()))


def test_messages_arrive_in_order_and_are_counted(mailbox: _Mailbox, notifier: Notifier) -> None:
    _send(notifier, mailbox, "1", "2", "3")

    assert notifier.flush(_WAIT_SECONDS)
    assert mailbox.received == ["1", "2", "3"]
    assert notifier.counters()["sent"] == 3
    assert notifier.counters()["waiting"] == 0


def test_it_drops_duplicates_and_reorders_alike_for_one_seed(mailbox: _Mailbox) -> None:
    wanted = [str(number) for number in range(60)]
    runs = []
    for _ in range(2):
        notifier = Notifier(knobs=NotifierKnobs(drop=0.2, duplicate=0.3, reorder=0.3, seed=5))
        # Paused while the messages come in, so that the order does not hang on the machine.
        notifier.set_knobs({"paused": True})
        _send(notifier, mailbox, *wanted)
        notifier.set_knobs({"paused": False})
        assert notifier.flush(_WAIT_SECONDS)
        runs.append((list(mailbox.received), notifier.counters()))
        mailbox.received.clear()
        notifier.stop()
    received, counters = runs[0]

    assert runs[0] == runs[1]
    assert counters["dropped"] == len(set(wanted) - set(received)) > 0
    assert counters["duplicated"] == len(received) - len(set(received)) > 0
    assert received != sorted(received, key=int)


def test_paused_keeps_messages_until_it_goes_on(mailbox: _Mailbox, notifier: Notifier) -> None:
    notifier.set_knobs({"paused": True})
    _send(notifier, mailbox, "held")

    assert not notifier.flush(_WAIT_SECONDS)
    assert mailbox.received == []

    notifier.set_knobs({"paused": False})
    assert notifier.flush(_WAIT_SECONDS)
    assert mailbox.received == ["held"]


def test_a_delayed_message_is_sent_at_once_by_a_flush(
    mailbox: _Mailbox, notifier: Notifier
) -> None:
    notifier.set_knobs({"delay_seconds": 3600})
    _send(notifier, mailbox, "late")

    assert notifier.counters()["waiting"] == 1
    assert notifier.flush(_WAIT_SECONDS)
    assert mailbox.received == ["late"]


def test_a_failed_message_is_repeated_by_its_schedule_and_then_given_up(
    mailbox: _Mailbox, notifier: Notifier
) -> None:
    mailbox.statuses = [500, 500, 200, 500, 500]
    for body in (b"well in the end", b"never"):
        notifier.send(
            Notification(
                url=mailbox.url,
                headers={},
                body=body,
                retry_delays=(1, 5) if body != b"never" else (1,),
            )
        )
        assert notifier.flush(_WAIT_SECONDS)

    assert mailbox.received == ["well in the end"] * 3 + ["never"] * 2
    assert notifier.counters()["sent"] == 1
    assert notifier.counters()["failed"] == 1


def test_the_sender_may_judge_the_answer_itself(mailbox: _Mailbox, notifier: Notifier) -> None:
    for wanted in ((200, b"ok"), (200, b"signed")):
        notifier.send(
            Notification(
                url=mailbox.url,
                headers={},
                body=b"x",
                accepts=lambda status, body, wanted=wanted: (status, body) == wanted,  # type: ignore[misc] # a default cannot be typed
            )
        )

    assert notifier.flush(_WAIT_SECONDS)
    assert notifier.counters()["sent"] == 1
    assert notifier.counters()["failed"] == 1


def test_an_address_nobody_answers_counts_as_failed(notifier: Notifier) -> None:
    notifier.send(Notification(url="http://127.0.0.1:1/in", headers={}, body=b""))

    assert notifier.flush(_WAIT_SECONDS)
    assert notifier.counters()["failed"] == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.1/in",
        "https://example.com/in",
        "ftp://127.0.0.1/in",
        "http://127.0.0.1@example.com/",
        "http://localhost.example.com/",
        "nonsense",
    ],
)
def test_another_machine_is_never_called(url: str, notifier: Notifier) -> None:
    assert not is_loopback(url)
    with pytest.raises(NotLoopbackError):
        notifier.send(Notification(url=url, headers={}, body=b""))


def test_this_machine_has_several_names() -> None:
    assert all(map(is_loopback, ["http://localhost:5/", "http://[::1]/", "https://127.0.0.9/x"]))


@pytest.mark.parametrize(
    "changes", [{"drop": 2}, {"paused": 1}, {"delay_seconds": -1}, {"volume": 11}, {"seed": "x"}]
)
def test_knobs_that_cannot_be_are_refused(changes: dict[str, object], notifier: Notifier) -> None:
    with pytest.raises(ValueError, match=r"must|unknown"):
        notifier.set_knobs(changes)


def test_after_stop_nothing_is_sent(mailbox: _Mailbox, notifier: Notifier) -> None:
    notifier.stop()
    _send(notifier, mailbox, "too late")

    assert mailbox.received == []
    assert notifier.counters()["failed"] == 1
