"""Doing something alone, on all hosts: a lease that is lengthened while the work goes on (M5)."""

import logging
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from connector.store.engine import in_one_commit
from connector.store.leases import give_back, lengthen, take

__all__ = ["LENGTH", "Held", "LeaseLost", "alone"]

_log = logging.getLogger(__name__)

LENGTH = timedelta(seconds=30)
HOLDS_PER_LEASE = 3


class LeaseLost(Exception):
    """The lease ran out while the work went on, and somebody else took it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A lease of ours."""

    name: str
    owner: str
    length: timedelta

    def must_hold(self, conn: sa.Connection) -> None:
        """Lengthen the lease in the caller's commit. Raises ``LeaseLost``."""
        if not lengthen(conn, self.name, self.owner, self.length):
            raise LeaseLost(self.name)


@contextmanager
def alone(engine: sa.Engine, name: str, *, length: timedelta = LENGTH) -> Iterator[Held | None]:
    """Hold a lease while the block runs. ``None``: somebody else holds it."""
    held = Held(name=name, owner=uuid.uuid4().hex, length=length)
    if not in_one_commit(engine, lambda conn: take(conn, name, held.owner, length)):
        yield None
        return
    ended = threading.Event()
    keeper = threading.Thread(
        target=_keep, args=(engine, held, ended), name=f"lease-{name}", daemon=True
    )
    keeper.start()
    try:
        yield held
    finally:
        ended.set()
        keeper.join()
        in_one_commit(engine, lambda conn: give_back(conn, name, held.owner))


def _keep(engine: sa.Engine, held: Held, ended: threading.Event) -> None:
    while not ended.wait(held.length.total_seconds() / HOLDS_PER_LEASE):
        try:
            in_one_commit(engine, held.must_hold)
        except LeaseLost:
            return
        except SQLAlchemyError as error:  # the next try may succeed before the lease is over
            _log.warning("lease %s not held: %s", held.name, type(error).__name__)
