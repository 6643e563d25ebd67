"""What goes wrong in the stories: suits, judgments, promises, returned payments, losses, bills."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from sandbox.company.dossiers import FileOwner, write_record
from sandbox.company.model import (
    Company,
    SampleInvoice,
    SampleNote,
    SamplePayment,
    SamplePromise,
    SampleReturn,
    SampleWriteOff,
)
from sandbox.company.stories import StoryName

__all__ = ["Trading", "trading_of", "write_troubles"]

_PROMISERS = {
    StoryName.DETERIORATING: 0.5,
    StoryName.IN_DEFAULT: 0.6,
    StoryName.HABITUALLY_LATE: 0.25,
    StoryName.PAYING_IN_PART: 0.25,
    StoryName.OVER_TRADER: 0.3,
}
_ASKED_AFTER_DAYS = 10
_PROMISED_WITHIN_DAYS = 12
_LOST_AFTER_DAYS = 200
_BILL_DAYS = 180
_PAY_BY_BILL = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Trading:
    """One customer's documents: invoices, payments, and what was paid on which invoice when."""

    invoices: list[SampleInvoice]
    payments: list[SamplePayment]
    settled: dict[str, list[tuple[date, Decimal]]]
    credited: dict[str, Decimal]

    def left(self, invoice: SampleInvoice, on: date) -> Decimal:
        """Return what is open of an invoice at the end of a day."""
        paid = sum((amount for day, amount in self.settled[invoice.key] if day <= on), Decimal(0))
        return max(Decimal(0), invoice.amount - paid - self.credited[invoice.key])


def trading_of(company: Company) -> dict[str, Trading]:
    """Part the company's documents by customer."""
    found = {
        customer.key: Trading(
            invoices=[], payments=[], settled=defaultdict(list), credited=defaultdict(Decimal)
        )
        for customer in company.customers
    }
    owners = {invoice.key: invoice.customer for invoice in company.invoices}
    paid_on = {payment.key: payment.paid_on for payment in company.payments}
    for invoice in company.invoices:
        found[invoice.customer].invoices.append(invoice)
    for payment in company.payments:
        found[payment.customer].payments.append(payment)
    for note in company.credit_notes:
        if note.invoice is not None:
            found[note.customer].credited[note.invoice] += note.amount
    for allocation in company.allocations:
        part = (paid_on[allocation.payment], allocation.amount)
        found[owners[allocation.invoice]].settled[allocation.invoice].append(part)
    return found


def write_troubles(company: Company, owner: FileOwner, trading: Trading, rng: Random) -> None:
    """Append what the story brings with it."""
    if owner.story in _PROMISERS:
        _promises(company, owner, trading, rng)
    if owner.story is StoryName.DETERIORATING:
        _decline(company, owner, rng)
    if owner.story is StoryName.IN_DEFAULT:
        _ruin(company, owner, trading, rng)
    _bills(company, owner, trading, rng)


def _promises(company: Company, owner: FileOwner, trading: Trading, rng: Random) -> None:
    """Let the customer promise a date for some of what it owes when it is asked."""
    chance, number = _PROMISERS[owner.story], 0
    for invoice in trading.invoices:
        asked = invoice.due_on + timedelta(days=_ASKED_AFTER_DAYS)
        owed = trading.left(invoice, asked)
        if asked > owner.last or not owed or rng.random() >= chance:
            continue
        number += 1
        company.promises.append(
            SamplePromise(
                key=f"PP-{owner.customer.key[1:]}-{number:02d}",
                customer=owner.customer.key,
                crm=invoice.crm,
                made_on=asked,
                promised_on=asked + timedelta(days=rng.randint(5, _PROMISED_WITHIN_DAYS)),
                amount=owed,
                currency=invoice.currency,
                invoice=invoice.key,
            )
        )


def _decline(company: Company, owner: FileOwner, rng: Random) -> None:
    """Others sue first, then a court freezes shares; some insurers withdraw."""
    span = owner.last - owner.health.turns_on
    suit = owner.health.turns_on + span * rng.uniform(0.55, 0.8)
    claim = (owner.yearly * Decimal("0.4")).quantize(Decimal(1000))
    write_record(
        company,
        owner,
        "lawsuit",
        suit,
        status="defendant",
        amount=max(claim, Decimal(1000)),
        source="中国裁判文书网",
    )
    if rng.random() < 0.5:
        frozen = owner.health.turns_on + span * rng.uniform(0.85, 0.98)
        write_record(company, owner, "equity_freeze", frozen, source="企业信用信息公示系统")


def _ruin(company: Company, owner: FileOwner, trading: Trading, rng: Random) -> None:
    """A payment comes back, the courts list the firm, and we give up what is oldest."""
    span = owner.last - owner.health.turns_on
    judged = owner.health.turns_on + span * rng.uniform(0.7, 0.85)
    write_record(
        company, owner, "enforcement", judged - timedelta(days=60), source="中国执行信息公开网"
    )
    if rng.random() < 0.6:
        write_record(
            company,
            owner,
            "dishonest",
            judged,
            event_on=judged - timedelta(days=5),
            status="unperformed",
            source="中国执行信息公开网",
        )
    _returned(company, owner, trading.payments)
    _written_off(company, owner, trading)


def _returned(company: Company, owner: FileOwner, payments: Iterable[SamplePayment]) -> None:
    last = max(payments, key=lambda payment: payment.paid_on, default=None)
    if last is None or last.paid_on + timedelta(days=4) > owner.last:
        return
    company.returns.append(
        SampleReturn(
            key=f"RT-{owner.customer.key[1:]}-01",
            customer=owner.customer.key,
            crm=last.crm,
            returned_on=last.paid_on + timedelta(days=4),
            payment=last.key,
        )
    )


def _written_off(company: Company, owner: FileOwner, trading: Trading) -> None:
    """Give up the oldest open invoice, when it is old enough."""
    unpaid = [each for each in trading.invoices if trading.left(each, owner.last)]
    oldest = min(unpaid, key=lambda invoice: invoice.due_on, default=None)
    if oldest is None:
        return
    day = oldest.due_on + timedelta(days=_LOST_AFTER_DAYS)
    if day <= owner.last:
        company.write_offs.append(
            SampleWriteOff(
                key=f"WO-{owner.customer.key[1:]}-01",
                customer=owner.customer.key,
                crm=oldest.crm,
                written_off_on=day,
                amount=trading.left(oldest, day),
                currency=oldest.currency,
                invoice=oldest.key,
            )
        )


def _bills(company: Company, owner: FileOwner, trading: Trading, rng: Random) -> None:
    """Some pay with bills of exchange: a bank's while they are well, their own when they are not."""
    if owner.customer.currency != "CNY" or rng.random() >= _PAY_BY_BILL:
        return
    weak = owner.story in {StoryName.DETERIORATING, StoryName.OVER_TRADER}
    recent = owner.last - timedelta(days=_BILL_DAYS)
    number = 0
    for payment in trading.payments:
        if payment.paid_on <= recent or rng.random() < 0.5:
            continue
        number += 1
        company.notes.append(
            SampleNote(
                key=f"NR-{owner.customer.key[1:]}-{number:02d}",
                customer=owner.customer.key,
                crm=payment.crm,
                kind="commercial_acceptance" if weak else "bank_acceptance",
                amount=payment.amount,
                received_on=payment.paid_on,
                due_on=payment.paid_on + timedelta(days=_BILL_DAYS),
            )
        )
