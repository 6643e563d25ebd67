"""``zixin usage``: what the connections cost their CRMs, and what their budgets still let through."""

import typer

from connector.cli.output import print_json
from connector.cli.session import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonFlag,
    LangOption,
    chosen_texts,
    opened,
)
from connector.cli.sheet_table import print_sheet
from connector.flow.reports.api_usage import api_usage, usage_sheet
from connector.store.engine import reading

__all__ = ["add_commands"]


def add_commands(app: typer.Typer) -> None:
    """Add this command to the application."""
    app.command("usage")(usage_command)


def usage_command(
    config: ConfigOption = DEFAULT_CONFIG, lang: LangOption = None, *, as_json: JsonFlag = False
) -> None:
    """Show API calls and credits of each connection: today, in 24 hours, likely in a day."""
    with opened(config) as zixin, reading(zixin.engine) as conn:
        texts = chosen_texts(zixin, lang)
        plans = {name: zixin.connection(name).budget for name in zixin.names}
        found = api_usage(conn, plans, zixin.clock.today(), zixin.clock.now())
    if as_json:
        print_json({"connections": found})
    else:
        print_sheet(usage_sheet(found, texts, zixin.config.zone), texts)
