"""The rules over all accounts at once say what the check of an order of nothing says."""

from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.book import Book
from scoring.money import Money
from scoring.ordercheck import OrderRequest, check_order, facts_of, fired_rules, rules_fired
from scoring.ordercheck.holding import ordered
from scoring.policy import GRADES, OrderCheckPolicy, Policy
from tests.builders import AS_OF, Row, a_book, an_entity, days_ago

_COLUMNS: dict[str, Any] = {
    "e": pl.UInt32,
    "currency": pl.String,
    "grade": pl.Int32,
    "unrated": pl.String,
    "limit": pl.Int64,
    "effective_limit": pl.Int64,
    "exposure": pl.Int64,
    "ar": pl.Int64,
    "overdue_unpaid": pl.Int64,
    "late_oldest": pl.Int64,
    "hold_min_overdue": pl.Int64,
    "starter": pl.Int64,
    "gate_default_event": pl.Boolean,
    "gate_dishonest": pl.Boolean,
    "limit_valid_to": pl.Date,
    "dossier_valid_to": pl.Date,
    "broken_promises_90d": pl.Int64,
    "manual_hold": pl.String,
    "manual_hold_to": pl.Date,
    "frozen": pl.Boolean,
    "exempt": pl.String,
}
_PLAIN: dict[str, Any] = {
    "e": 0,
    "currency": "CNY",
    "limit": 10_000_00,
    "exposure": 0,
    "ar": 0,
    "overdue_unpaid": 0,
    "hold_min_overdue": 500_00,
    "starter": 50_000_00,
    "gate_default_event": False,
}


def a_frame(*rows: dict[str, Any]) -> pl.DataFrame:
    """Make assessed rows; what is left out is unknown."""
    every = dict.fromkeys(_COLUMNS)
    return pl.DataFrame([every | _PLAIN | row for row in rows], schema=_COLUMNS)


_DAY = st.none() | st.dates(date(2026, 5, 1), date(2026, 8, 1))
ROWS = st.fixed_dictionaries(
    {
        "grade": st.none() | st.integers(0, 9),
        "limit": st.none() | st.integers(0, 10_000_000),
        "effective_limit": st.none() | st.integers(0, 10_000_000),
        "ar": st.integers(0, 1_000_000),
        "overdue_unpaid": st.sampled_from([0, 49_999, 50_000, 50_001]) | st.integers(0, 1_000_000),
        "late_oldest": st.none() | st.integers(1, 130),
        "hold_min_overdue": st.none() | st.just(50_000),
        "gate_default_event": st.booleans(),
        "gate_dishonest": st.none() | st.booleans(),
        "limit_valid_to": _DAY,
        "dossier_valid_to": _DAY,
        "broken_promises_90d": st.none() | st.integers(0, 3),
        "manual_hold": st.none() | st.just("fraud"),
        "frozen": st.none() | st.booleans(),
        "exempt": st.none() | st.sampled_from(["R3", "R4 R13", "R1", "R11 R5 R6 R7 R12"]),
    }
)
POLICIES = st.sampled_from(
    [
        Policy(),
        Policy(order_check=OrderCheckPolicy(off=("R3", "R13"), reactions={"R5": "warn"})),
        Policy(order_check=OrderCheckPolicy(dunning_level=9, stop_gates=(), limit_grace_days=5)),
    ]
)


@given(st.lists(ROWS, min_size=1, max_size=6), POLICIES)
@settings(max_examples=200, deadline=None)  # the first frame takes its time
def test_columns_and_single_checks_agree(rows: list[dict[str, Any]], policy: Policy) -> None:
    _agree(rows, policy)


_LATE = {"overdue_unpaid": 900_00, "ar": 90_000_00, "limit": 10_000_00}


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        (_LATE | {"late_oldest": 30}, _LATE | {"late_oldest": 31}, "R3"),
        (
            _LATE
            | {
                "late_oldest": 31,
                "overdue_unpaid": 500_00,
                "hold_min_overdue": None,
                "limit": 25_000_00,
            },
            _LATE
            | {
                "late_oldest": 31,
                "overdue_unpaid": 500_01,
                "hold_min_overdue": None,
                "limit": 25_000_00,
            },
            "R3",
        ),
        (
            _LATE | {"late_oldest": 31, "overdue_unpaid": 500_00},
            _LATE | {"late_oldest": 31, "overdue_unpaid": 500_01},
            "R3",
        ),
        (_LATE | {"late_oldest": 60}, _LATE | {"late_oldest": 61}, "R4"),
        (
            _LATE | {"late_oldest": 61, "overdue_unpaid": 0, "hold_min_overdue": None},
            _LATE | {"late_oldest": 61, "overdue_unpaid": 1, "hold_min_overdue": None},
            "R4",
        ),
        (
            _LATE | {"late_oldest": 61, "overdue_unpaid": 499_99},
            _LATE | {"late_oldest": 61, "overdue_unpaid": 500_00},
            "R4",
        ),
        (_LATE | {"late_oldest": 3, "ar": 900_00}, _LATE | {"late_oldest": 4, "ar": 900_00}, "R5"),
        (
            _LATE | {"late_oldest": 4, "ar": 3_000_00},
            _LATE | {"late_oldest": 4, "ar": 2_999_99},
            "R5",
        ),
        ({"limit_valid_to": AS_OF}, {"limit_valid_to": days_ago(1)}, "R6"),
        ({"dossier_valid_to": days_ago(30)}, {"dossier_valid_to": days_ago(31)}, "R6"),
        ({"broken_promises_90d": 1}, {"broken_promises_90d": 2}, "R12"),
    ],
)
def test_each_rule_begins_where_its_words_say(
    before: dict[str, Any], after: dict[str, Any], rule: str
) -> None:
    found = rules_fired(a_frame(before, after), Policy(), AS_OF)["hold_rules"].to_list()

    assert [rule in said.split() for said in found] == [False, True]
    _agree([before, after], Policy())


def _agree(rows: list[dict[str, Any]], policy: Policy) -> None:
    """Compare the columns with the check of an order of nothing, row by row."""
    frame = rules_fired(a_frame(*rows), policy, AS_OF)
    for row in frame.iter_rows(named=True):
        nothing = OrderRequest(amount=Money(0, "CNY"))
        decision = check_order(facts_of(row), nothing, policy, AS_OF)
        codes = [rule.code for rule in decision.fired]
        assert row["hold_rules"].split() == codes
        assert row["hold"] == {"pass": "none", "warn": "none"}.get(decision.result, decision.result)
        blocking = [rule.code for rule in fired_rules(row, policy) if rule.reaction != "warn"]
        assert row["hold_rule"] == (blocking[0] if blocking else None)


def test_missing_columns_are_unknown_not_a_fault() -> None:
    frame = a_frame({}, {"late_oldest": 61, "overdue_unpaid": 900_00, "ar": 900_00})
    lean = frame.drop("effective_limit", "limit_valid_to", "dossier_valid_to")
    lean = lean.drop("broken_promises_90d", "manual_hold", "manual_hold_to", "exempt", "frozen")
    found = rules_fired(lean.drop("gate_dishonest"), Policy(), AS_OF)

    assert found["hold"].to_list() == ["none", "stop"]
    assert found["hold_rule"].to_list() == [None, "R4"]
    assert found["hold_rules"].to_list() == ["", "R3 R4 R5 R13"]


def test_no_rule_in_use_holds_nobody() -> None:
    off = tuple(f"R{number}" for number in range(1, 15))
    policy = Policy(order_check=OrderCheckPolicy(off=off))
    found = rules_fired(a_frame({"manual_hold": "fraud"}), policy, AS_OF)

    assert found.select("hold", "hold_rule", "hold_rules").row(0) == ("none", None, "")


def test_the_limit_in_force_counts_not_the_standing_one() -> None:
    late = {"late_oldest": 31, "overdue_unpaid": 1_500_00, "ar": 90_000_00, "grade": 3}
    policy = Policy(order_check=OrderCheckPolicy(dunning_level=9))
    frame = a_frame(late | {"effective_limit": 100_000_00}, late)

    assert rules_fired(frame, policy, AS_OF)["hold"].to_list() == ["none", "hold"]


@pytest.mark.parametrize(("grade", "first"), [("AAA", 20), ("BBB", 15), ("CCC", 10), (None, 15)])
def test_dunning_holds_from_the_day_of_the_grade(grade: str | None, first: int) -> None:
    index = None if grade is None else GRADES.index(grade)
    late = {"overdue_unpaid": 900_00, "ar": 90_000_00, "grade": index}
    policy = Policy(order_check=OrderCheckPolicy(off=("R7",)))
    frame = a_frame(late | {"late_oldest": first - 1}, late | {"late_oldest": first})

    assert rules_fired(frame, policy, AS_OF)["hold_rules"].to_list() == ["", "R13"]


def a_decision(kind: str, decision: str = "d1", **changes: Any) -> Row:
    """Approve a decision about E1, in force since a week ago."""
    values: dict[str, object] = {
        "decision": decision,
        "entity": "E1",
        "kind": kind,
        "from_on": days_ago(7),
        "to_on": None,
        "grade": None,
        "currency": None,
        "amount": None,
        "scope": None,
        "reason": "customer sold its plant",
    }
    return Row("decisions", values | changes)


def decided(*rows: Row) -> dict[str, Any]:
    """Tell what people's decisions add to E1's row."""
    book: Book = a_book(an_entity(), *rows)
    late = {"late_oldest": 31, "overdue_unpaid": 900_00, "ar": 90_000_00}
    frame = a_frame(late).drop("manual_hold", "manual_hold_to", "exempt")
    return ordered(frame, book, Policy(), AS_OF).row(0, named=True)


def test_a_manual_hold_stops_until_its_end() -> None:
    standing = decided(a_decision("hold", to_on=AS_OF))
    over = decided(a_decision("hold", to_on=days_ago(1)))
    coming = decided(a_decision("hold", from_on=days_ago(-1)))

    assert (standing["hold"], standing["hold_rule"]) == ("stop", "R11")
    assert standing["manual_hold"] == "customer sold its plant"
    assert [over["hold_rule"], coming["hold_rule"]] == ["R3", "R3"]


def test_the_newest_manual_hold_is_told() -> None:
    found = decided(
        a_decision("hold", "d1", reason="old"),
        a_decision("hold", "d2", reason="new", from_on=days_ago(1), to_on=days_ago(-5)),
    )

    assert (found["manual_hold"], found["manual_hold_to"]) == ("new", days_ago(-5))


def test_exemptions_silence_their_rule_until_their_end() -> None:
    both = decided(
        a_decision("exemption", "d1", scope=" r3 ", to_on=AS_OF),
        a_decision("exemption", "d2", scope="R13"),
    )
    over = decided(a_decision("exemption", scope="R3", to_on=days_ago(1)))

    assert (both["exempt"], both["hold"]) == ("R13 R3", "none")
    assert (over["exempt"], over["hold_rule"]) == (None, "R3")


@pytest.mark.parametrize(("days", "exempt"), [(90, "R3"), (91, None)])
def test_an_exemption_without_an_end_lasts_as_long_as_the_policy_says(
    days: int, exempt: str | None
) -> None:
    found = decided(a_decision("exemption", scope="R3", from_on=days_ago(days)))

    assert found["exempt"] == exempt


def test_an_exemption_does_not_reach_rules_with_longer_numbers() -> None:
    found = decided(a_decision("exemption", scope="R1"), a_decision("hold", "d2"))

    assert "R13" in found["hold_rules"].split()
    assert "R11" in found["hold_rules"].split()
