"""Equal values have one text, whatever type a CRM hands back."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from adapters.port import FieldValue, field_text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Decimal("12.50"), Decimal("12.5")),
        (Decimal(100), 100),
        (Decimal("0.00"), 0),
        ("", None),
        (" AAA ", "AAA"),
        (
            datetime(2026, 1, 1, tzinfo=UTC),
            datetime(2026, 1, 1, 8, tzinfo=timezone(timedelta(hours=8))),
        ),
    ],
)
def test_equal_values_have_one_text(one: FieldValue, other: FieldValue) -> None:
    assert field_text(one) == field_text(other)


@pytest.mark.parametrize(
    ("one", "other"), [(Decimal("0.1"), 0), (None, 0), (date(2026, 1, 1), date(2026, 1, 2))]
)
def test_different_values_have_different_texts(one: FieldValue, other: FieldValue) -> None:
    assert field_text(one) != field_text(other)


def test_large_amounts_are_written_out() -> None:
    assert field_text(Decimal("1E+6")) == "1000000"
