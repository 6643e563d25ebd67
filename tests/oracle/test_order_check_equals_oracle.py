"""One order, checked by the product and by the oracle, for any account and order."""

from datetime import timedelta

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.ordercheck import REACTIONS, AccountFacts, OrderRequest, check_order
from scoring.policy import OrderCheckPolicy, Policy
from tests.oracle.plain_order_check import reactions
from tests.scoring.ordercheck.accounts import TODAY, facts, orders

_CASES = 10_000 if settings.get_current_profile_name() == "thorough" else 200
_DAYS = st.none() | st.integers(-60, 60).map(lambda days: TODAY + timedelta(days=days))
_POLICIES = st.sampled_from(
    (
        Policy(),
        Policy(order_check=OrderCheckPolicy(limit_grace_days=7, off=("R5",))),
        Policy(order_check=OrderCheckPolicy(reactions={"R3": "stop", "R4": "warn"})),
    )
)


_GRAVITY: list[str] = list(REACTIONS)


@st.composite
def accounts(draw: st.DrawFn) -> AccountFacts:
    """Draw an account with everything that the rules know."""
    return msgspec.structs.replace(
        draw(facts()),
        limit_valid_to=draw(_DAYS),
        dossier_valid_to=draw(_DAYS),
        segment_headroom=draw(st.none() | st.integers(-100, 3_000_000)),
        gates=draw(st.sampled_from(((), (), ("ceased",), ("thin_history",)))),
        exempt=draw(st.sampled_from(((), (), ("R3", "R13")))),
    )


@settings(max_examples=_CASES, deadline=None)
@given(account=accounts(), order=orders(), policy=_POLICIES, segment=st.sampled_from((None, "A")))
def test_the_rules_that_fire_are_the_oracles(
    account: AccountFacts, order: OrderRequest, policy: Policy, segment: str | None
) -> None:
    asked = msgspec.structs.replace(order, segment=segment)
    decision = check_order(account, asked, policy, TODAY)
    wanted = reactions(account, asked, policy, TODAY)

    assert {rule.code: rule.reaction for rule in decision.fired} == wanted
    assert decision.result == max(wanted.values(), key=_GRAVITY.index, default="pass")
    for offer in decision.offers:
        if offer.pay_first is None:
            changed = reactions(account, offer.order, policy, TODAY)
            assert set(changed.values()) <= {"warn"}
