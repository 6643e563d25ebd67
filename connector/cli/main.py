"""``zixin``: the command line. Each group of commands is a module of its own."""

import sys

import structlog
import typer

from connector.cli import (
    auditing,
    backing_up,
    casework,
    checking,
    clockwork,
    deciding,
    demo,
    erasing,
    explaining,
    identifying,
    importing,
    keys,
    moving,
    parked,
    policies,
    reporting,
    retaining,
    sandboxes,
    serving,
    setting_up,
    spending,
    standing,
    training,
    validating,
    watching,
    working,
)
from connector.log import set_up_logging

__all__ = ["app", "main"]

app = typer.Typer(
    name="zixin",
    help="Customer credit (客户资信) inside Zoho CRM and 纷享销客.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # they would print secrets and customer data
)
for group in (
    demo,
    sandboxes,
    setting_up,
    working,
    serving,
    explaining,
    checking,
    casework,
    identifying,
    policies,
    reporting,
    watching,
    training,
    validating,
    parked,
    keys,
    spending,
    clockwork,
    importing,
    moving,
    deciding,
    auditing,
    backing_up,
    standing,
    retaining,
    erasing,
):
    group.add_commands(app)


@app.callback()
def _options(
    *,
    verbose: bool = typer.Option(False, "--verbose", "-v", help="Log more, to standard error."),
    log_json: bool = typer.Option(False, "--log-json", help="Log as JSON lines."),
) -> None:
    set_up_logging(verbose=verbose, as_json=log_json)


def main() -> None:
    """Run the command line; a fault of ours is logged like any other, without foreign messages."""
    try:
        app()
    except Exception:  # noqa: BLE001 the last net
        structlog.get_logger(__name__).exception("a fault of zixin")
        sys.exit(1)


if __name__ == "__main__":
    main()
