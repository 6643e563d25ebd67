"""Commands for the key that seals tokens."""

import typer

from connector.cli.output import print_json, say
from connector.cli.session import DEFAULT_CONFIG, ConfigOption, JsonFlag, opened
from connector.store.sealing import rotate

__all__ = ["add_commands"]


def add_commands(app: typer.Typer) -> None:
    """Add these commands to the application."""
    group = typer.Typer(help="The key that seals tokens (密钥).", no_args_is_help=True)
    group.callback()(_group)
    group.command("rotate")(rotate_command)
    app.add_typer(group, name="key")


def _group() -> None:
    """Keep ``rotate`` a command of its own though it is the only one."""


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
