"""Workbooks are read back by another library: figures are numbers, texts stay texts."""

import re
from datetime import date
from pathlib import Path
from zipfile import ZipFile

import pytest
from python_calamine import CalamineWorkbook

from connector.flow.reports.sheets import Cell, Percent, Sheet
from connector.flow.reports.workbook import write_workbook
from scoring.money import Money


def a_sheet(*rows: tuple[Cell, ...], title: str = "Ageing", totals: int = 0) -> Sheet:
    columns = tuple(f"c{number}" for number in range(len(rows[0]) if rows else 2))
    numbers = (False, *(True for _ in columns[1:]))
    return Sheet(
        title=title, columns=columns, rows=rows, numbers=numbers, totals=totals, empty="nobody"
    )


def written(folder: Path, *sheets: Sheet) -> Path:
    path = folder / "report.xlsx"
    write_workbook(list(sheets), path, heading="As of 2026-03-31")
    return path


def inside(path: Path, name: str) -> str:
    with ZipFile(path) as archive:
        return archive.read(name).decode()


def cell_style(page: str, cell: str) -> int:
    found = re.search(rf'r="{cell}" s="(\d+)"', page)
    assert found is not None
    return int(found[1])


def is_bold(styles: str, style: int) -> bool:
    fonts = re.findall(r"<font>(.*?)</font>", styles)
    cells = re.search(r"<cellXfs.*?</cellXfs>", styles)
    assert cells is not None
    font = re.findall(r'<xf [^>]*fontId="(\d+)"', cells[0])[style]
    return "<b/>" in fonts[int(font)]


def test_cells_keep_their_kind(tmp_path: Path) -> None:
    day = date(2026, 3, 31)
    row = ("甲公司", Money(123456, "CNY"), 7, 0.25, Percent(12.5), day, None)
    path = written(tmp_path, a_sheet(row))

    book = CalamineWorkbook.from_path(path)

    read = book.get_sheet_by_name("Ageing").to_python()
    assert read[0][0] == "As of 2026-03-31"
    assert read[1] == [f"c{number}" for number in range(7)]
    assert read[2] == ["甲公司", 1234.56, 7.0, 0.25, 0.125, day, ""]


@pytest.mark.parametrize(
    "name", ["=1+1", "=cmd|'/c calc'!A0", "+1", "-1", "@x", "https://a.example", "0012"]
)
def test_no_text_becomes_a_formula_a_link_or_a_number(name: str, tmp_path: Path) -> None:
    path = written(tmp_path, a_sheet((name, 1)))

    read = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()

    assert read[2][0] == name
    page = inside(path, "xl/worksheets/sheet1.xml")
    assert "<f>" not in page
    assert "hyperlink" not in page


def test_amounts_have_their_currency_s_digits_and_sums_are_bold(tmp_path: Path) -> None:
    rows = (("a", Money(1, "CNY")), ("b", Money(1, "JPY")), ("c", Money(1, "KWD")))
    path = written(tmp_path, a_sheet(*rows, ("Σ", Money(3, "CNY")), totals=1))

    styles = inside(path, "xl/styles.xml")
    read = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()

    assert [row[1] for row in read[2:]] == [0.01, 1.0, 0.001, 0.03]
    for number_format in ("#,##0", "#,##0.00", "#,##0.000"):
        assert f'formatCode="{number_format}"' in styles
    page = inside(path, "xl/worksheets/sheet1.xml")
    bold = [is_bold(styles, cell_style(page, cell)) for cell in ("B3", "B4", "B5", "B6")]
    assert bold == [False, False, False, True]


def test_the_header_stays_in_view(tmp_path: Path) -> None:
    page = inside(written(tmp_path, a_sheet(("a", 1))), "xl/worksheets/sheet1.xml")

    assert 'ySplit="2"' in page
    assert 'state="frozen"' in page


def test_an_empty_sheet_says_so(tmp_path: Path) -> None:
    read = CalamineWorkbook.from_path(written(tmp_path, a_sheet())).get_sheet_by_index(0)

    assert read.to_python()[2][0] == "nobody"


def test_long_and_forbidden_titles_become_names_excel_takes(tmp_path: Path) -> None:
    path = written(tmp_path, a_sheet(("a", 1), title="Grades: from [rows] to *columns*, and more"))

    assert CalamineWorkbook.from_path(path).sheet_names == ["Grades  from  rows  to  columns"]


def test_a_file_that_cannot_be_written_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="report"):
        written(tmp_path / "nowhere", a_sheet(("a", 1)))
