"""Explanation records of customers for tests: one about whom everything is known, and any other."""

from datetime import date, timedelta

from scoring.assess import Assessments, assess
from scoring.explain import AmountStep, Explanation, explain
from scoring.policy import Policy
from tests.builders import (
    AS_OF,
    Row,
    a_book,
    a_credit_note,
    a_payment,
    a_promise,
    a_steady_payer,
    an_invoice,
    an_order,
    days_ago,
)
from tests.credit_files import a_full_file, a_guarantee, a_last_assessment, with_groups
from tests.scoring.limit_rows import a_decision

__all__ = ["a_known_customer", "assessed", "explained", "line"]


def assessed(
    *rows: Row | list[Row], policy: Policy | None = None, as_of: date = AS_OF
) -> Assessments:
    """Assess a book, all groups in use unless told."""
    return assess(a_book(*rows), policy or with_groups(), as_of)


def explained(
    *rows: Row | list[Row],
    policy: Policy | None = None,
    as_of: date = AS_OF,
    entity: str = "E1",
) -> Explanation:
    """Explain one entity of a book."""
    return explain(assessed(*rows, policy=policy, as_of=as_of), entity)


def line(steps: tuple[AmountStep, ...], method: str) -> AmountStep:
    """Find a line of the exposure or the waterfall."""
    return next(step for step in steps if step.method == method)


def a_known_customer() -> list[Row]:
    """Make a customer with every kind of fact: file, promises, disputes, orders, decisions, money."""
    return [
        *a_steady_payer(late=6),
        *a_full_file(),
        an_invoice("x", amount=4_000_000, disputed=1_000_000, disputed_on=days_ago(8)),
        an_invoice("y", amount=2_000_000, issued_on=days_ago(75)),
        a_credit_note(),
        a_payment("spare", amount=50_000, paid_on=days_ago(20)),
        an_order(amount=300_000),
        a_promise(),
        a_guarantee("bank_guarantee", registered=True),
        a_guarantee("property", valid_to=AS_OF - timedelta(days=1)),
        a_last_assessment("A"),
        a_decision("review", from_on=days_ago(60)),
        a_decision("exemption", from_on=days_ago(10), to_on=days_ago(-10), scope="R5"),
        a_decision(
            "segment_limit",
            from_on=days_ago(10),
            to_on=days_ago(-10),
            scope="parts",
            amount=500_000,
            currency="CNY",
        ),
        a_decision("hold", from_on=days_ago(90), to_on=days_ago(30)),
    ]
