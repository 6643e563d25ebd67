"""The parts of ``zixin serve`` as processes of their own on one PostgreSQL database."""

import re
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import sqlalchemy as sa

from connector.store.engine import reading, writing
from connector.store.queue_tables import outbox
from tests.journeys.harness import Installation
from tests.journeys.serving import Serve, free_port, launch, listen_on, wait_until

__all__ = ["Several", "several", "token_requests", "writes_of_accounts"]

_END_SECONDS = 40
_ACCOUNT_WRITES = {
    "zoho": ("PUT", re.compile(r"/crm/v8/Accounts"), re.compile(r'"id":\s*"(\d+)"')),
    "fxiaoke": (
        "POST",
        re.compile(r"/cgi/crm/(v2/)?data/update"),
        re.compile(r'"_id":\s*"([^"]+)"'),
    ),
}
_TOKENS = {"zoho": "/oauth/v2/token", "fxiaoke": "/oauth2.0/token"}


@dataclass
class Several:
    """Processes on one database, each under a name like ``worker-2``."""

    installation: Installation
    engine: sa.Engine
    port: int
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, command: str, name: str) -> subprocess.Popen[bytes]:
        """Start one."""
        self.processes[name] = launch(self.installation, command, name)
        return self.processes[name]

    def beside_web(self) -> Serve:
        """See the whole as one would see ``zixin serve``."""
        return Serve(
            process=self.processes["serve"],
            installation=self.installation,
            engine=self.engine,
            port=self.port,
        )

    def end(self) -> dict[str, int]:
        """Send SIGTERM to all and return their exit codes."""
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        return {name: process.wait(_END_SECONDS) for name, process in self.processes.items()}

    def said(self) -> str:
        """Return what all printed."""
        logs = [self.installation.folder / f"{name}.log" for name in self.processes]
        return "\n".join(f"--- {log.name}\n{log.read_text(encoding='utf-8')}" for log in logs)

    def open_writes(self, state: str | None = None, system: str | None = None) -> int:
        """Count write-backs that are not settled, or those in a state, or of a connection."""
        wanted = ("ready", "running") if state is None else (state,)
        statement = sa.select(sa.func.count()).where(outbox.c.state.in_(wanted))
        if system is not None:
            statement = statement.where(outbox.c.system == system)
        with reading(self.engine) as conn:
            return int(conn.execute(statement).scalar_one())

    def stop_in_the_middle(self, name: str) -> int:
        """Stop a worker while it holds write-backs and no lock; tells how many it holds."""
        process = self.processes[name]
        held = 0

        def holds() -> bool:
            nonlocal held
            if not self.open_writes("running"):
                return False
            process.send_signal(signal.SIGSTOP)
            held = self.open_writes("running")
            if held and not self._locked():
                return True
            process.send_signal(signal.SIGCONT)
            return False

        wait_until(holds, f"{name} holds write-backs", seconds=120)
        return held

    def _locked(self) -> bool:
        idle = "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'"
        with reading(self.engine) as conn:
            return bool(conn.exec_driver_sql(idle).scalar_one())

    def let_leases_run_out(self) -> int:
        """Move the leases of what is under way to their end; tells how many there were."""
        ended = outbox.update().where(outbox.c.state == "running")
        with writing(self.engine) as conn:
            now = sa.func.clock_timestamp()
            return conn.execute(ended.values(run_after=now)).rowcount


def writes_of_accounts(installation: Installation) -> dict[str, int]:
    """Count how often each account was written, by the CRMs' journals."""
    counts: Counter[str] = Counter()
    for vendor in installation.crms.names():
        method, path, ids = _ACCOUNT_WRITES[vendor]
        for call in installation.crms.crm(vendor).journal:
            is_write = call.method == method and path.search(call.path)
            if is_write and (vendor == "zoho" or '"AccountObj"' in call.request):
                counts.update(ids.findall(call.request))
    return counts


def token_requests(installation: Installation) -> dict[str, int]:
    """Count the tokens each CRM gave, by its journal."""
    return {
        vendor: sum(
            call.path.endswith(_TOKENS[vendor]) for call in installation.crms.crm(vendor).journal
        )
        for vendor in installation.crms.names()
    }


@contextmanager
def several(installation: Installation, engine: sa.Engine) -> Iterator[Several]:
    """Give a place for processes; those that still run are ended with the block, each by its id."""
    port = free_port()
    listen_on(installation, port)
    there = Several(installation, engine, port)
    with ExitStack() as stack:
        try:
            yield there
        finally:
            for process in there.processes.values():
                stack.callback(process.wait)
                stack.callback(process.kill)
