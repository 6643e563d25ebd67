"""Who a credit file is about, and when papers come into it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from sandbox.company.health import Health, Keeping
from sandbox.company.model import Company, Customer, SampleCreditRecord
from sandbox.company.stories import StoryName

__all__ = ["FileOwner", "write_record"]

_LAPSED_DAYS = 540


@dataclass(slots=True, kw_only=True)
class FileOwner:
    """A customer with what its file is drawn from. ``yearly`` is what it buys from us in a year.

    ``first`` and ``last`` are the books' days, ``opened`` the day the file was begun.
    """

    customer: Customer
    crm: str
    first: date
    last: date
    opened: date
    health: Health
    keeping: Keeping
    yearly: Decimal
    share_of_purchases: Decimal
    founded_on: date
    written: int = field(default=0)

    @property
    def story(self) -> StoryName:
        """The story behind the customer."""
        return StoryName(self.customer.story)

    def revenue(self, day: date) -> Decimal:
        """Return the customer's own yearly revenue around a day: it grows as the story does."""
        usual = self.yearly / self.share_of_purchases
        if self.story is not StoryName.OVER_TRADER:
            return usual
        whole = max(1, (self.last - self.first).days)
        way = min(1.0, max(0.0, (day - self.first).days / whole))
        return usual * Decimal(0.5 + way)

    def hands_in(self, day: date) -> bool:
        """Tell whether a statement of this day is in the file: known by the end, file still kept."""
        refused = (
            self.story is StoryName.IN_DEFAULT
            and day > self.health.turns_on + (self.last - self.health.turns_on) * 0.75
        )
        return day <= self.kept_until and not refused

    @property
    def kept_until(self) -> date:
        """The day up to which papers came in."""
        if self.keeping is Keeping.LAPSED:
            return self.last - timedelta(days=_LAPSED_DAYS)
        return self.last

    def renewals(self, every_days: int, rng: Random) -> Iterator[date]:
        """Yield the days on which a paper came in: when the file was begun, then again and again."""
        day = self.opened
        until = max(self.kept_until, self.opened)
        while day <= until:
            yield day
            day += timedelta(days=every_days - rng.randint(0, every_days // 12))


def write_record(
    company: Company,
    owner: FileOwner,
    kind: str,
    known_on: date,
    *,
    event_on: date | None = None,
    valid_to: date | None = None,
    ended_on: date | None = None,
    status: str | None = None,
    value: Decimal | None = None,
    amount: Decimal | None = None,
    channel: str | None = None,
    source: str = "企业信用信息公示系统",
) -> None:
    """Append a record to the customer's file, unless it lies after the end of the books."""
    if known_on > owner.last:
        return
    owner.written += 1
    company.credit_records.append(
        SampleCreditRecord(
            key=f"CR-{owner.customer.key[1:]}-{owner.written:03d}",
            customer=owner.customer.key,
            crm=owner.crm,
            kind=kind,
            known_on=known_on,
            event_on=event_on,
            valid_to=valid_to,
            ended_on=None if ended_on is None or ended_on > owner.last else ended_on,
            status=status,
            value=value,
            amount=amount,
            currency=owner.customer.currency,
            channel=channel,
            source=source,
        )
    )
