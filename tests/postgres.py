"""Run a command beside a throw-away PostgreSQL server: ``python -m tests.postgres -- CMD…``.

The server lives in a temporary directory on a free loopback port and ends with the command, whose
exit code is returned. With ``TEST_DATABASE_URL`` set already, that server is used and none started.
PostgreSQL refuses to run as root; for root it is started as ``postgres`` or ``nobody``.
"""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["main", "throwaway_server"]

_PLACES = ("/usr/lib/postgresql", "/usr/local/pgsql", "/opt/homebrew/opt")
# The data is thrown away: what keeps it through a power cut only costs time here.
_FAST = "-c fsync=off -c full_page_writes=off -c max_connections=200"


def main(arguments: list[str]) -> int:
    """Run the command after ``--`` and return its exit code."""
    command = arguments[1:] if arguments[:1] == ["--"] else arguments
    if not command:
        sys.stderr.write("usage: python -m tests.postgres -- COMMAND...\n")
        return 2
    if os.environ.get("TEST_DATABASE_URL"):
        return subprocess.run(command, check=False).returncode
    with throwaway_server() as url:
        environment = os.environ | {"TEST_DATABASE_URL": url}
        return subprocess.run(command, check=False, env=environment).returncode


@contextmanager
def throwaway_server() -> Iterator[str]:
    """Start a server in a temporary directory and give its address. It is gone afterwards."""
    binaries, user = _binaries(), _server_user()
    place = Path(tempfile.mkdtemp(prefix="zixin-pg-"))
    try:
        if user is not None:
            shutil.chown(place, user.pw_uid, user.pw_gid)
        data, port = place / "data", _free_port()
        initdb = (binaries / "initdb", "-D", data, "-U", "zixin", "-A", "trust", "-E", "UTF8")
        _run(user, *initdb, "--locale=C", "--no-sync")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -k {place} {_FAST}"
        control = (binaries / "pg_ctl", "-D", data, "-w", "-l", place / "log")
        _run(user, *control, "-o", options, "start")
        try:
            yield f"postgresql+psycopg://zixin@127.0.0.1:{port}/postgres"
        finally:
            _run(user, *control, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _binaries() -> Path:
    """Find initdb and pg_ctl, in PATH or where distributions put them, newest first."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    candidates = [path.parent for place in _PLACES for path in Path(place).glob("*/bin/initdb")]
    if not candidates:
        msg = "PostgreSQL's initdb was not found: install the package postgresql"
        raise SystemExit(msg)
    return max(candidates, key=lambda path: _version(path.parent.name))


def _version(name: str) -> float:
    text = name.removeprefix("postgresql@")
    return float(text) if text.replace(".", "", 1).isdigit() else 0.0


def _server_user() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    msg = "PostgreSQL does not run as root, and there is neither a user postgres nor nobody"
    raise SystemExit(msg)


def _run(user: pwd.struct_passwd | None, *command: str | Path) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        check=False,
        cwd="/",
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        user=None if user is None else user.pw_uid,
        group=None if user is None else user.pw_gid,
        extra_groups=None if user is None else (),
    )
    if done.returncode != 0:
        msg = f"{Path(str(command[0])).name} failed: {done.stderr.decode(errors='replace')}"
        raise SystemExit(msg)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
