import threading
from functools import partial

import pytest
import sqlalchemy as sa

from connector.store.audit import AuditEntry, BrokenChain, append, head, verify
from connector.store.engine import in_one_commit, reading, writing
from connector.store.tables import audit, audit_head
from tests.connector.store.saving import NOW


def an_entry(
    target: str = "a1", *, old: bytes | None = None, new: bytes | None = None
) -> AuditEntry:
    return AuditEntry(
        at=NOW, system="zoho", target=target, what="fields", old=old, new=new, why="run"
    )


def test_entries_form_a_chain(engine: sa.Engine) -> None:
    with writing(engine) as conn:
        append(conn, [an_entry("a1", old=b'{"x":1}', new=b'{"x":2}'), an_entry("a2")])
    with writing(engine) as conn:
        append(conn, [an_entry("a3")])

    with reading(engine) as conn:
        assert verify(conn) == 3
        assert head(conn)[0] == 3


def test_an_empty_log_holds(engine: sa.Engine) -> None:
    with reading(engine) as conn:
        assert verify(conn) == 0


def test_entries_go_with_the_transaction_they_tell_about(engine: sa.Engine) -> None:
    def fail(conn: sa.Connection) -> None:
        append(conn, [an_entry()])
        raise LookupError

    with pytest.raises(LookupError):
        in_one_commit(engine, fail)

    with reading(engine) as conn:
        assert verify(conn) == 0


@pytest.mark.parametrize("statement", ["UPDATE audit SET why = 'x'", "DELETE FROM audit"])
def test_the_log_cannot_be_changed_by_the_product(engine: sa.Engine, statement: str) -> None:
    with writing(engine) as conn:
        append(conn, [an_entry()])

    with pytest.raises(sa.exc.DBAPIError, match="append-only"), writing(engine) as conn:
        conn.exec_driver_sql(statement)


def _unseal(conn: sa.Connection) -> None:
    if conn.dialect.name == "postgresql":
        conn.exec_driver_sql("ALTER TABLE audit DISABLE TRIGGER ALL")
    else:
        conn.exec_driver_sql("DROP TRIGGER audit_no_update")
        conn.exec_driver_sql("DROP TRIGGER audit_no_delete")


def test_a_changed_entry_is_named(engine: sa.Engine) -> None:
    with writing(engine) as conn:
        append(conn, [an_entry(), an_entry(), an_entry()])
        _unseal(conn)
        conn.execute(audit.update().where(audit.c.seq == 2).values(target="a9"))

    with reading(engine) as conn, pytest.raises(BrokenChain) as broken:
        verify(conn)
    assert broken.value.seq == 2


def test_a_removed_entry_is_named(engine: sa.Engine) -> None:
    with writing(engine) as conn:
        append(conn, [an_entry(), an_entry(), an_entry()])
        _unseal(conn)
        conn.execute(audit.delete().where(audit.c.seq == 1))

    with reading(engine) as conn, pytest.raises(BrokenChain) as broken:
        verify(conn)
    assert broken.value.seq == 1


def test_a_log_cut_off_at_the_end_is_noticed(engine: sa.Engine) -> None:
    with writing(engine) as conn:
        append(conn, [an_entry(), an_entry()])
        _unseal(conn)
        conn.execute(audit.delete().where(audit.c.seq == 2))

    with reading(engine) as conn, pytest.raises(BrokenChain, match="missing at the end"):
        verify(conn)


def test_a_log_written_anew_does_not_fit_the_hash_kept_elsewhere(engine: sa.Engine) -> None:
    with writing(engine) as conn:
        append(conn, [an_entry(), an_entry()])
        kept = head(conn)
        _unseal(conn)
        conn.execute(audit.delete())
        conn.execute(audit_head.delete())
        append(conn, [an_entry(), an_entry("forged")])

    with reading(engine) as conn:
        assert verify(conn) == 2
        with pytest.raises(BrokenChain, match="kept elsewhere"):
            verify(conn, anchors=[kept])


def test_writers_at_the_same_time_stand_in_line(engine: sa.Engine) -> None:
    def write() -> None:
        for number in range(5):
            entry = an_entry(str(number))
            in_one_commit(engine, partial(append, entries=[entry]))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with reading(engine) as conn:
        assert verify(conn) == 20
