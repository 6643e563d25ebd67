"""A report's sheet on a screen: figures are never cut, texts and units give way to the width."""

from collections.abc import Sequence
from functools import partial

from rich.cells import cell_len
from rich.console import Console

from connector.cli.output import print_table, say
from connector.flow.reports.sheets import Cell, Percent, Sheet
from connector.texts.catalogue import Texts
from scoring.money import Money

__all__ = ["print_sheet"]

ROWS_SHOWN = 40
_TEXT_WIDTH, _GAP = 14, 3
_Row = list[str]


def print_sheet(sheet: Sheet, texts: Texts) -> None:
    """Print a sheet, or say that it is empty.

    Where the screen is narrow, amounts are shown in thousands (the title says so), and the texts
    of a row share one column.
    """
    if not sheet.rows:
        say(f"{sheet.title}: {sheet.empty}\n")
        return
    left = len(sheet.rows) - sheet.totals - ROWS_SHOWN
    sums = sheet.rows[len(sheet.rows) - sheet.totals :]
    cells = sheet.rows if left <= 0 else (*sheet.rows[:ROWS_SHOWN], *sums)
    title, columns, rows = _fitted(sheet, cells, texts, Console().width)
    first = len(columns) - sum(sheet.numbers)
    print_table(columns, rows, title=title, right=columns[first:], compact=True)
    if left > 0:
        say(texts.say("report.more", count=left))


def _fitted(
    sheet: Sheet, cells: Sequence[Sequence[Cell]], texts: Texts, width: int
) -> tuple[str, list[str], list[_Row]]:
    rows = [[_shown(cell, texts) for cell in row] for row in cells]
    title, columns = sheet.title, list(sheet.columns)
    words = sheet.numbers.count(False)
    if _width(rows, columns, words) > width and any(
        isinstance(cell, Money) for row in cells for cell in row
    ):
        shown = partial(_shown, texts=texts, thousands=True)
        rows, title = (
            [list(map(shown, row)) for row in cells],
            texts.say("report.thousands", title=title),
        )
    if words > 1 and _width(rows, columns, words) > width:
        rows = [[" · ".join(row[:words]), *row[words:]] for row in rows]
        columns = [columns[0], *columns[words:]]
    return title, columns, rows


def _width(rows: Sequence[_Row], names: Sequence[str], words: int) -> int:
    """Tell how wide a table is with its texts as narrow as they may be."""
    columns = zip(names, *rows, strict=True)
    widths = [max(map(cell_len, column)) for column in columns]
    texts = [min(width, _TEXT_WIDTH) for width in widths[:words]]
    return sum(texts) + sum(widths[words:]) + _GAP * len(widths)


def _shown(cell: Cell, texts: Texts, *, thousands: bool = False) -> str:
    match cell:
        case None:
            return "–"
        case Money():
            amount = cell.amount / 1000 if thousands else cell.amount
            return texts.say("report.amount", amount=round(amount))
        case Percent():
            return f"{cell.value:.{cell.digits}f}%"
        case str():
            return cell
        case _:
            return texts.say("report.amount", amount=cell)
