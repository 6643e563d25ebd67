from datetime import timedelta

import pytest
import sqlalchemy as sa

from connector.flow.entities import Grouping, group_entities
from connector.store import tables
from connector.store.engine import reading, writing
from connector.store.problems import list_problems
from connector.store.references import check_references
from connector.store.staleness import stale_entities
from scoring.records import Kind
from tests.connector.store.saving import NOW, rows, save
from tests.crm_records import (
    MODIFIED_AT,
    a_payment,
    an_account,
    an_allocation,
    an_invoice,
)

USCC = "91350100M000100Y43"
OTHER_USCC = "91310000000000001K"
LATER = MODIFIED_AT + timedelta(hours=1)


def entity_of(engine: sa.Engine) -> dict[str, object]:
    return {
        f"{row['system']}:{row['record_id']}": row["entity"]
        for row in rows(engine, tables.accounts)
    }


def entities(engine: sa.Engine, column: str) -> dict[object, object]:
    return {row["entity"]: row[column] for row in rows(engine, tables.entities)}


def reasons(engine: sa.Engine) -> dict[str, str]:
    with reading(engine) as conn:
        return {problem.record_id: problem.reason for problem in list_problems(conn)}


def forget_stale(engine: sa.Engine) -> None:
    with writing(engine) as conn:
        conn.execute(tables.stale.delete())


def test_one_code_in_two_connections_is_one_company(engine: sa.Engine) -> None:
    save(engine, Kind.ACCOUNTS, an_account("1", name="恒通有限公司", uscc=USCC), system="zoho")
    save(engine, Kind.ACCOUNTS, an_account("2", name="Hengtong", uscc=USCC.lower()), system="fx")

    group_entities(engine, now=NOW)

    assert entity_of(engine) == {"fx:2": f"uscc:{USCC}", "zoho:1": f"uscc:{USCC}"}
    assert entities(engine, "identity") == {f"uscc:{USCC}": "ok"}


def test_an_account_without_a_code_is_a_company_of_its_own(engine: sa.Engine) -> None:
    save(engine, Kind.ACCOUNTS, an_account("1"))

    group_entities(engine, now=NOW)

    assert entities(engine, "identity") == {"zoho:1": "missing"}


def test_a_code_that_fails_its_check_is_named_with_a_repair(engine: sa.Engine) -> None:
    save(engine, Kind.ACCOUNTS, an_account("1", uscc=USCC.replace("0", "O")))

    group_entities(engine, now=NOW)

    assert entities(engine, "identity") == {"zoho:1": "invalid"}
    with reading(engine) as conn:
        (problem,) = list_problems(conn)
    assert problem.reason == "uscc_invalid"
    assert USCC in problem.detail


def test_one_name_twice_in_one_connection_is_one_company(engine: sa.Engine) -> None:
    save(
        engine,
        Kind.ACCOUNTS,
        an_account("1", name="恒通有限公司", uscc=USCC),
        an_account("2", name="恒通 有限责任公司（停用）", uscc=USCC),
    )

    group_entities(engine, now=NOW)

    assert set(entity_of(engine).values()) == {f"uscc:{USCC}"}
    assert reasons(engine) == {}


def test_two_names_with_one_code_in_one_connection_contradict_each_other(
    engine: sa.Engine,
) -> None:
    save(
        engine,
        Kind.ACCOUNTS,
        an_account("1", name="恒通有限公司", uscc=USCC),
        an_account("2", name="大成有限公司", uscc=USCC),
    )
    save(engine, Kind.ACCOUNTS, an_account("3", name="恒通有限公司", uscc=USCC), system="fx")

    grouping = group_entities(engine, now=NOW)

    assert grouping == Grouping(entities=3, moved=3, conflicts=2)
    assert entities(engine, "identity") == {
        "zoho:1": "conflict",
        "zoho:2": "conflict",
        f"uscc:{USCC}": "ok",
    }
    with reading(engine) as conn:
        first, second = list_problems(conn)
    assert (first.reason, second.reason) == ("uscc_conflict", "uscc_conflict")
    assert "1, 2" in first.detail


def test_a_contradiction_that_is_settled_joins_the_company(engine: sa.Engine) -> None:
    second = an_account("2", name="大成有限公司", uscc=USCC)
    save(engine, Kind.ACCOUNTS, an_account("1", name="恒通有限公司", uscc=USCC), second)
    group_entities(engine, now=NOW)
    forget_stale(engine)
    corrected = an_account("2", name="大成有限公司", uscc=None, modified_at=LATER)
    save(engine, Kind.ACCOUNTS, corrected)

    group_entities(engine, now=NOW)

    assert entity_of(engine) == {"zoho:1": f"uscc:{USCC}", "zoho:2": "zoho:2"}
    assert reasons(engine) == {}
    with reading(engine) as conn:
        assert stale_entities(conn) == [f"uscc:{USCC}", "zoho:2"]


def test_grouping_again_changes_nothing(engine: sa.Engine) -> None:
    save(engine, Kind.ACCOUNTS, an_account("1", uscc=USCC), an_account("2", uscc="bad"))
    group_entities(engine, now=NOW)
    before = rows(engine, tables.accounts), rows(engine, tables.stale)

    assert group_entities(engine, now=NOW) == Grouping()
    assert (rows(engine, tables.accounts), rows(engine, tables.stale)) == before
    assert reasons(engine) == {"2": "uscc_invalid"}


def test_a_company_that_lost_its_account_is_no_longer_there(engine: sa.Engine) -> None:
    accounts = [an_account(str(number)) for number in range(9)]
    save(engine, Kind.ACCOUNTS, an_account("x", uscc=USCC), *accounts)
    save(engine, Kind.ACCOUNTS, an_account("y", uscc=USCC), system="fx")
    group_entities(engine, now=NOW)
    forget_stale(engine)

    save(engine, Kind.ACCOUNTS, gone=["x", "3"])
    group_entities(engine, now=NOW)

    assert "zoho:3" not in entities(engine, "identity")
    with reading(engine) as conn:
        assert stale_entities(conn) == [f"uscc:{USCC}"]


def test_the_currency_the_accounts_agree_on(engine: sa.Engine) -> None:
    save(engine, Kind.ACCOUNTS, an_account("1", uscc=USCC, currency="USD"))
    save(engine, Kind.ACCOUNTS, an_account("2", uscc=USCC, currency=None), system="fx")

    group_entities(engine, now=NOW)

    assert entities(engine, "currency") == {f"uscc:{USCC}": "USD"}


def test_without_agreement_the_currency_of_most_open_items(engine: sa.Engine) -> None:
    save(engine, Kind.ACCOUNTS, an_account("a1", currency=None))
    save(
        engine,
        Kind.INVOICES,
        an_invoice("i1", currency="CNY"),
        an_invoice("i2", currency="USD"),
        an_invoice("i3", currency="USD"),
    )

    group_entities(engine, now=NOW)

    assert entities(engine, "currency") == {"zoho:a1": "USD"}


def test_paid_items_do_not_decide_the_currency(engine: sa.Engine) -> None:
    save(engine, Kind.ACCOUNTS, an_account("a1", currency=None))
    save(
        engine,
        Kind.INVOICES,
        an_invoice("i1", currency="EUR"),
        an_invoice("i2", currency="USD"),
        an_invoice("i3", currency="USD"),
    )
    save(
        engine,
        Kind.ALLOCATIONS,
        an_allocation("l2", invoice_id="i2", currency="USD"),
        an_allocation("l3", invoice_id="i3", currency="USD"),
    )

    group_entities(engine, now=NOW)

    assert entities(engine, "currency") == {"zoho:a1": "EUR"}


def test_a_currency_that_rests_on_items_follows_them(engine: sa.Engine) -> None:
    save(engine, Kind.ACCOUNTS, an_account("a1", currency=None))
    group_entities(engine, now=NOW)
    before = entities(engine, "currency")
    save(engine, Kind.INVOICES, an_invoice("i1", currency="USD"))

    group_entities(engine, now=NOW)

    assert (before, entities(engine, "currency")) == ({"zoho:a1": "CNY"}, {"zoho:a1": "USD"})


@pytest.mark.parametrize("kind", [Kind.INVOICES, Kind.PAYMENTS])
def test_a_record_of_an_unknown_account_is_named_until_it_arrives(
    engine: sa.Engine, kind: Kind
) -> None:
    record = an_invoice("x", "nowhere") if kind is Kind.INVOICES else a_payment("x", "nowhere")
    save(engine, kind, record)
    with writing(engine) as conn:
        found = check_references(conn, now=NOW)
    before = reasons(engine)
    save(engine, Kind.ACCOUNTS, an_account("nowhere"))
    with writing(engine) as conn:
        check_references(conn, now=NOW)

    assert (found, before, reasons(engine)) == (1, {"x": "unknown_account"}, {})


def test_an_allocation_to_an_unknown_invoice_is_named(engine: sa.Engine) -> None:
    save(engine, Kind.PAYMENTS, a_payment("p1"))
    save(engine, Kind.ACCOUNTS, an_account("a1"))
    save(engine, Kind.ALLOCATIONS, an_allocation("l1", "p1", "i1"))

    with writing(engine) as conn:
        check_references(conn, now=NOW)

    assert reasons(engine) == {"l1": "unknown_invoice"}


def test_a_payment_laid_out_beyond_its_amount_is_named_until_corrected(engine: sa.Engine) -> None:
    save(engine, Kind.ACCOUNTS, an_account("a1"))
    save(engine, Kind.INVOICES, an_invoice("i1"), an_invoice("i2"))
    save(engine, Kind.PAYMENTS, a_payment("p1", amount=100_00), a_payment("p2", amount=100_00))
    two = [an_allocation(f"l{n}", "p1", f"i{n}", amount=60_00) for n in (1, 2)]
    save(engine, Kind.ALLOCATIONS, *two, an_allocation("l3", "p2", "i1", amount=100_00))
    with writing(engine) as conn:
        check_references(conn, now=NOW)
        (problem,) = list_problems(conn)
    save(engine, Kind.ALLOCATIONS, an_allocation("l2", "p1", "i2", amount=40_00))
    with writing(engine) as conn:
        check_references(conn, now=NOW)

    assert (problem.record_id, problem.account_id, problem.reason) == (
        *("p1", "a1"),
        "allocated_too_much",
    )
    assert "CNY 120.00 laid on invoices, CNY 100.00 received" in problem.detail
    assert reasons(engine) == {}
