"""The waterfall: what each line was worked out from, and why a line did not count."""

from decimal import Decimal

import msgspec
import pytest

from scoring.explain import UNUSED, Explanation
from scoring.limits import LIMIT_STEPS
from scoring.money import Money
from scoring.policy import Policy
from tests.builders import Row, a_credit_note, a_steady_payer, an_invoice, an_order
from tests.credit_files import a_statement, with_groups
from tests.scoring.explain.explained import a_known_customer, explained, line
from tests.scoring.limit_rows import an_insurance


def _rows() -> list[Row]:
    return [*a_steady_payer(late=6), an_invoice("x", amount=40_000), a_credit_note()]


def _inputs(explanation: Explanation, method: str) -> dict[str, object]:
    return {one.code: one.value for one in line(explanation.limit, method).inputs}


def test_the_exposure_and_the_limit_show_their_parts() -> None:
    explanation = explained(*_rows(), an_order(amount=30_000), policy=Policy())
    parts = {step.method: step.value.minor for step in explanation.exposure if step.value}

    assert parts["exposure"] == parts["ar"] + parts["orders_open"] - parts["unapplied"]
    assert parts["orders_open"] == 30_000
    assert [step.method for step in explanation.limit if step.bound] == ["need"]
    assert explanation.limit_bound_by == "need"


def test_every_line_stands_in_order() -> None:
    assert tuple(step.method for step in explained(*_rows()).limit) == LIMIT_STEPS


def test_lines_show_what_they_were_worked_out_from() -> None:
    explanation = explained(a_statement(), *_rows())
    row = _inputs(explanation, "net_worth_share")

    assert row["tangible_net_worth"] == Money(440_000_00, "CNY")
    worth, share = Decimal(440_000_00), Decimal(str(row["net_worth_percent"]))
    value = line(explanation.limit, "net_worth_share").value
    assert value == Money(int(worth * share), "CNY")
    assert _inputs(explanation, "need_seasonal")["need_days"] == 30


def test_amounts_of_the_policy_are_in_its_currency() -> None:
    limits = msgspec.structs.replace(Policy().limits, loss_budget=Decimal(20_000))
    policy = msgspec.structs.replace(with_groups(), limits=limits)

    found = _inputs(explained(*_rows(), policy=policy), "cap_loss")

    assert found["loss_budget"] == Money(2_000_000, "CNY")
    assert found["lgd"] == "0.6"


@pytest.mark.parametrize(
    ("method", "statements", "why"),
    [
        ("net_worth_share", 0, "no_statements"),
        ("net_worth_share", 1, None),
        ("working_capital_share", 1, "switched_off"),
        ("history", 1, "capacity_counts"),
        ("history", 0, None),
        ("starter", 1, "capacity_counts"),
        ("need_average", 0, "other_need"),
        ("need_seasonal", 0, None),
        ("average", 0, "not_combined"),
        ("external", 0, "no_guideline"),
        ("secured", 0, "nothing"),
        ("cap_loss", 0, "switched_off"),
    ],
)
def test_a_line_that_did_not_count_says_why(method: str, statements: int, why: str | None) -> None:
    rows = [*[a_statement()] * statements, *a_steady_payer()]

    assert line(explained(*rows).limit, method).unused == why
    assert why is None or why in UNUSED


def test_a_part_the_policy_leaves_out_of_the_exposure_says_so() -> None:
    exposure = msgspec.structs.replace(Policy().exposure, include_orders=False)
    policy = msgspec.structs.replace(with_groups(), exposure=exposure)
    explanation = explained(*_rows(), an_order(), policy=policy)

    assert line(explanation.exposure, "orders_open").unused == "switched_off"


def test_security_that_does_not_count_is_told_apart() -> None:
    explanation = explained(*a_known_customer())

    assert {one.kind: one.counts for one in explanation.security} == {
        "bank_guarantee": True,
        "property": False,
    }
    secured = line(explanation.limit, "secured").value
    assert secured == Money(95_000_00, "CNY")


def test_segments_with_a_limit_of_their_own_are_listed() -> None:
    (segment,) = explained(*a_known_customer()).segments

    assert (segment.segment, segment.limit) == ("parts", Money(500_000, "CNY"))


def test_an_insured_part_shows_the_insurers_limit_and_its_cover() -> None:
    explanation = explained(*_rows(), an_insurance(1_000_000, 90.0))

    found = _inputs(explanation, "secured")
    assert found == {"insurer_limit": Money(1_000_000, "CNY"), "insurer_cover": "90"}
    assert line(explanation.limit, "secured").value == Money(900_000, "CNY")
