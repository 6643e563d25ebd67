"""What every test gets: a fixed zone that is not UTC, no network, and a database of its own.

``TEST_DATABASE_URL`` moves the tests with a database to PostgreSQL, each in a schema of its own.
"""

import os
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import settings

from connector.clock import FixedClock
from connector.store.engine import create_engine
from tests.databases import Tables, empty_database

# A slip between UTC and local time shows at once where local time is eight hours ahead.
os.environ["TZ"] = "Asia/Shanghai"
time.tzset()

# No test is timed: a slow moment of the machine is no fault of the product.
# `make thorough` compares engine and oracle on ten thousand companies.
settings.register_profile("ordinary", deadline=None)
settings.register_profile("thorough", deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ordinary"))

SEED = int(os.environ.get("ZIXIN_SEED", "20261128"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the seed of what tests draw: kills, faults, bookings."""
    parser.addoption("--seed", type=int, default=SEED, help="seed of kills, faults and bookings")


def pytest_report_header(config: pytest.Config) -> str:
    """Say how to repeat what was drawn."""
    return f"seed: --seed={config.getoption('seed')} (or ZIXIN_SEED)"


_real_connect = socket.socket.connect
_real_connect_ex = socket.socket.connect_ex


def _refuse_strangers(address: Any) -> None:
    if isinstance(address, tuple):
        host = str(address[0])
        if host not in {"localhost", "::1"} and not host.startswith("127."):
            msg = f"a test tried to reach {host}: only loopback is open"
            raise RuntimeError(msg)


def _connect(self: socket.socket, address: Any) -> None:
    _refuse_strangers(address)
    _real_connect(self, address)


def _connect_ex(self: socket.socket, address: Any) -> int:
    _refuse_strangers(address)
    return _real_connect_ex(self, address)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On a server, run what stores anything there; the rest would only say the same again."""
    if "TEST_DATABASE_URL" not in os.environ:
        return
    stores = [item for item in items if _stores(item)]
    config.hook.pytest_deselected(items=list(set(items).difference(stores)))
    items[:] = stores


def _stores(item: pytest.Item) -> bool:
    asked_for = getattr(item, "fixturenames", ())
    return "tables" in asked_for or item.get_closest_marker("database") is not None


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    """Let tests reach loopback and nothing else."""
    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", _connect)
    patch.setattr(socket.socket, "connect_ex", _connect_ex)
    yield
    patch.undo()


@pytest.fixture(scope="session")
def seed(request: pytest.FixtureRequest) -> int:
    """Give the seed of this session."""
    chosen: int = request.config.getoption("seed")
    return chosen


@pytest.fixture
def clock() -> FixedClock:
    """Stand at 10:00 in Shanghai on 24 November 2026."""
    return FixedClock(datetime(2026, 11, 24, 2, 0, tzinfo=UTC))


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    """Keep databases with the product's tables ready."""
    kept = Tables(tmp_path_factory.mktemp("tables"))
    yield kept
    kept.close()


@pytest.fixture
def tables_file(tables: Tables) -> Path:
    """Give a SQLite file with the product's tables, to be copied."""
    return tables.file()


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path, tables: Tables) -> Iterator[str]:
    """Give a database: an empty one, or one with tables where the test asks for its ``engine``."""
    wants_tables = "engine" in request.fixturenames
    with tables.lent(tmp_path) if wants_tables else empty_database(tmp_path) as url:
        yield url


@pytest.fixture
def empty_engine(database_url: str) -> Iterator[sa.Engine]:
    """Open a database without tables."""
    engine = create_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    """Open a database with the product's tables."""
    engine = create_engine(database_url)
    yield engine
    engine.dispose()
