"""Explanations of past days go; what was decided, and how the present came about, stays."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from connector.clock import FixedClock
from connector.config import Retention
from connector.flow.assess import Rules, assess_stale
from connector.flow.entities import group_entities
from connector.flow.replay import tell
from connector.flow.retention import old_rows, retain
from connector.store.assessments import history, signals_at
from connector.store.engine import reading
from connector.store.snapshots import ageing_at
from connector.store.tables import assessments
from scoring.records import Kind
from tests.connector.flow.deciding import AS_OF, real_rules
from tests.connector.store.saving import NOW, save
from tests.crm_records import an_account, an_invoice

ENTITY = "zoho:a"
DAYS = (AS_OF, AS_OF + timedelta(days=1), AS_OF + timedelta(days=2))
PLAN = Retention(explanations_days=30)


@pytest.fixture
def rules() -> Rules:
    return real_rules()


@pytest.fixture
def decided(engine: sa.Engine, clock: FixedClock, rules: Rules) -> sa.Engine:
    """A company that was assessed on three days, late with its invoice."""
    save(engine, Kind.ACCOUNTS, an_account("a"))
    save(engine, Kind.INVOICES, an_invoice("i1", "a", issued_on=AS_OF - timedelta(days=95)))
    group_entities(engine, now=NOW)
    for day in DAYS:
        assess_stale(engine, rules, day, clock, only=[ENTITY])
    return engine


def _explained(engine: sa.Engine) -> list[date]:
    with reading(engine) as conn:
        return [each.assessment.as_of for each in history(conn, ENTITY) if each.explanation]


def _retain(engine: sa.Engine, today: date, portion: int = 500) -> int:
    counted = old_rows(engine, PLAN, now=NOW, today=today)
    done = retain(engine, PLAN, now=NOW, today=today, portion=portion)
    assert done == counted
    return done["explanations"]


def test_an_explanation_goes_on_the_day_after_its_last(decided: sa.Engine) -> None:
    assert _explained(decided) == list(DAYS)

    assert _retain(decided, AS_OF + timedelta(days=30)) == 0
    assert _retain(decided, AS_OF + timedelta(days=31)) == 1
    assert _explained(decided) == list(DAYS[1:])


def test_the_latest_stays_however_old(decided: sa.Engine) -> None:
    assert _retain(decided, AS_OF + timedelta(days=4000), portion=1) == 2
    assert _explained(decided) == [DAYS[-1]]
    assert _retain(decided, AS_OF + timedelta(days=4000)) == 0


def test_what_was_decided_stays(decided: sa.Engine) -> None:
    with reading(decided) as conn:
        before = [each.assessment for each in history(conn, ENTITY)]
        ageing = ageing_at(conn, AS_OF)

    _retain(decided, AS_OF + timedelta(days=4000))

    with reading(decided) as conn:
        assert [each.assessment for each in history(conn, ENTITY)] == before
        assert ageing_at(conn, AS_OF).equals(ageing)
        warned = {each.entity for each in before if each.as_of == AS_OF and each.signals}
        assert {entity for entity, found in signals_at(conn, AS_OF).items() if found is None} == (
            warned
        )


def test_a_day_whose_explanation_is_gone_is_worked_out_again(
    decided: sa.Engine, rules: Rules
) -> None:
    today = AS_OF + timedelta(days=4000)
    before = tell(decided, rules, ENTITY, AS_OF, today=today)

    _retain(decided, today)
    after = tell(decided, rules, ENTITY, AS_OF, today=today)
    later = tell(decided, rules, ENTITY, DAYS[-1], today=today)

    assert (before.recorded, after.recorded) == (True, False)
    assert after.document == before.document
    assert (later.recorded, later.change) == (True, None)


def test_the_old_ones_are_found_by_their_day(decided: sa.Engine) -> None:
    if decided.dialect.name != "sqlite":
        pytest.skip("PostgreSQL reads a small table as a whole")
    query = "SELECT id FROM assessments WHERE as_of < ? AND NOT latest AND length(explanation) > 8"
    with reading(decided) as conn:
        plan = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", ("2026-01-01",)).all()

    assert "ix_assessments_explained" in str(plan)
    assert "ix_assessments_explained" in {index.name for index in assessments.indexes}
