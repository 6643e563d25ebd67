"""``zixin watch list|alerts``, ``zixin review list``, ``zixin worklist``: a credit manager's mornings."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Annotated

import typer

from connector.cli.output import print_json, progress, say
from connector.cli.session import (
    DEFAULT_CONFIG,
    AsOfOption,
    ConfigOption,
    ExitCode,
    JsonFlag,
    LangOption,
    SinceOption,
    chosen_texts,
    day_before,
    day_of,
    end,
    opened,
)
from connector.cli.sheet_table import print_sheet
from connector.flow.reports.alerts import alert_sheets, alerts_between
from connector.flow.reports.reviews import review_queue, review_sheet
from connector.flow.reports.sheets import Sheet
from connector.flow.reports.watch_list import watch_list, watch_sheet
from connector.flow.reports.worklist import limitation_clock, limitation_sheet, work_sheet, worklist
from connector.texts.catalogue import Texts
from connector.wiring import Zixin
from connector.wiring.jobs import job_of, survey_of
from scoring.portfolio import LEVELS

__all__ = ["add_commands"]

WATCHED = LEVELS[1:]


def add_commands(app: typer.Typer) -> None:
    """Add these commands to the application."""
    watch = typer.Typer(help="The watch list (预警名单).", no_args_is_help=True)
    watch.command("list")(watch_command)
    watch.command("alerts")(alerts_command)
    app.add_typer(watch, name="watch")
    review = typer.Typer(help="The review queue (复审队列).", no_args_is_help=True)
    review.command("list")(review_command)
    app.add_typer(review, name="review")
    app.command("worklist")(worklist_command)


def watch_command(
    config: ConfigOption = DEFAULT_CONFIG,
    level: Annotated[
        str, typer.Option(help="attention, watch or high: this level and above.")
    ] = WATCHED[0],
    as_of: AsOfOption = None,
    lang: LangOption = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """List who is on the watch list, with the evidence, since when, and when to review."""
    if level not in WATCHED:
        end(ExitCode.WRONG_USE, f"--level {level!r}: there are {', '.join(WATCHED)}")
    with opened(config) as zixin, progress(quiet=as_json) as step:
        texts, day = chosen_texts(zixin, lang), day_of(as_of, zixin.clock.today())
        found = watch_list(
            survey_of(zixin, day), level, progress=lambda done, total: step("assess", done, total)
        )
    if as_json:
        print_json({"as_of": day, "watched": found})
    else:
        _print([watch_sheet(found, texts)], day, texts)


def alerts_command(
    config: ConfigOption = DEFAULT_CONFIG,
    since: SinceOption = None,
    as_of: AsOfOption = None,
    lang: LangOption = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Tell which signals were raised, got worse, eased or cleared since a day (default: the day before).

    Each day counts as it was decided; small signals stand apart, for the weekly digest.
    """
    with opened(config) as zixin:
        texts, until = chosen_texts(zixin, lang), day_of(as_of, zixin.clock.today())
        begin = day_before(until, since, until - timedelta(days=1))
        found = alerts_between(zixin.engine, begin, until)
    if as_json:
        print_json(found)
    else:
        say(texts.say("report.alerts.since", since=begin))
        _print(alert_sheets(found, texts), until, texts)


def review_command(
    config: ConfigOption = DEFAULT_CONFIG,
    due_within: Annotated[
        int | None, typer.Option(min=0, help="Days ahead; the policy's notice by default.")
    ] = None,
    as_of: AsOfOption = None,
    lang: LangOption = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """List what a person must look at: reviews, limits, decisions and documents that run out."""
    with opened(config) as zixin, progress(quiet=as_json) as step:
        texts, day = chosen_texts(zixin, lang), day_of(as_of, zixin.clock.today())
        found = review_queue(
            survey_of(zixin, day),
            zixin.calendar(day),
            due_within,
            progress=lambda done, total: step("assess", done, total),
        )
        provisional = _provisional(zixin, day)
    if as_json:
        print_json({"as_of": day, "reviews": found, "calendar_provisional": provisional})
    else:
        _print([review_sheet(found, day, texts)], day, texts, provisional=provisional)


def worklist_command(
    config: ConfigOption = DEFAULT_CONFIG,
    as_of: AsOfOption = None,
    lang: LangOption = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """List whom to ask for money first and why, and which claims will soon be time-barred."""
    with opened(config) as zixin:
        texts, day = chosen_texts(zixin, lang), day_of(as_of, zixin.clock.today())
        survey = survey_of(zixin, day)
        words = replace(job_of(zixin, as_of=day).words, calendar=zixin.calendar(day))
        work, alerts = worklist(survey, words), limitation_clock(survey, words)
        provisional = _provisional(zixin, day)
    if as_json:
        document = {"as_of": day, "work": work, "limitation": alerts}
        print_json(document | {"calendar_provisional": provisional})
        return
    sheets = [work_sheet(work, texts), limitation_sheet(alerts, texts)]
    _print(sheets, day, texts, provisional=provisional)


def _provisional(zixin: Zixin, day: date) -> bool:
    """Tell whether the day's holidays are not announced yet, so that days may shift (9.3)."""
    return zixin.calendar(day).is_provisional(day)


def _print(sheets: Sequence[Sheet], day: date, texts: Texts, *, provisional: bool = False) -> None:
    say(texts.say("report.as_of", as_of=day))
    for sheet in sheets:
        print_sheet(sheet, texts)
    if provisional:
        say(texts.say("report.calendar_provisional", year=str(day.year)))
