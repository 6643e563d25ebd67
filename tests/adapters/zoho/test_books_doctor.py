"""What the doctor says about the ledger: does Books answer, and what else could tell payments."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from adapters.port import Finding, FindingLevel
from adapters.zoho.auth import authorisation_url
from sandbox.faults import FaultKind
from tests.adapters.zoho.answers import some_settings
from tests.contract.bench import ZOHO, ZOHO_BOOKS, Bench, open_bench

DAY = timedelta(days=1)
CRM_ONLY = ("ZohoCRM.modules.ALL", "ZohoCRM.settings.ALL", "ZohoCRM.coql.READ", "ZohoCRM.org.READ")


@pytest.fixture
def bench() -> Iterator[Bench]:
    with open_bench(ZOHO_BOOKS) as running:
        yield running


def findings(bench: Bench, **changes: Any) -> list[Finding]:
    return [each for each in bench.open(**changes).check() if each.topic == "ledger"]


def test_linked_contacts_are_well(bench: Bench) -> None:
    for _ in range(3):
        bench.add_contact_in_books(bench.add_account())

    (finding,) = findings(bench)

    assert finding.level is FindingLevel.OK
    assert "3 of its 3 contacts are linked" in finding.message


def test_contacts_without_a_link_are_counted(bench: Bench) -> None:
    bench.add_contact_in_books(bench.add_account())
    bench.add_contact_in_books("")

    (finding,) = findings(bench)

    assert finding.level is FindingLevel.WARNING
    assert "1 of its 2 contacts are linked" in finding.message
    assert "link contacts" in finding.remedy


def test_links_that_lists_leave_out_are_counted_all_the_same() -> None:
    with open_bench(ZOHO_BOOKS, books_lists_links=False) as bench:
        bench.add_contact_in_books(bench.add_account())
        bench.add_contact_in_books("")

        (finding,) = findings(bench)

        assert "1 of its 2 contacts are linked" in finding.message


def test_a_filter_that_is_not_obeyed_is_told() -> None:
    with open_bench(ZOHO_BOOKS, books_filters_modified=False) as bench:
        bench.add_invoice(bench.add_account())

        told = findings(bench)

        assert [each.level for each in told] == [FindingLevel.OK, FindingLevel.WARNING]
        assert "does not filter invoices by last_modified_time" in told[1].message


@pytest.mark.parametrize(
    ("payments", "warned"), [("by_invoice", True), ("by_payment", False)], ids=str
)
def test_stamps_that_payments_do_not_change_are_told(payments: str, *, warned: bool) -> None:
    with open_bench(ZOHO_BOOKS, books_stamps_settled=False) as bench:
        _pay(bench)
        options = {"ledger": "books", "books_payments": payments}

        told = findings(bench, options=options)

        assert any("does not stamp" in each.message for each in told) is warned
        assert any('"by_payment"' in each.remedy for each in told) is warned


def test_stamps_that_payments_change_are_well(bench: Bench) -> None:
    _pay(bench)

    assert [each.level for each in findings(bench)] == [FindingLevel.OK]


def _pay(bench: Bench) -> None:
    """Pay an invoice a day after it was entered."""
    added = bench.add_invoice(bench.add_account())
    (row,) = bench.crm.records("books.invoices")
    bench.pass_time(DAY)
    paid: dict[str, object] = {
        "customer_id": row["customer_id"],
        "date": "2026-11-21",
        "amount": 1234.5,
        "invoices": [{"invoice_id": added, "amount_applied": 1234.5}],
    }
    bench.crm.put_record("books.customerpayments", paid)


def test_missing_scopes_and_organisations_are_errors() -> None:
    with open_bench(ZOHO_BOOKS, scopes=CRM_ONLY) as bench:
        (finding,) = findings(bench)

        assert finding.level is FindingLevel.ERROR
        assert "scopes of Zoho Books" in finding.remedy
    with open_bench(ZOHO) as without:
        (finding,) = findings(without, options={"ledger": "books"})

        assert finding.level is FindingLevel.ERROR
        assert "no organisation" in finding.message


def test_what_was_found_before_an_error_is_told_beside_it(bench: Bench) -> None:
    bench.add_contact_in_books(bench.add_account())
    bench.fail("GET /books/v3/creditnotes", FaultKind.QUOTA)

    linked, broken = findings(bench)

    assert (linked.level, broken.level) == (FindingLevel.OK, FindingLevel.ERROR)
    assert "day's calls" in broken.message
    assert broken.remedy.startswith("run the doctor again after 20")


def test_a_crm_with_a_module_of_payments_wants_nothing() -> None:
    with open_bench(ZOHO, books=True) as bench:
        told = findings(bench)
        calls = [call for call in bench.crm.journal if call.path.startswith("/books/")]

        assert [each.level for each in told] == [FindingLevel.OK]
        assert calls == []


@pytest.mark.parametrize(
    ("crm", "remedy"),
    [
        ({"books": True}, 'options.ledger = "books"'),
        ({}, 'mapping.invoices.paid = "Amount_Paid"'),
    ],
)
def test_where_nothing_tells_payments_the_doctor_says_what_could(
    crm: dict[str, Any], remedy: str
) -> None:
    with open_bench(ZOHO, **crm) as bench:
        (finding,) = findings(bench, mapping={"payments": {"module": "No_Such_Module"}})

        assert finding.level is FindingLevel.WARNING
        assert remedy in finding.remedy


def test_a_custom_module_is_proposed_where_there_is_nothing_else() -> None:
    with open_bench(ZOHO, scopes=CRM_ONLY) as bench:
        changes = {"payments": {"module": ""}, "invoices": {"module": "Accounts"}}

        (finding,) = findings(bench, mapping=changes)

        assert "custom module" in finding.remedy


def test_payments_on_invoices_need_no_other_place() -> None:
    with open_bench(ZOHO) as bench:
        names = {"paid": "Amount_Paid", "paid_on": "Paid_On"}

        (finding,) = findings(bench, mapping={"payments": {"module": ""}, "invoices": names})

        assert finding.level is FindingLevel.OK


def test_the_scopes_of_books_are_asked_for_with_books_alone() -> None:
    plain = authorisation_url(some_settings(), "https://here.test", "s")
    books = authorisation_url(some_settings(options={"ledger": "books"}), "https://here.test", "s")

    assert "ZohoBooks" not in plain
    assert "ZohoBooks.customerpayments.READ" in books
