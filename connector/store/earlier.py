"""What was decided and noticed before a date: the newest earlier assessment, earlier warnings."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import polars as pl
import sqlalchemy as sa

from connector.store.engine import is_one_of, upsert
from connector.store.file_tables import signals
from connector.store.loading import Chosen, Loading
from connector.store.tables import assessments
from scoring.assessment import NOT_RATED
from scoring.money import Money
from scoring.schemas import SCHEMAS

__all__ = ["note_signals", "noticed", "previous"]

_ENTITIES_PER_STATEMENT = 1000


class _Before(msgspec.Struct, kw_only=True):
    """What a later assessment asks of an earlier one, whatever else that says."""

    rating: str
    score: Decimal | None
    currency: str
    limit: Money | None
    exposure: Money | None
    watch_level: str
    score_grade: str | None = None
    upgraded_on: date | None = None
    limit_raised_on: date | None = None


_DECODER = msgspec.json.Decoder(_Before)


def previous(conn: sa.Connection, chosen: Chosen, as_of: date) -> pl.DataFrame:
    """Load each entity's newest assessment of a day before ``as_of``."""
    entity_is = Loading(conn, chosen).entity_is
    newest = (
        sa.select(assessments.c.entity, sa.func.max(assessments.c.as_of).label("as_of"))
        .where(entity_is(assessments.c.entity), assessments.c.as_of < as_of)
        .group_by(assessments.c.entity)
        .subquery()
    )
    statement = sa.select(assessments.c.entity, assessments.c.as_of, assessments.c.record).join(
        newest,
        sa.and_(assessments.c.entity == newest.c.entity, assessments.c.as_of == newest.c.as_of),
    )
    rows = [_of_assessment(row) for row in conn.execute(statement)]
    return pl.DataFrame(rows, schema=dict(SCHEMAS["previous"])).sort("entity")


def _of_assessment(row: Any) -> dict[str, object]:  # noqa: ANN401 a row of any statement
    before = _DECODER.decode(row.record)
    return {
        "entity": row.entity,
        "as_of": row.as_of,
        "grade": None if before.rating == NOT_RATED else before.rating,
        "score_grade": before.score_grade,
        "score": None if before.score is None else float(before.score),
        "currency": before.currency,
        "limit": None if before.limit is None else before.limit.minor,
        "exposure": None if before.exposure is None else before.exposure.minor,
        "watch_level": before.watch_level,
        "upgraded_on": before.upgraded_on,
        "limit_raised_on": before.limit_raised_on,
    }


def noticed(conn: sa.Connection, chosen: Chosen, as_of: date) -> pl.DataFrame:
    """Load the warnings that were noticed on days before ``as_of``, as they were known then.

    One that stood until later was seen last at the entity's assessment before; where none is kept,
    on the day before.
    """
    loading = Loading(conn, chosen)
    statement = sa.select(
        signals.c.entity,
        signals.c.code,
        loading.day(signals.c.first_on),
        loading.day(signals.c.last_on),
    ).where(loading.entity_is(signals.c.entity), signals.c.first_on < as_of)
    found = loading.frame(statement, "signals")
    name = pl.concat_str("entity", "code", pl.col("first_on").cast(pl.String), separator="|")
    looked = pl.DataFrame(
        list(_looked(conn, loading, as_of)),
        schema={"entity": pl.String, "on": pl.Date},
        orient="row",
    )
    last = pl.min_horizontal("last_on", pl.coalesce("on", pl.lit(as_of - timedelta(days=1))))
    # A warning cannot have been seen last before it was seen first.
    last = pl.max_horizontal("first_on", last)
    return (
        found.join(looked, on="entity", how="left", maintain_order="left")
        .with_columns(name.alias("signal"), last.alias("last_on"))
        .drop("on")
        .sort("signal")
    )


def _looked(conn: sa.Connection, loading: Loading, as_of: date) -> Iterable[Any]:
    """Tell each entity's newest day before ``as_of`` on which it was assessed."""
    statement = (
        sa.select(assessments.c.entity, sa.func.max(assessments.c.as_of))
        .where(loading.entity_is(assessments.c.entity), assessments.c.as_of < as_of)
        .group_by(assessments.c.entity)
    )
    return map(tuple, conn.execute(statement))


def note_signals(
    conn: sa.Connection,
    codes: Mapping[str, Iterable[str]],
    as_of: date,
    before: Mapping[str, date],
) -> None:
    """Keep which warnings stood at ``as_of``, by entity.

    One that stood at the entity's assessment before (``before``: of which day) goes on; another
    begins today. The day is said once: noting it again changes nothing.
    """
    known = _spans(conn, sorted(codes))
    rows = [
        {"entity": entity, "code": code, "first_on": first_on, "last_on": as_of}
        for entity, found in codes.items()
        for code in sorted(set(found))
        for first_on in [_begun(known.get((entity, code), []), as_of, before.get(entity))]
        if first_on is not None
    ]
    if rows:
        conn.execute(upsert(conn, signals, update=("last_on",), newer="last_on"), rows)


def _spans(
    conn: sa.Connection, entities: list[str]
) -> dict[tuple[str, str], list[tuple[date, date]]]:
    found: dict[tuple[str, str], list[tuple[date, date]]] = {}
    for start in range(0, len(entities), _ENTITIES_PER_STATEMENT):
        chunk = entities[start : start + _ENTITIES_PER_STATEMENT]
        statement = sa.select(signals).where(is_one_of(conn, signals.c.entity, chunk))
        for row in conn.execute(statement):
            found.setdefault((row.entity, row.code), []).append((row.first_on, row.last_on))
    return found


def _begun(spans: list[tuple[date, date]], as_of: date, before: date | None) -> date | None:
    """Tell since when a warning stands, or ``None`` when the day is already noted."""
    if any(first <= as_of <= last for first, last in spans):
        return None
    going_on = [first for first, last in spans if before is not None and before <= last < as_of]
    return max(going_on, default=as_of)
