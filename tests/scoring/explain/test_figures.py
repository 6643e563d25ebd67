"""Figures carry their value, observations, window and how far they hold."""

from scoring.explain import FIGURES, Explanation, Feature
from scoring.money import Money
from tests.builders import AS_OF, a_payment, a_steady_payer, an_invoice, days_ago
from tests.credit_files import a_statement
from tests.scoring.explain.explained import a_known_customer, assessed, explained


def _feature(explanation: Explanation, code: str) -> Feature:
    return next(one for one in explanation.features if one.code == code)


def test_every_figure_is_the_engines_own() -> None:
    rows = a_known_customer()
    row = assessed(*rows).figures("E1")
    own = {"virtually_paid"}

    for one in explained(*rows).features:
        if one.code in own or one.value is None:
            continue
        told = one.value.minor if isinstance(one.value, Money) else one.value
        assert abs(float(told) - float(row[one.code])) < 1e-4, one.code


def test_figures_come_in_the_groups_order_each_once() -> None:
    codes = [(one.group, one.code) for one in explained(*a_known_customer()).features]

    assert codes == [(group, code) for group, table in FIGURES.items() for code in table]


def test_what_could_not_be_measured_is_called_missing() -> None:
    explanation = explained(an_invoice("x"))

    assert _feature(explanation, "wadl_paid").status == "missing"
    assert _feature(explanation, "wadl_paid").value is None


def test_few_payments_are_called_thin() -> None:
    explanation = explained(a_steady_payer(months=2))

    assert (_feature(explanation, "wadl").status, _feature(explanation, "wadl").n) == ("thin", 2)


def test_sales_outstanding_of_who_stopped_buying_do_not_apply() -> None:
    old = an_invoice("old", issued_on=days_ago(500))

    assert _feature(explained(old), "dso").status == "not_applicable"


def test_ratios_tell_how_they_were_made() -> None:
    explanation = explained(a_statement(), a_steady_payer())

    assert _feature(explanation, "ocf_to_cl").status == "ok"
    assert _feature(explanation, "roe").status == "thin"
    assert _feature(explanation, "debt_to_assets_change").status == "missing"
    assert _feature(explanation, "debt_to_assets_change").unit == "points"


def test_without_statements_there_are_no_ratios() -> None:
    groups = {one.group for one in explained(a_steady_payer()).features}

    assert "financial" not in groups


def test_cash_we_left_unapplied_is_marked() -> None:
    late = an_invoice("late", amount=80_000, issued_on=days_ago(60))
    spare = a_payment("spare", amount=50_000, paid_on=days_ago(20))

    assert days_ago(20) < AS_OF
    marked = _feature(explained(late, spare), "virtually_paid")
    assert marked.value == Money(50_000, "CNY")


def test_windows_are_the_policys() -> None:
    explanation = explained(*a_known_customer())

    assert _feature(explanation, "wadl").window_months == 12
    assert _feature(explanation, "max_delay").window_months == 24
    assert _feature(explanation, "ar").window_months is None
