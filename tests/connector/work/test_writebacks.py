"""What goes into the outbox comes out equal."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.port import CreditField, FieldUpdate, FieldValue
from connector.work.writebacks import (
    WriteBack,
    decode,
    decode_unconfirmed,
    encode,
    encode_unconfirmed,
    kind_of,
    merge,
    merge_unconfirmed,
)
from scoring.records import AccountRef
from tests.connector.work.writes import a_change, a_draft, an_update

VALUES: st.SearchStrategy[FieldValue] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.dates(),
    st.datetimes(timezones=st.just(UTC)),
    st.text(st.characters(exclude_categories=["Cs"])),
)


@given(st.dictionaries(st.sampled_from(CreditField), VALUES))
def test_a_field_update_comes_back_with_equal_values_of_equal_types(
    values: dict[CreditField, FieldValue],
) -> None:
    write = FieldUpdate(account=AccountRef("crm", "A1"), values=values)

    read = decode("fields", encode(write))

    assert read == write
    assert isinstance(read, FieldUpdate)
    assert [type(value) for value in read.values.values()] == [
        type(value) for value in values.values()
    ]


@pytest.mark.parametrize("write", [a_draft(), a_change(closed=True)])
def test_a_task_comes_back_equal(write: WriteBack) -> None:
    assert decode(kind_of(write), encode(write)) == write


def test_the_newer_wish_wins_and_keeps_what_only_the_older_names() -> None:
    merged = merge(an_update(rating="A", score=Decimal(80)), an_update(rating="B"))

    assert merged == an_update(rating="B", score=Decimal(80))


def test_the_newer_task_change_replaces_the_older() -> None:
    newer = a_change(closed=True)

    assert merge(a_change(body="late"), newer) == newer


def test_unconfirmed_values_add_up() -> None:
    first = merge_unconfirmed([], {CreditField.RATING: "A", CreditField.TERMS_DAYS: 30})
    both = merge_unconfirmed([first], {CreditField.RATING: "B"})

    assert decode_unconfirmed(encode_unconfirmed(both)) == {
        CreditField.RATING: frozenset({"A", "B"}),
        CreditField.TERMS_DAYS: frozenset({"30"}),
    }
    assert encode_unconfirmed({}) is None


def test_a_date_and_a_time_are_told_apart() -> None:
    on, at = date(2026, 1, 2), datetime(2026, 1, 2, tzinfo=UTC)
    write = an_update(limit_valid_to=on, computed_at=at)

    assert decode("fields", encode(write)) == write
