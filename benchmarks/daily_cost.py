"""What a quiet day and a day of changes cost at Zoho, counted by the look-alike.

The CRM runs in this process with a clock of its own, so that a day takes seconds. The figures are
what the look-alike charged, not what we booked.
"""

import json
from datetime import timedelta
from decimal import Decimal
from random import Random

from adapters.port import CreditField, FieldUpdate, FieldValue
from benchmarks.trade import House, Row, a_row, a_zoho
from connector.flow.pull import pull
from connector.flow.push import push_due
from connector.store.engine import writing
from connector.work.queue import enqueue
from scoring.records import AccountRef, Kind

__all__ = ["measure"]

POLL = timedelta(minutes=15)
ACCOUNTS = 2_000
_FEEDS = (Kind.OWNERS, Kind.ACCOUNTS, Kind.INVOICES)


def measure() -> list[Row]:
    """Measure ``zoho_quiet_day_credits`` and ``zoho_write_2000_credits``."""
    return [_quiet_day(), _changed_ratings()]


def _quiet_day() -> Row:
    """Poll two modules for a day on which nothing happens."""
    polls = timedelta(days=1) // POLL
    with a_zoho(ACCOUNTS) as house:
        pull(house.port, house.engine, house.clock, kinds=_FEEDS)
        before = house.spent()
        for _poll in range(polls):
            house.crm_clock.advance(POLL)
            pull(house.port, house.engine, house.clock, kinds=_FEEDS)
        spent = house.spent() - before
    beside = {"polls": polls, "feeds": [each.value for each in _FEEDS]}
    return a_row("zoho_quiet_day_credits", spent, "credits", 300, beside)


def _changed_ratings() -> Row:
    """Write ratings that changed, of accounts that were written before."""
    with a_zoho(ACCOUNTS) as house:
        pull(house.port, house.engine, house.clock, kinds=_FEEDS)
        first = _write(house, {CreditField.RATING: "A", CreditField.SCORE: Decimal(80)})
        before = house.spent()
        pull(house.port, house.engine, house.clock, kinds=(Kind.ACCOUNTS,))
        pulled = house.spent() - before
        second = _write(house, {CreditField.RATING: "B", CreditField.SCORE: Decimal(60)})
    beside = {"accounts": ACCOUNTS, "first_write": first, "the_poll_between": pulled}
    return a_row("zoho_write_2000_credits", second, "credits", 200, beside)


def _write(house: House, values: dict[CreditField, FieldValue]) -> int:
    """Push values for all accounts and tell what that cost."""
    updates = [
        FieldUpdate(account=AccountRef(house.crm.name, str(row["id"])), values=values)
        for row in house.crm.records("Accounts")
    ]
    with writing(house.engine) as conn:
        enqueue(conn, updates, now=house.clock.now())
    before = house.spent()
    report = push_due(house.engine, {house.crm.name: house.port}, house.clock, rng=Random(7))
    written = report.of(house.crm.name).accounts_written
    if written != len(updates):
        raise RuntimeError(f"{written} of {len(updates)} accounts were written")
    return house.spent() - before


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
