"""Explaining a company as of any day: the record kept of that day, or the same worked out again.

A past day that was decided is told as it was recorded. Any other day is replayed from the facts
dated up to it, by the policy and calendar of the day.
"""

from collections.abc import Mapping
from datetime import date, timedelta

import msgspec
import sqlalchemy as sa

from connector.flow.assess import Rules
from connector.flow.decisions import Decision, list_decisions
from connector.store.assessments import StoredAssessment, assessment_on
from connector.store.engine import reading
from connector.store.groups import load_group_book
from scoring.difference import Difference, difference
from scoring.explain import Explanation, read_explanation

__all__ = ["Told", "tell"]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An explanation, as bytes and read, and what changed since the assessment before.

    ``change`` is ``None`` when there was none before, or none that can be compared. ``people`` tells
    who wrote and who approved each decision, by its id.
    """

    document: bytes
    explanation: Explanation
    change: Difference | None
    recorded: bool
    people: Mapping[str, str] = {}


def tell(
    engine: sa.Engine, rules: Rules, entity: str, as_of: date, *, today: date, anew: bool = False
) -> Told:
    """Explain an entity as of a day. Stores nothing.

    ``anew`` works it out from today's facts even where a record of the past day is kept: some facts
    (the state of an order, a corrected amount) carry no date and may have changed since.
    """
    with reading(engine) as conn:
        kept = None if anew or as_of >= today else _recorded(conn, entity, as_of)
        before = assessment_on(conn, entity, as_of - timedelta(days=1))
        people = {one.id: _people(one) for one in list_decisions(conn, entity=entity)}
    recorded = None if kept is None else read_explanation(kept.explanation)
    document = (
        _replayed(engine, rules, entity, as_of)
        if kept is None or recorded is None
        else kept.explanation
    )
    explanation = recorded or _read(document)
    earlier = None if before is None else read_explanation(before.explanation)
    return Told(
        document=document,
        explanation=explanation,
        change=None if earlier is None else difference(earlier, explanation),
        recorded=recorded is not None,
        people=people,
    )


def _people(decision: Decision) -> str:
    return " / ".join(filter(None, (decision.author, decision.approver)))


def _recorded(conn: sa.Connection, entity: str, as_of: date) -> StoredAssessment | None:
    found = assessment_on(conn, entity, as_of)
    return found if found is not None and found.assessment.as_of == as_of else None


def _replayed(engine: sa.Engine, rules: Rules, entity: str, as_of: date) -> bytes:
    with reading(engine) as conn:
        book = load_group_book(
            conn, [entity], rules.rates, policy_currency=rules.policy.currency, as_of=as_of
        )
    return rules.explain(rules.assess(book, rules.policy, as_of), entity)


def _read(document: bytes) -> Explanation:
    return msgspec.json.decode(document, type=Explanation)
