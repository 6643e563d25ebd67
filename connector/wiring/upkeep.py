"""Schedules that keep house: decisions that end, reviews due, reports, retention and backups."""

from collections.abc import Callable, Sequence
from datetime import datetime

from connector.flow.expiry import mark_turned
from connector.flow.reports.portfolio_file import keep_portfolio
from connector.flow.reports.reviews import review_queue
from connector.flow.retention import retain
from connector.store.engine import in_one_commit
from connector.wiring.backups import make_backup
from connector.wiring.jobs import survey_of
from connector.wiring.product import Zixin
from connector.work.alert import Alert
from connector.work.alerts import note
from connector.work.schedule import Schedule
from connector.work.triggers import cron, on_workdays

__all__ = ["at_time", "upkeep_schedules"]

_REPORT_DAYS = {"weekly": "* * mon", "monthly": "1 * *"}


def upkeep_schedules(zixin: Zixin, wake: Callable[[], None]) -> Sequence[Schedule]:
    """Name them. ``wake`` tells the worker that something is to be decided."""
    times = zixin.config.schedule

    def expire() -> None:
        in_one_commit(zixin.engine, lambda conn: mark_turned(conn, zixin.clock.today()))
        wake()

    found = [
        at_time(zixin, "expire", times.expire_at, expire),
        at_time(zixin, "reviews", times.review_at, lambda: _tell_reviews(zixin)),
    ]
    found.append(at_time(zixin, "retention", times.retention_at, lambda: _let_go(zixin)))
    backup_at = times.backup_of(zixin.engine.dialect.name)
    if backup_at:
        found.append(at_time(zixin, "backup", backup_at, lambda: _back_up(zixin)))
    if times.report != "never":
        days = _REPORT_DAYS[times.report]
        found.append(
            at_time(zixin, "report", times.report_at, lambda: _keep_report(zixin), days=days)
        )
    return found


def at_time(
    zixin: Zixin, name: str, at: str, work: Callable[[], None], *, days: str = "* * *"
) -> Schedule:
    """Do it at a time of day, on worked days only where the configuration says so.

    ``days`` are the three fields of a crontab line for days.
    """
    hour, _, minute = at.partition(":")
    trigger = cron(f"{int(minute)} {int(hour)} {days}", zixin.config.zone)
    if name in zixin.config.schedule.workdays_only:
        trigger = on_workdays(
            trigger, zixin.config.zone, lambda day: zixin.calendar(day).is_workday(day)
        )

    def begin(_due: datetime) -> None:
        work()

    return Schedule(name=name, trigger=trigger, work=begin)


def _let_go(zixin: Zixin) -> None:
    """Let go of what the configuration no longer keeps."""
    clock = zixin.clock
    retain(zixin.engine, zixin.config.retention, now=clock.now(), today=clock.today())


def _back_up(zixin: Zixin) -> None:
    """Back up, and keep the audit log's head. A failure stands in the tick."""
    make_backup(zixin)


def _tell_reviews(zixin: Zixin) -> None:
    """Count the reviews that are due, for those who want to hear of it; the list names them."""
    if not any(channel.level == "info" for channel in zixin.config.alerts):
        return
    today = zixin.clock.today()
    due = len(review_queue(survey_of(zixin, today), zixin.calendar(today), 0))
    if due:
        alert = Alert(code="reviews_due", subject=str(today), params={"count": str(due)})
        in_one_commit(zixin.engine, lambda conn: note(conn, alert, now=zixin.clock.now()))


def _keep_report(zixin: Zixin) -> None:
    """Write the portfolio report into its folder and say so; its content leaves by no channel."""
    today = zixin.clock.today()
    folder = zixin.folder / zixin.config.schedule.report_folder
    path = keep_portfolio(survey_of(zixin, today), zixin.company_texts, folder, today)
    alert = Alert(
        code="report_written",
        subject=path.name,
        params={"on": str(today), "file": path.name},
    )
    in_one_commit(zixin.engine, lambda conn: note(conn, alert, now=zixin.clock.now()))
