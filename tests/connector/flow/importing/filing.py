"""Tables to import, and an installation with three companies to import them into."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import xlsxwriter  # type: ignore[import-untyped] # the library has no types

from connector.flow.entities import group_entities
from connector.flow.importing.columns import ImportKind
from connector.flow.importing.run import ImportJob, ImportReport, import_file
from connector.store import tables
from connector.store.engine import writing
from scoring.policy import Policy
from scoring.records import Kind
from tests.connector.store.saving import NOW, save
from tests.crm_records import an_account, an_invoice

__all__ = ["TODAY", "USCC", "Import", "a_csv", "a_workbook", "codes", "filled"]

USCC = "91350100M000100Y43"
TODAY = date(2026, 11, 24)


def filled(engine: sa.Engine) -> sa.Engine:
    """Three companies: one by code in both CRMs, one named, and two of one name."""
    save(
        engine,
        Kind.ACCOUNTS,
        an_account("a1", uscc=USCC, name="甲公司"),
        an_account("x", name="乙公司"),
        an_account("t1", name="同名公司"),
        an_account("t2", name="同名公司"),
    )
    save(engine, Kind.ACCOUNTS, an_account("b1", uscc=USCC, name="甲公司"), system="fx")
    save(engine, Kind.INVOICES, an_invoice("i1", "x"), an_invoice("i2", "a1"))
    group_entities(engine, now=NOW)
    with writing(engine) as conn:
        conn.execute(tables.stale.delete())
    return engine


def a_csv(folder: Path, *lines: str, encoding: str = "utf-8", name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


def a_workbook(folder: Path, *lines: Sequence[object]) -> Path:
    path = folder / "t.xlsx"
    with xlsxwriter.Workbook(str(path), {"default_date_format": "yyyy-mm-dd"}) as workbook:
        page = workbook.add_worksheet()
        for row, line in enumerate(lines):
            page.write_row(row, 0, line)
    return path


class Import:
    """Imports into one installation."""

    def __init__(self, engine: sa.Engine, folder: Path) -> None:
        self.engine = engine
        self.folder = folder
        self.job = ImportJob(
            engine=engine, policy=Policy(), rates={}, now=NOW, today=TODAY, by="李梅"
        )

    def __call__(self, kind: ImportKind, path: Path, **how: Any) -> ImportReport:
        return import_file(replace(self.job, **how), kind, path)

    def lines(self, kind: ImportKind, *lines: str, **how: Any) -> ImportReport:
        return self(kind, a_csv(self.folder, *lines), **how)


def codes(report: ImportReport) -> list[tuple[int, str, str]]:
    """Show mistakes by row, column and code."""
    return [(each.row, each.column, each.code) for each in report.mistakes]
