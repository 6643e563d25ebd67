"""``zixin audit``: what was decided and written, and whether anybody changed the record of it."""

from pathlib import Path
from typing import Annotated

import typer

from connector.cli.output import print_json, print_table, say
from connector.cli.session import (
    DEFAULT_CONFIG,
    ConfigOption,
    ExitCode,
    JsonFlag,
    LangOption,
    chosen_texts,
    day_of,
    end,
    opened,
)
from connector.store.anchors import HeadsUnreadable, keep_head, kept_anchors
from connector.store.audit import (
    Anchor,
    BrokenChain,
    LoggedEntry,
    head,
    list_entries,
    verify,
)
from connector.store.engine import reading
from connector.texts.catalogue import Texts
from connector.wiring import Zixin
from connector.wiring.product import heads_file

__all__ = ["add_commands"]

HeadsOption = Annotated[
    Path | None,
    typer.Option("--heads", help="Heads kept elsewhere; those beside the backups by default."),
]


def add_commands(app: typer.Typer) -> None:
    """Add these commands to the application."""
    group = typer.Typer(help="The audit log (审计日志).", no_args_is_help=True)
    group.command("verify")(verify_command)
    group.command("list")(list_command)
    group.command("head")(head_command)
    app.add_typer(group, name="audit")


def verify_command(
    config: ConfigOption = DEFAULT_CONFIG,
    heads: HeadsOption = None,
    lang: LangOption = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Check every entry of the log; 5 when one was changed, removed or put in."""
    with opened(config) as zixin:
        texts = chosen_texts(zixin, lang)
        anchors = _anchors(zixin, heads)
        try:
            with reading(zixin.engine) as conn:
                length = verify(conn, anchors=anchors)
                last = head(conn)
        except BrokenChain as broken:
            _tell_broken(broken, texts, as_json=as_json)
    if as_json:
        found = {"holds": True, "entries": length, "head": last[1], "anchors": len(anchors)}
        print_json(found)
    else:
        say(texts.say("audit.holds", entries=length, head=last[1], anchors=len(anchors)))


def _anchors(zixin: Zixin, heads: Path | None) -> list[Anchor]:
    """Read the heads kept elsewhere; ends the command where a named file cannot be read."""
    if heads is not None and not heads.is_file():
        end(ExitCode.WRONG_USE, f"--heads {heads}: no such file")
    try:
        return kept_anchors(heads or heads_file(zixin))
    except HeadsUnreadable as error:
        end(ExitCode.BROKEN, str(error))


def _tell_broken(broken: BrokenChain, texts: Texts, *, as_json: bool) -> None:
    if as_json:
        print_json({"holds": False, "first_broken": broken.seq, "reason": broken.reason})
        end(ExitCode.BROKEN)
    end(ExitCode.BROKEN, texts.say("audit.broken", seq=broken.seq, reason=broken.reason))


def list_command(
    config: ConfigOption = DEFAULT_CONFIG,
    limit: Annotated[int, typer.Option(help="How many, the latest.", min=1)] = 50,
    system: Annotated[str | None, typer.Option(help="Of this connection alone.")] = None,
    target: Annotated[
        str | None, typer.Option(help="Of this record id, task key or company alone.")
    ] = None,
    what: Annotated[str | None, typer.Option(help="Of this kind alone, such as fields.")] = None,
    since: Annotated[str | None, typer.Option(help="From this day on, like 2026-03-31.")] = None,
    lang: LangOption = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """List what was decided and written, oldest first."""
    with opened(config) as zixin:
        texts = chosen_texts(zixin, lang)
        day = None if since is None else day_of(since, zixin.clock.today(), option="--since")
        with reading(zixin.engine) as conn:
            found = list_entries(
                conn, limit=limit, system=system, target=target, what=what, since=day
            )
        zone = zixin.config.zone
    if as_json:
        print_json({"entries": found})
        return
    columns = ("seq", "at", "connection", "target", "what", "values", "why")
    rows = [
        (
            str(entry.seq),
            f"{entry.at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
            entry.system,
            entry.target,
            entry.what,
            _values(entry),
            entry.why,
        )
        for entry in found
    ]
    print_table(tuple(texts.say(f"audit.column.{name}") for name in columns), rows, compact=True)


def _values(entry: LoggedEntry) -> str:
    old, new = (bytes(value or b"").decode() for value in (entry.old, entry.new))
    return f"{old} → {new}" if old else new


def head_command(
    config: ConfigOption = DEFAULT_CONFIG,
    *,
    keep: Annotated[
        bool, typer.Option("--keep", help="Append it to the file beside the backups, too.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Print the number and the hash of the last entry, to be kept where nobody here can write."""
    with opened(config) as zixin:
        with reading(zixin.engine) as conn:
            last = head(conn)
        if keep:
            keep_head(heads_file(zixin), last, now=zixin.clock.now())
    if as_json:
        print_json({"seq": last[0], "hash": last[1]})
    else:
        say(f"{last[0]} {last[1]}")
