"""What secures our claims in the stories: guarantees, deposits, property, credit insurance."""

from datetime import date, timedelta
from decimal import Decimal
from random import Random

from sandbox.company.dossiers import FileOwner, write_record
from sandbox.company.health import Keeping
from sandbox.company.model import Company, SampleCollateral
from sandbox.company.stories import StoryName

__all__ = ["write_securities"]

_INSURED = 0.12
_COVER_PERCENT = Decimal(85)
_INSURER = "出口信用保险"
_YEAR_DAYS = 365
_WITHDRAWN_BELOW = 0.35
#: Stories from which we ask for security, with how often they have given it and what.
_ASKED_OF = {
    StoryName.HABITUALLY_LATE: (0.35, ("property", "personal_guarantee", "equipment")),
    StoryName.PAYING_IN_PART: (0.4, ("cash_deposit", "personal_guarantee")),
    StoryName.OVER_TRADER: (0.5, ("bank_guarantee", "personal_guarantee")),
    StoryName.DETERIORATING: (0.3, ("property", "bank_guarantee")),
}


def write_securities(company: Company, owner: FileOwner, rng: Random) -> None:
    """Append the collateral of a customer and the cover an insurer gives for it."""
    if owner.customer.parent is not None:
        amount = (owner.yearly / 4).quantize(Decimal(10_000))
        _give(company, owner, "parent_guarantee", amount, owner.opened, None)
    elif owner.story in _ASKED_OF:
        chance, kinds = _ASKED_OF[owner.story]
        if rng.random() < chance:
            amount = (owner.yearly / 5).quantize(Decimal(10_000))
            begun = owner.first + (owner.last - owner.first) * rng.uniform(0.3, 0.7)
            ends = begun + timedelta(days=rng.choice((365, 730, 1095)))
            _give(company, owner, rng.choice(kinds), amount, begun, ends)
    if owner.keeping is Keeping.FULL and rng.random() < _INSURED:
        _insure(company, owner)


def _give(
    company: Company,
    owner: FileOwner,
    kind: str,
    amount: Decimal,
    valid_from: date,
    valid_to: date | None,
) -> None:
    if not amount:
        return
    company.collateral.append(
        SampleCollateral(
            key=f"CO-{owner.customer.key[1:]}-01",
            customer=owner.customer.key,
            crm=owner.crm,
            kind=kind,
            amount=amount,
            valid_from=valid_from,
            valid_to=valid_to,
            currency=owner.customer.currency,
            registered=kind in {"property", "bank_guarantee", "cash_deposit", "equipment"},
        )
    )


def _insure(company: Company, owner: FileOwner) -> None:
    """Renew the insurer's limit every year; it is withdrawn when the customer is no longer well."""
    day = owner.opened
    while day <= owner.last:
        withdrawn = owner.health.on(day) < _WITHDRAWN_BELOW
        write_record(
            company,
            owner,
            "insurance",
            day,
            valid_to=day + timedelta(days=_YEAR_DAYS),
            status="withdrawn" if withdrawn else "in_force",
            value=_COVER_PERCENT,
            amount=max(Decimal(50_000), (owner.yearly / 3).quantize(Decimal(10_000))),
            source=_INSURER,
        )
        if withdrawn:
            return
        day += timedelta(days=_YEAR_DAYS - 5)
