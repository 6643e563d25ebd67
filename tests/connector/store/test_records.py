from datetime import timedelta

import msgspec
import pytest
import sqlalchemy as sa

from adapters.port import Cursor, RecordProblem
from connector.store import tables
from connector.store.cursors import load_feed
from connector.store.engine import reading, writing
from connector.store.problems import list_problems
from connector.store.records import Saved, start_full_scan
from scoring.money import Money
from scoring.records import Kind, Record
from tests.connector.store.saving import NOW, rows, save
from tests.crm_records import (
    MODIFIED_AT,
    a_contact,
    a_credit_note,
    a_payment,
    an_account,
    an_allocation,
    an_invoice,
    an_order,
    an_owner,
)

LATER = MODIFIED_AT + timedelta(hours=1)
EVERY_KIND: list[tuple[Kind, Record]] = [
    (Kind.OWNERS, an_owner()),
    (Kind.ACCOUNTS, an_account()),
    (Kind.CONTACTS, a_contact()),
    (Kind.INVOICES, an_invoice(disputed=500)),
    (Kind.CREDIT_NOTES, a_credit_note(applies_to="i1")),
    (Kind.PAYMENTS, a_payment()),
    (Kind.ALLOCATIONS, an_allocation()),
    (Kind.ORDERS, an_order()),
]


def stale_accounts(engine: sa.Engine) -> set[object]:
    return {row["account_id"] for row in rows(engine, tables.stale)}


def forget_stale(engine: sa.Engine) -> None:
    with writing(engine) as conn:
        conn.execute(tables.stale.delete())


@pytest.mark.parametrize(("kind", "record"), EVERY_KIND)
def test_saving_a_page_twice_changes_nothing(engine: sa.Engine, kind: Kind, record: Record) -> None:
    first = save(engine, kind, record)
    once = rows(engine, tables.RECORD_TABLES[kind])
    forget_stale(engine)

    second = save(engine, kind, record)

    assert (first.new, second) == (1, Saved(unchanged=1))
    assert rows(engine, tables.RECORD_TABLES[kind]) == once
    assert stale_accounts(engine) == set()


def test_page_and_cursor_are_one_commit(engine: sa.Engine) -> None:
    cursor = Cursor(watermark=NOW, position="3", promise=LATER)
    save(engine, Kind.ACCOUNTS, an_account(), cursor=cursor, finished=False)

    with reading(engine) as conn:
        state = load_feed(conn, "zoho", Kind.ACCOUNTS)

    assert state.cursor == cursor
    assert state.seen_count == 1


def test_an_older_version_does_not_replace_a_newer_one(engine: sa.Engine) -> None:
    save(engine, Kind.ACCOUNTS, an_account(name="new", modified_at=LATER))

    saved = save(engine, Kind.ACCOUNTS, an_account(name="old"))

    assert saved == Saved(unchanged=1)
    assert rows(engine, tables.accounts)[0]["name"] == "new"


def test_a_later_time_alone_is_no_change(engine: sa.Engine) -> None:
    save(engine, Kind.ACCOUNTS, an_account())
    forget_stale(engine)

    saved = save(engine, Kind.ACCOUNTS, an_account(modified_at=LATER))

    assert saved == Saved(unchanged=1)
    assert rows(engine, tables.accounts)[0]["modified_at"] == LATER
    assert stale_accounts(engine) == set()


def test_a_record_twice_on_a_page_counts_as_its_latest_version(engine: sa.Engine) -> None:
    newer = an_account(name="new", modified_at=LATER)

    save(engine, Kind.ACCOUNTS, newer, an_account(name="old"))

    assert [row["name"] for row in rows(engine, tables.accounts)] == ["new"]


def test_money_keeps_minor_units_and_currency(engine: sa.Engine) -> None:
    save(engine, Kind.INVOICES, an_invoice(amount=2**53 + 1, currency="JPY", disputed=7))

    row = rows(engine, tables.invoices)[0]

    assert (row["amount_minor"], row["amount_currency"]) == (2**53 + 1, "JPY")
    assert (row["disputed_minor"], row["disputed_currency"]) == (7, "JPY")


def test_one_id_in_two_connections_is_two_records(engine: sa.Engine) -> None:
    save(engine, Kind.ACCOUNTS, an_account("1", name="A"), system="zoho")
    save(engine, Kind.ACCOUNTS, an_account("1", name="B"), system="fxiaoke")

    assert [row["name"] for row in rows(engine, tables.accounts)] == ["B", "A"]


def test_a_changed_invoice_marks_its_account_and_the_former_one(engine: sa.Engine) -> None:
    save(engine, Kind.INVOICES, an_invoice("i1", "a1"))
    forget_stale(engine)

    save(engine, Kind.INVOICES, an_invoice("i1", "a2", modified_at=LATER))

    assert stale_accounts(engine) == {"a1", "a2"}


def test_an_allocation_marks_the_accounts_of_invoice_and_payment(engine: sa.Engine) -> None:
    save(engine, Kind.INVOICES, an_invoice("i1", "a1"))
    save(engine, Kind.PAYMENTS, a_payment("p1", "a2"))
    forget_stale(engine)

    save(engine, Kind.ALLOCATIONS, an_allocation("l1", "p1", "i1"))

    assert stale_accounts(engine) == {"a1", "a2"}


def test_a_credit_note_marks_the_account_of_the_invoice_it_reduces(engine: sa.Engine) -> None:
    save(engine, Kind.INVOICES, an_invoice("i1", "a1"))
    forget_stale(engine)

    save(engine, Kind.CREDIT_NOTES, a_credit_note("n1", "a2", applies_to="i1"))

    assert stale_accounts(engine) == {"a1", "a2"}


def test_a_deletion_keeps_the_row_and_marks_the_account(engine: sa.Engine) -> None:
    save(engine, Kind.INVOICES, an_invoice("i1"), an_invoice("i2"))
    forget_stale(engine)

    saved = save(engine, Kind.INVOICES, gone=["i1", "unknown"])

    assert saved == Saved(gone=1)
    assert [row["gone_at"] for row in rows(engine, tables.invoices)] == [NOW, None]
    assert stale_accounts(engine) == {"a1"}


def test_a_record_that_comes_back_stands_again(engine: sa.Engine) -> None:
    save(engine, Kind.INVOICES, an_invoice("i1"), an_invoice("i2"))
    save(engine, Kind.INVOICES, gone=["i1"])

    saved = save(engine, Kind.INVOICES, an_invoice("i1"))

    assert saved.updated == 1
    assert rows(engine, tables.invoices)[0]["gone_at"] is None


def a_problem(record_id: str = "i1") -> RecordProblem:
    return RecordProblem(
        kind=Kind.INVOICES, record_id=record_id, reason="bad_date", detail="due date is missing"
    )


def test_a_record_that_went_bad_keeps_its_row_and_waits_for_a_person(engine: sa.Engine) -> None:
    save(engine, Kind.INVOICES, an_invoice("i1"))

    saved = save(engine, Kind.INVOICES, problems=[a_problem()])

    assert saved == Saved(problems=1)
    with reading(engine) as conn:
        assert [problem.reason for problem in list_problems(conn)] == ["bad_date"]
    assert rows(engine, tables.invoices)[0]["gone_at"] is None


def test_a_record_that_became_good_clears_its_problem(engine: sa.Engine) -> None:
    save(engine, Kind.INVOICES, problems=[a_problem("i1"), a_problem("i2")])

    save(engine, Kind.INVOICES, an_invoice("i1"))

    with reading(engine) as conn:
        assert [problem.record_id for problem in list_problems(conn)] == ["i2"]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (msgspec.structs.replace(an_account(), name="a\0b"), "bad_text"),
        (msgspec.structs.replace(an_account(), name="a\ud800b"), "bad_text"),
        (an_account(currency="XQX"), "unknown_currency"),
        (an_account(terms_days=2**40), "bad_number"),
    ],
)
def test_what_cannot_be_stored_waits_for_a_person(
    engine: sa.Engine, record: Record, reason: str
) -> None:
    saved = save(engine, Kind.ACCOUNTS, record, an_account("a2"))

    assert (saved.new, saved.problems) == (1, 1)
    with reading(engine) as conn:
        assert [problem.reason for problem in list_problems(conn)] == [reason]


def test_amounts_that_cannot_be_are_not_stored(engine: sa.Engine) -> None:
    bad = [
        msgspec.structs.replace(an_invoice("i1"), amount=Money(-1, "CNY")),
        msgspec.structs.replace(an_invoice("i2"), amount=Money(2**63, "CNY")),
    ]

    saved = save(engine, Kind.INVOICES, *bad)

    assert saved == Saved(problems=2)


def test_strange_but_legal_text_is_kept_byte_by_byte(engine: sa.Engine) -> None:
    name = "emoji 🧾 \u202eright to left\u202c é 恒 \\u0000"

    save(engine, Kind.ACCOUNTS, an_account(name=name))

    assert rows(engine, tables.accounts)[0]["name"] == name


def many(count: int) -> list[Record]:
    return [an_invoice(f"i{number:02}") for number in range(count)]


def test_a_full_scan_marks_what_it_did_not_show(engine: sa.Engine) -> None:
    save(engine, Kind.INVOICES, *many(20))
    with writing(engine) as conn:
        start_full_scan(conn, "zoho", Kind.INVOICES, now=NOW)

    saved = save(engine, Kind.INVOICES, *many(17))

    assert (saved.gone, saved.held) == (3, 0)


def test_a_full_scan_leaves_other_feeds_of_the_same_table_alone(engine: sa.Engine) -> None:
    save(engine, Kind.CREDIT_NOTES, a_credit_note("n1"))
    save(engine, Kind.INVOICES, *many(10))
    with writing(engine) as conn:
        start_full_scan(conn, "zoho", Kind.INVOICES, now=NOW)

    assert save(engine, Kind.INVOICES, *many(10)).gone == 0


def test_a_record_gone_bad_is_not_gone(engine: sa.Engine) -> None:
    save(engine, Kind.INVOICES, *many(10))
    with writing(engine) as conn:
        start_full_scan(conn, "zoho", Kind.INVOICES, now=NOW)

    saved = save(engine, Kind.INVOICES, *many(9), problems=[a_problem("i09")])

    assert (saved.gone, saved.problems) == (0, 1)


@pytest.mark.parametrize("left", [0, 5])
def test_the_brake_holds_a_mass_deletion(engine: sa.Engine, left: int) -> None:
    save(engine, Kind.INVOICES, *many(20))
    with writing(engine) as conn:
        start_full_scan(conn, "zoho", Kind.INVOICES, now=NOW)

    saved = save(engine, Kind.INVOICES, *many(left))

    assert (saved.gone, saved.held) == (0, 20 - left)
    assert all(row["gone_at"] is None for row in rows(engine, tables.invoices))
    with reading(engine) as conn:
        assert {problem.reason for problem in list_problems(conn)} == {"deletion_held"}


def test_a_confirmed_mass_deletion_goes_through(engine: sa.Engine) -> None:
    save(engine, Kind.INVOICES, *many(20))
    with writing(engine) as conn:
        start_full_scan(conn, "zoho", Kind.INVOICES, now=NOW)

    assert save(engine, Kind.INVOICES, allow_mass_change=True).gone == 20


def test_the_brake_counts_deletions_over_the_pages_of_a_scan(engine: sa.Engine) -> None:
    save(engine, Kind.INVOICES, *many(40))
    ids = [record.record_id for record in many(40)]

    held = [
        save(engine, Kind.INVOICES, gone=ids[start : start + 4], finished=False).held
        for start in (0, 4, 8)
    ]

    assert held == [0, 0, 4]


def test_a_held_deletion_is_forgotten_when_the_record_shows_again(engine: sa.Engine) -> None:
    save(engine, Kind.INVOICES, *many(20))
    save(engine, Kind.INVOICES, gone=[record.record_id for record in many(20)])

    save(engine, Kind.INVOICES, *many(20))

    with reading(engine) as conn:
        assert list_problems(conn) == []
