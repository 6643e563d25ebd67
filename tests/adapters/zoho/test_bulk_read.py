"""Reading a module by exports: when it is chosen, how it goes on, and what it does on a bad day."""

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from adapters.errors import CrmUnavailable
from adapters.port import CrmPort, Cursor, Page
from adapters.zoho.bulk_read import LONGEST_WAIT, export_credits, query_credits
from sandbox.faults import FaultKind
from scoring.records import Account, Kind
from tests.contract.bench import ZOHO, Bench, open_bench, read_all

OPTIONS = {"page_rows": 2, "export": "always", "export_rows": 2}
ALL = [f"A{number}" for number in range(7)]


@pytest.fixture
def bench() -> Iterator[Bench]:
    """Zoho with exports of three records that take four seconds, and seven accounts."""
    with open_bench(ZOHO, bulk_rows=3, bulk_job_seconds=4.0) as running:
        running.time.clock = running.crm.clock
        for number in range(7):
            running.add_account(Account_Name=f"A{number}")
        yield running


def _names(pages: list[Page]) -> list[str]:
    found = [record for page in pages for record in page.records]
    assert all(isinstance(record, Account) for record in found)
    return [record.name for record in found if isinstance(record, Account)]


def _calls(bench: Bench, part: str) -> list[str]:
    return [f"{call.method} {call.path}" for call in bench.crm.journal if part in call.path]


def _accounts(port: CrmPort) -> list[Any]:
    records = {r.record_id: r for page in read_all(port, Kind.ACCOUNTS) for r in page.records}
    return [records[key] for key in sorted(records)]


def test_an_export_brings_the_same_records_as_queries(bench: Bench) -> None:
    parent = bench.add_account(Account_Name="Mother, \"x\"\n中文 'y'", Industry="Retail")
    bench.add_account(Account_Name="Child", Parent_Account={"id": parent}, Currency="USD")

    exported = _accounts(bench.open(options=OPTIONS))

    assert exported == _accounts(bench.open(options={"page_rows": 2, "export": "never"}))
    assert [record.name for record in exported][-2:] == ["Mother, \"x\"\n中文 'y'", "Child"]


def test_invoices_come_alike_both_ways(bench: Bench) -> None:
    account = bench.add_account(Account_Name="B")
    for number in range(4):
        bench.add_invoice(account, Subject=f"INV-{number}", Grand_Total=0.1 + number)

    def invoices(**options: object) -> list[Any]:
        pages = read_all(bench.open(options=OPTIONS | options), Kind.INVOICES)
        found = {record.record_id: record for page in pages for record in page.records}
        return [found[key] for key in sorted(found)]

    assert invoices() == invoices(export="never")
    assert str(invoices()[0].amount) == "CNY 0.10"


def test_each_job_is_started_once_and_followed_by_the_next(bench: Bench) -> None:
    pages = read_all(bench.open(options=OPTIONS), Kind.ACCOUNTS)

    assert sorted(_names(pages)) == ALL
    calls = _calls(bench, "bulk/v8/read")
    assert [call for call in calls if call.startswith("POST")] == ["POST /crm/bulk/v8/read"] * 3
    assert len([call for call in calls if call.endswith("/result")]) == 3
    assert len(calls) == 3 * 3  # started, looked at after fifteen seconds, fetched
    assert [page.finished for page in pages] == [False] * (len(pages) - 1) + [True]
    assert pages[0].expected == 7


def test_the_watermark_is_older_than_the_export(bench: Bench) -> None:
    """What changes while an export is made is read again by the first read of changes."""
    port = bench.open(options=OPTIONS)
    first = port.changes(Kind.ACCOUNTS, Cursor())
    bench.pass_time(timedelta(seconds=1))
    late = bench.add_account(Account_Name="late")
    cursor = read_all(port, Kind.ACCOUNTS, first.cursor)[-1].cursor
    changed = read_all(port, Kind.ACCOUNTS, cursor)

    assert late in {record.record_id for page in changed for record in page.records}


def test_another_process_goes_on_where_the_first_stood(bench: Bench) -> None:
    cursor, names = Cursor(), []
    while True:
        page = bench.open(options=OPTIONS).changes(Kind.ACCOUNTS, cursor)
        names += _names([page])
        if page.finished:
            break
        cursor = page.cursor

    assert sorted(names) == ALL
    assert len([call for call in _calls(bench, "bulk/v8/read") if call.startswith("POST")]) == 3


def test_a_job_of_minutes_costs_few_looks_and_no_call_waits_long() -> None:
    with open_bench(ZOHO, bulk_job_seconds=180.0) as slow:
        slow.time.clock = slow.crm.clock
        for number in range(3):
            slow.add_account(Account_Name=f"A{number}")
        pages = read_all(slow.open(options=OPTIONS), Kind.ACCOUNTS)

    looks = [call for call in _calls(slow, "bulk/v8/read/") if not call.endswith("/result")]
    assert len(looks) == 4  # after 15, 45, 90 and 180 seconds
    assert (max(slow.time.slept), sum(slow.time.slept)) == (LONGEST_WAIT, 180.0)
    assert sorted(_names(pages)) == ["A0", "A1", "A2"]


@pytest.mark.parametrize(
    "options",
    [
        {"bulk_jobs_fail": True},
        {
            "scopes": (
                "ZohoCRM.modules.ALL",
                "ZohoCRM.settings.ALL",
                "ZohoCRM.coql.READ",
                "ZohoCRM.org.READ",
                "ZohoCRM.users.READ",
            )
        },
    ],
    ids=["the job fails", "the scope is missing"],
)
def test_where_no_export_is_to_be_had_queries_read_on(
    options: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    with open_bench(ZOHO, **options) as refusing:
        refusing.time.clock = refusing.crm.clock
        for number in range(5):
            refusing.add_account(Account_Name=f"A{number}")
        with caplog.at_level(logging.WARNING):
            pages = read_all(refusing.open(options=OPTIONS), Kind.ACCOUNTS)

    assert sorted(_names(pages)) == ALL[:5]
    assert "Accounts is read by queries" in caplog.text


def test_a_job_that_zoho_forgot_is_replaced_by_queries(bench: Bench) -> None:
    port = bench.open(options=OPTIONS)
    first = port.changes(Kind.ACCOUNTS, Cursor())
    started = port.changes(Kind.ACCOUNTS, first.cursor)
    assert json.loads(started.cursor.position)["export"]["job"]
    bench.pass_time(timedelta(hours=25))
    rest = read_all(bench.open(options=OPTIONS), Kind.ACCOUNTS, started.cursor)

    assert sorted(_names([first, *rest])) == ALL


def test_a_damaged_file_is_fetched_again(bench: Bench) -> None:
    port = bench.open(options=OPTIONS)
    first = port.changes(Kind.ACCOUNTS, Cursor())
    started = port.changes(Kind.ACCOUNTS, first.cursor)
    job = json.loads(started.cursor.position)["export"]["job"]
    bench.fail(f"GET /crm/bulk/v8/read/{job}/result", FaultKind.HTML_200)

    with pytest.raises(CrmUnavailable, match="damaged"):
        port.changes(Kind.ACCOUNTS, started.cursor)
    assert sorted(_names([first, *read_all(port, Kind.ACCOUNTS, started.cursor)])) == ALL


@pytest.mark.parametrize(
    "kind", [FaultKind.ERROR_500, FaultKind.RESET_AFTER, FaultKind.TRUNCATED_JSON]
)
def test_a_fetch_that_breaks_is_tried_again_within_the_call(bench: Bench, kind: FaultKind) -> None:
    bench.fail("GET /crm/bulk/v8/read/", kind)

    assert sorted(_names(read_all(bench.open(options=OPTIONS), Kind.ACCOUNTS))) == ALL


@pytest.mark.parametrize(
    ("records", "cheaper"), [(2_000, False), (36_000, False), (38_001, True), (1_000_000, True)]
)
def test_the_price_decides(records: int, *, cheaper: bool) -> None:
    assert (export_credits(records) < query_credits(records)) is cheaper


def test_the_choice_is_logged_with_both_prices(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "adapters.zoho.reader")
    for wish in ("auto", "always", "never"):
        read_all(bench.open(options=OPTIONS | {"export": wish}), Kind.ACCOUNTS)

    told = "crm: 7 records of Accounts are read by {}; exports cost at most 56 credits, queries 3"
    assert caplog.messages == [told.format("queries"), told.format("exports")]


def test_the_doctor_tells_whether_exports_are_permitted() -> None:
    def said(*scopes: str, **options: str) -> list[tuple[str, str]]:
        needed = ("modules.ALL", "settings.ALL", "coql.READ", "org.READ", "users.READ", *scopes)
        with open_bench(ZOHO, scopes=tuple(f"ZohoCRM.{scope}" for scope in needed)) as org:
            found = org.open(options=options).check()
        return [(each.level.value, each.remedy) for each in found if each.topic == "exports"]

    remedy = "authorise it again: `zixin connect zoho crm --consent`"
    assert said("bulk.READ") == [("ok", "")]
    assert said() == [("warning", remedy)]
    assert said(export="never") == [("ok", "")]


def test_a_small_module_is_read_by_queries(bench: Bench) -> None:
    read_all(bench.open(options={"page_rows": 2}), Kind.ACCOUNTS)

    assert _calls(bench, "bulk") == []


def test_credits_are_counted_as_zoho_counts_them(bench: Bench) -> None:
    port = bench.open(options=OPTIONS)
    read_all(port, Kind.ACCOUNTS)

    assert port.usage().credits == sum(call.credits for call in bench.crm.journal)


@pytest.mark.parametrize("kind", [FaultKind.ERROR_503, FaultKind.RATE_LIMIT, FaultKind.RESET_AFTER])
def test_a_job_that_was_not_heard_of_is_started_again(bench: Bench, kind: FaultKind) -> None:
    bench.fail("POST /crm/bulk/v8/read", kind)

    assert sorted(_names(read_all(bench.open(options=OPTIONS), Kind.ACCOUNTS))) == ALL


def test_an_answer_that_names_no_job_lets_queries_read_on(bench: Bench) -> None:
    bench.fail("POST /crm/bulk/v8/read", FaultKind.MISSING_ENTRY)

    assert sorted(_names(read_all(bench.open(options=OPTIONS), Kind.ACCOUNTS))) == ALL
