"""The columnar engine gives the oracle's figures, for any book and any date."""

from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scoring.assess import assess
from scoring.policy import Policy
from tests.builders import AS_OF, Row, a_book
from tests.oracle.books import RATES, books
from tests.oracle.measures import figures

EXACT = (
    *("ar", "age_current", "age_1_30", "age_31_60", "age_61_90", "age_over_90", "disputed"),
    *("overdue", "oldest_days", "unapplied_cash", "unapplied_credit", "exposure", "high_credit"),
    *("n_settled", "n_late", "n_in_parts", "max_delay", "well_handled", "in_default", "thin"),
    *("rating", "hold", "need", "computed_limit", "limit", "data_as_of", "written_off"),
    *("written_off_on", "delivered_open", "orders_open", "notes_receivable", "provision"),
)
RATIOS = (
    *("wadl", "wadl_paid", "late_amount_percent", "overdue_scored_percent", "delay_trend"),
    *("volatility", "count_back_dso", "score"),
)


def _nearly(value: Fraction | float | None) -> object:
    return None if value is None else pytest.approx(float(value), rel=1e-9, abs=1e-9)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=books(), ago=st.sampled_from((0, 0, 0, 10, 100, 400)))
def test_every_figure_equals_the_oracles(rows: list[Row], ago: int) -> None:
    as_of, policy = AS_OF - timedelta(days=ago), Policy()
    assessed = assess(a_book(rows, rates=RATES), policy, as_of).frame

    for row in assessed.iter_rows(named=True):
        high = row["watch_level"] == "high"
        wanted = figures(rows, row["entity"], RATES, policy, as_of, frozen=high)
        assert _picked(row, EXACT) == _picked(wanted, EXACT)
        assert _picked(row, RATIOS) == {name: _nearly(wanted[name]) for name in RATIOS}


def _picked(found: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: found[name] for name in names}
