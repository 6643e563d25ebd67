"""Commands for what waits for a person: list, show, edit, retry, drop."""

from typing import Annotated

import sqlalchemy as sa
import typer

from connector.cli.output import print_json, print_table, say
from connector.cli.session import (
    DEFAULT_CONFIG,
    ConfigOption,
    ExitCode,
    JsonFlag,
    end,
    opened,
)
from connector.store.engine import in_one_commit, reading
from connector.store.problems import list_problems
from connector.work import parked

__all__ = ["add_commands"]

RefArgument = Annotated[str, typer.Argument(help="As the list names it, for example out:12.")]


def add_commands(app: typer.Typer) -> None:
    """Add these commands to the application."""
    group = typer.Typer(help="What waits for a person (挂起).", no_args_is_help=True)
    group.command("list")(list_command)
    group.command("show")(show_command)
    group.command("edit")(edit_command)
    group.command("retry")(retry_command)
    group.command("drop")(drop_command)
    app.add_typer(group, name="parked")


def list_command(config: ConfigOption = DEFAULT_CONFIG, *, as_json: JsonFlag = False) -> None:
    """List parked records, write-backs and messages, each with its reason."""
    with opened(config) as zixin, reading(zixin.engine) as conn:
        problems, work = list_problems(conn), parked.list_parked(conn)
    if as_json:
        print_json({"records": problems, "work": work})
        return
    rows = [
        ("", problem.system, problem.topic, problem.record_id, problem.detail)
        for problem in problems
    ]
    rows += [
        (item.ref, item.system, item.kind, item.task_key or item.account_id or "", item.reason)
        for item in work
    ]
    print_table(("ref", "connection", "what", "record", "reason"), rows)
    say(
        f"{len(problems)} records wait to be corrected in their CRM (they come back by themselves); "
        f"{len(work)} pieces of work wait for: zixin parked show|edit|retry|drop REF"
    )


def show_command(
    ref: RefArgument, config: ConfigOption = DEFAULT_CONFIG, *, as_json: JsonFlag = False
) -> None:
    """Show what a piece of parked work wants, without texts that name the customer."""
    with opened(config) as zixin, reading(zixin.engine) as conn:
        try:
            found = parked.show(conn, ref)
        except parked.UnknownItem as error:
            end(ExitCode.WRONG_USE, str(error))
    if as_json:
        print_json(found)
        return
    item = found.item
    about = {
        "connection": item.system,
        "what": item.kind,
        "record": item.task_key or item.account_id or "",
        "reason": item.reason,
        "attempts": str(item.attempts),
        "created": f"{found.created_at:%Y-%m-%d %H:%M}",
        "last sent": f"{found.sent_at:%Y-%m-%d %H:%M}" if found.sent_at else "",
    }
    print_table(("what", "value"), [*about.items(), *found.wants.items()])


def edit_command(
    ref: RefArgument,
    config: ConfigOption = DEFAULT_CONFIG,
    *,
    owner: Annotated[
        str | None, typer.Option(help="Give the task to this user of the CRM.")
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option(help="Leave this field out; may be given again.")
    ] = None,
) -> None:
    """Mend a piece of parked work; then try it again with retry."""
    if owner is None and not without:
        end(ExitCode.WRONG_USE, "say what to change: --owner USER or --without FIELD")
    with opened(config) as zixin:
        now, leave = zixin.clock.now(), without or ()

        def mend(conn: sa.Connection) -> None:
            parked.edit(conn, ref, now=now, owner=owner, without=leave)

        try:
            in_one_commit(zixin.engine, mend)
        except (parked.UnknownItem, parked.CannotEdit) as error:
            end(ExitCode.WRONG_USE, str(error))
    say(f"{ref} was changed: zixin parked retry {ref}")


def retry_command(
    ref: Annotated[
        str,
        typer.Argument(help="As the list names it, for example out:12; or all, for everything."),
    ],
    config: ConfigOption = DEFAULT_CONFIG,
    *,
    overwrite: Annotated[
        bool, typer.Option(help="Our values replace what a person entered in the CRM.")
    ] = False,
) -> None:
    """Let parked work run again at the next push."""
    with opened(config) as zixin:
        now = zixin.clock.now()

        def retry(conn: sa.Connection) -> list[str]:
            everything = [item.ref for item in parked.list_parked(conn)] if ref == "all" else [ref]
            for each in everything:
                parked.retry(conn, each, now=now, overwrite=overwrite)
            return everything

        try:
            retried = in_one_commit(zixin.engine, retry)
        except parked.UnknownItem as error:
            end(ExitCode.WRONG_USE, str(error))
    say(f"{', '.join(retried) or 'nothing'} will be tried again")


def drop_command(
    ref: RefArgument,
    reason: Annotated[str, typer.Option(help="Why; kept with it.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Give parked work up, with a reason."""
    with opened(config) as zixin:
        now = zixin.clock.now()
        try:
            in_one_commit(zixin.engine, lambda conn: parked.drop(conn, ref, reason=reason, now=now))
        except parked.UnknownItem as error:
            end(ExitCode.WRONG_USE, str(error))
    say(f"{ref} was dropped: {reason}")
