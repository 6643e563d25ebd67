"""Each line of the table of verdicts, and that failures never carry what they should not."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.errors import (
    ContractBroken,
    CredentialsRejected,
    CrmUnavailable,
    NotPermitted,
    OutcomeUnknown,
    QuotaExhausted,
    RateLimited,
    RecordConflict,
    RecordInvalid,
    RecordNotFound,
    Refused,
)
from connector.work.retry import (
    MAX_ATTEMPTS,
    RETRY_DELAYS,
    SETTLE_WINDOW,
    Action,
    Verdict,
    error_note,
    verdict,
)

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
ABOUT: dict[str, Any] = {"system": "crm", "operation": "write"}


def judge(error: Exception, attempts: int = 1) -> Verdict:
    return verdict(error, attempts, NOW, random.Random(1))


@given(attempts=st.integers(1, MAX_ATTEMPTS - 1), seed=st.integers())
def test_an_outage_is_retried_between_half_of_its_step_and_the_whole(
    attempts: int, seed: int
) -> None:
    decided = verdict(CrmUnavailable("down", **ABOUT), attempts, NOW, random.Random(seed))

    step = RETRY_DELAYS[attempts - 1]
    assert NOW + step / 2 <= decided.run_after <= NOW + step
    assert (decided.action, decided.counted) == (Action.LATER, True)


def test_the_schedule_lasts_about_21_hours() -> None:
    assert timedelta(hours=20) < sum(RETRY_DELAYS, timedelta()) < timedelta(hours=22)


def test_an_outage_is_parked_after_the_last_attempt() -> None:
    decided = judge(CrmUnavailable("down", **ABOUT), MAX_ATTEMPTS)

    assert decided.action is Action.PARK
    assert "given up" in decided.note


def test_a_time_named_by_the_vendor_wins_over_the_schedule() -> None:
    at = NOW + timedelta(hours=3)

    assert judge(CrmUnavailable("down", retry_at=at, **ABOUT)).run_after == at


@pytest.mark.parametrize("error_type", [RateLimited, QuotaExhausted])
def test_a_limit_pauses_the_system_and_gives_the_attempt_back(
    error_type: type[RateLimited | QuotaExhausted],
) -> None:
    at = NOW + timedelta(minutes=7)

    decided = judge(error_type("enough", retry_at=at, **ABOUT), attempts=50)

    assert (decided.action, decided.counted) == (Action.LATER, False)
    assert (decided.pause_until, decided.alarm) == (at, "")


def test_a_limit_without_a_time_or_with_a_past_one_still_pauses() -> None:
    for error in (
        RateLimited("enough", **ABOUT),
        RateLimited("enough", retry_at=NOW - timedelta(days=1), **ABOUT),
    ):
        decided = judge(error)
        assert decided.pause_until is not None
        assert decided.pause_until > NOW


def test_an_unknown_outcome_waits_out_the_settle_window_unless_resending_is_safe() -> None:
    error = OutcomeUnknown("timeout", **ABOUT)

    safe = verdict(error, 1, NOW, random.Random(1), resend_safe=True)
    unsafe = verdict(error, 1, NOW, random.Random(1), resend_safe=False)

    assert safe.run_after < NOW + SETTLE_WINDOW == unsafe.run_after
    assert safe.unknown
    assert unsafe.unknown


def test_a_record_that_is_gone_settles_the_work_and_is_pulled_again() -> None:
    decided = judge(RecordNotFound("gone", **ABOUT))

    assert (decided.action, decided.pull_again) == (Action.OBSOLETE, True)


@pytest.mark.parametrize("error_type", [RecordInvalid, NotPermitted])
def test_a_refusal_is_parked_at_once(error_type: type[RecordInvalid | NotPermitted]) -> None:
    assert judge(error_type("no", **ABOUT)).action is Action.PARK


def test_a_refusal_for_an_unknown_reason_is_tried_again_and_is_no_fault_of_ours() -> None:
    error = Refused("no", vendor_code="CANNOT_PROCESS", **ABOUT)

    decided = [judge(error, attempts) for attempts in range(1, MAX_ATTEMPTS + 1)]

    assert [each.action for each in decided] == [Action.LATER] * 8 + [Action.PARK]
    assert {each.alarm for each in decided} == {""}
    assert "given up after 9 attempts" in decided[-1].note


def test_a_refusal_names_the_field_and_the_sentence() -> None:
    error = RecordInvalid("refused", fields={"rating": "unknown option"}, **ABOUT)

    assert "rating: unknown option" in judge(error).note


def test_a_conflict_is_planned_again_once_and_then_parked() -> None:
    error = RecordConflict("changed", **ABOUT)

    assert [judge(error, attempts).action for attempts in (1, 2)] == [Action.LATER, Action.PARK]


def test_rejected_credentials_halt_the_system_and_call_for_a_person() -> None:
    decided = judge(CredentialsRejected("revoked", **ABOUT), attempts=50)

    assert (decided.halt, decided.counted, decided.action) == (True, False, Action.LATER)
    assert "reconnect" in decided.alarm


def test_an_unknown_shape_is_parked_with_an_alarm() -> None:
    decided = judge(ContractBroken("no data", **ABOUT))

    assert decided.action is Action.PARK
    assert decided.alarm


def test_a_fault_of_ours_is_retried_then_parked_with_its_place_but_not_its_values() -> None:
    def faulty(secret: str) -> None:
        raise KeyError(secret)

    try:
        faulty("top-secret")
    except KeyError as error:
        first, last = judge(error), judge(error, MAX_ATTEMPTS)

    assert (first.action, last.action) == (Action.LATER, Action.PARK)
    assert "test_retry.py" in last.note
    assert "top-secret" not in last.note + last.alarm


def test_a_note_is_bounded() -> None:
    assert len(error_note(RecordInvalid("x" * 10_000, **ABOUT))) <= 2000


def test_a_note_tells_each_field_once() -> None:
    fields = {"limit": "too large", "summary": "no such field"}
    error = RecordInvalid("nothing was written: summary: no such field", **ABOUT, fields=fields)

    assert error_note(error) == (
        "RecordInvalid: nothing was written: summary: no such field (limit: too large)"
    )


def test_what_no_state_of_the_database_tells_is_an_alert_for_the_channels() -> None:
    shape = judge(ContractBroken("odd", system="zoho", operation="pull"))
    fault = judge(KeyError("customer 4711"))
    outage = judge(CrmUnavailable("x", system="zoho", operation="pull"))

    assert shape.alert is not None
    assert (shape.alert.code, shape.alert.subject) == ("contract_broken", "zoho")
    assert fault.alert is not None
    assert fault.alert.code == "program_fault"
    assert "4711" not in str(fault.alert)
    assert outage.alert is None
