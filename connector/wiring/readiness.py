"""Whether this process can do its work: the database takes writes, its schema is ours, the key fits."""

from datetime import timedelta
from threading import Lock
from time import monotonic

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from connector.flow.reports.health import Health, look
from connector.store.engine import database_now, in_one_commit, reading, upsert
from connector.store.migrations import SchemaBroken, SchemaNewer, SchemaOlder, check_schema
from connector.store.sealing import key_fits
from connector.store.tables import leases
from connector.wiring.product import Zixin

__all__ = ["Readiness", "health_of", "why_not_ready"]

LOOKED_LATELY = timedelta(seconds=5)
_PROBE = "readiness"


class Readiness:
    """Asks at most once in a few seconds, however often it is asked: asking writes a row."""

    def __init__(self, zixin: Zixin, *, lately: timedelta = LOOKED_LATELY) -> None:
        self._zixin = zixin
        self._lately = lately.total_seconds()
        self._lock = Lock()
        self._known: tuple[float, list[str]] | None = None

    def reasons(self) -> list[str]:
        """Say why this process is not ready; empty: it is."""
        with self._lock:
            if self._known is None or monotonic() - self._known[0] > self._lately:
                self._known = (monotonic(), why_not_ready(self._zixin))
            return self._known[1]


def why_not_ready(zixin: Zixin) -> list[str]:
    """Look at database, schema and key; each fault is a sentence without a secret in it."""
    faults = []
    try:
        in_one_commit(zixin.engine, _write)
    except SQLAlchemyError as error:
        faults.append(f"the database takes no writes: {_cause(error)}")
    try:
        check_schema(zixin.engine)
    except (SchemaBroken, SchemaNewer, SchemaOlder) as error:
        faults.append(str(error))
    except SQLAlchemyError as error:
        faults.append(f"the database cannot be read: {_cause(error)}")
    else:
        if not key_fits(zixin.engine, zixin.sealer):
            faults.append("store.key: the database was sealed with another key")
    return faults


def _write(conn: sa.Connection) -> None:
    """Write a row for real: only a commit shows a full disk."""
    row = {"name": _PROBE, "owner": "", "epoch": 0, "expires_at": database_now(conn)}
    conn.execute(upsert(conn, leases, update=("expires_at",)), row)


def _cause(error: SQLAlchemyError) -> str:
    """Name the kind of fault: what a driver says may hold an address."""
    return type(getattr(error, "orig", None) or error).__name__


def health_of(zixin: Zixin) -> Health:
    """Look at everything that may become old."""
    plans = {name: zixin.connection(name).budget for name in zixin.names}
    with reading(zixin.engine) as conn:
        return look(conn, plans, zixin.clock.now())
