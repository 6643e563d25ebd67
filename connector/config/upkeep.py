"""Sections about what happens by itself: schedules, quiet hours, alerts, backups, retention."""

from datetime import time, timedelta
from typing import Literal

from connector.config.section import Section, is_time_of_day
from scoring.document import (
    Word,
    mistake,
    refuse,
    starts_at,
    written,
)

__all__ = [
    "AlertChannel",
    "AlertHabits",
    "Backup",
    "Metrics",
    "QuietHours",
    "Retention",
    "Schedule",
    "time_of",
]


class Schedule(Section, frozen=True):
    """When things happen, in the company's time zone.

    Those in ``workdays_only`` happen on days that are worked in the company's country.
    ``backup_at``: empty: no backups; without it SQLite is backed up at night, PostgreSQL is not.
    """

    pull_minutes: int = 15
    full_pull_at: str = "03:00"
    sweep_at: str = "02:00"
    assess_at: str = "04:00"
    dunning_at: str = "08:30"
    renew_hours: int = 12
    formula_refresh_hours: int = 24
    expire_at: str = "00:10"
    review_at: str = "08:30"
    report: Literal["never", "weekly", "monthly"] = "never"
    report_at: str = "07:30"
    report_folder: str = "reports"
    retention_at: str = "01:00"
    backup_at: str | None = None
    workdays_only: tuple[Literal["dunning", "reviews", "report"], ...] = ("dunning", "reviews")

    @property
    def computed_each(self) -> timedelta | None:
        """How often feeds with fields that a CRM works out by itself are read anew; never."""
        hours = self.formula_refresh_hours
        return timedelta(hours=hours) if hours else None

    def backup_of(self, database: str) -> str:
        """Tell when a database of a kind is backed up; the empty text: not by us."""
        if self.backup_at is None:
            return "01:30" if database == "sqlite" else ""
        return self.backup_at

    def __post_init__(self) -> None:
        """Refuse times of day that are none, and periods that are not positive."""
        at_night = ("full_pull_at", "sweep_at", "assess_at", "expire_at")
        names = (*at_night, "dunning_at", "review_at", "report_at", "retention_at")
        times = {key: getattr(self, key) for key in names}
        if self.backup_at:
            times["backup_at"] = self.backup_at
        refuse(
            *(
                (
                    is_time_of_day(time),
                    mistake(key, "must_be", wanted=Word.TIME_OF_DAY, given=written(time)),
                )
                for key, time in times.items()
            ),
            *starts_at(1, pull_minutes=self.pull_minutes, renew_hours=self.renew_hours),
            *starts_at(0, formula_refresh_hours=self.formula_refresh_hours),
        )


class QuietHours(Section, frozen=True):
    """When nobody is given a new task or an alert; without ``hours`` and ``days_off``: never."""

    hours: str = ""
    days_off: bool = False

    @property
    def span(self) -> tuple[time, time]:
        """From when to when each day, over midnight where the end is the earlier one."""
        begins, _, ends = self.hours.partition("-")
        return (time_of(begins), time_of(ends)) if self.hours else (time(), time())

    def __post_init__(self) -> None:
        """Refuse hours that are none."""
        begins, _, ends = self.hours.partition("-")
        good = not self.hours or (is_time_of_day(begins) and is_time_of_day(ends))
        refuse((good, mistake("hours", "must_look", like="20:00-08:00")))


def time_of(text: str) -> time:
    """Read a time of day."""
    hour, _, minute = text.partition(":")
    return time(int(hour), int(minute))


class AlertChannel(Section, frozen=True):
    """Where alerts go. ``url``: an apprise address, as a secret reference, for it holds a token.

    ``quiet_below``: alerts that weigh less wait for the end of the quiet hours; none: all wait.
    """

    name: str
    url: str
    level: Literal["info", "warning", "error"] = "warning"
    language: Literal["zh", "en"] | None = None
    quiet_below: Literal["info", "warning", "error"] | None = None


class AlertHabits(Section, frozen=True):
    """How alerts are told: what goes on is told again after ``repeat_hours``."""

    repeat_hours: int = 12
    forged_per_hour: int = 100
    behind_minutes: int = 120

    def __post_init__(self) -> None:
        """Refuse what is not positive."""
        refuse(
            *starts_at(
                1,
                repeat_hours=self.repeat_hours,
                forged_per_hour=self.forged_per_hour,
                behind_minutes=self.behind_minutes,
            )
        )


class Backup(Section, frozen=True):
    """Where backups go, and how many are kept: the last of each of so many days and weeks."""

    folder: str = "backups"
    keep_daily: int = 7
    keep_weekly: int = 5

    def __post_init__(self) -> None:
        """Refuse to keep none."""
        refuse(
            *starts_at(1, keep_daily=self.keep_daily), *starts_at(0, keep_weekly=self.keep_weekly)
        )


class Retention(Section, frozen=True):
    """For how many days is kept what nobody needs for ever; the audit log is always kept.

    ``bodies_days``: the bytes of messages that were dealt with, earlier than the rows themselves.
    ``explanations_days``: how each figure of a past assessment came about; its figures stay.
    """

    bodies_days: int = 7
    inbox_days: int = 30
    outbox_days: int = 90
    usage_days: int = 400
    problems_days: int = 90
    explanations_days: int = 1100

    def __post_init__(self) -> None:
        """Refuse periods that are none."""
        days: dict[str, int] = {name: getattr(self, name) for name in self.__struct_fields__}
        refuse(*starts_at(1, **days))


class Metrics(Section, frozen=True):
    """Where Prometheus reads: a port of this machine alone, or the server's with a token.

    ``port`` 0: none of its own. ``token``: a secret reference; whoever shows it as a bearer token
    may read ``/metrics`` at the server's own port.
    """

    port: int = 0
    token: str = ""
