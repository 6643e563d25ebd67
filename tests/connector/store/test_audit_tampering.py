"""T17: whatever is done to the audit log behind the product's back is found at its first place."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from connector.store.audit import AuditEntry, BrokenChain, append, head, verify
from connector.store.engine import reading, writing
from connector.store.tables import audit, audit_head
from tests.connector.store.saving import NOW
from tests.connector.store.test_audit import _unseal

TAMPERINGS = 200
_TEXTS = ("system", "target", "what", "why", "prev_hash", "hash", "assessment_id", "old", "new")


def _filled(engine: sa.Engine, length: int) -> None:
    with writing(engine) as conn:
        for start in range(0, length, 1000):
            append(
                conn,
                [
                    AuditEntry(
                        at=NOW,
                        system="zoho",
                        target=f"a{number}",
                        what="fields",
                        old=b'{"rating":"A"}',
                        new=b'{"rating":"B"}',
                        assessment_id=str(number),
                        why="assessed",
                    )
                    for number in range(start, min(start + 1000, length))
                ],
            )
        _unseal(conn)


@contextmanager
def _taken_back(engine: sa.Engine) -> Iterator[sa.Connection]:
    with engine.connect() as conn, conn.begin() as transaction:
        yield conn
        transaction.rollback()


def _edit(conn: sa.Connection, rng: random.Random, length: int) -> int:
    seq, name = rng.randint(1, length), rng.choice(_TEXTS)
    value: object = b'{"rating":"C"}' if name in {"old", "new"} else f"forged {rng.random()}"
    conn.execute(audit.update().where(audit.c.seq == seq).values({name: value}))
    return seq


def _delete(conn: sa.Connection, rng: random.Random, length: int) -> int:
    seq = rng.randint(1, length)
    conn.execute(audit.delete().where(audit.c.seq == seq))
    return seq


def _swap(conn: sa.Connection, rng: random.Random, length: int) -> int:
    first, second = sorted(rng.sample(range(1, length + 1), 2))
    for before, after in ((first, -1), (second, first), (-1, second)):
        conn.execute(audit.update().where(audit.c.seq == before).values(seq=after))
    return first


def _truncate(conn: sa.Connection, rng: random.Random, length: int) -> int:
    """Cut the log off; half of the time the head is made to fit, and only what was kept tells."""
    kept = rng.randint(0, length - 1)
    conn.execute(audit.delete().where(audit.c.seq > kept))
    if rng.random() < 0.5:
        last = conn.execute(sa.select(audit.c.hash).where(audit.c.seq == kept)).scalar()
        conn.execute(audit_head.update().values(seq=kept, hash=last or "0" * 64))
    return kept + 1


Tampering = Callable[[sa.Connection, random.Random, int], int]
_KINDS: tuple[Tampering, ...] = (_edit, _delete, _swap, _truncate)


def _all_found(engine: sa.Engine, length: int, tamperings: int) -> None:
    _filled(engine, length)
    with reading(engine) as conn:
        kept = head(conn)
    rng = random.Random(17)
    for number in range(tamperings):
        tamper = _KINDS[number % len(_KINDS)]
        with _taken_back(engine) as conn:
            first = tamper(conn, rng, length)
            with pytest.raises(BrokenChain) as broken:
                verify(conn, anchors=[kept])

            assert (tamper.__name__, broken.value.seq) == (tamper.__name__, first)
    with reading(engine) as conn:
        assert verify(conn, anchors=[kept]) == length


def test_every_tampering_is_found_at_its_first_place(engine: sa.Engine) -> None:
    _all_found(engine, 300, TAMPERINGS)


@pytest.mark.full
def test_every_tampering_of_a_long_log_is_found(engine: sa.Engine) -> None:
    _all_found(engine, 10_000, TAMPERINGS)


@pytest.mark.parametrize(
    "change",
    ["at = 'yesterday'", "old = CAST(x'ff' AS TEXT)", "target = x'00ff'"],
)
def test_an_entry_that_cannot_be_read_is_named(engine: sa.Engine, change: str) -> None:
    if engine.dialect.name == "postgresql":
        pytest.skip("PostgreSQL keeps to its types")
    _filled(engine, 20)
    with writing(engine) as conn:
        conn.exec_driver_sql(f"UPDATE audit SET {change} WHERE seq = 7")  # noqa: S608 our own

    with reading(engine) as conn, pytest.raises(BrokenChain) as broken:
        verify(conn)
    assert broken.value.seq == 7


def test_an_entry_put_in_at_the_end_is_named(engine: sa.Engine) -> None:
    _filled(engine, 5)
    with writing(engine) as conn:
        before = head(conn)
        append(conn, [AuditEntry(at=NOW, system="", target="x", what="fields", why="run")])
        conn.execute(audit_head.update().values(seq=before[0], hash=before[1]))

    with reading(engine) as conn, pytest.raises(BrokenChain) as broken:
        verify(conn)
    assert broken.value.seq == 6


def test_an_entry_with_a_fitting_hash_of_its_own_is_told_by_the_next_one(
    engine: sa.Engine,
) -> None:
    _filled(engine, 5)
    with writing(engine) as conn:
        conn.execute(audit.delete().where(audit.c.seq > 2))
        kept = conn.execute(sa.select(audit.c.hash).where(audit.c.seq == 2)).scalar_one()
        conn.execute(audit_head.update().values(seq=2, hash=kept))
        append(conn, [AuditEntry(at=NOW, system="", target="x", what="fields", why="run")] * 3)
        assert verify(conn) == 5  # all of it written anew: only a head kept elsewhere tells

        with pytest.raises(BrokenChain):
            verify(conn, anchors=[(5, "what stood here before")])
