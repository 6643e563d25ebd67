from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from sandbox.company.csv_load import LoadError, load

_FILES = {
    "accounts.csv": (
        "account_id,name,uscc,industry,country,owner,parent_id,currency,terms_days,created_on,note\n"
        "A1,明湖 \u202e😀 有限公司,91350100M000100Y43,Food,China,王芳,,CNY,30,2019-05-01,x\n"
        '\nA2,"Harlow, Finch & Sons",,,,李雷,A1,USD,,,\n'
        "A3,No owner,,,,,,,,,\n"
    ),
    "invoices.csv": (
        "invoice_id,account_id,number,issued_on,due_on,currency,amount\n"
        "I1,A1,INV-1,2026-01-05,2026-02-04,CNY,1000.00\n"
        "I2,A2,INV-2,2026-01-06,2026-02-05,USD,250.5\n"
    ),
    "payments.csv": ("payment_id,account_id,paid_on,currency,amount\nP1,A1,2026-02-10,CNY,700\n"),
    "allocations.csv": "payment_id,invoice_id,amount\nP1,I1,600.00\n",
}


def _write(directory: Path, **changes: str) -> Path:
    """Write the four files; a change replaces a file's text (the key is its stem)."""
    for name, text in _FILES.items():
        stem = name.removesuffix(".csv")
        (directory / name).write_text(changes.get(stem, text), encoding="utf-8")
    return directory


def _with_row(name: str, row: str) -> str:
    return f"{_FILES[name]}{row}\n"


def test_every_customer_stands_in_both_crms_with_documents_of_its_own(tmp_path: Path) -> None:
    company = load(_write(tmp_path))

    assert [customer.crms for customer in company.customers] == [frozenset({"zoho", "fxiaoke"})] * 3
    assert Counter(each.crm for each in company.invoices) == {"zoho": 2, "fxiaoke": 2}
    assert {each.number for each in company.invoices} == {"INV-1", "INV-2"}
    assert [each.key for each in company.payments] == ["P1", "P1"]
    assert len(company.allocations) == 1
    assert company.as_of == date(2026, 2, 10)


@pytest.mark.parametrize("only", ["zoho", "fxiaoke"])
def test_one_crm_alone_can_be_filled(tmp_path: Path, only: str) -> None:
    company = load(_write(tmp_path), only=only)

    assert {crm for customer in company.customers for crm in customer.crms} == {only}
    assert [each.crm for each in company.invoices] == [only] * 2


def test_the_cells_become_values(tmp_path: Path) -> None:
    company = load(_write(tmp_path), only="zoho")
    first, second, third = company.customers

    assert (first.name, first.uscc, first.terms_days) == (
        "明湖 \u202e😀 有限公司",
        "91350100M000100Y43",
        30,
    )
    assert first.created_on == date(2019, 5, 1)
    assert (second.name, second.parent, second.currency, second.terms_days) == (
        "Harlow, Finch & Sons",
        "A1",
        "USD",
        None,
    )
    assert company.invoices[1].amount == Decimal("250.5")
    people = {person.key: person.name for person in company.people}
    assert [people[each.owner or ""] for each in (first, second, third)] == [
        "王芳",
        "李雷",
        "销售 Sales",
    ]


def test_headers_alone_are_an_empty_company(tmp_path: Path) -> None:
    headers = {
        name.removesuffix(".csv"): text.splitlines()[0] + "\n" for name, text in _FILES.items()
    }
    company = load(_write(tmp_path, **headers))

    assert (company.customers, company.invoices, company.payments) == ([], [], [])


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    company = load(_write(tmp_path, accounts="\ufeff" + _FILES["accounts.csv"]))

    assert len(company.customers) == 3


@pytest.mark.parametrize(
    ("file", "row", "reason"),
    [
        ("accounts.csv", "A1,Again,,,,,,,,,", "account_id 'A1' occurs twice"),
        ("accounts.csv", "A9,,,,,,,,,,", "name is empty"),
        ("accounts.csv", ",Nobody,,,,,,,,,", "account_id is empty"),
        ("accounts.csv", "A9,Orphan,,,,,A7,,,,", "unknown parent_id 'A7'"),
        ("accounts.csv", "A9,Odd,,,,,,XXX,,,", "unknown currency 'XXX'"),
        ("accounts.csv", "A9,Odd,,,,,,,-5,,", "terms_days '-5' is no whole number"),
        ("accounts.csv", "A9,Odd,,,,,,,,soon,", "created_on 'soon' is no date"),
        ("accounts.csv", "A9,Short", "2 cells where the header has 11 columns"),
        ("invoices.csv", "I1,A1,N,2026-01-05,2026-02-04,CNY,1", "'I1' occurs twice"),
        ("invoices.csv", "I9,A9,N,2026-01-05,2026-02-04,CNY,1", "unknown account_id 'A9'"),
        ("invoices.csv", "I9,A1,N,2026-02-31,2026-02-04,CNY,1", "issued_on '2026-02-31'"),
        ("invoices.csv", "I9,A1,N,2026-02-01,04/02/2026,CNY,1", "due_on '04/02/2026'"),
        ("invoices.csv", "I9,A1,N,2026-02-01,,CNY,1", "due_on is empty"),
        ("invoices.csv", "I9,A1,N,2026-02-01,2026-02-04,cny,1", "unknown currency 'cny'"),
        ("invoices.csv", "I9,A1,N,2026-02-01,2026-02-04,CNY,-1", "must be more than 0"),
        ("invoices.csv", "I9,A1,N,2026-02-01,2026-02-04,CNY,0.00", "must be more than 0"),
        ("invoices.csv", "I9,A1,N,2026-02-01,2026-02-04,CNY,NaN", "'NaN' is no amount"),
        ("invoices.csv", "I9,A1,N,2026-02-01,2026-02-04,CNY,1e9", "'1e9' is no amount"),
        ("invoices.csv", "I9,A1,N,2026-02-01,2026-02-04,JPY,1.5", "more digits than JPY"),
        ("payments.csv", "P1,A1,2026-02-10,CNY,1", "'P1' occurs twice"),
        ("payments.csv", "P9,A9,2026-02-10,CNY,1", "unknown account_id 'A9'"),
        ("payments.csv", "P9,A1,2026-02-10,CNY,much", "'much' is no amount"),
        ("allocations.csv", "P9,I1,1", "unknown payment_id 'P9'"),
        ("allocations.csv", "P1,I9,1", "unknown invoice_id 'I9'"),
        ("allocations.csv", "P1,I1,100.01", "more than the 100.00 CNY left of payment 'P1'"),
        ("allocations.csv", "P1,I2,1", "a payment in CNY cannot pay an invoice in USD"),
    ],
)
def test_a_bad_row_is_named_with_file_line_and_reason(
    tmp_path: Path, file: str, row: str, reason: str
) -> None:
    text = _with_row(file, row)
    _write(tmp_path, **{file.removesuffix(".csv"): text})

    with pytest.raises(LoadError) as caught:
        load(tmp_path)
    assert (caught.value.file, caught.value.line) == (file, text.count("\n"))
    assert reason in caught.value.reason
    assert str(caught.value).startswith(f"{file}, line {caught.value.line}: ")


def test_more_than_an_invoice_is_not_allocated(tmp_path: Path) -> None:
    payments = _with_row("payments.csv", "P2,A1,2026-02-11,CNY,900")
    allocations = _with_row("allocations.csv", "P2,I1,400.01")

    with pytest.raises(LoadError, match=r"allocations.csv, line 3: .* left of invoice 'I1'"):
        load(_write(tmp_path, payments=payments, allocations=allocations))


def test_a_missing_file_or_column_is_named(tmp_path: Path) -> None:
    _write(tmp_path, payments="payment_id,account_id,currency,amount\n")
    with pytest.raises(LoadError, match=r"payments.csv, line 1: missing column paid_on"):
        load(tmp_path)

    (tmp_path / "invoices.csv").unlink()
    with pytest.raises(LoadError, match=r"invoices.csv: not found"):
        load(tmp_path)


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    _write(tmp_path)
    (tmp_path / "accounts.csv").write_bytes("account_id,name\nA1,明湖\n".encode("gbk"))

    with pytest.raises(LoadError, match=r"accounts.csv: is not UTF-8"):
        load(tmp_path)


def test_a_quote_that_never_ends_is_named(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="is not CSV"):
        load(_write(tmp_path, accounts='account_id,name\nA1,"endless\n'))


def test_an_unknown_crm_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="zoho or fxiaoke"):
        load(_write(tmp_path), only="salesforce")
