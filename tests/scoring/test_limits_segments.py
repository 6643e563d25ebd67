"""Limits of a segment: which decision counts, and what of invoices and orders takes it up."""

from typing import Any

import pytest

from scoring.limits import segments
from scoring.policy import Policy, load_policy
from tests.builders import AS_OF, Row, a_book, an_entity, an_invoice, an_order, days_ago
from tests.scoring.limit_rows import a_decision, changed


def _tools(*rows: Row, policy: Policy | None = None) -> dict[str, Any] | None:
    found = segments(a_book(an_entity(), *rows), policy or Policy(), AS_OF)
    return found.row(0, named=True) if found.height else None


def _limit(amount: int = 1_000, **columns: Any) -> Row:
    return a_decision("segment_limit", **{"scope": "tools", "amount": amount, **columns})


def _order(**columns: Any) -> Row:
    return changed(an_order(amount=500), **{"segment": "tools", **columns})


@pytest.mark.parametrize(
    ("decision", "limit"),
    [
        (_limit(to_on=AS_OF), 1_000),
        (_limit(to_on=days_ago(1)), None),
        (_limit(from_on=days_ago(-1)), None),
        (_limit(scope=None), None),
        (changed(_limit(), kind="limit"), None),
    ],
)
def test_a_segments_limit_counts_to_its_last_day(decision: Row, limit: int | None) -> None:
    found = _tools(decision)

    assert (found and found["limit"]) == limit


def test_the_newest_decision_about_a_segment_counts() -> None:
    older = _limit(700, decision="z", from_on=days_ago(9))
    newer = _limit(900, decision="a", from_on=days_ago(2))

    assert (_tools(older, newer) or {})["limit"] == 900


@pytest.mark.parametrize(
    ("order", "exposure"),
    [
        (_order(), 500),
        (_order(status="closed"), 0),
        (_order(prepaid=True), 0),
        (_order(segment=None), 0),
        (_order(invoiced=200), 300),
        (_order(invoiced=499), 1),
        (_order(invoiced=600), 0),
        (_order(deposit=80), 420),
        (_order(delivered=650), 650),
    ],
)
def test_of_open_orders_what_is_not_invoiced_takes_the_segment_up(
    order: Row, exposure: int
) -> None:
    found = _tools(_limit(), order)

    assert found is not None
    assert (found["exposure"], found["available"]) == (exposure, 1_000 - exposure)


def test_orders_take_nothing_up_where_the_policy_leaves_them_out() -> None:
    without = load_policy("[exposure]\ninclude_orders = false")
    invoice = changed(an_invoice("i1", amount=300), segment="tools")

    assert (_tools(_limit(), _order(), invoice, policy=without) or {})["exposure"] == 300
    assert (_tools(_limit(), _order(), invoice) or {})["exposure"] == 800
