"""The columnar engine gives the oracle's figures, for any book, date and policy.

A case is one company at one date; a book holds several, so that ten thousand stay affordable.
"""

from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scoring.assess import assess
from tests.builders import AS_OF, Row, a_book
from tests.oracle.books import RATES
from tests.oracle.company import figures
from tests.oracle.file_books import filed_books
from tests.oracle.policies import POLICIES

_THOROUGH = settings.get_current_profile_name() == "thorough"
_COMPANIES, _BOOKS = (8, 1250) if _THOROUGH else (3, 20)
_LEDGER = (
    *("ar", "age_current", "age_1_30", "age_31_60", "age_61_90", "age_over_90", "disputed"),
    *("overdue", "oldest_days", "unapplied_cash", "unapplied_credit", "exposure", "high_credit"),
    *("n_settled", "n_late", "n_in_parts", "max_delay", "well_handled", "in_default", "thin"),
    *("written_off", "written_off_on", "delivered_open", "orders_open", "notes_receivable"),
    *("provision", "data_as_of", "n_claims", "age_months", "late_oldest", "late_over_60"),
    *("late_over_90", "n_promises", "broken_promises_90d", "open_promises"),
)
_FILE = (
    *("statement", "statement_end_before", "tangible_net_worth", "net_working_capital"),
    *("net_worth", "annual_revenue", "dishonest_open", "ceased", "abnormal_open"),
    *("founded_months", "completeness", "confidence", "n_low", "score_grade", "band_grade"),
    *("rating", "unrated", "outlook", "watch_level", "warning_points"),
)
_LIMIT = (
    *("net_worth_share", "working_capital_share", "working_assets", "revenue_share"),
    *("need_seasonal", "need_average", "need", "external", "history", "capacity", "starter"),
    *("cap_loss", "cap_kelly", "cap_concentration", "secured", "computed_limit", "limit"),
    *("effective_limit", "terms_allowed", "limit_valid_to", "next_review_on", "hold"),
    "hold_rules",
)
_RATIOS = (
    *("wadl", "wadl_paid", "late_amount_percent", "overdue_scored_percent", "delay_trend"),
    *("volatility", "count_back_dso", "broken_promise_percent", "bureau_score", "tax_score"),
    *("reference_score", "negative_severity", "years_in_business", "years_with_us"),
    *("conditions_score", "character_score", "capital_score", "collateral_score", "score"),
    *("current_ratio", "quick_ratio", "cash_ratio", "debt_to_assets", "debt_to_equity"),
    *("current_liabilities_to_net_worth", "retained_to_assets", "interest_cover", "net_margin"),
    *("gross_margin", "roe", "roa", "asset_turnover", "growth", "ocf_to_cl", "ocf_to_debt"),
    *("earnings_quality", "customer_dso", "inventory_days", "dpo", "cash_cycle"),
    *("debt_to_assets_change", "z_double", "z_double_before", "deposit_percent"),
)


@settings(max_examples=_BOOKS, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    rows=filed_books(entities=_COMPANIES),
    ago=st.sampled_from((0, 0, 0, 10, 100, 400)),
    name=st.sampled_from(list(POLICIES)),
)
def test_every_figure_equals_the_oracles(rows: list[Row], ago: int, name: str) -> None:
    as_of, policy = AS_OF - timedelta(days=ago), POLICIES[name]
    assessed = assess(a_book(rows, rates=RATES), policy, as_of).frame

    for row in assessed.iter_rows(named=True):
        wanted = figures(rows, row["entity"], RATES, policy, as_of)
        shown = tuple(key for key in wanted if key.startswith(("signal_", "fresh_", "share_")))
        exact = (*_LEDGER, *_FILE, *_LIMIT, *(key for key in shown if key.startswith("signal_")))
        ratios = (*_RATIOS, *(key for key in shown if not key.startswith("signal_")))
        assert _picked(row, exact) == _picked(wanted, exact)
        assert _picked(row, ratios) == {key: _nearly(wanted[key]) for key in ratios}


def _nearly(value: Fraction | float | None) -> object:
    # Sums of faded records are kept in millionths.
    return None if value is None else pytest.approx(float(value), rel=1e-9, abs=2e-6)


def _picked(found: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: found[name] for name in names}
