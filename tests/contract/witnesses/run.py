"""Runs a witness as a process against a sandbox organisation on loopback."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from sandbox.clock import SandboxClock
from sandbox.faults import Faults
from sandbox.journal import Journal
from sandbox.keepalive import LoopbackServer
from sandbox.notifier import Notifier
from sandbox.zoho import ZohoOptions, ZohoOrg

__all__ = ["run_zoho_witness"]

_ROOT = Path(__file__).parents[3]
_ACCOUNTS = 450
_TIMEOUT_SECONDS = 120


def run_zoho_witness(name: str, folder: Path) -> tuple[ZohoOrg, Any]:
    """Return the organisation after the witness's visit, and what the witness saw."""
    org = ZohoOrg(
        SandboxClock(),
        Journal(),
        Faults(),
        Notifier(),
        options=ZohoOptions(provisioned=True, bulk_job_seconds=0.0),
    )
    for number in range(_ACCOUNTS):
        org.put_record("Accounts", {"Account_Name": f"客户 {number:03d}"})
    server = LoopbackServer(org.wsgi())
    server.start()
    try:
        return org, _visit(name, server.url, folder, org.credentials())
    finally:
        server.stop()


def _visit(name: str, url: str, folder: Path, credentials: dict[str, str]) -> Any:
    environment = {**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    done = subprocess.run(
        [sys.executable, "-m", f"tests.contract.witnesses.{name}", url, str(folder)],
        input=json.dumps(credentials),
        capture_output=True,
        text=True,
        cwd=_ROOT,
        env=environment,
        timeout=_TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
