"""One row of a table as plain values, with every mistake in it."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

import msgspec

from adapters.credit_file import UNITS, FieldType, Plain
from connector.flow.importing.columns import Sheet
from connector.flow.importing.tables import Cell, TableRow

__all__ = ["ImportMistake", "read_row"]

_DATE = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")
_FIRST_YEAR, _LAST_YEAR = 1900, 2999
_YES = frozenset({"是", "已登记", "yes", "true", "y", "1", "√"})
_NO = frozenset({"否", "未登记", "no", "false", "n", "0", "×"})
_ACCOUNTING_NEGATIVE = re.compile(r"\((.+)\)|（(.+)）")


class ImportMistake(msgspec.Struct, frozen=True, kw_only=True):
    """A mistake: the row and column as the file shows them, and a code with its parameters.

    The sentence, with what to do, is ``<code>`` in the catalogues.
    """

    row: int
    column: str
    code: str
    params: dict[str, str] = {}


class _Bad(ValueError):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def read_row(
    row: TableRow, headers: Mapping[str, str], sheet: Sheet
) -> tuple[dict[str, Plain], list[ImportMistake]]:
    """Read a row; ``headers``: our name of each column there is → its header."""
    values: dict[str, Plain] = dict(sheet.fixed)
    mistakes = list(_missing(row, headers, sheet))
    for name, type_ in sheet.fields.items():
        cell = row.cells.get(headers.get(name, ""))
        if cell is None:
            continue
        try:
            values[name] = _value(name, cell, type_, sheet)
        except _Bad as bad:
            allowed = ", ".join(sheet.allowed.get(name, UNITS if name == "unit" else ()))
            params = {"value": str(cell), "allowed": allowed}
            mistakes.append(_mistake(row, headers[name], bad.code, **params))
    return values, mistakes


def _missing(row: TableRow, headers: Mapping[str, str], sheet: Sheet) -> Iterator[ImportMistake]:
    for name in sheet.needed:
        if name in headers and headers[name] not in row.cells:
            yield _mistake(row, headers[name], "missing_field")


def _mistake(row: TableRow, column: str, code: str, /, **params: str) -> ImportMistake:
    return ImportMistake(row=row.number, column=column, code=f"import.{code}", params=params)


def _value(name: str, cell: Cell, type_: FieldType, sheet: Sheet) -> Plain:
    match type_:
        case "date":
            return _day(cell)
        case "number":
            return _number(cell)
        case "flag":
            return _flag(cell)
        case _:
            return _word(name, str(cell).strip(), sheet)


def _day(cell: Cell) -> date:
    if isinstance(cell, date):
        return cell
    found = _DATE.fullmatch(str(cell).strip())
    if found is None and re.fullmatch(r"\d{8}", str(cell)):
        found = re.fullmatch(r"(\d{4})(\d\d)(\d\d)", str(cell))
    if found is None:
        raise _Bad("bad_date")
    year, month, day = (int(part) for part in found.groups())
    try:
        if not _FIRST_YEAR <= year <= _LAST_YEAR:
            raise _Bad("bad_date")
        return datetime(year, month, day).date()  # noqa: DTZ001 a calendar date
    except ValueError:
        raise _Bad("bad_date") from None


def _number(cell: Cell) -> Decimal:
    if isinstance(cell, Decimal):
        return cell
    text = str(cell).strip().replace(",", "").replace("，", "").lstrip("¥￥")
    in_brackets = _ACCOUNTING_NEGATIVE.fullmatch(text)
    if in_brackets:
        text = "-" + (in_brackets[1] or in_brackets[2])
    try:
        number = Decimal(text.removesuffix("%"))
    except InvalidOperation:
        raise _Bad("bad_number") from None
    if not number.is_finite():
        raise _Bad("bad_number")
    return number


def _flag(cell: Cell) -> bool:
    if isinstance(cell, bool):
        return cell
    text = str(cell).strip().lower()
    if text in _YES:
        return True
    if text in _NO:
        return False
    raise _Bad("bad_flag")


def _word(name: str, text: str, sheet: Sheet) -> str:
    if name == "unit":
        if text not in UNITS:
            raise _Bad("unknown_option")
        return text
    word = sheet.words.get(name, {}).get(text, text)
    if name in sheet.allowed and word not in sheet.allowed[name]:
        raise _Bad("unknown_option")
    return word
