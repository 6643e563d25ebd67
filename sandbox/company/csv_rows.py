"""Reads the rows of one CSV file, cell by cell, and names the file and line of whatever is wrong."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.company.currencies import DIGITS

if TYPE_CHECKING:
    from _csv import Reader

__all__ = ["LoadError", "Row", "read_rows"]

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_AMOUNT = re.compile(r"-?\d+(\.\d+)?")


class LoadError(ValueError):
    """A file cannot be loaded: which file, which line (0: the file as a whole), and why."""

    def __init__(self, file: str, line: int, reason: str) -> None:
        super().__init__(f"{file}, line {line}: {reason}" if line else f"{file}: {reason}")
        self.file = file
        self.line = line
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Row:
    """One row. Each reader returns a cell in its type, or raises ``LoadError``."""

    file: str
    line: int
    cells: dict[str, str]

    def error(self, reason: str) -> LoadError:
        """Return an error that names this row."""
        return LoadError(self.file, self.line, reason)

    def text(self, column: str) -> str:
        """Return a cell that must not be empty."""
        value = self.optional(column)
        if value is None:
            raise self.error(f"{column} is empty")
        return value

    def optional(self, column: str) -> str | None:
        """Return a cell, ``None`` where it is empty or the column is absent."""
        return self.cells.get(column, "").strip() or None

    def day(self, column: str) -> date:
        """Return a date written as 2026-03-31."""
        text = self.text(column)
        if _DATE.fullmatch(text):
            try:
                return date.fromisoformat(text)
            except ValueError:
                pass  # such as 31 February: the same sentence below
        raise self.error(f"{column} {text!r} is no date such as 2026-03-31")

    def whole(self, column: str) -> int | None:
        """Return a whole number of 0 or more, ``None`` where the cell is empty."""
        text = self.optional(column)
        if text is None:
            return None
        if not (text.isascii() and text.isdigit()):
            raise self.error(f"{column} {text!r} is no whole number of 0 or more")
        return int(text)

    def currency(self, column: str = "currency") -> str:
        """Return an ISO 4217 code."""
        code = self.text(column)
        if code not in DIGITS:
            raise self.error(f"unknown currency {code!r}: an ISO 4217 code such as CNY is needed")
        return code

    def amount(self, currency: str, column: str = "amount") -> Decimal:
        """Return an amount above 0 with no more digits than the currency has."""
        text = self.text(column)
        if not _AMOUNT.fullmatch(text):
            raise self.error(f"{column} {text!r} is no amount such as 1234.50")
        if len(text.partition(".")[2].rstrip("0")) > DIGITS[currency]:
            raise self.error(f"{column} {text} has more digits than {currency} has")
        value = Decimal(text)
        if value <= 0:
            raise self.error(f"{column} {text} must be more than 0")
        return value


def read_rows(directory: Path, file: str, needed: tuple[str, ...]) -> Iterator[Row]:
    """Yield the rows of a file one by one; empty lines are passed over.

    Raises ``LoadError`` for a missing file or column, a row with too many or too few cells, and
    text that is not UTF-8.
    """
    try:
        with (directory / file).open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            header = [name.strip() for name in next(reader, [])]
            _check_header(file, header, needed)
            for cells in _cells(file, reader):
                if len(cells) != len(header):
                    reason = f"{len(cells)} cells where the header has {len(header)} columns"
                    raise LoadError(file, reader.line_num, reason)
                yield Row(file, reader.line_num, dict(zip(header, cells, strict=True)))
    except FileNotFoundError:
        raise LoadError(file, 0, f"not found in {directory}") from None
    except UnicodeDecodeError as error:
        raise LoadError(file, 0, f"is not UTF-8 (byte {error.start} of a block)") from error


def _cells(file: str, reader: "Reader") -> Iterator[list[str]]:
    try:
        yield from (cells for cells in reader if cells)
    except csv.Error as error:
        raise LoadError(file, reader.line_num, f"is not CSV: {error}") from error


def _check_header(file: str, header: list[str], needed: tuple[str, ...]) -> None:
    missing = [name for name in needed if name not in header]
    if missing:
        raise LoadError(file, 1, f"missing column {', '.join(missing)}")
    doubled = sorted({name for name in header if header.count(name) > 1})
    if doubled:
        raise LoadError(file, 1, f"column {', '.join(doubled)} occurs twice")
