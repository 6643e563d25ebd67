"""What to do about failed work: the one place where errors become decisions.

Pure: time and randomness are handed in, nothing is looked up.
"""

import random
import traceback
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import PurePath

from adapters.errors import (
    ContractBroken,
    CredentialsRejected,
    CrmError,
    NotPermitted,
    OutcomeUnknown,
    QuotaExhausted,
    RateLimited,
    RecordConflict,
    RecordInvalid,
    RecordNotFound,
    Refused,
    Transient,
)
from connector.work.alert import Alert

__all__ = [
    "MAX_ATTEMPTS",
    "RETRY_DELAYS",
    "SETTLE_WINDOW",
    "Action",
    "Verdict",
    "back_off",
    "error_note",
    "verdict",
]

RETRY_DELAYS = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=12),
)
"""After these, about 21 hours in all, work waits for a person."""

MAX_ATTEMPTS = len(RETRY_DELAYS) + 1

SETTLE_WINDOW = timedelta(seconds=300)
"""No request of ours can still be alive in the CRM: 120 s work, 60 s index, 60 s deadline."""

RATE_PAUSE = timedelta(seconds=60)
QUOTA_PAUSE = timedelta(hours=1)
SHORTEST_PAUSE = timedelta(seconds=1)
_NOTE_CHARACTERS = 2000
_NOTE_FRAMES = 12


class Action(StrEnum):
    """What happens to the piece of work."""

    LATER = "later"
    PARK = "park"
    OBSOLETE = "obsolete"  # settled: what it was for is gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What to do with a failed piece of work, and with its system.

    ``counted`` false gives the attempt back. ``unknown``: it may have happened; look before it is
    sent again. ``pull_again``: read the account anew. ``pause_until`` and ``halt`` concern the
    whole system. ``alarm`` is a sentence for the operator, empty when nobody need come; ``alert``
    is the same for the channels, where no state of the database tells it.
    """

    action: Action
    run_after: datetime
    counted: bool = True
    unknown: bool = False
    pull_again: bool = False
    pause_until: datetime | None = None
    halt: bool = False
    alarm: str = ""
    alert: Alert | None = None
    note: str = ""


def verdict(  # noqa: PLR0911 one return for each line of the table
    error: Exception,
    attempts: int,
    now: datetime,
    rng: random.Random,
    *,
    resend_safe: bool = True,
    settle_window: timedelta = SETTLE_WINDOW,
) -> Verdict:
    """Decide about work that failed at its ``attempts``-th try (the first is 1).

    ``resend_safe``: the write may be repeated at once after an unknown outcome, because it sets
    absolute values or the CRM enforces our key, though not before the time that the error names.
    Otherwise it waits out ``settle_window``.
    """
    match error:
        case RateLimited() | QuotaExhausted():
            return _wait_for_the_system(error, now)
        case OutcomeUnknown():
            wait = now if resend_safe else now + settle_window
            at_least = max(wait, error.retry_at or now)
            return _again(error, attempts, now, rng, at_least=at_least, unknown=True)
        case Transient():
            return _again(error, attempts, now, rng, at_least=error.retry_at or now)
        case RecordNotFound():
            return _final(Action.OBSOLETE, error, now, pull_again=True)
        case RecordConflict():
            action = Action.LATER if attempts <= 1 else Action.PARK
            return _final(action, error, now)
        case RecordInvalid() | NotPermitted():
            return _final(Action.PARK, error, now)
        case CredentialsRejected():
            return _halt(error, now)
        case ContractBroken():
            alarm = f"{error.system}: an answer had an unknown shape, the adapter needs care"
            decided = _final(Action.PARK, error, now, alarm=alarm)
            about = Alert(
                code="contract_broken", subject=error.system, params={"system": error.system}
            )
            return replace(decided, alert=about)
        case Refused():  # for a reason that is in no table: it may pass, and nobody need come yet
            return _again(error, attempts, now, rng, at_least=now)
        case _:
            decided = _again(error, attempts, now, rng, at_least=now, alarm=_bug_alarm(error))
            fault = type(error).__name__
            about = Alert(code="program_fault", subject=fault, params={"fault": fault})
            return replace(decided, alert=about)


def back_off(attempts: int, rng: random.Random) -> timedelta:
    """Tell the wait after the ``attempts``-th try: between half of its step and the whole."""
    step = RETRY_DELAYS[min(max(attempts, 1), len(RETRY_DELAYS)) - 1]
    return step * rng.uniform(0.5, 1)


def error_note(error: Exception) -> str:
    """Describe an error for the parked list: a sentence, or a bug's place without its values."""
    if isinstance(error, CrmError):
        text = f"{type(error).__name__}: {error.user_message}"
        fields = error.fields if isinstance(error, RecordInvalid) else {}
        untold = [f"{k}: {v}" for k, v in sorted(fields.items()) if v not in text]
        if untold:
            text += f" ({'; '.join(untold)})"
        return text[:_NOTE_CHARACTERS]
    # Only where it happened: a message of a foreign error may hold customer data or a secret.
    frames = traceback.extract_tb(error.__traceback__)[-_NOTE_FRAMES:]
    places = [f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    return " < ".join([type(error).__name__, *reversed(places)])[:_NOTE_CHARACTERS]


def _wait_for_the_system(error: RateLimited | QuotaExhausted, now: datetime) -> Verdict:
    pause = RATE_PAUSE if isinstance(error, RateLimited) else QUOTA_PAUSE
    until = max(error.retry_at or now + pause, now + SHORTEST_PAUSE)
    return Verdict(
        action=Action.LATER,
        run_after=until,
        counted=False,
        pause_until=until,
        note=error_note(error),
    )


def _again(
    error: Exception,
    attempts: int,
    now: datetime,
    rng: random.Random,
    *,
    at_least: datetime,
    unknown: bool = False,
    alarm: str = "",
) -> Verdict:
    if attempts >= MAX_ATTEMPTS:
        return Verdict(
            action=Action.PARK,
            run_after=now,
            unknown=unknown,
            alarm=alarm,
            note=f"given up after {attempts} attempts; the last: {error_note(error)}",
        )
    return Verdict(
        action=Action.LATER,
        run_after=max(now + back_off(attempts, rng), at_least),
        unknown=unknown,
        alarm=alarm,
        note=error_note(error),
    )


def _final(
    action: Action, error: CrmError, now: datetime, *, pull_again: bool = False, alarm: str = ""
) -> Verdict:
    return Verdict(
        action=action,
        run_after=now,
        pull_again=pull_again,
        alarm=alarm,
        note=error_note(error),
    )


def _halt(error: CredentialsRejected, now: datetime) -> Verdict:
    return Verdict(
        action=Action.LATER,
        run_after=now,
        counted=False,
        halt=True,
        alarm=f"{error.system}: the credentials do not work any more, reconnect",
        note=error_note(error),
    )


def _bug_alarm(error: Exception) -> str:
    return f"a fault in the program: {type(error).__name__}"
