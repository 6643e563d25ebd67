"""Where free texts and documents stand that may name a person, apart from records and queues."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from connector.store import queue_tables as queues
from connector.store import tables
from connector.store.file_tables import cases, decisions

__all__ = ["DOCUMENTS", "TEXTS", "Place", "Scope"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Whose rows are looked at: those of a connection, or of these companies."""

    system: str
    entities: Collection[str]


@dataclass(frozen=True, slots=True)
class Place:
    """A column that people's words reach.

    ``system`` and ``entity`` are the columns that say whose a row is; without either all are
    looked at.
    """

    table: sa.Table
    column: sa.Column[Any]
    system: sa.Column[Any] | None = None
    entity: sa.Column[Any] | None = None

    def of(self, scope: Scope) -> list[sa.ColumnElement[bool]]:
        """Say which rows belong to a scope."""
        chosen: list[sa.ColumnElement[bool]] = []
        if self.system is not None:
            chosen.append(self.system == scope.system)
        if self.entity is not None:
            chosen.append(self.entity.in_(sorted(scope.entities)))
        return chosen


def _of(table: sa.Table, column: str, system: str | None = "system") -> Place:
    return Place(table, table.c[column], None if system is None else table.c[system])


TEXTS = (
    _of(tables.problems, "detail"),
    _of(tables.last_written, "value"),
    _of(decisions, "text", "account_system"),
    _of(decisions, "evidence", "account_system"),
    _of(queues.inbox, "last_error"),
    _of(queues.outbox, "last_error"),
    _of(queues.paused, "reason"),
    _of(queues.alert_mail, "last_error", None),
    _of(queues.chunks, "last_error", None),
    _of(queues.ticks, "error", None),
)
"""Columns of text."""

_ASSESSED = tables.assessments
DOCUMENTS = (
    _of(cases, "record", "account_system"),
    _of(queues.alerts, "params", None),
    _of(queues.alert_mail, "body", None),
    Place(_ASSESSED, _ASSESSED.c.record, entity=_ASSESSED.c.entity),
    Place(_ASSESSED, _ASSESSED.c.explanation, entity=_ASSESSED.c.entity),
)
"""Columns of JSON documents."""
