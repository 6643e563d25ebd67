"""Two threads and two processes at one table: each row once, a lane in order."""

import multiprocessing
import threading
import uuid
from datetime import UTC, datetime

import sqlalchemy as sa

from connector.store.engine import create_engine, in_one_commit, reading, writing
from connector.store.queue_tables import outbox
from connector.work import queue
from tests.connector.work.writes import a_draft, an_update

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
ROWS = 60
LANES = 7


def fill(engine: sa.Engine) -> None:
    with writing(engine) as conn:
        drafts = [a_draft(f"A{number % LANES}", key=f"task-{number:03}") for number in range(ROWS)]
        queue.enqueue(conn, drafts, now=NOW)


def work(url: str, worker: str, together: "threading.Barrier | None" = None) -> None:
    """Claim and finish until everything is done; ``last_error`` keeps who did it."""
    engine = create_engine(url)
    if together is not None:
        together.wait()
    while _turn(engine, worker) or _open(engine):
        pass
    engine.dispose()


def _turn(engine: sa.Engine, worker: str) -> int:
    lease = uuid.uuid4().hex
    rows = in_one_commit(engine, lambda conn: queue.claim(conn, now=NOW, lease=lease, limit=3))

    def finish(conn: sa.Connection) -> None:
        for row in rows:
            assert queue.settle(conn, row, lease=lease, state="done", now=NOW, error=worker)

    in_one_commit(engine, finish)
    return len(rows)


def _open(engine: sa.Engine) -> int:
    with reading(engine) as conn:
        open_rows = sa.select(sa.func.count()).where(outbox.c.state.in_(("ready", "running")))
        return int(conn.execute(open_rows).scalar_one())


def assert_each_done_once(engine: sa.Engine) -> None:
    with reading(engine) as conn:
        rows = conn.execute(sa.select(outbox)).all()
    assert len(rows) == ROWS
    assert {(row.state, row.attempts) for row in rows} == {("done", 1)}


def test_two_threads_do_each_row_once(engine: sa.Engine, database_url: str) -> None:
    fill(engine)
    together = threading.Barrier(2)
    threads = [threading.Thread(target=work, args=(database_url, name, together)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert_each_done_once(engine)


def test_two_processes_do_each_row_once(engine: sa.Engine, database_url: str) -> None:
    fill(engine)
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=work, args=(database_url, name)) for name in "ab"]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    assert [process.exitcode for process in processes] == [0, 0]
    assert_each_done_once(engine)


def test_wishes_put_down_at_once_for_one_account_become_one(
    engine: sa.Engine, database_url: str
) -> None:
    together = threading.Barrier(4)

    def wish(number: int) -> None:
        own = create_engine(database_url)
        together.wait()
        update = an_update(terms_days=number)
        in_one_commit(own, lambda conn: queue.enqueue(conn, [update], now=NOW))
        own.dispose()

    threads = [threading.Thread(target=wish, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with reading(engine) as conn:
        assert [row.state for row in conn.execute(sa.select(outbox))] == ["ready"]
