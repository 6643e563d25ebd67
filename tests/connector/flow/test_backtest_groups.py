"""Grades by group: counted at each month end, and drawn as a panel a group."""

from datetime import date
from xml.etree import ElementTree as ET

import polars as pl

from connector.flow.backtest import Backtest, GroupMonth, backtest
from connector.flow.backtest_drawing import groups_picture
from connector.flow.backtest_page import backtest_page
from scoring.assess import assess
from scoring.policy import GRADES, Policy
from tests.builders import AS_OF, a_book, a_steady_payer, an_entity, an_invoice, days_ago

MONTHS = 4
GROUPS = {"E1": "good", "E2": "late", "E3": "unheard of"}


def _replayed(groups: dict[str, str] | None) -> Backtest:
    late = an_invoice(
        "late", amount=2_000_000, entity="E2", issued_on=days_ago(200), due_on=days_ago(170)
    )
    nobody = an_entity("E3")
    book = a_book(an_entity(), an_entity("E2"), nobody, a_steady_payer(), late)

    def frame(day: date) -> pl.DataFrame:
        return assess(book, Policy(), day).frame

    return backtest(book, Policy().behaviour, AS_OF, frame, months=MONTHS, groups=groups)


def _month(group: str, *, watched: int = 0, **counts: int) -> GroupMonth:
    scale = dict.fromkeys((*GRADES, "NR"), 0) | counts
    return GroupMonth(group=group, on=date(2026, 3, 31), counts=scale, watched=watched)


def test_each_group_is_counted_at_each_month_end() -> None:
    found = _replayed(GROUPS).groups
    good, late = found[:MONTHS], found[MONTHS:]

    assert {month.group for month in good} == {"good"}
    assert [month.counts["A"] for month in good] == [1] * MONTHS
    assert {month.group for month in late} == {"late"}
    assert late[-1].counts["D"] == 1
    assert late[-1].watched == 1


def test_a_group_nobody_knew_is_left_out() -> None:
    assert "unheard of" not in {month.group for month in _replayed(GROUPS).groups}


def test_without_groups_there_are_none_and_no_picture_of_them() -> None:
    found = _replayed(None)

    assert found.groups == ()
    assert backtest_page(found).count("<svg") == backtest_page(_replayed(GROUPS)).count("<svg") - 1


def test_the_picture_has_a_panel_a_group_with_shares_of_its_customers() -> None:
    months = [_month("good", AAA=3, BB=1), _month("bad & late", D=2, watched=1)]
    drawn = ET.fromstring(groups_picture(months, "stories", "watch list", str.upper))  # noqa: S314 our own
    texts = {node.text for node in drawn.iter("{http://www.w3.org/2000/svg}text")}
    bars = [
        float(node.attrib["height"])
        for node in drawn.iter("{http://www.w3.org/2000/svg}rect")
        if node.attrib["fill"] in {"#0b5d3b", "#f2d16b", "#2b0505"} and "y" in node.attrib
    ]

    assert {"GOOD", "BAD & LATE", "watch list", "2026-03"} <= texts
    assert sorted(bars)[-3:] == [26.0, 78.0, 104.0]


def test_rows_of_one_panel_share_its_frame() -> None:
    """Half of the customers listed: the line runs at half the panel's height."""
    drawn = groups_picture([_month("bad", D=2, watched=1)], "t", "w", str)

    assert 'points="150.0,72.0"' in drawn
