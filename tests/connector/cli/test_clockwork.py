"""Whether all goes on by itself, and who hears if not: on the command line."""

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from connector.wiring.service import Service
from connector.work.schedule import Ticker
from tests.connector.cli.shell import Shell
from tests.journeys.harness import open_here


class Desk:
    """Takes alerts as JSON, as a company's own service might."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.status = 200
        desk = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                desk.got.append(json.loads(self.rfile.read(length)))
                self.send_response(desk.status)
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                """Stay silent."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"json://127.0.0.1:{self.server.server_port}/token-that-nobody-may-see"


@pytest.fixture
def desk() -> Iterator[Desk]:
    found = Desk()
    thread = threading.Thread(target=found.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield found
    found.server.shutdown()
    found.server.server_close()
    thread.join()


def with_channels(shell: Shell, desk: Desk, *more: str) -> None:
    """Configure a channel to the desk, and what is given beside it."""
    folder, config = shell.installation.folder, shell.installation.config
    (folder / "alerts.secret").write_text(desk.url, encoding="utf-8")
    channel = '[[alerts]]\nname = "desk"\nurl = "file:alerts.secret"\nlanguage = "en"\n'
    text = config.read_text(encoding="utf-8")
    config.write_text("\n".join((text, channel, *more)), encoding="utf-8")


def test_a_test_reaches_each_channel_in_its_tongue(shell: Shell, desk: Desk) -> None:
    chinese = '[[alerts]]\nname = "群"\nurl = "file:alerts.secret"\nlanguage = "zh"\n'
    with_channels(shell, desk, chinese)

    said = shell.json("alert", "test")

    assert said == {"desk": {"sent": True, "error": ""}, "群": {"sent": True, "error": ""}}
    assert [one["message"] for one in desk.got] == [
        "This is a test. The channel works.",
        "这是一条测试消息，通道正常。",
    ]


def test_a_channel_that_takes_nothing_is_named_without_its_address(
    shell: Shell, desk: Desk
) -> None:
    with_channels(shell, desk)
    desk.status = 500

    said = shell("alert", "test", code=4)

    assert "desk" in said.stdout
    assert "token-that-nobody-may-see" not in said.stdout + said.stderr


def test_without_a_channel_there_is_nothing_to_test(shell: Shell) -> None:
    assert "alerts" in shell("alert", "test", code=2).stderr


def test_an_address_that_is_none_stops_the_command_and_is_not_repeated(
    shell: Shell, desk: Desk
) -> None:
    with_channels(shell, desk)
    secret = "nonsense-with-a-token"
    (shell.installation.folder / "alerts.secret").write_text(secret, encoding="utf-8")

    said = shell("alert", "test", code=2)

    assert "alerts[0].url" in said.stderr
    assert secret not in said.stdout + said.stderr


def test_schedules_are_listed_and_one_that_fell_behind_is_named(pulled: Shell) -> None:
    fresh = pulled.json("schedule", "list")["schedules"]
    with open_here(pulled.installation, pulled.clock) as zixin:
        (expire,) = [one for one in Service(zixin).schedules() if one.name == "expire"]
        Ticker(zixin.engine, pulled.clock).make_up(expire)
    ran = {one["schedule"]: one for one in pulled.json("schedule", "list")["schedules"]}
    pulled.clock.move(timedelta(days=2))
    later = pulled.json("schedule", "list", code=3)["schedules"]

    assert {"pull", "full-pull", "assess", "dunning", "expire", "reviews"} <= set(ran)
    assert all(len(one["next_at"]) == 5 for one in fresh)
    assert not any(one["overdue"] for one in fresh)
    assert ran["expire"]["last_good_at"] is not None
    assert {one["schedule"] for one in later if one["overdue"]} >= {"expire", "pull"}


def test_the_service_tells_what_is_late_and_that_it_is_well_again(
    pulled: Shell, desk: Desk
) -> None:
    with_channels(pulled, desk)
    with open_here(pulled.installation, pulled.clock) as zixin:
        service, ticker = Service(zixin), Ticker(zixin.engine, pulled.clock)
        schedules = {one.name: one for one in service.schedules()}
        ticker.make_up(schedules["expire"])
        pulled.clock.move(timedelta(days=1, hours=3))
        service.look_and_tell()
        service.look_and_tell()
        late = [one["message"] for one in desk.got]
        pulled.clock.move(timedelta(minutes=1))
        ticker.make_up(schedules["expire"])
        service.look_and_tell()
        told = [one["message"] for one in desk.got[len(late) :]]

    expire = [text for text in late if text.startswith("Ends of decisions")]
    assert len(expire) == 1, late
    assert "zixin schedule list" in expire[0]
    assert [text for text in told if "Ends of decisions" in text] == [
        f"In order again, it was: {expire[0]}"
    ]
    assert "Ends of decisions" not in str(pulled.json("alert", "list")["alerts"])
