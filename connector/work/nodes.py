"""The processes that serve: each has a row that it keeps alive by the database's clock (F20).

On SQLite one process serves at a time: a second is refused as long as the first is heard of. On
PostgreSQL any number may, and their rows say who they are.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from connector.store.engine import database_now, in_one_commit
from connector.store.queue_tables import nodes

__all__ = ["LIFE", "Node", "NodeInTheWay", "present_nodes", "serving_as"]

_log = logging.getLogger(__name__)

LIFE = timedelta(seconds=60)
BEATS_PER_LIFE = 3
KEPT = timedelta(days=1)


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A process that serves. ``name`` is one for each start, ``host`` where it runs."""

    name: str
    parts: str
    host: str


class NodeInTheWay(Exception):
    """Another process serves on this SQLite file; ``until``: when it is gone if it is silent."""

    def __init__(self, node: Node, until: datetime) -> None:
        super().__init__(f"{node.parts} serves on {node.host} ({node.name})")
        self.node = node
        self.until = until


def present_nodes(conn: sa.Connection) -> list[tuple[Node, datetime]]:
    """List the processes that serve now, and until when each is believed to live."""
    statement = sa.select(nodes).where(nodes.c.expires_at > database_now(conn))
    rows = conn.execute(statement.order_by(nodes.c.started_at, nodes.c.name))
    return [(Node(name=r.name, parts=r.parts, host=r.host), r.expires_at) for r in rows]


@contextmanager
def serving_as(
    engine: sa.Engine, node: Node, *, lost: Callable[[], None], life: timedelta = LIFE
) -> Iterator[None]:
    """Be one of the processes that serve while the block runs. Raises ``NodeInTheWay``.

    ``lost`` is called once if this process was silent for so long that another took its place.
    """
    in_one_commit(engine, lambda conn: _enter(conn, node, life))
    ended = threading.Event()
    beating = threading.Thread(
        target=_beat, args=(engine, node, life, ended, lost), name="heartbeat", daemon=True
    )
    beating.start()
    try:
        yield
    finally:
        ended.set()
        beating.join()
        in_one_commit(engine, lambda conn: conn.execute(_row_of(node)))


def _row_of(node: Node) -> sa.Delete:
    return nodes.delete().where(nodes.c.name == node.name)


def _enter(conn: sa.Connection, node: Node, life: timedelta) -> None:
    """Put the row down, or keep it alive where it is."""
    now = database_now(conn)
    if conn.dialect.name == "sqlite":
        for other, until in present_nodes(conn):
            if other.name != node.name:
                raise NodeInTheWay(other, until)
    alive = nodes.update().where(nodes.c.name == node.name).values(expires_at=now + life)
    if conn.execute(alive).rowcount == 0:
        values = msgspec.structs.asdict(node)
        conn.execute(nodes.insert().values(**values, started_at=now, expires_at=now + life))
    conn.execute(nodes.delete().where(nodes.c.expires_at < now - KEPT))


def _beat(
    engine: sa.Engine,
    node: Node,
    life: timedelta,
    ended: threading.Event,
    lost: Callable[[], None],
) -> None:
    while not ended.wait(life.total_seconds() / BEATS_PER_LIFE):
        try:
            in_one_commit(engine, lambda conn: _enter(conn, node, life))
        except NodeInTheWay as error:
            _log.error("another process took over: %s", error)
            lost()
            return
        except SQLAlchemyError as error:  # the next beat may come through
            _log.warning("heartbeat failed: %s", type(error).__name__)
