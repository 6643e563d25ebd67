"""The oracle's default event: in default now, or once and not cured (credit-management 0)."""

from datetime import date
from fractions import Fraction

from tests.oracle.plain_claims import DAY, Standing
from tests.oracle.plain_file import File
from tests.oracle.plain_ledger import Claim, months_back

__all__ = ["in_default"]


def in_default(standing: Standing, file: File) -> bool:
    """Default now, or an event that is not cured."""
    rules = standing.policy.default_event
    late = [c for c in standing.claims if standing.late(c) and standing.dpd(c) > rules.days]
    overdue = sum(standing.unpaid(c) for c in standing.claims if standing.dpd(c) > 0)
    ar = sum(c.open for c in standing.claims)
    least = max(Fraction(rules.ar_share) * ar, Fraction(_materiality(standing)))
    return bool(late and overdue >= least) or _uncured(standing, file)


def _materiality(standing: Standing) -> int:
    return standing.policy_amount(Fraction(standing.policy.default_event.materiality))


def _was_event(standing: Standing, claim: Claim) -> bool:
    """On the day it passed the limit, the item alone was material."""
    rules = standing.policy.default_event
    day = claim.due + (rules.days + 1) * DAY
    owed = sum(p.amount for p in claim.all_parts if p.cash and (p.on - claim.due).days > rules.days)
    if standing.late(claim) and standing.dpd(claim) > rules.days:
        owed += standing.unpaid(claim)
    share = Fraction(rules.ar_share) * standing.ar_on(day)
    return owed > 0 and owed >= max(share, Fraction(_materiality(standing)))


def _uncured(standing: Standing, file: File) -> bool:
    """Walk through the badly late spells; a long gap starts anew."""
    rules = standing.policy.default_event
    spells = [(day, day, True) for day, _ in standing.losses()]
    spells += [(*span, True) for span in _on_record(file)]
    for claim in standing.claims:
        settled = standing.settlement(claim)
        start = claim.due + (rules.cure_days + 1) * DAY
        if settled is not None and (settled - claim.due).days > rules.cure_days:
            spells.append((start, settled, _was_event(standing, claim)))
        if standing.late(claim) and standing.dpd(claim) > rules.cure_days:
            spells.append((start, standing.as_of, _was_event(standing, claim)))
    default, end = False, date.min
    for start, stop, event in sorted(spells, key=lambda s: s[:2]):
        if end == date.min or start >= months_back(end, -rules.cure_months):
            default = False
        default = default or event
        end = max(end, stop)
    return default and months_back(end, -rules.cure_months) > standing.as_of


def _on_record(file: File) -> list[tuple[date, date]]:
    """Insolvency, our own claim on the dishonest list, a distressed extension, liquidation."""
    found = []
    for one in file.of("credit_records"):
        ours = one["kind"] == "dishonest" and one["status"] == "our_claim"
        if ours or one["kind"] == "insolvency":
            end = one["ended_on"] or file.as_of
            found.append((one["known_on"], max(one["known_on"], min(end, file.as_of))))
        if one["kind"] == "distressed_extension":
            found.append((one["known_on"], one["known_on"]))
    return found + _by_registry(file)


def _by_registry(file: File) -> list[tuple[date, date]]:
    """An extract that says liquidation holds until another extract says otherwise."""
    extracts = sorted(file.records("registry"), key=lambda one: (one["known_on"], one["record"]))
    found = []
    for place, one in enumerate(extracts):
        if one["status"] in {"liquidation", "bankruptcy"}:
            after = extracts[place + 1]["known_on"] if place + 1 < len(extracts) else None
            end = one["ended_on"] or after or file.as_of
            found.append((one["known_on"], max(one["known_on"], min(end, file.as_of))))
    return found
