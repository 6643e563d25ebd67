"""Each gate of 5.6 by itself: when it fires, where it caps, and the numbers its reason tells."""

from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from scoring.gate import Params, one_digit
from scoring.gates import GATES
from scoring.money import Money
from scoring.policy import GatePolicy, Policy
from tests.builders import AS_OF, a_book, an_entity, an_invoice
from tests.credit_files import a_statement, figures, with_groups

_BY_CODE = {gate.code: gate for gate in GATES}
_WHOLE = with_groups()


def fires(code: str, policy: Policy = _WHOLE, **columns: object) -> bool:
    frame = pl.DataFrame({name: [value] for name, value in columns.items()})
    found = frame.select(_BY_CODE[code].condition(policy).alias("fires"))["fires"][0]
    assert isinstance(found, bool)
    return found


def told(code: str, **row: Any) -> Params:
    return _BY_CODE[code].params({"currency": "CNY"} | row, _WHOLE)


@pytest.mark.parametrize(
    ("late", "ar", "yes"),
    [(0, 0, False), (0, 100, False), (1, 0, True), (499, 10_000, False), (500, 10_000, True)],
)
def test_what_is_over_sixty_days_counts_from_a_twentieth_of_the_receivable(
    late: int, ar: int, *, yes: bool
) -> None:
    assert fires("over_60_days", late_over_60=late, ar=ar) == yes


@pytest.mark.parametrize(("late", "yes"), [(299, False), (300, True)])
def test_the_share_over_sixty_days_is_the_policys(late: int, *, yes: bool) -> None:
    strict = Policy(gates=GatePolicy(over_60_ar_share=Decimal("0.03")))

    assert fires("over_60_days", strict, late_over_60=late, ar=10_000) == yes


@pytest.mark.parametrize(("late", "yes"), [(0, False), (1, True)])
def test_anything_over_ninety_days_counts(late: int, *, yes: bool) -> None:
    assert fires("over_90_days", late_over_90=late) == yes


@pytest.mark.parametrize(("months", "yes"), [(None, False), (11, True), (12, False)])
def test_a_company_is_young_for_twelve_months(months: int | None, *, yes: bool) -> None:
    frame = pl.DataFrame({"founded_months": [months]}, schema={"founded_months": pl.Int32})
    young = frame.select(_BY_CODE["young_company"].condition(_WHOLE).alias("young"))

    assert young["young"][0] == yes


@pytest.mark.parametrize(("points", "yes"), [(0.0, True), (0.5, False)])
def test_no_usable_statement_is_no_statement(points: float, *, yes: bool) -> None:
    assert fires("no_statements", present_financial=points) == yes


def test_a_card_without_the_group_has_no_statements() -> None:
    assert fires("no_statements", Policy(), present_financial=30.0)


@pytest.mark.parametrize(("flag", "yes"), [(None, False), (False, False), (True, True)])
def test_equity_of_nothing_or_less_is_negative(flag: bool | None, *, yes: bool) -> None:  # noqa: FBT001
    frame = pl.DataFrame({"negative_equity": [flag]}, schema={"negative_equity": pl.Boolean})
    found = frame.select(_BY_CODE["negative_equity"].condition(_WHOLE).alias("negative"))

    assert found["negative"][0] == yes


def test_each_gate_caps_where_the_method_says() -> None:
    caps = {gate.code: gate.cap(_WHOLE) for gate in GATES}

    assert caps == {
        "default_event": "D",
        "dishonest": "C",
        "ceased": "C",
        "abnormal_list": "B",
        "over_90_days": "CCC",
        "over_60_days": "B",
        "written_off": "CCC",
        "negative_equity": "B",
        "thin_history": "BB",
        "low_confidence": "BB",
        "no_statements": "A",
        "young_company": "BB",
        "parent_in_trouble": "C",
    }


def test_what_happened_rates_a_stranger_and_is_always_told_and_what_we_doubt_is_not() -> None:
    doubts = {
        *("negative_equity", "thin_history", "low_confidence", "no_statements", "young_company"),
    }

    assert {gate.code for gate in GATES if not gate.rates_unscored} == doubts
    assert {gate.code for gate in GATES if not gate.always_told} == doubts
    assert {gate.code for gate in GATES if gate.grave} == {"default_event", "dishonest", "ceased"}
    assert {gate.code for gate in GATES if gate.by_row} == {"parent_in_trouble"}


@pytest.mark.parametrize(
    ("row", "code", "params"),
    [
        (
            {"default_record": "insolvency", "late_default": 5, "late_oldest": 9},
            "default_insolvency",
            {"months": 6},
        ),
        (
            {"default_record": None, "late_default": 500, "late_oldest": 95},
            "default_event",
            {"days": 95, "amount": Money(500, "CNY")},
        ),
        (
            {"default_record": None, "late_default": 500, "late_oldest": None},
            "default_event",
            {"days": 0, "amount": Money(500, "CNY")},
        ),
        (
            {"default_record": None, "late_default": 0, "late_oldest": 0},
            "past_default",
            {"threshold": 90, "months": 6},
        ),
    ],
)
def test_a_default_is_told_by_what_caused_it(
    row: dict[str, Any], code: str, params: Params
) -> None:
    gate = _BY_CODE["default_event"]

    assert gate.reason_of(row) == code
    assert told("default_event", **row) == params


@pytest.mark.parametrize(
    ("code", "row", "params"),
    [
        (
            "over_90_days",
            {"late_over_90": 700, "late_oldest": 91},
            {"days": 91, "amount": Money(700, "CNY")},
        ),
        (
            "over_60_days",
            {"late_over_60": 300, "ar": 1000},
            {"amount": Money(300, "CNY"), "percent": "30", "threshold": "5"},
        ),
        (
            "over_60_days",
            {"late_over_60": 300, "ar": 0},
            {"amount": Money(300, "CNY"), "percent": "0", "threshold": "5"},
        ),
        (
            "written_off",
            {"written_off_on": date(2026, 1, 2)},
            {"day": "2026-01-02", "months": 36},
        ),
        (
            "thin_history",
            {"n_settled": 2, "age_months": 1},
            {"settled": 2, "needed": 5, "months": 1},
        ),
        (
            "low_confidence",
            {"completeness": 41, "n_low": 2},
            {"percent": 41, "threshold": "60", "groups": 2},
        ),
        ("young_company", {"founded_months": 7}, {"months": 7, "threshold": 12}),
        ("parent_in_trouble", {"parent_name": "Mother"}, {"parent": "Mother"}),
        ("dishonest", {}, {}),
    ],
)
def test_a_reason_tells_the_numbers_behind_it(
    code: str, row: dict[str, Any], params: Params
) -> None:
    assert told(code, **row) == params


def test_the_cap_that_differs_by_customer_stands_in_its_row() -> None:
    gate = _BY_CODE["parent_in_trouble"]

    assert gate.cap_of({"cap_parent_in_trouble": 6}, _WHOLE) == "CCC"
    assert gate.cap_of({"cap_parent_in_trouble": None}, _WHOLE) == "C"
    assert _BY_CODE["ceased"].cap_of({}, _WHOLE) == "C"


@pytest.mark.parametrize(
    ("value", "text"), [("0", "0"), ("0.04", "0"), ("0.05", "0.1"), ("30.0", "30"), ("2.25", "2.3")]
)
def test_numbers_are_written_with_one_digit_at_most(value: str, text: str) -> None:
    assert one_digit(Decimal(value)) == text


def test_a_fact_of_today_without_a_rate_counts_and_one_of_tomorrow_does_not() -> None:
    today = an_invoice("t", issued_on=AS_OF, currency="USD")
    tomorrow = an_invoice("t", issued_on=date(2026, 7, 1), currency="USD")

    assert figures(an_entity(), today)["unrated"] == "missing_rate"
    assert figures(an_entity(), tomorrow)["unrated"] == "no_history"
    assert a_book(today).ledger.unconvertible["currency"].to_list() == ["USD"]


@pytest.mark.parametrize(("equity", "yes"), [(-1, True), (0, True), (1, False)])
def test_equity_of_exactly_nothing_caps_as_negative_equity_does(equity: int, *, yes: bool) -> None:
    found = figures(an_entity(), a_statement(equity=equity))

    assert found["gate_negative_equity"] == yes
