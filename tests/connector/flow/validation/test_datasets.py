"""Readers of the public data: traps handled, mistakes named. The files here are made up."""

import gzip
from pathlib import Path

import polars as pl
import pytest

from connector.flow.validation.datasets import DataError, american, polish, taiwan

ATTRIBUTES = [f"Attr{number}" for number in range(1, 65)]
ROWS = 2100


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode()))


def an_arff(rows: int = ROWS) -> str:
    """Make rows whose first figure counts up, the second is missing, every hundredth bankrupt."""
    header = ["@relation 'year'", *(f"@attribute {name} numeric" for name in ATTRIBUTES)]
    lines = [
        ",".join([str(row), "?", *["1"] * 62, "1" if row % 100 == 0 else "0"])
        for row in range(rows)
    ]
    return "\n".join([*header, "@attribute class {0,1}", "", "@data", *lines, ""])


def an_american_file(path: Path) -> None:
    """Make 50,001 firm-years: F1 fails after 2001, F2 lives, and fillers."""
    items = [
        *("Current assets", "Cost of goods sold", "Depreciation and amortization", "EBDITDA"),
        *("Inventory", "Net Income", "Total Receivable", "Market Value", "Net Sales"),
        *("Total Assets", "Total Long-term Debt", "EBIT", "Gross Profit"),
        *("Total Current Liabilitie", "Retained Earnings", "Total Revenue", "Total Liabilities"),
        "Total Operating Expenses",
    ]
    firms = [("F1", "failed", 2000), ("F1", "failed", 2001), ("F2", "alive", 2000)]
    fill = [(f"C{number}", "alive", 2005) for number in range(50_000)]
    lines = [
        f"{firm},{status},{year}," + ",".join(["1.5"] * 18) for firm, status, year in firms + fill
    ]
    write(path, "\n".join([",".join(["company_name", "Company Status", "year", *items]), *lines]))


def test_american_label_is_the_last_filed_year_of_a_failed_firm(tmp_path: Path) -> None:
    an_american_file(tmp_path / "american_bankruptcy" / "american_bankruptcy_union.csv.gz")

    frame = american(tmp_path)

    firms = frame.filter(pl.col("firm").is_in(["F1", "F2"])).select("firm", "year", "bad").rows()
    assert firms == [("F1", 2000, False), ("F1", 2001, True), ("F2", 2000, False)]
    assert not {"Market Value", "market_value"} & set(frame.columns)


def test_polish_question_mark_is_missing_and_duplicates_go(tmp_path: Path) -> None:
    text = an_arff()
    again = text + text.strip().splitlines()[-1] + "\n"
    write(tmp_path / "polish_bankruptcy" / "5year.arff.gz", again)

    frame = polish(tmp_path, "5year")

    assert frame.shape == (ROWS, 65)
    assert frame["Attr2"].null_count() == ROWS
    assert frame["bad"].sum() == 21


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"taiwan_bankruptcy_rebuilt\.csv\.gz is not there"):
        taiwan(tmp_path)


def test_missing_column_is_named(tmp_path: Path) -> None:
    path = tmp_path / "taiwan_bankruptcy" / "taiwan_bankruptcy_rebuilt.csv.gz"
    write(path, "part,Debt\nlabelled,1\n")

    with pytest.raises(DataError, match="Bankrupt"):
        taiwan(tmp_path)


def test_file_cut_short_is_told(tmp_path: Path) -> None:
    write(tmp_path / "polish_bankruptcy" / "1year.arff.gz", an_arff(rows=20))

    with pytest.raises(DataError, match="has 20 rows"):
        polish(tmp_path, "1year")


def test_file_that_is_no_gzip_is_told(tmp_path: Path) -> None:
    path = tmp_path / "polish_bankruptcy" / "1year.arff.gz"
    path.parent.mkdir()
    path.write_text("plain")

    with pytest.raises(DataError, match="no whole gzip"):
        polish(tmp_path, "1year")


def test_text_that_is_no_arff_is_told(tmp_path: Path) -> None:
    write(tmp_path / "polish_bankruptcy" / "1year.arff.gz", "a,b\n1,2\n")

    with pytest.raises(DataError, match="@data"):
        polish(tmp_path, "1year")
