"""The Book refuses frames that are not what scoring was told they are."""

from decimal import Decimal

import polars as pl
import pytest

from scoring.book import SCHEMAS, Book, BookError
from tests.builders import AS_OF, a_book, a_rate, an_entity, an_invoice, frames_of


def test_an_empty_book_has_every_frame_with_its_schema() -> None:
    book = Book.empty()

    assert {name: dict(getattr(book, name).schema) for name in SCHEMAS} == {
        name: dict(schema) for name, schema in SCHEMAS.items()
    }


def test_a_missing_and_an_unknown_column_are_named() -> None:
    frames = frames_of([an_invoice()])
    frames["items"] = frames["items"].drop("due_on").with_columns(pl.lit(1).alias("colour"))

    with pytest.raises(BookError, match=r"items: missing columns \['due_on'\].*\['colour'\]"):
        Book.of(**frames)


def test_another_type_is_named() -> None:
    frames = frames_of([an_invoice()])
    frames["items"] = frames["items"].with_columns(pl.col("amount").cast(pl.Float64))

    with pytest.raises(BookError, match=r"items\.amount: is Float64, must be Int64"):
        Book.of(**frames)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("due_on", None, "1 rows without a value"),
        ("kind", "note", "1 rows are none of"),
        ("amount", -1, "1 rows are negative"),
        ("currency", "RMB", "unknown currency"),
    ],
)
def test_a_bad_value_is_counted_not_shown(column: str, value: object, message: str) -> None:
    invoice = an_invoice()
    invoice.values[column] = value

    with pytest.raises(BookError, match=message):
        a_book(invoice)


def test_a_repeated_key_is_refused() -> None:
    with pytest.raises(BookError, match=r"items\.item: 1 rows repeat a key"):
        a_book(an_invoice("i1"), an_invoice("i1"))


def test_a_row_of_an_unknown_entity_is_refused() -> None:
    frames = frames_of([an_invoice(entity="E1")])
    frames["entities"] = frames_of([an_entity("E2")])["entities"]

    with pytest.raises(BookError, match=r"items\.entity: 1 rows name an entity that is not here"):
        Book.of(**frames)


def test_a_rate_is_above_zero() -> None:
    with pytest.raises(BookError, match=r"rates\.USD: the price 0 is not above zero"):
        a_book(rates={"USD": a_rate("0")})


def test_unknown_frames_are_refused() -> None:
    with pytest.raises(BookError, match="unknown frames"):
        Book.of(invoices=pl.DataFrame())


def test_a_book_shows_sizes_only() -> None:
    shown = repr(a_book(an_invoice("secret-number", issued_on=AS_OF)))

    assert "items=1" in shown
    assert "secret" not in shown


def test_rates_keep_their_exact_price() -> None:
    assert a_book(rates={"USD": a_rate("7.1234")}).rates["USD"].price == Decimal("7.1234")
