"""Exact money: integer minor units with a currency, ``Decimal`` at the edges, never a float.

Digits after the point are those of ISO 4217 for every currency in use in 2026.
"""

from decimal import ROUND_HALF_UP, Decimal

import msgspec

__all__ = ["Money", "UnknownCurrencyError", "minor_digits", "to_money"]

_ZERO_DIGITS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_DIGITS = "BHD IQD JOD KWD LYD OMR TND"
_TWO_DIGITS = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD "
    "CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ "
    "GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL "
    "MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR "
    "PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT "
    "TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD YER ZAR ZMW ZWG"
)
_DIGITS = (
    dict.fromkeys(_TWO_DIGITS.split(), 2)
    | dict.fromkeys(_ZERO_DIGITS.split(), 0)
    | dict.fromkeys(_THREE_DIGITS.split(), 3)
)


class UnknownCurrencyError(ValueError):
    """The text is no ISO 4217 code in use; money in it can be neither stored nor added."""

    def __init__(self, currency: str) -> None:
        super().__init__(f"unknown currency {currency!r}: use an ISO 4217 code such as CNY")
        self.currency = currency


class Money(msgspec.Struct, frozen=True, order=False):
    """An amount in minor units (fen, cents) of one currency. Adding two currencies raises."""

    minor: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        """Add an amount of the same currency. Raises ``ValueError`` for another one."""
        if other.currency != self.currency:
            msg = f"cannot add {other.currency} to {self.currency} without a dated rate"
            raise ValueError(msg)
        return Money(self.minor + other.minor, self.currency)

    def __neg__(self) -> "Money":
        """Turn the sign."""
        return Money(-self.minor, self.currency)

    @property
    def amount(self) -> Decimal:
        """The amount in major units with the currency's digits, for example ``Decimal("12.50")``."""
        return Decimal(self.minor).scaleb(-minor_digits(self.currency))

    def __str__(self) -> str:
        """Show as ``CNY 1,234.50``."""
        return f"{self.currency} {self.amount:,}"


def minor_digits(currency: str) -> int:
    """Tell how many digits a currency has after the point. Raises ``UnknownCurrencyError``."""
    try:
        return _DIGITS[currency]
    except KeyError:
        raise UnknownCurrencyError(currency) from None


def to_money(amount: Decimal, currency: str) -> Money:
    """Round half up to the currency's digits. Raises ``UnknownCurrencyError``, ``ValueError``.

    ``ValueError`` names an amount that is not finite.
    """
    digits = minor_digits(currency)
    if not amount.is_finite():
        msg = f"amount {amount} is not a number"
        raise ValueError(msg)
    return Money(int(amount.scaleb(digits).quantize(Decimal(1), ROUND_HALF_UP)), currency)
