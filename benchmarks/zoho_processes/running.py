"""Runs the sandbox and the clients that read from it, each in a process of its own."""

import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from benchmarks.zoho_processes.reading import Reading, Target

__all__ = ["Living", "a_living_organisation", "an_organisation", "read", "read_into"]

_ROOT = Path(__file__).parents[2]
_START_SECONDS = 400
_CLIENT_SECONDS = 3600
_STOP_SECONDS = 10


@contextmanager
def an_organisation(accounts: int, invoices: int = 0) -> Iterator[Target]:
    """Run the sandbox; it ends when its standard input does, whatever becomes of us."""
    with a_living_organisation(accounts, invoices) as living:
        yield living.target


@dataclass(frozen=True)
class Living:
    """A sandbox in which people go on working."""

    target: Target
    process: subprocess.Popen[bytes]

    def change(self, invoices: int) -> None:
        """Let so many invoices be changed, and wait until they are."""
        if self.process.stdin is None or self.process.stdout is None:
            raise RuntimeError("the sandbox cannot be spoken to")
        self.process.stdin.write(b"%d\n" % invoices)
        self.process.stdin.flush()
        if not self.process.stdout.readline():
            raise RuntimeError("the sandbox ended")


@contextmanager
def a_living_organisation(*sizes: int) -> Iterator[Living]:
    """Run the sandbox of these sizes, as ``organisation.py`` takes them."""
    with subprocess.Popen(
        _command("organisation", *map(str, sizes)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=_ROOT,
    ) as process:
        try:
            yield Living(_ready(process), process)
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
        return read_into(folder, organisation, client, *options)


def read_into(folder: str, organisation: Target, client: str, *options: str) -> Reading:
    """Let a client read from a process of its own into a folder that stays."""
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
