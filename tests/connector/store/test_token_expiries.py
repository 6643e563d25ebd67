"""Three processes see a token expire at the same moment: one asks, whatever the moment (F24, T07)."""

import multiprocessing
from datetime import UTC, datetime, timedelta
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Barrier

import pytest
import sqlalchemy as sa

from adapters.tokens import AccessToken, Sealer, TokenKeeper
from connector.store.engine import create_engine
from connector.store.tokens import DatabaseTokenStore

START = datetime(2026, 11, 24, 2, tzinfo=UTC)
LIFE = timedelta(hours=1)
PROCESSES = 3
KEY = bytes(range(32))


def use_tokens(
    url: str, moments: int, together: Barrier, asked: "Synchronized[int]", seen: "Synchronized[int]"
) -> None:
    """Take a token at each moment, when all are there; count the questions and the odd answers."""
    engine = create_engine(url)
    at = START

    def ask() -> AccessToken:
        with asked.get_lock():
            asked.value += 1
            name = f"token-{asked.value}"
        return AccessToken(value=name, issued_at=at, expires_at=at + LIFE)

    keeper = TokenKeeper(
        "zoho",
        store=DatabaseTokenStore(engine),
        sealer=Sealer(KEY),
        ask=ask,
        now=lambda: at,
    )
    for moment in range(1, moments + 1):
        together.wait()
        if keeper.token().value == f"token-{moment}":
            with seen.get_lock():
                seen.value += 1
        together.wait()
        at += LIFE
    engine.dispose()


@pytest.mark.parametrize("moments", [8, pytest.param(200, marks=pytest.mark.full)])
def test_each_expiry_costs_one_request(engine: sa.Engine, database_url: str, moments: int) -> None:
    spawn = multiprocessing.get_context("spawn")
    together = spawn.Barrier(PROCESSES)
    asked, seen = spawn.Value("i", 0), spawn.Value("i", 0)
    arguments = (database_url, moments, together, asked, seen)
    processes = [spawn.Process(target=use_tokens, args=arguments) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    assert [process.exitcode for process in processes] == [0] * PROCESSES
    assert asked.value == moments
    assert seen.value == moments * PROCESSES
