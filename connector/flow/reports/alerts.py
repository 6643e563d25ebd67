"""Alerts of early warning (预警提醒, credit-management 10): what changed between two days.

Each day counts as it was decided: one alert a customer and signal, none while it stands. Small
ones stand apart, for the weekly digest.
"""

from collections.abc import Iterable, Mapping
from datetime import date

import msgspec
import sqlalchemy as sa

from connector.flow.reports.sheets import Cell, Sheet
from connector.flow.reports.watch_list import signal_line
from connector.store.accounts import entity_names
from connector.store.assessments import signals_at
from connector.store.engine import reading
from connector.texts.catalogue import Texts
from scoring.warning import Change, Signal, alerts

__all__ = ["Alerted", "Alerts", "alert_sheets", "alerts_between"]


class Alerted(msgspec.Struct, frozen=True, kw_only=True):
    """A signal of a customer whose state changed; one that cleared as it stood before."""

    entity: str
    name: str
    change: Change
    signal: Signal


class Alerts(msgspec.Struct, frozen=True, kw_only=True):
    """What changed from ``since`` to ``as_of``, the gravest first.

    ``unread`` are customers whose assessment another version of the engine wrote in another shape.
    """

    since: date
    as_of: date
    alerts: tuple[Alerted, ...]
    digest: tuple[Alerted, ...]
    unread: tuple[str, ...]


def alerts_between(engine: sa.Engine, since: date, as_of: date) -> Alerts:
    """Compare what was decided last up to each of two days."""
    with reading(engine) as conn:
        before, after = signals_at(conn, since), signals_at(conn, as_of)
        names = entity_names(conn)
    entities = sorted(before.keys() | after.keys())
    looks = {entity: (before.get(entity, ()), after.get(entity, ())) for entity in entities}
    unread = [entity for entity, look in looks.items() if None in look]
    found = [
        (
            alert.digest,
            Alerted(
                entity=entity,
                name=names.get(entity, entity),
                change=alert.change,
                signal=alert.signal,
            ),
        )
        for entity, (old, new) in looks.items()
        if old is not None and new is not None
        for alert in alerts(old, new)
    ]
    return Alerts(
        since=since,
        as_of=as_of,
        alerts=_gravest(one for small, one in found if not small),
        digest=_gravest(one for small, one in found if small),
        unread=tuple(names.get(entity, entity) for entity in unread),
    )


def _gravest(found: Iterable[Alerted]) -> tuple[Alerted, ...]:
    return tuple(sorted(found, key=lambda one: (-one.signal.level, one.name, one.entity)))


def alert_sheets(found: Alerts, texts: Texts) -> list[Sheet]:
    """Lay out the alerts and the digest, and who could not be compared."""
    columns = ("company", "change", "level", "signals")
    parts: Mapping[str, tuple[Alerted, ...]] = {
        "alerts": found.alerts,
        "alerts_digest": found.digest,
    }
    sheets = [
        Sheet.of(texts, code, columns, [_row(one, texts) for one in part], words=len(columns))
        for code, part in parts.items()
    ]
    unread = [[name] for name in found.unread]
    return [*sheets, *([Sheet.of(texts, "alerts_unread", ["company"], unread)] if unread else [])]


def _row(one: Alerted, texts: Texts) -> list[Cell]:
    return [
        one.name,
        texts.say(f"alert.{one.change}"),
        texts.say(f"level.{one.signal.level}"),
        signal_line(one.signal, texts),
    ]
