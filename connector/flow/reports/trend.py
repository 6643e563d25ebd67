"""How receivables moved (账龄走势): month ends as they were seen then, not as they look today."""

from datetime import date, timedelta

from connector.flow.reports.survey import Survey
from connector.store.engine import reading
from connector.store.snapshots import ageing_at
from scoring.ageing import TrendPoint, trend_point

__all__ = ["ageing_trend", "month_ends"]

MONTHS = 12


def month_ends(until: date, count: int) -> list[date]:
    """List the last ``count`` month ends up to a day, oldest first."""
    first, found = (until + timedelta(days=1)).replace(day=1), []
    for _ in range(count):
        end = first - timedelta(days=1)
        found.append(end)
        first = end.replace(day=1)
    return found[::-1]


def ageing_trend(survey: Survey) -> list[TrendPoint]:
    """Sum the stored snapshots at the last year's month ends and on the day itself.

    Days of which nothing is stored are left out. All at the rates of the day.
    """
    days = sorted({*month_ends(survey.as_of, MONTHS), survey.as_of})
    with reading(survey.engine) as conn:
        seen = [(day, ageing_at(conn, day)) for day in days]
    return [
        trend_point(frame, survey.rates, survey.policy.currency, day)
        for day, frame in seen
        if frame.height
    ]
