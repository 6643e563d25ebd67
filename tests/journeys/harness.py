"""A stranger's installation beside sandbox CRMs: its folder, its commands, and what the CRMs hold.

The CRMs run in this process, the product in processes of its own or here, as the journey wants.
"""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from connector.cli.sandboxes import (
    CONNECTION_NAMES,
    Receivables,
    noon,
    open_company,
    sandbox_config,
    sandbox_environment,
)
from connector.clock import Clock
from connector.wiring import Zixin, open_zixin
from sandbox.clock import SandboxClock
from sandbox.company.model import Company
from sandbox.server import Sandbox

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

__all__ = [
    "CONNECTION_NAMES",
    "Installation",
    "credit_of",
    "crm_state",
    "installed",
    "open_here",
    "tasks_of",
    "wrap",
]

_ROOT = Path(__file__).parents[2]
_SQLITE = 'url = "sqlite:///zixin.db"'
# One for all: a database made by one installation may be copied into another.
_KEY_TEXT = base64.b64encode(os.urandom(32)).decode()
_COMMAND_SECONDS = 120

# What differs from run to run by its nature: ids the CRM gives and times it or we note.
_VOLATILE = frozenset(
    {
        *("id", "Created_Time", "Modified_Time", "Closed_Time"),
        *("Credit_Computed_At", "Credit_Assessment_Id"),
        *("_id", "extend_obj_data_id", "create_time", "last_modified_time", "version"),
        *("credit_updated_at__c", "credit_run_id__c"),
    }
)
_TASKS = {"zoho": ("Tasks", "Credit_Ref"), "fxiaoke": ("credit_task__c", "ext_key__c")}
_ACCOUNTS = {"zoho": "Accounts", "fxiaoke": "AccountObj"}
_KEY = {"zoho": "id", "fxiaoke": "_id"}


@dataclass(frozen=True, kw_only=True)
class Installation:
    """A folder with a configuration that connects to running sandbox CRMs."""

    folder: Path
    crms: Sandbox
    environment: Mapping[str, str]

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.folder / "zixin.toml"

    @property
    def secrets(self) -> list[str]:
        """What must never be printed: the secrets and the key."""
        hidden = [text for name, text in self.environment.items() if "USER" not in name]
        return [*hidden, (self.folder / "zixin.key").read_text().strip()]

    def edit(self, old: str, new: str) -> None:
        """Change the configuration by hand."""
        text = self.config.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in the configuration"
        self.config.write_text(text.replace(old, new), encoding="utf-8")

    def start(
        self, command: str, *arguments: str, configured: bool = True
    ) -> subprocess.Popen[str]:
        """Start ``zixin COMMAND`` in a process of its own, which is exactly that process.

        Without ``configured`` it is not told of the configuration.
        """
        config = ("--config", str(self.config)) if configured else ()
        return subprocess.Popen(
            [sys.executable, "-m", "connector.cli.main", *command.split(), *config, *arguments],
            cwd=_ROOT,
            env={**os.environ, **self.environment, "NO_COLOR": "1", "COLUMNS": "200"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(
        self, command: str, *arguments: str, configured: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run ``zixin COMMAND`` to its end."""
        process = self.start(command, *arguments, configured=configured)
        out, err = process.communicate(timeout=_COMMAND_SECONDS)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)


@contextmanager
def installed(
    folder: Path,
    company: Company,
    *,
    as_of: date,
    database_url: str | None = None,
    provisioned: bool = True,
    now: bool = False,
    only: str | None = None,
    books: bool = False,
    receivables: Receivables = Receivables.NOTES,
) -> Iterator[Installation]:
    """Start both CRMs with a company and write a configuration for them into ``folder``.

    The CRMs' clock goes from noon of ``as_of``, or is the machine's with ``now``. The database is a
    SQLite file in the folder unless an address is given. ``books``: Zoho's ledger is in Books.
    """
    clock = None if now else SandboxClock(noon(as_of))
    with open_company(
        company,
        clock=clock,
        provisioned=provisioned,
        only=only,
        books=books,
        receivables=receivables,
    ) as crms:
        folder.mkdir(parents=True, exist_ok=True)
        text = sandbox_config(crms)
        if database_url is not None:
            assert _SQLITE in text
            text = text.replace(_SQLITE, f"url = {json.dumps(database_url)}")
        (folder / "zixin.toml").write_text(text, encoding="utf-8")
        (folder / "zixin.key").touch(mode=0o600)
        (folder / "zixin.key").write_text(_KEY_TEXT)
        (folder / "zixin.key").chmod(0o600)
        yield Installation(folder=folder, crms=crms, environment=sandbox_environment(crms))


@contextmanager
def open_here(installation: Installation, clock: Clock | None = None) -> Iterator[Zixin]:
    """Open the product in this process, with a clock of the test's if wanted."""
    zixin = open_zixin(installation.config, clock=clock, environment=dict(installation.environment))
    try:
        yield zixin
    finally:
        zixin.engine.dispose()


def wrap(
    crms: Sandbox, name: str, around: Callable[["WSGIApplication"], "WSGIApplication"]
) -> None:
    """Put something between a CRM's port and everything behind it, faults and pages included."""
    server = crms._servers[name]._server
    server.app = around(server.app)


def crm_state(crms: Sandbox) -> bytes:
    """Write down everything every CRM holds, so that equal states are equal bytes.

    Tasks are in the order of their keys; ids the CRM gave to them and times are left out.
    """
    state: dict[str, object] = {}
    for vendor in crms.names():
        crm = crms.crm(vendor)
        tasks, key = _TASKS[vendor]
        for module in crm.modules():
            rows = crm.records(module)
            if module == tasks:
                rows.sort(key=lambda row: str(row[key]))
            state[f"{vendor}/{module}"] = [
                {
                    name: value
                    for name, value in row.items()
                    if name not in _VOLATILE or (name == _KEY[vendor] and module != tasks)
                }
                for row in rows
            ]
    return json.dumps(state, indent=0, sort_keys=True, ensure_ascii=False).encode()


def tasks_of(crms: Sandbox, vendor: str) -> list[str]:
    """Tell the keys of all tasks of ours in a CRM, sorted; one that is there twice is told twice."""
    module, key = _TASKS[vendor]
    return sorted(str(row.get(key)) for row in crms.crm(vendor).records(module))


def credit_of(crms: Sandbox, vendor: str) -> dict[str, dict[str, str]]:
    """Tell what each account shows of its credit, by the account's name and the field's label."""
    return {view.name: dict(view.credit) for view in crms.crm(vendor).accounts()}
