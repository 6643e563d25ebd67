"""The review queue: reviews, triggers, what runs out, and requests that nobody decided."""

from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from connector.flow.reports.reviews import ReviewItem, review_queue, review_sheet
from connector.texts.catalogue import LANGUAGES, Texts
from scoring.policy import Policy
from scoring.records import Kind
from tests.connector.flow.deciding import AS_OF
from tests.connector.flow.reports.surveying import CALENDAR, a_survey, decided, two_customers
from tests.connector.store.saving import NOW, save
from tests.file_records import a_credit_record

NOTICE = Policy().review.override_notice_days


def queue(engine: sa.Engine, within: int | None = None, as_of: date = AS_OF) -> list[ReviewItem]:
    return review_queue(a_survey(engine, as_of), CALENDAR, within)


def told(found: list[ReviewItem], entity: str = "zoho:a1") -> list[tuple[str, str, date]]:
    return [(item.what, item.detail, item.due_on) for item in found if item.entity == entity]


def test_reviews_come_by_the_interval_and_no_sooner_than_asked_for(engine: sa.Engine) -> None:
    two_customers(engine, due_on=AS_OF + timedelta(days=30))
    decided(engine, "review", from_on=AS_OF)

    soon, far = told(queue(engine)), told(queue(engine, within=400))

    assert soon == []
    ((what, detail, due_on),) = [item for item in far if item[0] == "review"]
    assert (what, detail) == ("review", "cycle")
    assert due_on > AS_OF + timedelta(days=NOTICE)
    assert "limit" in {item[0] for item in far}


def test_an_item_that_is_late_for_long_calls_for_a_look_today(engine: sa.Engine) -> None:
    two_customers(engine, due_on=AS_OF - timedelta(days=75))

    found = queue(engine)

    assert ("trigger", "long_delay", AS_OF) in told(found)
    assert [item.due_on for item in found] == sorted(item.due_on for item in found)
    assert {item.name for item in found if item.entity == "zoho:a1"} == {"甲公司"}


@pytest.mark.parametrize(("days", "times"), [(NOTICE, 1), (NOTICE + 1, 0), (-1, 0)])
def test_decisions_are_told_before_they_end(days: int, times: int, engine: sa.Engine) -> None:
    two_customers(engine)
    until = AS_OF + timedelta(days=days)
    decided(engine, "override", grade="BB", to_on=until)

    found = [item for item in queue(engine) if item.what == "decision"]

    expected = [("override", until, "override")] * times
    assert [(item.detail, item.due_on, item.id) for item in found] == expected


def test_requests_that_lie_idle_go_up(engine: sa.Engine) -> None:
    """24 November 2026 is a Tuesday; two working days later it is Thursday."""
    two_customers(engine)
    decided(engine, "limit", state="draft", approver=None, created_at=NOW)

    after = [queue(engine, as_of=AS_OF + timedelta(days=days)) for days in (2, 3)]

    requests = [[item for item in found if item.what == "request"] for found in after]
    assert requests[0] == []
    assert [(item.id, item.due_on) for item in requests[1]] == [
        ("limit", AS_OF + timedelta(days=2))
    ]


def test_documents_are_told_before_they_run_out(engine: sa.Engine) -> None:
    two_customers(engine)
    ends = AS_OF + timedelta(days=20)
    contract: dict[str, Any] = {"kind": "contract", "value": None, "known_on": date(2026, 1, 5)}
    save(engine, Kind.CREDIT_RECORDS, a_credit_record("r1", valid_to=ends, **contract))
    policy = Policy(groups=("payment", "history"))

    survey = a_survey(engine, policy=policy)
    by_notice = review_queue(survey, CALENDAR)
    within = review_queue(survey, CALENDAR, 19)

    assert ("document", "contract", ends) in told(by_notice)
    assert "document" not in {item.what for item in within}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_item_has_its_words(language: str, engine: sa.Engine) -> None:
    details = {
        "trigger": ("score_drop", "long_delay", "watch_entries", "statements_expired"),
        "review": ("cycle", "watch"),
        "request": ("override",),
        "limit": ("expires", "expired"),
        "decision": ("dunning_block", "temporary_limit", "watch_note"),
        "document": ("contract",),
    }
    items = [
        ReviewItem(entity="e", name="甲", rating="A", due_on=AS_OF, what=what, detail=detail)
        for what, several in details.items()
        for detail in several
    ]

    sheet = review_sheet(items, AS_OF, Texts(language))

    assert len(sheet.rows) == len(items)
    assert sheet.rows[0][-1] == 0
