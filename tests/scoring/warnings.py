"""How the tests of early warning ask: a whole assessment's row, or one rule on made-up figures."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import polars as pl

from scoring.assess import assess
from scoring.book import Book
from scoring.policy import Policy
from scoring.schemas import SCHEMAS
from scoring.warning.rule import Rule
from tests.builders import AS_OF, Row, a_rate, days_ago, frames_of

__all__ = ["earlier_signal", "figures", "level_of", "previously"]


def figures(
    *rows: Row | list[Row],
    as_of: date = AS_OF,
    policy: Policy | None = None,
    previous: Row | None = None,
    entity: str = "E1",
) -> dict[str, Any]:
    """Assess and return one entity's row."""
    every = [*rows, *([] if previous is None else [previous])]
    book = Book.of(rates={"USD": a_rate("7")}, **frames_of(every))
    return assess(book, policy or Policy(), as_of).figures(entity)


def previously(
    *,
    limit: int | None = None,
    level: str = "normal",
    as_of: date | None = None,
    score: float | None = None,
    entity: str = "E1",
) -> Row:
    """Make the newest earlier assessment."""
    values = dict.fromkeys(SCHEMAS["previous"]) | {"entity": entity, "currency": "CNY"}
    known = {"as_of": as_of or days_ago(1), "limit": limit, "watch_level": level, "score": score}
    return Row("previous", values | known | {"grade": "BBB", "score_grade": "BBB"})


def earlier_signal(code: str, first_on: date, last_on: date, *, entity: str = "E1") -> Row:
    """Make a signal that an earlier assessment saw."""
    values = {"signal": f"{entity}-{code}-{first_on}", "entity": entity, "code": code}
    return Row("signals", values | {"first_on": first_on, "last_on": last_on})


def level_of(
    rules: Iterable[Rule],
    code: str,
    known: Mapping[str, object],
    types: Mapping[str, type[pl.DataType]],
) -> int:
    """Work out one rule's level for one row of figures."""
    rule = next(rule for rule in rules if rule.code == code)
    frame = pl.DataFrame([dict(known)], schema_overrides=dict(types))
    level = frame.select(rule.level(Policy()).alias("level"))["level"][0]
    assert isinstance(level, int)
    return level
