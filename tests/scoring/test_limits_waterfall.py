"""How methods join: what is skipped, what binds, and which way a limit may move."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.limits import LIMIT_STEPS, SKIPPED, why_skipped
from scoring.policy import GRADES, Policy, load_policy
from tests.scoring.limit_rows import waterfall

_POLICY = Policy()


def test_working_capital_of_zero_or_less_is_left_out_not_zero() -> None:
    policy = load_policy("[limits]\nuse_working_capital = true")
    short = waterfall(policy, "A", net_working_capital=-1, tangible_net_worth=100_000_000)
    enough = waterfall(policy, "A", net_working_capital=10_000_000, tangible_net_worth=100_000_000)

    assert short["working_capital_share"] is None
    assert why_skipped("working_capital_share", short, policy) == "not_positive"
    assert short["capacity"] == 15_000_000
    assert (enough["working_capital_share"], enough["capacity"]) == (1_500_000, 1_500_000)
    assert enough["bound_by"] == "working_capital_share"


def test_an_external_guideline_caps_the_unsecured_part_only() -> None:
    found = waterfall(_POLICY, "A", external=3_000_000, secured=2_000_000)

    assert (found["unsecured"], found["computed_limit"]) == (3_000_000, 5_000_000)
    assert found["bound_by"] == "external"


def test_a_loss_budget_caps_the_unsecured_part_only() -> None:
    policy = load_policy("[limits]\nloss_budget = 100")
    found = waterfall(policy, "A", secured=9_000_000)

    assert found["cap_loss"] == 1_811_594
    assert found["computed_limit"] == 10_000_000, "need binds, not the cap"


def test_ccc_gets_its_secured_part_and_nothing_else() -> None:
    found = waterfall(_POLICY, "CCC", secured=2_000_000, well_handled=True, high_credit=10**9)

    assert (found["allowed"], found["computed_limit"]) == (0, 2_000_000)
    assert found["bound_by"] == "secured"


@pytest.mark.parametrize("grade", ["CC", "C", "D"])
def test_grades_that_prepay_get_no_limit_even_with_collateral(grade: str) -> None:
    found = waterfall(_POLICY, grade, secured=2_000_000)

    assert (found["computed_limit"], found["bound_by"]) == (0, "grade")


def test_a_floor_never_lifts_above_a_cap_of_risk() -> None:
    floor = _with_floor(40_000)
    capped = load_policy(_toml_of_floor(40_000) + "\n[limits]\nloss_budget = 10")

    lifted = waterfall(floor, "AAA", tangible_net_worth=0)
    held = waterfall(capped, "AAA", tangible_net_worth=0)
    assert (lifted["computed_limit"], lifted["bound_by"]) == (4_000_000, "floor_grade")
    assert (held["cap_loss"], held["computed_limit"]) == (724_638, 720_000)


def _toml_of_floor(floor: int) -> str:
    text = ""
    for row in Policy().grades:
        fields = [f'grade = "{row.grade}"', f"pd = {row.pd}", f"safety = {row.safety}"]
        fields += [f"unsecured = {str(row.unsecured).lower()}", f"deposit = {row.deposit}"]
        fields += [f"max_terms_days = {row.max_terms_days}"]
        fields += [f"review_months = {row.review_months}"]
        fields += [f"net_worth_share = {row.net_worth_share}"]
        fields += [f"revenue_share = {row.revenue_share}"]
        fields += [] if row.score is None else [f"score = {row.score}"]
        fields += [f"unsecured_floor = {floor}"] if row.grade == "AAA" else []
        text += "\n[[grades]]\n" + "\n".join(fields)
    return text


def _with_floor(floor: int) -> Policy:
    return load_policy(_toml_of_floor(floor))


def test_the_average_may_replace_the_least_and_is_shown_anyway() -> None:
    figures = {"tangible_net_worth": 20_000_000, "annual_revenue": 200_000_000}
    policy = load_policy(
        "[limits]\ncombination = 'average'\n[limits.method_weights]\nnet_worth_share = 3"
    )
    least = waterfall(_POLICY, "A", **figures)
    mean = waterfall(policy, "A", **figures)

    assert (least["net_worth_share"], least["revenue_share"]) == (3_000_000, 8_000_000)
    assert (least["average"], least["computed_limit"]) == (5_500_000, 3_000_000)
    assert (mean["average"], mean["computed_limit"]) == (4_250_000, 4_200_000)
    assert (mean["capacity"], mean["bound_by"]) == (3_000_000, "average")


def test_an_incomplete_file_gets_the_new_customers_limit() -> None:
    figures = {"tangible_net_worth": 10**9, "starter_only": True}

    found = waterfall(_POLICY, "A", **figures)
    little = waterfall(_POLICY, "A", **figures | {"sales": 100_000, "peak": 100_000})

    assert (found["computed_limit"], found["bound_by"]) == (5_000_000, "starter")
    assert little["computed_limit"] < 5_000_000
    assert little["bound_by"] == "need"


def test_what_was_never_bought_needs_the_starter_at_most() -> None:
    found = waterfall(_POLICY, "A", sales=0, peak=0, tangible_net_worth=10**9)

    assert (found["need"], found["computed_limit"]) == (None, 5_000_000)
    assert found["bound_by"] == "starter"


def test_every_step_without_a_value_says_why() -> None:
    found = waterfall(_POLICY, "A") | dict.fromkeys(
        ("previous_limit", "approved_limit", "limit", "temporary", "effective_limit")
    )
    reasons = {step: why_skipped(step, found, _POLICY) for step in LIMIT_STEPS}

    assert {reason for reason in reasons.values() if reason} <= set(SKIPPED)
    assert all((reasons[step] is None) == (found[step] is not None) for step in LIMIT_STEPS)
    assert reasons["net_worth_share"] == "no_statements"
    assert reasons["working_assets"] == reasons["cap_loss"] == "switched_off"
    assert reasons["history"] == "not_well_handled"


_AMOUNTS = st.integers(0, 10**10)
_SIGNED = st.none() | st.integers(-(10**10), 10**10)
_FIGURES = st.fixed_dictionaries(
    {
        "sales": _AMOUNTS,
        "peak": _AMOUNTS,
        "need_days": st.integers(0, 120),
        "well_handled": st.booleans(),
        "high_credit": _AMOUNTS,
        "secured": _AMOUNTS,
        "external": st.none() | _AMOUNTS,
        "cap_concentration": st.none() | _AMOUNTS,
        "tangible_net_worth": _SIGNED,
        "net_worth": _SIGNED,
        "net_working_capital": _SIGNED,
        "annual_revenue": st.none() | _AMOUNTS,
    }
)
_SWITCHES = (
    _POLICY,
    load_policy("[limits]\nloss_budget = 500\nuse_working_capital = true\nhistory_floor = true"),
    load_policy("[limits]\ncombination = 'average'\nseasonal_need = false"),
)


@settings(max_examples=40, deadline=None)
@given(figures=_FIGURES, policy=st.sampled_from(_SWITCHES))
def test_limits_are_bounded_and_never_better_for_a_worse_grade(
    figures: dict[str, Any], policy: Policy
) -> None:
    rows = [waterfall(policy, grade, **figures) for grade in GRADES]
    limits = [row["computed_limit"] for row in rows]

    assert limits == sorted(limits, reverse=True)
    for row in rows:
        caps = [row["cap_loss"], row["cap_concentration"], row["external"], row["cap_grade"]]
        assert row["allowed"] <= min([cap for cap in caps if cap is not None], default=10**18)
        assert 0 <= row["computed_limit"] <= row["allowed"] + row["secured"]
        assert row["need"] is None or row["computed_limit"] <= row["need"]
