"""A company is explained as of any day: as recorded then, or worked out again to the same bytes."""

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from connector.clock import FixedClock
from connector.flow.assess import Rules, assess_stale
from connector.flow.entities import group_entities
from connector.flow.replay import Told, tell
from connector.store.assessments import assessment_on
from connector.store.engine import reading, writing
from connector.store.file_tables import decisions
from connector.store.tables import assessments
from scoring.records import Kind
from tests.connector.flow.deciding import AS_OF, real_rules
from tests.connector.store.saving import NOW, save
from tests.crm_records import an_account, an_invoice
from tests.file_records import a_credit_record, a_promise

ENTITY = "zoho:b"
LATER = AS_OF + timedelta(days=40)


@pytest.fixture
def rules() -> Rules:
    return real_rules()


@pytest.fixture
def family(engine: sa.Engine) -> sa.Engine:
    """A parent and its subsidiary, which owes, promised to pay and was held by a person."""
    save(engine, Kind.ACCOUNTS, an_account("a"), an_account("b", parent_id="a"))
    owed = an_invoice("i1", "b", issued_on=AS_OF - timedelta(days=80))
    disputed = an_invoice("i2", "b", issued_on=AS_OF - timedelta(days=20))
    save(engine, Kind.INVOICES, owed, disputed, an_invoice("i3", "a"))
    save(engine, Kind.PROMISES, a_promise("s1", "b"))
    save(engine, Kind.CREDIT_RECORDS, a_credit_record("r1", "b"))
    decide(engine, "hold-1", "hold", from_on=AS_OF - timedelta(days=5))
    group_entities(engine, now=NOW)
    return engine


def decide(engine: sa.Engine, decision_id: str, kind: str, **more: Any) -> None:
    row = {
        "id": decision_id,
        "account_system": "zoho",
        "account_id": "b",
        "kind": kind,
        "state": "approved",
        "to_on": AS_OF + timedelta(days=60),
        "reason": "new_facts",
        "text": "x" * 20,
        "author": "李梅",
        "approver": "王强",
        "created_at": NOW,
        **more,
    }
    with writing(engine) as conn:
        conn.execute(decisions.insert(), row)


def time_goes_on(engine: sa.Engine) -> None:
    """Let facts arrive that nobody knew of on the day, and end what stood then."""
    late = AS_OF + timedelta(days=3)
    save(engine, Kind.INVOICES, an_invoice("i9", "b", issued_on=late))
    save(engine, Kind.CREDIT_RECORDS, a_credit_record("r9", "b", known_on=late))
    decide(engine, "review-1", "review", from_on=late, to_on=None)
    with writing(engine) as conn:
        ended = decisions.update().where(decisions.c.id == "hold-1")
        conn.execute(ended.values(state="ended", ended_on=late, ended_by="李梅"))


def stored(engine: sa.Engine, day: date) -> bytes:
    with reading(engine) as conn:
        found = assessment_on(conn, ENTITY, day)
    assert found is not None
    assert found.assessment.as_of == day
    return found.explanation


def told(engine: sa.Engine, rules: Rules, day: date, *, anew: bool = False) -> Told:
    return tell(engine, rules, ENTITY, day, today=LATER, anew=anew)


@pytest.mark.parametrize("anew", [False, True], ids=["recorded", "replayed"])
def test_a_past_day_has_the_bytes_of_then(
    family: sa.Engine, clock: FixedClock, rules: Rules, *, anew: bool
) -> None:
    days = (AS_OF - timedelta(days=30), AS_OF)
    for day in days:
        assess_stale(family, rules, day, clock, only=[ENTITY])
    then = {day: stored(family, day) for day in days}

    time_goes_on(family)
    assess_stale(family, rules, LATER, clock, only=[ENTITY])

    for day in days:
        assert told(family, rules, day, anew=anew).document == then[day]
    assert told(family, rules, LATER).document == stored(family, LATER)


def test_a_subsidiary_is_explained_with_its_group(
    family: sa.Engine, clock: FixedClock, rules: Rules
) -> None:
    assess_stale(family, rules, AS_OF, clock, only=[ENTITY])

    found = told(family, rules, AS_OF, anew=True)

    assert found.explanation.company is not None
    assert found.explanation.company.top == "公司a"
    assert found.document == stored(family, AS_OF)


def test_the_change_is_that_to_the_newest_assessment_before(
    family: sa.Engine, clock: FixedClock, rules: Rules
) -> None:
    for day in (AS_OF - timedelta(days=30), AS_OF):
        assess_stale(family, rules, day, clock, only=[ENTITY])

    now, first = told(family, rules, AS_OF), told(family, rules, AS_OF - timedelta(days=30))
    gap = told(family, rules, AS_OF - timedelta(days=10))

    assert now.change is not None
    assert (now.change.from_on, now.change.to_on) == (AS_OF - timedelta(days=30), AS_OF)
    assert now.change.decisions_new == ("hold",)
    assert first.change is None
    assert gap.change is not None
    assert gap.change.to_on == AS_OF - timedelta(days=10)
    assert (now.recorded, gap.recorded) == (True, False)


def test_who_decided_is_told(family: sa.Engine, rules: Rules) -> None:
    found = told(family, rules, AS_OF)

    assert [one.decision for one in found.explanation.decisions] == ["hold-1"]
    assert found.people == {"hold-1": "李梅 / 王强"}


def test_a_record_of_an_older_engine_is_worked_out_again(
    family: sa.Engine, clock: FixedClock, rules: Rules
) -> None:
    assess_stale(family, rules, AS_OF, clock, only=[ENTITY])
    right = stored(family, AS_OF)
    old = msgspec.json.encode({"engine_version": "1", "gates": []})
    with writing(family) as conn:
        conn.execute(assessments.update().values(explanation=old))

    found = told(family, rules, AS_OF)

    assert (found.document, found.recorded) == (right, False)


def test_explaining_keeps_nothing(family: sa.Engine, rules: Rules) -> None:
    told(family, rules, AS_OF)

    with reading(family) as conn:
        assert assessment_on(conn, ENTITY, LATER) is None
