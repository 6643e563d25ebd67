"""Rules simple enough to be checked by eye: what is open makes the exposure, what is late the grade."""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import partial
from zoneinfo import ZoneInfo

import msgspec
import polars as pl
import sqlalchemy as sa

from adapters.port import CrmPort
from connector.calendars import work_calendar
from connector.clock import Clock
from connector.flow.assess import Rules
from connector.flow.fields import plan_fields
from connector.flow.job import Job
from connector.flow.task_text import TaskWords
from connector.texts.catalogue import Texts
from scoring.assess import assess
from scoring.assessment import Assessment
from scoring.book import Book
from scoring.explain import explain, explanation_bytes
from scoring.money import Money
from scoring.policy import Policy

__all__ = ["AS_OF", "a_job", "real_rules", "simple_rules"]

AS_OF = date(2026, 11, 24)
SYSTEMS = ("zoho", "fx")


@dataclass(frozen=True)
class SimpleDecided:
    """Assessments of one Book."""

    found: list[Assessment]

    def rows(self) -> Iterable[Assessment]:
        return self.found


def simple_assess(book: Book, policy: Policy, as_of: date) -> SimpleDecided:
    """Decide from the sums of invoices and allocations."""
    paid = book.allocations.group_by("item").agg(pl.col("amount").sum().alias("paid"))
    items = book.items.filter(pl.col("issued_on") <= as_of).join(paid, on="item", how="left")
    items = items.with_columns((pl.col("amount") - pl.col("paid").fill_null(0)).alias("open"))
    found = [
        _assessment(row, items.filter(pl.col("entity") == row["entity"]), policy, as_of)
        for row in book.entities.to_dicts()
    ]
    return SimpleDecided(found)


def _assessment(
    row: Mapping[str, str], items: pl.DataFrame, policy: Policy, as_of: date
) -> Assessment:
    late = items.filter((pl.col("due_on") < as_of) & (pl.col("open") > 0))
    exposure = Money(int(items["open"].sum()), row["currency"])
    overdue = Money(int(late["open"].sum()), row["currency"])
    return Assessment(
        entity=row["entity"],
        as_of=as_of,
        policy_version=policy.version,
        rating="CCC" if overdue.minor else "A",
        score=Decimal("40.0") if overdue.minor else Decimal("80.0"),
        outlook="stable",
        currency=row["currency"],
        limit=Money(100_000_00, row["currency"]),
        limit_valid_to=None,
        exposure=exposure,
        available=Money(100_000_00 - exposure.minor, row["currency"]),
        utilisation=None,
        overdue=overdue,
        oldest_days=0,
        ageing=None,
        days_late=None,
        watch_level="normal",
        hold="none",
        hold_reason=None,
        reasons=(),
        terms_days=30,
        next_review_on=date(2027, 1, 1),
        completeness=50,
        data_as_of=None,
        inputs_hash=f"{exposure.minor}/{overdue.minor}",
    )


def simple_explain(decided: SimpleDecided, entity: str) -> bytes:
    """Explain by the assessment itself."""
    return next(msgspec.json.encode(one) for one in decided.found if one.entity == entity)


def simple_rules(policy: Policy | None = None) -> Rules:
    texts = {system: Texts("zh") for system in SYSTEMS}
    return Rules(
        policy=policy or Policy(),
        rates={},
        assess=simple_assess,
        explain=simple_explain,
        plan=partial(plan_fields, texts=texts),
    )


def real_rules() -> Rules:
    """Decide as the product does, with explanations as they are stored."""
    return replace(
        simple_rules(),
        assess=assess,
        explain=lambda decided, entity: explanation_bytes(explain(decided, entity)),
    )


def a_job(engine: sa.Engine, clock: Clock, *ports: CrmPort) -> Job:
    """Put a job together over these CRMs."""
    words = TaskWords(
        texts={system: Texts("zh") for system in SYSTEMS},
        calendar=work_calendar("CN", range(2025, 2028)),
        zone=ZoneInfo("Asia/Shanghai"),
    )
    return Job(
        engine=engine,
        ports={port.system: port for port in ports},
        clock=clock,
        rules=simple_rules(),
        words=words,
        step_time=lambda _as_of: clock.now(),
        rng=random.Random(7),
    )
