"""``zixin migrate-to``: from SQLite to PostgreSQL, when one host is no longer enough."""

from typing import Annotated

import sqlalchemy as sa
import typer

from connector.cli.mistakes import config_told
from connector.cli.output import print_json, print_table, progress, say
from connector.cli.session import (
    DEFAULT_CONFIG,
    ConfigOption,
    ExitCode,
    JsonFlag,
    LangOption,
    end,
    refusals_told,
    texts_in,
)
from connector.config import ConfigError, language_of
from connector.store.audit import BrokenChain
from connector.store.moving import Moved, RowsDiffer
from connector.texts.catalogue import Texts
from connector.wiring.moving import move_database

__all__ = ["add_commands"]

UrlArgument = Annotated[
    str,
    typer.Argument(metavar="URL", help="postgresql+psycopg://user@host/name, an empty database."),
]


def add_commands(app: typer.Typer) -> None:
    """Add this command to the application."""
    app.command("migrate-to")(migrate_to)


def migrate_to(
    url: UrlArgument,
    config: ConfigOption = DEFAULT_CONFIG,
    lang: LangOption = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Copy the SQLite database into an empty PostgreSQL database and compare every row.

    Stop everything that works on it first. The SQLite file stays as it is; interrupted, nothing is
    left in the target. The password may stand in PGPASSWORD or ~/.pgpass instead of the address.
    """
    texts = texts_in(lang or language_of(config))
    with progress(quiet=as_json) as step, refusals_told(texts):
        try:
            moved = move_database(config, url, step)
        except ConfigError as error:
            end(ExitCode.WRONG_USE, config_told(error, texts))
        except RowsDiffer as error:
            end(ExitCode.BROKEN, texts.say("move.differs", table=error.table, key=error.key))
        except BrokenChain as error:
            end(ExitCode.BROKEN, texts.say("move.broken_audit", seq=error.seq))
    address = sa.make_url(url).set(drivername="postgresql+psycopg")
    _tell(moved, address.render_as_string(hide_password=True), texts, as_json=as_json)


def _tell(moved: Moved, address: str, texts: Texts, *, as_json: bool) -> None:
    if as_json:
        print_json({"tables": moved.tables, "audit_entries": moved.audit_entries, "url": address})
        return
    columns = [texts.say(f"move.col.{name}") for name in ("table", "rows", "hash")]
    rows = [(each.table, f"{each.rows:,}", each.hash) for each in moved.tables if each.rows]
    print_table(columns, rows, right=columns[1:2])
    total = sum(each.rows for each in moved.tables)
    say(texts.say("move.done", rows=total, entries=moved.audit_entries))
    say(texts.say("move.next"))
    say(f'[store]\nurl = "{address}"')
