"""``zixin retention run``: what is older than the configuration keeps goes."""

from typing import Annotated

import typer

from connector.cli.output import print_json, print_table
from connector.cli.session import DEFAULT_CONFIG, ConfigOption, JsonFlag, opened
from connector.flow.retention import old_rows, retain

__all__ = ["add_commands"]


def add_commands(app: typer.Typer) -> None:
    """Add these commands to the application."""
    group = typer.Typer(help="How long what is kept (保留期限).", no_args_is_help=True)
    group.command("run")(run_command)
    group.callback()(_only)
    app.add_typer(group, name="retention")


def _only() -> None:
    """Keep ``run`` a word of its own though it is the only one."""


def run_command(
    config: ConfigOption = DEFAULT_CONFIG,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count, and remove nothing.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Remove what is older than the configuration keeps, in portions; the audit log stays."""
    with opened(config) as zixin:
        work = old_rows if dry_run else retain
        plan, clock = zixin.config.retention, zixin.clock
        counts = work(zixin.engine, plan, now=clock.now(), today=clock.today())
    if as_json:
        print_json({"dry_run": dry_run, "rows": counts})
    else:
        rows = [(name, str(count)) for name, count in counts.items()]
        print_table(("what", "rows"), rows, right=("rows",))
