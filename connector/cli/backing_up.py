"""``zixin backup`` and ``zixin restore``."""

from pathlib import Path
from typing import Annotated

import typer

from connector.cli.mistakes import config_told
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
    texts_in,
)
from connector.config import ConfigError, language_of
from connector.store.anchors import HeadsUnreadable
from connector.store.audit import BrokenChain
from connector.store.backup import BackupFailed
from connector.store.migrations import SchemaBroken, SchemaNewer
from connector.store.presence import NotAlone
from connector.texts.catalogue import Texts
from connector.wiring.backups import make_backup, restore_backup

__all__ = ["add_commands"]


def add_commands(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command("backup")(backup_command)
    app.command("restore")(restore_command)


def backup_command(
    config: ConfigOption = DEFAULT_CONFIG,
    to: Annotated[
        Path | None, typer.Option("--to", help="The folder; that of the configuration by default.")
    ] = None,
    lang: LangOption = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Copy the database, open the copy, and thin out old ones; 5 when the copy does not hold."""
    with opened(config) as zixin:
        texts = chosen_texts(zixin, lang)
        try:
            made = make_backup(zixin, to)
        except (BackupFailed, BrokenChain) as error:
            end(ExitCode.BROKEN, str(error))
        key = zixin.config.store.key
    if as_json:
        print_json({"backup": made, "key": key})
        return
    facts = made.facts
    say(texts.say("backup.made", path=made.path, bytes=facts.bytes, entries=facts.audit_entries))
    if made.removed:
        say(texts.say("backup.removed", names=", ".join(made.removed)))
    say(texts.say("backup.key", key=key))


def restore_command(
    file: Annotated[Path, typer.Argument(help="A backup that zixin backup made.")],
    config: ConfigOption = DEFAULT_CONFIG,
    lang: LangOption = None,
    *,
    adopt: Annotated[
        bool,
        typer.Option(
            help="Nobody but Zixin writes to the credit fields: what stands there is ours."
        ),
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Take the database back to a backup; nothing is written to a CRM before it was read anew."""
    texts = texts_in(lang or language_of(config))
    try:
        restored = restore_backup(config, file, adopt=adopt)
    except ConfigError as error:
        end(ExitCode.WRONG_USE, config_told(error, texts))
    except NotAlone:
        end(ExitCode.WRONG_USE, texts.say("restore.not_alone"))
    except (BackupFailed, BrokenChain, HeadsUnreadable, SchemaBroken, SchemaNewer) as error:
        end(ExitCode.BROKEN, str(error))
    if as_json:
        print_json(restored)
        return
    _tell(texts, file, f"{restored.backup_at:%Y-%m-%d %H:%M:%S} UTC", restored.kept)
    if restored.waiting:
        say(texts.say("restore.waiting", systems=", ".join(restored.waiting)))


def _tell(texts: Texts, file: Path, at: str, kept: str) -> None:
    say(texts.say("restore.done", file=file.name, at=at))
    if kept:
        say(texts.say("restore.kept", kept=kept))
