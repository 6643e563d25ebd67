"""``python -m supply.audit``: what is publicly known against the locked packages, by pip-audit.

Three ends, each with an exit code: 0 all were audited and nothing is known, 1 something is known,
3 not audited. What a service did not answer for is never a pass. (reliability T18)
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path

import msgspec
from packaging.utils import canonicalize_name

from supply.locked import LOCK, Locked, read_lock

__all__ = ["Answer", "State", "Verdict", "ask", "main", "verdict_of"]

PATIENCE_SECONDS = 600


class State(IntEnum):
    """How an audit ended; the value is the exit code."""

    CLEAN = 0
    FOUND = 1
    NOT_AUDITED = 3


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The end of an audit, and what to tell of it."""

    state: State
    sentences: tuple[str, ...]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What pip-audit said."""

    code: int
    out: str
    err: str = ""


class _Weakness(msgspec.Struct, frozen=True):
    id: str
    fix_versions: list[str] = []


class _Dependency(msgspec.Struct, frozen=True):
    name: str
    version: str = ""
    vulns: list[_Weakness] | None = None
    skip_reason: str = ""


class _Report(msgspec.Struct, frozen=True):
    dependencies: list[_Dependency]


def main(arguments: Sequence[str]) -> int:
    """Audit the lock file and say how it ended. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="supply.audit", description=__doc__)
    parser.add_argument("--lock", type=Path, default=LOCK, help="another lock file")
    parser.add_argument("--osv-url", help="ask this OSV service instead of the package index")
    chosen = parser.parse_args(arguments)
    packages = read_lock(chosen.lock.read_text(encoding="utf-8"))
    verdict = verdict_of(packages, ask(packages, osv_url=chosen.osv_url))
    out = sys.stdout if verdict.state is State.CLEAN else sys.stderr
    out.writelines(f"{sentence}\n" for sentence in verdict.sentences)
    return verdict.state


def ask(packages: Sequence[Locked], *, osv_url: str | None = None) -> Answer:
    """Let pip-audit ask about every locked package, also those for other systems than this."""
    service = ["--vulnerability-service", "osv", "--osv-url", osv_url] if osv_url else []
    with tempfile.TemporaryDirectory(prefix="zixin-audit-") as folder:
        asked = Path(folder) / "asked.txt"
        asked.write_text("".join(f"{each.name}=={each.version}\n" for each in packages), "utf-8")
        command = [sys.executable, "-m", "pip_audit", "--strict", "--no-deps", "--disable-pip"]
        command += ["--progress-spinner", "off", "--format", "json"]
        command += ["--cache-dir", str(Path(folder) / "cache"), *service, "-r", str(asked)]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return Answer(code=-1, out="", err=f"no end within {PATIENCE_SECONDS} seconds")
    return Answer(code=done.returncode, out=done.stdout, err=done.stderr)


def verdict_of(packages: Sequence[Locked], answer: Answer) -> Verdict:
    """Judge an answer by what was locked: each package must have been answered for."""
    try:
        report = msgspec.json.decode(answer.out.encode(), type=_Report)
    except msgspec.DecodeError:
        return _not_audited(_last_line(answer.err) or f"pip-audit ended with {answer.code}")
    known = [
        f"{each.name} {each.version}: {weakness.id}, mended in {_mended(weakness)}"
        for each in report.dependencies
        for weakness in each.vulns or ()
    ]
    unheard = _unheard(packages, report)
    if known:
        missing = [f"not audited besides: {', '.join(unheard)}"] if unheard else []
        return Verdict(state=State.FOUND, sentences=(*known, *missing))
    if unheard:
        return _not_audited(f"no answer for {', '.join(unheard)}")
    if answer.code != 0 or not packages:
        return _not_audited(_last_line(answer.err) or f"pip-audit ended with {answer.code}")
    said = f"{len(packages)} packages audited: nothing is known against them"
    return Verdict(state=State.CLEAN, sentences=(said,))


def _unheard(packages: Sequence[Locked], report: _Report) -> list[str]:
    heard = {
        (canonicalize_name(each.name), each.version)
        for each in report.dependencies
        if each.vulns is not None and not each.skip_reason
    }
    return [
        f"{each.name} {each.version}"
        for each in packages
        if (canonicalize_name(each.name), each.version) not in heard
    ]


def _not_audited(why: str) -> Verdict:
    return Verdict(state=State.NOT_AUDITED, sentences=(f"not audited, which is no pass: {why}",))


def _mended(weakness: _Weakness) -> str:
    return " and ".join(weakness.fix_versions) or "no version yet"


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].removeprefix("ERROR:pip_audit._cli:") if lines else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
