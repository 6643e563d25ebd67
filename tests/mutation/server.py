"""Runs tests again and again in a fresh child each time: ``python -m tests.mutation.server``.

Loading Python's and others' libraries takes longer than most tests do. They are loaded once here;
each line of standard input, names of tests, forks a child that loads our own packages as they now
are. The answer is one line: the child's exit code, or ``slow``.
"""

import os
import signal
import sys
import time
import warnings
from pathlib import Path

# Nothing of ours may be imported here: a child would not see the mutant.
import hypothesis.strategies  # noqa: F401 loaded for the children
import msgspec  # noqa: F401 likewise
import polars.testing  # noqa: F401 likewise
import pytest

OPTIONS = (
    *("-x", "-q", "--noconftest", "-p", "no:randomly", "-p", "no:cacheprovider"),
    *("--hypothesis-seed=0", "-W", "ignore::pytest.PytestAssertRewriteWarning"),
)


def main(seconds: int) -> None:
    """Answer until there is nothing more to read."""
    sys.path.insert(0, str(Path.cwd()))
    for line in sys.stdin:
        print(_answer(line.split(), seconds), flush=True)  # noqa: T201 the answer


def _answer(tests: list[str], seconds: int) -> str:
    child = os.fork()
    if not child:
        _run(tests)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return str(os.waitstatus_to_exitcode(status))
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "slow"


def _run(tests: list[str]) -> None:
    """Run the tests in silence and leave at once: what the parent holds is not ours to close."""
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    warnings.simplefilter("ignore")
    for kind in ("not hypothesis", "hypothesis"):  # the quick ones first
        code = pytest.ExitCode(pytest.main([*OPTIONS, "-m", kind, *tests]))
        if code not in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
            os._exit(int(code))
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
