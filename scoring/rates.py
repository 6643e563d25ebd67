"""Exchange rates as exact fractions: minor units of one currency into minor units of another.

Results round half up to a whole minor unit. A currency without a rate has no factor; nothing is
ever converted at 1 for want of a rate.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction

import msgspec
import polars as pl

from scoring.money import minor_digits

__all__ = ["Conversion", "Rate", "factor", "minor_amounts", "round_half_up", "split_known"]

_LARGEST = 2**62


class Rate(msgspec.Struct, frozen=True):
    """The exact price of one unit of a currency in the policy's currency, and its date."""

    price: Decimal
    on: date


def factor(rates: Mapping[str, Rate], base: str, source: str, target: str) -> Fraction | None:
    """Return what one minor unit of ``source`` is in minor units of ``target``.

    ``base`` is the currency the rates are priced in. ``None``: a rate is missing.
    """
    if source == target:
        return Fraction(1)
    prices = [_price(rates, base, source), _price(rates, base, target)]
    if prices[0] is None or prices[1] is None:
        return None
    return prices[0] / prices[1] * Fraction(10) ** (minor_digits(target) - minor_digits(source))


def _price(rates: Mapping[str, Rate], base: str, currency: str) -> Fraction | None:
    if currency == base:
        return Fraction(1)
    rate = rates.get(currency)
    return None if rate is None else Fraction(rate.price)


def round_half_up(amount: Fraction) -> int:
    """Round to a whole number, halves away from zero."""
    doubled = abs(amount) * 2
    whole = int((doubled.numerator + doubled.denominator) // (2 * doubled.denominator))
    return -whole if amount < 0 else whole


def minor_amounts(
    amount: Decimal, currencies: Iterable[str], rates: Mapping[str, Rate], base: str
) -> dict[str, int | None]:
    """Write an amount in major units of ``base`` in minor units of each currency."""
    minor = Fraction(amount) * 10 ** minor_digits(base)
    factors = {currency: factor(rates, base, base, currency) for currency in currencies}
    return {
        currency: None if value is None else round_half_up(minor * value)
        for currency, value in factors.items()
    }


class Conversion(msgspec.Struct, frozen=True):
    """Converts columns of frames at given rates, priced in ``base``."""

    rates: Mapping[str, Rate]
    base: str

    def __call__(
        self, frame: pl.DataFrame, columns: Mapping[str, str], source: str, target: str
    ) -> pl.DataFrame:
        """Add columns with amounts of the ``source`` column's currency in the ``target`` column's.

        ``columns`` maps a column of non-negative minor units to the name of its conversion;
        without a rate that is null. Rows keep their order.
        """
        if frame.select((pl.col(source) == pl.col(target)).all()).item():
            return frame.with_columns(pl.col(old).alias(new) for old, new in columns.items())
        pairs = frame.select(source, target).unique()
        factors = [factor(self.rates, self.base, *pair) for pair in pairs.rows()]
        table = pairs.with_columns(
            pl.Series("_num", [one and one.numerator for one in factors], pl.Int128),
            pl.Series("_den", [one and one.denominator for one in factors], pl.Int128),
        )
        joined = frame.join(table, on=[source, target], how="left", maintain_order="left")
        return joined.with_columns(
            _times_factor(pl.col(old)).alias(new) for old, new in columns.items()
        ).drop("_num", "_den")


def split_known(frame: pl.DataFrame, on: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Part the rows whose ``amount`` is known from (e, on, currency) of those without a rate."""
    lost = frame.filter(pl.col("amount").is_null()).select("e", pl.col(on).alias("on"), "currency")
    return (frame.drop_nulls("amount") if lost.height else frame), lost


def _times_factor(amount: pl.Expr) -> pl.Expr:
    doubled = amount.cast(pl.Int128) * pl.col("_num") * 2 + pl.col("_den")
    same = pl.col("_num") == pl.col("_den")
    value = pl.when(same).then(amount.cast(pl.Int128)).otherwise(doubled // (pl.col("_den") * 2))
    return pl.when(value < _LARGEST).then(value).cast(pl.Int64)
