"""What commands print: tables for people, one JSON document for programs, progress on stderr."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import msgspec
from rich.box import HEAVY_HEAD, SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

__all__ = ["Step", "complain", "print_json", "print_table", "progress", "say", "write_json"]

Step = Callable[[str, int, int | None], None]
"""Told as (what, how many so far, of how many or ``None``)."""


def say(text: str) -> None:
    """Print a line for people on standard output. Brackets in it are brackets, no styles."""
    Console(highlight=False, soft_wrap=True).print(text, markup=False)


def complain(text: str) -> None:
    """Print a line on standard error."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(text, markup=False)


def print_json(document: object) -> None:
    """Print one JSON document, and nothing else, on standard output."""
    write_json(msgspec.json.encode(document, order="sorted"))


def write_json(encoded: bytes) -> None:
    """Print a document that is JSON already."""
    sys.stdout.write(msgspec.json.format(encoded, indent=1).decode() + "\n")


def print_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str | Text]],
    *,
    title: str = "",
    right: Sequence[str] = (),
    compact: bool = False,
) -> None:
    """Print a table; ``right`` names the columns of numbers. Brackets are no styles, ``Text`` has.

    ``compact``: without lines between the columns, where there are many.
    """
    table = Table(
        title=Text(title) if title else None,
        title_justify="left",
        header_style="bold",
        box=SIMPLE_HEAD if compact else HEAVY_HEAD,
        pad_edge=not compact,
    )
    for place, column in enumerate(columns):
        if column not in right:
            table.add_column(column, overflow="fold")
            continue
        # Texts give way to figures: a number that goes on in the next line cannot be read.
        lines = [*column.split(), *(line for row in rows for line in str(row[place]).split("\n"))]
        table.add_column(
            column, justify="right", overflow="fold", min_width=max(map(cell_len, lines), default=1)
        )
    for row in rows:
        table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    Console(highlight=False).print(table)


@contextmanager
def progress(*, quiet: bool = False) -> Iterator[Step]:
    """Show a bar for each piece of long work on standard error; silent where nobody looks."""
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        disable=quiet or not sys.stderr.isatty(),
    )
    tasks: dict[str, int] = {}

    def step(what: str, done: int, total: int | None) -> None:
        if what not in tasks:
            tasks[what] = bars.add_task(what, total=total)
        bars.update(tasks[what], completed=done, total=total)  # type: ignore[arg-type] # TaskID is an int

    with bars:
        yield step
