"""``zixin serve`` in a process of its own beside sandbox CRMs that notify it."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import requests
import sqlalchemy as sa

from connector.cli.sandboxes import CALLBACK_KEY, HOOK_WORDS
from connector.store.engine import create_engine, reading
from connector.store.queue_tables import chunks, inbox, outbox, ticks
from connector.store.tables import leases, stale
from sandbox.fxiaoke import FxiaokeTenant
from sandbox.fxiaoke.store import Change
from sandbox.zoho import ZohoOrg
from tests.journeys.harness import Installation

__all__ = ["Serve", "free_port", "genuine", "launch", "listen_on", "serving", "wait_until"]

_ROOT = Path(__file__).parents[2]
_SCHEDULES = {"sqlite": 13, "postgresql": 12}  # PostgreSQL is not backed up unless asked for
_END_SECONDS = 40
_POLL_SECONDS = 0.05


@dataclass(kw_only=True)
class Serve:
    """A running ``zixin serve``: its process, the latest one, its database seen from outside, its address."""

    process: subprocess.Popen[bytes]
    installation: Installation
    engine: sa.Engine
    port: int

    def end(self) -> int:
        """Send SIGTERM and return the exit code; when it does not come, show what its threads do."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired as error:
            self.process.send_signal(signal.SIGABRT)
            self.process.wait()
            error.add_note(self.said())
            raise

    def restart(self, how: signal.Signals) -> None:
        """End the process by a signal and start another in its place."""
        self.process.send_signal(how)
        self.process.wait(_END_SECONDS)
        self.process = launch(self.installation, "serve")
        wait_until(self.listens, "listening again", seconds=60)

    def said(self) -> str:
        """Return what it printed."""
        return (self.installation.folder / "serve.log").read_text(encoding="utf-8")

    def hook(self, vendor: str) -> str:
        """Return the address a CRM sends its notifications to."""
        return f"http://127.0.0.1:{self.port}/hooks/{HOOK_WORDS[vendor]}"

    def post(self, vendor: str, body: bytes) -> int:
        """Send a message as anybody could, and return the HTTP status."""
        with requests.Session() as http:
            http.trust_env = False
            return http.post(self.hook(vendor), data=body, timeout=10).status_code

    def stored(self) -> int:
        """Count the messages it keeps."""
        with reading(self.engine) as conn:
            return conn.execute(sa.select(sa.func.count()).select_from(inbox)).scalar_one()

    def quiet(self) -> bool:
        """Tell whether nothing is under way: no schedule, message, decision, write or notification."""
        crms = [self.installation.crms.crm(name) for name in self.installation.crms.names()]
        before = _last_call(self.installation)
        return (
            self._idle()
            and not any(crm.notifier.counters()["waiting"] for crm in crms)
            and self._idle()
            and before == _last_call(self.installation)
        )

    def under_way(self) -> str:
        """Say what is not settled, for a person who looks at a failure."""
        lines = []
        with reading(self.engine) as conn:
            for table in (inbox, outbox):
                columns = (table.c.kind, table.c.state, table.c.run_after, table.c.last_error)
                rows = conn.execute(sa.select(*columns).where(table.c.state != "done"))
                lines += [f"{table.name}: {tuple(row)}" for row in rows]
            marks = conn.execute(sa.select(stale.c.system, stale.c.account_id))
            lines += [f"stale: {tuple(row)}" for row in marks]
        return "\n".join(lines) or "nothing is under way"

    def listens(self) -> bool:
        """Tell whether it takes messages."""
        with requests.Session() as http:
            http.trust_env = False
            try:
                return http.get(f"http://127.0.0.1:{self.port}/readyz", timeout=5).ok
            except requests.ConnectionError:
                return False

    def _idle(self) -> bool:
        waiting = ("ready", "running")
        with reading(self.engine) as conn:
            open_rows = sum(
                conn.execute(
                    sa.select(sa.func.count()).select_from(table).where(table.c.state.in_(waiting))
                ).scalar_one()
                for table in (inbox, outbox, chunks)
            )
            marks = conn.execute(sa.select(sa.func.count()).select_from(stale)).scalar_one()
            # Tasks are planned in a commit after that which takes the marks away.
            held = conn.execute(sa.select(leases.c.name).where(leases.c.owner != "")).all()
            begun = conn.execute(sa.select(ticks.c.schedule, ticks.c.finished_at)).all()
        finished = {row.schedule for row in begun if row.finished_at is not None}
        under_way = [row for row in begun if row.finished_at is None]
        return (
            not open_rows
            and not marks
            and not held
            and not under_way
            and len(finished) == _SCHEDULES[self.engine.dialect.name]
        )


def _last_call(installation: Installation) -> int:
    crms = installation.crms
    return sum(call.number for name in crms.names() for call in list(crms.crm(name).journal)[-1:])


def free_port() -> int:
    """Find a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listen_on(installation: Installation, port: int) -> None:
    """Let the configuration name a port, and Fenxiang's administrator, if any, enter the address."""
    installation.edit("port = 8080", f"port = {port}")
    installation.edit("127.0.0.1:8080", f"127.0.0.1:{port}")
    if "fxiaoke" not in installation.crms.names():
        return
    url = installation.crms.url("fxiaoke")
    callback = {"url": f"http://127.0.0.1:{port}/hooks/{HOOK_WORDS['fxiaoke']}"}
    with requests.Session() as http:
        http.trust_env = False
        answer = http.put(
            f"{url}/_sandbox/callback", json=callback | {"key": CALLBACK_KEY}, timeout=10
        )
    answer.raise_for_status()


def launch(installation: Installation, command: str, log: str = "serve") -> subprocess.Popen[bytes]:
    """Start a command that serves; what it prints goes to ``LOG.log`` in the folder."""
    with (installation.folder / f"{log}.log").open("ab") as to:
        return subprocess.Popen(
            [sys.executable, "-m", "connector.cli.main", command, "-c", str(installation.config)],
            cwd=_ROOT,
            env={**os.environ, **installation.environment, "PYTHONFAULTHANDLER": "1"},
            stdin=subprocess.DEVNULL,
            stdout=to,
            stderr=to,
        )


def _database_of(installation: Installation) -> str:
    url: str = tomllib.loads(installation.config.read_text("utf-8"))["store"]["url"]
    kind, _, path = url.partition(":///")
    return f"sqlite:///{installation.folder / path}" if kind == "sqlite" else url


@contextmanager
def serving(installation: Installation) -> Iterator[Serve]:
    """Run ``zixin serve`` while the block runs; it is ended with it, by its id."""
    port = free_port()
    listen_on(installation, port)
    process = launch(installation, "serve")
    engine = create_engine(_database_of(installation))
    serve = Serve(process=process, installation=installation, engine=engine, port=port)
    try:
        wait_until(serve.listens, "listening", seconds=60)
        yield serve
    finally:
        try:
            if serve.process.poll() is None:
                serve.end()
        finally:
            serve.process.kill()
            serve.process.wait()
            engine.dispose()


def wait_until(holds: Callable[[], bool], what: str, *, seconds: float = 30) -> float:
    """Wait until something holds and tell how long it took; fail after ``seconds``."""
    began, pause = monotonic(), threading.Event()
    while not holds():
        assert monotonic() - began < seconds, f"not within {seconds:.0f} s: {what}"
        pause.wait(_POLL_SECONDS)
    return monotonic() - began


def genuine(installation: Installation, vendor: str, record_id: str) -> dict[str, object]:
    """Make a message as the CRM itself would send for a changed payment."""
    crm = installation.crms.crm(vendor)
    if isinstance(crm, FxiaokeTenant):
        change = Change(
            api_name="PaymentObj",
            record_id=record_id,
            event="update",
            at_ms=int(crm.clock.now().timestamp() * 1000),
        )
        return _object(crm.callbacks.body(change))
    return {
        "module": "Payments",
        "ids": [record_id],
        "operation": "update",
        "token": installation.environment["SANDBOX_CHANNEL_TOKEN"],
        "channel_id": _channel_of(installation, "Payments"),
        "server_time": int(crm.clock.now().timestamp() * 1000),
    }


def _channel_of(installation: Installation, module: str) -> str:
    org = installation.crms.crm("zoho")
    assert isinstance(org, ZohoOrg)
    channels = (
        channel.id
        for channel in org.watch.channels()
        if any(event.startswith(f"{module}.") for event in channel.events)
    )
    return next(channels, "1")  # before the first was asked for


def _object(body: bytes) -> dict[str, object]:
    decoded: Mapping[str, object] = json.loads(body)
    return dict(decoded)
