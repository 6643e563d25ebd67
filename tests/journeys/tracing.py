"""Faults of system calls, put into a running process by ``strace``."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

__all__ = ["injecting", "needs_strace"]

_ATTACH_SECONDS = 20


def _why_not() -> str:
    if shutil.which("strace") is None:
        return "needs strace: apt-get install strace"
    probe = subprocess.run(
        ["strace", "-qq", "-o", os.devnull, "true"], check=False, capture_output=True
    )
    return "" if probe.returncode == 0 else "strace may not trace here (ptrace is not permitted)"


_REASON = _why_not()
needs_strace = pytest.mark.skipif(bool(_REASON), reason=_REASON)


def _command(calls: str, what: str, pid: int) -> list[str]:
    faults = ["-e", f"trace={calls}", "-e", f"inject={calls}:{what}"]
    return ["strace", "-f", *faults, "-o", os.devnull, "-p", str(pid)]


@contextmanager
def injecting(pid: int, calls: str, what: str) -> Iterator[None]:
    """Trace a process and all its threads while the block runs, and put a fault into its calls.

    ``what`` is in ``strace``'s words, such as ``signal=KILL:when=3`` or ``error=EIO``.
    """
    tracer = subprocess.Popen(
        _command(calls, what, pid),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert tracer.stderr is not None
    try:
        said = tracer.stderr.readline()
        assert "attached" in said, said
        yield
    finally:
        tracer.terminate()
        tracer.wait(_ATTACH_SECONDS)
        tracer.stderr.close()
