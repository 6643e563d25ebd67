"""Looking accounts up by how people name them, and whom to ask there."""

from datetime import UTC, datetime

import sqlalchemy as sa

from adapters.port import Cursor, Page
from connector.store.accounts import contacts_of
from connector.store.engine import in_one_commit, reading
from connector.store.records import save_records
from scoring.records import AccountRef, Contact, Kind

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def a_contact(record_id: str, account: str, phone: str | None) -> Contact:
    """Know a person at a customer."""
    return Contact(
        record_id=record_id, account_id=account, name=f"N{record_id}", phone=phone, modified_at=NOW
    )


def test_contact_with_a_telephone_comes_before_one_without(engine: sa.Engine) -> None:
    records = (a_contact("1", "a", None), a_contact("2", "a", "138"), a_contact("3", "b", None))
    page = Page(kind=Kind.CONTACTS, records=records, cursor=Cursor(), finished=True)
    in_one_commit(engine, lambda conn: save_records(conn, "crm", page, NOW))

    with reading(engine) as conn:
        found = contacts_of(conn, [AccountRef("crm", "a"), AccountRef("crm", "b")])

    assert found == {AccountRef("crm", "a"): "N2 138", AccountRef("crm", "b"): "N3"}


def test_another_connections_contact_is_nobody(engine: sa.Engine) -> None:
    page = Page(
        kind=Kind.CONTACTS, records=(a_contact("1", "a", "1"),), cursor=Cursor(), finished=True
    )
    in_one_commit(engine, lambda conn: save_records(conn, "crm", page, NOW))

    with reading(engine) as conn:
        assert contacts_of(conn, [AccountRef("other", "a")]) == {}
