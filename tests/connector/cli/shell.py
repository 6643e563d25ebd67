"""The command line in this process, on a small company in both sandbox CRMs.

Time is the test's. No command may ever print a secret, so that is looked at after each.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog
from typer.testing import CliRunner, Result

from connector.cli.main import app
from connector.cli.sandboxes import noon
from connector.clock import FixedClock
from connector.log.lines import quieten_libraries
from sandbox.company.generate import generate
from sandbox.journal import Call
from tests.journeys.harness import CONNECTION_NAMES, Installation, installed

__all__ = ["ACCOUNTS", "AS_OF", "FXIAOKE", "ZOHO", "Shell", "a_shell", "invoke"]

AS_OF = date(2026, 3, 31)
ACCOUNTS, MONTHS = 20, 9
ZOHO, FXIAOKE = CONNECTION_NAMES["zoho"], CONNECTION_NAMES["fxiaoke"]
_READS = ("/crm/v8/coql", "/query", "/get", "/list", "/findOne", "/describe", "Token", "/token")
_TERMINAL = {"NO_COLOR": "1", "COLUMNS": "200"}


def invoke(*arguments: str) -> Result:
    """Run ``zixin ARGUMENTS`` in this process; a fault of the product is raised, not swallowed."""
    try:
        return CliRunner().invoke(app, list(arguments), catch_exceptions=False, env=_TERMINAL)
    finally:
        structlog.reset_defaults()  # the command's standard error is closed by now
        quieten_libraries()


@dataclass(frozen=True, kw_only=True)
class Shell:
    """Where commands are typed, beside the CRMs they work on."""

    installation: Installation
    clock: FixedClock

    def __call__(self, *arguments: str, code: int = 0) -> Result:
        """Run a command and expect an exit code."""
        result = invoke(*arguments, "--config", str(self.installation.config))
        said = result.stdout + result.stderr
        assert result.exit_code == code, said
        for secret in self.installation.secrets:
            assert secret not in said
        return result

    def json(self, *arguments: str, code: int = 0) -> Any:
        """Run a command with ``--json`` and read its one document."""
        return msgspec.json.decode(self(*arguments, "--json", code=code).stdout)

    def journal(self, vendor: str) -> list[Call]:
        """Tell the calls a CRM received."""
        return list(self.installation.crms.crm(vendor).journal)

    def writes(self) -> list[str]:
        """Tell the calls that wrote something to a CRM since the journals were cleared."""
        return [
            f"{call.method} {call.path}"
            for vendor in self.installation.crms.names()
            for call in self.journal(vendor)
            if call.method != "GET" and not any(word in call.path for word in _READS)
        ]

    def forget_calls(self) -> None:
        """Clear the CRMs' journals."""
        for vendor in self.installation.crms.names():
            self.installation.crms.crm(vendor).journal.clear()


@contextmanager
def a_shell(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    provisioned: bool = True,
    accounts: int = ACCOUNTS,
    months: int = MONTHS,
    **crms: Any,
) -> Iterator[Shell]:
    """Start the CRMs with a company, and put the secrets and the clock where commands look.

    ``crms`` says more about them, as ``installed`` takes it.
    """
    clock = FixedClock(noon(AS_OF))
    monkeypatch.setattr("connector.wiring.product.SystemClock", lambda _zone: clock)
    company = generate(accounts, months, seed=1, as_of=AS_OF)
    with installed(folder, company, as_of=AS_OF, provisioned=provisioned, **crms) as installation:
        for name, secret in installation.environment.items():
            monkeypatch.setenv(name, secret)
        yield Shell(installation=installation, clock=clock)
