"""SIGKILL again and again on one installation beside faulty CRMs; each day ends as if nothing was.

A day is a few bookings in both CRMs. In the killed series processes die at random points of that
day's pulling, assessing, writing back, creating of tasks, refreshing of tokens and answering of
messages, while the CRMs play faults; then all is finished in peace. The day must end like the same
day of a series in which nothing died and nothing failed. (reliability T02; G1 to G5, G7, G8)
"""

import json
import os
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from random import Random
from signal import SIGKILL
from typing import TYPE_CHECKING

import pytest
import requests
import sqlalchemy as sa
from werkzeug.wrappers import Response

from connector.cli.sandboxes import HOOK_WORDS
from connector.store.engine import create_engine, reading, writing
from connector.store.tables import connections
from sandbox.fault_plan import fault_plan
from sandbox.faults import FaultKind
from tests.databases import empty_database
from tests.journeys.clerk import Clerk, clerks_of
from tests.journeys.ending import Ending, ending_of, messages_kept, under_way
from tests.journeys.harness import Installation, installed, wrap
from tests.journeys.nursery import Nursery
from tests.journeys.serving import free_port, genuine, listen_on
from tests.journeys.small_company import VENDORS, a_company

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

pytestmark = pytest.mark.database

AS_OF = date(2026, 3, 31)
BEGAN = datetime(2026, 3, 30, 17, tzinfo=UTC)  # one in the morning in Shanghai
A_DAY = timedelta(minutes=70)  # all of them on one date of the calendar
A_WHILE = timedelta(minutes=6)  # longer than the settle window
MOMENT = timedelta(minutes=1)
MOST_FINISHES = 8
FAULTS = tuple(
    kind
    for kind in FaultKind
    if kind not in {FaultKind.BROKEN_BYTES, FaultKind.QUOTA, FaultKind.SLOW, FaultKind.SLOW_BODY}
)


class Doing(StrEnum):
    """What a process is killed in."""

    PULL = "pull"
    ASSESS = "assess"
    FIELDS = "write-back"
    TASKS = "task creation"
    TOKEN = "token refresh"
    ANSWER = "webhook answer"


class Killer:
    """Stands before the CRMs and kills at a call of a kind: before it, after it, or later."""

    def __init__(self) -> None:
        self.calls = 0
        self._lock = threading.Lock()
        self._aim: tuple[Doing, int, str, float] | None = None
        self._victim = threading.Event()
        self._pid = 0

    def stand_before(self, installation: Installation) -> None:
        """Let every call to the CRMs come by here."""
        for vendor in installation.crms.names():
            wrap(installation.crms, vendor, self._around)

    def aim(self, doing: Doing, number: int, moment: str, seconds: float) -> None:
        """Kill at the ``number``-th call of a kind."""
        self._victim.clear()
        with self._lock:
            self._aim = (doing, number, moment, seconds)

    def victim(self, pid: int) -> None:
        """Name the process; no call that is aimed at goes on before."""
        self._pid = pid
        self._victim.set()

    def stand_down(self) -> None:
        """Kill nobody."""
        with self._lock:
            self._aim = None

    def kill(self) -> None:
        """Kill the process now, if it still lives."""
        self._victim.wait()
        try:
            os.kill(self._pid, SIGKILL)
        except ProcessLookupError:
            return

    def _around(self, app: "WSGIApplication") -> "WSGIApplication":
        def application(
            environ: "WSGIEnvironment", start_response: "StartResponse"
        ) -> Iterable[bytes]:
            hit = self._hit(_doing(environ["REQUEST_METHOD"], environ["PATH_INFO"]))
            if hit is None:
                return app(environ, start_response)
            moment, seconds = hit
            if moment == "between":
                answer = app(environ, start_response)
                threading.Timer(seconds, self.kill).start()
                return answer
            if moment == "after":
                with suppress(ConnectionError):  # a fault of the wire came first
                    Response.from_app(app, environ, buffered=True).close()
            self.kill()
            raise ConnectionResetError("nobody is there to be answered")

        return application

    def _hit(self, doing: Doing) -> tuple[str, float] | None:
        with self._lock:
            self.calls += 1
            if self._aim is None or self._aim[0] is not doing:
                return None
            meant, number, moment, seconds = self._aim
            self._aim = (meant, number - 1, moment, seconds) if number > 1 else None
        return (moment, seconds) if number == 1 else None


def _doing(method: str, path: str) -> Doing:
    if "oauth" in path:
        return Doing.TOKEN
    if (method, path) == ("PUT", "/crm/v8/Accounts") or path == "/cgi/crm/v2/data/update":
        return Doing.FIELDS
    if path in {"/crm/v8/Tasks", "/cgi/crm/custom/v2/data/create"} and method != "GET":
        return Doing.TASKS
    return Doing.PULL


@dataclass
class Series:
    """An installation through a number of days; ``rng`` is ``None`` where nothing is to die."""

    installation: Installation
    engine: sa.Engine
    nursery: Nursery
    clerks: Mapping[str, Clerk]
    port: int
    rng: Random | None = None
    killer: Killer = field(default_factory=Killer)
    killed: Counter[Doing] = field(default_factory=Counter)
    survived: int = 0
    accepted: list[bytes] = field(default_factory=list)

    @property
    def shift(self) -> timedelta:
        """How far the CRMs' clock stands from the machine's."""
        return self.installation.crms.crm("zoho").clock.now() - datetime.now(UTC)

    def pass_time(self, step: timedelta) -> None:
        """Let time pass for the CRMs and for the processes to come."""
        self.installation.crms.crm("zoho").clock.advance(step)

    def day(self, number: int, kills: int) -> Ending:
        """Book, let processes die, finish in peace, and look."""
        clock, morning = self.installation.crms.crm("zoho").clock, BEGAN + number * A_DAY
        assert clock.now() < morning, "the day before took too long"
        clock.set(morning, frozen=True)  # ids that Fenxiang gives hold the time
        book(self.clerks, number)
        clock.set(morning)
        if self.rng is not None:
            self._suffer(number, kills, self.rng)
        self._finish()
        return ending_of(self.engine, self.installation.crms)

    def _suffer(self, number: int, kills: int, rng: Random) -> None:
        for index, vendor in enumerate(VENDORS):
            faults = self.installation.crms.crm(vendor).faults
            faults.replace(fault_plan(rng.randrange(2**31) + index, kinds=FAULTS, firing=0.08))
        before = self.killed.total()
        for attempt in range(3 * kills):
            if self.killed.total() - before >= kills:
                break
            doing = list(Doing)[(number * kills + attempt) % len(Doing)]
            self._attempt(doing, rng)
            self.pass_time(MOMENT)
        for vendor in VENDORS:
            self.installation.crms.crm(vendor).faults.clear()

    def _attempt(self, doing: Doing, rng: Random) -> None:
        """Start a process and let it die in what it is doing, if it comes to that."""
        if doing is Doing.TOKEN:
            self._age_tokens()
        if doing is Doing.ANSWER:
            ended = self._answer(rng)
        elif doing is Doing.ASSESS:
            self.nursery.start(
                "run", self.installation, self.shift, dies_in_assess=rng.uniform(0, 0.25)
            )
            ended = self.nursery.ended()
        else:
            most = 25 if doing is Doing.PULL else 2
            moment = rng.choice(["before", "after", "between"])
            self.killer.aim(doing, rng.randint(1, most), moment, rng.uniform(0, 0.2))
            self.killer.victim(self.nursery.start("run", self.installation, self.shift))
            ended = self.nursery.ended()
            self.killer.stand_down()
        assert ended in {0, -SIGKILL}, self.nursery.log.read_text()[-3000:]
        if ended == -SIGKILL:
            self.killed[doing] += 1
        else:
            self.survived += 1

    def _age_tokens(self) -> None:
        with writing(self.engine) as conn:
            conn.execute(connections.update().values(token=None))

    def _answer(self, rng: Random) -> int:
        """Serve, send messages, and kill while they are answered."""
        pid = self.nursery.start("serve", self.installation, self.shift)
        self.killer.victim(pid)
        senders = [
            threading.Thread(target=self._send, args=(vendor, rng.randrange(2**40)))
            for vendor in VENDORS
        ]
        if self._listens():
            for sender in senders:
                sender.start()
            time.sleep(rng.uniform(0.0, 0.6))
        self.killer.kill()
        ended = self.nursery.ended()
        for sender in senders:
            if sender.ident is not None:
                sender.join()
        return ended

    def _listens(self) -> bool:
        with requests.Session() as http:
            http.trust_env = False
            for _ in range(400):
                try:
                    return http.get(f"http://127.0.0.1:{self.port}/readyz", timeout=5).ok
                except requests.ConnectionError:
                    time.sleep(0.02)
        return False

    def _send(self, vendor: str, first: int) -> None:
        """Send messages until nobody answers; those that were accepted are owed."""
        with requests.Session() as http:
            http.trust_env = False
            for number in range(50):
                message = genuine(self.installation, vendor, str(first + number))
                body = json.dumps(message).encode()
                url = f"http://127.0.0.1:{self.port}/hooks/{HOOK_WORDS[vendor]}"
                try:
                    answer = http.post(url, data=body, timeout=10)
                except requests.RequestException:
                    return
                if answer.ok:
                    self.accepted.append(body)

    def _finish(self) -> None:
        for _ in range(MOST_FINISHES):
            self.pass_time(A_WHILE if self.rng is not None else MOMENT)
            self.nursery.start("finish", self.installation, self.shift)
            assert self.nursery.ended() == 0, self.nursery.log.read_text()[-3000:]
            with reading(self.engine) as conn:
                if not under_way(conn):
                    return


def book(clerks: Mapping[str, Clerk], number: int) -> None:
    """Do a day's bookings: an invoice that is overdue, or a payment in full or in part."""
    clerk = clerks[VENDORS[number % 2]]
    items = sorted(clerk.owed(), key=lambda item: (item.account, item.invoice))
    item = items[(number // 2) % len(items)]
    if number % 3 == 0 or len(items) < 3:
        day = AS_OF - timedelta(days=20 + 11 * (number % 9))
        clerk.bill(item.account, f"N-{number:04}", Decimal(1000 + 137 * number), due_on=day)
    elif number % 3 == 1:
        clerk.pay([(item, item.amount)], AS_OF)
    else:
        clerk.pay([(item, (item.amount / 3).quantize(Decimal("0.01")))], AS_OF)


@contextmanager
def a_series(folder: Path, nursery: Nursery, rng: Random | None) -> Iterator[Series]:
    """Install beside both CRMs, long before noon of the day."""
    folder.mkdir(parents=True)
    with (
        empty_database(folder) as url,
        installed(folder, a_company(), as_of=AS_OF, database_url=url) as installation,
    ):
        installation.crms.crm("zoho").clock.set(BEGAN - A_DAY / 2)
        port = free_port()
        listen_on(installation, port)
        clerks, engine = clerks_of(installation.crms), create_engine(url)
        series = Series(
            installation=installation,
            engine=engine,
            nursery=nursery,
            clerks=clerks,
            port=port,
            rng=rng,
        )
        series.killer.stand_before(installation)
        try:
            series._finish()
            yield series
        finally:
            engine.dispose()
            for clerk in clerks.values():
                clerk.close()


def suffer(tmp_path: Path, nursery: Nursery, seed: int, *, days: int, kills: int) -> Series:
    """Compare a series of deaths with one in peace, day by day; returns the former."""
    with (
        a_series(tmp_path / "peace", nursery, None) as peace,
        a_series(tmp_path / "deaths", nursery, Random(seed)) as deaths,
    ):
        for number in range(days):
            expected, after = peace.day(number, 0), deaths.day(number, kills)
            killed = dict(deaths.killed)
            after.must_equal(expected, f"day {number}, seed {seed}, killed so far {killed}")
        assert set(deaths.accepted) <= messages_kept(deaths.engine)
        return deaths


@pytest.mark.journey
@pytest.mark.timeout(590)
def test_a_few_deaths_leave_no_trace(tmp_path: Path, nursery: Nursery, seed: int) -> None:
    deaths = suffer(tmp_path, nursery, seed, days=2, kills=6)

    assert deaths.killed.total() >= 9, dict(deaths.killed)


@pytest.mark.full
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(2))
def test_a_hundred_deaths_leave_no_trace(
    tmp_path: Path, nursery: Nursery, seed: int, part: int
) -> None:
    if part and "TEST_DATABASE_URL" in os.environ:
        pytest.skip("a hundred deaths on PostgreSQL, two hundred on SQLite")
    deaths = suffer(tmp_path, nursery, seed + part, days=18, kills=6)

    assert deaths.killed.total() >= 100, dict(deaths.killed)
    assert set(deaths.killed) == set(Doing)
    assert deaths.accepted
