"""``zixin erase``: a person's data goes and does not come back; before that, a copy for the person."""

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
    end,
    opened,
    refusals_told,
)
from connector.flow.erasure import CannotErase, Erased, erase
from connector.flow.person_copy import PersonCopy, copy_of
from connector.store.compacting import compact
from connector.store.engine import reading
from connector.texts.catalogue import Texts
from connector.wiring import Zixin
from connector.work.inbox import EventCodec
from scoring.records import AccountRef, Kind

__all__ = ["add_commands"]

#: Command → whose data it erases, and what it says of itself.
_ERASED = {
    "contact": (
        Kind.CONTACTS,
        "Erase a contact's name, mail address and telephone wherever they stand.",
    ),
    "account": (
        Kind.ACCOUNTS,
        "Erase a sole trader's name and the contacts of the account; balances and ratings stay.",
    ),
}
RecordArgument = Annotated[str, typer.Argument(help="connection:record id, as the CRM has it.")]
ByOption = Annotated[str, typer.Option("--by", help="Who erases; kept in the audit log.")]
ReasonOption = Annotated[
    str, typer.Option(help="Why, without naming the person; kept in the audit log.")
]
AlsoOption = Annotated[
    list[str] | None,
    typer.Option("--also", help="Another spelling or a former name; may be given again."),
]


def add_commands(app: typer.Typer) -> None:
    """Add these commands to the application."""
    group = typer.Typer(
        help="Erase a person's data, or copy it (删除与查阅).", no_args_is_help=True
    )
    for name, (kind, told) in _ERASED.items():
        group.command(name, help=told)(_eraser(kind))
    group.command("export")(export_command)
    app.add_typer(group, name="erase")


def _eraser(kind: Kind):  # type: ignore[no-untyped-def] # noqa: ANN202 typer reads it
    def command(
        record: RecordArgument,
        by: ByOption,
        reason: ReasonOption,
        config: ConfigOption = DEFAULT_CONFIG,
        also: AlsoOption = None,
        lang: LangOption = None,
        *,
        as_json: JsonFlag = False,
    ) -> None:
        with opened(config) as zixin:
            texts = chosen_texts(zixin, lang)
            ref, codecs = _ref(zixin, texts, record), _codecs(zixin)
            now = zixin.clock.now()
            with refusals_told(texts):
                done = erase(
                    zixin.engine, ref, kind, codecs, by=by, reason=reason, now=now, also=also or ()
                )
            compacted = compact(zixin.engine)
            if as_json:
                print_json({"record": str(ref), "compacted": compacted, "erased": done})
            else:
                _tell(texts, ref, done)
            if not compacted:
                end(ExitCode.PARKED, texts.say("erase.not_compacted"))

    return command


def _tell(texts: Texts, ref: AccountRef, done: Erased) -> None:
    say(
        texts.say(
            "erase.done",
            ref=ref,
            records=done.records,
            masked=sum(done.masked.values()),
            messages=done.messages,
        )
    )
    if done.audit:
        say(texts.say("erase.audit_names", entries=done.audit))
    say(texts.say("erase.elsewhere"))


def export_command(
    record: RecordArgument,
    config: ConfigOption = DEFAULT_CONFIG,
    lang: LangOption = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Give a copy of what is stored about a contact or an account."""
    with opened(config) as zixin:
        texts = chosen_texts(zixin, lang)
        ref, codecs = _ref(zixin, texts, record), _codecs(zixin)
        with reading(zixin.engine) as conn:
            copies = []
            for kind in (Kind.CONTACTS, Kind.ACCOUNTS):
                try:
                    copies.append(copy_of(conn, ref, kind, codecs))
                except CannotErase:
                    continue
    if not copies:
        end(ExitCode.WRONG_USE, texts.say("erase.unknown", ref=ref))
    if as_json:
        print_json(copies)
        return
    for copy in copies:
        _show(texts, copy)


def _show(texts: Texts, copy: PersonCopy) -> None:
    columns = [texts.say("erase.column.what"), texts.say("erase.column.value")]
    for name, rows in copy.rows.items():
        for row in rows:
            shown = [(field, str(value)) for field, value in row.items()]
            print_table(columns, shown, title=f"{copy.record} · {name}")
    named = [(table, text) for table, found in copy.named_in.items() for text in found]
    if named:
        print_table(columns, named, title=texts.say("erase.named_in"))


def _ref(zixin: Zixin, texts: Texts, record: str) -> AccountRef:
    system, _, record_id = record.partition(":")
    if not record_id or system not in zixin.names:
        end(ExitCode.WRONG_USE, texts.say("erase.unknown", ref=record))
    return AccountRef(system, record_id)


def _codecs(zixin: Zixin) -> dict[str, EventCodec]:
    return {name: zixin.codec(name) for name in zixin.names if zixin.hook(name)}
