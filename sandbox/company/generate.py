"""The sample company: a seller's books whose customers have stories, the same for one seed."""

from datetime import date, timedelta
from random import Random

from sandbox.company.books import write_trade
from sandbox.company.cast import Identity, draw_cast, key_of
from sandbox.company.model import Company, Customer, Person, SampleContact
from sandbox.company.names import foreign_person, person
from sandbox.company.trading import Trader, play

__all__ = ["generate"]

_DAYS_IN_MONTH = 30.4375
_ACCOUNTS_PER_SALESPERSON = 45
_USUAL_ORDER_MINOR = 4_500_000  # the median order is CNY 45,000
_CNY_PER_FOREIGN_UNIT = 7
_TERMS_DAYS = (30, 30, 30, 45, 60, 60, 90)


def generate(accounts: int = 300, months: int = 24, *, seed: int = 1, as_of: date) -> Company:
    """Return the books of a seller with this many customers over the months up to ``as_of``.

    Nothing in them is dated later, but for due and delivery dates. From 30 accounts on every
    story occurs. Keys are unique over both CRMs.
    """
    rng = Random(f"zixin sample {seed}")
    company = Company(name="明湖工业设备有限公司", as_of=as_of)
    company.people.extend(_sales_team(accounts, rng))
    first = as_of - timedelta(days=round(months * _DAYS_IN_MONTH))
    calendar = [
        date.fromordinal(day).month for day in range(first.toordinal(), as_of.toordinal() + 1)
    ]
    for number, identity in enumerate(draw_cast(accounts, rng), 1):
        # Dice of its own: a customer's trade does not hang on how much the others bought.
        own = Random(f"zixin sample {seed} customer {number}")
        trader = _trader(identity, first, as_of, own)
        customer = _customer(number, identity, trader, company, own)
        company.customers.append(customer)
        company.contacts.extend(_contacts(customer, own))
        days = calendar[max(0, trader.first_day - first.toordinal()) :]
        write_trade(company, customer, play(trader, days, own))
    return company


def _sales_team(accounts: int, rng: Random) -> list[Person]:
    count = max(3, min(40, accounts // _ACCOUNTS_PER_SALESPERSON))
    return [
        Person(key=f"sales{n:02d}", name=person(rng), email=f"sales{n:02d}@minghu.example.com")
        for n in range(1, count + 1)
    ]


def _trader(identity: Identity, first: date, as_of: date, rng: Random) -> Trader:
    """Settle how we deal with a customer: terms, size, and since when it has bought."""
    story = identity.story
    typical = int(_USUAL_ORDER_MINOR * rng.lognormvariate(0, 0.9))
    if identity.firm.currency != "CNY":
        typical //= _CNY_PER_FOREIGN_UNIT
    begun = first
    if story.first_days_before_end is not None:
        begun = max(first, as_of - timedelta(days=story.first_days_before_end))
    return Trader(
        story=story,
        terms_days=0 if story.prepays else rng.choice(_TERMS_DAYS),
        typical=typical,
        first_day=begun.toordinal(),
        last_day=as_of.toordinal(),
        pays_weekly=rng.random() < 0.4,
        in_instalments=not story.prepays and rng.random() < 0.12,
        books=tuple(sorted(identity.crms)),
    )


def _customer(
    number: int, identity: Identity, trader: Trader, company: Company, rng: Random
) -> Customer:
    created = date.fromordinal(trader.first_day)
    if identity.story.first_days_before_end is None:
        created -= timedelta(days=rng.randint(60, 3000))
    return Customer(
        key=key_of(number),
        name=identity.firm.name,
        crms=identity.crms,
        uscc=identity.uscc,
        industry=identity.firm.industry,
        country=identity.firm.country,
        owner=rng.choice(company.people).key,
        parent=identity.parent,
        currency=identity.firm.currency,
        terms_days=trader.terms_days,
        created_on=created,
        story=identity.story.name.value,
    )


def _contacts(customer: Customer, rng: Random) -> list[SampleContact]:
    """Give the customer one or two people; the first is the one who pays."""
    name = person if customer.country == "China" else foreign_person
    code = "86 571" if customer.country == "China" else "44 20"
    return [
        SampleContact(
            key=f"{customer.key}-{role}",
            customer=customer.key,
            name=name(rng),
            email=f"{role}@{customer.key.lower()}.example.com",
            phone=f"+{code} 5550 {rng.randint(0, 9999):04d}",
        )
        for role in ("finance", "buying")[: rng.randint(1, 2)]
    ]
