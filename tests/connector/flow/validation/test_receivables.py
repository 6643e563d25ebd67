"""Reading the public receivables, with their traps, from a made-up folder of the same shape."""

import gzip
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from connector.flow.validation.datasets import DataError
from connector.flow.validation.receivables import FOLDER, book_of, invoices, results

_PAID = "cust_number,due_date,clear_date,days_late,amount\n"
_OPEN = "cust_number,posting_date,due_in_date\n"


def a_folder(place: Path, paid: str, standing: str) -> Path:
    folder = place / FOLDER
    folder.mkdir()
    for name, text in (
        ("closed_invoices_recovered.csv.gz", _PAID + paid),
        ("open_invoices.csv.gz", _OPEN + standing),
    ):
        (folder / name).write_bytes(gzip.compress(text.encode()))
    return place


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The same row twice, a customer with 30 days' terms, and one whose terms nobody knows."""
    paid = (
        "200700001,2019-03-31,2019-04-02,2,100.05\n"
        "200700001,2019-03-31,2019-04-02,2,100.05\n"
        "CCU013,2019-05-01,2019-04-01,-30,7.00\n"
    )
    standing = "0200700001,2020-03-01,2020-03-31\n0200700001,2020-03-02,2020-04-01\n"
    return a_folder(tmp_path, paid, standing)


def test_duplicates_go_and_posting_is_due_less_the_usual_terms(folder: Path) -> None:
    rows = invoices(folder)

    assert rows.select("customer", "segment", "posted", "days", "amount").rows() == [
        ("200700001", "200", date(2019, 3, 1), 2, 10_005),
        ("CCU013", "CCU", date(2019, 4, 16), -30, 700),
    ]


def test_an_invoice_of_the_book_is_issued_no_later_than_paid(folder: Path) -> None:
    book = book_of(invoices(folder))

    assert dict(book.items.select("account", "issued_on").iter_rows()) == {
        "200700001": date(2019, 3, 1),
        "CCU013": date(2019, 4, 1),
    }
    assert book.ledger.applied["rest"].to_list() == [0, 0]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="closed_invoices_recovered"):
        results(tmp_path, np.random.default_rng(1))


def test_a_file_without_dates_is_refused(tmp_path: Path) -> None:
    place = a_folder(tmp_path, "1,soon,later,2,100\n", "1,2020-03-01,2020-03-31\n")

    with pytest.raises(DataError, match="due_date"):
        invoices(place)
