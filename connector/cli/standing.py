"""``zixin status``: what waits, how long already, and whether this machine can do its work."""

from collections.abc import Iterator

import msgspec
import typer
from rich.text import Text

from connector.cli.output import print_json, print_table, say
from connector.cli.session import (
    DEFAULT_CONFIG,
    ConfigOption,
    ExitCode,
    JsonFlag,
    LangOption,
    chosen_texts,
    end,
    opened,
)
from connector.flow.reports.health import ConnectionHealth, Health
from connector.texts.catalogue import Texts
from connector.wiring.readiness import health_of, why_not_ready

__all__ = ["add_commands"]

MINUTE, HOUR, DAY = 60, 3600, 86400
# Seconds from which on an age is worth a look, and from which on it is a fault.
_LIMITS = {
    "inbox_seconds": (MINUTE, 10 * MINUTE),
    "outbox_seconds": (10 * MINUTE, HOUR),
    "unknown_seconds": (10 * MINUTE, HOUR),
    "parked_seconds": (DAY, 7 * DAY),
    "rests_seconds": (0, DAY),
    "reading_rests_seconds": (0, DAY),
}
_DATA_LIMITS = (HOUR, DAY)
_SCHEDULE_LIMITS = (2 * DAY, 35 * DAY)
_COUNTED = ("conflicts", "held_deletions", "problems")
_CHANNEL_ENDS = (2 * DAY, DAY)  # left of a life of seven days
_STYLES = ("green", "yellow", "bold red")
_Row = tuple[str, str, Text]


def add_commands(app: typer.Typer) -> None:
    """Add this command to the application."""
    app.command("status")(status_command)


def status_command(
    config: ConfigOption = DEFAULT_CONFIG, lang: LangOption = None, *, as_json: JsonFlag = False
) -> None:
    """Show the age of everything that waits; 5 when this machine cannot do its work."""
    with opened(config) as zixin:
        texts = chosen_texts(zixin, lang)
        faults = why_not_ready(zixin)
        health = health_of(zixin)
    if as_json:
        print_json({"ready": not faults, "faults": faults, **msgspec.structs.asdict(health)})
    else:
        names = ("connection", "what", "state")
        columns = tuple(texts.say(f"status.column.{name}") for name in names)
        print_table(columns, list(_rows(health, texts)), compact=True)
        say(texts.say("status.ready") if not faults else texts.say("status.not_ready"))
        for fault in faults:
            say(f"· {fault}")
    if faults:
        end(ExitCode.BROKEN)


def _rows(health: Health, texts: Texts) -> Iterator[_Row]:
    for one in health.connections:
        for name, shown in _of_connection(one, texts):
            yield one.connection, texts.say(f"status.{name}"), shown
        if one.data_seconds:  # the feed that was not read for longest stands for all
            age, feed = max((age, feed) for feed, age in one.data_seconds.items())
            what = texts.say("status.data", feed=texts.say(f"feed.{feed}"))
            yield one.connection, what, _age(age, _DATA_LIMITS, texts)
    for schedule in health.schedules:
        name = f"schedule.{schedule.schedule}"
        what = texts.say("status.schedule", name=texts.say(name))
        if schedule.failed or schedule.good_seconds is None:
            yield "", what, Text(texts.say("status.failed"), style=_STYLES[2])
        else:
            yield "", what, _age(schedule.good_seconds, _SCHEDULE_LIMITS, texts)


def _of_connection(one: ConnectionHealth, texts: Texts) -> Iterator[tuple[str, Text]]:
    """Tell what there is to tell of a connection; the token's state always."""
    bad = one.token == "halted"  # noqa: S105 a state
    yield "token", Text(texts.say(f"status.token.{one.token}"), style=_STYLES[2 if bad else 0])
    if one.restoring:
        yield "restoring", Text(texts.say("status.restoring.yes"), style=_STYLES[1])
    for name, limits in _LIMITS.items():
        age = getattr(one, name)
        if age is not None:
            yield name, _age(age, limits, texts)
    for name in _COUNTED:
        if count := getattr(one, name):
            yield name, Text(str(count), style=_STYLES[1])
    if one.credits_left is not None:
        style = _STYLES[0 if one.reading_rests_seconds is None else 1]
        yield "credits_left", Text(f"{one.credits_left:,}", style=style)
    if (left := one.channel_expires_seconds) is not None:
        level = sum(left < limit for limit in _CHANNEL_ENDS)
        yield "channel", Text(_span(max(0, left), texts), style=_STYLES[level])


def _age(seconds: float, limits: tuple[int, int], texts: Texts) -> Text:
    """Write an age in the colour it deserves."""
    level = sum(seconds > limit for limit in limits)
    return Text(_span(seconds, texts), style=_STYLES[level])


def _span(seconds: float, texts: Texts) -> str:
    """Write a length of time in the largest unit of which there are two at least."""
    for unit, length in (("days", DAY), ("hours", HOUR), ("minutes", MINUTE)):
        if seconds >= 2 * length:
            return texts.say(f"status.{unit}", count=int(seconds // length))
    return texts.say("status.seconds", count=int(seconds))
