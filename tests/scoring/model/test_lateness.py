"""Every feature of lateness against a slow plain version, written from the definitions (17.4)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median, stdev
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.calendar import WorkCalendar
from scoring.model.lateness import FEATURES, INVOICE_COLUMNS, lateness

_START = date(2025, 1, 1)
_HOLIDAY = date(2025, 1, 20)  # a Monday, so its weekend is three days long
_CALENDAR = WorkCalendar({_HOLIDAY: False})


@dataclass(frozen=True)
class Plain:
    """One invoice."""

    customer: str
    posted: date
    due: date
    settled: date | None
    amount: int

    @property
    def segment(self) -> str:
        return self.customer[0]

    @property
    def days(self) -> int:
        assert self.settled is not None
        return (self.settled - self.due).days

    @property
    def late(self) -> bool:
        return self.days > 0

    def paid_before(self, day: date) -> bool:
        return self.settled is not None and self.settled < day


def a_frame(rows: Sequence[Plain]) -> pl.DataFrame:
    kinds = {"posted": pl.Date, "due": pl.Date, "settled": pl.Date, "amount": pl.Int64}
    values = [{name: getattr(row, name) for name in INVOICE_COLUMNS} for row in rows]
    texts = {"customer": pl.String, "segment": pl.String}
    return pl.DataFrame(values, schema={name: (texts | kinds)[name] for name in INVOICE_COLUMNS})


def share(rows: Sequence[Plain], prior: float, weight: float) -> float:
    return (sum(row.late for row in rows) + weight * prior) / (len(rows) + weight)


def logit(value: float) -> float:
    inside = min(max(value, 0.01), 0.99)
    return math.log(inside / (1 - inside))


def quantile(values: Sequence[int], part: float) -> float:
    ordered = sorted(values)
    place = part * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def plain_features(rows: Sequence[Plain], asked: Plain) -> dict[str, float | None]:
    """Work out all features of one invoice by looking at every other one."""
    t = asked.posted
    history = sorted(
        (row for row in rows if row.customer == asked.customer and row.paid_before(t)),
        key=lambda row: (row.settled, row.due, row.amount),
    )
    return {
        **_shares(rows, asked, history),
        **_amounts(asked, history),
        **_batch(rows, asked),
        "rest_run": _rest_run(asked.due),
        "due_dow": asked.due.weekday(),
        "n_history": len(history),
    }


def _recent(rows: Sequence[Plain], t: date) -> list[Plain]:
    opens = t - timedelta(days=120)
    return [row for row in rows if row.settled is not None and opens <= row.settled < t]


def _shares(
    rows: Sequence[Plain], asked: Plain, history: Sequence[Plain]
) -> dict[str, float | None]:
    t, recent = asked.posted, _recent(rows, asked.posted)
    segment = [row for row in recent if row.segment == asked.segment]
    same_day = [row for row in recent if row.due.weekday() == asked.due.weekday()]
    seg_late, port = share(segment, 0.4, 5), share(recent, 0.4, 5)
    port_dow = share(same_day, 0.4, 5)
    weights = [0.5 ** ((t - row.settled).days / 45) for row in history if row.settled]
    late = sum(weight * row.late for weight, row in zip(weights, history, strict=True))
    ew45 = (late + 0.2) / (sum(weights) + 0.5) if history else seg_late
    prior = 1 / (1 + math.exp(-(logit(ew45) + logit(port_dow) - logit(port))))
    dow = [row for row in history if row.due.weekday() == asked.due.weekday()]
    alike = [
        row for row in history[-50:] if abs(math.log((row.amount + 1) / (asked.amount + 1))) < 0.7
    ]
    very = sum(row.days > 30 for row in segment)
    return {
        "seg_late": seg_late,
        "seg_very": (very + 0.1) / (len(segment) + 5),
        "port": port,
        "port_dow": port_dow,
        "ew45": ew45,
        "prior": prior,
        "dowp": share(dow, prior, 4),
        "dowp10": share(dow[-10:], prior, 3),
        "dow_late": share(dow, ew45, 3),
        "dow_late10": share(dow[-10:], ew45, 2),
        "amt_late": share(alike, ew45, 3),
        "own_late": share(history, port, 5),
    }


def _amounts(asked: Plain, history: Sequence[Plain]) -> dict[str, float | None]:
    last, days = history[-50:], [row.days for row in history[-30:]]
    middle = median(row.amount for row in last) if last else None
    near = sum(abs(row.days) <= 1 for row in last)
    return {
        "lamt": math.log(1 + asked.amount),
        "rel_amt": None if middle is None else math.log((asked.amount + 1) / (middle + 1)),
        "x_mean": sum(row.amount for row in history) / len(history) if history else None,
        "sd30": stdev(days) if len(days) > 1 else None,
        "q75": quantile(days, 0.75) if days else None,
        "near0": near / len(last) if last else None,
    }


def _batch(rows: Sequence[Plain], asked: Plain) -> dict[str, float | None]:
    t = asked.posted
    own = [row for row in rows if row.customer == asked.customer]
    batch = [row for row in own if row.posted == t]
    total = sum(row.amount for row in batch)
    month = [row for row in own if t - timedelta(days=30) <= row.posted < t]
    standing = [row for row in own if row.posted < t and not row.paid_before(t)]
    open_ = sum(row.amount for row in standing)
    overdue = sum(row.amount for row in standing if row.due < t)
    return {
        "n_batch": len(batch),
        "share_batch": asked.amount / total if total else None,
        "n30p": len(month),
        "over_share": overdue / open_ if open_ else None,
    }


def _rest_run(day: date) -> int:
    count = 0
    while not _CALENDAR.is_workday(day + timedelta(days=count)):
        count += 1
    return count


@st.composite
def invoices(draw: st.DrawFn) -> list[Plain]:
    """Few customers, close dates and repeated amounts, so that ties and edges are common."""
    rows = []
    for _ in range(draw(st.integers(1, 40))):
        posted = _START + timedelta(days=draw(st.integers(0, 150)))
        due = posted + timedelta(days=draw(st.sampled_from([0, 7, 10, 15, 30])))
        delay = draw(st.one_of(st.none(), st.integers(-20, 60)))
        settled = None if delay is None else due + timedelta(days=delay)
        amount = draw(st.sampled_from([0, 100, 150, 199, 201, 5_000, 1_000_000]))
        customer = draw(st.sampled_from(["a1", "a2", "b1"]))
        rows.append(Plain(customer, posted, due, settled, amount))
    return rows


def assert_alike(found: dict[str, Any], expected: dict[str, float | None]) -> None:
    assert set(expected) == set(FEATURES)
    for name, value in expected.items():
        if value is None:
            assert found[name] is None, name
        else:
            assert found[name] == pytest.approx(value, rel=1e-6, abs=1e-6), name


@settings(max_examples=150, deadline=None)
@given(rows=invoices())
def test_every_feature_equals_its_plain_definition(rows: list[Plain]) -> None:
    found = lateness(a_frame(rows), _CALENDAR)

    for asked, row in zip(rows, found.iter_rows(named=True), strict=True):
        assert_alike(row, plain_features(rows, asked))


@settings(max_examples=50, deadline=None)
@given(rows=invoices(), cut=st.integers(0, 150), data=st.data())
def test_later_facts_change_no_feature(rows: list[Plain], cut: int, data: st.DataObject) -> None:
    """What is settled from a day on, and not posted by then, is unknown to invoices of that day.

    An invoice that was settled before it was posted is history from its settlement on (17.4).
    """
    day = _START + timedelta(days=cut)

    def changed(row: Plain) -> Plain:
        if row.settled is None or row.settled < day:
            return row
        other = data.draw(st.one_of(st.none(), st.integers(0, 90)))
        settled = None if other is None else day + timedelta(days=other)
        return Plain(row.customer, row.posted, row.due, settled, row.amount)

    known = [row for row in rows if row.posted <= day or row.paid_before(day)]

    after, before = (
        lateness(a_frame(each), _CALENDAR).filter(pl.col("posted") <= day).select(FEATURES)
        for each in (rows, [changed(row) for row in known])
    )
    assert before.rows() == [pytest.approx(row, nan_ok=True) for row in after.rows()]


def test_the_order_of_rows_does_not_matter() -> None:
    rows = [
        Plain("a1", _START + timedelta(days=n % 17), _START + timedelta(days=20), None, 100 + n)
        if n % 5 == 0
        else Plain(
            "a1" if n % 2 else "b1",
            _START + timedelta(days=n % 23),
            _START + timedelta(days=n % 23 + 10),
            _START + timedelta(days=n % 23 + n % 19),
            100 + n % 4,
        )
        for n in range(120)
    ]
    frame = a_frame(rows).with_row_index("at")
    shuffled = frame.sample(fraction=1, shuffle=True, seed=7)

    straight = lateness(frame, _CALENDAR).select("at", *FEATURES)
    turned = lateness(shuffled, _CALENDAR).sort("at").select("at", *FEATURES)
    for one, other in zip(straight.rows(), turned.rows(), strict=True):
        assert one == pytest.approx(other)


def test_the_rows_keep_their_order_and_columns() -> None:
    rows = [
        Plain("b1", _START + timedelta(days=9), _START + timedelta(days=19), None, 5),
        Plain("a1", _START, _START + timedelta(days=10), _START + timedelta(days=8), 7),
    ]
    frame = a_frame(rows)

    found = lateness(frame, _CALENDAR)

    assert found.columns == [*INVOICE_COLUMNS, *FEATURES]
    assert found.select(INVOICE_COLUMNS).equals(frame)


def test_nothing_in_gives_nothing_out() -> None:
    assert lateness(a_frame([]), _CALENDAR).is_empty()


def test_a_settlement_on_the_posting_day_is_not_known_yet() -> None:
    day = _START + timedelta(days=30)
    rows = [
        Plain("a1", _START, _START + timedelta(days=15), day, 100),
        Plain("a1", day, day + timedelta(days=15), None, 100),
        Plain("a1", day + timedelta(days=1), day + timedelta(days=16), None, 100),
    ]

    assert lateness(a_frame(rows), _CALENDAR)["n_history"].to_list() == [0, 0, 1]


def test_rest_days_count_from_the_due_date_on() -> None:
    friday, saturday = date(2025, 1, 17), date(2025, 1, 18)
    rows = [Plain("a1", _START, day, None, 1) for day in (friday, saturday, _HOLIDAY)]

    assert lateness(a_frame(rows), _CALENDAR)["rest_run"].to_list() == [0, 3, 1]
