"""Which old backups go: the last of each of so many days and weeks stays."""

from datetime import UTC, datetime, timedelta

import pytest

from connector.flow.thinning import backup_name, made_at, too_many

MONDAY = datetime(2026, 11, 2, 3, tzinfo=UTC)


def test_a_backup_is_named_by_its_time_and_read_again() -> None:
    name = backup_name(MONDAY, "sqlite")

    assert name == "zixin-20261102T030000Z.db"
    assert made_at(name) == MONDAY
    assert backup_name(MONDAY, "postgresql").endswith(".dump")
    assert made_at("before-restore-20261102T030000Z.db") is None


def test_seven_days_and_three_weeks_are_kept() -> None:
    names = [backup_name(MONDAY + timedelta(days=day), "sqlite") for day in range(28)]

    kept = set(names) - set(too_many(names, daily=7, weekly=3))

    days = sorted(found.day for name in kept if (found := made_at(name)) is not None)
    assert days == [15, 22, 23, 24, 25, 26, 27, 28, 29]


def test_of_a_day_the_last_one_is_kept() -> None:
    names = [backup_name(MONDAY + timedelta(hours=hour), "sqlite") for hour in range(4)]

    assert too_many(names, daily=7, weekly=5) == names[:-1]


@pytest.mark.parametrize("weekly", [0, 1])
def test_the_latest_is_always_kept(weekly: int) -> None:
    assert too_many([backup_name(MONDAY, "sqlite")], daily=1, weekly=weekly) == []


def test_other_files_are_left_alone() -> None:
    assert too_many(["audit-heads.jsonl", "zixin.db", "notes.txt"], daily=1, weekly=1) == []
