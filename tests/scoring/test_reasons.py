"""Reasons: gates first, then the largest losses, never more than a person reads."""

import pytest

from scoring.assess import assess
from scoring.assessment import Reason
from scoring.policy import Policy
from scoring.policy.part import CharacteristicPolicy, characteristic
from tests.builders import (
    AS_OF,
    Row,
    a_book,
    a_paid_invoice,
    a_record,
    a_steady_payer,
    an_invoice,
    days_ago,
)
from tests.credit_files import a_full_file, with_groups


def _reasons(*rows: Row | list[Row], policy: Policy | None = None) -> tuple[Reason, ...]:
    return assess(a_book(*rows), policy or Policy(), AS_OF).row("E1").reasons


def test_the_largest_loss_of_points_comes_first() -> None:
    found = _reasons(a_steady_payer(late=40))

    assert [reason.code for reason in found] == [
        "days_late",
        "late_amount",
        "overdue_ratio",
        "max_delay",
    ]
    assert {reason.sign for reason in found} == {"negative"}


def test_a_reason_names_its_value_and_the_next_better_mark() -> None:
    found = _reasons(a_steady_payer(late=40))

    assert found[0].params == {"value": "39.2", "threshold": "30"}
    assert found[1].params == {"value": "100", "threshold": "80"}


def test_on_one_straight_line_no_mark_comes_next() -> None:
    """Forty of a hundred: 41 scores better than 40, whatever lies at the line's end."""
    bureau = a_record("bureau", value=40.0, source="score-100", known_on=days_ago(1))
    rows = (a_steady_payer(late=40), a_full_file(), bureau)
    found = {one.code: one for one in _reasons(*rows, policy=with_groups())}

    assert found["bureau"].params == {"value": "40", "threshold": "100", "curve": "straight"}
    assert "curve" not in found["days_late"].params


@pytest.mark.parametrize(
    ("rule", "straight"),
    [
        (characteristic(8, "0:0 100:100"), True),
        (characteristic(8, "0:0 60:50 100:100"), False),
        (characteristic(8, "0:0 100:100", steps=True), False),
    ],
)
def test_a_curve_with_a_mark_on_the_way_or_steps_has_a_next_one(
    rule: CharacteristicPolicy, *, straight: bool
) -> None:
    assert rule.straight is straight


def test_at_most_four_against_and_two_in_favour() -> None:
    worst = an_invoice("x", amount=90_000_000, issued_on=days_ago(150))
    for rows in ([], [worst]):
        found = _reasons(a_steady_payer(late=100), *rows)
        signs = [reason.sign for reason in found]

        assert signs.count("negative") <= 4
        assert signs.count("positive") <= 2


def test_gates_take_their_place_among_the_four() -> None:
    worst = an_invoice("x", amount=90_000_000, issued_on=days_ago(150))
    codes = [reason.code for reason in _reasons(a_steady_payer(late=100), worst)]

    assert codes[:3] == ["default_event", "over_90_days", "over_60_days"]
    assert len(codes) == 4


def test_more_gates_than_reasons_leave_room_for_no_loss() -> None:
    rows: list[Row | list[Row]] = [
        a_steady_payer(late=100),
        an_invoice("x", amount=90_000_000, issued_on=days_ago(150)),
        a_record("dishonest", status="open"),
        a_record("serious_violation"),
        a_record("abnormal_list"),
    ]
    found = _reasons(*rows)

    assert len([reason for reason in found if "cap" in reason.params]) == 4
    assert [reason.sign for reason in found].count("negative") == 4


def test_a_soft_gate_that_changes_nothing_is_not_told() -> None:
    codes = [reason.code for reason in _reasons(a_paid_invoice(late=60))]

    assert "no_statements" not in codes
    assert "thin_history" not in codes


def test_default_that_was_paid_but_is_not_cured_names_the_rule_and_no_amount() -> None:
    paid = a_paid_invoice("x", late=120, due_on=days_ago(150), amount=90_000_000)
    found = _reasons(a_steady_payer(), paid)

    assert found[0] == Reason("past_default", {"threshold": 90, "months": 6, "cap": "D"})


def test_a_group_without_data_says_so_before_smaller_losses() -> None:
    """Nobody should look for the cause in five days late while 18 points lie in the drawer."""
    found = _reasons(a_steady_payer(late=5), policy=with_groups())
    codes = [reason.code for reason in found]

    assert codes[:2] == ["missing_financial", "missing_history"]
    assert found[0] == Reason("missing_financial", {"percent": "40"})


def test_data_of_a_group_that_were_not_used_are_no_reason() -> None:
    """A tax grade alone is less than half of the group: it earned nothing and cost nothing."""
    tax = a_record("tax_grade", status="D", event_on=days_ago(100))
    codes = {reason.code for reason in _reasons(a_steady_payer(), tax, policy=with_groups())}

    assert "missing_history" in codes
    assert "tax_grade" not in codes


def test_a_full_file_lacks_nothing() -> None:
    found = _reasons(a_steady_payer(), a_full_file(), policy=with_groups())

    assert not [reason for reason in found if reason.code.startswith("missing_")]
