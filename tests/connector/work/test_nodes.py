"""Who serves: one at a time on SQLite, any number on PostgreSQL, by the database's clock."""

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from connector.store.engine import database_now, reading, writing
from connector.store.queue_tables import nodes
from connector.store.tables import leases
from connector.work.alone import LeaseLost, alone
from connector.work.nodes import Node, NodeInTheWay, present_nodes, serving_as

FIRST = Node(name="one:1", parts="web worker scheduler", host="one")
SECOND = Node(name="one:2", parts="web worker scheduler", host="one")
SHORT = timedelta(milliseconds=60)


def never() -> None:
    raise AssertionError


def names(engine: sa.Engine) -> list[str]:
    with reading(engine) as conn:
        return [node.name for node, _until in present_nodes(conn)]


def only_sqlite(engine: sa.Engine) -> None:
    if engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL serves any number")


def test_a_process_that_serves_has_a_row_as_long_as_it_does(engine: sa.Engine) -> None:
    with serving_as(engine, FIRST, lost=never):
        assert names(engine) == [FIRST.name]

    assert names(engine) == []


def test_a_second_process_is_refused_on_sqlite_while_the_first_lives(engine: sa.Engine) -> None:
    only_sqlite(engine)
    with (
        serving_as(engine, FIRST, lost=never),
        pytest.raises(NodeInTheWay) as refused,
        serving_as(engine, SECOND, lost=never),
    ):
        pass

    assert refused.value.node == FIRST
    with serving_as(engine, SECOND, lost=never):
        assert names(engine) == [SECOND.name]


def test_several_processes_serve_on_postgresql(engine: sa.Engine) -> None:
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite serves one")
    with serving_as(engine, FIRST, lost=never), serving_as(engine, SECOND, lost=never):
        assert names(engine) == [FIRST.name, SECOND.name]


def test_the_place_of_a_process_that_was_not_heard_of_is_free(engine: sa.Engine) -> None:
    with serving_as(engine, FIRST, lost=never):
        with writing(engine) as conn:
            conn.execute(nodes.update().values(expires_at=database_now(conn)))

        with serving_as(engine, SECOND, lost=never):
            assert names(engine) == [SECOND.name]


def test_a_heartbeat_keeps_the_row_alive(engine: sa.Engine) -> None:
    with serving_as(engine, FIRST, lost=never, life=timedelta(seconds=0.3)):
        with reading(engine) as conn:
            ((_node, first),) = present_nodes(conn)
        pause = threading.Event()
        for _ in range(100):
            with reading(engine) as conn:
                ((_node, until),) = present_nodes(conn)
            if until > first:
                break
            pause.wait(0.02)

    assert until > first


def test_who_was_silent_for_too_long_hears_that_another_took_over(engine: sa.Engine) -> None:
    only_sqlite(engine)
    told = threading.Event()
    with serving_as(engine, FIRST, lost=told.set, life=SHORT):
        with writing(engine) as conn:
            now = database_now(conn)
            other = {"name": SECOND.name, "parts": SECOND.parts, "host": SECOND.host}
            conn.execute(nodes.delete())
            conn.execute(
                nodes.insert().values(
                    **other, started_at=now, expires_at=now + timedelta(minutes=1)
                )
            )

        assert told.wait(10)
    assert names(engine) == [SECOND.name]


def test_what_is_done_alone_is_done_by_one(engine: sa.Engine) -> None:
    with (
        alone(engine, "it") as mine,
        alone(engine, "it") as theirs,
        alone(engine, "other") as else_,
    ):
        assert (mine is None, theirs is None, else_ is None) == (False, True, False)

    with alone(engine, "it") as again:
        assert again is not None


def test_each_take_over_raises_the_epoch(engine: sa.Engine) -> None:
    for _ in range(3):
        with alone(engine, "it"):
            pass

    with reading(engine) as conn:
        assert conn.execute(sa.select(leases.c.epoch)).scalar_one() == 3


def test_who_overslept_a_lease_is_told_in_the_commit_that_would_have_used_it(
    engine: sa.Engine,
) -> None:
    with alone(engine, "it") as mine:
        assert mine is not None
        with writing(engine) as conn:
            conn.execute(leases.update().values(expires_at=database_now(conn)))
        with alone(engine, "it") as theirs:
            assert theirs is not None
            with pytest.raises(LeaseLost), writing(engine) as conn:
                mine.must_hold(conn)
            with writing(engine) as conn:
                theirs.must_hold(conn)
