import multiprocessing
import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from adapters.tokens import TokenStore
from connector.store.engine import create_engine, reading, writing
from connector.store.tables import connections, leases
from connector.store.tokens import DatabaseTokenStore, LeaseNotFree


def test_it_fits_what_the_token_keeper_asks_for(engine: sa.Engine) -> None:
    store: TokenStore = DatabaseTokenStore(engine)

    assert store.load("zoho") is None


def test_what_was_saved_last_is_loaded(engine: sa.Engine) -> None:
    store = DatabaseTokenStore(engine)
    store.save("zoho", b"one")
    store.save("zoho", b"two")
    store.save("fxiaoke", b"other")

    assert (store.load("zoho"), store.load("fxiaoke")) == (b"two", b"other")


def test_saving_keeps_what_is_known_of_the_connection(engine: sa.Engine) -> None:
    store = DatabaseTokenStore(engine)
    store.save("zoho", b"one")
    with writing(engine) as conn:
        conn.execute(connections.update().values(vendor="zoho", organisation_id="org1"))

    store.save("zoho", b"two")

    with reading(engine) as conn:
        assert conn.execute(sa.select(connections.c.organisation_id)).scalar_one() == "org1"


def test_one_holder_at_a_time(engine: sa.Engine) -> None:
    store, inside, most = DatabaseTokenStore(engine), [0], [0]

    def hold() -> None:
        with store.lock("zoho"):
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            store.save("zoho", b"x")
            inside[0] -= 1

    threads = [threading.Thread(target=hold) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == [1]


def _count_up(url: str, rounds: int) -> None:
    engine = create_engine(url)
    store = DatabaseTokenStore(engine)
    for _round in range(rounds):
        with store.lock("zoho"):
            store.save("zoho", str(int(store.load("zoho") or b"0") + 1).encode())
    engine.dispose()


def test_processes_take_turns(engine: sa.Engine, database_url: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=_count_up, args=(database_url, 5)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    assert [process.exitcode for process in processes] == [0, 0]
    assert DatabaseTokenStore(engine).load("zoho") == b"10"


def test_a_dead_holder_keeps_others_out_for_the_lease_only(engine: sa.Engine) -> None:
    dead = DatabaseTokenStore(engine).lock("zoho")
    dead.__enter__()
    with writing(engine) as conn:  # its time is over
        conn.execute(leases.update().values(expires_at=datetime(2000, 1, 1, tzinfo=UTC)))

    with DatabaseTokenStore(engine).lock("zoho"):
        with reading(engine) as conn:
            assert conn.execute(sa.select(leases.c.epoch)).scalar_one() == 2
        dead.__exit__(None, None, None)  # waking up late, it must not release its successor's lease
        impatient = DatabaseTokenStore(
            engine, sleep=lambda _seconds: None, patience=timedelta(seconds=1)
        )
        with pytest.raises(LeaseNotFree), impatient.lock("zoho"):
            pytest.fail("two holders")


def test_a_lease_of_one_connection_leaves_others_free(engine: sa.Engine) -> None:
    store = DatabaseTokenStore(engine)

    with store.lock("zoho"), store.lock("fxiaoke"):
        assert store.load("zoho") is None
