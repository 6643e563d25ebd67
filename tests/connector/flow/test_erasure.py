"""Erasing a person: every place is cleaned, nothing that waits is lost, figures stand still."""

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from adapters.port import CreditField, FieldUpdate, NoteDraft, Priority, RecordProblem, TaskDraft
from connector.flow.entities import group_entities
from connector.flow.erasure import CannotErase, Erased, erase
from connector.flow.matching import find_duplicates
from connector.flow.person_copy import copy_of
from connector.flow.personal_places import DOCUMENTS, TEXTS, Place
from connector.store import tables
from connector.store.accounts import contacts_of
from connector.store.audit import AuditEntry, append, verify
from connector.store.compacting import compact
from connector.store.engine import reading, writing
from connector.store.erased import ERASED
from connector.store.queue_tables import inbox, outbox
from connector.work.inbox import HINT, DatabaseInbox
from connector.work.queue import enqueue
from connector.work.writebacks import WriteBack, decode
from scoring.money import Money
from scoring.records import AccountRef, Contact, Kind
from tests.connector.flow.test_react import Codec
from tests.connector.store.filling import fill
from tests.connector.store.saving import NOW, rows, save
from tests.crm_records import MODIFIED_AT, a_contact, an_account, an_invoice

NAME, USCC = "欧阳金丝雀", "91350100M000100Y43"
ACCOUNT, CONTACT = AccountRef("zoho", "a1"), AccountRef("zoho", "c1")


def _erase(
    engine: sa.Engine, ref: AccountRef = CONTACT, kind: Kind = Kind.CONTACTS, *also: str
) -> Erased:
    return erase(engine, ref, kind, {"zoho": Codec()}, by="lin", reason="asked", now=NOW, also=also)


def _person(name: str = NAME) -> Contact:
    return msgspec.structs.replace(a_contact(), name=name, email="canary@nest.example")


@pytest.fixture
def engine_with_person(engine: sa.Engine) -> sa.Engine:
    save(engine, Kind.ACCOUNTS, an_account("a1", name="桂林商行", uscc=USCC))
    save(engine, Kind.INVOICES, an_invoice())
    save(engine, Kind.CONTACTS, _person())
    group_entities(engine, now=NOW)
    return engine


def _task(key: str, body: str) -> TaskDraft:
    return TaskDraft(
        key=key,
        account=ACCOUNT,
        owner_id=None,
        subject="Overdue",
        body=body,
        due_on=date(2026, 12, 1),
        priority=Priority.HIGH,
        level=1,
        overdue=Money(100, "CNY"),
        oldest_days=9,
    )


def _put(engine: sa.Engine, *writes: WriteBack) -> None:
    with writing(engine) as conn:
        enqueue(conn, writes, now=NOW)


def _receive(engine: sa.Engine, *bodies: str, state: str = "done") -> None:
    for number, body in enumerate(bodies):
        DatabaseInbox(engine).put("zoho", f"{state}{number}", NOW, {}, body.encode())
    with writing(engine) as conn:
        here = inbox.c.message_id.startswith(state)
        conn.execute(inbox.update().where(here).values(state=state))


def test_the_personal_fields_go_and_the_record_stays(engine_with_person: sa.Engine) -> None:
    done = _erase(engine_with_person)

    (contact,) = rows(engine_with_person, tables.contacts)
    assert (contact["name"], contact["email"], contact["phone"]) == (ERASED, None, None)
    assert (contact["record_id"], contact["account_id"], done.records) == ("c1", "a1", 1)
    with reading(engine_with_person) as conn:
        assert contacts_of(conn, [ACCOUNT]) == {}


def test_the_next_page_does_not_bring_them_back(engine_with_person: sa.Engine) -> None:
    _erase(engine_with_person)
    later = msgspec.structs.replace(_person(), modified_at=MODIFIED_AT + timedelta(days=1))
    problem = RecordProblem(
        kind=Kind.CONTACTS, record_id="c1", reason="bad_text", detail=f"{NAME} is bad"
    )

    save(engine_with_person, Kind.CONTACTS, later)
    save(engine_with_person, Kind.CONTACTS, later, problems=[problem])

    assert NAME not in str(rows(engine_with_person, tables.contacts))
    assert NAME not in str(rows(engine_with_person, tables.problems))
    assert "c1" not in str(rows(engine_with_person, tables.erased))


def test_another_record_of_the_same_id_is_taken_in_as_it_is(engine_with_person: sa.Engine) -> None:
    _erase(engine_with_person)

    save(engine_with_person, Kind.CONTACTS, _person("other"), system="fx")
    save(engine_with_person, Kind.ACCOUNTS, an_account("c1", name="桂林"))

    names = {(row["system"], row["name"]) for row in rows(engine_with_person, tables.contacts)}
    assert ("fx", "other") in names
    assert "桂林" in {row["name"] for row in rows(engine_with_person, tables.accounts)}


def test_work_that_waits_is_masked_and_settled_work_loses_its_text(
    engine_with_person: sa.Engine,
) -> None:
    _put(engine_with_person, _task("done", f"Contact: {NAME}"))
    with writing(engine_with_person) as conn:
        conn.execute(outbox.update().values(state="done", settled_at=NOW))
    _put(
        engine_with_person,
        _task("k1", f"Contact:\n{NAME} 1"),
        NoteDraft(key="n1", account=ACCOUNT, title=NAME, body="x"),
        FieldUpdate(account=ACCOUNT, values={CreditField.SUMMARY: NAME, CreditField.RATING: "A"}),
        _task("k2", "nobody"),
    )

    done = _erase(engine_with_person)

    found = {str(row["task_key"] or row["kind"]): row for row in rows(engine_with_person, outbox)}
    wishes = {
        key: decode(str(row["kind"]), bytes(row["body"]))  # type: ignore[call-overload]
        for key, row in found.items()
        if row["body"]
    }
    assert found["done"]["body"] == b""
    assert wishes == {
        "k1": _task("k1", f"Contact:\n{ERASED} 1"),
        "note": NoteDraft(key="n1", account=ACCOUNT, title=ERASED, body="x"),
        "fields": FieldUpdate(
            account=ACCOUNT, values={CreditField.SUMMARY: ERASED, CreditField.RATING: "A"}
        ),
        "k2": _task("k2", "nobody"),
    }
    assert done.masked["outbox"] == 4


def test_messages_that_name_the_record_lose_their_bytes(engine_with_person: sa.Engine) -> None:
    _receive(engine_with_person, "contacts c1", "contacts c11", f"contacts c2 {NAME}", "strange")

    done = _erase(engine_with_person)

    bodies = [row["body"] for row in rows(engine_with_person, inbox)]
    assert bodies == [b"", b"contacts c11", b"", b"strange"]
    assert done.messages == 2


def test_what_a_message_asked_for_is_asked_for_anew(engine_with_person: sa.Engine) -> None:
    _receive(engine_with_person, "contacts c1 c7", state="ready")

    _erase(engine_with_person)

    emptied, hint = rows(engine_with_person, inbox)
    assert (emptied["state"], emptied["body"]) == ("dropped", b"")
    assert (hint["kind"], hint["state"]) == (HINT, "ready")
    assert b"c7" in bytes(hint["body"])  # type: ignore[call-overload]


def test_a_message_that_cannot_be_read_goes_as_well(engine_with_person: sa.Engine) -> None:
    _receive(engine_with_person, "poison breaks its reader")

    assert _erase(engine_with_person).messages == 1


def test_messages_of_a_connection_that_reads_none_go_as_well(
    engine_with_person: sa.Engine,
) -> None:
    _receive(engine_with_person, "contacts c9")

    done = erase(engine_with_person, CONTACT, Kind.CONTACTS, {}, by="lin", reason="r", now=NOW)

    assert done.messages == 1


def test_a_copy_holds_no_messages_about_others(engine_with_person: sa.Engine) -> None:
    _receive(engine_with_person, "contacts c1", "poison about somebody else", "contacts c9")
    _put(engine_with_person, _task("k1", f"Contact: {NAME}"), _task("k2", "somebody else"))

    with reading(engine_with_person) as conn:
        copy = copy_of(conn, CONTACT, Kind.CONTACTS, {"zoho": Codec()})

    assert copy.rows["contacts"][0]["email"] == "canary@nest.example"
    assert copy.named_in["inbox"] == ["contacts c1"]
    assert len(copy.named_in["outbox"]) == 1


def test_every_place_of_texts_is_masked(engine_with_person: sa.Engine) -> None:
    with writing(engine_with_person) as conn:
        fill(conn)
        for place in (*TEXTS, *DOCUMENTS):
            said: Any = f"of {NAME}." if place in TEXTS else f'{{"a":"{NAME}"}}'.encode()
            whose = {column.name: "zoho" for column in [place.system] if column is not None}
            entity = {column.name: _entity(conn) for column in [place.entity] if column is not None}
            row = place.table.update().where(_first(conn, place.table))
            conn.execute(row.values({place.column.name: said, **whose, **entity}))
        conn.execute(outbox.update().values(body=b""))

    done = _erase(engine_with_person)

    for place in (*TEXTS, *DOCUMENTS):
        said_now = _said(engine_with_person, place)
        assert NAME not in said_now
        assert ERASED in said_now
        assert done.masked[place.table.name] >= 1


def _said(engine: sa.Engine, place: Place) -> str:
    values = [row[place.column.name] for row in rows(engine, place.table)]
    return " ".join(
        value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
        for value in values
    )


def test_every_column_of_text_is_a_place_or_known_to_hold_no_words_of_people() -> None:
    places = {(place.table.name, place.column.name) for place in (*TEXTS, *DOCUMENTS)}
    strange = {
        f"{table.name}.{column.name}"
        for table in tables.metadata.sorted_tables
        for column in table.columns
        if _is_text(column)
        and (table.name, column.name) not in places
        and column.name not in _OTHERS
    }

    assert not strange, "may it name a person? then it belongs to personal_places.py"


def _is_text(column: sa.Column[Any]) -> bool:
    kind = getattr(column.type, "impl", column.type)
    return isinstance(kind, sa.Text | sa.LargeBinary)


#: Ids, codes, hashes, people of the house, and what the CRM delivers; queues have rules of their own.
_OTHERS = frozenset(
    (
        *("account_id", "account_system", "amount_currency", "applies_to", "approver"),
        *("assessment_id", "author", "basis", "before", "body", "booked", "channel"),
        *("channel_id", "code", "collapse_key", "content", "content_hash", "country", "crowd"),
        *("currency", "currency_basis", "delivered_currency", "deposit_currency", "digest"),
        *("dispute_outcome", "disputed_currency", "email", "ended_by", "entity", "facts", "feed"),
        *("field", "grade", "hash", "headers", "host", "id", "identity", "industry"),
        *("inputs_hash", "invoice_id", "invoiced_currency", "key", "kind", "lane"),
        *("leading_item", "lease", "lines", "message_id", "name", "nature", "new", "note"),
        *("number", "old", "organisation_id", "owner", "owner_id", "parent_id", "parts", "path"),
        *("payment_id", "phone", "policy_version", "position", "prev_hash", "rating", "reason"),
        *("record_id", "schedule", "scope", "sealed", "segment", "size_class", "source", "state"),
        *("status", "subject", "supporters", "system", "target", "task_id", "task_key"),
        *("text_hash", "token", "toml", "unconfirmed", "url", "uscc", "uscc_key", "vendor"),
        *("version", "what", "why"),
    )
)


def _first(conn: sa.Connection, table: sa.Table) -> sa.ColumnElement[bool]:
    keys = list(table.primary_key.columns)
    first = conn.execute(sa.select(*keys).order_by(*keys).limit(1)).one()
    return sa.and_(*(column == value for column, value in zip(keys, first, strict=True)))


def _entity(conn: sa.Connection) -> str:
    mine = tables.accounts.c.record_id == ACCOUNT.record_id
    return str(conn.execute(sa.select(tables.accounts.c.entity).where(mine)).scalar_one())


def test_the_log_is_told_of_without_the_person(engine_with_person: sa.Engine) -> None:
    with writing(engine_with_person) as conn:
        append(conn, [_entry_naming()])

    done = _erase(engine_with_person)

    assert done.audit == 1
    entry = rows(engine_with_person, tables.audit)[-1]
    assert (entry["what"], entry["target"], entry["why"]) == ("erased", "c1", "by lin")
    assert NAME not in str(entry)
    with reading(engine_with_person) as conn:
        assert verify(conn) == 2


def _entry_naming() -> AuditEntry:
    return AuditEntry(at=NOW, system="zoho", target="x", what="dropped", why=f"{NAME} called")


def test_former_names_are_told(engine_with_person: sa.Engine) -> None:
    _put(engine_with_person, _task("k1", "Contact: 司徒旧名"))

    done = _erase(engine_with_person, CONTACT, Kind.CONTACTS, "司徒旧名")

    assert done.masked == {"outbox": 1}


def test_a_sole_trader_stays_the_same_company(engine_with_person: sa.Engine) -> None:
    save(engine_with_person, Kind.ACCOUNTS, an_account("a2", name="桂林商行", uscc=USCC))
    group_entities(engine_with_person, now=NOW)
    before = [row["entity"] for row in rows(engine_with_person, tables.accounts)]

    _erase(engine_with_person, ACCOUNT, Kind.ACCOUNTS)
    save(engine_with_person, Kind.ACCOUNTS, an_account("a1", name="桂林商行", uscc=USCC))
    with writing(engine_with_person) as conn:
        conn.execute(tables.accounts.update().values(entity=None))
    group_entities(engine_with_person, now=NOW)

    now = rows(engine_with_person, tables.accounts)
    assert [row["entity"] for row in now] == before
    assert [row["name"] for row in now] == [ERASED, "桂林商行"]
    assert [row["name"] for row in rows(engine_with_person, tables.contacts)] == [ERASED]


def test_erased_traders_are_no_duplicates_of_each_other(engine: sa.Engine) -> None:
    for number in ("1", "2"):
        save(engine, Kind.ACCOUNTS, an_account(number, name=f"商行{number}"))
        _erase(engine, AccountRef("zoho", number), Kind.ACCOUNTS)

    with reading(engine) as conn:
        assert find_duplicates(conn) == []


@pytest.mark.parametrize("kind", [Kind.CONTACTS, Kind.ACCOUNTS])
def test_who_is_not_here_is_refused(engine: sa.Engine, kind: Kind) -> None:
    with pytest.raises(CannotErase, match=f"unknown_{kind.value}"):
        _erase(engine, AccountRef("zoho", "nobody"), kind)


def test_compacting_tells_that_others_hold_the_database(engine: sa.Engine) -> None:
    if engine.dialect.name != "sqlite":
        assert compact(engine)
        return
    with reading(engine) as conn:
        conn.execute(sa.select(tables.audit)).all()
        save(engine, Kind.ACCOUNTS, an_account())

        assert not compact(engine, wait_ms=1)

    assert compact(engine)
