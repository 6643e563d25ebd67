"""Which account fields an assessment should leave in the CRM, and which of them changed. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation

from adapters.port import CreditField, FieldUpdate, FieldValue, field_text
from connector.texts.catalogue import Texts
from scoring.assessment import NOT_RATED, Ageing, Assessment, Reason
from scoring.money import Money
from scoring.records import AccountRef
from scoring.warning import Signal

__all__ = ["STAMPS", "field_values", "plan_fields", "reason_text", "signal_text"]

#: Written only together with another change: a stamp alone is no news.
STAMPS = frozenset({CreditField.COMPUTED_AT, CreditField.ASSESSMENT_ID})

Written = Mapping[CreditField, str]


def plan_fields(
    assessment: Assessment,
    accounts: Sequence[AccountRef],
    written: Mapping[AccountRef, Written],
    *,
    texts: Mapping[str, Texts],
    assessment_id: str,
    now: datetime,
) -> list[FieldUpdate]:
    """Plan one update for each account whose fields should change.

    ``written`` is what each account was last told or is about to be told. ``texts`` are by
    connection. Planning again after the write-backs were carried out gives nothing.
    """
    updates = []
    for account in accounts:
        values = field_values(assessment, texts[account.system])
        before = written.get(account, {})
        changed = {
            field: value
            for field, value in values.items()
            if field_text(value) != before.get(field, "")
        }
        if changed:
            changed[CreditField.COMPUTED_AT] = now.replace(microsecond=0)
            changed[CreditField.ASSESSMENT_ID] = assessment_id
            updates.append(FieldUpdate(account=account, values=changed))
    return updates


def field_values(assessment: Assessment, texts: Texts) -> dict[CreditField, FieldValue]:
    """Say an assessment in the fields of ``credit-management.md`` section 14, stamps left out."""
    return {
        CreditField.RATING: "-" if assessment.rating == NOT_RATED else assessment.rating,
        CreditField.SCORE: assessment.score,
        CreditField.OUTLOOK: assessment.outlook,
        CreditField.CURRENCY: assessment.currency,
        CreditField.LIMIT: _amount(assessment.limit),
        CreditField.LIMIT_VALID_TO: assessment.limit_valid_to,
        CreditField.EXPOSURE: _amount(assessment.exposure),
        CreditField.AVAILABLE: _amount(assessment.available),
        CreditField.UTILISATION: assessment.utilisation,
        CreditField.OVERDUE_AMOUNT: _amount(assessment.overdue),
        CreditField.OLDEST_DAYS: assessment.oldest_days,
        **_ageing(assessment.ageing),
        CreditField.DAYS_LATE: assessment.days_late,
        CreditField.WATCH_LEVEL: assessment.watch_level,
        CreditField.HOLD: assessment.hold,
        CreditField.HOLD_REASON: _hold_reason(assessment, texts),
        CreditField.REASONS: "\n".join(_reason_lines(assessment, texts)),
        CreditField.TERMS_DAYS: assessment.terms_days,
        CreditField.NEXT_REVIEW_ON: assessment.next_review_on,
        CreditField.COMPLETENESS: assessment.completeness,
        CreditField.DATA_AS_OF: assessment.data_as_of,
        CreditField.SUMMARY: _summary(assessment, texts),
    }


def _ageing(ageing: Ageing | None) -> dict[CreditField, FieldValue]:
    return {
        CreditField.AGE_CURRENT: ageing.current.amount if ageing else None,
        CreditField.AGE_1_30: ageing.days_1_30.amount if ageing else None,
        CreditField.AGE_31_60: ageing.days_31_60.amount if ageing else None,
        CreditField.AGE_61_90: ageing.days_61_90.amount if ageing else None,
        CreditField.AGE_OVER_90: ageing.over_90.amount if ageing else None,
    }


def reason_text(reason: Reason, texts: Texts) -> str:
    """Say one reason with its numbers."""
    params = _params(reason.params)
    if "gate" in params:
        params["gate"] = texts.say(f"gate.{params['gate']}")
    code = f"reason.{reason.code}"
    if reason.sign == "positive":
        code += ".good"
    elif params.get("curve") == "straight" and texts.knows(f"{code}.straight"):
        code += ".straight"
    return texts.say(code, **params)


def signal_text(signal: Signal, texts: Texts) -> str:
    """Say the evidence of an early warning; one that is over has none."""
    if signal.cleared:
        return texts.say("warning.cleared")
    return texts.say(f"warning.{signal.code}.evidence", **_params(signal.params))


def _params(params: Mapping[str, Money | int | str]) -> dict[str, Money | Decimal | str]:
    return {name: _readable(value) for name, value in params.items()}


def _readable(value: Money | int | str) -> Money | Decimal | str:
    """Read a decimal number that is written as text, so that it is shown the reader's way."""
    if isinstance(value, Money):
        return value
    try:
        return Decimal(value)
    except InvalidOperation:
        return str(value)


def _amount(money: Money | None) -> Decimal | None:
    return None if money is None else money.amount


def _hold_reason(assessment: Assessment, texts: Texts) -> str:
    return "" if assessment.hold_reason is None else reason_text(assessment.hold_reason, texts)


def _reason_lines(assessment: Assessment, texts: Texts) -> list[str]:
    signs = {"negative": "−", "positive": "+"}
    return [f"{signs[reason.sign]} {reason_text(reason, texts)}" for reason in assessment.reasons]


def _summary(assessment: Assessment, texts: Texts) -> str:
    """Say it in one line for sales, as credit-management section 14 shows."""
    parts: dict[str, object] = {
        "available": _or_dash(assessment.available),
        "limit": _or_dash(assessment.limit),
        "overdue": _overdue(assessment, texts),
        "hold": texts.say(f"hold.{assessment.hold}"),
    }
    if assessment.rating == NOT_RATED:
        why = reason_text(assessment.reasons[0], texts) if assessment.reasons else ""
        if assessment.limit is None:  # nothing may be promised before the cause is settled
            return texts.say("summary.undecided", why=why, overdue=parts["overdue"])
        return texts.say("summary.unrated", why=why, **parts)
    arrow = texts.say(f"outlook.{assessment.outlook}")
    return texts.say("summary", rating=assessment.rating, arrow=arrow, **parts)


def _or_dash(money: Money | None) -> Money | str:
    return "–" if money is None else money


def _overdue(assessment: Assessment, texts: Texts) -> str:
    if assessment.overdue is None or not assessment.overdue.minor:
        return texts.say("summary.nothing_overdue")
    return texts.say("summary.overdue", amount=assessment.overdue, days=assessment.oldest_days or 0)
