"""A disk that is full, refuses to confirm, or is locked: nothing is promised that is not kept.

No 2xx without a row, no write to a CRM without a durable intent, a sound database, and it goes on by
itself once there is room. The full form needs ``strace`` and the right to mount a small disk.
(reliability T08; F17, F18)
"""

import json
import os
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import pytest
import requests
import sqlalchemy as sa

from connector.cli.sandboxes import HOOK_WORDS
from connector.store.engine import UNSYNCED_EXIT, create_engine, reading
from connector.store.queue_tables import outbox
from tests.journeys.ending import messages_kept
from tests.journeys.harness import CONNECTION_NAMES, wrap
from tests.journeys.nursery import Nursery
from tests.journeys.one_cycle import Cycle, Place, a_cycle, begun_anew
from tests.journeys.serving import free_port, genuine, listen_on
from tests.journeys.small_company import VENDORS
from tests.journeys.tracing import injecting, needs_strace

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

pytestmark = [
    pytest.mark.full,
    pytest.mark.timeout(900),
    pytest.mark.skipif("TEST_DATABASE_URL" in os.environ, reason="PostgreSQL minds its own disk"),
]

DISK_BYTES = 12 * 1024 * 1024
RECOVERS_WITHIN = 30.0
LOCKED_SECONDS = 30.0
_WRITES = {
    ("PUT", "/crm/v8/Accounts"),
    ("POST", "/crm/v8/Tasks"),
    ("POST", "/cgi/crm/v2/data/update"),
    ("POST", "/cgi/crm/custom/v2/data/create"),
}


@pytest.fixture(scope="module")
def cycle(tmp_path_factory: pytest.TempPathFactory, nursery: Nursery) -> Cycle:
    """The cycle, and how it ends in peace."""
    return a_cycle(tmp_path_factory.mktemp("cycle"), nursery)


class Witness:
    """Stands before the CRMs and looks, at each write, whether the database says it would come."""

    def __init__(self, place: Place) -> None:
        self.writes = 0
        self.unannounced: list[str] = []
        self._engine = create_engine(f"sqlite:///{place.database}")
        for vendor in VENDORS:
            wrap(place.installation.crms, vendor, partial(self._around, CONNECTION_NAMES[vendor]))

    def close(self) -> None:
        """Let the database go."""
        self._engine.dispose()

    def _around(self, system: str, app: "WSGIApplication") -> "WSGIApplication":
        def application(
            environ: "WSGIEnvironment", start_response: "StartResponse"
        ) -> Iterable[bytes]:
            call = (environ["REQUEST_METHOD"], environ["PATH_INFO"])
            if call in _WRITES:
                self.writes += 1
                if not self._announced(system):
                    self.unannounced.append(f"{system} {call}")
            return app(environ, start_response)

        return application

    def _announced(self, system: str) -> bool:
        sending = sa.select(outbox.c.id).where(
            outbox.c.system == system, outbox.c.state == "running", outbox.c.sent_at.is_not(None)
        )
        with reading(self._engine) as conn:
            return conn.execute(sending).first() is not None


@contextmanager
def witnessed(cycle: Cycle, folder: Path, nursery: Nursery) -> Iterator[tuple[Place, Witness]]:
    with begun_anew(cycle, folder, nursery) as place:
        witness = Witness(place)
        try:
            yield place, witness
        finally:
            witness.close()


@needs_strace
@pytest.mark.parametrize("number", [1, 3, 7, 12, 20])
def test_a_disk_that_does_not_confirm_ends_the_process_and_the_next_one_goes_on(
    number: int, cycle: Cycle, tmp_path: Path, nursery: Nursery
) -> None:
    with witnessed(cycle, tmp_path / "it", nursery) as (place, witness):
        pid = place.start("push", traced=True)
        with injecting(pid, "fdatasync", f"error=EIO:when={number}"):
            ended = nursery.ended()
        after = place.finish()

    # 1: it was the file beside the database, by which processes know of each other, at the start.
    assert ended in {UNSYNCED_EXIT, 1}, nursery.log.read_text()[-3000:]
    assert witness.unannounced == []
    after.must_equal(cycle.ending, f"EIO at the {number}th confirmation")


@needs_strace
@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
@pytest.mark.parametrize("number", [1, 9, 40, 110, 190])
def test_a_disk_that_refuses_writes_leaves_nothing_half_done(
    error: str, number: int, cycle: Cycle, tmp_path: Path, nursery: Nursery
) -> None:
    with witnessed(cycle, tmp_path / "it", nursery) as (place, witness):
        pid = place.start("push", traced=True)
        with injecting(pid, "pwrite64", f"error={error}:when={number}+"):
            nursery.ended()
        after = place.finish()

    assert witness.unannounced == []
    after.must_equal(cycle.ending, f"{error} from the {number}th write on")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of a few MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(disk))
    done = subprocess.run(mount, check=False, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"needs the right to mount a small disk (root): {done.stderr.strip()}")
    try:
        yield disk
    finally:
        subprocess.run(("umount", "-l", str(disk)), check=True)


class Sender:
    """Sends genuine messages to a served installation and keeps what was accepted."""

    def __init__(self, place: Place, port: int) -> None:
        self.accepted: list[bytes] = []
        self.answers: Counter[int] = Counter()
        self._place, self._port, self._number = place, port, 0

    def send(self, count: int) -> None:
        """Send so many."""
        for _ in range(count):
            self._number += 1
            vendor = VENDORS[self._number % 2]
            record = str(5_000_000_000_000 + self._number)
            body = json.dumps(genuine(self._place.installation, vendor, record)).encode()
            status = self._post(f"hooks/{HOOK_WORDS[vendor]}", body)
            self.answers[status] += 1
            if 200 <= status < 300:
                self.accepted.append(body)

    def accepts(self) -> bool:
        """Tell whether messages are taken now."""
        before = len(self.accepted)
        self.send(2)
        return len(self.accepted) == before + 2

    def healthy(self) -> bool:
        """Tell whether the process says that it lives."""
        with requests.Session() as http:
            http.trust_env = False
            try:
                return http.get(f"http://127.0.0.1:{self._port}/healthz", timeout=5).ok
            except requests.ConnectionError:
                return False

    def _post(self, path: str, body: bytes) -> int:
        with requests.Session() as http:
            http.trust_env = False
            url = f"http://127.0.0.1:{self._port}/{path}"
            return http.post(url, data=body, timeout=LOCKED_SECONDS * 2).status_code


@contextmanager
def served(place: Place) -> Iterator[Sender]:
    port = free_port()
    listen_on(place.installation, port)
    pid = place.start("serve")
    sender = Sender(place, port)
    try:
        within(60, sender.healthy)
        within(60, sender.accepts)  # the channels were asked for
        sender.answers.clear()
        yield sender
    finally:
        os.kill(pid, 9)
        place.nursery.ended()


def within(seconds: float, holds: Callable[[], bool]) -> float:
    """Wait until something holds, and tell how long it took."""
    began, pause = monotonic(), threading.Event()
    while not holds():
        assert monotonic() - began < seconds, f"not within {seconds:.0f} s"
        pause.wait(0.2)
    return monotonic() - began


def test_a_full_disk_takes_no_message_and_goes_on_once_there_is_room(
    cycle: Cycle, small_disk: Path, nursery: Nursery
) -> None:
    with witnessed(cycle, small_disk / "it", nursery) as (place, witness):
        with served(place) as sender:
            ballast = small_disk / "ballast"
            for _ in range(40):  # what the log has room for is taken still
                _fill(ballast)
                sender.send(10)
            full = sender.answers.copy()
            assert sender.healthy()
            ballast.unlink()
            within(RECOVERS_WITHIN, sender.accepts)
        after = place.finish()
        engine = create_engine(f"sqlite:///{place.database}")
        kept = messages_kept(engine)
        engine.dispose()

    assert full[503] > 50
    assert set(full) <= {200, 503}  # whether the log had room for some is chance
    assert set(sender.accepted) <= kept
    assert witness.unannounced == []
    after.must_equal(cycle.ending, "a full disk")


def test_a_database_locked_for_half_a_minute_loses_no_message(
    cycle: Cycle, tmp_path: Path, nursery: Nursery
) -> None:
    with witnessed(cycle, tmp_path / "it", nursery) as (place, witness):
        with served(place) as sender:
            engine = create_engine(f"sqlite:///{place.database}")
            with engine.connect() as conn:
                conn.execution_options(zixin_write=True)
                with conn.begin():
                    senders = [threading.Thread(target=sender.send, args=(1,)) for _ in range(4)]
                    for each in senders:
                        each.start()
                    threading.Event().wait(LOCKED_SECONDS)
            for each in senders:
                each.join()
            within(RECOVERS_WITHIN, sender.accepts)
            kept = messages_kept(engine)
            engine.dispose()
        after = place.finish()

    assert set(sender.answers) <= {200, 503}
    assert set(sender.accepted) <= kept
    assert witness.unannounced == []
    after.must_equal(cycle.ending, "a locked database")


def _fill(ballast: Path) -> None:
    with ballast.open("ab", buffering=0) as file:
        for size in (65536, 4096, 512, 1):
            try:
                while file.write(b"\0" * size) == size:
                    pass
            except OSError:
                continue
