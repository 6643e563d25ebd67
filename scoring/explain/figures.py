"""The figures behind an assessment, group by group: value, observations, window, status.

Each group's table stands beside what measures it; the status says how far a figure can be trusted
(credit-management 0, 1.3, 2.2).
"""

from collections.abc import Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

import msgspec

from scoring import financials, history, promises, qualitative, utilisation
from scoring.money import Money
from scoring.policy import Policy

__all__ = ["FIGURES", "Feature", "Figure", "Status", "Unit", "features_of", "text", "unit_of"]

Status = Literal["ok", "thin", "missing", "not_applicable", "proxy"]
Unit = Literal[
    "money", "percent", "points", "days", "months", "years", "share", "index", "count", "date"
]
Figure = Money | int | str | None
#: code → unit, the count it rests on, the policy's window for it.
Measures = dict[str, tuple[str, str | None, str | None]]


class Feature(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One measured figure: its value, how many observations it rests on, over which window.

    Ratios are decimal text; ``n`` is ``None`` for figures that need no observations.
    """

    group: str
    code: str
    value: Figure
    unit: Unit
    n: int | None = None
    window_months: int | None = None
    status: Status = "ok"


_AMOUNTS = (
    *("ar", "age_current", "age_1_30", "age_31_60", "age_61_90", "age_over_90", "overdue"),
    *("unapplied_cash", "unapplied_credit", "virtually_paid", "sales", "high_credit", "paid"),
    *("written_off",),
)
_DISPUTES: Measures = {
    "disputed": ("money", None, None),
    "disputes_new": ("count", None, None),
    "disputes_after_due": ("count", None, None),
}
_PAYMENT: Measures = {
    **dict.fromkeys(_AMOUNTS, ("money", None, None)),
    "wadl": ("days", "n_settled", "window_months"),
    "wadl_paid": ("days", "n_settled", "window_months"),
    "days_beyond_terms": ("days", "n_settled", "window_months"),
    "days_to_pay": ("days", "n_settled", "window_months"),
    "weighted_terms": ("days", "n_claims", "window_months"),
    "late_count_percent": ("percent", "n_settled", "window_months"),
    "late_amount_percent": ("percent", "n_settled", "window_months"),
    "in_parts_percent": ("percent", "n_settled", "window_months"),
    "overdue_percent": ("percent", "n_open", None),
    "overdue_scored_percent": ("percent", "n_open", None),
    "serious_percent": ("percent", "n_open", None),
    "max_delay": ("days", None, "max_delay_months"),
    "delay_trend": ("days", "n_recent", "window_months"),
    "turnover_trend": ("share", None, "window_months"),
    "volatility": ("days", "n_months", "window_months"),
    "dso": ("days", None, "window_months"),
    "count_back_dso": ("days", None, None),
    "best_dso": ("days", None, "window_months"),
    "days_delinquent": ("days", None, "window_months"),
    "paydex": ("index", "n_settled", "window_months"),
    "age_months": ("months", None, None),
    "oldest_days": ("days", "n_open", None),
    "returned_payments": ("count", None, "window_months"),
    "n_settled": ("count", None, "window_months"),
    "n_open": ("count", None, None),
}
_SHARE_OF_OURS: Measures = {
    "concentration_percent": ("percent", None, None),
    "expected_late": ("money", None, None),
}
#: The groups of figures in the order shown.
FIGURES: dict[str, Measures] = {
    "payment": _PAYMENT,
    "disputes": _DISPUTES,
    "promises": dict(promises.MEASURES),
    "utilisation": {**utilisation.MEASURES, **_SHARE_OF_OURS},
    "financial": dict(financials.MEASURES),
    "history": dict(history.MEASURES),
    "qualitative": dict(qualitative.MEASURES),
}
_UNITS: dict[str, Unit] = {
    code: msgspec.convert(unit, Unit)
    for table in FIGURES.values()
    for code, (unit, *_) in table.items()
}
_TURNOVER = ("dso", "best_dso", "days_delinquent")


def unit_of(code: str) -> Unit:
    """Tell the unit of a figure. Raises ``KeyError``."""
    return _UNITS[code]


def features_of(row: dict[str, Any], policy: Policy) -> Iterator[Feature]:
    """Read every figure off one row of the frame.

    Of a customer without usable statements there are no ratios: nothing would be said by forty
    lines that are missing.
    """
    own = {"virtually_paid": row["overdue"] - row["overdue_unpaid"]}
    for group, table in FIGURES.items():
        if group == "financial" and not row["has_statements"]:
            continue
        for code, measure in table.items():
            yield _feature(group, code, measure, row | own if code in own else row, policy)


def _feature(
    group: str,
    code: str,
    measure: tuple[str, str | None, str | None],
    row: dict[str, Any],
    policy: Policy,
) -> Feature:
    unit, count, window = measure
    value = row[code]
    return Feature(
        group=group,
        code=code,
        value=_figure(value, unit, row["currency"]),
        unit=unit_of(code),
        n=None if count is None else (row[count] or 0),
        window_months=None if window is None else getattr(policy.behaviour, window),
        status=_status(code, count, row),
    )


def _status(code: str, count: str | None, row: dict[str, Any]) -> Status:
    given = row.get(f"{code}_status")
    if given is not None:
        status: Status = msgspec.convert(given, Status)
        return status
    if row[code] is None:
        gone = code in _TURNOVER and row["stopped_buying"]
        return "not_applicable" if gone else "missing"
    return "thin" if count == "n_settled" and row["thin"] else "ok"


def _figure(value: Any, unit: str, currency: str) -> Figure:  # noqa: ANN401 a cell of the frame
    match value:
        case None:
            return None
        case int() if unit == "money":
            return Money(value, currency)
        case float():
            return text(value)
        case date():
            return value.isoformat()
        case int() | str():
            return value
        case _:
            return text(value)


def text(value: float | Decimal) -> str:
    """Write a number with at most four digits after the point, halves rounded up."""
    rounded = Decimal(str(value)).quantize(Decimal("0.0001"), ROUND_HALF_UP).normalize()
    return f"{rounded:f}" if rounded else "0"
