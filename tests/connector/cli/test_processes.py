"""Commands in processes of their own: the demonstration, and progress in a terminal."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.connector.cli.shell import FXIAOKE, ZOHO, Shell

pytestmark = pytest.mark.journey

ROOT = Path(__file__).parents[3]
WRITTEN = ("fields_written", "tasks_created", "tasks_updated", "tasks_closed")
SECONDS = 120


def in_a_terminal(arguments: Sequence[str]) -> tuple[str, str]:
    """Run ``zixin`` with its standard error on a terminal; tell standard output and error."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "connector.cli.main", *arguments],
        cwd=ROOT,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    seen = bytearray()
    try:
        while part := os.read(ours, 65536):
            seen += part
    except OSError:  # a terminal nobody holds any more ends with an error
        pass
    finally:
        os.close(ours)
    out, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, seen.decode()
    return out.decode(), seen.decode()


def test_progress_goes_to_the_terminal_and_never_into_the_output(shell: Shell) -> None:
    config = ["--config", str(shell.installation.config)]

    table, bars = in_a_terminal(["pull", *config])
    document, quiet = in_a_terminal(["run", "--json", *config])

    assert f"{ZOHO} invoices" in bars
    assert "━" in bars
    assert f"{ZOHO} invoices" not in table
    assert "\x1b" not in table
    assert set(json.loads(document)["connections"]) == {ZOHO, FXIAOKE}
    assert "{" not in quiet


def test_the_demonstration_does_the_job_twice_and_the_second_pass_writes_nothing() -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "connector.cli.main"),
            *("demo", "--once", "--json", "--accounts", "30"),
        ],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    first, second = json.loads(done.stdout)["passes"]
    assert first["assessed"] == 30
    for each in (first, second):
        assert set(each["connections"]) == {ZOHO, FXIAOKE}
        assert each["seconds"] > 0
        for connection in each["connections"].values():
            assert {"accounts", "invoices", "payments"} <= connection["pulled"].keys()
            assert connection["api_calls"] > 0
            assert connection["parked"] == 0
    assert all(one["fields_written"] > 0 for one in first["connections"].values())
    assert sum(one["tasks_created"] for one in first["connections"].values()) > 0
    for connection in second["connections"].values():
        assert {connection[name] for name in WRITTEN} == {0}
