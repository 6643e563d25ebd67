"""The collection worklist (催收工作清单, credit-management 9.2 rule 9) and the limitation clock (9.4)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

import msgspec
import sqlalchemy as sa

from connector.flow.dunning import overdue_wishes
from connector.flow.reports.sheets import Cell, Sheet
from connector.flow.reports.survey import Survey
from connector.flow.task_text import TaskWish, TaskWords
from connector.store.accounts import entity_names
from connector.store.book import ENTITIES_AT_ONCE, entity_chunks, load_book
from connector.store.engine import reading
from connector.store.tables import accounts, owners
from connector.texts.catalogue import Texts
from scoring.claims import open_items
from scoring.dunning import Urgency
from scoring.limitation import limitation_alerts
from scoring.money import Money
from scoring.records import AccountRef

__all__ = [
    "LimitationAlert",
    "Work",
    "limitation_clock",
    "limitation_sheet",
    "work_sheet",
    "worklist",
]


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """One account to be asked for money. ``urgency`` orders the list and says why.

    ``owner`` is the salesperson's name, empty where nobody's; ``level`` 0 comes before the ladder.
    ``waits``: a promise or a plan holds the step back, and nobody is to ask again yet.
    """

    account: str
    name: str
    owner: str
    level: int
    action: str
    overdue: Money
    items: int
    oldest_days: int
    promises: int
    urgency: Urgency
    waits: str | None = None


class LimitationAlert(msgspec.Struct, frozen=True, kw_only=True):
    """An open item that cannot be sued for any more soon, or already. Not legal advice.

    ``event`` is what the period runs from: due, payment, promise, balance_confirmation or demand.
    ``alert`` is the mark reached in days, 0 after the end.
    """

    entity: str
    name: str
    account: str
    item: str
    number: str
    open: Money
    due_on: date
    event: str
    event_on: date
    ends_on: date
    days_left: int
    alert: int


def worklist(survey: Survey, words: TaskWords) -> list[Work]:
    """List whom to ask today, the most urgent first, ties by the oldest item; who waits comes last."""
    with reading(survey.engine) as conn:
        wishes = overdue_wishes(
            conn, policy=survey.policy, rates=survey.rates, words=words, as_of=survey.as_of
        )
        named = _owner_names(conn)
    found = [_work(wish, wish.urgency, named) for wish in wishes if wish.urgency is not None]
    return sorted(found, key=_most_urgent)


def _most_urgent(work: Work) -> tuple[bool, int, int, str]:
    return work.waits is not None, -work.urgency.score, -work.oldest_days, work.account


def _work(wish: TaskWish, urgency: Urgency, owners_of: Mapping[AccountRef, str]) -> Work:
    return Work(
        account=str(wish.account),
        name=wish.name,
        owner=owners_of.get(wish.account, ""),
        level=wish.step.level,
        action=wish.step.action,
        overdue=Money(wish.step.overdue, wish.currency),
        items=len(wish.step.items),
        oldest_days=wish.step.oldest_days,
        promises=sum(promise.status == "open" for promise in wish.promises),
        urgency=urgency,
        waits=wish.step.items[0].paused,
    )


def _owner_names(conn: sa.Connection) -> dict[AccountRef, str]:
    same = sa.and_(owners.c.system == accounts.c.system, owners.c.record_id == accounts.c.owner_id)
    statement = sa.select(accounts.c.system, accounts.c.record_id, owners.c.name).join(owners, same)
    return {AccountRef(row.system, row.record_id): row.name for row in conn.execute(statement)}


def limitation_clock(survey: Survey, words: TaskWords) -> list[LimitationAlert]:
    """List open items whose limitation ends within the policy's alert days, the most urgent first."""
    found: list[LimitationAlert] = []
    with reading(survey.engine) as conn:
        names = entity_names(conn)
        for chunk in entity_chunks(conn, ENTITIES_AT_ONCE):
            found += _alerts(conn, chunk, survey, words, names)
    return sorted(found, key=lambda alert: (alert.days_left, alert.item))


def _alerts(
    conn: sa.Connection,
    chunk: Sequence[str],
    survey: Survey,
    words: TaskWords,
    names: Mapping[str, str],
) -> Iterable[LimitationAlert]:
    book = load_book(conn, chunk, survey.rates, policy_currency=survey.policy.currency)
    items = open_items(book, survey.policy, survey.as_of, calendar=words.calendar)
    for row in limitation_alerts(book, items, survey.policy.limitation, survey.as_of).to_dicts():
        yield LimitationAlert(
            name=names.get(row["entity"], row["entity"]),
            open=Money(row["open"], row["currency"]),
            **{
                field: row[field]
                for field in LimitationAlert.__struct_fields__
                if field not in {"name", "open"}
            },
        )


def work_sheet(found: Sequence[Work], texts: Texts) -> Sheet:
    """Lay out the worklist, each line with the factors of its score."""
    rows: list[list[Cell]] = [
        [
            work.name,
            work.owner or "–",
            _step(work, texts),
            work.overdue,
            work.oldest_days,
            work.urgency.score,
        ]
        for work in found
    ]
    columns = ("company", "owner", "step", "overdue", "oldest_days", "priority")
    return Sheet.of(texts, "worklist", columns, rows, words=3)


def _step(work: Work, texts: Texts) -> str:
    lines = [f"L{work.level} {texts.say(f'action.{work.action}')}", _why(work.urgency, texts)]
    if work.waits is not None:
        lines.append(texts.say(f"task.waits.{work.waits}"))
    return "\n".join(lines)


def _why(urgency: Urgency, texts: Texts) -> str:
    return texts.say(
        "report.why_urgent",
        amount=urgency.amount,
        late=_plain(urgency.late_share),
        severity=_plain(urgency.severity),
        grade=_plain(urgency.grade_factor),
    )


def _plain(factor: Decimal) -> str:
    return f"{factor.normalize():f}"


def limitation_sheet(found: Sequence[LimitationAlert], texts: Texts) -> Sheet:
    """Lay out the limitation clock."""
    rows: list[list[Cell]] = [
        [
            alert.name,
            alert.number,
            texts.say(
                "report.runs_from",
                event=texts.say(f"limitation.{alert.event}"),
                on=alert.event_on,
            ),
            texts.day(alert.ends_on),
            alert.open,
            alert.days_left,
        ]
        for alert in found
    ]
    columns = ("company", "invoice", "runs_from", "ends_on", "open", "days_left")
    return Sheet.of(texts, "limitation", columns, rows, words=4)
