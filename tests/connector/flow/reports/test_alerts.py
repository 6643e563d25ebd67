"""Alerts: what changed between two days, told once; small ones apart; in both languages."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from connector.clock import FixedClock
from connector.flow.reports.alerts import Alerted, alert_sheets, alerts_between
from connector.store.tables import assessments
from connector.texts.catalogue import Texts
from tests.connector.flow.deciding import AS_OF
from tests.connector.flow.reports.surveying import night, record, two_customers


def on(days: int) -> date:
    """Name a day after the first."""
    return AS_OF + timedelta(days=days)


def told(found: tuple[Alerted, ...]) -> dict[str, tuple[str, str]]:
    return {one.signal.code: (one.name, one.change) for one in found}


@pytest.fixture
def debtor(engine: sa.Engine, clock: FixedClock) -> sa.Engine:
    """甲 is all right on the first day, a dishonest debtor on the next two, and struck off then."""
    two_customers(engine, due_on=on(30))
    night(engine, clock)
    record(engine, "dishonest", known_on=on(1), event_on=on(1))
    night(engine, clock, days=1)
    night(engine, clock, days=1)
    record(engine, "dishonest", known_on=on(1), event_on=on(1), ended_on=on(3))
    night(engine, clock, days=1)
    return engine


def test_a_signal_is_told_when_it_is_raised_and_when_it_is_cleared_and_not_between(
    debtor: sa.Engine,
) -> None:
    nights = [told(alerts_between(debtor, on(day - 1), on(day)).alerts) for day in range(1, 4)]

    assert [found.get("E14") for found in nights] == [
        ("甲公司", "raised"),
        None,
        ("甲公司", "cleared"),
    ]


def test_what_came_and_went_between_the_two_days_is_no_news(debtor: sa.Engine) -> None:
    found = alerts_between(debtor, on(0), on(3))

    assert "E14" not in told(found.alerts)
    assert "E14" not in told(found.digest)


def test_before_the_first_assessment_nothing_stood(debtor: sa.Engine) -> None:
    found = alerts_between(debtor, on(-1), on(2))

    assert told(found.alerts)["E14"] == ("甲公司", "raised")
    assert found.alerts[0].signal.first_on == on(1)


def test_a_small_signal_goes_into_the_digest(engine: sa.Engine, clock: FixedClock) -> None:
    """A balance that the customer will not confirm (E22) asks for attention only."""
    two_customers(engine, due_on=on(30))
    night(engine, clock)
    record(engine, "balance_confirmation", status="refused", known_on=on(1), event_on=on(1))
    night(engine, clock, days=1)

    found = alerts_between(engine, on(0), on(1))

    assert (told(found.alerts), told(found.digest)) == ({}, {"E22": ("甲公司", "raised")})


@pytest.mark.parametrize(
    ("lang", "words"), [("zh", ("新增", "严重", "自 ")), ("en", ("raised", "critical", "since"))]
)
def test_alerts_read_in_both_tongues(lang: str, words: tuple[str, ...], debtor: sa.Engine) -> None:
    grave, digest = alert_sheets(alerts_between(debtor, on(0), on(1)), Texts(lang))

    line = " ".join(str(cell) for row in grave.rows for cell in row)
    assert all(word in line for word in ("甲公司", "E14", *words)), line
    assert digest.rows == ()
    assert digest.empty


def test_who_cannot_be_compared_is_named(debtor: sa.Engine) -> None:
    with debtor.begin() as conn:
        conn.execute(
            assessments.update()
            .where(assessments.c.entity == "zoho:a1", assessments.c.as_of == on(1))
            .values(explanation=b'{"signals": ["E14"]}')
        )

    found = alerts_between(debtor, on(0), on(1))

    assert (found.alerts, found.unread) == ((), ("甲公司",))
    assert alert_sheets(found, Texts("en"))[-1].rows == (("甲公司",),)
