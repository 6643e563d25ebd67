"""Names of backups, and which old ones go: the last of each of so many days and weeks stays. Pure."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime

__all__ = ["backup_name", "made_at", "too_many"]

_STAMP = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(r"zixin-(\d{8}T\d{6}Z)\.(db|dump)")


def backup_name(now: datetime, dialect: str) -> str:
    """Name a backup by its time, like ``zixin-20261124T020000Z.db``."""
    ending = "dump" if dialect == "postgresql" else "db"
    return f"zixin-{now.astimezone(UTC):{_STAMP}}.{ending}"


def made_at(name: str) -> datetime | None:
    """Tell when a backup was made, by its name; ``None``: it is none of ours."""
    found = _NAME.fullmatch(name)
    return None if found is None else datetime.strptime(found[1], _STAMP).replace(tzinfo=UTC)


def too_many(names: Iterable[str], *, daily: int, weekly: int) -> list[str]:
    """Name the backups that are not kept, sorted; what is not named like a backup is left alone.

    Of each day the last one counts, of each week the last one; of those the latest ``daily`` and
    ``weekly`` are kept. Days and weeks are those of UTC. The latest backup is always kept.
    """
    dated = sorted((at, name) for name in names if (at := made_at(name)) is not None)
    last_of_day = {at.date(): name for at, name in dated}
    last_of_week = {at.isocalendar()[:2]: name for at, name in dated}
    kept = {name for _, name in dated[-1:]}
    kept |= {name for _, name in sorted(last_of_day.items())[-daily:]}
    kept |= {name for _, name in sorted(last_of_week.items())[-weekly:]} if weekly else set()
    return [name for _, name in dated if name not in kept]
