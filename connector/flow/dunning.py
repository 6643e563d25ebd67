"""From open items to overdue tasks: asks the ladder about each account and plans what must change.

Reads one snapshot, decides, and puts tasks and write-backs down in one commit.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, time
from functools import cache
from typing import Any

import msgspec
import polars as pl
import sqlalchemy as sa

from connector.flow.pauses import AccountPauses, pauses_of
from connector.flow.task_text import TaskWish, TaskWords
from connector.flow.tasks import TaskPlan, plan_tasks
from connector.store.accounts import contacts_of
from connector.store.book import ENTITIES_AT_ONCE, entity_chunks, load_book, portions
from connector.store.engine import in_one_commit, reading
from connector.store.snapshots import nothing_overdue
from connector.store.staleness import clear_stale, stale_entities
from connector.store.tables import accounts, assessments, owners
from connector.store.tasks import (
    TaskRow,
    entities_with_open_tasks,
    load_tasks,
    open_task_accounts,
    plan_task,
    retext_task,
    tasks_since,
)
from connector.work.queue import enqueue
from scoring.assessment import NOT_RATED
from scoring.book import Book, Rate
from scoring.claims import open_items, unapplied
from scoring.dunning import (
    Delinquency,
    OverdueItem,
    Pauses,
    next_step,
    pause_of,
    urgency,
)
from scoring.money import minor_digits
from scoring.policy import Policy
from scoring.rates import factor, round_half_up
from scoring.records import AccountRef

__all__ = ["DunningReport", "overdue_wishes", "plan_dunning"]

_Row = dict[str, Any]


class DunningReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one dunning run asked for. ``deferred`` accounts wait for their owner's next day."""

    created: int = 0
    changed: int = 0
    deferred: int = 0


def plan_dunning(
    engine: sa.Engine,
    *,
    policy: Policy,
    rates: Mapping[str, Rate],
    words: TaskWords,
    as_of: date,
    now: datetime,
    only: Collection[AccountRef] | None = None,
    apply_cash: bool = True,
    new_tasks: bool = True,
    marks: Sequence[int] = (),
) -> DunningReport:
    """Ask for the tasks that should stand as of a date, and for the end of those that should not.

    ``only`` looks at some accounts (after a payment); otherwise at all. ``now`` is noted as the
    time of the steps; ``apply_cash`` as in ``plan_tasks``. Without ``new_tasks`` those that would
    be given are deferred, and the ones they would replace go on. ``marks`` of the changes behind
    this are taken away in the same commit. Doing it again on the same facts asks for nothing new.
    """
    with reading(engine) as conn:
        looked_at = _Looking(conn, policy, rates, words, as_of)
        wishes = looked_at.at(only)
        given = tasks_since(conn, datetime.combine(words.day(now), time(), words.zone))
    plan = plan_tasks(
        wishes,
        looked_at.ledger,
        words=words,
        now=now,
        per_owner=policy.dunning.tasks_per_owner_per_day if new_tasks else 0,
        given_today=given,
        still_open=looked_at.still_open,
        apply_cash=apply_cash,
        paused=looked_at.paused,
    )
    return in_one_commit(engine, lambda conn: _put_down(conn, plan, now, marks))


def _put_down(
    conn: sa.Connection, plan: TaskPlan, now: datetime, marks: Sequence[int]
) -> DunningReport:
    drafts = [draft for draft, task in plan.drafts if plan_task(conn, task)]
    for _, task in plan.changes:
        retext_task(conn, task.key, task.text_hash)
    changes = [change for change, _ in plan.changes]
    enqueue(conn, [*drafts, *changes], now=now)
    clear_stale(conn, marks)
    return DunningReport(created=len(drafts), changed=len(changes), deferred=len(plan.deferred))


def overdue_wishes(
    conn: sa.Connection,
    *,
    policy: Policy,
    rates: Mapping[str, Rate],
    words: TaskWords,
    as_of: date,
) -> list[TaskWish]:
    """Tell the step that every account should be on as of a date, whoever has been asked already."""
    return _Looking(conn, policy, rates, words, as_of).at(None)


class _Looking:
    """One look over the books: gathers wishes, and the tasks and open items they are compared with."""

    def __init__(
        self,
        conn: sa.Connection,
        policy: Policy,
        rates: Mapping[str, Rate],
        words: TaskWords,
        as_of: date,
    ) -> None:
        self._conn = conn
        self._policy = policy
        self._rates = rates
        self._words = words
        self._as_of = as_of
        self._active = _active_owners(conn)
        self._factor = cache(lambda source, target: factor(rates, policy.currency, source, target))
        self.ledger: dict[AccountRef, list[TaskRow]] = {}
        self.still_open: set[str] = set()
        self.paused: set[str] = set()

    def at(self, only: Collection[AccountRef] | None) -> list[TaskWish]:
        """Look at these accounts, or at all; tasks of accounts without a wish are looked at, too."""
        concerned = open_task_accounts(self._conn) if only is None else list(only)
        self.ledger = load_tasks(self._conn, concerned)
        wishes: list[TaskWish] = []
        for chunk in self._chunks(only):
            wishes += self._wishes(chunk, only)
        return wishes

    def _chunks(self, only: Collection[AccountRef] | None) -> Iterable[list[str]]:
        if only is None:
            return self._all_but_calm()
        return [_entities_of(self._conn, only)]

    def _all_but_calm(self) -> Iterable[list[str]]:
        """Name whose books have to be read: who owes nothing late gets no task, and loses none."""
        calm: set[str] = set()
        if not self._policy.dunning.courtesy:
            calm = nothing_overdue(self._conn, self._as_of, self._policy.version)
            calm -= entities_with_open_tasks(self._conn)
            calm -= set(stale_entities(self._conn))
        names = (name for chunk in entity_chunks(self._conn, ENTITIES_AT_ONCE) for name in chunk)
        return portions(self._conn, [name for name in names if name not in calm])

    def _wishes(
        self, entities: list[str], only: Collection[AccountRef] | None
    ) -> Iterable[TaskWish]:
        rules = self._policy.dunning
        book = load_book(self._conn, entities, self._rates, policy_currency=self._policy.currency)
        items = open_items(book, self._policy, self._as_of, calendar=self._words.calendar)
        self.still_open.update(items["item"])
        asked = pl.col("dpd") > (-1 - rules.courtesy_days if rules.courtesy else 0)
        accounts_late = _rows_by_account(
            items.filter(asked & (pl.col("open") > pl.col("disputed_open")))
        )
        named = {row["account"]: row for row in book.accounts.to_dicts()}
        currencies = dict(book.entities.select("entity", "currency").iter_rows())
        grades = _grades(self._conn, [row[0]["entity"] for row in accounts_late.values()])
        cash = self._spare_cash(book, currencies, named)
        refs = {account: _ref(account) for account in accounts_late}
        missing = [ref for ref in refs.values() if ref not in self.ledger]
        self.ledger |= load_tasks(self._conn, missing)
        contacts = contacts_of(self._conn, list(refs.values()))
        pauses = pauses_of(book, self._policy, self._as_of, self._words.calendar)
        for account, rows in accounts_late.items():
            if only is not None and refs[account] not in only:
                continue
            info = named[account]
            wish = self._wish(
                refs[account],
                info,
                rows,
                currency=currencies[info["entity"]],
                grade=grades.get(info["entity"], NOT_RATED),
                unapplied=cash.get(account, 0),
                contact=contacts.get(refs[account]),
                waits=pauses.get(account, AccountPauses()),
            )
            if wish is not None:
                yield wish

    def _wish(
        self,
        account: AccountRef,
        info: _Row,
        rows: list[_Row],
        *,
        currency: str,
        grade: str,
        unapplied: int,
        contact: str | None,
        waits: AccountPauses,
    ) -> TaskWish | None:
        found = [(row["dpd"], self._item(row, currency, waits.pauses)) for row in rows]
        items = [(days, item) for days, item in found if item is not None]
        self.paused.update(item.item for _, item in items if item.paused)
        tasks = self.ledger.get(account, [])
        delinquency = Delinquency(
            items=tuple(item for days, item in items if days > 0),
            upcoming=tuple(item for days, item in items if days <= 0),
            grade=grade,
            unapplied=unapplied,
            last_levels=_last_levels(tasks),
            last_step_on=max((self._words.day(task.created_at) for task in tasks), default=None),
            standing=_standing(tasks),
        )
        rules = self._policy.dunning
        step = next_step(delinquency, rules, self._as_of)
        if step is None:
            return None
        owner = info["owner_id"]
        return TaskWish(
            account=account,
            name=info["name"],
            owner_id=owner if (account.system, owner) in self._active else None,
            step=step,
            currency=currency,
            contact=contact,
            urgency=urgency(step, grade, rules),
            promises=waits.promises,
        )

    def _item(self, row: _Row, currency: str, pauses: Pauses) -> OverdueItem | None:
        """Put one open item into the ladder's words; ``None`` where a rate is missing."""
        undisputed = row["open"] - row["disputed_open"]
        rate = self._factor(row["currency"], currency)
        if rate is None:
            return None
        value = round_half_up(undisputed * rate)
        # Without a rate to the policy's currency the minimum amounts are taken as they stand.
        to_policy = self._factor(currency, self._policy.currency)
        digits = minor_digits(currency if to_policy is None else self._policy.currency)
        in_policy = value if to_policy is None else round_half_up(value * to_policy)
        return OverdueItem(
            item=row["item"],
            number=row["number"],
            due_on=row["due_on"],
            currency=row["currency"],
            open=undisputed,
            value=value,
            policy_value=in_policy // 10**digits,
            paused=pause_of(row["item"], row["account"], pauses, self._policy.dunning, self._as_of),
        )

    def _spare_cash(
        self, book: Book, currencies: Mapping[str, str], named: Mapping[str, _Row]
    ) -> dict[str, int]:
        """Sum cash and credit notes not applied, by account, in its entity's currency."""
        spare: dict[str, int] = {}
        for row in unapplied(book, self._as_of).to_dicts():
            account = row["account"]
            rate = self._factor(row["currency"], currencies[named[account]["entity"]])
            if rate is not None:
                value = round_half_up((row["cash"] + row["credit"]) * rate)
                spare[account] = spare.get(account, 0) + value
        return spare


def _standing(tasks: Iterable[TaskRow]) -> tuple[str, int] | None:
    """Tell the leading item and level of the newest task that is not closed."""
    standing = [task for task in tasks if task.state != "closed"]
    newest = max(standing, key=lambda task: (task.created_at, task.key), default=None)
    return None if newest is None else (newest.leading_item, newest.level)


def _last_levels(tasks: Iterable[TaskRow]) -> dict[str, int]:
    levels: dict[str, int] = {}
    for task in tasks:
        levels[task.leading_item] = max(levels.get(task.leading_item, 0), task.level)
    return levels


def _rows_by_account(items: pl.DataFrame) -> dict[str, list[_Row]]:
    grouped: dict[str, list[_Row]] = {}
    for row in items.sort("account", "due_on", "item").to_dicts():
        grouped.setdefault(row["account"], []).append(row)
    return grouped


def _ref(account: str) -> AccountRef:
    system, _, record_id = account.partition(":")
    return AccountRef(system, record_id)


def _active_owners(conn: sa.Connection) -> set[tuple[str, str]]:
    """Name the users who can be given a task; the others' go to the connection's default owner."""
    statement = sa.select(owners.c.system, owners.c.record_id).where(
        owners.c.active, owners.c.gone_at.is_(None)
    )
    return {(row.system, row.record_id) for row in conn.execute(statement)}


def _entities_of(conn: sa.Connection, only: Collection[AccountRef]) -> list[str]:
    pairs = [(account.system, account.record_id) for account in only]
    statement = sa.select(accounts.c.entity).where(
        sa.tuple_(accounts.c.system, accounts.c.record_id).in_(pairs),
        accounts.c.entity.is_not(None),
    )
    return sorted(set(conn.execute(statement).scalars()))


def _grades(conn: sa.Connection, entities: Collection[str]) -> dict[str, str]:
    statement = sa.select(assessments.c.entity, assessments.c.rating).where(
        assessments.c.latest, assessments.c.entity.in_(sorted(set(entities)))
    )
    return {row.entity: row.rating for row in conn.execute(statement)}
