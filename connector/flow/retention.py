"""What nobody needs any more goes, in portions: short transactions, whatever has gathered.

Kept for ever: the audit log, what was decided on each day, and the keys under which tasks and notes were asked for,
without their texts, so that none is asked for again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa

from connector.config import Retention
from connector.store.engine import in_one_commit, reading
from connector.store.queue_tables import inbox, outbox
from connector.store.tables import EXPLAINED, assessments, problems, usage
from connector.work.writebacks import WriteKind

__all__ = ["old_rows", "retain"]

PORTION = 500
_SETTLED = ("done", "dropped")
_KEYED = (WriteKind.TASK.value, WriteKind.NOTE.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """Rows of a table that go, or whose ``blank`` columns become empty."""

    name: str
    table: sa.Table
    old: tuple[sa.ColumnElement[bool] | sa.TextClause, ...]
    blank: tuple[str, ...] = ()


def old_rows(engine: sa.Engine, plan: Retention, *, now: datetime, today: date) -> dict[str, int]:
    """Count what ``retain`` would do, by what it is."""
    with reading(engine) as conn:
        return {
            rule.name: conn.execute(
                sa.select(sa.func.count()).select_from(rule.table).where(*rule.old)
            ).scalar_one()
            for rule in _rules(plan, now, today)
        }


def retain(
    engine: sa.Engine,
    plan: Retention,
    *,
    now: datetime,
    today: date,
    stop: Callable[[], bool] = lambda: False,
    portion: int = PORTION,
) -> dict[str, int]:
    """Let go of what is older than the plan keeps; tells how many rows, by what they are.

    May be stopped between two portions and goes on the next time.
    """
    done: dict[str, int] = {}
    for rule in _rules(plan, now, today):
        done[rule.name] = 0
        while not stop():
            count = in_one_commit(engine, partial(_portion, rule=rule, size=portion))
            done[rule.name] += count
            if count < portion:
                break
    return done


def _portion(conn: sa.Connection, rule: _Rule, size: int) -> int:
    keys: list[sa.Column[Any]] = list(rule.table.primary_key.columns)
    some = sa.select(*keys).where(*rule.old).limit(size)
    chosen = sa.tuple_(*keys).in_(some) if len(keys) > 1 else keys[0].in_(some)
    if rule.blank:
        emptied = rule.table.update().where(chosen).values(dict.fromkeys(rule.blank, b""))
        return int(conn.execute(emptied).rowcount)
    return int(conn.execute(rule.table.delete().where(chosen)).rowcount)


def _rules(plan: Retention, now: datetime, today: date) -> Iterator[_Rule]:
    def settled(box: sa.Table, days: int) -> tuple[sa.ColumnElement[bool], ...]:
        return box.c.state.in_(_SETTLED), box.c.settled_at < now - timedelta(days=days)

    done_in, done_out = settled(inbox, plan.inbox_days), settled(outbox, plan.outbox_days)
    keyed, full = outbox.c.kind.in_(_KEYED), sa.func.length(outbox.c.body) > 0
    bodies = (*settled(inbox, plan.bodies_days), sa.func.length(inbox.c.body) > 0)
    yield _Rule(name="messages", table=inbox, old=done_in)
    yield _Rule(name="message_bodies", table=inbox, old=bodies, blank=("body", "headers"))
    yield _Rule(name="write_backs", table=outbox, old=(*done_out, ~keyed))
    yield _Rule(name="task_texts", table=outbox, old=(*done_out, keyed, full), blank=("body",))
    since = today - timedelta(days=plan.usage_days)
    yield _Rule(name="usage", table=usage, old=(usage.c.day < since,))
    told = today - timedelta(days=plan.explanations_days)
    past = (assessments.c.as_of < told, ~assessments.c.latest, EXPLAINED)
    yield _Rule(name="explanations", table=assessments, old=past, blank=("explanation",))
    cleared = problems.c.cleared_at < now - timedelta(days=plan.problems_days)
    yield _Rule(name="problems", table=problems, old=(cleared,))
