"""Late payment predicted by cards that are data, and the trees they are compared with."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from scoring.calendar import WorkCalendar
from scoring.fitted_card import CardError
from scoring.model.late_fitting import fit_customer_card, fit_late_cards, fit_trees
from scoring.model.late_model import (
    BY_MODEL,
    BY_SEGMENT,
    CUSTOMER_FIGURES,
    LateCards,
    customers_predicted,
    late_cards_of,
    late_cards_text,
    predicted,
    three_classes,
)
from scoring.model.lateness import lateness
from scoring.model.metrics import auc


def a_seller(seed: int = 1, weeks: int = 60) -> pl.DataFrame:
    """Forty customers, each paying on its own weekday, some of them a week later than due."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(40):
        run, slow = number % 5, 7 * (number % 4 == 0) + 35 * (number % 13 == 0)
        for week in range(weeks):
            posted = date(2024, 1, 1) + timedelta(days=7 * week + int(rng.integers(0, 5)))
            due = posted + timedelta(days=14)
            wait = (run - due.weekday()) % 7 if rng.random() < 0.9 else int(rng.integers(0, 7))
            settled = due + timedelta(days=wait + slow - 3)
            amount = int(rng.integers(1_000, 90_000))
            rows.append((f"c{number:02}", "all", posted, due, settled, amount))
    names = ["customer", "segment", "posted", "due", "settled", "amount"]
    return pl.DataFrame(rows, schema=names, orient="row")


@pytest.fixture(scope="module")
def known() -> pl.DataFrame:
    days = (pl.col("settled") - pl.col("due")).dt.total_days().alias("days")
    return lateness(a_seller(), WorkCalendar()).with_columns(days)


@pytest.fixture(scope="module")
def cards(known: pl.DataFrame) -> LateCards:
    return fit_late_cards(known, version="test")


def test_cards_survive_being_written(cards: LateCards) -> None:
    assert cards.very_late is not None
    assert late_cards_of(late_cards_text(cards)) == cards


def test_a_text_that_is_no_card_is_refused() -> None:
    with pytest.raises(CardError, match="no cards of lateness"):
        late_cards_of('{"late": 3}')


def test_the_card_ranks_and_its_chances_add_up(known: pl.DataFrame, cards: LateCards) -> None:
    fresh = lateness(a_seller(seed=2), WorkCalendar())

    found = predicted(fresh, cards)

    total = found["on_time"] + found["late"] + found["very_late"]
    assert total.to_numpy() == pytest.approx(1.0)
    late = ((fresh["settled"] - fresh["due"]).dt.total_days() > 0).to_numpy()
    old = (fresh["n_history"] >= 10).to_numpy()
    assert auc(late[old], (1 - found["on_time"].to_numpy())[old]) > 0.85
    assert known.height == fresh.height


def a_row(**values: object) -> pl.DataFrame:
    chances = {"seg_late": 0.4, "seg_very": 0.1, "n_history": 9, "p": 0.5, "v": 0.2}
    return pl.DataFrame([chances | values])


def test_below_three_settled_invoices_the_segment_speaks() -> None:
    thin = three_classes(a_row(n_history=2), "p", "v").row(0, named=True)
    enough = three_classes(a_row(n_history=3), "p", "v").row(0, named=True)

    assert (thin["basis"], thin["on_time"]) == (BY_SEGMENT, pytest.approx(0.6))
    assert thin["very_late"] == pytest.approx(0.1)
    assert (enough["basis"], enough["on_time"]) == (BY_MODEL, pytest.approx(0.5))
    assert (enough["late"], enough["very_late"]) == (pytest.approx(0.3), pytest.approx(0.2))


def test_very_late_is_never_likelier_than_late() -> None:
    row = three_classes(a_row(p=0.1, v=0.3), "p", "v").row(0, named=True)

    assert (row["late"], row["very_late"]) == (pytest.approx(0.0), pytest.approx(0.1))


@pytest.mark.parametrize(
    ("dpd", "chances"), [(0, (0.5, 0.3, 0.2)), (1, (0.0, 0.6, 0.4)), (31, (0.0, 0.0, 1.0))]
)
def test_what_happened_already_is_certain(dpd: int, chances: tuple[float, float, float]) -> None:
    row = three_classes(a_row(dpd=dpd), "p", "v").row(0, named=True)

    assert (row["on_time"], row["late"], row["very_late"]) == pytest.approx(chances)


def test_trees_are_the_same_in_every_run(known: pl.DataFrame) -> None:
    bad = known["days"].to_numpy() > 0

    first, second = (fit_trees(known, bad).probability(known) for _ in range(2))

    assert (first == second).all()
    assert auc(bad, first) > 0.9


def quarters(n: int = 400) -> pl.DataFrame:
    """Customers whose lateness so far tells how late they will be."""
    rng = np.random.default_rng(3)
    values = {name: rng.random(n) for name in CUSTOMER_FIGURES} | {"n_settled": np.arange(n)}
    days = values["wadl"] * 20
    return pl.DataFrame(values | {"wadl": days, "late_5": days + rng.normal(0, 3, n) > 10})


def test_a_customer_that_paid_late_is_expected_to(known: pl.DataFrame) -> None:
    rows = quarters()
    card = fit_customer_card(rows, rows["late_5"].to_numpy(), version="test")

    found = customers_predicted(rows, card)

    assert found["late_90"][0] is None  # nothing settled yet
    risk = found["late_90"][1:].to_numpy()
    assert auc(rows["late_5"][1:].to_numpy(), risk) > 0.85
    both = fit_late_cards(known, version="test", quarters=rows)
    assert both.customer == card


def test_with_few_badly_late_the_segment_stands_in(known: pl.DataFrame) -> None:
    prompt = known.filter(pl.col("days") <= 30)

    cards = fit_late_cards(prompt, version="test")

    assert cards.very_late is None
    assert predicted(prompt, cards)["very_late"].to_numpy() == pytest.approx(
        np.minimum(
            prompt["seg_very"].to_numpy(), 1 - predicted(prompt, cards)["on_time"].to_numpy()
        )
    )


def test_bytes_that_are_no_text_are_no_cards() -> None:
    with pytest.raises(CardError, match="these are no cards of lateness"):
        late_cards_of(b'{"late": "\xff\xfe"}')
