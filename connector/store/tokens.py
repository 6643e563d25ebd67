"""Sealed access tokens in the database, shared by all threads, processes and hosts.

Fits ``TokenStore`` of ``adapters/tokens.py``. Who refreshes a token holds a lease with an epoch on
the database's clock, so that two hosts with different clocks agree who holds it; a holder that
died keeps others out for the lease's length at most.
"""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import sqlalchemy as sa

from connector.store.engine import database_now, in_one_commit, insert_or_ignore, reading
from connector.store.leases import give_back, take
from connector.store.tables import connections

__all__ = ["DatabaseTokenStore", "LeaseNotFree"]

LEASE = timedelta(seconds=60)
POLL_SECONDS = 0.05
PATIENCE = timedelta(seconds=90)


class LeaseNotFree(Exception):
    """Somebody held the lease for longer than a dead holder could."""


class DatabaseTokenStore:
    """Tokens in the row of their connection; the row is made when it is missing."""

    def __init__(
        self,
        engine: sa.Engine,
        *,
        sleep: Callable[[float], None] = time.sleep,
        lease: timedelta = LEASE,
        patience: timedelta = PATIENCE,
    ) -> None:
        self._engine = engine
        self._sleep = sleep
        self._lease = lease
        self._patience = patience

    def load(self, system: str) -> bytes | None:
        """Return what was saved last."""
        with reading(self._engine) as conn:
            statement = sa.select(connections.c.token).where(connections.c.name == system)
            return conn.execute(statement).scalar_one_or_none()

    def save(self, system: str, sealed: bytes) -> None:
        """Keep it, replacing the former."""

        def put(conn: sa.Connection) -> None:
            now = database_now(conn)
            row = {"name": system, "vendor": "", "state": "ready", "updated_at": now}
            conn.execute(insert_or_ignore(conn, connections), row)
            conn.execute(
                connections.update()
                .where(connections.c.name == system)
                .values(token=sealed, updated_at=now)
            )

        in_one_commit(self._engine, put)

    def forget(self, system: str) -> None:
        """Let go of the token; the next call asks for one."""
        in_one_commit(
            self._engine,
            lambda conn: conn.execute(
                connections.update().where(connections.c.name == system).values(token=None)
            ),
        )

    @contextmanager
    def lock(self, system: str) -> Iterator[None]:
        """Let one holder in at a time, on all hosts. Raises ``LeaseNotFree`` after long waiting."""
        name, owner = f"token:{system}", uuid.uuid4().hex
        waited = timedelta(0)
        while not in_one_commit(self._engine, lambda conn: take(conn, name, owner, self._lease)):
            if waited > self._patience:
                msg = f"{name} was held for more than {self._patience.total_seconds():.0f} s"
                raise LeaseNotFree(msg)
            self._sleep(POLL_SECONDS)
            waited += timedelta(seconds=POLL_SECONDS)
        try:
            yield
        finally:
            in_one_commit(self._engine, lambda conn: give_back(conn, name, owner))
