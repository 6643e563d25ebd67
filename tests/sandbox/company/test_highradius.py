import csv
import gzip
import os
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from sandbox.company.csv_load import load
from sandbox.company.highradius import convert, main

_OPEN = """\
business_code,cust_number,name_customer,doc_id,posting_date,due_in_date,invoice_currency,total_open_amount
U001,0200706844,WINC co,1930571429.0,2020-02-27,2020-03-28,USD,8734.71
U001,0200706844,WINC co,1930571430.0,2020-04-02,2020-05-02,USD,10.5
U001,0200706844,WINC  llc,1930571431.0,2020-02-27,2020-03-13,USD,1.0
CA02,0140100001,MAPLE ,2960000001.0,2020-03-01,2020-03-11,CAD,99.99
U001,CCU013,ODD,1.0,2020-03-01,2020-03-11,USD,0.0
"""
_PAID = """\
cust_number,due_date,clear_date,days_late,amount
200706844,2019-03-31,2019-04-05,5,100.0
200706844,2019-03-31,2019-04-05,5,100.0
140109999,2019-03-31,2019-03-31,0,55.25
300000001,2019-03-31,2019-02-01,-58,70.1
300000001,2019-03-31,,,70.1
"""
_LISTED = "invoice_id,cust_number,name_customer,invoice_amount,actual_days_late\n1.0,300000001,SYSCO corp,70.1,-58\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    directory = tmp_path / "source"
    directory.mkdir()
    with gzip.open(directory / "open_invoices.csv.gz", "wt", encoding="utf-8") as stream:
        stream.write(_OPEN)
    (directory / "closed_invoices_recovered.csv").write_text(_PAID, encoding="utf-8")
    (directory / "last_posted_8000_listed.csv").write_text(_LISTED, encoding="utf-8")
    return directory


def _rows(directory: Path, name: str) -> list[dict[str, str]]:
    with (directory / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_customers_get_their_usual_name_currency_and_terms(source: Path, tmp_path: Path) -> None:
    convert(source, tmp_path / "target")

    accounts = {each["account_id"]: each for each in _rows(tmp_path / "target", "accounts.csv")}
    assert {key: tuple(each.values())[1:] for key, each in accounts.items()} == {
        "200706844": ("WINC co", "USD", "30"),
        "140100001": ("MAPLE", "CAD", "10"),
        "140109999": ("Customer 140109999", "CAD", ""),
        "300000001": ("SYSCO corp", "USD", ""),
    }


def test_a_paid_invoice_is_issued_its_terms_before_it_is_due(source: Path, tmp_path: Path) -> None:
    convert(source, tmp_path / "target")

    issued = {
        each["invoice_id"]: each["issued_on"] for each in _rows(tmp_path / "target", "invoices.csv")
    }
    assert issued["P000001"] == "2019-03-01"  # 30 days, its own terms
    assert issued["P000003"] == "2019-03-16"  # 15 days, where none are known
    assert issued["P000004"] == "2019-02-01"  # never later than it was paid


def test_invoices_that_are_alike_stay_two(source: Path, tmp_path: Path) -> None:
    convert(source, tmp_path / "target")

    twins = [
        each for each in _rows(tmp_path / "target", "allocations.csv") if each["amount"] == "100.00"
    ]
    assert twins == [
        {"payment_id": "R000001", "invoice_id": "P000001", "amount": "100.00"},
        {"payment_id": "R000002", "invoice_id": "P000002", "amount": "100.00"},
    ]


def test_open_invoices_stay_whenever_they_were_posted(source: Path, tmp_path: Path) -> None:
    convert(source, tmp_path / "target")

    found = [
        (each["number"], each["issued_on"], each["amount"])
        for each in _rows(tmp_path / "target", "invoices.csv")
        if each["invoice_id"].startswith("O")
    ]
    assert ("1930571430", "2020-04-02", "10.50") in found
    assert len(found) == 4


def test_what_is_left_out_is_said(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(source), str(tmp_path / "target")]) == 0

    told = capsys.readouterr()
    assert told.out == ""
    assert "4 accounts, 8 invoices, 4 payments" in told.err
    assert "1 rows left out: a paid invoice without a due day or a day of payment" in told.err
    assert "1 rows left out: an open invoice whose amount is not more than 0" in told.err


def test_the_result_can_be_loaded(source: Path, tmp_path: Path) -> None:
    convert(source, tmp_path / "target")
    company = load(tmp_path / "target", only="zoho")

    assert len(company.invoices) == 8
    assert sum(each.amount for each in company.payments) == Decimal("325.35")


def test_wrong_arguments_and_missing_files_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([]) == 2
    assert "usage" in capsys.readouterr().err
    assert main([str(tmp_path), str(tmp_path / "target")]) == 1
    assert "neither open_invoices.csv nor open_invoices.csv.gz" in capsys.readouterr().err


@pytest.mark.realdata
def test_the_public_receivables_load_complete(tmp_path: Path) -> None:
    data = Path(os.environ.get("ZIXIN_DATA", "../shared/data")) / "highradius_invoices"
    if not data.is_dir():
        pytest.skip(f"the public receivables are not in {data}; set ZIXIN_DATA to their folder")
    convert(data, tmp_path)
    company = load(tmp_path)
    invoices = [each for each in company.invoices if each.crm == "zoho"]

    assert (len(invoices), len(company.allocations)) == (49_700, 40_000)
    assert Counter(each.currency for each in invoices).keys() == {"USD", "CAD"}
    assert company.as_of == date(2020, 5, 22)
