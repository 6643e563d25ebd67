"""Which of an organisation's fields may be the one we look for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.suggest import Described, likely_fields, likely_modules
from scoring.records import Kind

FIELDS = [
    Described(api_name="Fecha", label="Due Date", holds="date"),
    Described(api_name="field_a1B2c__c", label="到期日", holds="date"),
    Described(api_name="Due_Date_Note", label="Due Date Note", holds="text"),
    Described(api_name="Amount_Total", label="Importe", holds="number"),
    Described(api_name="Total_Due", label="Total due", holds="number"),
    Described(api_name="Created_Time", label="Created Time", holds="date"),
    Described(api_name="Net_Terms", label="账期（天）", holds=None),
]


def named(kind: Kind, ours: str) -> list[str]:
    return [each.api_name for each in likely_fields(kind, ours, FIELDS)]


@pytest.mark.parametrize(
    ("ours", "expected"),
    [
        ("due_on", ["Fecha", "field_a1B2c__c"]),
        ("amount", ["Total_Due", "Amount_Total"]),
        ("terms_days", ["Net_Terms"]),
        ("uscc", []),
    ],
)
def test_a_field_is_known_by_its_name_its_label_and_what_it_holds(
    ours: str, expected: list[str]
) -> None:
    assert named(Kind.INVOICES, ours) == expected


def test_a_line_of_a_statement_is_known_by_our_own_name() -> None:
    there = [
        Described(api_name="Total_Assets__c", holds="number"),
        Described(api_name="Total_Assets_Note__c", holds="text"),
    ]

    assert likely_fields(Kind.STATEMENTS, "total_assets", there) == there[:1]


@pytest.mark.parametrize(
    ("kind", "module"),
    [
        (Kind.INVOICES, "Rechnungen"),
        (Kind.PAYMENTS, "CustomModule7"),
        (Kind.ORDERS, "Sales_Orders"),
    ],
)
def test_a_module_is_known_by_its_name_or_its_label(kind: Kind, module: str) -> None:
    there = [
        Described(api_name="Leads", label="Leads"),
        Described(api_name="Rechnungen", label="Invoices"),
        Described(api_name="CustomModule7", label="回款"),
        Described(api_name="Sales_Orders", label="Sales Orders"),
    ]

    assert likely_modules(kind, there)[0].api_name == module


def test_a_proposal_is_told_with_the_label_people_see() -> None:
    assert str(FIELDS[1]) == "field_a1B2c__c “到期日”"
    assert str(Described(api_name="Due_Date", label="Due Date")) == "Due_Date"


@given(st.lists(st.builds(Described, api_name=st.text(), label=st.text()), max_size=20))
def test_at_most_three_are_proposed_and_all_are_there(there: list[Described]) -> None:
    found = likely_fields(Kind.INVOICES, "due_on", there)

    assert len(found) <= 3
    assert all(each in there for each in found)
