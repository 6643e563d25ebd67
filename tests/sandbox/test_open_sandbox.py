"""Both real look-alikes behind one front door, over one small company."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from threading import Barrier, BrokenBarrierError

import pytest
import requests

from sandbox.company.csv_load import load
from sandbox.company.generate import generate
from sandbox.company.model import Company
from sandbox.server import open_sandbox
from sandbox.zoho import ZohoOrg

_AS_OF = date(2026, 11, 24)
_INVOICES = {"zoho": "Invoices", "fxiaoke": "AccountsReceivableNoteObj"}
_ALLOCATIONS = {"zoho": "Payment_Allocations", "fxiaoke": "MatchNoteDetailObj"}


@pytest.fixture(scope="module")
def company() -> Company:
    return generate(30, 6, as_of=_AS_OF)


@pytest.mark.parametrize("name", ["zoho", "fxiaoke"])
def test_a_crm_holds_its_part_of_the_books(company: Company, name: str) -> None:
    notes = sum(each.crm == name for each in company.credit_notes) if name == "fxiaoke" else 0
    with open_sandbox(company, only=name) as sandbox:
        crm = sandbox.crm(name)

    assert len(crm.accounts()) == sum(name in each.crms for each in company.customers)
    assert (
        len(crm.records(_INVOICES[name]))
        == sum(each.crm == name for each in company.invoices) + notes
    )


def test_both_show_themselves_and_their_credentials(company: Company) -> None:
    with open_sandbox(company) as sandbox:
        pages = {
            name: requests.get(f"{sandbox.url(name)}/_sandbox/", timeout=10) for name in _INVOICES
        }
        keys = {
            name: requests.get(f"{sandbox.url(name)}/_sandbox/credentials", timeout=10).json()
            for name in _INVOICES
        }

    assert "Zoho CRM 沙盒" in pages["zoho"].text
    assert "纷享销客 沙盒" in pages["fxiaoke"].text
    assert all(keys[name]["url"] == sandbox.url(name) for name in _INVOICES)


def test_an_account_has_a_page_in_each_crm(company: Company) -> None:
    with open_sandbox(company) as sandbox:
        for name in sandbox.names():
            view = sandbox.crm(name).accounts()[0]
            page = requests.get(f"{sandbox.url(name)}/_sandbox/accounts/{view.id}", timeout=10)
            assert page.status_code == 200
            assert view.name in page.text


def test_the_story_is_nowhere_in_the_crms(company: Company) -> None:
    stories = {each.story for each in company.customers}
    with open_sandbox(company) as sandbox:
        crms = [sandbox.crm(name) for name in sandbox.names()]

    for crm in crms:
        text = repr([crm.records(module) for module in crm.modules()])
        assert not [story for story in stories if story in text]


def test_books_from_files_stand_in_both_crms_under_their_own_numbers(tmp_path: Path) -> None:
    texts = {
        "accounts": "account_id,name\nA1,甲\n",
        "invoices": "invoice_id,account_id,number,issued_on,due_on,currency,amount\nI1,A1,N-1,2026-01-05,2026-02-04,CNY,10\n",
        "payments": "payment_id,account_id,paid_on,currency,amount\nP1,A1,2026-02-10,CNY,7\n",
        "allocations": "payment_id,invoice_id,amount\nP1,I1,6\n",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    with open_sandbox(load(tmp_path)) as sandbox:
        pass

    numbers = [
        sandbox.crm("zoho").records("Invoices")[0]["Subject"],
        sandbox.crm("fxiaoke").records("AccountsReceivableNoteObj")[0]["name"],
    ]
    assert numbers == ["N-1", "N-1"]
    for name in sandbox.names():
        assert len(sandbox.crm(name).records(_ALLOCATIONS[name])) == 1


def test_an_unknown_look_alike_is_refused(company: Company) -> None:
    with pytest.raises(ValueError, match="zoho or fxiaoke"):
        open_sandbox(company, only="salesforce")


def test_a_taken_port_leaves_nothing_open(company: Company) -> None:
    with open_sandbox(company, only="zoho") as sandbox:
        taken = int(sandbox.url("zoho").rpartition(":")[2])
        with pytest.raises(OSError, match=r"[Aa]ddress"):
            open_sandbox(company, fxiaoke_port=taken)


def test_two_threads_never_make_routes_at_once(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_inside = Barrier(2)
    met: list[bool] = []

    def make_when_two_are_there(*own: object, **options: object) -> object:
        try:
            both_inside.wait(timeout=0.2)
        except BrokenBarrierError:
            met.append(False)
        else:
            met.append(True)
        return ZohoOrg(*own, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("sandbox.server.ZohoOrg", make_when_two_are_there)
    with ThreadPoolExecutor(2) as pool:
        opened = list(pool.map(lambda _: open_sandbox(company, only="zoho"), range(2)))
    for sandbox in opened:
        sandbox.stop()

    assert met == [False, False]
