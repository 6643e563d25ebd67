"""The Book: everything known about some legal entities, as columnar frames with a fixed schema.

A Book may hold one entity or a million. It is checked when built and never changes. Amounts are
integer minor units of the currency beside them. Facts of any date may stand in it: what counts at
a date is decided where the Book is read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from scoring.ledger import Ledger, ledger_of
from scoring.money import UnknownCurrencyError, minor_digits
from scoring.rates import Rate
from scoring.schemas import (
    ALLOWED,
    IDENTITIES,
    ITEM_KINDS,
    MAY_BE_NULL,
    NOT_NEGATIVE,
    OPTIONAL,
    ORDER_STATUSES,
    SCHEMAS,
)

__all__ = ["IDENTITIES", "ITEM_KINDS", "ORDER_STATUSES", "SCHEMAS", "Book", "BookError", "Rate"]


class BookError(ValueError):
    """The frames are no Book. Names the frame, the column and how many rows, never their content."""


@dataclass(frozen=True, eq=False, repr=False)
class Book:
    """Checked frames (see ``SCHEMAS``) and the exchange rates that hold for them.

    Build it with ``Book.of``. ``ledger`` is the same content made ready for scoring.
    """

    entities: pl.DataFrame
    accounts: pl.DataFrame
    items: pl.DataFrame
    payments: pl.DataFrame
    allocations: pl.DataFrame
    orders: pl.DataFrame
    write_offs: pl.DataFrame
    returns: pl.DataFrame
    notes: pl.DataFrame
    promises: pl.DataFrame
    statements: pl.DataFrame
    credit_records: pl.DataFrame
    collateral: pl.DataFrame
    decisions: pl.DataFrame
    previous: pl.DataFrame
    signals: pl.DataFrame
    rates: Mapping[str, Rate]
    policy_currency: str
    ledger: Ledger

    FRAMES: ClassVar[tuple[str, ...]] = tuple(SCHEMAS)

    @classmethod
    def of(
        cls,
        *,
        rates: Mapping[str, Rate] | None = None,
        policy_currency: str = "CNY",
        **frames: pl.DataFrame,
    ) -> "Book":
        """Check the frames and make a Book. A frame left out is empty.

        ``rates`` are prices in ``policy_currency``; a currency without a rate is never taken as 1.

        Raises:
            BookError: A frame or column is unknown or missing, has another type, a null, a
                negative amount, a repeated key, an unknown word, or names an unknown entity.
        """
        unknown = sorted(set(frames) - set(SCHEMAS))
        if unknown:
            raise BookError(f"unknown frames {unknown}: a Book has {list(SCHEMAS)}")
        checked = {name: _checked(name, frames.get(name)) for name in SCHEMAS}
        _check_references(checked)
        _check_rates(rates or {})
        known = dict(rates or {})
        ledger = ledger_of(checked, known, policy_currency)
        return cls(**checked, rates=known, policy_currency=policy_currency, ledger=ledger)

    @classmethod
    def empty(cls) -> "Book":
        """Make a Book without any entity."""
        return cls.of()

    def __repr__(self) -> str:
        """Tell sizes only: a Book is customer data."""
        sizes = ", ".join(f"{name}={getattr(self, name).height}" for name in SCHEMAS)
        return f"Book({sizes})"


def _checked(name: str, frame: pl.DataFrame | None) -> pl.DataFrame:
    """Return the frame with exactly the schema's columns, or raise ``BookError``."""
    schema = SCHEMAS[name]
    if frame is None:
        return pl.DataFrame(schema=dict(schema))
    left_out = OPTIONAL.get(name, set()) - set(frame.columns)
    frame = frame.with_columns(pl.lit(None, schema[column]).alias(column) for column in left_out)
    missing = sorted(set(schema) - set(frame.columns))
    unknown = sorted(set(frame.columns) - set(schema))
    if missing or unknown:
        raise BookError(f"{name}: missing columns {missing}, unknown columns {unknown}")
    for column, wanted in schema.items():
        if frame.schema[column] != wanted:
            raise BookError(f"{name}.{column}: is {frame.schema[column]}, must be {wanted}")
    frame = frame.select(list(schema))
    _check_nulls(name, frame)
    _check_values(name, frame)
    return frame


def _check_nulls(name: str, frame: pl.DataFrame) -> None:
    for column in frame.columns:
        nulls = frame[column].null_count()
        if nulls and column not in MAY_BE_NULL[name]:
            raise BookError(f"{name}.{column}: {nulls} rows without a value")


def _check_values(name: str, frame: pl.DataFrame) -> None:
    key = frame.columns[0]
    repeated = frame.height - frame[key].n_unique()
    if repeated:
        raise BookError(f"{name}.{key}: {repeated} rows repeat a key")
    for (where, column), allowed in ALLOWED.items():
        if where != name:
            continue
        words = frame[column].drop_nulls()
        strange = words.len() - int(words.is_in(allowed).sum())
        if strange:
            raise BookError(f"{name}.{column}: {strange} rows are none of {list(allowed)}")
    for column in NOT_NEGATIVE.get(name, ()):
        negative = int((frame[column] < 0).sum())
        if negative:
            raise BookError(f"{name}.{column}: {negative} rows are negative")
    if "currency" in frame.columns:
        _check_currencies(name, frame["currency"])


def _check_currencies(name: str, column: pl.Series) -> None:
    for currency in column.drop_nulls().unique().sort():
        try:
            minor_digits(currency)
        except UnknownCurrencyError as error:
            raise BookError(f"{name}.currency: {error}") from error


def _check_references(frames: Mapping[str, pl.DataFrame]) -> None:
    """Every row belongs to an entity of the Book.

    An allocation or credit note may name a record that is not here (parked upstream): its money
    then counts as unapplied.
    """
    entities = frames["entities"].select("entity")
    for name, frame in frames.items():
        strangers = 0
        if name != "entities" and frame.height:
            strangers = frame.select("entity").join(entities, on="entity", how="anti").height
        if strangers:
            raise BookError(f"{name}.entity: {strangers} rows name an entity that is not here")


def _check_rates(rates: Mapping[str, Rate]) -> None:
    for currency, rate in rates.items():
        try:
            minor_digits(currency)
        except UnknownCurrencyError as error:
            raise BookError(f"rates: {error}") from error
        if not rate.price.is_finite() or rate.price <= 0:
            raise BookError(f"rates.{currency}: the price {rate.price} is not above zero")
