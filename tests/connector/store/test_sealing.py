"""The canary that tells a wrong key, and sealing anew with another key."""

from datetime import UTC, datetime

import msgspec
import pytest
import sqlalchemy as sa

from adapters.tokens import Sealer, sealed_with
from connector.store import sealing as work
from connector.store.audit import verify
from connector.store.sealing import forget, key_fits, rotate
from connector.store.tables import audit
from connector.store.tokens import DatabaseTokenStore

OLD, NEW, OTHER = bytes([1]) * 32, bytes([2]) * 32, bytes([3]) * 32
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
NAMES = ["a", "b", "c", "d", "e"]


@pytest.fixture
def store(engine: sa.Engine) -> DatabaseTokenStore:
    assert key_fits(engine, Sealer(OLD))
    store = DatabaseTokenStore(engine)
    for name in NAMES:
        store.save(name, Sealer(OLD).seal(f"token {name}".encode(), name))
    return store


def test_a_wrong_key_is_told_and_an_old_one_beside_the_new_fits(engine: sa.Engine) -> None:
    assert key_fits(engine, Sealer(OLD))

    assert not key_fits(engine, Sealer(NEW))
    assert key_fits(engine, Sealer(NEW, [OLD]))


def test_after_a_rotation_the_old_key_is_not_needed(
    engine: sa.Engine, store: DatabaseTokenStore
) -> None:
    done = rotate(engine, Sealer(NEW, [OLD]), now=NOW, at_once=2)

    assert (done.resealed, done.lost) == (len(NAMES), ())
    assert done.old_keys == (Sealer(OLD).key_id,)
    assert key_fits(engine, Sealer(NEW))
    assert not key_fits(engine, Sealer(OLD))
    for name in NAMES:
        sealed = store.load(name)
        assert sealed is not None
        assert Sealer(NEW).unseal(sealed, name) == f"token {name}".encode()


def test_a_rotation_stands_in_the_audit_log_without_a_key(
    engine: sa.Engine, store: DatabaseTokenStore
) -> None:
    done = rotate(engine, Sealer(NEW, [OLD]), now=NOW)

    with engine.connect() as conn:
        verify(conn)
        (entry,) = conn.execute(sa.select(audit.c.what, audit.c.target, audit.c.new)).all()
    assert entry.what == "key_rotated"
    assert entry.target == f"key:{Sealer(NEW).key_id}"
    assert msgspec.json.decode(entry.new)["resealed"] == done.resealed


def test_a_rotation_that_was_cut_off_goes_on_where_it_stood(
    engine: sa.Engine, store: DatabaseTokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring, reseal = Sealer(NEW, [OLD]), work._reseal

    def dies(conn: sa.Connection, sealer: Sealer, names: list[str]) -> tuple[int, list[str]]:
        if "c" in names:
            raise KeyboardInterrupt
        return reseal(conn, sealer, names)

    monkeypatch.setattr(work, "_reseal", dies)
    with pytest.raises(KeyboardInterrupt):
        rotate(engine, ring, now=NOW, at_once=2)
    monkeypatch.undo()
    assert not key_fits(engine, Sealer(NEW))  # not finished: the old key is still asked for
    first = [store.load(name) for name in NAMES[:2]]

    assert rotate(engine, ring, now=NOW, at_once=2).resealed == 3
    assert [store.load(name) for name in NAMES[:2]] == first
    assert key_fits(engine, Sealer(NEW))


def test_what_opens_with_no_key_is_let_go_of_and_named(
    engine: sa.Engine, store: DatabaseTokenStore
) -> None:
    store.save("b", Sealer(OTHER).seal(b"token", "b"))
    store.save("c", Sealer(OLD).seal(b"token", "d"))  # moved from another row

    done = rotate(engine, Sealer(NEW, [OLD]), now=NOW)

    assert done.lost == ("b", "c")
    assert store.load("b") is None
    kept = store.load("a")
    assert kept is not None
    assert sealed_with(kept) == Sealer(NEW).key_id


def test_with_a_lost_key_the_tokens_go_and_another_key_fits(
    engine: sa.Engine, store: DatabaseTokenStore
) -> None:
    store.forget("e")

    done = forget(engine, Sealer(NEW), by="Li Na", reason="the disk died", now=NOW)

    assert done.connections == ("a", "b", "c", "d")
    assert [store.load(name) for name in NAMES] == [None] * len(NAMES)
    assert key_fits(engine, Sealer(NEW))
    assert not key_fits(engine, Sealer(OLD))


def test_a_key_given_up_stands_in_the_audit_log_with_who_and_why(
    engine: sa.Engine, store: DatabaseTokenStore
) -> None:
    forget(engine, Sealer(NEW), by="Li Na", reason="the disk died", now=NOW)

    with engine.connect() as conn:
        verify(conn)
        (entry,) = conn.execute(
            sa.select(audit.c.what, audit.c.target, audit.c.new, audit.c.why)
        ).all()
    assert (entry.what, entry.why) == ("key_forgotten", "by Li Na: the disk died")
    assert entry.target == f"key:{Sealer(NEW).key_id}"
    assert msgspec.json.decode(entry.new)["connections"] == NAMES


def test_giving_up_a_key_is_one_commit(
    engine: sa.Engine, store: DatabaseTokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("connector.store.audit.append", dies)
    with pytest.raises(KeyboardInterrupt):
        forget(engine, Sealer(NEW), by="Li Na", reason="the disk died", now=NOW)

    assert None not in [store.load(name) for name in NAMES]
    assert key_fits(engine, Sealer(OLD))
