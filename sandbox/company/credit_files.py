"""The credit files (资信档案) of the sample company: what we were given, found and noted, by date.

They follow from the customers' stories and from their trade with us, and are the same for one
seed. Every paper bears the day it came in, so that a past day knows only what was known then.
"""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from sandbox.company.dossiers import FileOwner
from sandbox.company.health import Keeping, draw_health, draw_keeping
from sandbox.company.model import Company, Customer
from sandbox.company.papers import write_papers
from sandbox.company.securities import write_securities
from sandbox.company.statements import write_statements
from sandbox.company.stories import StoryName
from sandbox.company.troubles import Trading, trading_of, write_troubles

__all__ = ["add_credit_files"]

_LARGE_FROM = Decimal(400_000_000)
_HALF_YEAR, _YEAR = 182, 365
_SMALLEST_YEARLY = Decimal(60_000)
_EXISTING_SINCE_DAYS = (120, 330)
_YOUNG = 0.5


def add_credit_files(company: Company, *, seed: int = 1) -> None:
    """Add every customer's file to the books, up to the company's ``as_of``."""
    trading = trading_of(company)
    first = min((invoice.issued_on for invoice in company.invoices), default=company.as_of)
    for place, customer in enumerate(company.customers):
        # Dice of its own: one customer's file does not hang on another's.
        rng = Random(f"zixin sample {seed} file {customer.key}")
        owner = _owner(customer, trading[customer.key], first, company.as_of, rng)
        company.customers[place] = replace(customer, size_class=_size_class(owner))
        write_papers(company, owner, rng)
        if owner.keeping in {Keeping.FULL, Keeping.LAPSED}:
            write_statements(company, owner, rng)
        write_securities(company, owner, rng)
        write_troubles(company, owner, trading[customer.key], rng)


def _owner(customer: Customer, trading: Trading, first: date, last: date, rng: Random) -> FileOwner:
    story = StoryName(customer.story)
    begun = min((invoice.issued_on for invoice in trading.invoices), default=last)
    new = story is StoryName.NEW_WITHOUT_HISTORY
    before = rng.randint(5, 25) if new else rng.randint(*_EXISTING_SINCE_DAYS)
    opened = (customer.created_on or begun) if new else first - timedelta(days=before)
    return FileOwner(
        customer=customer,
        crm=min(customer.crms),
        first=first,
        last=last,
        opened=min(opened, last),
        health=draw_health(story, first, last, rng),
        keeping=draw_keeping(story, rng),
        yearly=_yearly(trading, begun, last),
        share_of_purchases=Decimal(rng.randint(15, 80)) / 1000,
        founded_on=_founded(customer, first, rng, young=new and rng.random() < _YOUNG),
    )


def _yearly(trading: Trading, begun: date, last: date) -> Decimal:
    """Tell what a customer buys from us in a year."""
    bought = sum((invoice.amount for invoice in trading.invoices), Decimal(0))
    days = max(_HALF_YEAR, (last - begun).days)
    return max(_SMALLEST_YEARLY, bought * _YEAR / days)


def _founded(customer: Customer, first: date, rng: Random, *, young: bool) -> date:
    """Draw when the firm was founded: before it became our customer."""
    since = customer.created_on or first
    days = rng.randint(20, 200) if young else rng.randint(2 * _YEAR, 25 * _YEAR)
    return since - timedelta(days=days)


def _size_class(owner: FileOwner) -> str:
    return "large" if owner.revenue(owner.last) >= _LARGE_FROM else "sme"
