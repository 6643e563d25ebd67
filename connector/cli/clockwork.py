"""``zixin schedule list``, ``zixin alert list|test``: whether all goes on by itself, and who hears if not."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from connector.cli.output import print_json, say
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
from connector.cli.sheet_table import print_sheet
from connector.flow.alerting import AlertNotSent, Sender, sentence_of, title_of
from connector.flow.reports.sheets import Sheet
from connector.store.engine import reading
from connector.texts.catalogue import Texts
from connector.wiring.alerting import senders_of
from connector.wiring.service import Service
from connector.work.alert import Alert
from connector.work.alerts import Message, Standing, list_alerts, list_mail
from connector.work.lateness import ScheduleState, schedule_states

__all__ = ["add_commands"]


def add_commands(app: typer.Typer) -> None:
    """Add these commands to the application."""
    schedule = typer.Typer(help="What is done when (计划任务).", no_args_is_help=True)
    schedule.command("list")(schedule_list)
    app.add_typer(schedule, name="schedule")
    alert = typer.Typer(help="What is told to those who run Zixin (告警).", no_args_is_help=True)
    alert.command("list")(alert_list)
    alert.command("test")(alert_test)
    app.add_typer(alert, name="alert")


def schedule_list(
    config: ConfigOption = DEFAULT_CONFIG, lang: LangOption = None, *, as_json: JsonFlag = False
) -> None:
    """List each schedule: its last good run, last error, next runs, overdue or not.

    Exit code 3: one is overdue.
    """
    with opened(config) as zixin:
        texts, zone = chosen_texts(zixin, lang), zixin.config.zone
        schedules = Service(zixin).schedules()
        with reading(zixin.engine) as conn:
            found = schedule_states(conn, schedules, zixin.clock.now())
    if as_json:
        print_json({"schedules": found})
    else:
        print_sheet(_schedule_sheet(found, texts, zone), texts)
    if any(state.overdue for state in found):
        end(ExitCode.PARKED)


def _schedule_sheet(found: Sequence[ScheduleState], texts: Texts, zone: ZoneInfo) -> Sheet:
    columns = ("schedule", "punctual", "last_good", "next_run", "last_error")
    rows = [
        (
            f"{texts.say(f'schedule.{state.schedule}')} {state.system}".strip(),
            texts.say("schedule.overdue" if state.overdue else "schedule.on_time"),
            _moment(state.last_good_at, zone) or texts.say("schedule.never"),
            _moment(state.next_at[0] if state.next_at else None, zone),
            state.last_error.split("\n")[0],
        )
        for state in found
    ]
    return Sheet.of(texts, "schedules", columns, rows, words=len(columns))


def alert_list(
    config: ConfigOption = DEFAULT_CONFIG,
    lang: LangOption = None,
    *,
    over: Annotated[bool, typer.Option("--over", help="What is over, too.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """List the alerts that stand, and the messages that no channel took."""
    with opened(config) as zixin:
        texts, zone = chosen_texts(zixin, lang), zixin.config.zone
        with reading(zixin.engine) as conn:
            found, lost = list_alerts(conn, over=over), list_mail(conn, "parked")
    if as_json:
        not_sent = [{"channel": name, "message": what, "error": why} for name, what, why in lost]
        print_json({"alerts": found, "not_sent": not_sent})
        return
    columns = ("since", "alert_level", "what")
    rows = [
        (_moment(each.first_at, zone), _level(each, texts), _said(each, texts)) for each in found
    ]
    print_sheet(Sheet.of(texts, "standing_alerts", columns, rows, words=len(columns)), texts)
    for name, message, error in lost:
        say(texts.say("alert.test_failed", name=f"{name}: {message.alert.code}", error=error))


def _level(each: Standing, texts: Texts) -> str:
    return texts.say(f"alert.level.{each.level}")


def _said(each: Standing, texts: Texts) -> str:
    alert = Alert(code=each.code, subject=each.subject, params=each.params)
    kind = "raised" if each.resolved_at is None else "resolved"
    return sentence_of(Message(kind=kind, alert=alert, seen=each.seen, since=each.first_at), texts)


def alert_test(
    name: Annotated[str | None, typer.Argument(help="One channel; all by default.")] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Send a test to each channel, at once, and say what became of it. Exit code 4: one failed."""
    with opened(config) as zixin:
        texts, now = zixin.company_texts, zixin.clock.now()
        senders = senders_of(zixin)
    if name is not None and name not in senders:
        end(ExitCode.WRONG_USE, f"no channel {name!r}: there are {', '.join(senders) or 'none'}")
    if not senders:
        end(ExitCode.WRONG_USE, texts.say("alert.none"))
    chosen = {one: sender for one, sender in senders.items() if name in {None, one}}
    errors = {one: _tested(sender, now) for one, sender in chosen.items()}
    if as_json:
        print_json({one: {"sent": not error, "error": error} for one, error in errors.items()})
    else:
        for one, error in errors.items():
            code = "alert.test_failed" if error else "alert.test_sent"
            say(texts.say(code, **({"error": error} if error else {}), name=one))
    if any(errors.values()):
        end(ExitCode.CRM)


def _tested(sender: Sender, now: datetime) -> str:
    """Send a test and tell what went wrong, or nothing."""
    test = Message(kind="raised", alert=Alert(code="test"), seen=1, since=now)
    try:
        sender.send(title_of(test, sender.texts), sentence_of(test, sender.texts), test.alert.level)
    except AlertNotSent as error:
        return str(error)
    return ""


def _moment(at: datetime | None, zone: ZoneInfo) -> str:
    return "" if at is None else f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
