"""The review queue (复审队列, credit-management 11): what a person must look at, and until when.

Reviews that are due by the grade's interval or the watch list, what calls for one now, limits,
decisions and documents that run out, and requests that nobody has decided.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from typing import Any

import msgspec
import polars as pl

from connector.flow.decisions import Decision, list_decisions
from connector.flow.reports.sheets import Cell, Sheet
from connector.flow.reports.survey import Portion, Survey
from connector.store.accounts import entity_names
from connector.store.engine import reading
from connector.texts.catalogue import Texts
from scoring.calendar import WorkCalendar
from scoring.dossier import expiring_items
from scoring.review import overdue_request

__all__ = ["ReviewItem", "review_queue", "review_sheet"]

_ORDER = ("trigger", "review", "request", "limit", "decision", "document")


class ReviewItem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to look at by ``due_on``.

    ``what`` is trigger, review, request, limit, decision or document; ``detail`` says which: a
    trigger's code, cycle or watch, a decision's kind, a document's item. ``id`` names a decision.
    """

    entity: str
    name: str
    rating: str
    due_on: date
    what: str
    detail: str
    id: str | None = None


def review_queue(
    survey: Survey,
    calendar: WorkCalendar,
    within_days: int | None = None,
    *,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[ReviewItem]:
    """List what is due within so many days, the earliest first; what is past due stays.

    Without ``within_days`` the policy's notice counts: that of overrides for all but documents,
    which have their own. Documents are never told earlier than the policy's notice.
    """
    notice = survey.policy.review.override_notice_days if within_days is None else within_days
    until = survey.as_of + timedelta(days=notice)
    with reading(survey.engine) as conn:
        names, decisions = entity_names(conn), list_decisions(conn)
    ratings: dict[str, str] = {}
    found: list[ReviewItem] = []
    for portion in survey.portions(progress=progress):
        ratings |= dict(portion.frame.select("entity", "rating").iter_rows())
        found += _of_portion(portion, until, within_days)
    found += _decided(decisions, survey, calendar, until)
    named = [
        msgspec.structs.replace(
            item,
            name=names.get(item.entity, item.entity),
            rating=ratings.get(item.entity, ""),
        )
        for item in found
    ]
    return sorted(named, key=lambda item: (item.due_on, _ORDER.index(item.what), item.name))


def _item(
    entity: str, due_on: date, what: str, detail: str, decision: str | None = None
) -> ReviewItem:
    return ReviewItem(
        entity=entity, name="", rating="", due_on=due_on, what=what, detail=detail, id=decision
    )


def _of_portion(portion: Portion, until: date, within_days: int | None) -> Iterator[ReviewItem]:
    for row in portion.frame.iter_rows(named=True):
        yield from _of_row(row, portion.decided.as_of, until)
    documents = _documents(portion)
    for entity, item, valid_to in documents.iter_rows():
        if within_days is None or valid_to <= until:
            yield _item(entity, valid_to, "document", item)


def _of_row(row: dict[str, Any], as_of: date, until: date) -> Iterator[ReviewItem]:
    for code in (row["review_due"] or "").split():
        yield _item(row["entity"], as_of, "trigger", code)
    if row["next_review_on"] <= until:
        why = "cycle" if row["review_asked_on"] is None else "watch"
        yield _item(row["entity"], row["next_review_on"], "review", why)
    if row["limit_valid_to"] is not None and row["limit_valid_to"] <= until:
        why = "expired" if row["limit_expired"] else "expires"
        yield _item(row["entity"], row["limit_valid_to"], "limit", why)


def _documents(portion: Portion) -> pl.DataFrame:
    decided = portion.decided
    names = decided.book.ledger.entities.select("e", "entity")
    found = expiring_items(decided.book, decided.policy, decided.as_of).join(names, on="e")
    return portion.asked_of(found).select("entity", "item", "valid_to")


def _decided(
    decisions: Iterable[Decision], survey: Survey, calendar: WorkCalendar, until: date
) -> Iterator[ReviewItem]:
    """Tell of decisions that end soon (11: notice before an override reverts) and of idle requests."""
    for one in decisions:
        if one.entity is None:
            continue
        if one.state == "approved" and one.to_on is not None and survey.as_of <= one.to_on <= until:
            yield _item(one.entity, one.to_on, "decision", one.kind, one.id)
        asked_on = one.created_at.date()
        if one.state == "draft" and overdue_request(
            asked_on, survey.as_of, calendar, survey.policy.review
        ):
            days = survey.policy.review.escalate_after_workdays
            yield _item(
                one.entity, calendar.add_workdays(asked_on, days), "request", one.kind, one.id
            )


def review_sheet(found: Iterable[ReviewItem], as_of: date, texts: Texts) -> Sheet:
    """Lay out the queue."""
    rows: list[list[Cell]] = [
        [
            texts.day(item.due_on),
            item.name,
            item.rating,
            f"{texts.say(f'review.{item.what}')}: {_detail(item, texts)}",
            (item.due_on - as_of).days,
        ]
        for item in found
    ]
    columns = ("due", "company", "grade", "what", "days_left")
    return Sheet.of(texts, "review_queue", columns, rows, words=len(columns) - 1)


def _detail(item: ReviewItem, texts: Texts) -> str:
    if item.what == "document":
        return texts.say(f"dossier.{item.detail}")
    if item.what in {"decision", "request"}:
        return f"{texts.say(f'decision.kind.{item.detail}')} {item.id}"
    if item.what == "trigger":
        return texts.say(f"review_due.{item.detail}")
    if item.what == "trigger":
        return texts.say(f"review_due.{item.detail}")
    return texts.say(f"review.{item.what}.{item.detail}")
