"""Mutation testing: how many small mistakes do the tests notice? ``python -m tests.mutation.run``.

Each mutant is tried in a copy of the source tree, by the fast tests of its module alone, which stop
at the first failure. Mutants and their order are always the same; two run at a time; one that takes
too long counts as noticed.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Self

from tests.mutation.mutants import Mutant, mutants_of

ROOT = Path(__file__).parents[2]
COPIED = ("scoring", "tests", "connector", "adapters", "pyproject.toml", "policy.example.toml")
TARGET_PERCENT = 85


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is mutated, and the tests that should notice."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]


SUBJECTS = {
    "ordercheck": Subject(
        modules=("scoring/ordercheck",),
        tests=tuple(
            f"tests/scoring/ordercheck/test_{name}.py"
            for name in ("rules", "cases", "facts", "holding", "offers")  # the quick ones first
        ),
    ),
    "gates": Subject(
        modules=("scoring/gates.py", "scoring/gate_list.py", "scoring/gate.py"),
        tests=tuple(f"tests/scoring/test_{name}.py" for name in ("gate_list", "gates", "assess")),
    ),
    "limits": Subject(
        modules=("scoring/limits",),
        tests=tuple(
            f"tests/scoring/test_limits{name}.py"
            for name in (
                "_methods",
                "_segments",
                "_vectors",
                "",
                "_security",
                "_waterfall",
                "_guards",
            )
        ),
    ),
    "dunning": Subject(
        modules=("scoring/dunning",),
        tests=("tests/scoring/test_dunning.py", "tests/scoring/test_dunning_pauses.py"),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Whether the tests noticed one mutant."""

    module: str
    mutant: Mutant
    noticed: bool


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the subjects asked for; 1 when one stays below the target."""
    options = _options(arguments)
    below = False
    for name in options.subjects or ["ordercheck", "gates", "limits"]:
        below |= _report(name, run(SUBJECTS[name], options), survivors=options.survivors)
    return int(below)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Mutation testing of the decisive modules.")
    parser.add_argument("subjects", nargs="*", choices=[*SUBJECTS, []], help="default: the three")
    parser.add_argument("--every", type=int, default=1, help="try each n-th mutant only")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds", type=int, default=90, help="a mutant may take, at most")
    parser.add_argument("--survivors", action="store_true", help="list what was not noticed")
    return parser.parse_args(arguments)


def run(subject: Subject, options: argparse.Namespace) -> list[Outcome]:
    """Try a subject's mutants, two at a time, each in a copy of its own.

    Raises:
        SystemExit: The tests fail without any mutant.
    """
    files = [file for module in subject.modules for file in _files(ROOT / module)]
    todo = [
        (str(file.relative_to(ROOT)), mutant)
        for file in files
        for mutant in mutants_of(file.read_text(encoding="utf-8"))
    ][:: options.every]
    tests = list(subject.tests)
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder, ExitStack() as stack:
        benches: SimpleQueue[Bench] = SimpleQueue()
        for number in range(options.workers):
            copy = _copy(Path(folder) / str(number))
            benches.put(stack.enter_context(Bench(copy, tests, options.seconds)))
        first = benches.get()
        if first.fails():
            sys.exit(f"the tests fail without a mutant: {' '.join(tests)}")
        benches.put(first)

        def attempt(job: tuple[str, Mutant]) -> Outcome:
            bench = benches.get()
            try:
                noticed = bench.notices(*job)
                _tell(job, noticed=noticed)
                return Outcome(module=job[0], mutant=job[1], noticed=noticed)
            finally:
                benches.put(bench)

        with ThreadPoolExecutor(options.workers) as pool:
            return list(pool.map(attempt, todo))


def _tell(job: tuple[str, Mutant], *, noticed: bool) -> None:
    """Show on standard error what became of a mutant, while the others run."""
    verdict = "killed" if noticed else "SURVIVED"
    print(f"{verdict} {job[0]}:{job[1].line} {job[1].what}", file=sys.stderr, flush=True)  # noqa: T201


def _files(module: Path) -> list[Path]:
    if module.is_dir():
        return sorted(file for file in module.rglob("*.py") if file.name != "__init__.py")
    return [module] if module.exists() else []


def _copy(folder: Path) -> Path:
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, folder / name)
    return folder


class Bench:
    """A copy of the source and a process that runs the tests in it."""

    def __init__(self, copy: Path, tests: Sequence[str], seconds: int) -> None:
        self._copy, self._tests = copy, " ".join(tests)
        settings = {
            "PYTHONPATH": str(copy),
            "PYTHONDONTWRITEBYTECODE": "1",
            "POLARS_MAX_THREADS": "1",
        }
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.mutation.server", str(seconds)],
            cwd=copy,
            env=os.environ | settings,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        """Take the bench."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let the process end."""
        self._server.communicate()

    def fails(self) -> bool:
        """Run the tests; one that takes too long fails, too."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(self._tests + "\n")
        self._server.stdin.flush()
        return self._server.stdout.readline().strip() != "0"

    def notices(self, module: str, mutant: Mutant) -> bool:
        """Put the mutant in place of its module, run the tests, put the module back."""
        file = self._copy / module
        original = file.read_text(encoding="utf-8")
        file.write_text(mutant.source, encoding="utf-8")
        try:
            return self.fails()
        finally:
            file.write_text(original, encoding="utf-8")


def _report(name: str, outcomes: list[Outcome], *, survivors: bool) -> bool:
    modules: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        modules.setdefault(outcome.module, []).append(outcome)
    for module, own in [*modules.items(), (f"{name}, whole", outcomes)]:
        noticed = sum(outcome.noticed for outcome in own)
        percent = 100 * noticed / len(own) if own else 100.0
        print(f"{module}: {noticed}/{len(own)} killed, {percent:.1f} %")  # noqa: T201 its purpose
    if survivors:
        for outcome in outcomes:
            if not outcome.noticed:
                place = f"{outcome.module}:{outcome.mutant.line}"
                print(f"  survived {place}: {outcome.mutant.what}")  # noqa: T201 its purpose
    killed = sum(outcome.noticed for outcome in outcomes)
    return bool(outcomes) and killed * 100 < TARGET_PERCENT * len(outcomes)


if __name__ == "__main__":
    sys.exit(main())
