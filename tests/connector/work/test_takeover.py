import sqlalchemy as sa

from connector.clock import FixedClock
from connector.store.engine import in_one_commit, reading, writing
from connector.store.queue_tables import outbox
from connector.store.tables import leases
from connector.store.tokens import DatabaseTokenStore
from connector.work import queue
from connector.work.takeover import take_over
from connector.work.writebacks import WriteBack
from tests.connector.work.writes import a_draft, an_update


def put(engine: sa.Engine, clock: FixedClock, *writes: WriteBack) -> None:
    with writing(engine) as conn:
        queue.enqueue(conn, writes, now=clock.now())


def claimed(engine: sa.Engine, clock: FixedClock) -> list[str]:
    with writing(engine) as conn:
        rows = queue.claim(conn, now=clock.now(), lease="mine", limit=10)
    return [row.account_id for row in rows]


def test_what_a_dead_process_held_is_due_at_once(engine: sa.Engine, clock: FixedClock) -> None:
    put(engine, clock, an_update("A1"), an_update("A2"))
    assert claimed(engine, clock) == ["A1", "A2"]
    assert claimed(engine, clock) == []

    in_one_commit(engine, lambda conn: take_over(conn, now=clock.now()))

    assert claimed(engine, clock) == ["A1", "A2"]


def test_a_task_under_way_is_due_at_once_and_remembered_as_sent(
    engine: sa.Engine, clock: FixedClock
) -> None:
    put(engine, clock, a_draft("A1"))
    with writing(engine) as conn:
        rows = queue.claim(conn, now=clock.now(), lease="dead")
        queue.mark_sending(conn, rows, lease="dead", now=clock.now())

    in_one_commit(engine, lambda conn: take_over(conn, now=clock.now()))

    with writing(engine) as conn:
        (row,) = queue.claim(conn, now=clock.now(), lease="mine")
    assert row.sent_at == clock.now()


def test_a_wish_with_a_newer_one_behind_it_waits_out_its_lease(
    engine: sa.Engine, clock: FixedClock
) -> None:
    put(engine, clock, an_update("A1", rating="B"))
    assert claimed(engine, clock) == ["A1"]
    put(engine, clock, an_update("A1", rating="CCC"))

    in_one_commit(engine, lambda conn: take_over(conn, now=clock.now()))

    assert claimed(engine, clock) == []


def test_what_is_settled_stays_settled(engine: sa.Engine, clock: FixedClock) -> None:
    put(engine, clock, an_update("A1"))
    with writing(engine) as conn:
        (row,) = queue.claim(conn, now=clock.now(), lease="mine")
        queue.settle(conn, row, lease="mine", state="parked", now=clock.now())

    in_one_commit(engine, lambda conn: take_over(conn, now=clock.now()))

    with reading(engine) as conn:
        assert conn.execute(sa.select(outbox.c.state)).scalars().all() == ["parked"]


def test_the_lease_on_a_token_is_free_again(engine: sa.Engine, clock: FixedClock) -> None:
    store = DatabaseTokenStore(engine)
    with store.lock("crm"):  # stands for a process that dies in here
        in_one_commit(engine, lambda conn: take_over(conn, now=clock.now()))
        with reading(engine) as conn:
            assert conn.execute(sa.select(leases.c.owner)).scalars().all() == [""]
        with store.lock("crm"):
            assert store.load("crm") is None
