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
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

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
            for name in ("rules", "cases", "holding", "offers")  # the quick ones first
        ),
    ),
    "gates": Subject(
        modules=("scoring/gates.py", "scoring/gate_list.py", "scoring/gate.py"),
        tests=("tests/scoring/test_gates.py", "tests/scoring/test_assess.py"),
    ),
    "limits": Subject(
        modules=("scoring/limits",),
        tests=tuple(
            f"tests/scoring/test_limits{name}.py"
            for name in ("_vectors", "", "_security", "_waterfall", "_guards")
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
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(options.workers):
            copies.put(_copy(Path(folder) / str(number)))
        first = copies.get()
        if _fails(first, tests, options.seconds * 4):
            sys.exit(f"the tests fail without a mutant: {' '.join(tests)}")
        copies.put(first)

        def attempt(job: tuple[str, Mutant]) -> Outcome:
            copy = copies.get()
            try:
                noticed = _noticed(copy, *job, tests, options.seconds)
                _tell(job, noticed=noticed)
                return Outcome(module=job[0], mutant=job[1], noticed=noticed)
            finally:
                copies.put(copy)

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


def _noticed(copy: Path, module: str, mutant: Mutant, tests: list[str], seconds: int) -> bool:
    file = copy / module
    original = file.read_text(encoding="utf-8")
    file.write_text(mutant.source, encoding="utf-8")
    try:
        return _fails(copy, tests, seconds)
    finally:
        file.write_text(original, encoding="utf-8")


def _fails(copy: Path, tests: list[str], seconds: int) -> bool:
    """Run the tests in a copy; random order and saved examples are off, so that runs are alike."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-p",
        "no:randomly",
        "-p",
        "no:cacheprovider",
        "--hypothesis-seed=0",
    ]
    settings = {
        "PYTHONPATH": str(copy),
        "PYTHONDONTWRITEBYTECODE": "1",
        "POLARS_MAX_THREADS": "1",
    }
    try:
        done = subprocess.run(
            [*command, *tests],
            cwd=copy,
            env=os.environ | settings,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0


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
