"""Credits of a rolling day, calls at once, and faults on request."""

from datetime import timedelta
from typing import Any

import pytest

from sandbox.clock import SandboxClock
from sandbox.faults import FaultKind, FaultRule
from sandbox.zoho import ZohoOptions
from sandbox.zoho.credits import CreditLedger
from sandbox.zoho.errors import ZohoError
from tests.sandbox.zoho.organisation import START, SignedIn, organisation


def _cost(crm: SignedIn) -> int:
    return list(crm.org.journal)[-1].credits


def test_each_call_costs_what_zoho_charges(crm: SignedIn) -> None:
    crm.get("/org")
    assert _cost(crm) == 1
    crm.write("POST", "Accounts", *[{"Account_Name": str(n)} for n in range(10)])
    assert _cost(crm) == 1
    crm.write("POST", "Accounts", *[{"Account_Name": str(n)} for n in range(100)])
    assert _cost(crm) == 10
    crm.get("/Accounts", fields="id", cvid="1")
    assert _cost(crm) == 3
    crm.send("POST", "/settings/fields?module=Accounts", {"fields": [{}, {}]})
    assert _cost(crm) == 20
    crm.token(grant_type="refresh_token")
    assert _cost(crm) == 0


def test_the_remaining_credits_show_from_half_and_none_left_is_429() -> None:
    with organisation(credits_per_day=4) as crm:
        assert "X-API-CREDITS-REMAINING" not in crm.get("/org").headers
        assert crm.get("/org").headers["X-API-CREDITS-REMAINING"] == "2"
        crm.get("/org")
        assert crm.get("/org").headers["X-API-CREDITS-REMAINING"] == "0"
        refused = crm.get("/org")
        assert refused.status_code == 429
        assert refused.json is not None
        assert refused.json["code"] == "TOO_MANY_REQUESTS"
        assert "24 hours" in refused.json["message"]
        assert "Retry-After" not in refused.headers
        crm.org.clock.advance(timedelta(hours=24))
        crm.sign_in()
        assert crm.get("/org").status_code == 200


def test_one_call_too_many_at_once_is_refused() -> None:
    options = ZohoOptions(concurrent_calls=2, concurrent_heavy_calls=1)
    ledger = CreditLedger(SandboxClock(START), options)
    with ledger.running(heavy=True):
        with pytest.raises(ZohoError, match="concurrency"), ledger.running(heavy=True):
            pass
        with (
            ledger.running(heavy=False),
            pytest.raises(ZohoError, match="concurrency"),
            ledger.running(heavy=False),
        ):
            pass
    with ledger.running(heavy=True):
        assert ledger.spent() == 0


@pytest.mark.parametrize(
    ("kind", "word"), [(FaultKind.RATE_LIMIT, "concurrency"), (FaultKind.QUOTA, "24 hours")]
)
def test_a_fault_rule_plays_either_429(crm: SignedIn, kind: FaultKind, word: str) -> None:
    crm.org.faults.add(FaultRule(match="GET /crm/v8/org", kind=kind, times=1))
    refused: Any = crm.get("/org")
    assert refused.status_code == 429
    assert word in refused.json["message"]
    assert crm.get("/org").status_code == 200
