"""The hidden stories of the sample company come out of the whole method, replayed at 24 month ends.

What a credit manager expects of the default policy with every group in use: the deteriorating
customer is on the watch list before its first item is 60 days late, who stopped paying ends at D,
and the punctual one stands below A only where data are missing.
"""

from datetime import date, timedelta
from decimal import Decimal
from functools import cache

import polars as pl

from sandbox.company.credit_files import add_credit_files
from sandbox.company.generate import generate
from sandbox.company.model import Company
from sandbox.company.stories import StoryName
from scoring.assess import assess
from scoring.model.sample import month_ends
from tests.company_book import book_of, stories_of
from tests.credit_files import with_groups

AS_OF = date(2026, 11, 30)
ACCOUNTS, MONTHS = 120, 26
GOOD = ("AAA", "AA", "A")
#: Gates that say what we do not know, or not yet, and nothing about how a customer pays.
OF_DATA = ("gate_thin_history", "gate_low_confidence", "gate_no_statements", "gate_young_company")
FULL = 80
SERIOUS_DAYS = 60
LISTED = ("watch", "high")


@cache
def _company() -> Company:
    company = generate(ACCOUNTS, MONTHS, seed=1, as_of=AS_OF)
    add_credit_files(company, seed=1)
    return company


@cache
def _replayed() -> pl.DataFrame:
    """Assess at 24 month ends, each from what was known then."""
    book, policy = book_of(_company()), with_groups()
    story = pl.col("entity").replace_strict(stories_of(_company())).alias("story")
    months = [
        assess(book, policy, day)
        .frame.filter("known")
        .with_columns(pl.lit(day).alias("day"), story)
        .select(*_COLUMNS)
        for day in month_ends(AS_OF, 24)
    ]
    return pl.concat(months)


_COLUMNS = (
    *("day", "story", "entity", "rating", "score", "completeness", "watch_level", "hold", "n_low"),
    *("limit", "exposure", "late_oldest", *OF_DATA),
)


def _of(story: StoryName) -> pl.DataFrame:
    return _replayed().filter(pl.col("story") == story)


def _first_serious() -> dict[str, date]:
    """Tell on which day each customer first had an item 60 days late, paid later or never."""
    left = {invoice.key: invoice.amount for invoice in _company().invoices}
    due = {invoice.key: invoice for invoice in _company().invoices}
    paid_on = {payment.key: payment.paid_on for payment in _company().payments}
    for note in _company().credit_notes:
        if note.invoice is not None:
            left[note.invoice] -= note.amount
    for part in _company().allocations:
        serious_on = due[part.invoice].due_on + timedelta(days=SERIOUS_DAYS)
        if paid_on[part.payment] < serious_on:
            left[part.invoice] -= part.amount
    found: dict[str, date] = {}
    for key, amount in left.items():
        serious_on = due[key].due_on + timedelta(days=SERIOUS_DAYS)
        if amount > Decimal(1) and serious_on <= AS_OF:
            customer = due[key].customer
            found[customer] = min(serious_on, found.get(customer, serious_on))
    return found


def _listed_by(entity: str, day: date) -> bool:
    """Tell whether a customer stood on the watch list at the last month end before a day."""
    before = _replayed().filter((pl.col("entity") == entity) & (pl.col("day") < day))
    return bool(before.sort("day")["watch_level"].tail(1).is_in(LISTED).any())


def test_the_deteriorating_are_on_the_watch_list_before_an_item_is_60_days_late() -> None:
    serious = _first_serious()
    deteriorating = _entities(_of(StoryName.DETERIORATING))
    got_there = [entity for entity in deteriorating if entity in serious]

    assert len(got_there) > len(deteriorating) / 2
    assert [entity for entity in got_there if not _listed_by(entity, serious[entity])] == []


def test_every_deteriorating_customer_ends_on_the_watch_list_and_lower_than_it_stood() -> None:
    for entity in _entities(_of(StoryName.DETERIORATING)):
        own = _of(StoryName.DETERIORATING).filter(pl.col("entity") == entity).sort("day")
        best = own["score"].max()

        assert own["watch_level"][-1] in LISTED
        assert isinstance(best, float)
        assert own["score"][-1] < best - 10


def test_who_stopped_paying_ends_at_d_with_nothing_more_on_credit() -> None:
    last = _of(StoryName.IN_DEFAULT).filter(pl.col("day") == pl.col("day").max())

    assert last.height
    assert last["rating"].unique().to_list() == ["D"]
    assert last["limit"].unique().to_list() == [0]
    assert last["hold"].unique().to_list() == ["stop"]


def test_default_is_not_a_surprise_of_one_month() -> None:
    """Before the month of its default every one of them had been on the watch list."""
    for entity in _entities(_of(StoryName.IN_DEFAULT)):
        own = _of(StoryName.IN_DEFAULT).filter(pl.col("entity") == entity)
        defaulted = own.filter(pl.col("rating") == "D")["day"].min()

        assert isinstance(defaulted, date)
        assert _listed_by(entity, defaulted)


def test_the_punctual_with_a_full_file_are_a_or_better_at_every_month_end() -> None:
    """Once the file is full and the history no longer thin, nothing but A and better is seen."""
    full = _of(StoryName.PUNCTUAL).filter(
        (pl.col("completeness") >= FULL) & ~pl.col("gate_thin_history") & (pl.col("n_low") == 0)
    )

    assert full.height > 24 * 25
    assert full["day"].n_unique() >= 20
    assert set(full["rating"].unique()) <= set(GOOD)


def test_the_punctual_are_below_a_only_for_lack_of_data() -> None:
    lower = _of(StoryName.PUNCTUAL).filter(~pl.col("rating").is_in([*GOOD, "NR"]))
    explained = pl.any_horizontal(*OF_DATA) | (pl.col("n_low") > 0)

    assert lower.height
    assert lower.filter(~explained).height == 0


def test_the_punctual_are_held_only_while_something_is_overdue() -> None:
    """A part payment that was forgotten holds even them for a while (R3, R5, R13)."""
    punctual = _of(StoryName.PUNCTUAL)
    held = punctual.filter(pl.col("hold") != "none")

    assert held.height < punctual.height / 50
    assert held.filter(pl.col("late_oldest").fill_null(0) <= 0).height == 0


def test_the_better_a_story_the_better_its_scores() -> None:
    mean = dict(
        _replayed()
        .filter(pl.col("day") == pl.col("day").max())
        .group_by("story")
        .agg(pl.col("score").mean())
        .iter_rows()
    )
    order = (
        StoryName.PUNCTUAL,
        StoryName.HABITUALLY_LATE,
        StoryName.DETERIORATING,
        StoryName.IN_DEFAULT,
    )
    scores = [mean[story] for story in order]

    assert scores == sorted(scores, reverse=True)


def _entities(frame: pl.DataFrame) -> list[str]:
    return sorted(frame["entity"].unique())
