"""Until when a claim can be sued for: what starts the period anew, and when to alert (9.4)."""

from datetime import date, timedelta

import polars as pl
import pytest

from scoring.claims import open_items
from scoring.limitation import LimitationPolicy, limitation, limitation_alerts
from scoring.policy import Policy
from tests.builders import (
    AS_OF,
    Row,
    a_book,
    a_payment,
    an_allocation,
    an_entity,
    an_invoice,
    days_ago,
)

RULES = LimitationPolicy()
DUE = date(2024, 1, 15)
OLD = an_invoice(issued_on=date(2023, 12, 16), due_on=DUE)


def found(*rows: Row, as_of: date = AS_OF, rules: LimitationPolicy = RULES) -> dict[str, object]:
    """Tell about the one open item."""
    book = a_book(an_entity(), *rows)
    frame = limitation(book, open_items(book, Policy(), as_of), rules, as_of)
    return frame.row(0, named=True)


def a_paper(kind: str, on: date, *, known_on: date | None = None, status: str | None = None) -> Row:
    """Put a signed paper, or a demand that reached the customer, on file."""
    values: dict[str, object] = dict.fromkeys(
        ("valid_to", "ended_on", "value", "currency", "amount", "channel")
    )
    rest = {"record": f"{kind}{on}", "entity": "E1", "kind": kind, "source": "file"}
    dates = {"known_on": known_on or on, "event_on": on, "status": status}
    return Row("credit_records", values | rest | dates)


def a_promise(made_on: date, *, item: str | None = None, account: str = "s:E1") -> Row:
    """Promise to pay."""
    values: dict[str, object] = {"promise": f"p{made_on}", "entity": "E1", "account": account}
    rest = {"item": item, "made_on": made_on, "promised_on": made_on + timedelta(days=10)}
    return Row(
        "promises",
        values
        | rest
        | {"currency": "CNY", "amount": 1, "cancelled_on": None, "superseded_on": None},
    )


def test_three_years_from_the_due_date() -> None:
    told = found(OLD)

    assert (told["event"], told["event_on"], told["ends_on"]) == ("due", DUE, date(2027, 1, 15))
    assert told["days_left"] == (date(2027, 1, 15) - AS_OF).days
    assert told["alert"] is None


def test_a_part_payment_starts_the_period_anew() -> None:
    payment = a_payment(amount=1_000, paid_on=date(2025, 5, 1))
    told = found(OLD, payment, an_allocation(payment, OLD))

    assert (told["event"], told["ends_on"]) == ("payment", date(2028, 5, 1))


@pytest.mark.parametrize(
    ("row", "event"),
    [
        (a_promise(date(2025, 5, 1)), "promise"),
        (a_promise(date(2025, 5, 1), item="i1"), "promise"),
        (a_paper("balance_confirmation", date(2025, 5, 1)), "balance_confirmation"),
        (a_paper("demand", date(2025, 5, 1)), "demand"),
        (a_promise(date(2025, 5, 1), item="other"), "due"),
        (a_promise(date(2025, 5, 1), account="s:other"), "due"),
        (a_paper("balance_confirmation", date(2025, 5, 1), status="refused"), "due"),
        (a_paper("balance_confirmation", date(2025, 5, 1), known_on=days_ago(-1)), "due"),
        (a_paper("balance_confirmation", date(2023, 12, 1)), "due"),  # before the invoice
        (a_paper("tax_grade", date(2025, 5, 1)), "due"),
        (a_promise(days_ago(-1)), "due"),
    ],
)
def test_what_interrupts_and_what_does_not(row: Row, event: str) -> None:
    told = found(OLD, row)

    assert told["event"] == event
    assert told["ends_on"] == (date(2028, 5, 1) if event != "due" else date(2027, 1, 15))


def test_what_came_before_the_due_date_does_not_shorten_the_period() -> None:
    assert found(OLD, a_promise(date(2024, 1, 14)))["ends_on"] == date(2027, 1, 15)


EXPIRED = an_invoice(issued_on=date(2019, 12, 2), due_on=date(2020, 1, 1))


def test_an_expired_claim_is_revived_by_the_customer_not_by_us() -> None:
    demand = a_paper("demand", date(2023, 6, 1))
    revived = a_paper("balance_confirmation", date(2024, 6, 1))
    again = a_paper("demand", date(2026, 6, 1))

    assert found(EXPIRED, demand)["ends_on"] == date(2023, 1, 1)
    assert found(EXPIRED, demand, revived)["ends_on"] == date(2027, 6, 1)
    assert found(EXPIRED, demand, revived, again)["ends_on"] == date(2029, 6, 1)


def test_a_demand_on_the_last_day_is_in_time() -> None:
    in_time, late = a_paper("demand", date(2023, 1, 1)), a_paper("demand", date(2023, 1, 2))

    assert found(EXPIRED, in_time)["ends_on"] == date(2026, 1, 1)
    assert found(EXPIRED, late)["ends_on"] == date(2023, 1, 1)


def test_no_claim_outlives_the_outer_limit() -> None:
    ancient = an_invoice(issued_on=date(2006, 6, 1), due_on=date(2006, 7, 1))

    assert found(ancient, a_promise(date(2025, 5, 1)))["ends_on"] == date(2026, 7, 1)


def test_international_sales_have_four_years() -> None:
    foreign = an_invoice(issued_on=date(2023, 12, 16), due_on=DUE, currency="USD")
    book = a_book(an_entity(currency="USD"), foreign)
    items = open_items(book, Policy(), AS_OF)
    plain = LimitationPolicy(foreign_by_currency=False)

    assert limitation(book, items, RULES, AS_OF)["ends_on"][0] == date(2028, 1, 15)
    assert limitation(book, items, plain, AS_OF)["ends_on"][0] == date(2027, 1, 15)


@pytest.mark.parametrize(
    ("left", "alert"),
    [(181, None), (180, 180), (91, 180), (90, 90), (31, 90), (30, 30), (0, 30), (-1, 0)],
)
def test_alerts_at_half_a_year_a_quarter_and_a_month(left: int, alert: int | None) -> None:
    told = found(OLD, as_of=date(2027, 1, 15) - timedelta(days=left))

    assert (told["days_left"], told["alert"]) == (left, alert)


def test_alerts_list_the_most_urgent_first() -> None:
    rows = [
        an_invoice(f"i{n}", issued_on=date(2023, 7, 1), due_on=date(2023, 8, 1) + timedelta(days=n))
        for n in (60, 0, 300)
    ]
    book = a_book(an_entity(), *rows)
    told = limitation_alerts(book, open_items(book, Policy(), AS_OF), RULES, AS_OF)

    assert told["item"].to_list() == ["i0", "i60"]
    assert told["alert"].to_list() == [90, 180]


def test_nothing_open_gives_nothing() -> None:
    book = a_book(an_entity())
    told = limitation(book, open_items(book, Policy(), AS_OF), RULES, AS_OF)

    assert told.height == 0
    assert told.schema["ends_on"] == pl.Date


@pytest.mark.parametrize(
    "changes", [{"years": 5}, {"years": 0}, {"alert_days": ()}, {"alert_days": (30, 90)}]
)
def test_nonsense_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\w+"):
        LimitationPolicy(**changes)  # type: ignore[arg-type] # wrong on purpose
