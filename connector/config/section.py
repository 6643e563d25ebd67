"""What all sections of the configuration have: unknown keys are mistakes."""

import msgspec

__all__ = ["Section", "is_time_of_day"]


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A section of the file: unknown keys are mistakes."""


def is_time_of_day(text: str) -> bool:
    """Tell whether a text is a time of day, such as 08:30."""
    hour, _, minute = text.partition(":")
    return hour.isdecimal() and minute.isdecimal() and int(hour) < 24 and int(minute) < 60
