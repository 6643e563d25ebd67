"""Runs the sandbox and the clients that read from it, each in a process of its own."""

import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from benchmarks.zoho_processes.reading import Reading, Target

__all__ = ["an_organisation", "read"]

_ROOT = Path(__file__).parents[2]
_START_SECONDS = 120
_CLIENT_SECONDS = 300
_STOP_SECONDS = 10


@contextmanager
def an_organisation(accounts: int, invoices: int = 0) -> Iterator[Target]:
    """Run the sandbox; it ends when its standard input does, whatever becomes of us."""
    with subprocess.Popen(
        _command("organisation", str(accounts), str(invoices)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=_ROOT,
    ) as process:
        try:
            yield _ready(process)
        finally:
            _end(process)


def _ready(process: subprocess.Popen[bytes]) -> Target:
    if process.stdout is None:
        raise RuntimeError("the sandbox has no output")
    if not select.select([process.stdout], [], [], _START_SECONDS)[0]:
        raise RuntimeError(f"the sandbox was not ready within {_START_SECONDS} s")
    line = process.stdout.readline()
    if not line:
        raise RuntimeError("the sandbox ended before it was ready")
    return msgspec.json.decode(line, type=Target)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def read(organisation: Target, client: str, *options: str) -> Reading:
    """Let a client read everything from a process and an empty folder of its own."""
    with tempfile.TemporaryDirectory(prefix="zixin-bench-") as folder:
        told = msgspec.structs.replace(organisation, folder=folder)
        done = subprocess.run(
            _command(client, *options),
            input=msgspec.json.encode(told),
            capture_output=True,
            cwd=_ROOT,
            env={**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"},
            timeout=_CLIENT_SECONDS,
            check=False,
        )
    if done.returncode != 0:
        raise RuntimeError(f"{client} failed: {done.stderr.decode(errors='replace')[-2000:]}")
    return msgspec.json.decode(done.stdout, type=Reading)


def _command(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", f"benchmarks.zoho_processes.{module}", *arguments]
