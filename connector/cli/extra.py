"""Commands that need the extra ``zixin[train]`` ask for it when they run, not before."""

from importlib import import_module

from connector.cli.session import ExitCode, end

__all__ = ["ask_for_the_extra"]


def ask_for_the_extra(module: str, doing: str) -> None:
    """Load the module that needs it, or end and say what to install."""
    try:
        import_module(module)
    except ImportError as error:
        end(
            ExitCode.WRONG_USE,
            f"{doing} needs libraries that are not installed ({error.name}): "
            'pip install "zixin[train]"',
        )
