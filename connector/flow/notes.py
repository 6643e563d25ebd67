"""Which notes an assessment should leave on its accounts. Pure.

A note tells that rating, limit or hold changed; the first of all changes nothing.
"""

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal

from adapters.port import CreditField, FieldUpdate, NoteDraft, field_text
from connector.flow.fields import field_values
from connector.texts.catalogue import Texts
from scoring.assessment import Assessment
from scoring.records import AccountRef

__all__ = ["plan_notes"]

_TOLD = (CreditField.RATING, CreditField.LIMIT, CreditField.HOLD)

Written = Mapping[AccountRef, Mapping[CreditField, str]]


def plan_notes(
    assessment: Assessment,
    updates: Iterable[FieldUpdate],
    written: Written,
    *,
    systems: Collection[str],
    texts: Mapping[str, Texts],
    assessment_id: str,
) -> list[NoteDraft]:
    """Plan a note for each account of ``systems`` whose rating, limit or hold is changed."""
    return [
        _note(
            assessment, update, written[update.account], texts[update.account.system], assessment_id
        )
        for update in updates
        if update.account.system in systems
        and CreditField.RATING in written.get(update.account, {})
        and not update.values.keys().isdisjoint(_TOLD)
    ]


def _note(
    assessment: Assessment,
    update: FieldUpdate,
    before: Mapping[CreditField, str],
    texts: Texts,
    assessment_id: str,
) -> NoteDraft:
    values = field_values(assessment, texts)
    changes = [
        texts.say(
            f"note.{field}",
            old=_shown(field, before.get(field, ""), texts),
            new=_shown(field, field_text(values[field]), texts),
            currency=assessment.currency,
        )
        for field in _TOLD
        if field in update.values
    ]
    lines = [str(values[CreditField.SUMMARY]), *changes, str(values[CreditField.REASONS])]
    return NoteDraft(
        key=assessment_id,
        account=update.account,
        title=texts.say("note.title", on=assessment.as_of),
        body="\n".join(line for line in lines if line),
    )


def _shown(field: CreditField, text: str, texts: Texts) -> Decimal | str:
    """Show a value the reader's way: an amount as a number, a hold by its word."""
    if not text:
        return "-"
    if field is CreditField.LIMIT:
        return Decimal(text)
    word = f"hold.{text}"
    return texts.say(word) if field is CreditField.HOLD and texts.knows(word) else text
