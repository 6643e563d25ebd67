"""The oracle, whole: every figure of one company at one date, in the order of the method."""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from scoring.policy import GRADES, Policy
from scoring.rates import Rate
from scoring.schemas import STATEMENT_LINES
from tests.builders import Row
from tests.oracle.measures import Measures
from tests.oracle.plain_card import card
from tests.oracle.plain_default import in_default
from tests.oracle.plain_dossier import confidence, dossier
from tests.oracle.plain_file import File
from tests.oracle.plain_grade import held, rating
from tests.oracle.plain_ledger import Ledger
from tests.oracle.plain_limit import computed, effective
from tests.oracle.plain_promises import promised
from tests.oracle.plain_ratios import Statement, amounts, financial_shares, ratios
from tests.oracle.plain_records import facts, history, qualities
from tests.oracle.plain_review import dates, granted, hold
from tests.oracle.plain_statements import chosen
from tests.oracle.plain_warning import signals, watch

__all__ = ["figures"]

_AMOUNTS = ("tangible_net_worth", "net_working_capital", "net_worth", "annual_revenue")


def figures(
    rows: list[Row], entity: str, rates: Mapping[str, Rate], policy: Policy, as_of: date
) -> dict[str, Any]:
    """Work out everything the tests compare for one entity."""
    measures = Measures(Ledger(rows, entity, rates, as_of), policy, as_of)
    file = File(rows, measures.ledger, as_of)
    days = measures.fact_dates()
    found: dict[str, Any] = {
        "as_of": as_of,
        "first_on": min(days, default=None),
        "data_as_of": max(days, default=None),
    }
    found |= measures.balances() | measures.behaviour() | promised(file, policy)
    found["in_default"] = in_default(measures, file)
    found |= facts(file, policy) | _financial(file, measures, policy) | history(file, policy)
    found |= qualities(file, found, policy)
    found |= dossier(file, found, measures, policy) | card(found, policy)
    found["confidence"] = confidence(found["completeness"], found["n_low"], policy)
    found["held_grade"] = held(found, file, policy)
    found |= rating(found, file, policy)
    return _decided(found, measures, file, policy)


def _decided(
    found: dict[str, Any], measures: Measures, file: File, policy: Policy
) -> dict[str, Any]:
    """From the grade to limit, watch level, terms, dates and hold."""
    found |= computed(found, measures, file, policy)
    found |= signals(found, measures, file, policy)
    found |= watch(found, file, policy)
    found |= effective(found, measures, file, policy)
    found |= granted(found, measures, policy) | dates(found, file, policy)
    found |= hold(found, measures, file, policy)
    names = {"score_grade": found["held_grade"], "band_grade": found["band_grade"]}
    places = {key: None if name is None else GRADES.index(name) for key, name in names.items()}
    return found | places


def _financial(file: File, measures: Measures, policy: Policy) -> dict[str, Any]:
    """Ratios and shares of group F; without a statement nothing of it is known."""
    now, before = chosen(file, measures, policy)
    if now is None:
        nothing = Statement(dict.fromkeys(STATEMENT_LINES) | {"months": 12})
        found = dict.fromkeys(ratios(nothing, None))
        return {
            **found,
            **dict.fromkeys(_AMOUNTS),
            "statement": None,
            "statement_end_before": None,
            "negative_equity": False,
            "basis_factor": Fraction(1),
        }
    statement = Statement(now)
    found = ratios(statement, None if before is None else Statement(before))
    shares = financial_shares(statement, found, file, policy)
    equity = statement["equity"]
    return {
        **found,
        **amounts(statement, file),
        **{f"financial_{code}": share for code, share in shares.items()},
        "statement": now["statement"],
        "statement_end_before": None if before is None else before["period_end"],
        "negative_equity": equity is not None and equity <= 0,
        "basis_factor": Fraction(getattr(policy.financials.basis, now["basis"])),
    }
