"""The inbox: a message is kept once, a hint of ours lies beside it, a dead database says so."""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from adapters.events import ForgedMessage, Hint, Verified
from connector.clock import FixedClock
from connector.store.engine import reading, writing
from connector.store.queue_tables import inbox
from connector.work.inbox import (
    DatabaseInbox,
    EventSource,
    UnreadableMessage,
    hints_of,
    put_hints,
)
from scoring.records import Kind
from webhooks.app import create_app
from webhooks.port import InboxUnavailable, VerificationError

HINT = Hint(Kind.INVOICES, ("I1",))


class Codec:
    """Genuine is what starts with ``ok``; the rest of the body names invoices."""

    def verify(self, headers: Mapping[str, str], body: bytes) -> Verified:
        if not body.startswith(b"ok"):
            raise ForgedMessage("no ok")
        return Verified(message_id=body.decode())

    def parse_hints(self, body: bytes) -> Sequence[Hint]:
        if body == b"ok stale key":
            raise ForgedMessage("the signature does not match")
        ids = tuple(body.decode().split()[1:])
        return [Hint(Kind.INVOICES, ids)] if ids else []


def rows(engine: sa.Engine) -> list[sa.Row[Any]]:
    with reading(engine) as conn:
        return list(conn.execute(sa.select(inbox).order_by(inbox.c.id)).all())


def test_a_message_is_kept_once_for_each_connection(engine: sa.Engine, clock: FixedClock) -> None:
    woken: list[int] = []
    box = DatabaseInbox(engine, lambda: woken.append(1))

    kept = [box.put(source, "M1", clock.now(), {"a": "b"}, b"body") for source in ("x", "x", "y")]

    assert kept == [True, False, True]
    assert len(woken) == 2
    assert [(row.system, row.message_id, row.body) for row in rows(engine)] == [
        ("x", "M1", b"body"),
        ("y", "M1", b"body"),
    ]


@pytest.mark.parametrize("message_id", ["\x00", "\ud800", "x" * 10_000, "中文"])
def test_any_message_id_can_be_kept(engine: sa.Engine, clock: FixedClock, message_id: str) -> None:
    box = DatabaseInbox(engine)

    assert box.put("x", message_id, clock.now(), {}, b"")
    assert not box.put("x", message_id, clock.now(), {}, b"")


def test_a_database_that_fails_is_told(empty_engine: sa.Engine, clock: FixedClock) -> None:
    box = DatabaseInbox(empty_engine)  # without tables

    assert not box.ready()
    with pytest.raises(InboxUnavailable):
        box.put("x", "M1", clock.now(), {}, b"")


def test_the_receiver_answers_503_on_a_database_that_fails(
    empty_engine: sa.Engine, clock: FixedClock
) -> None:
    sources = {"p": EventSource(name="x", codec=Codec())}
    client = create_app(sources, DatabaseInbox(empty_engine), clock.now).test_client()

    assert client.post("/hooks/p", data=b"ok I1").status_code == 503
    assert client.get("/readyz").status_code == 503


def test_the_receiver_keeps_what_the_vendors_codec_proves(
    engine: sa.Engine, clock: FixedClock
) -> None:
    sources = {"p": EventSource(name="x", codec=Codec(), status=202)}
    client = create_app(sources, DatabaseInbox(engine), clock.now).test_client()

    assert client.post("/hooks/p", data=b"ok I1").status_code == 202
    assert client.post("/hooks/p", data=b"forged").status_code == 401
    assert client.get("/readyz").status_code == 200
    assert [row.body for row in rows(engine)] == [b"ok I1"]


def test_a_forgery_is_told_in_the_receivers_words() -> None:
    with pytest.raises(VerificationError, match="no ok"):
        EventSource(name="x", codec=Codec()).verify({}, b"forged")


def test_a_hint_of_ours_is_put_down_once_and_read_without_a_codec(
    engine: sa.Engine, clock: FixedClock
) -> None:
    with writing(engine) as conn:
        assert put_hints(conn, "x", "outbox:1", [HINT], now=clock.now())
        assert not put_hints(conn, "x", "outbox:1", [HINT], now=clock.now())

    (row,) = rows(engine)
    assert hints_of(row, None) == (HINT,)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"ok stale key", "cannot be read any more"),
        (b"ok " + b"I " * 1001, "more than 1000"),
    ],
)
def test_a_message_that_says_nothing_we_may_use_is_unreadable(
    engine: sa.Engine, clock: FixedClock, body: bytes, why: str
) -> None:
    DatabaseInbox(engine).put("x", "M1", clock.now(), {}, body)

    with pytest.raises(UnreadableMessage, match=why):
        hints_of(rows(engine)[0], Codec())


def test_a_message_about_records_that_are_not_read_asks_for_nothing(
    engine: sa.Engine, clock: FixedClock
) -> None:
    DatabaseInbox(engine).put("x", "M1", clock.now(), {}, b"ok")

    assert hints_of(rows(engine)[0], Codec()) == ()


def test_a_message_of_a_connection_without_codec_is_unreadable(
    engine: sa.Engine, clock: FixedClock
) -> None:
    DatabaseInbox(engine).put("x", "M1", clock.now(), {}, b"ok I1")

    with pytest.raises(UnreadableMessage):
        hints_of(rows(engine)[0], None)
    assert hints_of(rows(engine)[0], Codec()) == (HINT,)


def test_messages_that_arrive_together_are_each_kept_once(
    engine: sa.Engine, clock: FixedClock
) -> None:
    box = DatabaseInbox(engine)
    names = [f"M{number % 20}" for number in range(60)]

    with ThreadPoolExecutor(12) as threads:
        new = list(threads.map(lambda name: box.put("x", name, clock.now(), {}, b""), names))

    assert sum(new) == 20
    assert sorted(row.message_id for row in rows(engine)) == sorted(set(names))


def test_messages_that_wait_for_a_commit_share_the_next_one(
    engine: sa.Engine, clock: FixedClock
) -> None:
    box, commits = DatabaseInbox(engine), list[int]()
    sa.event.listen(engine, "commit", lambda _conn: commits.append(1))
    with box._committing, ThreadPoolExecutor(5) as threads:
        puts = [threads.submit(box.put, "x", f"M{n}", clock.now(), {}, b"") for n in range(5)]
        while len(box._arrived) < 5:
            time.sleep(0)
        box._committing.release()
        assert all(put.result() for put in puts)
        box._committing.acquire()

    assert len(commits) == 1
    assert len(rows(engine)) == 5


def test_one_message_the_database_refuses_takes_no_other_with_it(
    engine: sa.Engine, clock: FixedClock
) -> None:
    box = DatabaseInbox(engine)
    source = [f"x{n}" for n in range(4)]
    source[2] = None  # type: ignore[call-overload]
    with box._committing, ThreadPoolExecutor(4) as threads:
        puts = [threads.submit(box.put, name, "M", clock.now(), {}, b"") for name in source]
        while len(box._arrived) < 4:
            time.sleep(0)
        box._committing.release()
        kept = [put.exception() is None for put in puts]
        box._committing.acquire()

    assert kept == [True, True, False, True]
    assert len(rows(engine)) == 3
