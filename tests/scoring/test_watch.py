"""The watch list: levels, decay, release, outlook, and one alert a signal."""

from datetime import date
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from sandbox.company.generate import generate
from scoring.assess import assess
from scoring.book import Book
from scoring.policy import Policy
from scoring.warning import CODES, alerts, signals_of
from scoring.warning.signals import Signal
from tests.builders import AS_OF, Row, a_record, a_steady_payer, an_invoice, days_ago, frames_of
from tests.company_book import book_of, stories_of
from tests.oracle.books import RATES, books
from tests.scoring.warnings import earlier_signal, figures, previously


def _with_records(*kinds: str) -> list[Row]:
    return [a_record(kind, status="worse" if kind == "payment_method" else None) for kind in kinds]


@pytest.mark.parametrize(
    ("kinds", "level"),
    [
        ([], "normal"),
        (["payment_method"], "attention"),
        (["equity_freeze"], "watch"),
        (["equity_freeze", "payment_method"], "watch"),
        (["equity_freeze", "guarantor_trouble"], "high"),
        (["dishonest"], "high"),
    ],
)
def test_the_level_is_the_sum_of_the_signals(kinds: list[str], level: str) -> None:
    found = figures(a_steady_payer(), *_with_records(*kinds))

    assert found["watch_level"] == level


@pytest.mark.parametrize(("last", "fading"), [(30, 4), (31, 0)])
def test_a_cleared_signal_counts_for_thirty_days_more(last: int, fading: int) -> None:
    earlier = earlier_signal("E16", days_ago(80), days_ago(last))
    found = figures(a_steady_payer(), earlier)

    assert (found["signal_E16"], found["fading_E16"]) == (0, fading)
    assert found["watch_level"] == ("watch" if fading else "normal")


def test_a_signal_that_returns_while_fading_keeps_its_first_day() -> None:
    freeze = a_record("equity_freeze", known_on=days_ago(1))
    kept = figures(freeze, an_invoice(), earlier_signal("E16", days_ago(80), days_ago(10)))
    anew = figures(freeze, an_invoice(), earlier_signal("E16", days_ago(80), days_ago(40)))

    assert kept["since_E16"] == days_ago(80)
    assert anew["since_E16"] == AS_OF


def _note(ago: int) -> Row:
    values = dict.fromkeys(("to_on", "grade", "currency", "amount", "scope"))
    known = {"decision": "n", "entity": "E1", "kind": "watch_note", "from_on": days_ago(ago)}
    return Row("decisions", values | known | {"reason": "reviewed"})


@pytest.mark.parametrize(
    ("cleared", "noted", "level"),
    [(59, None, "attention"), (60, None, "attention"), (61, 2, "attention"), (62, 2, "normal")],
)
def test_leaving_the_list_takes_sixty_clear_days_and_a_note(
    cleared: int, noted: int | None, level: str
) -> None:
    rows = [] if noted is None else [_note(noted)]
    earlier = earlier_signal("E16", days_ago(200), days_ago(cleared))
    found = figures(a_steady_payer(), earlier, *rows, previous=previously(level="watch"))

    assert found["watch_level"] == level
    assert found["kept_on_list"] is (level == "attention")


def test_without_the_note_rule_sixty_clear_days_are_enough() -> None:
    policy = replace(Policy(), watch=replace(Policy().watch, note_to_leave=False))
    earlier = earlier_signal("E16", days_ago(200), days_ago(60))
    found = figures(
        a_steady_payer(), earlier, policy=policy, previous=previously(level="attention")
    )

    assert found["watch_level"] == "normal"


@pytest.mark.parametrize(
    ("change", "outlook"), [(-5.0, "down"), (-4.9, "stable"), (4.9, "stable"), (5.0, "up")]
)
def test_the_outlook_follows_the_score(change: float, outlook: str) -> None:
    score = figures(a_steady_payer())["score"]
    found = figures(a_steady_payer(), previous=previously(score=score - change))

    assert found["outlook"] == outlook


def test_a_signal_switched_off_is_silent() -> None:
    policy = replace(Policy(), warning=replace(Policy().warning, off=("E14",)))

    assert figures(an_invoice(), a_record("dishonest"), policy=policy)["signal_E14"] == 0


def _signal(code: str, level: int, *, cleared: bool = False) -> Signal:
    return Signal(code=code, level=level, params={}, first_on=AS_OF, cleared=cleared)


def test_one_alert_a_signal_until_its_state_changes() -> None:
    standing = (_signal("E1", 2), _signal("E7", 2), _signal("E11", 8))
    later = (_signal("E1", 4), _signal("E7", 2), _signal("E11", 8, cleared=True), _signal("E3", 4))

    assert alerts(standing, standing) == ()
    found = {alert.signal.code: alert for alert in alerts(standing, later)}
    assert {code: alert.change for code, alert in found.items()} == {
        "E1": "worse",
        "E11": "cleared",
        "E3": "raised",
    }
    assert alerts((), (_signal("E7", 2),))[0].digest
    assert not found["E3"].digest


def test_the_gravest_signal_is_told_first() -> None:
    row = figures(
        an_invoice(issued_on=days_ago(5)),
        *_with_records("payment_method", "dishonest", "equity_freeze"),
    )

    assert [signal.code for signal in signals_of(row, Policy())][:3] == ["E14", "E16", "E10"]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=books(), ago=st.sampled_from((0, 60, 200)), seed=st.randoms(use_true_random=False))
def test_signals_depend_neither_on_order_nor_on_the_future(
    rows: list[Row], ago: int, seed: Random
) -> None:
    as_of = days_ago(ago)
    first = assess(Book.of(rates=RATES, **frames_of(rows)), Policy(), as_of).frame
    names = [row for row in rows if row.frame == "entities"]
    others = [row for row in rows if row.frame != "entities"]
    seed.shuffle(others)
    dated = ("issued_on", "paid_on", "ordered_on", "written_off_on", "returned_on")
    past = [
        row
        for row in others
        if all(day <= as_of for key in dated if isinstance(day := row.values.get(key), date))
    ]
    again = assess(Book.of(rates=RATES, **frames_of([*names, *past])), Policy(), as_of).frame

    columns = [f"{kind}_{code}" for code in CODES for kind in ("signal", "since")]
    for column in (*columns, "watch_level"):
        assert first[column].to_list() == again[column].to_list()


def test_the_deteriorating_are_watched_before_an_item_is_sixty_days_late() -> None:
    """Month ends over the sample company: the first look at 60 days late comes second."""
    company = generate(as_of=date(2026, 11, 24))
    book, stories = book_of(company), stories_of(company)
    watched: dict[str, date] = {}
    sixty: dict[str, date] = {}
    for month in range(24):
        day = date(2024 + (month + 12) // 12, (month + 12) % 12 + 1, 1)
        frame = assess(book, Policy(), day).frame
        for row in frame.select("entity", "watch_level", "late_oldest").iter_rows(named=True):
            if stories[row["entity"]] != "deteriorating":
                continue
            if row["watch_level"] != "normal":
                watched.setdefault(row["entity"], day)
            if (row["late_oldest"] or 0) >= 60:
                sixty.setdefault(row["entity"], day)

    assert sixty
    assert all(watched[entity] < day for entity, day in sixty.items())
