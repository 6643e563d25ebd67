"""What is measured does not depend on what only judges, so two policies can share it."""

import msgspec
import pytest

from scoring.assess import assess, assess_both
from scoring.calendar import WorkCalendar
from scoring.limits import entity_amounts
from scoring.measuring import measured, measuring, with_amounts
from scoring.policy import Policy, load_policy
from tests.builders import AS_OF, Row, a_book, a_steady_payer, an_entity, an_invoice, days_ago
from tests.credit_files import a_full_file, a_guarantee, with_groups

#: Other points, grades, gates, limits, order rules, watch levels and reviews: all that judges.
JUDGES = load_policy(
    """
    version = "judges"
    groups = ["payment", "financial", "history", "qualitative"]
    unrated_terms_days = 7
    [scorecard]
    shrink_weight = 5
    missing_min_share = 0.3
    [scorecard.payment.wadl]
    points = 14
    curve = [[0, 100], [1, 50], [10, 0]]
    [gates]
    over_90_cap = "CC"
    no_statements_cap = "BB"
    young_months = 24
    [limits]
    starter = 1000
    stable_step = 1
    concentration_base = 90000
    group_capacity = 70000
    lgd = 0.4
    loss_budget = 900
    [order_check]
    min_overdue = 1
    hold_days = 5
    [watch]
    hold_days = 5
    attention_from = 1
    [review]
    cross_points = 3
    [terms]
    public_days = 20
    [provision]
    current = 0.01
    """
)


def _rows() -> list[Row | list[Row]]:
    late = an_invoice("late", entity="E2", issued_on=days_ago(130), due_on=days_ago(95))
    return [
        an_entity("E1"),
        a_steady_payer(entity="E1", late=4),
        *a_full_file(),
        a_guarantee(),
        an_entity("E2", currency="USD"),
        late,
        an_entity("E3"),
    ]


MEASURES = [
    "[behaviour]\ngrace_days = 0",
    "[gates]\nover_60_days = 20",
    "[default_event]\ndays = 100\nmateriality = 1",
    "[exposure]\norders_limit = 5",
    "[financials.basis]\naudited = 0.5",
    "[dossier.contract]\nweight = 30",
    "[promises]\nrecent_days = 5",
    "[warning]\nrolled_days = 10",
]


def test_what_only_judges_is_not_measured_by() -> None:
    book, calendar = a_book(*_rows()), WorkCalendar()

    whole = measured(book, JUDGES, AS_OF, calendar, None).frame
    part = measured(book, measuring(JUDGES), AS_OF, calendar, None).frame

    assert with_amounts(part, entity_amounts(book, JUDGES)).equals(whole)
    assert measuring(JUDGES) == measuring(with_groups())


@pytest.mark.parametrize("text", MEASURES)
def test_what_measures_is_kept(text: str) -> None:
    assert measuring(load_policy(text)) != measuring(Policy())


@pytest.mark.parametrize("draft", [JUDGES, *map(load_policy, MEASURES)])
def test_two_policies_at_once_give_what_each_gives_alone(draft: Policy) -> None:
    book, champion = a_book(*_rows()), with_groups()
    draft = msgspec.structs.replace(draft, groups=champion.groups)

    before, after = assess_both(book, (champion, draft), AS_OF)

    assert before.frame.equals(assess(book, champion, AS_OF).frame)
    assert after.frame.equals(assess(book, draft, AS_OF).frame)
    assert list(after.rows()) == list(assess(book, draft, AS_OF).rows())
