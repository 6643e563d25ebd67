"""Plays one customer's trade with us: orders, invoices, what is disputed, credited and paid.

Days are ordinals and amounts minor units here; the books are written by ``books.py``. Only what
happened up to the last day is returned.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from sandbox.company.stories import Story

__all__ = ["Claim", "Credit", "Deal", "Receipt", "Trade", "Trader", "play"]

_DAYS_IN_MONTH = 30.4375
_SEASON_MONTHS = frozenset({3, 4, 5, 9, 10})
_SEASON_PEAK = 2.0  # orders in season, against the year's usual month
_OFF_SEASON = 0.1  # orders out of season, against the season
_REGULARITY = 4  # shape of the gaps between orders: firms reorder more evenly than by chance
_POSTING_LAG_DAYS = 6  # cash that came in this lately may still wait to be applied
_PARTLY_INVOICED = 0.12
_CREDITED = 0.03
_REBATE_CREDIT = 0.008
_OVERPAID = 0.012


@dataclass(frozen=True, slots=True, kw_only=True)
class Trader:
    """A customer as the seller deals with it. ``typical`` is a usual order in minor units."""

    story: Story
    terms_days: int
    typical: int
    first_day: int
    last_day: int
    pays_weekly: bool
    in_instalments: bool
    books: tuple[str, ...]  # the CRMs that hold its documents


@dataclass(slots=True, kw_only=True)
class Claim:
    """An invoice or one instalment; ``left`` is what no credit note or payment has taken yet."""

    number: int
    part: str
    book: str
    issued: int
    due: int
    amount: int
    left: int
    disputed: int = 0
    disputed_day: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """A credit note; ``claim`` is ``None`` while it is not applied."""

    claim: Claim | None
    book: str
    issued: int
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """An order, and how much of it has been invoiced."""

    book: str
    day: int
    delivery: int
    amount: int
    invoiced: int
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Money that came in on one day, and the claims it was applied to."""

    book: str
    day: int
    amount: int
    applied: tuple[tuple[Claim, int], ...]


@dataclass(slots=True)
class Trade:
    """All that happened."""

    deals: list[Deal] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    credits: list[Credit] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)


def play(trader: Trader, months_of_days: list[int], rng: Random) -> Trade:
    """Play the story. ``months_of_days`` gives the calendar month of each day from the first."""
    trade = Trade()
    payments: dict[tuple[str, int], list[tuple[Claim, int]]] = {}
    for day in _order_days(trader, months_of_days, rng):
        book = trader.books[0] if len(trader.books) == 1 else rng.choice(trader.books)
        claims = _sell(trader, day, book, trade, rng)
        for claim in claims:
            _credit(claim, trader, trade, rng)
            for paid_on, amount in _payments(claim, trader, rng):
                payments.setdefault((book, paid_on), []).append((claim, amount))
    for (book, day), parts in sorted(payments.items(), key=lambda item: item[0]):
        trade.receipts.append(_receive(book, day, parts, trader, rng))
    _settle_disputes(trade)
    # A claim that a prepayment is waiting for is not in the books yet.
    trade.claims = [claim for claim in trade.claims if claim.issued <= trader.last_day]
    return trade


def _progress(trader: Trader, day: int) -> float:
    return (day - trader.first_day) / max(1, trader.last_day - trader.first_day)


def _late_half(progress: float) -> float:
    """Return 0 up to the middle of the books, then a rise to 1 that grows steeper."""
    return math.pow(max(0.0, progress * 2 - 1), 1.5)


def _order_days(trader: Trader, months_of_days: list[int], rng: Random) -> Iterator[int]:
    story = trader.story
    length = len(months_of_days)
    at = 0.0
    while True:
        progress = at / length
        rate = story.orders_per_month * (1 + (story.growth - 1) * progress / 3)
        usual_gap = _DAYS_IN_MONTH / (rate * (_SEASON_PEAK if story.seasonal else 1))
        at += rng.gammavariate(_REGULARITY, usual_gap / _REGULARITY)
        if at >= length * story.ends_at:
            return
        in_season = months_of_days[int(at)] in _SEASON_MONTHS
        if story.seasonal and not in_season and rng.random() > _OFF_SEASON:
            continue
        yield _working_day(trader.last_day - length + 1 + int(at))


def _sell(trader: Trader, day: int, book: str, trade: Trade, rng: Random) -> list[Claim]:
    """Book an order and invoice what has been delivered; return the claims that come of it."""
    growth = 1 + (trader.story.growth - 1) * max(0.0, _progress(trader, day))
    amount = max(1_000, int(trader.typical * growth * rng.lognormvariate(0, 0.6)))
    if day > trader.last_day:
        return []
    delivery = _working_day(day + rng.randint(5, 30))
    if rng.random() < 0.015:
        trade.deals.append(_deal(book, day, delivery, amount, 0, "cancelled"))
        return []
    deliveries = [(delivery, amount)]
    if rng.random() < _PARTLY_INVOICED:
        first = amount * rng.randint(30, 70) // 100
        later = _working_day(delivery + rng.randint(15, 40))
        deliveries = [(delivery, first), (later, amount - first)]
    claims = [
        claim
        for issued, part in deliveries
        if issued <= trader.last_day or trader.story.prepays
        for claim in _invoice(trader, book, issued, part, trade, rng)
    ]
    invoiced = sum(part for issued, part in deliveries if issued <= trader.last_day)
    status = "closed" if invoiced == amount else "open"
    trade.deals.append(_deal(book, day, delivery, amount, invoiced, status))
    return claims


def _deal(book: str, day: int, delivery: int, amount: int, invoiced: int, status: str) -> Deal:
    return Deal(
        book=book, day=day, delivery=delivery, amount=amount, invoiced=invoiced, status=status
    )


def _invoice(
    trader: Trader, book: str, issued: int, amount: int, trade: Trade, rng: Random
) -> list[Claim]:
    """Write the invoice, in three instalments where the customer has agreed to that."""
    number = (trade.claims[-1].number + 1) if trade.claims else 1
    count = 3 if trader.in_instalments and amount >= 30_000 and rng.random() < 0.5 else 1
    share = amount // count
    claims = []
    for part in range(1, count + 1):
        value = amount - share * (count - 1) if part == count else share
        claims.append(
            Claim(
                number=number,
                part=f"-{part}/{count}" if count > 1 else "",
                book=book,
                issued=issued,
                due=issued + trader.terms_days + 30 * (part - 1),
                amount=value,
                left=value,
            )
        )
    trade.claims.extend(claims)
    return claims


def _credit(claim: Claim, trader: Trader, trade: Trade, rng: Random) -> None:
    """Sometimes credit a part of an invoice, or grant a rebate that is not applied yet."""
    chance = rng.random()
    issued = _working_day(claim.issued + rng.randint(5, 15))
    if chance >= _CREDITED or trader.story.prepays or issued > trader.last_day:
        return
    amount = max(1, claim.amount * rng.randint(4, 25) // 100)
    applied = chance >= _REBATE_CREDIT
    trade.credits.append(
        Credit(claim=claim if applied else None, book=claim.book, issued=issued, amount=amount)
    )
    if applied:
        claim.left -= amount


def _payments(claim: Claim, trader: Trader, rng: Random) -> list[tuple[int, int]]:
    """Return when the customer pays how much of a claim, up to the last day of the books."""
    story = trader.story
    disputed = _dispute(claim, trader, rng)
    paid_on = _pay_day(claim, trader, rng)
    undisputed = claim.left - disputed
    plan = [(paid_on, undisputed)]
    if rng.random() < story.part_payments and undisputed >= 100:
        first = undisputed * rng.randint(30, 70) // 100
        plan = [(paid_on, first), (paid_on + rng.randint(8, 30), undisputed - first)]
    if disputed:
        plan.append((claim.due + rng.randint(12, 55), disputed))
    progress = _progress(trader, claim.issued)
    if story.last_items_stay_open and progress > story.ends_at - 0.06 and rng.random() < 0.6:
        return []
    return [
        (_working_day(day), amount)
        for day, amount in plan
        if amount > 0 and _still_pays(trader, _working_day(day))
    ]


def _still_pays(trader: Trader, day: int) -> bool:
    stop = trader.story.stops_paying_at
    if stop is not None and _progress(trader, day) > stop:
        return False
    return day <= trader.last_day


def _dispute(claim: Claim, trader: Trader, rng: Random) -> int:
    """Let the customer dispute a part; return how much (0: nothing)."""
    if rng.random() >= trader.story.disputes:
        return 0
    day = claim.issued + rng.randint(3, 20)
    if day > trader.last_day:
        return 0
    claim.disputed = max(1, claim.left * rng.choice((20, 35, 50, 100)) // 100)
    claim.disputed_day = day
    return claim.disputed


def _pay_day(claim: Claim, trader: Trader, rng: Random) -> int:
    story = trader.story
    if story.prepays:
        return claim.issued - rng.randint(2, 12)
    mean = story.days_late + story.days_late_rise * _late_half(_progress(trader, claim.due))
    day = claim.due + round(rng.gauss(mean, story.days_late_spread))
    if trader.pays_weekly:
        day -= (day - 5) % 7  # its pay run is on Fridays; ordinal 5 was one
    return max(day, claim.issued + 1)


def _receive(
    book: str, day: int, parts: list[tuple[Claim, int]], trader: Trader, rng: Random
) -> Receipt:
    """Take in one day's money; apply it unless it came just now or came too early."""
    amount = sum(value for _, value in parts)
    if rng.random() < _OVERPAID:
        amount += max(1, amount * rng.randint(1, 8) // 100)
    waits = trader.last_day - day < _POSTING_LAG_DAYS and rng.random() < 0.35
    applied = [] if waits else [part for part in parts if part[0].issued <= trader.last_day]
    for claim, value in applied:
        claim.left -= value
    return Receipt(book=book, day=day, amount=amount, applied=tuple(applied))


def _settle_disputes(trade: Trade) -> None:
    """A dispute over what has been paid or credited since is over."""
    for claim in trade.claims:
        claim.disputed = min(claim.disputed, claim.left)


def _working_day(day: int) -> int:
    """Return the day, or the Monday after a weekend (ordinal 1 was a Monday)."""
    weekday = (day - 1) % 7
    return day + max(0, 7 - weekday) if weekday >= 5 else day
