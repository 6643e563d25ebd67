"""Commands for the key that seals tokens."""

from typing import Annotated

import typer

from connector.cli.output import print_json, say
from connector.cli.session import (
    DEFAULT_CONFIG,
    ConfigOption,
    ExitCode,
    JsonFlag,
    end,
    opened,
)
from connector.store.sealing import forget, key_fits, rotate
from connector.wiring import Zixin

__all__ = ["add_commands"]


def add_commands(app: typer.Typer) -> None:
    """Add these commands to the application."""
    group = typer.Typer(help="The key that seals tokens (密钥).", no_args_is_help=True)
    group.command("rotate")(rotate_command)
    group.command("forget")(forget_command)
    app.add_typer(group, name="key")


def rotate_command(config: ConfigOption = DEFAULT_CONFIG, *, as_json: JsonFlag = False) -> None:
    """Seal everything with store.key; the keys of store.old_keys are not needed after it."""
    with opened(config) as zixin:
        done = rotate(zixin.engine, zixin.sealer, now=zixin.clock.now())
    if as_json:
        print_json(done)
        return
    say(f"{done.resealed} tokens were sealed anew with the key {done.key_id}")
    for name in done.lost:
        say(f"{name}: its token opened with no key and was let go of; the next call asks for one")
    if done.old_keys:
        say(f"not needed any more, take them out of store.old_keys: {', '.join(done.old_keys)}")


def forget_command(
    by: Annotated[str, typer.Option("--by", help="Who does this; kept in the audit log.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the audit log.")],
    config: ConfigOption = DEFAULT_CONFIG,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Give up the tokens whose key is lost; the key of the configuration counts from now on.

    Stop every process before. Refused while a key that fits is at hand.
    """
    with opened(config, lost_key=True) as zixin:
        texts = zixin.company_texts
        if not (by.strip() and reason.strip()):
            end(ExitCode.WRONG_USE, texts.say("key.who_and_why"))
        if key_fits(zixin.engine, zixin.sealer):
            end(ExitCode.WRONG_USE, texts.say("key.not_lost"))
        done = forget(
            zixin.engine, zixin.sealer, by=by.strip(), reason=reason.strip(), now=zixin.clock.now()
        )
    if as_json:
        print_json(done)
        return
    say(texts.say("key.forgotten", key=done.key_id, count=len(done.connections)))
    for name in done.connections:
        say(texts.say("key.connect_anew", name=name, vendor=_vendor(zixin, name)))


def _vendor(zixin: Zixin, name: str) -> str:
    """Tell the vendor to name in ``zixin connect``; a placeholder for what is not configured."""
    return zixin.connection(name).vendor if name in zixin.names else "VENDOR"
