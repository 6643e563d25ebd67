"""Decisions of people (人工决定): drafted by one, approved by another, ended by date or by hand.

A decision counts from its approval on; the audit log keeps every step. The rules are those of
credit-management 11: at least twenty characters of reason, four eyes, an override up by at most two
grades and for at most 180 days, a temporary limit for at most 90 days and twice in twelve months.
The grave gates hold whatever a person says; that rule lives where overrides are applied.
"""

from connector.flow.decisions.approval import Asked
from connector.flow.decisions.decision import Decision, DecisionError, Wish
from connector.flow.decisions.desk import Desk
from connector.flow.decisions.rows import list_decisions

__all__ = [
    "Asked",
    "Decision",
    "DecisionError",
    "Desk",
    "Wish",
    "list_decisions",
]
