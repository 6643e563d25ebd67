"""Assessments as decided: one for each entity and date, the newest one marked.

An assessment's id follows from its content, so deciding the same again gives the same id.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from hashlib import sha256
from typing import Any

import msgspec
import sqlalchemy as sa

from connector.store.engine import upsert
from connector.store.tables import assessments, entities
from scoring.assessment import Assessment
from scoring.warning import Signal

__all__ = [
    "StoredAssessment",
    "assessment_id",
    "assessment_on",
    "history",
    "known_ids",
    "latest_assessments",
    "newest_dates",
    "ratings_at",
    "save_assessments",
    "signals_at",
    "undecided",
]

_ROWS_PER_STATEMENT = 500


class StoredAssessment(msgspec.Struct, frozen=True, kw_only=True):
    """An assessment, its id, and the JSON document that explains its every number."""

    assessment_id: str
    assessment: Assessment
    explanation: bytes
    created_at: datetime
    latest: bool


def assessment_id(assessment: Assessment) -> str:
    """Name an assessment by its content."""
    return sha256(msgspec.json.encode(assessment, order="deterministic")).hexdigest()[:24]


def known_ids(conn: sa.Connection, entities: Sequence[str], as_of: date) -> dict[str, str]:
    """Tell which assessment stands for these entities at a date, by entity."""
    found: dict[str, str] = {}
    for chunk in _chunks(entities):
        statement = sa.select(assessments.c.entity, assessments.c.id).where(
            assessments.c.entity.in_(chunk), assessments.c.as_of == as_of
        )
        found.update({row.entity: row.id for row in conn.execute(statement)})
    return found


def undecided(conn: sa.Connection, as_of: date, policy_version: str) -> list[str]:
    """Name the entities that have no assessment of this date under this policy, sorted."""
    decided = sa.exists().where(
        assessments.c.entity == entities.c.entity,
        assessments.c.as_of == as_of,
        assessments.c.policy_version == policy_version,
    )
    statement = sa.select(entities.c.entity).where(~decided).order_by(entities.c.entity)
    return list(conn.execute(statement).scalars())


def save_assessments(
    conn: sa.Connection,
    decided: Iterable[tuple[Assessment, bytes]],
    *,
    now: datetime,
) -> int:
    """Keep assessments with their explanations, each replacing the one of its entity and date.

    The newest date of an entity becomes its latest. Tells how many.
    """
    rows = [_row(assessment, explanation, now) for assessment, explanation in decided]
    if not rows:
        return 0
    names = [row["entity"] for row in rows]
    newest = newest_dates(conn, names)
    for row in rows:
        row["latest"] = row["as_of"] >= newest.get(row["entity"], row["as_of"])
    _unmark([row["entity"] for row in rows if row["latest"]], conn)
    conn.execute(_replacing(conn), sorted(rows, key=lambda row: str(row["entity"])))
    return len(rows)


def _row(assessment: Assessment, explanation: bytes, now: datetime) -> dict[str, Any]:
    return {
        "id": assessment_id(assessment),
        "entity": assessment.entity,
        "as_of": assessment.as_of,
        "policy_version": assessment.policy_version,
        "rating": assessment.rating,
        "score": assessment.score,
        "limit_minor": None if assessment.limit is None else assessment.limit.minor,
        "currency": assessment.currency,
        "inputs_hash": assessment.inputs_hash,
        "record": msgspec.json.encode(assessment, order="deterministic"),
        "explanation": explanation,
        "created_at": now,
    }


def newest_dates(conn: sa.Connection, entities: Sequence[str]) -> dict[str, date]:
    """Tell the date of each entity's latest assessment; entities without one are absent."""
    found: dict[str, date] = {}
    for chunk in _chunks(entities):
        statement = sa.select(assessments.c.entity, assessments.c.as_of).where(
            assessments.c.latest, assessments.c.entity.in_(chunk)
        )
        found.update({row.entity: row.as_of for row in conn.execute(statement)})
    return found


def _unmark(entities: Sequence[object], conn: sa.Connection) -> None:
    for chunk in _chunks(entities):
        conn.execute(
            assessments.update()
            .where(assessments.c.latest, assessments.c.entity.in_(chunk))
            .values(latest=False)
        )


def _replacing(conn: sa.Connection) -> sa.Insert:
    update = tuple(column.name for column in assessments.c if not column.primary_key)
    return upsert(
        conn,
        assessments,
        update=tuple(name for name in ("id", *update) if name not in {"entity", "as_of"}),
        keys=("entity", "as_of"),
    )


def latest_assessments(
    conn: sa.Connection, entities: Sequence[str] | None = None
) -> list[StoredAssessment]:
    """Load the newest assessment of these entities (``None``: all), by entity."""
    statement = sa.select(assessments).where(assessments.c.latest).order_by(assessments.c.entity)
    if entities is None:
        return [_stored(row) for row in conn.execute(statement)]
    return [
        _stored(row)
        for chunk in _chunks(sorted(entities))
        for row in conn.execute(statement.where(assessments.c.entity.in_(chunk)))
    ]


def assessment_on(conn: sa.Connection, entity: str, as_of: date) -> StoredAssessment | None:
    """Load what was decided last up to a date, or ``None``."""
    statement = (
        sa.select(assessments)
        .where(assessments.c.entity == entity, assessments.c.as_of <= as_of)
        .order_by(assessments.c.as_of.desc())
        .limit(1)
    )
    row = conn.execute(statement).first()
    return None if row is None else _stored(row)


def ratings_at(conn: sa.Connection, day: date, *, since: date) -> dict[str, str]:
    """Tell each entity's rating as decided last from ``since`` up to a day."""
    statement = _decided_last(
        assessments.c.rating, assessments.c.as_of <= day, assessments.c.as_of >= since
    )
    return {row.entity: row.rating for row in conn.execute(statement)}


class _Signals(msgspec.Struct):
    """What an explanation says of early warnings, whatever else it says."""

    signals: tuple[Signal, ...]


class _Codes(msgspec.Struct):
    """What an assessment says of early warnings."""

    signals: tuple[str, ...] = ()


_SIGNALS, _CODES = msgspec.json.Decoder(_Signals), msgspec.json.Decoder(_Codes)


def signals_at(conn: sa.Connection, day: date) -> dict[str, tuple[Signal, ...] | None]:
    """Tell the early warnings in what was decided last of each entity up to a day.

    An entity without any is absent; ``None`` is one whose explanation is not kept any more, or was
    written by another version in another shape.
    """
    until = assessments.c.as_of <= day
    rows = conn.execute(_decided_last(assessments.c.record, until))
    # Explanations are long: only those are read in which there is a warning to be found.
    warned = [row.entity for row in rows if _CODES.decode(row.record).signals]
    return {
        row.entity: _read(row.explanation)
        for chunk in _chunks(warned)
        for row in conn.execute(
            _decided_last(assessments.c.explanation, until, assessments.c.entity.in_(chunk))
        )
    }


def _read(explanation: bytes) -> tuple[Signal, ...] | None:
    try:
        return _SIGNALS.decode(explanation).signals
    except msgspec.DecodeError:
        return None


def _decided_last(column: sa.Column[Any], *of: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Select a column of each entity's newest assessment among some."""
    newest = (
        sa.select(assessments.c.entity, sa.func.max(assessments.c.as_of).label("as_of"))
        .where(*of)
        .group_by(assessments.c.entity)
        .subquery()
    )
    same = sa.and_(assessments.c.entity == newest.c.entity, assessments.c.as_of == newest.c.as_of)
    return sa.select(assessments.c.entity, column).join(newest, same)


def history(conn: sa.Connection, entity: str) -> list[StoredAssessment]:
    """Load all assessments of an entity, oldest date first."""
    statement = (
        sa.select(assessments).where(assessments.c.entity == entity).order_by(assessments.c.as_of)
    )
    return [_stored(row) for row in conn.execute(statement)]


def _stored(row: sa.Row[Any]) -> StoredAssessment:
    return StoredAssessment(
        assessment_id=row.id,
        assessment=msgspec.json.decode(row.record, type=Assessment),
        explanation=row.explanation,
        created_at=row.created_at,
        latest=row.latest,
    )


def _chunks(items: Sequence[object]) -> Iterable[Sequence[object]]:
    for start in range(0, len(items), _ROWS_PER_STATEMENT):
        yield items[start : start + _ROWS_PER_STATEMENT]
