"""PostgreSQL's own programs: found, of a version that suits the server, and run."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO

import sqlalchemy as sa

from connector.store.backup_facts import BackupFailed

__all__ = ["Programs"]

PATIENCE_SECONDS = 3600
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")


class Programs:
    """PostgreSQL's programs for one server; the password goes by their environment alone.

    All raise ``BackupFailed``: for a program that is missing or older than the server, too.
    """

    def __init__(self, engine: sa.Engine) -> None:
        with engine.connect() as conn:
            self._server = int((conn.dialect.server_version_info or (0,))[0])
        self._url = engine.url

    def run(self, program: str, *arguments: str, connect: bool = True) -> str:
        """Run a program and give what it printed."""
        try:
            ended = subprocess.run(  # noqa: S603 a program of PostgreSQL's with arguments of ours
                [self._found(program), *(self._to() if connect else ()), *arguments],
                env=self._environment(os.environ),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=PATIENCE_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise BackupFailed(
                f"{program} did not end within {PATIENCE_SECONDS} seconds: see what holds the "
                "tables, or use the backups of whoever runs the server"
            ) from error
        if ended.returncode:
            raise BackupFailed(f"{program} failed: {_reason(ended.stderr)}")
        return ended.stdout

    def run_script(self, before: str, arguments: tuple[str, ...], after: str) -> None:
        """Run ``before``, the script that ``pg_restore`` makes, and ``after`` in one transaction.

        Where any of it fails, or the script ends early, nothing has happened.
        """
        psql, pg_restore = self._found("psql"), self._found("pg_restore")
        with tempfile.TemporaryFile() as complaints:
            with subprocess.Popen(  # noqa: S603 as above
                [psql, *_QUIETLY, *self._to()],
                env=self._environment(os.environ),
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
            ) as session:
                failed = _feed(session.stdin, before, [pg_restore, "--file=-", *arguments], after)
            told = _told(complaints)
        if failed:
            raise BackupFailed(f"pg_restore failed: {failed}")
        if session.returncode:
            raise BackupFailed(f"the dump could not be put back: {_reason(told)}")

    def _found(self, program: str) -> str:
        found = shutil.which(program)
        if found is None:
            raise BackupFailed(
                f"{program} is not on this machine: install PostgreSQL's client programs of the "
                "server's version, or use the backups of whoever runs the server"
            )
        asked = subprocess.run(  # noqa: S603 as above
            [found, "--version"], capture_output=True, text=True, check=False
        )
        told = _VERSION.search(asked.stdout)
        if told is not None and int(told[1]) < self._server:
            raise BackupFailed(
                f"{program} is of version {told[1]}, the server of version {self._server}: "
                "install PostgreSQL's client programs of the server's version"
            )
        return found

    def _to(self) -> tuple[str, str]:
        bare = self._url.set(drivername="postgresql", password=None)
        return "--dbname", bare.render_as_string(hide_password=False)

    def _environment(self, environment: Mapping[str, str]) -> dict[str, str]:
        password = self._url.password
        return {**environment, **({} if password is None else {"PGPASSWORD": str(password)})}


_QUIETLY = ("--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1", "--file=-")


def _feed(into: IO[bytes] | None, before: str, command: list[str], after: str) -> str:
    """Pass a script on to its end, and commit it; tells why the script could not be made.

    A session that ends by itself says why it did.
    """
    assert into is not None  # noqa: S101 it was asked for
    try:
        with tempfile.TemporaryFile() as complaints, _quiet_close(into):
            into.write(f"BEGIN;\n{before}\n".encode())
            with subprocess.Popen(  # noqa: S603 a program of PostgreSQL's with arguments of ours
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=complaints
            ) as script:
                assert script.stdout is not None  # noqa: S101 as above
                shutil.copyfileobj(script.stdout, into)
            if script.returncode:  # the session ends inside its transaction: nothing of it stays
                return _reason(_told(complaints))
            into.write(f"{after}\nCOMMIT;\n".encode())
            into.flush()
    except BrokenPipeError:
        return ""
    return ""


@contextmanager
def _quiet_close(pipe: IO[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        with suppress(BrokenPipeError):
            pipe.close()


def _told(complaints: IO[bytes]) -> str:
    complaints.seek(0)
    return complaints.read().decode(errors="replace")


def _reason(told: str) -> str:
    """Choose the line of a program's complaints that says what was wrong, with its detail."""
    lines = [line for line in told.strip().splitlines() if line] or ["no reason given"]
    telling = next((line for line in lines if _SAYS_WHY.search(line)), lines[0])
    return telling.strip()


_SAYS_WHY = re.compile(r"\b(error|ERROR|FATAL):")
