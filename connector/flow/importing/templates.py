"""Empty tables to fill in, with a page that says what belongs where."""

import csv
from pathlib import Path

import xlsxwriter  # type: ignore[import-untyped] # the library has no types

from adapters.credit_file import UNITS
from connector.flow.importing.columns import LABELS, ImportKind, sheet_of
from connector.texts.catalogue import Texts

__all__ = ["write_template"]

_WIDTH = 18


def write_template(kind: ImportKind, path: Path, texts: Texts) -> None:
    """Write a template as XLSX, or as CSV by the file's ending, with headers in a language."""
    headers = [_header(name, texts) for name in sheet_of(kind).columns]
    if path.suffix.lower() == ".csv":
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerow(headers)
        return
    _workbook(kind, path, headers, texts)


def _header(name: str, texts: Texts) -> str:
    return LABELS[name][0] if texts.language == "zh" else name


def _workbook(kind: ImportKind, path: Path, headers: list[str], texts: Texts) -> None:
    sheet = sheet_of(kind)
    with xlsxwriter.Workbook(str(path)) as workbook:
        bold = workbook.add_format({"bold": True})
        page = workbook.add_worksheet(kind.value)
        page.write_row(0, 0, headers, bold)
        page.set_column(0, len(headers) - 1, _WIDTH)
        page.freeze_panes(1, 0)
        notes = workbook.add_worksheet(texts.say("import.notes"))
        titles = [texts.say(f"import.col.{name}") for name in ("column", "needed", "words")]
        notes.write_row(0, 0, titles, bold)
        notes.set_column(0, 2, 2 * _WIDTH)
        for row, name in enumerate(sheet.columns, 1):
            needed = texts.say("explain.yes") if name in sheet.needed else ""
            allowed = UNITS if name == "unit" else sheet.allowed.get(name, ())
            words = [*sheet.words.get(name, {}), *allowed]
            notes.write_row(row, 0, [_header(name, texts), needed, ", ".join(words)])
