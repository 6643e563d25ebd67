"""Groups of companies: what they owe and may owe together."""

from typing import Any

import pytest

from scoring.assess import assess
from scoring.policy import Policy, load_policy
from tests.builders import AS_OF, Row, a_book, a_payment, a_rate, an_entity, an_invoice
from tests.scoring.limit_rows import a_decision, changed


def _entity(entity: str, parent: str | None = None, currency: str = "CNY") -> Row:
    return changed(an_entity(entity, currency=currency), parent=parent)


def _holding(entity: str, owes: int, limit: int, **columns: Any) -> list[Row]:
    """Let an entity owe an amount under a limit decided by a person."""
    return [
        an_invoice(f"i-{entity}", amount=owes, entity=entity, **columns),
        a_decision("limit", entity=entity, amount=limit),
    ]


def _groups(*rows: Row | list[Row], policy: Policy | None = None) -> dict[str, tuple[object, ...]]:
    book = a_book(*rows, rates={"USD": a_rate("8")})
    frame = assess(book, policy or Policy(), AS_OF).frame
    columns = ("group_root", "group_exposure", "group_limit", "group_headroom")
    return {row[0]: row[1:] for row in frame.select("entity", *columns).iter_rows()}


def test_who_stands_alone_has_no_group() -> None:
    assert _groups(an_entity()) == {"E1": (None, None, None, None)}
    mixed = _groups(_entity("S"), _entity("P"), _entity("C", "P"))
    assert mixed["S"] == (None, None, None, None)


def test_the_least_on_the_way_up_is_left() -> None:
    found = _groups(
        [_entity("P"), _entity("A", "P"), _entity("B", "P")],
        _holding("P", 100, 500),
        _holding("A", 900, 1_000),
        _holding("B", 300, 200),
    )

    assert found["P"] == ("P", 1_300, 1_700, 400)
    assert found["A"] == ("P", 1_300, 1_700, 100)
    assert found["B"] == ("P", 1_300, 1_700, -100)


def test_a_group_has_its_own_capacity() -> None:
    policy = load_policy("[limits]\ngroup_capacity = 14")
    found = _groups(
        [_entity("P"), _entity("A", "P")],
        _holding("P", 100, 1_500),
        _holding("A", 900, 1_000),
        policy=policy,
    )

    assert found["P"] == ("P", 1_000, 1_400, 400)
    assert found["A"] == ("P", 1_000, 1_400, 100)


def test_every_level_is_a_group_of_its_own() -> None:
    found = _groups(
        [_entity("G"), _entity("P", "G"), _entity("C", "P")],
        _holding("G", 0, 10_000),
        _holding("P", 990, 1_000),
        _holding("C", 480, 500),
    )

    assert found["C"] == ("G", 1_470, 11_500, 20)
    assert found["P"] == ("G", 1_470, 11_500, 10)
    assert found["G"] == ("G", 1_470, 11_500, 10_000)


def test_members_in_other_currencies_are_converted() -> None:
    found = _groups(
        [_entity("P"), _entity("C", "P", "USD")],
        _holding("P", 0, 8_000),
        _holding("C", 100, 1_000, currency="USD"),
    )

    assert found["P"] == ("P", 800, 16_000, 8_000)
    assert found["C"] == ("P", 100, 2_000, 900)


def test_an_unknown_member_makes_the_group_unknown() -> None:
    found = _groups(
        [_entity("P"), _entity("C", "P")],
        _holding("P", 0, 8_000),
        _holding("C", 100, 1_000, currency="EUR"),
    )

    assert found["P"] == ("P", None, None, None)
    assert found["C"] == ("P", None, None, None)


def test_a_credit_balance_of_one_member_does_not_pay_anothers_debt() -> None:
    found = _groups(
        [_entity("P"), _entity("C", "P")],
        [a_payment("ahead", amount=700, entity="P"), a_decision("limit", entity="P", amount=500)],
        _holding("C", 300, 500),
    )

    assert found["P"] == ("P", 300, 1_000, 700)


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_cycle_of_parents_ends(length: int) -> None:
    rows = [_entity(f"E{n}", f"E{(n + 1) % length}") for n in range(length)]

    assert set(_groups(rows).values()) == {(None, None, None, None)}
