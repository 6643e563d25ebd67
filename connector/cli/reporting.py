"""``zixin report``: portfolio, ageing and migration, on the screen, as JSON and as a workbook."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from connector.cli.output import complain, print_json, progress, say
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
from connector.flow.reports.migration import Moves, grade_moves, moves_sheets
from connector.flow.reports.pages import ageing_sheets
from connector.flow.reports.portfolio_file import portfolio_report
from connector.flow.reports.sheets import Sheet
from connector.flow.reports.trend import month_ends
from connector.flow.reports.workbook import write_workbook
from connector.texts.catalogue import Texts
from connector.wiring.jobs import survey_of
from scoring.ageing import ageing_report

__all__ = ["add_commands"]

XlsxOption = Annotated[
    Path | None, typer.Option("--xlsx", help="Write it as an Excel workbook, too.")
]


def add_commands(app: typer.Typer) -> None:
    """Add these commands to the application."""
    group = typer.Typer(help="What the credit manager shows his boss.", no_args_is_help=True)
    group.command("portfolio")(portfolio_command)
    group.command("ageing")(ageing_command)
    group.command("migration")(migration_command)
    app.add_typer(group, name="report")


def portfolio_command(
    config: ConfigOption = DEFAULT_CONFIG,
    as_of: AsOfOption = None,
    xlsx: XlsxOption = None,
    lang: LangOption = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Show receivables by grade and age, limits, losses, the largest, and what would hurt."""
    with opened(config) as zixin, progress(quiet=as_json) as step:
        texts, day = chosen_texts(zixin, lang), day_of(as_of, zixin.clock.today())
        found = portfolio_report(
            survey_of(zixin, day),
            texts,
            progress=lambda done, total: step("assess", done, total),
        )
    _give(found.document, found.sheets, found.heading, xlsx, texts, as_json=as_json)


def ageing_command(
    config: ConfigOption = DEFAULT_CONFIG,
    as_of: AsOfOption = None,
    xlsx: XlsxOption = None,
    lang: LangOption = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Show who owes what for how long, each in its currency, with totals."""
    with opened(config) as zixin, progress(quiet=as_json) as step:
        texts, day = chosen_texts(zixin, lang), day_of(as_of, zixin.clock.today())
        survey = survey_of(zixin, day)
        rows = survey.holdings(progress=lambda done, total: step("assess", done, total))
        found = ageing_report(rows, survey.rates, survey.policy.currency, day)
    heading = texts.say(
        "report.heading", as_of=day, currency=found.currency, policy=survey.policy.version
    )
    _give(found, ageing_sheets(found, texts), heading, xlsx, texts, as_json=as_json)


def migration_command(
    config: ConfigOption = DEFAULT_CONFIG,
    as_of: AsOfOption = None,
    since: SinceOption = None,
    xlsx: XlsxOption = None,
    lang: LangOption = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Show how grades moved between two month ends; by default the last two that are over."""
    with opened(config) as zixin:
        texts, today = chosen_texts(zixin, lang), zixin.clock.today()
        until = day_of(as_of, month_ends(today, 1)[0])
        begin = day_before(until, since, month_ends(until - timedelta(days=1), 1)[0])
        found = grade_moves(begin, until, lambda day: survey_of(zixin, day))
    heading = _moves_heading(found, texts)
    _give(found, moves_sheets(found, texts), heading, xlsx, texts, as_json=as_json)


def _moves_heading(found: Moves, texts: Texts) -> str:
    return texts.say(
        "report.migration.heading",
        since=found.since,
        until=found.until,
        stayed=found.stayed,
        better=found.better,
        worse=found.worse,
        newly=found.newly_rated,
        gone=found.no_longer_rated,
        replayed=found.replayed,
    )


def _give(
    document: object,
    sheets: Sequence[Sheet],
    heading: str,
    xlsx: Path | None,
    texts: Texts,
    *,
    as_json: bool,
) -> None:
    """Print a report or its document, and write the workbook where one is wanted."""
    if xlsx is not None:
        try:
            write_workbook(list(sheets), xlsx, heading=heading)
        except OSError as error:
            end(ExitCode.WRONG_USE, f"--xlsx {xlsx}: the file cannot be written: {error}")
        complain(texts.say("report.written", file=xlsx))
    if as_json:
        print_json(document)
        return
    say(heading)
    for sheet in sheets:
        print_sheet(sheet, texts)
