"""A report as an Excel workbook: one worksheet a sheet, figures as numbers, texts as texts."""

from datetime import date
from pathlib import Path
from typing import Any

import xlsxwriter  # type: ignore[import-untyped] # the library has no types
from xlsxwriter.exceptions import FileCreateError  # type: ignore[import-untyped] # as above

from connector.flow.reports.sheets import Cell, Percent, Sheet
from scoring.money import Money, minor_digits

__all__ = ["write_workbook"]

_LONGEST_NAME = 31  # Excel's own limit
_NOT_IN_NAMES = str.maketrans(dict.fromkeys("[]:*?/\\", " "))
_WIDE, _NARROW = 34, 15
_POINT = "0.00##"


def write_workbook(sheets: list[Sheet], path: Path, *, heading: str) -> None:
    """Write the sheets. Raises ``OSError`` where the file cannot be written.

    The header row stays in view, amounts have their currency's digits, sums are bold. A text is
    never taken for a formula, a link or a number, whatever a customer is called.
    """
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    try:
        with xlsxwriter.Workbook(str(path), options) as workbook:
            styles = _Styles(workbook)
            for sheet in sheets:
                _write(workbook.add_worksheet(_name(sheet.title)), sheet, styles, heading)
    except FileCreateError as error:
        raise OSError(str(error)) from error


def _name(title: str) -> str:
    return title.translate(_NOT_IN_NAMES)[:_LONGEST_NAME].strip()


class _Styles:
    """Formats of a workbook, each made once."""

    def __init__(self, workbook: Any) -> None:  # noqa: ANN401 the library has no types
        self._workbook = workbook
        self._made: dict[tuple[str, bool], Any] = {}

    def of(self, number_format: str, *, bold: bool) -> Any:  # noqa: ANN401 the library has no types
        key = (number_format, bold)
        if key not in self._made:
            wanted = {"num_format": number_format, "bold": bold}
            self._made[key] = self._workbook.add_format(wanted)
        return self._made[key]


def _write(page: Any, sheet: Sheet, styles: _Styles, heading: str) -> None:  # noqa: ANN401 the library has no types
    page.write_string(0, 0, heading)
    page.set_column(0, len(sheet.columns) - 1, _NARROW)
    page.set_column(0, 0, _WIDE)
    for column, name in enumerate(sheet.columns):
        page.write_string(1, column, name, styles.of("@", bold=True))
    page.freeze_panes(2, 1)
    sums_from = len(sheet.rows) - sheet.totals
    for number, row in enumerate(sheet.rows):
        for column, cell in enumerate(row):
            _put(page, number + 2, column, cell, styles, bold=number >= sums_from)
    if not sheet.rows:
        page.write_string(2, 0, sheet.empty)


def _put(page: Any, row: int, column: int, cell: Cell, styles: _Styles, *, bold: bool) -> None:  # noqa: ANN401 where, what and how
    match cell:
        case None:
            return
        case str():
            page.write_string(row, column, cell, styles.of("@", bold=bold))
        case date():
            page.write_datetime(row, column, cell, styles.of("yyyy-mm-dd", bold=bold))
        case Money():
            style = styles.of(_money_format(cell.currency), bold=bold)
            page.write_number(row, column, float(cell.amount), style)
        case Percent():
            style = styles.of(f"0.{'0' * cell.digits}%", bold=bold)
            page.write_number(row, column, cell.value / 100, style)
        case int():
            page.write_number(row, column, cell, styles.of("#,##0", bold=bold))
        case _:
            page.write_number(row, column, cell, styles.of(_POINT, bold=bold))


def _money_format(currency: str) -> str:
    digits = minor_digits(currency)
    return f"#,##0.{'0' * digits}" if digits else "#,##0"
