"""The channels of the configuration, ready to be written to: apprise carries the messages."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import apprise

from connector.config import ConfigError
from connector.flow.alerting import AlertNotSent, Sender
from connector.flow.watch import Watch
from connector.texts.catalogue import Texts
from connector.wiring.connections import resolve_secret
from connector.wiring.product import Zixin
from connector.work.alerts import Channel
from connector.work.quiet import Quiet
from connector.work.schedule import Schedule
from scoring.document import DocumentError, Mistake, mistake, placed

__all__ = ["channels_of", "quiet_of", "senders_of", "watch_of"]

_TYPES = {
    "info": apprise.NotifyType.INFO,
    "warning": apprise.NotifyType.WARNING,
    "error": apprise.NotifyType.FAILURE,
}
# The library's log lines may quote addresses, which hold tokens.
logging.getLogger("apprise").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class AppriseSender:
    """Sends to the addresses of one channel."""

    texts: Texts
    target: apprise.Apprise

    def send(self, title: str, body: str, level: str) -> None:
        """Send a message. Raises ``AlertNotSent``."""
        if not self.target.notify(title=title, body=body, notify_type=_TYPES[level]):
            raise AlertNotSent("the channel did not take the message")


def quiet_of(zixin: Zixin) -> Quiet:
    """Tell the company's quiet hours."""
    begins, ends = zixin.config.quiet.span
    return Quiet(
        zone=zixin.config.zone,
        begins=begins,
        ends=ends,
        days_off=zixin.config.quiet.days_off,
        is_workday=lambda day: zixin.calendar(day).is_workday(day),
    )


def channels_of(zixin: Zixin) -> list[Channel]:
    """Name the channels and what each wants to hear, when."""
    quiet, tongue = quiet_of(zixin), zixin.config.company.language
    return [
        Channel(
            name=channel.name,
            language=channel.language or tongue,
            level=channel.level,
            quiet=quiet,
            breaks_quiet=channel.quiet_below,
        )
        for channel in zixin.config.alerts
    ]


def senders_of(zixin: Zixin) -> dict[str, Sender]:
    """Open the channels, by name. Raises ``ConfigError`` naming every address that cannot serve."""
    senders: dict[str, Sender] = {}
    mistakes: list[Mistake] = []
    tongue = zixin.config.company.language
    for index, channel in enumerate(zixin.config.alerts):
        place, target = f"alerts[{index}].url", apprise.Apprise()
        try:
            secret = resolve_secret(channel.url, zixin.folder, zixin.environment)
        except DocumentError as error:
            mistakes += placed(error.mistakes, place)
            continue
        if not target.add(secret.reveal()):
            mistakes.append(
                mistake(place, "must_look", like="dingtalk://… | mailtos://… | json://…")
            )
        senders[channel.name] = AppriseSender(Texts(channel.language or tongue), target)
    if mistakes:
        raise ConfigError("configuration", mistakes)
    return senders


def watch_of(zixin: Zixin, schedules: Sequence[Schedule]) -> Watch:
    """Tell what is watched, and by which measures."""
    habits = zixin.config.alerting
    return Watch(
        schedules=schedules,
        systems=zixin.names,
        zone=zixin.config.zone,
        behind_after=timedelta(minutes=habits.behind_minutes),
        budgets={each.name: each.budget for each in zixin.config.connections},
        repeat=timedelta(hours=habits.repeat_hours),
    )
