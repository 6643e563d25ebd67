"""COQL: what it selects, how it pages, and how it refuses."""

# ruff: noqa: S608 COQL is no SQL, and the sandbox that reads it holds nothing worth injecting into

from datetime import timedelta
from typing import Any

import pytest

from tests.sandbox.zoho.organisation import SignedIn


@pytest.fixture
def books(crm: SignedIn) -> SignedIn:
    """Two accounts, the second a child of the first, and five invoices, a second apart."""
    parent = crm.add("Accounts", Account_Name="Parent", Industry="Retail")
    child = crm.add("Accounts", Account_Name="O'Child", Parent_Account={"id": parent})
    for number, account in enumerate([parent, parent, child, child, child]):
        crm.org.clock.advance(timedelta(seconds=1))
        crm.add(
            "Invoices",
            Subject=f"INV-{number}",
            Account_Name={"id": account},
            Due_Date=f"2026-12-0{number + 1}",
            Grand_Total=100.25 * (number + 1),
            Currency="CNY" if number else "USD",
            Status="Approved" if number < 3 else "Cancelled",
        )
    return crm


def _rows(crm: SignedIn, query: str) -> list[dict[str, Any]]:
    answer = crm.query(query)
    if answer.status_code == 204:
        assert answer.data == b""
        return []
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    assert set(answer.json["info"]) == {"count", "more_records"}
    assert answer.json["info"]["count"] == len(answer.json["data"])
    return list(answer.json["data"])


def _subjects(crm: SignedIn, where: str) -> str:
    rows = _rows(crm, f"select Subject from Invoices where {where}")
    return "".join(row["Subject"][-1] for row in rows)


@pytest.mark.parametrize(
    ("where", "numbers"),
    [
        ("id is not null", "01234"),
        ("Disputed_On is null", "01234"),
        ("Disputed_On is not null", ""),
        ("Grand_Total > 300", "234"),
        ("Grand_Total >= 300.75", "234"),
        ("Grand_Total between 200 and 301", "12"),
        ("Due_Date < '2026-12-03'", "01"),
        ("Status != 'Approved'", "34"),
        ("Status = 'approved'", ""),
        ("Status in ('Approved', 'Delivered')", "012"),
        ("Status not in ('Approved')", "34"),
        ("Subject like '%-3'", "3"),
        ("Subject not like 'inv-%'", ""),
        ("(Status = 'Approved' and Currency = 'USD')", "0"),
        ("((Status = 'Approved' and Currency = 'CNY') or Subject = 'INV-4')", "124"),
        ("Account_Name.Account_Name = 'O''Child'", "234"),
        ("Account_Name.Parent_Account.Industry = 'Retail'", "234"),
        ("Modified_Time >= '2026-11-24T09:00:04+08:00'", "34"),
        ("Modified_Time = '2026-11-24T01:00:02Z'", "1"),
        (
            (
                "(Modified_Time >= '2026-11-24T09:00:02+08:00' "
                "and Modified_Time < '2026-11-24T09:00:04+08:00')"
            ),
            "12",
        ),
    ],
)
def test_criteria_choose_rows(books: SignedIn, where: str, numbers: str) -> None:
    assert _subjects(books, where) == numbers


def test_lookups_come_with_names_and_joins_under_the_dotted_key(books: SignedIn) -> None:
    query = (
        "select Subject, Account_Name, Account_Name.Parent_Account.Account_Name, Modified_Time "
        "from Invoices where Subject = 'INV-2'"
    )
    (row,) = _rows(books, query)
    assert row["Account_Name"] == {"name": "O'Child", "id": "5000000000100002"}
    assert row["Account_Name.Parent_Account.Account_Name"] == "Parent"
    assert row["Modified_Time"] == "2026-11-24T09:00:03+08:00"


def test_ids_and_unique_fields_are_found(books: SignedIn) -> None:
    task = books.add("Tasks", Subject="Call", Credit_Ref="ref:1")
    query = "select id from Tasks where Credit_Ref in ('ref:0', 'ref:1')"
    assert _rows(books, query) == [{"id": task}]
    query = "select Subject from Invoices where id in ('5000000000100004', '1')"
    assert [row["Subject"] for row in _rows(books, query)] == ["INV-1"]


@pytest.mark.parametrize(
    ("order", "numbers"),
    [
        ("", "01234"),
        ("order by id desc", "43210"),
        ("order by Modified_Time desc, id desc", "43210"),
        ("order by Status asc, Due_Date desc", "21043"),
        ("order by Grand_Total desc", "43210"),
    ],
)
def test_rows_come_in_order(books: SignedIn, order: str, numbers: str) -> None:
    rows = _rows(books, f"select Subject from Invoices where id is not null {order}")
    assert "".join(row["Subject"][-1] for row in rows) == numbers


@pytest.mark.parametrize("tail", ["limit 2 offset 1", "limit 1, 2"])
def test_a_window_is_cut_and_says_whether_more_follow(books: SignedIn, tail: str) -> None:
    answer = books.query(f"select Subject from Invoices where id is not null {tail}")
    assert answer.json is not None
    assert [row["Subject"] for row in answer.json["data"]] == ["INV-1", "INV-2"]
    assert answer.json["info"] == {"count": 2, "more_records": True}


def test_keyset_paging_by_time_and_id_sees_every_row_once(crm: SignedIn) -> None:
    for number in range(7):
        crm.org.put_record("Accounts", {"Account_Name": str(number)})
        if number % 3 == 2:
            crm.org.clock.advance(timedelta(seconds=1))
    seen: list[str] = []
    where = "id is not null"
    tail = "order by Modified_Time asc, id asc limit 2"
    while rows := _rows(
        crm, f"select Account_Name, Modified_Time from Accounts where {where} {tail}"
    ):
        seen += [row["Account_Name"] for row in rows]
        at, last = rows[-1]["Modified_Time"], rows[-1]["id"]
        where = f"(Modified_Time >= '{at}' and (Modified_Time > '{at}' or id > '{last}'))"
    assert seen == list("0123456")


def test_aggregates_count_sum_and_group(books: SignedIn) -> None:
    whole = "select COUNT(id), SUM(Grand_Total), MIN(Due_Date), MAX(Modified_Time) from Invoices"
    assert _rows(books, f"{whole} where id is not null") == [
        {
            "COUNT(id)": 5,
            "SUM(Grand_Total)": 1503.75,
            "MIN(Due_Date)": "2026-12-01",
            "MAX(Modified_Time)": "2026-11-24T09:00:05+08:00",
        }
    ]
    grouped = (
        "select Account_Name, COUNT(id) as invoices from Invoices where Status = 'Approved' "
        "group by Account_Name order by invoices desc"
    )
    assert _rows(books, grouped) == [
        {"Account_Name": {"name": "Parent", "id": "5000000000100001"}, "invoices": 2},
        {"Account_Name": {"name": "O'Child", "id": "5000000000100002"}, "invoices": 1},
    ]
    assert _rows(books, "select COUNT(id) from Invoices where Subject = 'X'") == [{"COUNT(id)": 0}]


@pytest.mark.parametrize(
    ("query", "code", "details"),
    [
        ("select id from Invoices", "SYNTAX_ERROR", {"clause": "where"}),
        (
            "select id from Invoices where Status = 'A' and Status = 'B' and Status = 'C'",
            "SYNTAX_ERROR",
            {"clause": "where"},
        ),
        ("select id Invoices", "SYNTAX_ERROR", {"line": 1, "column": 11, "near": "Invoices"}),
        ("select id from Invoices where Status ~ 'x'", "SYNTAX_ERROR", {"near": "~ 'x'"}),
        ("select id from Invoices where Status is 5", "SYNTAX_ERROR", None),
        ("select id from Invoices where Status not 5", "SYNTAX_ERROR", {"operator": "5"}),
        ("select id from Nothing where id is not null", "INVALID_QUERY", {"module": "Nothing"}),
        (
            "select Nothing from Invoices where id is not null",
            "INVALID_QUERY",
            {"column_name": "Nothing"},
        ),
        (
            "select id from Invoices where Nothing is null",
            "INVALID_QUERY",
            {"column_name": "Nothing", "clause": "where"},
        ),
        (
            "select id from Invoices where id is not null order by Nothing",
            "INVALID_QUERY",
            {"column_name": "Nothing", "clause": "order by"},
        ),
        ("select id from Invoices where Due_Date > 5", "INVALID_QUERY", None),
        (
            "select id from Invoices where Modified_Time > '2026-01-01T00:00:00'",
            "INVALID_QUERY",
            None,
        ),
        ("select id from Invoices where Description = 'x'", "INVALID_QUERY", None),
        ("select id from Invoices where Account_Name.A.B.C = 'x'", "INVALID_QUERY", None),
        ("select id from Invoices where id is not null limit 0", "INVALID_DATA", {"limit": "0"}),
        ("select id from Invoices where id is not null limit 2001", "LIMIT_EXCEEDED", None),
        (
            "select id from Invoices where id is not null limit 1 offset 100000",
            "LIMIT_EXCEEDED",
            None,
        ),
        (
            f"select id from Invoices where id in ({','.join(map(str, range(51)))})",
            "LIMIT_EXCEEDED",
            None,
        ),
        ("select id, id from Invoices where id is not null", "DUPLICATE_DATA", {}),
    ],
)
def test_a_wrong_query_is_refused_with_a_bare_error(
    books: SignedIn, query: str, code: str, details: Any
) -> None:
    answer = books.query(query)
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["code"] == code
    assert details is None or answer.json["details"] == details


def test_more_than_25_criteria_are_refused(books: SignedIn) -> None:
    where = "id is not null"
    for _ in range(25):
        where = f"({where} or id is null)"
    answer = books.query(f"select id from Invoices where {where}")
    assert answer.json is not None
    assert (answer.json["code"], answer.json["details"]["limit"]) == ("LIMIT_EXCEEDED", 25)


def test_a_missing_query_is_named(books: SignedIn) -> None:
    answer = books.send("POST", "/coql", {})
    assert answer.json is not None
    assert answer.json["code"] == "MANDATORY_NOT_FOUND"
    assert answer.json["details"]["api_name"] == "select_query"


def test_meta_comes_along_on_request(books: SignedIn) -> None:
    query = "select Status from Invoices where id is not null"
    answer = books.send("POST", "/coql", {"select_query": query, "include_meta": ["fields"]})
    assert answer.json is not None
    assert answer.json["fields"]["Status"]["data_type"] == "picklist"


@pytest.mark.parametrize(("limit", "credits"), [(200, 1), (201, 2), (1000, 2), (2000, 3)])
def test_the_limit_given_is_what_a_query_costs(
    books: SignedIn,
    limit: int,
    credits: int,  # noqa: A002 the trade's word at Zoho
) -> None:
    books.query(f"select id from Invoices where id is not null limit {limit}")
    assert list(books.org.journal)[-1].credits == credits
