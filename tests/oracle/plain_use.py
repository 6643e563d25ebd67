"""The oracle's use of the limit, day by day (credit-management 2.2)."""

from datetime import date
from fractions import Fraction

from tests.oracle.plain_claims import DAY, Standing
from tests.oracle.plain_ledger import Ledger

__all__ = ["drawn_on", "tight_days"]


def drawn_on(standing: Standing, day: date) -> int:
    """The receivable less unapplied money at the end of a day, as it was then."""
    ledger = standing.ledger
    then = Ledger(ledger.rows, ledger.entity, ledger.rates, day)
    return sum(claim.open for claim in then.claims) - sum(spare.amount for spare in then.spares)


def tight_days(standing: Standing, limit: int, share: Fraction) -> int:
    """Days in a row up to today on which more than a share of the limit was drawn."""
    days = sorted(standing.days_of_change(), reverse=True)
    since = None
    for day in days:  # what is drawn moves on these days only
        if drawn_on(standing, day) <= share * limit:
            break
        since = day
    return 0 if since is None else (standing.as_of - since + DAY).days
