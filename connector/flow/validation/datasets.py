"""Readers of the public bankruptcy data: from a folder to frames, with their traps handled.

The folder holds ``american_bankruptcy``, ``polish_bankruptcy`` and ``taiwan_bankruptcy``. Every
frame has ``bad`` (the outcome, Boolean) beside its figures. Exact duplicates are taken out, "?" is
missing, and what a firm's label says about other years is undone. Nothing is scaled or filled.
"""

import gzip
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import polars as pl

__all__ = ["DataError", "american", "polish", "polish_files", "taiwan"]

_ITEMS = {
    "Current assets": "current_assets",
    "Cost of goods sold": "cost_of_goods",
    "Depreciation and amortization": "depreciation",
    "EBDITDA": "ebitda",
    "Inventory": "inventory",
    "Net Income": "net_income",
    "Total Receivable": "receivables",
    "Net Sales": "sales",
    "Total Assets": "total_assets",
    "Total Long-term Debt": "long_term_debt",
    "EBIT": "ebit",
    "Gross Profit": "gross_profit",
    "Total Current Liabilitie": "current_liabilities",
    "Retained Earnings": "retained",
    "Total Liabilities": "total_liabilities",
    "Total Operating Expenses": "operating_expenses",
}
_ATTRIBUTES = tuple(f"Attr{number}" for number in range(1, 65))
_AMERICAN_ROWS, _TAIWAN_ROWS, _POLISH_ROWS = 50_000, 5_000, 2_000


class DataError(ValueError):
    """The folder does not hold the data expected: names the file and what is wrong with it."""


def american(folder: Path) -> pl.DataFrame:
    """Read the firm-years of American listed companies: firm, year, bad, and statement items.

    The source labels a firm in every year; ``bad`` marks its last filed year alone. The market
    value is left out, as a private customer has none, and the total revenue, which repeats sales.
    """
    path = folder / "american_bankruptcy" / "american_bankruptcy_union.csv.gz"
    frame = _csv(path, ["company_name", "Company Status", "year", *_ITEMS], _AMERICAN_ROWS)
    last = pl.col("year") == pl.col("year").max().over("company_name")
    return (
        frame.unique(maintain_order=True)
        .with_columns((last & (pl.col("Company Status") == "failed")).alias("bad"))
        .rename(_ITEMS | {"company_name": "firm"})
        .select("firm", pl.col("year").cast(pl.Int32), "bad", *_ITEMS.values())
        .sort("firm", "year")
    )


def polish(folder: Path, name: str) -> pl.DataFrame:
    """Read Polish companies: bad and Attr1 … Attr64; ``name`` is one of ``polish_files``.

    The year in a file's name counts from the start of a forecast: ``1year`` is five years ahead of
    the bankruptcies, ``3year`` three, ``5year`` one.
    """
    home = folder / "polish_bankruptcy"
    parts = [_polish_file(home / file) for file in polish_files(name)]
    return (
        pl.concat(parts)
        .unique(maintain_order=True)
        .select(pl.col("class").eq(1).alias("bad"), *_ATTRIBUTES)
    )


def polish_files(name: str) -> Sequence[str]:
    """Name the files of one of the Polish sets: 1year, 3year, 5year."""
    return {
        "1year": ("1year.arff.gz",),
        "3year": ("3year_train.csv.gz", "3year_test.csv.gz"),
        "5year": ("5year.arff.gz",),
    }[name]


def _polish_file(path: Path) -> pl.DataFrame:
    columns = [*_ATTRIBUTES, "class"]
    if path.name.endswith(".csv.gz"):
        frame = _csv(path, columns, _POLISH_ROWS)
    else:
        frame = _checked(path, _arff(path), columns, _POLISH_ROWS)
    return frame.select(pl.col(_ATTRIBUTES).cast(pl.Float64), pl.col("class").cast(pl.Int8))


def _arff(path: Path) -> pl.DataFrame:
    header, mark, rows = _bytes(path).partition(b"@data")
    if not mark:
        raise DataError(f"{path}: is no ARFF file, the line @data is missing")
    names = [
        line.split()[1].decode()
        for line in header.splitlines()
        if line.lower().startswith(b"@attribute")
    ]
    return pl.read_csv(
        BytesIO(rows.strip()),
        has_header=False,
        new_columns=names,
        null_values="?",
        infer_schema_length=None,
    )


def taiwan(folder: Path) -> pl.DataFrame:
    """Read Taiwanese companies: bad and 95 ratios, which the publisher scaled to 0..1."""
    path = folder / "taiwan_bankruptcy" / "taiwan_bankruptcy_rebuilt.csv.gz"
    frame = _csv(path, ["Bankrupt?", "part"], _TAIWAN_ROWS)
    bad = pl.col("Bankrupt?").eq(1).alias("bad")
    figures = pl.exclude("Bankrupt?", "part").cast(pl.Float64)
    return frame.unique(maintain_order=True).select(bad, figures)


def _csv(path: Path, columns: Sequence[str], rows: int) -> pl.DataFrame:
    frame = pl.read_csv(BytesIO(_bytes(path)), null_values="?", infer_schema_length=None)
    return _checked(path, frame, columns, rows)


def _bytes(path: Path) -> bytes:
    try:
        return gzip.decompress(path.read_bytes())
    except FileNotFoundError as error:
        raise DataError(
            f"{path} is not there: give the folder that holds it with --data"
        ) from error
    except (gzip.BadGzipFile, EOFError) as error:
        raise DataError(f"{path}: is no whole gzip file ({error})") from error


def _checked(path: Path, frame: pl.DataFrame, columns: Sequence[str], rows: int) -> pl.DataFrame:
    """Return the frame, or say what of it is not as published."""
    missing = sorted(set(columns) - set(frame.columns))
    if missing:
        raise DataError(f"{path}: the columns {missing} are missing")
    if frame.height < rows:
        raise DataError(f"{path}: has {frame.height} rows, at least {rows} were expected")
    return frame
