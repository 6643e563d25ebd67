"""How Zoho is read: by key, cheaply, and never past a change."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import responses

from adapters.errors import ContractBroken
from adapters.port import Cursor
from sandbox.faults import FaultKind
from scoring.records import CREDIT_FILE_KINDS, Account, Invoice, InvoiceKind, Kind, Owner
from tests.adapters.zoho.answers import API, CannedZoho, a_field, a_port
from tests.contract.bench import Bench, read_all

DAY = timedelta(days=1)
WATERMARK = datetime(2026, 11, 20, tzinfo=UTC)


def queries(zoho: CannedZoho) -> list[str]:
    return [body["select_query"] for path, body in zoho.asked if path == "coql"]


def contacts(*rows: tuple[str, str], more: bool = False) -> tuple[int, Any]:
    """Answer with rows given as id and stamp."""
    data = [
        {"id": id_, "Modified_Time": at, "Full_Name": "Li", "Account_Name": {"id": "9"}}
        for id_, at in rows
    ]
    return 200, {"data": data, "info": {"count": len(data), "more_records": more}}


@pytest.fixture
def canned(zoho: CannedZoho) -> CannedZoho:
    zoho.fields("Contacts", a_field("Full_Name"), a_field("Account_Name", "lookup"))
    zoho.mock.get(f"{API}/crm/v8/org", json={"org": [{"id": "1", "iso_code": "CNY"}]})
    return zoho


def test_a_first_read_goes_by_id(canned: CannedZoho) -> None:
    canned.mock.get(f"{API}/crm/v8/Contacts/actions/count", json={"count": "3"})
    canned.on(
        "POST",
        "coql",
        contacts(
            ("11", "2026-11-20T10:00:00+08:00"), ("12", "2026-11-19T10:00:00+08:00"), more=True
        ),
        (200, {"data": [{"Modified_Time": "2026-11-21T08:00:00+08:00", "id": "12"}], "info": {}}),
        contacts(("13", "2026-11-21T08:00:00+08:00")),
    )

    first, last = read_all(a_port(canned), Kind.CONTACTS)

    everything, newest, rest = queries(canned)
    assert everything.startswith("select id, Modified_Time, Full_Name, Account_Name from Contacts")
    assert " where id is not null order by" in everything
    assert everything.endswith(" order by id asc limit 2000 offset 0")
    assert newest.endswith("where id is not null order by Modified_Time desc limit 1 offset 0")
    assert rest.endswith("where id > '12' order by id asc limit 2000 offset 0")
    assert (first.expected, last.expected) == (3, 3)
    assert first.cursor.watermark is None
    assert last.cursor == Cursor(watermark=datetime(2026, 11, 21, tzinfo=UTC))


def test_a_later_read_goes_by_time_and_id_and_begins_small(canned: CannedZoho) -> None:
    canned.mock.get(f"{API}/crm/v8/Contacts/deleted", status=204)
    canned.on(
        "POST",
        "coql",
        contacts(
            ("15", "2026-11-20T09:00:00+08:00"), ("12", "2026-11-20T10:00:00+08:00"), more=True
        ),
        contacts(("11", "2026-11-20T10:30:00+08:00")),
    )

    pages = read_all(a_port(canned), Kind.CONTACTS, Cursor(watermark=WATERMARK))

    first, second = queries(canned)
    assert "where Modified_Time >= '2026-11-19T23:55:00+00:00' order by" in first
    assert first.endswith("order by Modified_Time asc, id asc limit 200 offset 0")
    assert (
        "where (Modified_Time >= '2026-11-20T02:00:00+00:00' and "
        "(Modified_Time > '2026-11-20T02:00:00+00:00' or id > '12')) order by"
    ) in second
    assert second.endswith("limit 2000 offset 0")
    assert pages[-1].cursor == Cursor(watermark=datetime(2026, 11, 20, 2, 30, tzinfo=UTC))


def test_a_quiet_module_keeps_its_watermark(canned: CannedZoho) -> None:
    canned.mock.get(f"{API}/crm/v8/Contacts/deleted", status=304)
    canned.on("POST", "coql", (204, ""))

    page = a_port(canned).changes(Kind.CONTACTS, Cursor(watermark=WATERMARK))

    assert page.finished
    assert page.cursor == Cursor(watermark=WATERMARK)


def test_the_first_look_at_deletions_goes_back_to_whoever_looked_last(canned: CannedZoho) -> None:
    canned.on("POST", "coql", contacts(("11", "2026-11-20T10:00:00+08:00")))
    deleted = {"data": [{"id": "11"}], "info": {"more_records": True}}
    canned.mock.get(f"{API}/crm/v8/Contacts/deleted", json=deleted)
    more = {"data": [{"id": "12"}], "info": {"more_records": False}}
    canned.mock.get(f"{API}/crm/v8/Contacts/deleted", json=more)

    first, last = read_all(a_port(canned), Kind.CONTACTS, Cursor(watermark=WATERMARK))

    asked = [call.request for call in canned.mock.calls if "/deleted" in str(call.request.url)]
    # The overlap, and the hour in which another process may not have looked.
    assert [each.headers["If-Modified-Since"] for each in asked] == [
        "2026-11-19T22:55:00+00:00"
    ] * 2
    assert "page=2" in str(asked[1].url)
    assert (first.gone, first.records, last.gone) == (("11",), (), ("12",))
    assert last.cursor.watermark == datetime(2026, 11, 20, 2, tzinfo=UTC)


@pytest.mark.parametrize("watermark", [None, WATERMARK])
def test_the_same_page_twice_is_not_read_for_ever(
    canned: CannedZoho, watermark: datetime | None
) -> None:
    canned.mock.get(f"{API}/crm/v8/Contacts/actions/count", json={"count": 3})
    page = contacts(("11", "2026-11-20T10:00:00+08:00"), more=True)
    newest = (200, {"data": [{"Modified_Time": "2026-11-20T10:00:00+08:00"}], "info": {}})
    canned.on("POST", "coql", page, page if watermark else newest, page)

    with pytest.raises(ContractBroken, match="not in order"):
        read_all(a_port(canned), Kind.CONTACTS, Cursor(watermark=watermark))


def test_a_missing_field_that_is_needed_is_named(zoho: CannedZoho) -> None:
    zoho.fields("Invoices", a_field("Subject"), a_field("Account_Name", "lookup"))

    with pytest.raises(ContractBroken, match=r"no field Invoice_Date; set mapping\.invoices"):
        a_port(zoho).changes(Kind.INVOICES, Cursor())


def test_fetch_asks_fifty_at_a_time_and_never_for_what_is_no_id(canned: CannedZoho) -> None:
    ids = [str(number) for number in range(1, 121)]
    canned.on("POST", "coql", (204, ""))

    page = a_port(canned).fetch(Kind.CONTACTS, [*ids, "1", "') or (id is not null"])

    assert len(queries(canned)) == 3
    assert all("not null" not in query for query in queries(canned))
    assert page.gone == (*ids, "') or (id is not null")


def test_a_full_read_costs_three_credits_for_two_thousand(bench: Bench) -> None:
    for _ in range(130):
        bench.add_account()
    port = bench.open(options={"page_rows": 2000})
    port.check()
    before = port.usage()

    read_all(port, Kind.ACCOUNTS)

    assert port.usage().calls - before.calls == 1
    assert port.usage().credits - before.credits == 3


def test_a_quiet_incremental_read_costs_two_credits(bench: Bench) -> None:
    bench.add_account()
    port = bench.open()
    cursor = read_all(port, Kind.ACCOUNTS)[-1].cursor
    bench.pass_time(DAY / 48)
    before = port.usage()

    port.changes(Kind.ACCOUNTS, cursor)

    assert port.usage().credits - before.credits == 2


def test_deletions_and_users_are_looked_for_once_an_hour(bench: Bench) -> None:
    kept, dropped = bench.add_account(), bench.add_account()
    port = bench.open()
    cursors = {kind: read_all(port, kind)[-1].cursor for kind in (Kind.OWNERS, Kind.ACCOUNTS)}
    port.changes(Kind.ACCOUNTS, cursors[Kind.ACCOUNTS])
    bench.remove_account(dropped)
    costs, gone = [], []
    for _poll in range(5):
        before = port.usage().credits
        pages = [port.changes(kind, cursor) for kind, cursor in cursors.items()]
        cursors = {page.kind: page.cursor for page in pages}
        costs.append(port.usage().credits - before)
        gone.append(pages[1].gone)
        bench.pass_time(timedelta(minutes=15))
        bench.time.seconds += 15 * 60

    assert costs == [1, 1, 1, 1, 3]
    assert gone == [(), (), (), (), (dropped,)]
    assert kept not in gone[-1]


def test_whoever_wants_looks_for_deletions_every_time(bench: Bench) -> None:
    account = bench.add_account()
    port = bench.open(options={"seldom_minutes": 0})
    cursor = read_all(port, Kind.ACCOUNTS)[-1].cursor
    cursor = port.changes(Kind.ACCOUNTS, cursor).cursor
    bench.remove_account(account)

    assert port.changes(Kind.ACCOUNTS, cursor).gone == (account,)


def test_a_field_deleted_since_the_metadata_were_read_is_left_out(canned: CannedZoho) -> None:
    canned.mock.get(f"{API}/crm/v8/Contacts/deleted", status=204)
    gone = {"code": "INVALID_QUERY", "details": {"column_name": "Full_Name"}, "message": "no"}
    canned.on("POST", "coql", (204, ""), (400, {**gone, "status": "error"}), (204, ""))
    port = a_port(canned)
    cursor = port.changes(Kind.CONTACTS, Cursor(watermark=WATERMARK)).cursor
    canned.mock.remove(responses.GET, f"{API}/crm/v8/settings/fields")
    canned.fields("Contacts", a_field("Account_Name", "lookup"))
    canned.seconds += 3600

    assert port.changes(Kind.CONTACTS, cursor).finished
    assert ["Full_Name" in query for query in queries(canned)] == [True, True, False]


def test_credits_are_counted_as_zoho_counts_them(bench: Bench) -> None:
    port = bench.open()
    for _ in range(130):
        bench.add_account()
    for kind in port.kinds:
        read_all(port, kind)

    charged = sum(call.credits for call in bench.crm.journal)
    assert port.usage().credits == charged


def test_many_changes_in_one_second_are_all_read(bench: Bench) -> None:
    cursor = Cursor(watermark=bench.crm.clock.now() - DAY)
    added = {bench.add_account() for _ in range(450)}

    pages = read_all(bench.open(), Kind.ACCOUNTS, cursor)

    ids = [record.record_id for page in pages for record in page.records]
    assert len(ids) == 450
    assert set(ids) == added


def test_a_page_that_lost_a_record_on_the_way_is_read_again(bench: Bench) -> None:
    ids = [bench.add_account(Account_Name=name) for name in ("A", "B", "C")]
    bench.fail(bench.vendor.reads, FaultKind.MISSING_ENTRY, times=2)

    pages = read_all(bench.open(), Kind.ACCOUNTS)

    assert [record.record_id for page in pages for record in page.records] == ids
    assert len(bench.time.slept) == 2


def test_bad_records_are_problems_beside_good_ones(bench: Bench) -> None:
    account = bench.add_account()
    good = bench.add_invoice(account)
    bad = bench.add_invoice(account, Due_Date=None)
    void = bench.add_invoice(account, Status="Cancelled")

    (page,) = read_all(bench.open(), Kind.INVOICES)

    assert [record.record_id for record in page.records] == [good]
    assert [(each.record_id, each.reason) for each in page.problems] == [(bad, "missing_field")]
    assert page.gone == (void,)


def test_credit_notes_and_owners_come_from_their_own_feeds(bench: Bench) -> None:
    account = bench.add_account()
    values: dict[str, object] = {
        "Name": "CN-1",
        "Account": {"id": account},
        "Issue_Date": "2026-01-05",
        "Amount": 10.5,
        "Currency": "USD",
    }
    bench.crm.put_record("Credit_Notes", values)
    port = bench.open()

    (note,) = port.changes(Kind.CREDIT_NOTES, Cursor()).records
    owners = port.changes(Kind.OWNERS, Cursor()).records
    (found,) = port.fetch(Kind.ACCOUNTS, [account]).records

    assert isinstance(note, Invoice)
    assert note.kind is InvoiceKind.CREDIT_NOTE
    assert isinstance(found, Account)
    assert found.owner_id in {each.record_id for each in owners if isinstance(each, Owner)}


@responses.activate
def test_opening_a_port_sends_nothing() -> None:
    zoho = CannedZoho(responses.mock)

    assert Kind.PAYMENTS not in a_port(zoho, mapping={"payments": {"module": ""}}).kinds
    assert a_port(zoho).kinds == tuple(kind for kind in Kind if kind not in CREDIT_FILE_KINDS)
    assert len(responses.calls) == 0
