"""Collateral, insurance, outside guidelines and segments."""

from typing import Any

import polars as pl
import pytest

from scoring.limits import segments
from scoring.policy import Policy, load_policy
from tests.builders import (
    AS_OF,
    a_book,
    a_record,
    a_steady_payer,
    an_entity,
    an_invoice,
    an_order,
    days_ago,
)
from tests.scoring.limit_rows import a_collateral, a_decision, an_insurance, changed, figures

_BUYER = a_steady_payer(amount=400_000_000)


@pytest.mark.parametrize(
    ("kind", "secured"),
    [
        ("cash_deposit", 1_000_000),
        ("bank_guarantee", 950_000),
        ("bank_acceptance", 900_000),
        ("property", 500_000),
        ("equipment", 300_000),
        ("personal_guarantee", 200_000),
        ("parent_guarantee", 0),
        ("old_bicycles", 0),
    ],
)
def test_collateral_counts_after_its_haircut(kind: str, secured: int) -> None:
    assert figures(_BUYER, a_collateral(kind, 1_000_000))["secured"] == secured


def test_collateral_must_be_valid_registered_and_priced() -> None:
    def worth(**columns: Any) -> int:
        found = figures(_BUYER, a_collateral("property", 1_000_000, **columns))
        return int(found["secured"])

    assert worth(valid_to=AS_OF) == 500_000
    assert worth(valid_to=days_ago(1)) == 0
    assert worth(valid_from=days_ago(-1)) == 0
    assert worth(registered=False) == 0
    assert worth(haircut=0.25) == 750_000
    assert worth(haircut=0.0) == 1_000_000
    assert worth(currency="USD") == 4_000_000
    assert worth(currency="EUR") == 0


def test_a_parents_guarantee_is_worth_what_the_parent_is() -> None:
    rows = [
        changed(an_entity("E1"), parent="P"),
        an_entity("P"),
        *a_steady_payer(entity="P"),
        a_collateral("parent_guarantee", 1_000_000),
    ]
    found = figures(_BUYER, rows)

    assert found["secured"] == 800_000, "the parent is an A"


def test_the_insured_part_is_secured_and_the_insurers_limit_caps_the_rest() -> None:
    found = figures(_BUYER, an_insurance(3_000_000, 90.0))
    refused = figures(
        _BUYER,
        an_insurance(3_000_000, 90.0),
        an_insurance(0, 0.0, status="withdrawn", known_on=AS_OF),
    )

    assert (found["insurer_guideline"], found["secured"]) == (3_000_000, 2_700_000)
    assert (found["unsecured"], found["computed_limit"]) == (3_000_000, 5_700_000)
    assert (refused["external"], refused["secured"]) == (None, 0)


@pytest.mark.parametrize(
    ("days", "secured"),
    [
        ({"ended_on": AS_OF}, 0),
        ({"ended_on": days_ago(-1)}, 2_700_000),
        ({"valid_to": days_ago(1)}, 0),
        ({"valid_to": AS_OF}, 2_700_000),
    ],
)
def test_cover_counts_to_its_last_day_and_not_on_the_day_it_ends(
    days: dict[str, Any], secured: int
) -> None:
    assert figures(_BUYER, an_insurance(3_000_000, 90.0, **days))["secured"] == secured


def test_the_least_or_the_latest_guideline_counts() -> None:
    rows = [
        a_record("bureau", known_on=days_ago(20), amount=2_000_000, currency="CNY"),
        an_insurance(3_000_000, 0.0, known_on=days_ago(3)),
    ]
    latest = load_policy("[limits]\nexternal = 'latest'")
    off = load_policy("[limits]\nexternal = 'off'")

    assert figures(_BUYER, rows)["external"] == 2_000_000
    assert figures(_BUYER, rows)["secured"] == 0, "a guideline without cover secures nothing"
    assert figures(_BUYER, rows, policy=latest)["external"] == 3_000_000
    assert figures(_BUYER, rows, policy=off)["external"] is None


def test_a_stale_guideline_does_not_count() -> None:
    old = a_record("bureau", known_on=days_ago(366), amount=2_000_000, currency="CNY")

    assert figures(_BUYER, old)["external"] is None


def test_deposits_count_in_one_place_only() -> None:
    deposit = a_collateral("cash_deposit", 1_000_000)
    policy = load_policy("[exposure]\ndeposits_reduce_exposure = true")
    usual, other = figures(_BUYER, deposit), figures(_BUYER, deposit, policy=policy)

    assert (usual["secured"], usual["free_deposits"], usual["exposure"]) == (1_000_000, 0, 0)
    assert (other["secured"], other["free_deposits"], other["exposure"]) == (
        0,
        1_000_000,
        -1_000_000,
    )


def test_a_segment_has_a_limit_of_its_own() -> None:
    rows = [
        changed(an_invoice("i1", amount=300_000), segment="tools"),
        changed(an_invoice("i2", amount=500_000), segment="parts"),
        changed(an_order("o1", amount=200_000, invoiced=50_000), segment="tools", deposit=30_000),
        a_decision("segment_limit", decision="1", scope="tools", amount=1_000_000),
        a_decision("segment_limit", decision="2", scope="paint", amount=700_000),
    ]
    found = segments(a_book(rows), Policy(), AS_OF)

    assert found.select("segment", "limit", "exposure", "available").rows() == [
        ("paint", 700_000, 0, 700_000),
        ("tools", 1_000_000, 420_000, 580_000),
    ]


def test_a_segment_in_a_currency_without_a_rate_is_unknown() -> None:
    rows = [
        changed(an_order("o1", currency="EUR"), segment="tools"),
        a_decision("segment_limit", scope="tools", amount=1_000_000),
    ]
    found = segments(a_book(rows), Policy(), AS_OF)

    assert found.select(pl.col("exposure", "available")).rows() == [(None, None)]
