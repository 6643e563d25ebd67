"""What the connections cost their CRMs: today, in the last day, and what a day is likely to cost."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa

from adapters.budget import DAY, BudgetPlan
from adapters.port import Usage
from connector.flow.reports.sheets import Sheet
from connector.store.spending import room_at, spent_since
from connector.store.usage import usage_between
from connector.texts.catalogue import Texts

__all__ = ["ApiUsage", "api_usage", "usage_sheet"]

_LOOKED_BACK = 7  # days a forecast rests on
_PAGE = 3  # credits of a full page: where a budget has no room for one, work rests


class ApiUsage(msgspec.Struct, frozen=True, kw_only=True):
    """One connection. Without a budget what stands below ``forecast`` is null.

    ``forecast`` is the mean of the last seven days on which there were calls, today left out.
    ``reading_rests_until`` and ``writing_rests_until``: the budget refuses such calls until then.
    """

    connection: str
    calls_today: int
    credits_today: int
    forecast: int | None
    last_24_hours: int | None = None
    budget: int | None = None
    reading_up_to: int | None = None
    reading_rests_until: datetime | None = None
    writing_rests_until: datetime | None = None


def api_usage(
    conn: sa.Connection, plans: Mapping[str, BudgetPlan | None], today: date, now: datetime
) -> list[ApiUsage]:
    """Tell what each connection costs, by name; ``plans`` are their budgets."""
    return [_one(conn, name, plan, today, now) for name, plan in sorted(plans.items())]


def _one(
    conn: sa.Connection, name: str, plan: BudgetPlan | None, today: date, now: datetime
) -> ApiUsage:
    days = usage_between(conn, name, today - timedelta(days=_LOOKED_BACK), today)
    of_today = days.pop(today, Usage(0, 0))
    before = [spent.credits for spent in days.values()]
    found = ApiUsage(
        connection=name,
        calls_today=of_today.calls,
        credits_today=of_today.credits,
        forecast=-(-sum(before) // len(before)) if before else None,
    )
    if plan is None:
        return found
    reading, writing = plan.ceiling(wrote=False), plan.ceiling(wrote=True)
    return msgspec.structs.replace(
        found,
        last_24_hours=spent_since(conn, name, now - DAY),
        budget=plan.credits_per_day,
        reading_up_to=reading,
        reading_rests_until=room_at(conn, name, now, _PAGE, reading),
        writing_rests_until=room_at(conn, name, now, _PAGE, writing),
    )


def usage_sheet(rows: Sequence[ApiUsage], texts: Texts, zone: ZoneInfo) -> Sheet:
    """Lay out the connections, one a row, with times of the zone."""
    columns = ("calls_today", "credits_today", "forecast", "last_24_hours", "budget")
    cells = [
        (row.connection, _state(row, texts, zone), *(getattr(row, name) for name in columns))
        for row in rows
    ]
    names = ("connection", "budget_state", *(f"api_{name}" for name in columns))
    return Sheet.of(texts, "api_usage", names, cells, words=2)


def _state(row: ApiUsage, texts: Texts, zone: ZoneInfo) -> str:
    """Say whether the budget lets calls through, and from when on it will again."""
    if row.budget is None:
        return texts.say("usage.no_budget")
    for code, until in (
        ("usage.all_rest", row.writing_rests_until),
        ("usage.reading_rests", row.reading_rests_until),
    ):
        if until is not None:
            return texts.say(code, until=f"{until.astimezone(zone):%m-%d %H:%M}")
    return texts.say("usage.free")
