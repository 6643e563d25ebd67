"""A table file as rows: CSV in UTF-8 or GB18030, or the first sheet of an XLSX workbook."""

import csv
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path

import msgspec
from python_calamine import CalamineError, load_workbook

__all__ = ["Cell", "Table", "TableError", "TableRow", "read_table"]

Cell = str | Decimal | date | bool
_DELIMITERS = (",", "\t", ";")
_LARGEST_BYTES = 200 * 2**20


class TableError(ValueError):
    """The file is no table: a code ``import.<code>`` with its parameters."""

    def __init__(self, code: str, /, **params: str) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


class TableRow(msgspec.Struct, frozen=True):
    """One row: its number as a person sees it (the header is row 1), and its filled cells."""

    number: int
    cells: Mapping[str, Cell]


class Table(msgspec.Struct, frozen=True):
    """The columns in order, and the rows that hold anything."""

    columns: tuple[str, ...]
    rows: tuple[TableRow, ...]


def read_table(path: Path) -> Table:
    """Read a file by its ending. Raises ``TableError``."""
    if not path.is_file():
        raise TableError("no_file", name=path.name)
    if path.stat().st_size > _LARGEST_BYTES:
        raise TableError("file_too_large", name=path.name)
    lines = _workbook(path) if path.suffix.lower() in {".xlsx", ".xlsm"} else _text(path)
    numbered = [(number, line) for number, line in enumerate(lines, 1) if any(line)]
    if not numbered:
        raise TableError("empty_file", name=path.name)
    columns = [str(cell).strip() if cell is not None else "" for cell in numbered[0][1]]
    twice = sorted({name for name in columns if name and columns.count(name) > 1})
    if twice:
        raise TableError("column_twice", columns=", ".join(twice))
    rows = [TableRow(number, _cells(columns, line)) for number, line in numbered[1:]]
    return Table(tuple(columns), tuple(row for row in rows if row.cells))


def _cells(columns: Sequence[str], line: Sequence[Cell | None]) -> dict[str, Cell]:
    pairs = zip(columns, line, strict=False)
    return {name: cell for name, cell in pairs if name and cell is not None}


def _text(path: Path) -> list[list[Cell | None]]:
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = raw.decode("gb18030")  # what Excel in China writes
        except UnicodeDecodeError:
            raise TableError("not_text", name=path.name) from None
    if "\0" in text:
        raise TableError("not_text", name=path.name)
    head = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=head.count)
    try:
        lines = list(csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise TableError("not_csv", name=path.name, error=str(error)) from None
    return [[cell.strip() or None for cell in line] for line in lines]


def _workbook(path: Path) -> list[list[Cell | None]]:
    try:
        sheet = load_workbook(path).get_sheet_by_index(0)
        lines = sheet.to_python(skip_empty_area=False)
    except (CalamineError, OSError, IndexError):
        raise TableError("not_workbook", name=path.name) from None
    return [[_cell(value) for value in line] for line in lines]


def _cell(value: object) -> Cell | None:
    match value:
        case bool():
            return value
        case datetime():
            return value.date()
        case date():
            return value
        case int() | float():
            number = Decimal(repr(value))
            return number.quantize(Decimal(1)) if number == number.to_integral_value() else number
        case _:
            return str(value).strip() or None
