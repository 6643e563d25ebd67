"""``zixin explain``: every number behind a rating and a limit, in 中文 or English."""

from typing import Annotated

import typer

from connector.cli.output import print_json, print_table, say, write_json
from connector.cli.session import (
    DEFAULT_CONFIG,
    AsOfOption,
    ConfigOption,
    JsonFlag,
    LangOption,
    RefArgument,
    chosen_texts,
    company_of,
    day_of,
    opened,
)
from connector.flow.explanation import Section, change_of, report_of
from connector.flow.replay import tell
from connector.store.engine import reading
from connector.wiring.jobs import job_of

__all__ = ["add_commands"]


def add_commands(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command("explain")(explain_command)


def explain_command(
    ref: RefArgument,
    config: ConfigOption = DEFAULT_CONFIG,
    as_of: AsOfOption = None,
    lang: LangOption = None,
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
    with opened(config) as zixin:
        texts, today = chosen_texts(zixin, lang), zixin.clock.today()
        day = day_of(as_of, today)
        with reading(zixin.engine) as conn:
            entity = company_of(conn, ref, texts)
        rules = job_of(zixin, as_of=day).rules
        told = tell(zixin.engine, rules, entity, day, today=today, anew=anew)
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
