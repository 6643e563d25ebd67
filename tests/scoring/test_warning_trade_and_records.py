"""Signals E8 to E10 and E13 to E24: each fires at its threshold and not just below it."""

from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from msgspec.structs import replace

from scoring.policy import Policy
from scoring.warning.records import RULES as RECORDS
from scoring.warning.trade import RULES as TRADE
from tests.builders import (
    AS_OF,
    Row,
    a_record,
    an_entity,
    an_invoice,
    an_order,
    days_ago,
)
from tests.scoring.warnings import figures, level_of

_DAY = AS_OF
_FIGURES: dict[str, Any] = {
    "orders_new": 0.0,
    "orders_usual": None,
    "delay_trend": None,
    "order_gap": None,
    "order_interval": None,
    "order_pause": None,
    "ar": 0,
    "concentration_percent": None,
    "expected_late": None,
    "previous_limit": None,
    "computed_limit": 0,
    "net_worth": None,
    "warn_suits": 0,
    "warn_suit_amount": 0,
    "z_double_change": None,
    "distress_zone": None,
    "distress_zone_before": None,
}
_TYPES: dict[str, type[pl.DataType]] = {
    "orders_usual": pl.Float64,
    "delay_trend": pl.Float64,
    "order_gap": pl.Float64,
    "order_interval": pl.Float64,
    "order_pause": pl.Float64,
    "concentration_percent": pl.Float64,
    "expected_late": pl.Int64,
    "previous_limit": pl.Int64,
    "net_worth": pl.Int64,
    "z_double_change": pl.Float64,
    "distress_zone": pl.String,
    "distress_zone_before": pl.String,
}


@pytest.mark.parametrize(
    ("code", "known", "level"),
    [
        ("E8", {"orders_new": 250.0, "orders_usual": 100.0, "delay_trend": 0.0}, 0),
        ("E8", {"orders_new": 251.0, "orders_usual": 100.0, "delay_trend": 0.0}, 4),
        ("E8", {"orders_new": 251.0, "orders_usual": 100.0, "delay_trend": -0.1}, 0),
        ("E8", {"orders_new": 251.0, "orders_usual": 100.0}, 0),
        ("E9", {"order_gap": 20.0, "order_interval": 10.0, "ar": 1}, 0),
        ("E9", {"order_gap": 21.0, "order_interval": 10.0, "ar": 1}, 4),
        ("E9", {"order_gap": 21.0, "order_interval": 10.0, "ar": 0}, 0),
        ("E9", {"order_gap": 21.0, "order_interval": 10.0, "order_pause": 20.0, "ar": 1}, 4),
        ("E9", {"order_gap": 21.0, "order_interval": 10.0, "order_pause": 21.0, "ar": 1}, 0),
        ("E20", {"concentration_percent": 10.0}, 0),
        ("E20", {"concentration_percent": 10.1}, 2),
        ("E24", {"expected_late": 200, "computed_limit": 1_000}, 0),
        ("E24", {"expected_late": 201, "computed_limit": 1_000}, 2),
        ("E24", {"expected_late": 201, "previous_limit": 2_000, "computed_limit": 1_000}, 0),
        ("E24", {"computed_limit": 1_000}, 0),
    ],
)
def test_a_trade_signal_fires_at_its_threshold(
    code: str, known: dict[str, object], level: int
) -> None:
    assert level_of(TRADE, code, _FIGURES | known, _TYPES) == level


@pytest.mark.parametrize(
    ("code", "known", "level"),
    [
        ("E15", {"warn_suits": 2}, 0),
        ("E15", {"warn_suits": 3}, 4),
        ("E15", {"warn_suits": 1, "warn_suit_amount": 100, "net_worth": 1_000}, 0),
        ("E15", {"warn_suits": 1, "warn_suit_amount": 101, "net_worth": 1_000}, 4),
        ("E15", {"warn_suits": 1, "warn_suit_amount": 1, "net_worth": -5}, 4),
        ("E15", {"warn_suits": 1, "warn_suit_amount": 101}, 0),
        ("E19", {"z_double_change": -0.99}, 0),
        ("E19", {"z_double_change": -1.0}, 4),
        ("E19", {"distress_zone": "grey"}, 0),
        ("E19", {"distress_zone": "distress", "distress_zone_before": "grey"}, 4),
        ("E19", {"distress_zone": "distress"}, 4),
        ("E19", {"distress_zone": "distress", "distress_zone_before": "distress"}, 0),
    ],
)
def test_a_record_signal_fires_at_its_threshold(
    code: str, known: dict[str, object], level: int
) -> None:
    assert level_of(RECORDS, code, _FIGURES | known, _TYPES) == level


def _late() -> Row:
    return an_invoice(issued_on=days_ago(40), due_on=days_ago(10))


def _record(kind: str, ago: int, **columns: Any) -> Row:
    return a_record(kind, known_on=days_ago(ago), record=f"{kind}-{ago}-{columns}", **columns)


_CHANGES = [
    _record("change", 89, status="capital_cut"),
    _record("change", 10, status="control"),
]
_BUREAU = _record("bureau", 200, value=80.0)


@pytest.mark.parametrize(
    ("code", "records", "level"),
    [
        ("E10", [_record("payment_method", 89, status="third_party")], 2),
        ("E10", [_record("payment_method", 90, status="worse")], 0),
        ("E13", [_record("longer_terms_asked", 59)], 2),
        ("E13", [_record("split_invoices_asked", 60)], 0),
        ("E14", [_record("enforcement", 900)], 8),
        ("E14", [_record("dishonest", 900, ended_on=days_ago(31))], 0),
        ("E15", [_record("lawsuit", 89 - n, status="defendant") for n in range(3)], 4),
        ("E15", [_record("lawsuit", 89 - n, status="plaintiff") for n in range(3)], 0),
        ("E15", [_record("lawsuit", 90 - n, status="defendant") for n in range(3)], 0),
        ("E16", [_record("equity_pledge", 400)], 4),
        ("E16", [_record("tax_arrears", 400, ended_on=AS_OF)], 0),
        ("E17", _CHANGES, 2),
        ("E17", [_CHANGES[1]], 0),
        ("E17", [_CHANGES[1], _record("change", 90, status="capital_cut")], 0),
        ("E18", [_record("insurance", 5, status="withdrawn")], 4),
        ("E18", [_record("insurance", 9, status="refused"), _record("insurance", 5)], 0),
        ("E18", [_BUREAU, _record("bureau", 5, value=72.0)], 4),
        ("E18", [_BUREAU, _record("bureau", 5, value=72.1)], 0),
        ("E18", [_BUREAU, _record("bureau", 90, value=72.0)], 0),
        ("E21", [_record("failed_call", 13 - n) for n in range(3)], 2),
        ("E21", [_record("failed_call", 14 - n) for n in range(3)], 0),
        ("E22", [_record("balance_confirmation", 5, status="refused")], 2),
        ("E22", [_record("balance_confirmation", 99, valid_to=days_ago(30))], 0),
        ("E22", [_record("balance_confirmation", 99, valid_to=days_ago(31))], 2),
        ("E23", [_record("guarantor_trouble", 5)], 4),
        ("E23", [_record("guarantor_trouble", 50, ended_on=days_ago(40))], 0),
    ],
)
def test_the_credit_file_raises_a_signal(code: str, records: list[Row], level: int) -> None:
    assert figures(_late(), *records)[f"signal_{code}"] == level


def test_asking_for_terms_without_being_late_is_no_signal() -> None:
    asked = _record("longer_terms_asked", 5)

    assert figures(an_invoice(issued_on=days_ago(5)), asked)["signal_E13"] == 0


def _orders(*ago: int, newest: int = 100_000) -> list[Row]:
    return [
        an_order(f"o{n}", ordered_on=days_ago(n), amount=newest if n < 30 else 100_000) for n in ago
    ]


def test_orders_are_compared_with_the_usual() -> None:
    """Ten orders of 1,000 over 300 days before: 1,000 in thirty days is usual."""
    rows = _orders(*range(60, 331, 30), 5, newest=250_000)
    found = figures(an_invoice(), rows)

    assert found["orders_new"] == 250_000
    assert found["orders_usual"] == pytest.approx(100_000)
    assert found["order_gap"] == 5
    assert found["order_interval"] == pytest.approx(32.5)


@pytest.mark.parametrize(("last", "level"), [(60, 0), (61, 4)])
def test_orders_that_stop_while_something_is_open(last: int, level: int) -> None:
    found = figures(an_invoice(), _orders(last, last + 30, last + 60))

    assert found["signal_E9"] == level


def test_who_paused_as_long_before_has_not_stopped() -> None:
    """A seasonal buyer: monthly in the season, and as long a pause in the year before."""
    season, season_before = (120, 150, 180, 210), (360, 390, 420)

    assert figures(an_invoice(), _orders(*season, *season_before))["signal_E9"] == 0
    assert figures(an_invoice(), _orders(*season))["signal_E9"] == 4


def test_concentration_takes_the_policys_base() -> None:
    policy = Policy()
    limits = replace(policy.limits, concentration_base=Decimal(9_999))
    found = figures(an_invoice(amount=100_000), policy=replace(policy, limits=limits))

    assert found["concentration_percent"] == pytest.approx(1000 / 99.99)
    assert found["signal_E20"] == 2


def test_trouble_in_the_group_warns_the_other_members() -> None:
    child = Row("entities", an_entity("child").values | {"parent": "top"})
    rows = [an_entity("top"), child, an_invoice(entity="child"), an_invoice("t", entity="top")]
    trouble = a_record("dishonest", entity="top")

    assert figures(*rows, entity="child")["signal_E23"] == 0
    assert figures(*rows, trouble, entity="child")["signal_E23"] == 4
    assert figures(*rows, trouble, entity="top")["signal_E23"] == 0
    fence = a_record("ring_fence", entity="child")
    assert figures(*rows, trouble, fence, entity="child")["signal_E23"] == 0
