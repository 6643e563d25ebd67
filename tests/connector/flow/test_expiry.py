"""Decisions that began or ended: their companies are looked at again without anybody asking."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from connector.flow.expiry import LOOKED_BACK, mark_turned
from connector.store.engine import in_one_commit, writing
from connector.store.file_tables import decisions
from connector.store.tables import stale
from tests.connector.store.saving import NOW

TODAY = date(2026, 11, 24)
DAY = timedelta(days=1)
BEFORE = TODAY - timedelta(days=90)


def marked(engine: sa.Engine, **values: object) -> bool:
    """Keep a decision and tell whether its account is looked at again."""
    row = {
        "id": "d1",
        "account_system": "zoho",
        "account_id": "a1",
        "kind": "override",
        "state": "approved",
        "from_on": BEFORE,
        "to_on": None,
        "ended_on": None,
        "reason": "facts",
        "text": "x",
        "author": "李梅",
        "created_at": NOW,
        **values,
    }
    with writing(engine) as conn:
        conn.execute(decisions.delete())
        conn.execute(stale.delete())
        conn.execute(decisions.insert().values(row))
    in_one_commit(engine, lambda conn: mark_turned(conn, TODAY))
    with writing(engine) as conn:
        found = conn.execute(sa.select(stale.c.system, stale.c.account_id)).all()
    assert {tuple(each) for each in found} <= {("zoho", "a1")}
    return bool(found)


@pytest.mark.parametrize(
    ("to_on", "expected"),
    [
        (TODAY, False),  # its last day is in force
        (TODAY - DAY, True),
        (TODAY - LOOKED_BACK, True),
        (TODAY - LOOKED_BACK - DAY, False),
        (None, False),
    ],
)
def test_one_that_ran_out(engine: sa.Engine, to_on: date | None, *, expected: bool) -> None:
    assert marked(engine, to_on=to_on) is expected


@pytest.mark.parametrize(
    ("from_on", "expected"),
    [(TODAY + DAY, False), (TODAY, True), (TODAY - DAY, True), (TODAY - LOOKED_BACK, False)],
)
def test_one_that_began(engine: sa.Engine, from_on: date, *, expected: bool) -> None:
    assert marked(engine, from_on=from_on) is expected


def test_one_that_a_person_ended(engine: sa.Engine) -> None:
    assert marked(engine, state="ended", ended_on=TODAY)
    assert not marked(engine, state="ended", ended_on=TODAY + DAY)


def test_a_draft_turns_nothing(engine: sa.Engine) -> None:
    assert not marked(engine, state="draft", from_on=TODAY)
