"""Reading: keyset pages, the platform's own clock, the overlap, what is gone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.errors import ContractBroken
from adapters.fxiaoke.port import FxiaokePort
from adapters.fxiaoke.values import time_to_ms
from adapters.port import Cursor
from scoring.records import Kind, Owner
from tests.adapters.fxiaoke.gateway import (
    NOW,
    Gateway,
    Time,
    a_field,
    a_port,
    described,
    rows,
    some_settings,
)

QUERY = "/cgi/crm/v2/data/query"
DESCRIBE = "/cgi/crm/v2/object/describe"
LIST = "/cgi/crm/v2/object/list"
USERS = "/cgi/user/list"
WATERMARK = NOW - timedelta(hours=1)
CHANGED = NOW - timedelta(minutes=2)


def a_notes_port() -> FxiaokePort:
    """Open a port whose claims are receivable notes."""
    return a_port(settings=some_settings(mapping={"receivables": "notes"}))


def a_contact(number: int, modified_at: datetime = WATERMARK) -> dict[str, Any]:
    return {
        "_id": f"{number:024x}",
        "name": f"Contact {number}",
        "account_id": "a1",
        "last_modified_time": time_to_ms(modified_at),
    }


@pytest.fixture(autouse=True)
def _described(gateway: Gateway) -> None:
    gateway.on(DESCRIBE, described("ContactObj", a_field("name"), a_field("account_id")))
    gateway.on(LIST, {"data": {"objects": []}})


def searches(gateway: Gateway) -> list[dict[str, Any]]:
    return [call["data"]["search_query_info"] for call in gateway.calls(QUERY)]


def test_the_first_read_takes_everything_in_pages_by_id(gateway: Gateway) -> None:
    people = [a_contact(number) for number in range(1, 151)]
    gateway.on(QUERY, rows(people[-1]), rows(*people[:100]), rows(*people[100:]))
    port = a_port()

    first = port.changes(Kind.CONTACTS, Cursor())
    second = port.changes(Kind.CONTACTS, first.cursor)

    assert (len(first.records), first.finished) == (100, False)
    assert (len(second.records), second.finished) == (50, True)
    _newest, one, two = searches(gateway)
    assert (one["offset"], one["limit"], one["filters"]) == (0, 100, [])
    assert two["offset"] == 0
    assert two["filters"] == [
        {"field_name": "_id", "operator": "GT", "field_values": [people[99]["_id"]]}
    ]


def test_the_watermark_is_the_newest_change_when_the_scan_began(gateway: Gateway) -> None:
    gateway.on(QUERY, rows(a_contact(2, CHANGED)), rows(a_contact(1), a_contact(2, CHANGED)))

    page = a_port().changes(Kind.CONTACTS, Cursor())

    assert page.cursor == Cursor(watermark=CHANGED)


def test_an_unfinished_page_keeps_the_old_watermark_and_promises_the_new(gateway: Gateway) -> None:
    people = [a_contact(number, CHANGED) for number in range(1, 101)]
    gateway.on(QUERY, rows(people[0]), rows(*people))

    cursor = a_port().changes(Kind.CONTACTS, Cursor(watermark=WATERMARK)).cursor

    assert (cursor.watermark, cursor.promise) == (WATERMARK, CHANGED)
    assert cursor.position


def test_another_port_goes_on_where_the_scan_stood(gateway: Gateway) -> None:
    people = [a_contact(number, CHANGED) for number in range(1, 121)]
    gateway.on(QUERY, rows(people[0]), rows(*people[:100]), rows(*people[100:]))
    cursor = a_port().changes(Kind.CONTACTS, Cursor(watermark=WATERMARK)).cursor

    page = a_port().changes(Kind.CONTACTS, cursor)

    assert [record.record_id for record in page.records] == [each["_id"] for each in people[100:]]
    assert page.cursor == Cursor(watermark=CHANGED)


def test_later_reads_begin_five_minutes_before_the_watermark(gateway: Gateway) -> None:
    gateway.on(QUERY, rows(a_contact(1, CHANGED)))

    a_port().changes(Kind.CONTACTS, Cursor(watermark=WATERMARK))

    since = str(time_to_ms(WATERMARK - timedelta(minutes=5)))
    assert searches(gateway)[1]["filters"] == [
        {"field_name": "last_modified_time", "operator": "GTE", "field_values": [since]}
    ]


def test_a_feed_where_nothing_changed_costs_one_call(gateway: Gateway) -> None:
    gateway.on(QUERY, rows(a_contact(1, WATERMARK)))

    page = a_port().changes(Kind.CONTACTS, Cursor(watermark=WATERMARK))

    assert (page.records, page.finished) == ((), True)
    assert page.cursor == Cursor(watermark=WATERMARK)
    assert len(gateway.calls(QUERY)) == 1


def test_a_young_watermark_is_read_again_for_what_comes_late(gateway: Gateway) -> None:
    gateway.on(QUERY, rows(a_contact(1, CHANGED)))

    page = a_port().changes(Kind.CONTACTS, Cursor(watermark=CHANGED))

    assert len(page.records) == 1


def test_a_clock_behind_ours_loses_nothing(gateway: Gateway) -> None:
    """A platform that lives in 2020 is read by its own time."""
    then = datetime(2020, 3, 31, tzinfo=UTC)
    gateway.on(QUERY, rows(a_contact(2, then + timedelta(seconds=1))))

    page = a_port().changes(Kind.CONTACTS, Cursor(watermark=then))

    assert page.cursor == Cursor(watermark=then + timedelta(seconds=1))
    assert len(page.records) == 1


def test_an_absurd_modified_time_does_not_blind_the_feed(gateway: Gateway) -> None:
    gateway.on(QUERY, rows(a_contact(1, NOW + timedelta(days=9_000))))

    watermark = a_port().changes(Kind.CONTACTS, Cursor()).cursor.watermark

    assert watermark == NOW + timedelta(days=1)


def test_an_empty_feed_finishes_with_a_watermark_before_everything(gateway: Gateway) -> None:
    gateway.on(QUERY, rows())

    page = a_port().changes(Kind.CONTACTS, Cursor())

    assert page.finished
    assert page.cursor.watermark == datetime(1970, 1, 1, tzinfo=UTC)


def test_the_first_page_tells_the_size_of_the_scan(gateway: Gateway) -> None:
    people = [a_contact(number) for number in range(1, 101)]
    first = rows(*people)
    first["data"]["total"] = 150
    gateway.on(QUERY, rows(people[0]), first, rows(a_contact(101)))
    port = a_port()

    one = port.changes(Kind.CONTACTS, Cursor())
    two = port.changes(Kind.CONTACTS, one.cursor)

    assert (one.expected, two.expected) == (150, 150)


def test_an_unreadable_position_begins_the_scan_again(gateway: Gateway) -> None:
    gateway.on(QUERY, rows(a_contact(1)))

    cursor = Cursor(position="{half", promise=NOW)
    page = a_port().changes(Kind.CONTACTS, cursor)

    assert page.finished
    assert page.cursor == Cursor(watermark=WATERMARK)


def test_a_server_that_ignores_the_key_is_caught_before_it_loops(gateway: Gateway) -> None:
    people = [a_contact(number) for number in range(1, 101)]
    gateway.on(QUERY, rows(people[0]), rows(*people))
    port = a_port()
    cursor = port.changes(Kind.CONTACTS, Cursor()).cursor

    with pytest.raises(ContractBroken, match="not in order"):
        port.changes(Kind.CONTACTS, cursor)


def test_a_newest_record_without_a_time_breaks_the_contract(gateway: Gateway) -> None:
    gateway.on(QUERY, rows({"_id": "c1"}))

    with pytest.raises(ContractBroken, match="last_modified_time"):
        a_port().changes(Kind.CONTACTS, Cursor())


def test_only_fields_that_exist_are_asked_for(gateway: Gateway) -> None:
    gateway.on(QUERY, rows())

    a_port().changes(Kind.CONTACTS, Cursor())

    projection = searches(gateway)[1]["fieldProjection"]
    assert {"_id", "name", "account_id", "life_status"} <= set(projection)
    assert "mobile1" not in projection


def test_invoices_and_credit_notes_are_told_apart_by_record_type(gateway: Gateway) -> None:
    gateway.on(QUERY, rows())
    port = a_notes_port()
    port.changes(Kind.INVOICES, Cursor())
    port.changes(Kind.CREDIT_NOTES, Cursor())

    filters = [search["filters"][0] for search in searches(gateway)[1::2]]
    assert [each["operator"] for each in filters] == ["N", "EQ"]
    assert {each["field_values"][0] for each in filters} == {"red_note__c"}


def test_fetched_records_that_do_not_come_back_are_gone(gateway: Gateway) -> None:
    gateway.on(QUERY, rows(a_contact(1)))
    there = a_contact(1)["_id"]

    page = a_port().fetch(Kind.CONTACTS, [there, "gone1", there])

    assert [record.record_id for record in page.records] == [there]
    assert (page.gone, page.cursor) == (("gone1",), Cursor())
    assert searches(gateway)[0]["filters"][0]["field_values"] == [there, "gone1"]


def test_a_credit_note_fetched_as_an_invoice_is_neither_read_nor_gone(gateway: Gateway) -> None:
    gateway.on(QUERY, rows({"_id": "n1", "record_type": "red_note__c"}))

    page = a_notes_port().fetch(Kind.INVOICES, ["n1"])

    assert (page.records, page.problems, page.gone) == ((), (), ())


def test_many_ids_are_fetched_a_hundred_at_a_time(gateway: Gateway) -> None:
    gateway.on(QUERY, rows())

    page = a_port().fetch(Kind.CONTACTS, [f"c{number}" for number in range(250)])

    assert [len(each["filters"][0]["field_values"]) for each in searches(gateway)] == [100, 100, 50]
    assert len(page.gone) == 250


def test_the_sweep_names_the_known_ids_that_are_missing(gateway: Gateway) -> None:
    gateway.on(QUERY, rows({"_id": "c2"}))

    assert a_port().missing(Kind.CONTACTS, ["c1", "c2", "c3"]) == ("c1", "c3")
    assert searches(gateway)[0]["fieldProjection"] == ["_id"]


def test_employees_are_read_whole(gateway: Gateway) -> None:
    gateway.on(
        USERS,
        {"userList": [{"openUserId": "1001", "name": "李", "isStop": False}, {"name": "no id"}]},
    )

    page = a_port().changes(Kind.OWNERS, Cursor())

    assert page.records == (Owner(record_id="1001", name="李"),)
    assert [problem.reason for problem in page.problems] == ["missing_field"]
    assert (page.finished, page.cursor.watermark) == (True, NOW)


def test_an_employee_who_is_not_listed_is_gone(gateway: Gateway) -> None:
    gateway.on(USERS, {"userList": [{"openUserId": "1001", "name": "李"}]})

    page = a_port().fetch(Kind.OWNERS, ["1001", "1002"])

    assert [owner.record_id for owner in page.records] == ["1001"]
    assert page.gone == ("1002",)


@pytest.mark.parametrize("answer", [{"data": []}, {"userList": None}, {"userList": [None]}])
def test_a_list_of_employees_that_is_none_breaks_the_contract(
    gateway: Gateway, answer: dict[str, Any]
) -> None:
    gateway.on(USERS, answer)

    with pytest.raises(ContractBroken):
        a_port().changes(Kind.OWNERS, Cursor())


def test_a_feed_without_an_object_is_switched_off(time: Time, gateway: Gateway) -> None:
    gateway.on(LIST, {"errorCode": 20017, "errorMessage": "nothing is told"})
    mapping = {"orders": {"object": ""}, "invoices": {"red_note": ""}}

    kinds = a_port(time, settings=some_settings(mapping=mapping)).kinds

    assert Kind.ORDERS not in kinds
    assert Kind.CREDIT_NOTES not in kinds
    assert kinds[0] is Kind.OWNERS
