"""Ageing as it was seen day by day: kept once, filled from the days before, missing stays missing."""

from datetime import date, timedelta

import msgspec
import polars as pl
import sqlalchemy as sa

from connector.store.engine import reading, writing
from connector.store.file_tables import snapshots
from connector.store.snapshots import FILLED_DAYS, SNAPSHOT_COLUMNS, ageing_at, keep_snapshots
from scoring.assess import assess
from scoring.assessment import Ageing, Assessment
from scoring.money import Money
from scoring.policy import Policy
from tests.builders import a_book, an_entity
from tests.connector.store.saving import rows

DAY = date(2026, 3, 31)


def owing(entity: str, *buckets: int, on: date = DAY, currency: str = "CNY") -> Assessment:
    """Say that a company owes these five amounts, and that all past due is overdue."""
    amounts = [Money(minor, currency) for minor in buckets]
    names = ("current", "days_1_30", "days_31_60", "days_61_90", "over_90")
    assessed = assess(a_book(an_entity(entity)), Policy(), on).row(entity)
    return msgspec.structs.replace(
        assessed,
        currency=currency,
        ageing=Ageing(**dict(zip(names, amounts, strict=True))),
        overdue=Money(sum(buckets[1:]), currency),
        exposure=Money(sum(buckets), currency),
    )


def keep(engine: sa.Engine, *assessed: Assessment) -> None:
    with writing(engine) as conn:
        keep_snapshots(conn, assessed)


def seen(engine: sa.Engine, day: date) -> pl.DataFrame:
    with reading(engine) as conn:
        return ageing_at(conn, day)


def test_a_day_is_kept_once_an_entity_with_its_currency(engine: sa.Engine) -> None:
    keep(engine, owing("b", 100, 20, 0, 0, 3), owing("a", 7, 0, 0, 0, 0, currency="USD"))
    before = rows(engine, snapshots)

    keep(engine, owing("b", 100, 20, 0, 0, 3))

    assert rows(engine, snapshots) == before
    assert seen(engine, DAY).rows() == [
        ("a", DAY, "USD", 7, 0, 0, 0, 0, 0, 7),
        ("b", DAY, "CNY", 100, 20, 0, 0, 3, 23, 123),
    ]


def test_what_is_seen_later_on_the_same_day_replaces_it(engine: sa.Engine) -> None:
    keep(engine, owing("a", 100, 20, 0, 0, 3))
    keep(engine, owing("a", 100, 0, 0, 0, 0))

    assert seen(engine, DAY)["overdue"].to_list() == [0]


def test_days_without_a_snapshot_are_filled_for_a_week(engine: sa.Engine) -> None:
    keep(engine, owing("a", 1, 0, 0, 0, 0), owing("a", 2, 0, 0, 0, 0, on=DAY + timedelta(days=2)))

    days = [DAY + timedelta(days=days) for days in (-1, 0, 1, 2, 1 + FILLED_DAYS, 2 + FILLED_DAYS)]

    assert [seen(engine, day)["current"].to_list() for day in days] == [[], [1], [1], [2], [2], []]


def test_an_amount_that_could_not_be_known_stays_unknown(engine: sa.Engine) -> None:
    unknown = msgspec.structs.replace(
        owing("a", 0, 0, 0, 0, 0), ageing=None, overdue=None, exposure=None
    )
    keep(engine, unknown)

    found = seen(engine, DAY)

    assert found.schema == pl.Schema(SNAPSHOT_COLUMNS)
    assert found.row(0)[2:] == ("CNY", *(None,) * 7)
