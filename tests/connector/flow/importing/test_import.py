"""Tables become facts of the credit file; every mistake is told with its row and column."""

from datetime import date
from pathlib import Path

import msgspec
import polars as pl
import pytest

from connector.flow.importing.columns import ImportKind, field_of_header, sheet_of
from connector.flow.importing.standards import load_standards
from connector.flow.importing.templates import write_template
from connector.store import tables
from connector.store.book import load_book
from connector.store.engine import reading
from connector.store.staleness import stale_entities
from connector.texts.catalogue import LANGUAGES, Texts
from scoring.book import Book
from tests.connector.flow.importing.filing import USCC, Import, a_csv, a_workbook, codes
from tests.connector.store.saving import rows

STATEMENTS = (
    "统一社会信用代码,报表期末,依据,收到日期,单位,资产总计,负债合计,所有者权益合计,营业收入"
)
GOOD = f'{USCC},2025-12-31,审计,2026-04-30,万元,"1,200",500,700,3000.5'
SOME = ImportKind.STATEMENTS


def book_of(importing: Import) -> Book:
    with reading(importing.engine) as conn:
        return load_book(conn, None, {})


def test_a_statement_is_kept_with_its_unit_and_marks_its_company(importing: Import) -> None:
    report = importing.lines(SOME, STATEMENTS, GOOD)

    (row,) = book_of(importing).statements.to_dicts()
    assert (report.imported, report.refused, report.companies) == (1, 0, 1)
    assert (row["entity"], row["period_end"], row["months"]) == (
        f"uscc:{USCC}",
        date(2025, 12, 31),
        12,
    )
    assert (row["basis"], row["received_on"]) == ("audited", date(2026, 4, 30))
    assert (row["total_assets"], row["revenue"], row["cash"]) == (
        1_200_000_000,
        3_000_500_000,
        None,
    )
    with reading(importing.engine) as conn:
        assert stale_entities(conn) == [f"uscc:{USCC}"]


def test_the_same_file_twice_changes_nothing(importing: Import) -> None:
    importing.lines(SOME, STATEMENTS, GOOD)
    kept = rows(importing.engine, tables.audit)

    again = importing.lines(SOME, STATEMENTS, GOOD)

    assert (again.imported, again.unchanged, again.mistakes) == (0, 1, [])
    assert rows(importing.engine, tables.audit) == kept
    assert book_of(importing).statements.height == 1


def test_who_imported_what_is_in_the_audit_log(importing: Import) -> None:
    importing.lines(SOME, STATEMENTS, GOOD)

    (entry,) = rows(importing.engine, tables.audit)

    assert (entry["what"], entry["target"]) == ("imported", f"uscc:{USCC}")
    assert str(entry["why"]) == "statements from t.csv by 李梅"


def test_a_dry_run_keeps_nothing(importing: Import) -> None:
    report = importing.lines(SOME, STATEMENTS, GOOD, dry_run=True)

    assert (report.imported, report.dry_run) == (1, True)
    assert book_of(importing).statements.height == 0


def test_good_rows_are_kept_beside_bad_ones_unless_strict(importing: Import) -> None:
    bad = GOOD.replace("2025-12-31", "31.12.")

    strict = importing.lines(SOME, STATEMENTS, GOOD, bad, strict=True)
    lenient = importing.lines(SOME, STATEMENTS, GOOD, bad)

    assert (strict.imported, strict.refused) == (0, 1)
    assert (lenient.imported, lenient.refused) == (1, 1)
    assert book_of(importing).statements.height == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_every_usual_encoding_is_read(importing: Import, encoding: str) -> None:
    lines = ("客户\t类别\t获知日期\t来源", "乙公司\t失信被执行人\t2026年5月4日\t法院")

    report = importing(ImportKind.RECORDS, a_csv(importing.folder, *lines, encoding=encoding))

    (row,) = book_of(importing).credit_records.to_dicts()
    assert report.mistakes == []
    assert (row["entity"], row["kind"], row["known_on"]) == (
        "zoho:x",
        "dishonest",
        date(2026, 5, 4),
    )


def test_a_workbook_with_real_dates_and_numbers_is_read(importing: Import) -> None:
    path = a_workbook(
        importing.folder,
        ("Customer", "Kind", "Amount", "Valid from", "Registered", "Haircut %"),
        (),
        ("zoho:x", "房产", 250000.5, date(2026, 1, 1), True, 30),
    )

    report = importing(ImportKind.COLLATERAL, path)

    (row,) = book_of(importing).collateral.to_dicts()
    assert report.mistakes == []
    assert (row["kind"], row["amount"], row["registered"], row["haircut"]) == (
        "property",
        25_000_050,
        True,
        0.3,
    )


def test_references_are_records_of_their_kind(importing: Import) -> None:
    report = importing.lines(
        ImportKind.REFERENCES,
        "客户,获知日期,性质,付款等级,渠道,来源",
        "乙公司,2026-05-04,同行,85,电话,某供应商",
    )

    (row,) = book_of(importing).credit_records.to_dicts()
    assert report.mistakes == []
    assert (row["kind"], row["status"], row["value"], row["channel"]) == (
        "reference",
        "trade",
        85.0,
        "phone",
    )


def test_a_promise_names_its_invoice(importing: Import) -> None:
    report = importing.lines(
        ImportKind.PROMISES,
        "客户,发票号,承诺日,约定付款日,金额",
        "乙公司,N-i1,2026-11-01,2026-11-30,500",
        "乙公司,N-i2,2026-11-01,2026-11-30,500",
    )

    (row,) = book_of(importing).promises.to_dicts()
    assert (row["item"], row["account"], row["amount"]) == ("zoho:i1", "zoho:x", 50_000)
    assert codes(report) == [(3, "发票号", "import.unknown_invoice")]


MISTAKES = [
    ("a company nobody knows", f"9,{GOOD.partition(',')[2]}", "import.bad_uscc"),
    ("a broken date", GOOD.replace("2025-12-31", "2025-13-31"), "import.bad_date"),
    ("a word for a number", GOOD.replace("500,", "很多,"), "import.bad_number"),
    ("an unknown unit", GOOD.replace("万元", "筐"), "import.unknown_option"),
    ("an unknown basis", GOOD.replace("审计", "听说"), "import.unknown_option"),
    ("no unit", GOOD.replace("万元", ""), "import.missing_field"),
    ("out of balance", GOOD.replace("500,700", "500,600"), "statement.not_balanced"),
    ("negative sales", GOOD.replace("3000.5", "-3000.5"), "statement.negative_revenue"),
    (
        "a period that is not over",
        GOOD.replace("2025-12-31", "2026-12-31"),
        "statement.future_period",
    ),
    ("received tomorrow", GOOD.replace("2026-04-30", "2026-11-25"), "import.future_date"),
    ("no company", f",{GOOD.partition(',')[2]}", "import.no_reference"),
]


@pytest.mark.parametrize(
    ("line", "code"), [each[1:] for each in MISTAKES], ids=[m[0] for m in MISTAKES]
)
def test_a_mistake_is_told_with_its_row_and_harms_nobody(
    importing: Import, line: str, code: str
) -> None:
    report = importing.lines(SOME, STATEMENTS, line, GOOD)

    assert [(each.row, each.code) for each in report.mistakes] == [(2, code)]
    assert (report.imported, report.refused) == (1, 1)


def test_all_mistakes_of_a_row_are_told_at_once(importing: Import) -> None:
    report = importing.lines(SOME, STATEMENTS, "9,2025,听说,2026-04-30,筐,x,500,700,3")

    assert codes(report) == [
        (2, "依据", "import.unknown_option"),
        (2, "单位", "import.unknown_option"),
        (2, "报表期末", "import.bad_date"),
        (2, "统一社会信用代码", "import.bad_uscc"),
        (2, "资产总计", "import.bad_number"),
    ]


def test_a_statement_in_the_wrong_unit_is_seen_by_what_we_sold(importing: Import) -> None:
    # We invoiced 10,000 in the year before; nobody buys for more than it sells.
    line = GOOD.replace("万元", "元").replace("2025-12-31", "2026-10-31")
    report = importing.lines(SOME, STATEMENTS, line.replace("2026-04-30", "2026-11-20"))

    assert codes(report) == [(2, "单位", "statement.wrong_unit")]


def test_two_statements_of_one_period_are_refused_together_with_the_row_of_the_first(
    importing: Import,
) -> None:
    report = importing.lines(SOME, STATEMENTS, GOOD, GOOD, GOOD.replace("3000.5", "3000"))

    assert codes(report) == [
        (3, "", "import.repeated_row"),
        (4, "报表期末", "import.repeated_period"),
    ]
    assert report.imported == 1


def test_other_figures_need_a_later_day(importing: Import) -> None:
    importing.lines(SOME, STATEMENTS, GOOD)
    changed = GOOD.replace("3000.5", "3100")

    same_day = importing.lines(SOME, STATEMENTS, changed)
    later = importing.lines(SOME, STATEMENTS, changed.replace("2026-04-30", "2026-05-02"))

    assert codes(same_day) == [(2, "报表期末", "import.other_figures")]
    assert (later.imported, later.mistakes) == (1, [])


def test_a_name_of_two_companies_is_refused(importing: Import) -> None:
    report = importing.lines(
        ImportKind.RECORDS, "客户,类别,获知日期,来源", "同名公司,诉讼,2026-05-04,法院"
    )

    assert codes(report) == [(2, "客户", "import.unknown_company")]


def test_code_and_name_of_two_companies_are_refused(importing: Import) -> None:
    report = importing.lines(
        ImportKind.RECORDS,
        "统一社会信用代码,客户,类别,获知日期,来源",
        f"{USCC},乙公司,诉讼,2026-05-04,法院",
    )

    assert codes(report) == [(2, "统一社会信用代码 / 客户", "import.two_companies")]


FILES = [
    (b"", "import.empty_file"),
    (b"\xff\xfe\x00\x01", "import.not_text"),
    ("客户,颜色\n乙公司,红".encode(), "import.unknown_columns"),
    ("客户,类别\n乙公司,诉讼".encode(), "import.missing_columns"),
    ("类别,获知日期,来源\n诉讼,2026-01-01,x".encode(), "import.missing_columns"),
    ("客户,客户名称,类别,获知日期,来源".encode(), "import.column_twice"),
    ("客户,客户,类别,获知日期,来源".encode(), "import.column_twice"),
    ('客户,类别,获知日期,来源\n"乙公司,诉讼'.encode(), "import.not_csv"),
]


@pytest.mark.parametrize(("content", "code"), FILES)
def test_a_file_that_is_no_such_table_is_told(importing: Import, content: bytes, code: str) -> None:
    path = importing.folder / "bad.csv"
    path.write_bytes(content)

    report = importing(ImportKind.RECORDS, path)

    assert [each.code for each in report.mistakes] == [code]
    assert report.imported == 0


def test_a_file_that_is_not_there_or_no_workbook_is_told(importing: Import) -> None:
    fake = importing.folder / "fake.xlsx"
    fake.write_text("no workbook")

    codes_of = [
        importing(ImportKind.RECORDS, path).mistakes[0].code
        for path in (importing.folder / "none.csv", fake)
    ]

    assert codes_of == ["import.no_file", "import.not_workbook"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_mistake_has_its_sentence(importing: Import, language: str) -> None:
    lines = [line for _what, line, _code in MISTAKES]
    report = importing.lines(SOME, STATEMENTS, *lines, "9,x,听说,y,筐,z,,,")
    texts = Texts(language)

    said = [texts.say(each.code, **each.params) for each in report.mistakes]

    assert len(said) >= len(MISTAKES)
    assert all(said)
    assert not any("{" in sentence for sentence in said)


@pytest.mark.parametrize("kind", list(ImportKind))
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_a_template_has_every_column_and_can_be_read_back(
    tmp_path: Path, importing: Import, kind: ImportKind, language: str, ending: str
) -> None:
    path = tmp_path / f"template.{ending}"
    write_template(kind, path, Texts(language))

    report = importing(kind, path)

    assert (report.rows, report.mistakes) == (0, [])


@pytest.mark.parametrize("kind", list(ImportKind))
def test_every_header_names_one_column(kind: ImportKind) -> None:
    sheet = sheet_of(kind)

    assert [field_of_header(name, sheet) for name in sheet.columns] == list(sheet.columns)
    assert field_of_header("颜色", sheet) is None


class TestStandards:
    """Industry standard values."""

    HEADER = "年度,行业,上级行业,规模,指标,优秀值,良好值,平均值,较低值,较差值"
    ROW = "2023,批发业,,sme,current_ratio,2.5,2.0,1.5,1.2,0.9"

    def test_they_are_kept_and_concern_everybody(self, importing: Import) -> None:
        report = importing.lines(ImportKind.STANDARDS, self.HEADER, self.ROW)

        with reading(importing.engine) as conn:
            (standard,) = load_standards(conn)
            assert len(stale_entities(conn)) == 4
        assert (report.imported, report.mistakes) == (1, [])
        assert (standard.industry, standard.size, str(standard.values[0])) == (
            "批发业",
            "sme",
            "2.5",
        )

    def test_twice_changes_nothing(self, importing: Import) -> None:
        importing.lines(ImportKind.STANDARDS, self.HEADER, self.ROW)

        again = importing.lines(ImportKind.STANDARDS, self.HEADER, self.ROW)

        assert (again.imported, again.unchanged) == (0, 1)

    def test_mistakes_name_row_and_column(self, importing: Import) -> None:
        report = importing.lines(
            ImportKind.STANDARDS, self.HEADER, self.ROW, self.ROW.replace("2.5", "viel")
        )

        assert codes(report) == [(3, "优秀值", "standard.not_a_number")]
        assert report.imported == 1


def test_what_was_imported_is_the_same_whoever_else_is_loaded(importing: Import) -> None:
    importing.lines(SOME, STATEMENTS, GOOD)
    importing.lines(
        SOME, STATEMENTS.replace("统一社会信用代码", "客户"), GOOD.replace(USCC, "乙公司")
    )

    with reading(importing.engine) as conn:
        alone = load_book(conn, ["zoho:x"], {}).statements
    mine = book_of(importing).statements.filter(pl.col("entity") == "zoho:x")

    assert alone.height == 1
    assert alone.equals(mine)
    assert msgspec.json.encode(alone.to_dicts()) == msgspec.json.encode(mine.to_dicts())
