"""Exposure: each part of the chain once, with its weight."""

import pytest

from scoring.assess import assess
from scoring.policy import Policy, load_policy
from tests.builders import (
    AS_OF,
    a_book,
    a_credit_note,
    a_payment,
    a_return,
    an_invoice,
    an_order,
    days_ago,
)
from tests.scoring.limit_rows import a_decision, a_note, changed, figures

_PARTS = ("delivered_open", "orders_open", "exposure")


def test_all_parts_together() -> None:
    """Vector 12: 435 drawn of 500 + 100: available 165, 72.5 %."""
    rows = [
        an_invoice("i", amount=250_00),
        changed(an_order("o1", amount=180_00), delivered=60_00),
        a_note("n1", "commercial_acceptance", 40_00),
        a_note("n2", "bank_acceptance", 50_00),
        a_payment("p", amount=30_00),
        a_credit_note("c", amount=10_00),
        a_decision("limit", amount=500_00),
        a_decision("temporary_limit", amount=100_00, to_on=AS_OF),
    ]
    found = figures(rows)
    row = assess(a_book(rows), Policy(), AS_OF).row("E1")

    assert [found[part] for part in _PARTS] == [60_00, 120_00, 435_00]
    assert (found["notes_receivable"], found["unapplied"]) == (45_00, 40_00)
    assert (found["available"], str(row.utilisation)) == (165_00, "72.5")


@pytest.mark.parametrize(
    ("columns", "parts"),
    [
        ({}, (0, 100, 100)),  # nobody tells what was delivered
        ({"invoiced": 30}, (0, 70, 70)),
        ({"delivered": 40}, (40, 60, 100)),
        ({"delivered": 40, "invoiced": 30}, (10, 60, 70)),
        ({"delivered": 40, "invoiced": 70}, (0, 30, 30)),  # invoiced ahead
        ({"delivered": 130, "invoiced": 100}, (30, 0, 30)),  # delivered too much
        ({"delivered": 40, "deposit": 50}, (0, 50, 50)),
        ({"deposit": 100}, (0, 0, 0)),
        ({"deposit": 999}, (0, 0, 0)),
        ({"delivered": 40, "deliver_on": days_ago(-61)}, (40, 0, 40)),
        ({"prepaid": True}, (0, 0, 0)),
        ({"status": "draft", "delivered": 40}, (0, 0, 0)),
        ({"ordered_on": days_ago(-1)}, (0, 0, 0)),
    ],
)
def test_an_order_counts_once_along_the_chain(
    columns: dict[str, object], parts: tuple[int, int, int]
) -> None:
    found = figures(changed(an_order(amount=100), **columns))

    assert tuple(found[part] for part in _PARTS) == parts


@pytest.mark.parametrize(
    ("columns", "counted"),
    [
        ({}, 10),
        ({"due_on": AS_OF}, 10),
        ({"due_on": days_ago(1)}, 100),  # past due and nobody says it was paid
        ({"ended_on": AS_OF}, 0),
        ({"ended_on": days_ago(-1)}, 10),
        ({"received_on": days_ago(-1)}, 0),
    ],
)
def test_a_note_counts_until_it_is_paid(columns: dict[str, object], counted: int) -> None:
    found = figures(a_note("n", "bank_acceptance", 100, **columns))

    assert found["notes_receivable"] == found["exposure"] == counted


def test_a_dishonoured_note_counts_in_full() -> None:
    note = a_note("n", "bank_acceptance", 100)
    bounced = a_return(a_payment("n"), kind="dishonoured_bill", returned_on=days_ago(2))

    assert figures(note, bounced)["notes_receivable"] == 100


def test_weights_and_switches_of_the_policy() -> None:
    rows = [changed(an_order(amount=101), delivered=51), a_note("n", "bank_acceptance", 100)]
    half = load_policy("[exposure]\norder_weight = 0.5\ndelivered_weight = 0.5")
    off = load_policy(
        "[exposure]\ninclude_orders = false\ninclude_delivered = false\ninclude_notes = false"
    )

    assert [figures(rows, policy=half)[part] for part in _PARTS] == [26, 25, 61]
    assert figures(rows, policy=off)["exposure"] == 0


def test_a_part_above_its_own_limit_is_named() -> None:
    rows = [an_invoice(amount=90_000), a_note("n", "commercial_acceptance", 90_001)]
    policy = load_policy("[exposure]\nreceivable_limit = 900\nnotes_limit = 900")

    assert figures(rows)["component_over"] is None
    assert figures(rows, policy=policy)["component_over"] == "notes_receivable"


def test_a_note_in_a_currency_without_a_rate_makes_the_amounts_unknown() -> None:
    found = figures(a_note("n", "bank_acceptance", 100, currency="USD"), usd=None)

    assert (found["unknown"], found["unrated"]) == ("USD", "missing_rate")
