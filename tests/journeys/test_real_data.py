"""Real receivables in both CRMs: what the account fields say equals a plain recomputation."""

import csv
import json
import os
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from sandbox.company.csv_load import load
from sandbox.company.highradius import convert
from scoring.assess import assess
from scoring.policy import Policy
from tests.company_book import book_of
from tests.journeys.harness import installed
from tests.journeys.recomputation import Figures, recompute

pytestmark = [pytest.mark.journey, pytest.mark.realdata, pytest.mark.timeout(1200)]

AS_OF = date(2020, 3, 31)
RUN_SECONDS = 900
# vendor → module, id, name, then overdue, oldest days, exposure, days late
FIELDS = {
    "zoho": (
        *("Accounts", "id", "Account_Name", "Credit_Overdue_Amount"),
        *("Credit_Oldest_Days", "Credit_Exposure", "Credit_Days_Late"),
    ),
    "fxiaoke": (
        *("AccountObj", "_id", "name", "overdue_amount__c"),
        *("overdue_days_max__c", "credit_used__c", "credit_days_late__c"),
    ),
}


@pytest.fixture
def receivables(tmp_path: Path) -> Path:
    """Convert the public receivables into the four CSV files."""
    source = Path(os.environ.get("ZIXIN_DATA", "../shared/data")) / "highradius_invoices"
    if not source.is_dir():
        pytest.skip(f"the public receivables are not in {source}; set ZIXIN_DATA to their folder")
    folder = tmp_path / "csv"
    convert(source, folder)
    return folder


def test_fields_in_both_crms_equal_the_recomputation(receivables: Path, tmp_path: Path) -> None:
    """Overdue amount, oldest days, exposure and days late of a thousand customers, to the cent."""
    expected = recompute(receivables, AS_OF)
    with (receivables / "accounts.csv").open(encoding="utf-8", newline="") as file:
        accounts = [(row["account_id"], row["name"]) for row in csv.DictReader(file)]
    with installed(tmp_path / "zixin", load(receivables), as_of=AS_OF) as installation:
        process = installation.start("run", "--as-of", AS_OF.isoformat(), "--json")
        out, err = process.communicate(timeout=RUN_SECONDS)
        again = installation.run("run", "--as-of", AS_OF.isoformat(), "--json")
        written = {
            vendor: installation.crms.crm(vendor).records(fields[0])
            for vendor, fields in FIELDS.items()
        }

    assert process.returncode == 0, err
    assert json.loads(out)["assessed"] == 2 * len(accounts)
    for vendor, rows in written.items():
        assert _shown(rows, FIELDS[vendor], accounts) == expected
    assert _writes(json.loads(again.stdout)) == 0


def test_grades_of_real_receivables_spread_from_a_to_d(receivables: Path) -> None:
    """Without company codes, contacts or any file they are judged by how they pay (ADR 10).

    A third have paid often and in time; the thin ones are capped, and few are in trouble.
    """
    book = book_of(load(receivables, only="zoho"))
    known = assess(book, Policy(), date(2019, 12, 31)).frame.filter("known")
    counts = dict(known.group_by("rating").len().iter_rows())
    capped = known.filter((pl.col("rating") == "BB") & ~pl.col("gate_thin_history"))

    assert counts["A"] > known.height / 4
    assert 0 < counts["D"] < known.height / 50
    assert {"BBB", "B", "CCC", "CC"} <= set(counts)
    assert capped.height < known.height / 20


def _shown(
    rows: list[dict[str, object]], fields: tuple[str, ...], accounts: list[tuple[str, str]]
) -> dict[str, Figures]:
    """Read the figures off a CRM's accounts, which stand in the order of the file."""
    _, key, name, overdue, oldest, exposure, late = fields
    ordered = sorted(rows, key=lambda row: str(row[key]))
    assert [row[name] for row in ordered] == [shown for _, shown in accounts]
    return {
        account: Figures(
            overdue=_amount(row, overdue),
            oldest_days=int(_amount(row, oldest)),
            exposure=_amount(row, exposure),
            days_late=None if row.get(late) in {None, ""} else _amount(row, late),
        )
        for (account, _), row in zip(accounts, ordered, strict=True)
    }


def _amount(row: Mapping[str, object], field: str) -> Decimal:
    return Decimal(str(row[field]))


def _writes(report: dict[str, dict[str, dict[str, int]]]) -> int:
    return sum(
        counts["fields_written"] + counts["tasks_created"]
        for counts in report["connections"].values()
    )
