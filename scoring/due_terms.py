"""Payment terms as people write them, and the due dates they give (账期, credit-management 8).

Net days, end of month plus days, a monthly statement (月结), cash on delivery, prepayment,
instalments, and an early-payment discount. Pure: text and dates in, dates out.
"""

import re
import unicodedata
from calendar import monthrange
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

import msgspec

__all__ = ["Instalment", "PaymentTerms", "TermsError", "due_dates", "parse_terms"]

_WHOLE = Decimal(100)

Start = Literal["invoice", "end_of_month", "prepaid"]


class TermsError(ValueError):
    """A text that says no payment terms this module knows."""

    def __init__(self, text: str) -> None:
        super().__init__(f"cannot read the payment terms {text!r}: write e.g. net 30, 月结30天")
        self.text = text


class Instalment(msgspec.Struct, frozen=True):
    """A part of the amount: so many percent, so many days after its start."""

    percent: Decimal
    days: int
    start: Start = "invoice"


class PaymentTerms(msgspec.Struct, frozen=True):
    """Instalments that sum to 100 percent; perhaps a discount for paying early."""

    instalments: tuple[Instalment, ...]
    discount_percent: Decimal = Decimal(0)
    discount_days: int = 0

    @property
    def longest_days(self) -> int:
        """Days of the last instalment; the end of a month counts as none."""
        return max(part.days for part in self.instalments)


_NET = re.compile(r"(?:net|n|票到|货到|发票|验收后)?(\d{1,3})(?:days?|d|天|日)?(?:net)?")
_MONTH = re.compile(r"(?:eom|endofmonth|月底|月末|月结)\+?(\d{0,3})(?:days?|d|天|日)?")
_PREPAID = {
    "prepaid",
    "prepayment",
    "advance",
    "cashinadvance",
    "cia",
    "预付",
    "款到发货",
    "先款后货",
}
_ON_DELIVERY = {
    "cod",
    "cashondelivery",
    "onreceipt",
    "dueonreceipt",
    "货到付款",
    "现结",
    "见票即付",
}
_DISCOUNT = re.compile(r"(\d+(?:\.\d+)?)%?/(\d{1,3}),?(?:net|n/?)(\d{1,3})(?:days?|天)?")
_PART = re.compile(r"(\d+(?:\.\d+)?)%(.+)")


def parse_terms(text: str) -> PaymentTerms:
    """Read payment terms.

    Raises:
        TermsError: The text is none of the known forms, or instalments do not sum to 100 percent.
    """
    words = unicodedata.normalize("NFKC", text).lower()
    short = re.sub(r"[\s.]+(?!\d)|\s+", "", words)
    if found := _DISCOUNT.fullmatch(short):
        part = Instalment(_WHOLE, int(found[3]))
        return PaymentTerms((part,), Decimal(found[1]), int(found[2]))
    pieces = [piece for piece in re.split(r"[,;、+](?=\d+(?:\.\d+)?%)", short) if piece]
    if any("%" in piece for piece in pieces):
        return PaymentTerms(_instalments(pieces, text))
    return PaymentTerms((_one(short, _WHOLE, text),))


def _instalments(pieces: list[str], text: str) -> tuple[Instalment, ...]:
    parts = []
    for piece in pieces:
        found = _PART.fullmatch(piece)
        if found is None:
            raise TermsError(text)
        parts.append(_one(found[2], Decimal(found[1]), text))
    if sum(part.percent for part in parts) != _WHOLE:
        raise TermsError(text)
    return tuple(parts)


def _one(short: str, percent: Decimal, text: str) -> Instalment:
    if short in _PREPAID:
        return Instalment(percent, 0, "prepaid")
    if short in _ON_DELIVERY:
        return Instalment(percent, 0)
    if found := _MONTH.fullmatch(short):
        return Instalment(percent, int(found[1] or 0), "end_of_month")
    if found := _NET.fullmatch(short):
        return Instalment(percent, int(found[1]))
    raise TermsError(text)


def due_dates(terms: PaymentTerms, start: date) -> tuple[tuple[Decimal, date], ...]:
    """Give each instalment's percent and due date, counted from ``start`` (invoice or delivery).

    What is prepaid is due on the start itself.
    """
    return tuple((part.percent, _due(part, start)) for part in terms.instalments)


def _due(part: Instalment, start: date) -> date:
    if part.start == "end_of_month":
        start = start.replace(day=monthrange(start.year, start.month)[1])
    return start + timedelta(days=part.days)
