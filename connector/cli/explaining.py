"""``zixin explain``: every number behind a rating and a limit, in 中文 or English."""

from pathlib import Path
from typing import Annotated

import typer

from connector.cli.output import print_json, print_table, say, write_json
from connector.cli.session import AsOfOption, ConfigOption, ExitCode, JsonFlag, end, opened
from connector.cli.session import parse_day as day_of
from connector.flow.explanation import Section, change_of, report_of
from connector.flow.replay import tell
from connector.store.accounts import entity_of
from connector.store.engine import reading
from connector.texts.catalogue import LANGUAGES, Texts
from connector.wiring.jobs import job_of

__all__ = ["add_commands"]

DEFAULT_CONFIG = Path("zixin.toml")


def add_commands(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command("explain")(explain_command)


def explain_command(
    ref: Annotated[
        str, typer.Argument(help="connection:record id, company code, entity or exact name.")
    ],
    config: ConfigOption = DEFAULT_CONFIG,
    as_of: AsOfOption = None,
    lang: Annotated[str | None, typer.Option(help="zh or en; the company's by default.")] = None,
    *,
    full: Annotated[bool, typer.Option("--full", help="Show every figure measured.")] = False,
    anew: Annotated[
        bool, typer.Option("--anew", help="Replay a past day although its record is kept.")
    ] = False,
    change: Annotated[
        bool, typer.Option("--change", help="Only what changed since the assessment before.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Show every number behind a rating and a limit, as of today or of any past date.

    A past date that was decided is shown as recorded then; any other is replayed from its facts.
    """
    if lang not in {None, *LANGUAGES}:
        end(ExitCode.WRONG_USE, f"--lang {lang!r}: there are {' and '.join(LANGUAGES)}")
    with opened(config) as zixin:
        today = zixin.clock.today()
        day = day_of(as_of, today)
        with reading(zixin.engine) as conn:
            entity = entity_of(conn, ref)
        if entity is None:
            end(ExitCode.WRONG_USE, f"no one company is named {ref!r}; pull first, or try its id")
        rules = job_of(zixin, as_of=day).rules
        told = tell(zixin.engine, rules, entity, day, today=today, anew=anew)
        texts = Texts(lang or zixin.config.company.language)
    if as_json and change:
        print_json(told.change)
        return
    if as_json:
        write_json(told.document)
        return
    if change:
        for section in change_of(told.change, texts):
            _print(section)
        return
    for section in report_of(told.explanation, told.change, texts, people=told.people, full=full):
        _print(section)
    say(texts.say("explain.recorded" if told.recorded else "explain.replayed"))


def _print(section: Section) -> None:
    say(f"\n{section.title}")
    for line in section.lines:
        say(f"  {line}")
    if section.rows:
        right = [section.columns[place] for place in section.right]
        print_table(section.columns, section.rows, right=right)
