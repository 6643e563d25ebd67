"""Promises to pay: kept, partial, broken, replaced; what they hold back and what they score."""

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from scoring.calendar import WorkCalendar
from scoring.policy import Policy
from scoring.promises import open_promises, promises_at
from tests.builders import (
    AS_OF,
    Row,
    a_book,
    a_payment,
    a_promise,
    a_rate,
    a_return,
    an_allocation,
    an_invoice,
    days_ago,
)
from tests.scoring.warnings import figures

#: Friday; two working days later is Tuesday the 16th, it is judged on Wednesday the 17th.
_FRIDAY = date(2026, 6, 12)
_JUDGED = date(2026, 6, 17)


def _judge(*rows: Row, as_of: date = AS_OF) -> dict[str, dict[str, Any]]:
    book = a_book(*rows, rates={"USD": a_rate("7")})
    found = promises_at(book, Policy(), as_of, WorkCalendar())
    return {row["promise"]: row for row in found.iter_rows(named=True)}


def _promise(promise: str = "pr1", **columns: Any) -> Row:
    return a_promise(promise, **({"made_on": date(2026, 6, 1), "promised_on": _FRIDAY} | columns))


@pytest.mark.parametrize(
    ("paid", "status"),
    [(95_000, "kept"), (94_999, "partial"), (20_000, "partial"), (19_999, "broken"), (0, "broken")],
)
def test_receipts_decide(paid: int, status: str) -> None:
    payment = a_payment(amount=paid, paid_on=_JUDGED)

    assert _judge(_promise(), payment)["pr1"]["status"] == status


@pytest.mark.parametrize(
    ("paid_on", "status"),
    [
        (date(2026, 5, 31), "broken"),
        (date(2026, 6, 1), "kept"),
        (_JUDGED, "kept"),
        (date(2026, 6, 18), "broken"),
    ],
)
def test_receipts_count_from_the_promise_to_the_day_of_judgement(
    paid_on: date, status: str
) -> None:
    assert _judge(_promise(), a_payment(paid_on=paid_on))["pr1"]["status"] == status


def test_a_promise_is_open_until_its_day_of_judgement() -> None:
    assert _judge(_promise(), as_of=_JUDGED - timedelta(days=1))["pr1"]["status"] == "open"
    broken = _judge(_promise(), as_of=_JUDGED)["pr1"]
    assert (broken["status"], broken["judged_on"]) == ("broken", _JUDGED)


def test_a_holiday_postpones_the_judgement() -> None:
    calendar = WorkCalendar({date(2026, 6, 16): False})
    found = promises_at(a_book(_promise()), Policy(), _JUDGED, calendar)

    assert found["status"].to_list() == ["open"]


def test_a_returned_payment_keeps_no_promise() -> None:
    payment = a_payment(paid_on=_JUDGED)

    assert _judge(_promise(), payment, a_return(payment))["pr1"]["status"] == "broken"


def test_a_promise_for_an_item_does_not_count_what_was_laid_on_others() -> None:
    asked, other = an_invoice("i1"), an_invoice("i2")
    payment = a_payment(paid_on=_JUDGED)
    promise = _promise(item="i1")

    elsewhere = _judge(promise, asked, other, payment, an_allocation(payment, other))
    assert elsewhere["pr1"]["status"] == "broken"
    assert _judge(promise, asked, payment, an_allocation(payment, asked))["pr1"]["status"] == "kept"
    assert _judge(promise, asked, payment)["pr1"]["status"] == "kept"


def test_a_foreign_promise_is_compared_in_one_currency() -> None:
    """USD 100 at 7 is CNY 700."""
    promise = _promise(currency="USD", amount=10_000)

    assert _judge(promise, a_payment(amount=66_500, paid_on=_JUDGED))["pr1"]["status"] == "kept"
    assert _judge(promise, a_payment(amount=66_499, paid_on=_JUDGED))["pr1"]["status"] == "partial"
    assert _judge(_promise(currency="EUR"))["pr1"]["status"] == "unknown"


def test_the_second_replacement_counts_as_broken() -> None:
    rows = [
        _promise("a", made_on=days_ago(60), promised_on=days_ago(50), superseded_on=days_ago(52)),
        _promise("b", made_on=days_ago(52), promised_on=days_ago(40), superseded_on=days_ago(42)),
        _promise("c", made_on=days_ago(42), promised_on=days_ago(-5)),
    ]
    found = _judge(*rows)

    assert [found[name]["status"] for name in "abc"] == ["superseded", "broken", "open"]
    assert found["c"]["in_row"] == 3


def test_a_promise_replaced_after_its_date_is_judged_by_its_receipts() -> None:
    late = _promise(superseded_on=_FRIDAY + timedelta(days=1))

    assert _judge(late)["pr1"]["status"] == "broken"


def test_a_cancelled_promise_is_not_counted() -> None:
    assert _judge(_promise(cancelled_on=days_ago(5)))["pr1"]["status"] == "cancelled"
    assert figures(_promise(cancelled_on=days_ago(5)), an_invoice())["n_promises"] == 0


def test_a_later_cancellation_is_not_known_yet() -> None:
    early = _judge(_promise(cancelled_on=AS_OF), as_of=days_ago(1))

    assert early["pr1"]["status"] == "broken"


def test_the_score_knows_the_share_of_broken_promises() -> None:
    """One kept, one partial, one broken: one of two."""
    rows = [
        _promise("kept", made_on=days_ago(100), promised_on=days_ago(90)),
        a_payment("k", paid_on=days_ago(95)),
        _promise("part", made_on=days_ago(70), promised_on=days_ago(60)),
        a_payment("p", amount=50_000, paid_on=days_ago(65)),
        _promise("not", made_on=days_ago(40), promised_on=days_ago(30)),
    ]
    found = figures(an_invoice(), *rows)

    assert found["broken_promise_percent"] == pytest.approx(50.0)
    assert (found["n_promises"], found["n_broken"], found["broken_promises_90d"]) == (2, 1, 1)
    assert found["signal_E6"] == 2
    assert found["share_broken_promises"] == pytest.approx(33.33)


def test_without_promises_the_share_is_missing() -> None:
    assert figures(an_invoice())["broken_promise_percent"] is None


def _open(*rows: Row) -> pl.DataFrame:
    return open_promises(a_book(*rows), Policy(), AS_OF, WorkCalendar())


@pytest.mark.parametrize(("made", "pauses"), [(14, True), (15, False)])
def test_an_open_promise_holds_dunning_back_for_a_while(made: int, *, pauses: bool) -> None:
    found = _open(_promise(made_on=days_ago(made), promised_on=days_ago(-3)))

    assert found.select("promise", "promised_on", "in_row", "pauses").rows() == [
        ("pr1", days_ago(-3), 1, pauses)
    ]


def test_the_third_promise_in_a_row_holds_nothing_back() -> None:
    rows = [
        _promise("a", made_on=days_ago(40), promised_on=days_ago(30)),
        _promise("b", made_on=days_ago(25), promised_on=days_ago(15)),
        _promise("c", made_on=days_ago(3), promised_on=days_ago(-3)),
    ]

    assert _open(*rows)["pauses"].to_list() == [False]
    paid = a_payment(paid_on=days_ago(20))
    assert _open(*rows, paid)["pauses"].to_list() == [True]
