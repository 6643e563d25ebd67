"""Zoho tells that a bulk job is over: waiting ends at once, looks are saved, and none is needed."""

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import requests
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.serving import make_server

from adapters.events import ForgedMessage
from adapters.port import CreditField, Cursor, FieldUpdate, Receipt
from adapters.registry import job_verifiers_for, verifier_for
from adapters.settings import ConnectionSettings, Secret
from adapters.zoho.callbacks import CALLED_WAITS, job_of
from adapters.zoho.port import ZohoPort
from connector.clock import FixedClock
from connector.store.engine import reading
from connector.store.queue_tables import inbox
from connector.work.callbacks import InboxCallbacks
from connector.work.inbox import DatabaseInbox, EventSource
from connector.work.nodes import Node, serving_as
from sandbox.notifier import Notifier
from scoring.records import AccountRef, Kind
from tests.contract.bench import START, ZOHO, Bench, Time, open_bench, read_all
from tests.contract.openapi import needs_files, request_mismatches
from webhooks.app import create_app
from webhooks.counts import Counts

WORD = "w-93hdk2"
ACCOUNTS, JOB_SECONDS = 3, 50.0
READ, WRITE = "GET /crm/bulk/v8/read/", "GET /crm/bulk/v8/write/"
SETTINGS = ConnectionSettings(
    name="crm",
    vendor="zoho",
    secrets={"channel_token": Secret("today"), "channel_token_old": Secret("yesterday")},
)
WEB = Node(name="a", parts="web worker scheduler", host="a")


@dataclass
class ToldTime(Time):
    """Time that passes by sleeping, and after which the CRM sends what it has to tell."""

    notifier: Notifier | None = None
    tells_at: float = JOB_SECONDS

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self.notifier is not None and self.seconds >= self.tells_at:
            assert self.notifier.flush(10)


@dataclass
class House:
    """A look-alike that can call a receiver, which keeps what it is told in a database."""

    bench: Bench
    engine: sa.Engine
    url: str
    counts: Counts
    time: ToldTime

    def callbacks(self, url: str | None = None) -> InboxCallbacks:
        token = next(iter(job_verifiers_for(SETTINGS)))
        return InboxCallbacks(self.engine, "crm", url or f"{self.url}/{token}")

    def read(self, **changes: Any) -> int:
        """Read the accounts by an export and tell how many came."""
        options = {"page_rows": 2, "export": "always"}
        port = self.bench.open(options=options, **{"callbacks": self.callbacks()} | changes)
        pages = read_all(port, Kind.ACCOUNTS)
        return len({record.record_id for page in pages for record in page.records})

    def write(self, account_id: str, **changes: Any) -> int:
        """Write a field by a job and tell how many records it wrote."""
        options = {"bulk_write": "always"}
        port = self.bench.open(options=options, **{"callbacks": self.callbacks()} | changes)
        assert isinstance(port, ZohoPort)
        update = FieldUpdate(
            account=AccountRef("crm", account_id), values={CreditField.RATING: "A"}
        )
        outcomes = port.update_fields_in_bulk([update], go_on=lambda: True)
        return sum(isinstance(each, Receipt) for each in outcomes)

    def some_accounts(self) -> str:
        """Add as many as an export is worth while, and name one."""
        first, *_ = [self.bench.add_account() for _ in range(ACCOUNTS)]
        return first

    def looks(self, where: str) -> int:
        calls = (f"{call.method} {call.path}" for call in self.bench.crm.journal)
        return sum(call.startswith(where) and not call.endswith("/result") for call in calls)

    def kept(self) -> list[str]:
        with reading(self.engine) as conn:
            return list(conn.execute(sa.select(inbox.c.message_id)).scalars())

    def post(self, path: str, body: dict[str, object]) -> int:
        with requests.Session() as http:
            http.trust_env = False
            return http.post(f"{self.url}{path}", json=body, timeout=10).status_code


@contextmanager
def _house(engine: sa.Engine, clock: FixedClock) -> Iterator[House]:
    counts = Counts()
    sources = {
        f"{WORD}/{token}": EventSource(name="crm", codec=codec)
        for token, codec in job_verifiers_for(SETTINGS).items()
    }
    sources[WORD] = EventSource(name="crm", codec=next(iter(job_verifiers_for(SETTINGS).values())))
    app = create_app(sources, DatabaseInbox(engine), clock.now, counts=counts)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    with ExitStack() as stack:
        stack.callback(thread.join, 10)
        stack.callback(server.server_close)
        stack.callback(server.shutdown)
        bench = stack.enter_context(open_bench(ZOHO, bulk_job_seconds=JOB_SECONDS))
        bench.time = ToldTime(clock=bench.crm.clock, notifier=bench.crm.notifier)
        url = f"http://127.0.0.1:{server.server_port}/hooks/{WORD}"
        yield House(bench, engine, url, counts, bench.time)


@pytest.fixture
def house(engine: sa.Engine, clock: FixedClock) -> Iterator[House]:
    with _house(engine, clock) as running, serving_as(engine, WEB, lost=lambda: None):
        yield running


def test_an_export_that_calls_back_is_looked_after_once(house: House) -> None:
    house.some_accounts()
    assert house.read() == ACCOUNTS

    assert house.looks(READ) == 1
    assert JOB_SECONDS <= house.time.seconds < JOB_SECONDS + 5
    assert len(house.kept()) == 1

    began = house.time.seconds
    house.read(callbacks=None)
    assert house.looks(READ) == 1 + 3  # after 15, 45 and 90 seconds
    assert house.time.seconds - began == 90


def test_a_write_that_calls_back_is_looked_after_once(house: House) -> None:
    account = house.some_accounts()
    assert house.write(account) == 1

    assert house.looks(WRITE) == 1
    assert house.time.seconds < JOB_SECONDS + 5

    began = house.time.seconds
    house.write(account, callbacks=None)
    assert house.looks(WRITE) == 1 + 5  # after 3, 8, 18, 33 and 63 seconds
    assert house.time.seconds - began == 63


def test_a_call_that_is_lost_costs_a_minute_and_no_more_looks(house: House) -> None:
    account = house.some_accounts()
    house.bench.crm.notifier.set_knobs({"drop": 1.0})

    assert (house.read(), house.write(account)) == (ACCOUNTS, 1)
    assert (house.looks(READ), house.looks(WRITE)) == (1, 1)
    assert house.time.seconds == pytest.approx(2 * CALLED_WAITS[0], abs=1)
    assert house.kept() == []


def test_a_call_that_comes_twice_is_kept_once(house: House) -> None:
    house.some_accounts()
    house.bench.crm.notifier.set_knobs({"duplicate": 1.0})

    assert house.read() == ACCOUNTS
    assert house.bench.crm.notifier.flush(10)
    assert house.looks(READ) == 1
    assert len(house.kept()) == 1
    assert house.counts.of("crm", "accepted") == 1
    assert house.counts.of("crm", "duplicate") == 1


def test_a_forged_call_is_refused_and_counted_and_nothing_is_kept(house: House) -> None:
    token = next(iter(job_verifiers_for(SETTINGS)))
    told: dict[str, object] = {"job_id": "5000000000700001", "state": "COMPLETED"}

    assert house.post(f"/{token[:-1]}", told) == 401
    assert house.post(f"/{token}", {"job_id": "no job"}) == 401
    assert house.counts.of("crm", "forged") == 2
    assert house.kept() == []
    assert house.post(f"/{token}", told) == 200
    assert house.kept() == ["job:5000000000700001"]


def test_the_address_of_the_token_before_is_still_called(house: House) -> None:
    _, old = job_verifiers_for(SETTINGS)

    assert house.post(f"/{old}", {"data": [{"id": 5000000000700001, "operation": "read"}]}) == 200
    assert house.kept() == ["job:5000000000700001"]


def test_who_is_told_before_the_time_looks_as_if_nobody_told(house: House) -> None:
    """A job that still works is not looked after without a pause for that."""
    house.time.tells_at = 1.0
    account = house.some_accounts()

    assert house.write(account) == 1
    assert house.looks(WRITE) == 1 + 5
    house.time.tells_at = house.time.seconds + 1
    assert house.read() == ACCOUNTS
    assert house.looks(READ) <= 4


def test_an_address_that_zoho_refuses_is_done_without(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    account = house.some_accounts()
    elsewhere = house.callbacks("https://credit.example.com/hooks/w/t")

    assert house.read(callbacks=elsewhere) == ACCOUNTS
    assert house.write(account, callbacks=elsewhere) == 1
    assert house.looks(READ) == 3
    assert "Zoho does not call our address: INVALID_CALLBACK_URL" in caplog.text


def test_where_no_receiver_serves_nobody_is_to_be_called(
    engine: sa.Engine, clock: FixedClock
) -> None:
    with _house(engine, clock) as house:
        house.some_accounts()
        worker = Node(name="b", parts="worker", host="b")
        with serving_as(engine, worker, lost=lambda: None):
            assert house.read() == ACCOUNTS

    assert house.looks(READ) == 3
    assert house.bench.crm.notifier.counters()["sent"] == 0


def test_another_process_hears_of_a_job_that_the_first_began(house: House) -> None:
    house.some_accounts()
    options = {"page_rows": 2, "export": "always"}
    first = house.bench.open(options=options, callbacks=house.callbacks())
    begun = first.changes(Kind.ACCOUNTS, first.changes(Kind.ACCOUNTS, Cursor()).cursor)
    assert json.loads(begun.cursor.position)["export"]["called"]
    house.bench.pass_time(timedelta(seconds=JOB_SECONDS))
    assert house.bench.crm.notifier.flush(10)
    other = house.bench.open(options=options, callbacks=house.callbacks())
    pages = read_all(other, Kind.ACCOUNTS, begun.cursor)

    assert sum(len(page.records) for page in pages) == ACCOUNTS - 2
    assert house.time.slept == []
    assert house.looks(READ) == 1


@pytest.mark.parametrize(
    ("body", "job"),
    [
        (b'{"job_id": "5000000000700001", "operation": "read"}', "5000000000700001"),
        (b'{"id": 5000000000700001, "status": "COMPLETED"}', "5000000000700001"),
        (b'{"data": [{"id": "7", "state": "FAILURE"}]}', "7"),
        (b'{"data": [{"id": "7"}, {"id": "8"}]}', None),
        (b'{"job_id": "../7"}', None),
        (b'{"job_id": "12345678901234567890"}', None),
        (b'{"operation": "read"}', None),
        (b"[]", None),
        (b"\xff", None),
    ],
)
def test_a_message_names_its_job_or_is_none(body: bytes, job: str | None) -> None:
    assert job_of(body) == job


def test_a_message_about_a_job_asks_for_nothing_to_be_read() -> None:
    codec = verifier_for(SETTINGS, now=lambda: START, nonce=lambda: "1")

    assert codec.parse_hints(b'{"job_id": "7", "state": "COMPLETED"}') == ()
    with pytest.raises(ForgedMessage):
        codec.verify({}, b'{"job_id": "7", "state": "COMPLETED"}')


@given(body=st.binary(max_size=300) | st.text(max_size=100).map(lambda text: text.encode()))
def test_any_bytes_at_the_path_of_the_jobs_are_taken_or_refused(body: bytes) -> None:
    verifier = next(iter(job_verifiers_for(SETTINGS).values()))
    try:
        verified = verifier.verify({}, body)
    except ForgedMessage:
        return
    assert verified.message_id.removeprefix("job:").isdecimal()


@pytest.mark.realdata
@needs_files
def test_jobs_are_asked_for_as_the_openapi_files_say(house: House) -> None:
    account = house.some_accounts()
    house.read()
    house.write(account)
    created = {
        kind: json.loads(call.request)
        for call in house.bench.crm.journal
        for kind in ("read", "write")
        if (call.method, call.path) == ("POST", f"/crm/bulk/v8/{kind}")
    }

    for kind, body in created.items():
        path = f"/crm/bulk/v8/{kind}"
        assert body["callback"] == {"url": house.callbacks().address(), "method": "post"}
        assert request_mismatches(f"bulk_{kind}.json", "post", path, body) == []
    assert len(created) == 2


def test_who_shares_no_secret_knows_no_address() -> None:
    other = ConnectionSettings(name="other", vendor="zoho", secrets=SETTINGS.secrets)
    bare = ConnectionSettings(name="crm", vendor="zoho")
    fxiaoke = ConnectionSettings(name="crm", vendor="fxiaoke")

    assert job_verifiers_for(other).keys().isdisjoint(job_verifiers_for(SETTINGS))
    assert {**job_verifiers_for(bare), **job_verifiers_for(fxiaoke)} == {}
