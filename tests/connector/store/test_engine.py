import sqlite3
import stat
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from psycopg.errors import SerializationFailure

from connector.store.columns import JsonBytes, PackedBytes, Tenths, UtcDateTime
from connector.store.engine import create_engine, database_now, in_one_commit, reading, writing

samples = sa.Table(
    "samples",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", UtcDateTime),
    sa.Column("score", Tenths),
    sa.Column("document", JsonBytes),
    sa.Column("packed", PackedBytes),
)


@pytest.fixture
def sampled(empty_engine: sa.Engine) -> sa.Engine:
    with writing(empty_engine) as conn:
        samples.create(conn)
    return empty_engine


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "mysql://x/y", "postgresql://x/y"]
)
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="sqlite"):
        create_engine(url)


def test_values_come_back_as_they_went(sampled: sa.Engine) -> None:
    at = datetime(2026, 11, 24, 10, 0, 0, 123456, tzinfo=timezone(timedelta(hours=8)))
    row = {
        "id": 1,
        "at": at,
        "score": Decimal("71.5"),
        "document": '{"名":"恒"}'.encode(),
        "packed": b"\0\1" * 9,
    }
    with writing(sampled) as conn:
        conn.execute(samples.insert(), row)

    with reading(sampled) as conn:
        got = conn.execute(sa.select(samples)).mappings().one()

    assert dict(got) == row
    assert got["at"].tzinfo is UTC


def test_a_naive_time_is_refused(sampled: sa.Engine) -> None:
    with writing(sampled) as conn, pytest.raises(sa.exc.StatementError, match="time zone"):
        conn.execute(samples.insert(), {"id": 1, "at": datetime(2026, 1, 1)})  # noqa: DTZ001


def test_a_score_with_two_digits_is_refused(sampled: sa.Engine) -> None:
    with writing(sampled) as conn, pytest.raises(sa.exc.StatementError, match="one digit"):
        conn.execute(samples.insert(), {"id": 1, "score": Decimal("71.55")})


def test_an_error_rolls_back(sampled: sa.Engine) -> None:
    def fail(conn: sa.Connection) -> None:
        conn.execute(samples.insert(), {"id": 1})
        raise LookupError

    with pytest.raises(LookupError):
        in_one_commit(sampled, fail)

    with reading(sampled) as conn:
        assert conn.execute(sa.select(samples)).all() == []


def test_a_reader_sees_one_state_while_others_write(sampled: sa.Engine) -> None:
    count = sa.select(sa.func.count()).select_from(samples)
    with reading(sampled) as reader:
        before = reader.execute(count).scalar_one()
        with writing(sampled) as conn:
            conn.execute(samples.insert(), {"id": 1})

        assert (before, reader.execute(count).scalar_one()) == (0, 0)


def test_work_that_was_crowded_out_runs_again(sampled: sa.Engine) -> None:
    tries: list[int] = []
    pauses: list[float] = []

    def crowded(conn: sa.Connection) -> str:
        tries.append(1)
        if len(tries) < 3:
            raise _crowded(conn)
        return "done"

    result = in_one_commit(sampled, crowded, sleep=pauses.append, jitter=lambda: 0.5)

    assert result == "done"
    assert pauses == [0.05, 0.1]


def test_work_that_is_always_crowded_out_gives_up(sampled: sa.Engine) -> None:
    tries: list[int] = []

    def crowded(conn: sa.Connection) -> None:
        tries.append(1)
        raise _crowded(conn)

    with pytest.raises(sa.exc.OperationalError):
        in_one_commit(sampled, crowded, sleep=lambda _seconds: None)

    assert len(tries) == 5


def _crowded(conn: sa.Connection) -> sa.exc.OperationalError:
    if conn.dialect.name == "postgresql":
        return sa.exc.OperationalError("x", {}, SerializationFailure("crowded out"))
    busy = sqlite3.OperationalError("database is locked")
    busy.sqlite_errorcode = sqlite3.SQLITE_BUSY
    return sa.exc.OperationalError("x", {}, busy)


def test_the_database_tells_the_time(empty_engine: sa.Engine) -> None:
    with reading(empty_engine) as conn:
        told = database_now(conn)

    assert told.tzinfo is UTC
    assert abs(told - datetime.now(UTC)) < timedelta(minutes=1)


def test_sqlite_is_set_up_to_keep_what_it_acknowledged(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'a.db'}")
    with reading(engine) as conn:
        pragmas = [
            conn.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    engine.dispose()

    assert pragmas == ["wal", 2, 1, 10_000]


def test_the_database_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    create_engine(f"sqlite:///{tmp_path / 'a.db'}").dispose()

    assert stat.S_IMODE((tmp_path / "a.db").stat().st_mode) == 0o600


def test_a_writer_waits_for_its_turn_from_the_beginning(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'a.db'}")
    other = create_engine(f"sqlite:///{tmp_path / 'a.db'}")
    with writing(engine), other.connect() as conn:
        conn.exec_driver_sql("PRAGMA busy_timeout=0")
        conn.rollback()
        conn.execution_options(zixin_write=True)

        with pytest.raises(sa.exc.OperationalError, match="locked"):
            conn.begin()
    engine.dispose()
    other.dispose()


@pytest.mark.parametrize(
    ("code", "left"),
    [
        (sqlite3.SQLITE_IOERR_FSYNC, ["left"]),
        (sqlite3.SQLITE_IOERR_DIR_FSYNC, ["left"]),
        (sqlite3.SQLITE_IOERR_WRITE, []),
        (sqlite3.SQLITE_FULL, []),
    ],
)
@pytest.mark.parametrize("where", ["execute", "commit"])
def test_a_process_whose_disk_confirms_nothing_ends_and_one_that_is_refused_goes_on(
    code: int, left: list[str], where: str, tmp_path: Path
) -> None:
    seen: list[str] = []
    engine = create_engine(f"sqlite:///{tmp_path / 'a.db'}", leave=lambda: seen.append("left"))
    failure = sqlite3.OperationalError("disk I/O error")
    failure.sqlite_errorcode = code

    def fail(*_: object) -> None:
        raise failure

    def work(conn: sa.Connection) -> None:
        setattr(engine.dialect, f"do_{where}", fail)  # where the driver would have failed
        if where == "execute":
            conn.exec_driver_sql("SELECT 1")

    with pytest.raises(sa.exc.OperationalError):
        in_one_commit(engine, work)
    engine.dispose()

    assert seen == left
