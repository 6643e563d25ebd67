from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import polars as pl
import pytest
import sqlalchemy as sa

from connector.flow.entities import group_entities
from connector.store import tables
from connector.store.book import load_book
from connector.store.earlier import note_signals
from connector.store.engine import reading, writing
from connector.store.file_tables import decisions
from connector.store.groups import spread_marks, with_groups
from connector.store.problems import list_problems
from connector.store.records import Saved
from connector.store.references import check_references
from connector.store.staleness import stale_entities
from scoring.book import Book
from scoring.known import KNOWN_FROM
from scoring.money import Money
from scoring.rates import Rate
from scoring.records import AccountFact, Kind, Record
from tests.connector.store.saving import NOW, rows, save
from tests.crm_records import MODIFIED_AT, a_contact, an_account, an_invoice, an_order
from tests.file_records import (
    a_bill,
    a_collateral,
    a_credit_record,
    a_promise,
    a_returned_payment,
    a_statement,
    a_write_off,
)

USCC = "91350100M000100Y43"
TODAY = date(2026, 11, 24)
RATES = {"USD": Rate(Decimal(7), date(2026, 11, 1))}
EVERY_KIND: list[tuple[Kind, Record, str, dict[str, object]]] = [
    (
        Kind.STATEMENTS,
        a_statement(),
        "statements",
        {
            "statement": "zoho:f1",
            "period_end": date(2025, 12, 31),
            "months": 12,
            "basis": "audited",
            "received_on": date(2026, 4, 30),
            "currency": "CNY",
            "total_assets": 900_00,
            "undistributed_profit": -100_00,
            "revenue": 0,
            "cash": None,
        },
    ),
    (
        Kind.CREDIT_RECORDS,
        a_credit_record(
            amount=Money(800, "USD"), status="A", event_on=date(2026, 1, 2), channel="phone"
        ),
        "credit_records",
        {
            "record": "zoho:r1",
            "kind": "bureau",
            "known_on": date(2026, 5, 4),
            "event_on": date(2026, 1, 2),
            "ended_on": None,
            "status": "A",
            "value": 71.5,
            "amount": 800,
            "currency": "USD",
            "channel": "phone",
            "source": "征信机构",
        },
    ),
    (
        Kind.PROMISES,
        a_promise(),
        "promises",
        {
            "promise": "zoho:s1",
            "account": "zoho:a1",
            "item": "zoho:i1",
            "made_on": date(2026, 10, 1),
            "promised_on": date(2026, 10, 20),
            "amount": 50_000,
            "superseded_on": None,
        },
    ),
    (
        Kind.COLLATERAL,
        a_collateral(),
        "collateral",
        {
            "collateral": "zoho:g1",
            "kind": "bank_guarantee",
            "amount": 50_000,
            "valid_to": date(2027, 1, 1),
            "registered": True,
            "haircut": 0.15,
        },
    ),
    (
        Kind.WRITE_OFFS,
        a_write_off(),
        "write_offs",
        {"write_off": "zoho:w1", "item": "zoho:i1", "amount": 50_000, "currency": "CNY"},
    ),
    (
        Kind.RETURNS,
        a_returned_payment(),
        "returns",
        {"return": "zoho:b1", "payment": "zoho:p1", "kind": "returned_payment"},
    ),
    (
        Kind.NOTES,
        a_bill(),
        "notes",
        {"note": "zoho:n1", "kind": "bank_acceptance", "amount": 50_000, "ended_on": None},
    ),
]
IDS = [kind.value for kind, *_rest in EVERY_KIND]


@pytest.fixture
def company(engine: sa.Engine) -> sa.Engine:
    """One company with an account in each CRM, and another one."""
    save(engine, Kind.ACCOUNTS, an_account("a1", uscc=USCC), an_account("x"))
    save(engine, Kind.ACCOUNTS, an_account("b1", uscc=USCC), system="fx")
    group_entities(engine, now=NOW)
    return engine


def book_of(engine: sa.Engine, *entities: str, as_of: date | None = TODAY) -> Book:
    with reading(engine) as conn:
        return load_book(conn, list(entities) or None, RATES, as_of=as_of)


def forget_marks(engine: sa.Engine) -> None:
    with writing(engine) as conn:
        conn.execute(tables.stale.delete())


@pytest.mark.parametrize(("kind", "record", "frame", "expected"), EVERY_KIND, ids=IDS)
def test_a_fact_comes_back_as_it_was_kept(
    company: sa.Engine, kind: Kind, record: Record, frame: str, expected: dict[str, object]
) -> None:
    save(company, kind, record)

    (row,) = getattr(book_of(company), frame).to_dicts()

    assert row["entity"] == f"uscc:{USCC}"
    assert {name: row[name] for name in expected} == expected


@pytest.mark.parametrize(("kind", "record", "frame", "expected"), EVERY_KIND, ids=IDS)
def test_a_fact_kept_twice_changes_nothing_and_marks_its_account(
    company: sa.Engine, kind: Kind, record: Record, frame: str, expected: dict[str, object]
) -> None:
    forget_marks(company)
    first = save(company, kind, record)
    marked = {(row["system"], row["account_id"]) for row in rows(company, tables.stale)}
    forget_marks(company)

    second = save(company, kind, record)

    assert (first.new, second) == (1, Saved(unchanged=1))
    assert marked == {("zoho", "a1")}
    assert rows(company, tables.stale) == []
    assert getattr(book_of(company), frame).height == 1, expected


def test_an_imported_fact_belongs_to_the_account_it_names(company: sa.Engine) -> None:
    forget_marks(company)
    record = a_credit_record("k1", "b1", account_system="fx")

    save(company, Kind.CREDIT_RECORDS, record, system="file")

    assert book_of(company, f"uscc:{USCC}").credit_records["record"].to_list() == ["file:k1"]
    assert [row["system"] for row in rows(company, tables.stale)] == ["fx"]


def test_facts_of_accounts_of_one_company_are_together(company: sa.Engine) -> None:
    save(company, Kind.CREDIT_RECORDS, a_credit_record("r1", "a1"), a_credit_record("r2", "x"))
    save(company, Kind.CREDIT_RECORDS, a_credit_record("r1", "b1"), system="fx")

    found = book_of(company).credit_records

    assert found.select("entity", "record").rows() == [
        (f"uscc:{USCC}", "fx:r1"),
        (f"uscc:{USCC}", "zoho:r1"),
        ("zoho:x", "zoho:r2"),
    ]


def test_a_companys_part_of_a_book_is_the_same_alone_and_with_others(company: sa.Engine) -> None:
    for kind, record, _frame, _expected in EVERY_KIND:
        save(company, kind, record)
        save(company, kind, msgspec.structs.replace(record, record_id="other", account_id="x"))
    save(company, Kind.CONTACTS, a_contact("c1", "a1"), a_contact("c2", "x"))

    alone, together = book_of(company, f"uscc:{USCC}"), book_of(company)

    for name in Book.FRAMES:
        mine = getattr(together, name).filter(pl.col("entity") == f"uscc:{USCC}")
        assert getattr(alone, name).equals(mine), name
        assert name in {"entities", "accounts"} or name in KNOWN_FROM


BAD: list[tuple[Kind, Record, str]] = [
    (Kind.STATEMENTS, a_statement(basis="guessed"), "unknown_option"),
    (Kind.STATEMENTS, a_statement(lines={"sales": 1}), "unknown_option"),
    (Kind.STATEMENTS, a_statement(currency="RMB"), "unknown_currency"),
    (Kind.STATEMENTS, a_statement(months=0), "bad_number"),
    (Kind.STATEMENTS, a_statement(lines={"revenue": 2**63}), "bad_amount"),
    (Kind.CREDIT_RECORDS, a_credit_record(value=float("nan")), "bad_number"),
    (Kind.CREDIT_RECORDS, a_credit_record(amount=Money(-1, "CNY")), "negative_amount"),
    (Kind.COLLATERAL, a_collateral(haircut=1.5), "bad_number"),
    (Kind.RETURNS, a_returned_payment(kind="lost"), "unknown_option"),
    (Kind.NOTES, a_bill(kind="paper"), "unknown_option"),
    (Kind.ACCOUNTS, msgspec.structs.replace(an_account("a9"), size_class="huge"), "unknown_option"),
    (
        Kind.INVOICES,
        msgspec.structs.replace(an_invoice("i9"), dispute_outcome="draw"),
        "unknown_option",
    ),
]


@pytest.mark.parametrize(("kind", "record", "reason"), BAD)
def test_what_no_book_could_hold_waits_for_a_person(
    company: sa.Engine, kind: Kind, record: Record, reason: str
) -> None:
    saved = save(company, kind, record)

    with reading(company) as conn:
        (problem,) = list_problems(conn)
    assert (saved.problems, problem.reason) == (1, reason)
    assert book_of(company).entities.height == 2


def test_a_fact_of_an_account_that_is_not_here_is_told(company: sa.Engine) -> None:
    save(company, Kind.PROMISES, a_promise("s9", "nowhere"))
    save(company, Kind.PROMISES, a_promise("s8", "b1", account_system="fx"), system="file")

    with writing(company) as conn:
        assert check_references(conn, now=NOW) == 1
        (problem,) = list_problems(conn)
    assert (problem.record_id, problem.reason) == ("s9", "unknown_account")


class TestAccounts:
    """What stands at the account itself."""

    def test_facts_in_fields_count_from_the_day_they_were_first_seen(
        self, engine: sa.Engine
    ) -> None:
        fact = AccountFact(kind="tax_grade", status="A")
        account = msgspec.structs.replace(an_account(), facts=(fact,), size_class="sme")
        save(engine, Kind.ACCOUNTS, account)
        later = datetime(2026, 11, 20, tzinfo=UTC)
        save(
            engine, Kind.ACCOUNTS, msgspec.structs.replace(account, modified_at=later, name="新名")
        )
        group_entities(engine, now=NOW)

        book = book_of(engine)

        (row,) = book.credit_records.to_dicts()
        assert (row["kind"], row["status"], row["known_on"]) == (
            "tax_grade",
            "A",
            MODIFIED_AT.date(),
        )
        assert book.entities["size_class"].to_list() == ["sme"]

    def test_a_changed_fact_counts_from_its_change(self, engine: sa.Engine) -> None:
        account = msgspec.structs.replace(
            an_account(), facts=(AccountFact(kind="tax_grade", status="A"),)
        )
        save(engine, Kind.ACCOUNTS, account)
        later = datetime(2026, 11, 20, tzinfo=UTC)
        worse = (AccountFact(kind="tax_grade", status="D"),)
        save(
            engine, Kind.ACCOUNTS, msgspec.structs.replace(account, modified_at=later, facts=worse)
        )
        group_entities(engine, now=NOW)

        (row,) = book_of(engine).credit_records.to_dicts()

        assert (row["status"], row["known_on"]) == ("D", later.date())

    def test_contacts_are_one_record_as_old_as_the_newest(self, company: sa.Engine) -> None:
        newest = datetime(2026, 11, 5, tzinfo=UTC)
        second = msgspec.structs.replace(a_contact("c2"), modified_at=newest)
        save(company, Kind.CONTACTS, a_contact("c1"), second)

        (row,) = book_of(company).credit_records.to_dicts()

        assert (row["kind"], row["known_on"]) == ("contacts", newest.date())

    def test_disputes_deliveries_and_segments_come_along(self, company: sa.Engine) -> None:
        invoice = msgspec.structs.replace(
            an_invoice(disputed=500),
            dispute_closed_on=TODAY,
            dispute_outcome="for_customer",
            segment="华东",
        )
        order = msgspec.structs.replace(
            an_order(), delivered=Money(100, "CNY"), deposit=Money(7, "USD"), segment="华东"
        )
        save(company, Kind.INVOICES, invoice)
        save(company, Kind.ORDERS, order)

        book = book_of(company)

        item = book.items.to_dicts()[0]
        assert (item["dispute_closed_on"], item["dispute_outcome"]) == (TODAY, "for_customer")
        row = book.orders.to_dicts()[0]
        assert (row["delivered"], row["deposit"], row["segment"]) == (100, None, "华东")


def a_decision(engine: sa.Engine, decision_id: str, state: str, **more: Any) -> None:
    row = {
        "id": decision_id,
        "account_system": "zoho",
        "account_id": "a1",
        "kind": "override",
        "state": state,
        "from_on": date(2026, 11, 1),
        "to_on": date(2026, 12, 1),
        "grade": "A",
        "reason": "new_facts",
        "text": "x" * 20,
        "author": "李梅",
        "created_at": NOW,
        **more,
    }
    with writing(engine) as conn:
        conn.execute(decisions.insert(), row)


def test_only_approved_decisions_reach_the_book(company: sa.Engine) -> None:
    for state in ("draft", "approved", "rejected"):
        a_decision(company, state, state)

    (row,) = book_of(company, f"uscc:{USCC}").decisions.to_dicts()

    assert (row["decision"], row["grade"], row["to_on"]) == ("approved", "A", date(2026, 12, 1))


def test_an_ended_decision_held_until_the_day_before(company: sa.Engine) -> None:
    a_decision(company, "d1", "ended", ended_on=date(2026, 11, 10))
    a_decision(company, "d2", "ended", ended_on=date(2026, 11, 1))

    found = book_of(company).decisions

    assert found.select("decision", "to_on").rows() == [("d1", date(2026, 11, 9))]


def test_a_decision_that_was_ended_later_still_had_its_own_end_before(company: sa.Engine) -> None:
    a_decision(company, "d1", "ended", ended_on=date(2026, 11, 10))

    with reading(company) as conn:
        ends = [
            load_book(conn, [f"uscc:{USCC}"], {}, as_of=date(2026, 11, day)).decisions["to_on"][0]
            for day in (9, 10)
        ]

    assert ends == [date(2026, 12, 1), date(2026, 11, 9)]


class TestSignals:
    """Warnings are remembered by the day."""

    def note(self, engine: sa.Engine, day: int, *codes: str, before: int | None = None) -> None:
        known = {} if before is None else {"zoho:x": date(2026, 11, before)}
        with writing(engine) as conn:
            note_signals(conn, {"zoho:x": codes}, date(2026, 11, day), known)

    def spans(self, engine: sa.Engine, as_of: date = TODAY) -> list[tuple[Any, ...]]:
        return book_of(engine, "zoho:x", as_of=as_of).signals.drop("signal", "entity").rows()

    def test_one_that_goes_on_is_one(self, company: sa.Engine) -> None:
        self.note(company, 2, "E1")
        self.note(company, 3, "E1", "E4", before=2)

        assert self.spans(company) == [
            ("E1", date(2026, 11, 2), date(2026, 11, 3)),
            ("E4", date(2026, 11, 3), date(2026, 11, 3)),
        ]

    def test_one_that_comes_back_begins_anew(self, company: sa.Engine) -> None:
        self.note(company, 2, "E1")
        self.note(company, 5, "E1", before=4)

        assert [first.day for _code, first, _last in self.spans(company)] == [2, 5]

    def test_noting_a_day_again_changes_nothing(self, company: sa.Engine) -> None:
        for _again in range(2):
            self.note(company, 2, "E1")

        assert self.spans(company) == [("E1", date(2026, 11, 2), date(2026, 11, 2))]

    def test_a_past_day_knows_only_what_was_noticed_before(self, company: sa.Engine) -> None:
        self.note(company, 2, "E1")
        self.note(company, 9, "E1", before=2)

        assert self.spans(company, date(2026, 11, 2)) == []
        assert self.spans(company, date(2026, 11, 5)) == [
            ("E1", date(2026, 11, 2), date(2026, 11, 4))
        ]


class TestGroups:
    """Companies that hang together are assessed together."""

    @pytest.fixture
    def tree(self, engine: sa.Engine) -> sa.Engine:
        save(
            engine,
            Kind.ACCOUNTS,
            an_account("top"),
            an_account("mid", parent_id="top"),
            an_account("low", parent_id="mid"),
            an_account("side", parent_id="top"),
            an_account("alone"),
        )
        group_entities(engine, now=NOW)
        forget_marks(engine)
        return engine

    @pytest.mark.parametrize("of", ["top", "mid", "low", "side"])
    def test_the_whole_group_is_found_from_each_member(self, tree: sa.Engine, of: str) -> None:
        with reading(tree) as conn:
            found = with_groups(conn, [f"zoho:{of}"])

        assert found == ["zoho:low", "zoho:mid", "zoho:side", "zoho:top"]

    def test_who_has_no_group_is_alone(self, tree: sa.Engine) -> None:
        with reading(tree) as conn:
            assert with_groups(conn, ["zoho:alone"]) == ["zoho:alone"]
            assert with_groups(conn, []) == []

    def test_a_loop_of_parents_ends(self, tree: sa.Engine) -> None:
        later = datetime(2026, 11, 20, tzinfo=UTC)
        save(tree, Kind.ACCOUNTS, an_account("top", parent_id="low", modified_at=later))

        with reading(tree) as conn:
            assert len(with_groups(conn, ["zoho:mid"])) == 4

    def test_a_change_in_one_marks_the_others(self, tree: sa.Engine) -> None:
        save(tree, Kind.INVOICES, an_invoice("i1", "low"))

        with writing(tree) as conn:
            more = spread_marks(conn)
            stale = stale_entities(conn)

        assert (more, stale) == (3, ["zoho:low", "zoho:mid", "zoho:side", "zoho:top"])

    def test_a_member_that_leaves_marks_the_group_it_left(self, tree: sa.Engine) -> None:
        later = datetime(2026, 11, 20, tzinfo=UTC)
        save(tree, Kind.ACCOUNTS, an_account("low", modified_at=later))

        with reading(tree) as conn:
            assert stale_entities(conn) == ["zoho:low", "zoho:mid"]

    def test_a_member_that_is_gone_marks_its_parent_and_its_children(self, tree: sa.Engine) -> None:
        save(tree, Kind.ACCOUNTS, gone=["mid"])

        marked = {row["account_id"] for row in rows(tree, tables.stale)}

        assert marked == {"mid", "top", "low"}
