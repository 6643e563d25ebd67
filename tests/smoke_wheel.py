"""Build the wheel, install it into an empty environment and try the product there.

Run as ``python -m tests.smoke_wheel``. Proves that what is shipped is complete: the top-level
names are ours alone, data files are inside, the command runs, and the demonstration does its job
without the checkout.
"""

import json
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
NAMES = {"adapters", "connector", "sandbox", "scoring", "webhooks"}
ASK_OWNERS = """
import json
from importlib.metadata import packages_distributions
print(json.dumps({name: owners for name, owners in packages_distributions().items()}))
"""


def main() -> None:
    """Build, install, try. Raises ``SystemExit`` with a sentence at the first fault."""
    with tempfile.TemporaryDirectory(prefix="zixin-wheel-") as folder:
        place = Path(folder)
        wheel = _build(place)
        _check_names(wheel)
        python = _install(wheel, place)
        _check_owners(python, place)
        _try_the_command(python, place)
    sys.stdout.write(f"{wheel.name}: builds, installs and runs in an empty environment\n")


def _build(place: Path) -> Path:
    _run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(place)], ROOT)
    return next(place.glob("*.whl"))


def _check_names(wheel: Path) -> None:
    inside = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    packages = {name for name in inside if not name.endswith(".dist-info")}
    if packages != NAMES:
        sys.exit(f"the wheel holds {sorted(packages)} instead of {sorted(NAMES)}")


def _install(wheel: Path, place: Path) -> Path:
    environment = place / "environment"
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*pip, "--require-hashes", "-r", str(ROOT / "requirements.lock")], place)
    _run([*pip, "--no-deps", str(wheel)], place)
    return python


def _check_owners(python: Path, place: Path) -> None:
    owners = json.loads(_run([str(python), "-c", ASK_OWNERS], place))
    shared = {name: owners.get(name) for name in NAMES if owners.get(name) != ["zixin"]}
    if shared:
        sys.exit(f"other distributions claim our names: {shared}")


def _try_the_command(python: Path, place: Path) -> None:
    zixin = str(python.parent / "zixin")
    _run([zixin, "--help"], place)
    report = json.loads(_run([zixin, "demo", "--once", "--json", "--accounts", "30"], place))
    first, second = report["passes"]
    if not first["assessed"] or any(
        counts["fields_written"] or counts["tasks_created"]
        for counts in second["connections"].values()
    ):
        sys.exit("the demonstration of the installed wheel did not do its job")


def _run(command: list[str], place: Path) -> str:
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main()
