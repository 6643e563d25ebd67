"""A ledger in the CRM's modules, on its invoices and in Zoho Books rates the same."""

from pathlib import Path
from typing import Any

import pytest

from tests.connector.cli.shell import a_shell

MONEY = ("Exposure", "Overdue_Amount", "Age_Current", "Age_1_30", "Age_31_60", "Age_61_90")
FIGURES = tuple(f"Credit_{name}" for name in (*MONEY, "Age_Over_90", "Oldest_Days"))
BOOKS = 'ledger = "books"'
IN_MODULES = 'ledger = "crm"'
BY_PAYMENT = f'{BOOKS}, books_payments = "by_payment"'


def figures(folder: Path, monkeypatch: pytest.MonkeyPatch, options: str) -> dict[str, Any]:
    """Run the whole job and return what stands on each account whose contact is linked.

    Books knows of no disputes, so accounts with one are left out.
    """
    with a_shell(folder, monkeypatch, accounts=60, only="zoho", books=True) as shell:
        config = shell.installation.config
        text = config.read_text(encoding="utf-8")
        assert BOOKS in text
        config.write_text(text.replace(BOOKS, options), encoding="utf-8")
        found = shell.json("run", code=0 if options == IN_MODULES else 3)
        assert found
        crm = shell.installation.crms.crm("zoho")
        linked = {str(row["zcrm_account_id"]) for row in crm.records("books.contacts")} - {""}
        disputing = {_account_of(row) for row in crm.records("Invoices") if row["Disputed_Amount"]}
        accounts = crm.records("Accounts")
        assert 0 < len(linked) < len(accounts)
        return {
            str(row["Account_Name"]): {name: row[name] for name in FIGURES}
            for row in accounts
            if row["id"] in linked - disputing
        }


def _account_of(invoice: dict[str, Any]) -> str:
    return str(invoice["Account_Name"]["id"])


@pytest.mark.parametrize("options", [BOOKS, BY_PAYMENT], ids=["by invoice", "by payment"])
def test_books_and_the_crm_tell_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: str
) -> None:
    in_crm = figures(tmp_path / "crm", monkeypatch, IN_MODULES)
    in_books = figures(tmp_path / "books", monkeypatch, options)

    assert in_books == in_crm
    assert any(each["Credit_Overdue_Amount"] for each in in_crm.values())
