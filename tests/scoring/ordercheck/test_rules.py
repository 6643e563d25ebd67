"""Each rule just at and just beyond its threshold (credit-management 7.2, vector 12)."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from scoring.assessment import Reason
from scoring.money import Money
from scoring.ordercheck import AccountFacts, OrderRequest
from scoring.policy import Policy
from scoring.rates import Rate
from tests.scoring.ordercheck.accounts import (
    TODAY,
    an_account,
    an_ask,
    check,
    cny,
    codes,
    with_rules,
)


def late(days: int, yuan: int, **changes: Any) -> AccountFacts:
    """Owe something overdue, of plenty that is open."""
    facts = {"overdue": yuan * 100, "oldest_days": days, "ar": 100_000_00, "exposure": 0}
    return an_account(**facts | changes)


def test_ordinary_order_of_a_good_customer_passes() -> None:
    decision = check(an_account())

    assert (decision.result, decision.fired, decision.unchecked) == ("pass", (), ())
    assert decision.offers == ()


@pytest.mark.parametrize(
    ("grade", "order", "reaction"),
    [
        ("BBB", 8_000, "warn"),  # exactly the limit: only nearly used
        ("BBB", 8_001, "hold"),
        ("A", 9_000, "warn"),  # a tenth over, and good
        ("A", 9_001, "hold"),
        ("BBB", 9_000, "hold"),
        (None, 8_001, "hold"),
    ],
)
def test_r1_over_the_limit(grade: str | None, order: int, reaction: str) -> None:
    decision = check(an_account(grade=grade), an_ask(order))

    assert decision.result == reaction
    assert ("R1" in codes(decision)) == (order > 8_000)


def test_r1_a_frozen_limit_holds_every_order_on_credit() -> None:
    frozen = an_account(frozen=True, grade="A")

    assert check(frozen, an_ask(1)).result == "hold"
    assert check(frozen, an_ask(1, prepaid=True)).result == "pass"
    assert check(an_account(grade="A"), an_ask(1)).result == "pass"


def test_vector_12_an_order_is_short_by_fifteen() -> None:
    """Limit 500 + 100 temporary, exposure 435, order 180: 2.5 % over."""
    facts = an_account(limit=600_00, exposure=435_00)
    good, other = (
        check(an_account(limit=600_00, exposure=435_00, grade="A"), an_ask(180)),
        check(facts, an_ask(180)),
    )

    assert codes(good)["R1"] == "warn"
    assert codes(other)["R1"] == "hold"
    assert good.fired[0].params["short"] == cny(15)
    assert (good.result, other.result) == ("warn", "hold")


@pytest.mark.parametrize(("order", "fires"), [(7_000, False), (7_001, True)])
def test_r2_nearly_used(order: int, *, fires: bool) -> None:
    decision = check(an_account(), an_ask(order))

    assert ("R2" in codes(decision)) == fires
    assert decision.result == ("warn" if fires else "pass")


@pytest.mark.parametrize(
    ("days", "yuan", "limit", "fires"),
    [
        (30, 1_000, 10_000, False),
        (31, 1_000, 10_000, True),
        (31, 500, 10_000, False),  # not above the smallest amount
        (31, 501, 10_000, True),
        (31, 2_000, 100_000, False),  # two per cent of the limit
        (31, 2_001, 100_000, True),
        (31, 501, None, True),
    ],
)
def test_r3_overdue_for_long(days: int, yuan: int, limit: int | None, *, fires: bool) -> None:
    facts = late(days, yuan, limit=None if limit is None else limit * 100)
    found = check(facts, policy=with_rules(dunning_level=9))

    assert ("R3" in codes(found)) == fires
    if fires:
        (rule,) = [rule for rule in found.fired if rule.code == "R3"]
        assert (rule.reaction, rule.reason) == ("hold", "overdue_days")
        assert rule.params == {"days": days, "threshold": 30, "amount": cny(yuan)}


@pytest.mark.parametrize(
    ("days", "yuan", "fires"),
    [(60, 1_000, False), (61, 1_000, True), (61, 500, True), (61, 499, False)],
)
def test_r4_overdue_for_too_long_stops(days: int, yuan: int, *, fires: bool) -> None:
    found = check(late(days, yuan))

    assert codes(found).get("R4") == ("stop" if fires else None)
    assert (found.result == "stop") == fires


@pytest.mark.parametrize(
    ("days", "yuan", "ar", "fires"),
    [
        (4, 3_000, 10_000, False),
        (4, 3_001, 10_000, True),
        (3, 3_001, 10_000, False),  # within the grace
        (4, 499, 499, False),  # a trifle
        (4, 500, 500, True),
    ],
)
def test_r5_share_overdue(days: int, yuan: int, ar: int, *, fires: bool) -> None:
    found = check(late(days, yuan, ar=ar * 100))

    assert codes(found).get("R5") == ("hold" if fires else None)


@pytest.mark.parametrize(
    ("name", "days", "fires"),
    [
        ("limit_valid_to", 0, False),
        ("limit_valid_to", 1, True),
        ("dossier_valid_to", 30, False),
        ("dossier_valid_to", 31, True),
    ],
)
def test_r6_expired(name: str, days: int, *, fires: bool) -> None:
    day = TODAY - timedelta(days=days)
    found = check(an_account(**{name: day}))

    assert codes(found).get("R6") == ("hold" if fires else None)
    if fires:
        reason = "order_limit_expired" if name == "limit_valid_to" else "order_dossier_expired"
        assert (found.fired[0].reason, found.fired[0].params) == (reason, {"day": day.isoformat()})


@pytest.mark.parametrize(
    ("grade", "fires"), [("B", False), ("CCC", True), ("D", True), (None, False)]
)
def test_r7_weak_grade_stops(grade: str | None, *, fires: bool) -> None:
    found = check(an_account(grade=grade))

    assert codes(found).get("R7") == ("stop" if fires else None)


@pytest.mark.parametrize("gate", ["default_event", "dishonest", "ceased"])
def test_r7_grave_gate_stops_whatever_the_grade(gate: str) -> None:
    found = check(an_account(gates=(gate, "thin_history")))

    assert codes(found)["R7"] == "stop"
    assert found.fired[0].params == {"gate": gate}
    assert codes(check(an_account(gates=("thin_history",)))) == {}


def test_r7_lets_prepaid_and_secured_orders_pass() -> None:
    weak = an_account(grade="CCC", limit=0)

    assert check(weak, an_ask(prepaid=True)).result == "pass"
    assert check(weak, an_ask(1_000, secured=cny(1_000))).result == "pass"
    assert check(weak, an_ask(1_000, secured=cny(600), deposit=cny(400))).result == "pass"
    assert check(weak, an_ask(1_000, secured=cny(999))).result == "stop"


@pytest.mark.parametrize(
    ("changes", "fires"),
    [
        ({"terms_days": 45}, False),
        ({"terms_days": 46}, True),
        ({"terms_days": 46, "prepaid": True}, False),
        ({"discount_percent": Decimal(0)}, False),
        ({"discount_percent": Decimal("0.5")}, True),
    ],
)
def test_r8_longer_terms_or_higher_discount(changes: dict[str, Any], *, fires: bool) -> None:
    found = check(an_account(), an_ask(**changes))

    assert codes(found) == ({"R8": "hold"} if fires else {})


def test_r8_no_terms_granted_means_none_may_be_asked() -> None:
    assert codes(check(an_account(terms_days=None), an_ask(terms_days=1))) == {"R8": "hold"}


@pytest.mark.parametrize(
    ("yuan", "changes", "fires"),
    [
        (3_000, {"average_order": cny(1_000)}, False),
        (3_001, {"average_order": cny(1_000)}, True),
        (3_001, {"average_order": cny(1_000), "deposit": cny(1)}, False),
        (3_001, {"average_order": cny(0)}, False),
        (5_000, {"first_order": True}, False),
        (5_001, {"first_order": True}, True),
    ],
)
def test_r9_unusual_order(yuan: int, changes: dict[str, Any], *, fires: bool) -> None:
    found = check(an_account(), an_ask(yuan, **changes))

    assert codes(found) == ({"R9": "hold"} if fires else {})


@pytest.mark.parametrize(("headroom", "fires"), [(1_000, False), (999, True), (-5, True)])
def test_r10_group_headroom(headroom: int, *, fires: bool) -> None:
    found = check(an_account(group_headroom=headroom * 100))

    assert codes(found) == ({"R10": "hold"} if fires else {})


def test_unknown_facts_fire_nothing_and_are_told() -> None:
    facts = an_account(group_headroom=None, broken_promises=None, data_age_hours=None)
    found = check(facts)

    assert (found.result, found.unchecked) == ("pass", ("R10", "R12", "R14"))
    assert check(facts, policy=with_rules(off=("R10", "R14"))).unchecked == ("R12",)


def test_r11_manual_hold_stops() -> None:
    found = check(an_account(manual_hold="disputed delivery", manual_hold_to=TODAY))

    assert found.result == "stop"
    assert found.fired[0].params == {"why": "disputed delivery", "day": "2026-06-30"}


@pytest.mark.parametrize(("count", "fires"), [(1, False), (2, True)])
def test_r12_broken_promises(count: int, *, fires: bool) -> None:
    assert codes(check(an_account(broken_promises=count))) == ({"R12": "hold"} if fires else {})


@pytest.mark.parametrize(
    ("grade", "days", "yuan", "level"),
    [
        ("BBB", 14, 1_000, None),
        ("BBB", 15, 1_000, 3),
        ("BBB", 15, 499, None),
        ("A", 19, 1_000, None),
        ("A", 20, 1_000, 3),
        ("B", 10, 1_000, 3),
        (None, 15, 1_000, 3),
    ],
)
def test_r13_dunning_level(grade: str | None, days: int, yuan: int, level: int | None) -> None:
    found = check(late(days, yuan, grade=grade))
    told = [rule.params["level"] for rule in found.fired if rule.code == "R13"]

    assert told == ([] if level is None else [level])


@pytest.mark.parametrize(("hours", "fires"), [(24, False), (25, True)])
def test_r14_stale_data_is_a_warning_with_its_age(hours: int, *, fires: bool) -> None:
    found = check(an_account(data_age_hours=hours))

    assert codes(found) == ({"R14": "warn"} if fires else {})
    assert not fires or found.fired[0].params == {"hours": hours, "threshold": 24}


def test_every_rule_that_fires_is_told() -> None:
    facts = late(70, 9_000, ar=10_000_00, exposure=20_000_00, grade="CCC", broken_promises=3)
    found = check(facts, an_ask(1_000, terms_days=60))

    assert list(codes(found)) == ["R1", "R2", "R3", "R4", "R5", "R7", "R8", "R12", "R13"]
    assert found.result == "stop"


def test_an_order_in_another_currency_is_converted_exactly() -> None:
    rates = {"USD": Rate(Decimal("7.1"), TODAY)}
    facts = an_account(rates=rates, exposure=0)

    fits = check(facts, OrderRequest(amount=Money(140_845, "USD")))  # 9,999.995 yuan: half up
    beyond = check(facts, OrderRequest(amount=Money(140_846, "USD")))

    assert codes(fits) == {"R2": "warn"}
    assert codes(beyond) == {"R1": "hold", "R2": "warn"}
    assert beyond.fired[0].params["short"] == Money(7, "CNY")


def test_an_order_without_a_rate_is_held_not_taken_at_one() -> None:
    found = check(an_account(), OrderRequest(amount=Money(1, "USD")))

    assert (found.result, found.fired[0].reason) == ("hold", "order_no_rate")
    assert found.offers == ()


def test_nobody_orders_on_credit_without_a_limit() -> None:
    found = check(an_account(limit=None))

    assert (found.result, found.fired[0].reason) == ("hold", "order_no_limit")
    assert check(an_account(limit=None), an_ask(prepaid=True)).result == "pass"


def test_who_must_not_be_rated_yet_hears_why() -> None:
    undecided = Reason("missing_rate", {"currency": "EUR"})
    (rule, *_) = check(an_account(limit=None, undecided=undecided)).fired

    assert (rule.code, rule.reason, rule.params) == ("R1", "missing_rate", {"currency": "EUR"})


def test_a_segment_has_its_own_headroom() -> None:
    facts = an_account(segment_headroom=500_00)

    assert codes(check(facts, an_ask(1_000, segment="spare parts"))) == {"R1": "hold"}
    assert codes(check(facts, an_ask(500, segment="spare parts"))) == {}
    assert codes(check(facts, an_ask(1_000))) == {}


def test_exempt_and_switched_off_rules_are_silent() -> None:
    facts = late(31, 9_000)

    assert set(codes(check(facts))) == {"R3", "R13"}
    assert set(codes(check(late(31, 9_000, exempt=("R3",))))) == {"R13"}
    assert set(codes(check(facts, policy=with_rules(off=("R3", "R13"))))) == set()


def test_the_policy_may_change_a_reaction() -> None:
    policy = with_rules(reactions={"R12": "warn"})

    assert check(an_account(broken_promises=2), policy=policy).result == "warn"


@pytest.mark.parametrize(
    "changes",
    [
        {"off": ("R15",)},
        {"reactions": {"R0": "hold"}},
        {"stop_grade": "E"},
        {"hold_days": 61},
        {"overdue_share": Decimal(2)},
        {"average_order_multiple": Decimal(0)},
        {"min_overdue": Decimal(-1)},
    ],
)
def test_nonsense_in_the_policy_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w+"):
        with_rules(**changes)


def test_an_order_refuses_negative_and_mixed_parts() -> None:
    with pytest.raises(ValueError, match="start at 0"):
        an_ask(-1)
    with pytest.raises(ValueError, match="currency of the order"):
        an_ask(deposit=Money(1, "USD"))


def test_default_policy_is_what_the_method_says() -> None:
    assert Policy().order_check.hold_days == 30
    assert Policy().order_check.stop_days == 60


def test_the_smallest_order_may_be_covered_too() -> None:
    cent = Money(1, "CNY")

    assert OrderRequest(amount=cent, deposit=cent).asks_no_credit
    assert not OrderRequest(amount=cent).asks_no_credit
    assert not OrderRequest(amount=Money(0, "CNY")).asks_no_credit
