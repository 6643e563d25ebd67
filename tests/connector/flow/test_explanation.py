"""The report: complete in both languages, nothing raw, nothing that does not apply."""

import re
from collections.abc import Iterator

import msgspec
import pytest

from connector.flow.explanation import Section, report_of
from connector.flow.explanation.change import change_sections
from connector.flow.explanation.words import Words
from connector.texts.catalogue import LANGUAGES, Texts, load_catalogue
from scoring.difference import CAUSES, Cause, difference
from scoring.dossier import CONFIDENCE, ITEMS
from scoring.explain import (
    FIGURES,
    INPUTS,
    LADDER,
    LADDER_REASONS,
    REMARKS,
    STATEMENT_FLAGS,
    UNUSED,
    Explanation,
)
from scoring.exposure import EXPOSURE_PARTS
from scoring.financials.comparison import METHODS
from scoring.financials.distress import ZONES
from scoring.financials.mistakes import CHECKS
from scoring.gates import GATES
from scoring.known import KNOWN_FROM
from scoring.limits import LIMIT_STEPS
from scoring.ordercheck import RULES
from scoring.policy import LimitPolicy, Policy, TermsPolicy
from scoring.provision import LOSS_BUCKETS
from scoring.schemas import DECISION_KINDS, STATEMENT_BASES
from scoring.scorecard import GROUPS, groups_in_use
from scoring.warning import CODES
from scoring.warning.rule import ATTENTION, CRITICAL, HIGH, INFO
from tests.builders import Row, a_paid_invoice, a_steady_payer, an_entity, an_invoice, days_ago
from tests.credit_files import a_child, a_full_file, a_statement, with_groups
from tests.scoring.explain.explained import a_known_customer, explained
from tests.scoring.limit_rows import a_decision

#: What bounds a limit and is no line of the waterfall.
BOUNDS = ("grade", "step_up", "frozen")
UNRATED = ("identity_invalid", "identity_conflict", "no_history", "missing_rate")


def every_code() -> Iterator[str]:
    """Name every code that a record may hold, as the catalogues call it."""
    policy = with_groups()
    tables: dict[str, tuple[str, ...]] = {
        "feature": (*(code for table in FIGURES.values() for code in table), *LOSS_BUCKETS),
        "figures": tuple(FIGURES),
        "method": (*LIMIT_STEPS, *EXPOSURE_PARTS, *BOUNDS),
        "input": tuple({given.code for inputs in INPUTS.values() for given in inputs}),
        "skipped": UNUSED,
        "ladder": LADDER,
        "ladder.why": (*LADDER_REASONS, *UNRATED),
        "gate": tuple(gate.code for gate in GATES),
        "group": tuple(GROUPS),
        "part": tuple(
            part.code for group in groups_in_use(policy) for part in group.characteristics
        ),
        "cause": CAUSES,
        "dossier": tuple(ITEMS),
        "confidence": CONFIDENCE,
        "flag": STATEMENT_FLAGS,
        "basis": STATEMENT_BASES,
        "industry_method": METHODS,
        "distress_zone": ZONES,
        "statement": tuple(check.code for check in CHECKS),
        "remark": REMARKS,
        "rule": tuple(rule.code for rule in RULES),
        "warning": CODES,
        "level": tuple(str(level) for level in (INFO, ATTENTION, HIGH, CRITICAL)),
        "decided": DECISION_KINDS,
        "security": (*LimitPolicy().haircuts, "parent_guarantee"),
        "instrument": tuple({one for means in TermsPolicy().instruments.values() for one in means}),
        "source": tuple(name for name in KNOWN_FROM if name not in {"previous", "signals"}),
    }
    for prefix, codes in tables.items():
        yield from (f"{prefix}.{code}" for code in codes)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_its_words(language: str) -> None:
    known = load_catalogue(language)

    assert [code for code in every_code() if code not in known] == []


OLD = an_invoice("old", amount=9_000_000, issued_on=days_ago(150), due_on=days_ago(95))
CUSTOMERS: dict[str, list[Row]] = {
    "known": a_known_customer(),
    "new": [an_entity()],
    "prospect": [an_entity(), *a_full_file()],
    "defaulted": [*a_steady_payer(late=40), OLD],
    "unrated": [an_entity(identity="invalid"), *a_steady_payer()],
    "foreign": [an_entity(currency="EUR"), an_invoice("i", currency="EUR")],
    "child": [
        an_entity("P"),
        a_child("E1", "P"),
        *a_steady_payer(),
        *a_paid_invoice("p", entity="P"),
    ],
    "weak": [*a_steady_payer(), a_statement(equity=-100_000_00, basis="self_declared")],
    "overridden": [
        *a_steady_payer(),
        *a_full_file(),
        a_decision("override", grade="BB", from_on=days_ago(5), to_on=days_ago(-20)),
        a_decision("limit", amount=700_000, currency="CNY", to_on=days_ago(-20)),
        a_decision("hold", to_on=days_ago(-20)),
    ],
}


def told(explanation: Explanation, language: str, before: Explanation | None = None) -> str:
    change = None if before is None else difference(before, explanation)
    sections = report_of(explanation, change, Texts(language), full=True)
    return "\n".join(line for section in sections for line in lines_of(section))


def lines_of(section: Section) -> Iterator[str]:
    yield section.title
    yield from section.lines
    yield " | ".join(section.columns)
    yield from (" | ".join(row) for row in section.rows)


@pytest.mark.parametrize("name", CUSTOMERS)
def test_nothing_is_left_raw(name: str) -> None:
    explanation = explained(*CUSTOMERS[name])
    before = explained(*a_steady_payer(months=3))

    for language in LANGUAGES:
        report = told(explanation, language, before)
        free = report.replace(explanation.policy_version, "").replace("agreed", "")
        assert re.findall(r"\b[a-z]+_[a-z_]+\b", free) == [], language
        assert not re.search(r"\bNone\b|\bnan\b|[{}]", free), language


@pytest.mark.parametrize("name", CUSTOMERS)
def test_the_chinese_report_has_no_english_words(name: str) -> None:
    explanation = explained(*CUSTOMERS[name])
    report = told(explanation, "zh", explained(*a_steady_payer(months=3)))
    given = (explanation.policy_version, explanation.name, "Customer P", "agreed", "parts")
    for word in (*given, explanation.inputs_hash[:16]):
        report = report.replace(word, "")

    assert re.findall(r"[A-Za-z]{4,}", report) == []


def test_who_is_not_rated_is_told_why() -> None:
    report = told(explained(*CUSTOMERS["unrated"]), "en")

    assert "Not rated" in report
    assert "the company code is invalid" in report
    assert "no terms on credit" in report.lower()


def test_a_limit_that_is_used_up_is_said_where_nothing_else_holds() -> None:
    rows = [*a_steady_payer(), an_invoice("big", amount=90_000_000, issued_on=days_ago(2))]

    report = told(explained(*rows), "en")

    assert "Orders: open for credit, but nothing is left of the limit" in report
    assert "any new order on credit goes over it (R1)" in report
    assert "Nothing holds new orders" not in report


def test_a_score_that_stood_still_has_no_causes() -> None:
    explanation = explained(*a_steady_payer(months=6))
    cause = Cause(code="days_late", group="payment", before="1", after="1.1", points="+0.1")
    lost = Cause(code="rounding", group="", before=None, after=None, points="-0.1")
    same = msgspec.structs.replace(
        difference(explanation, explanation), causes=(cause, lost), watch_after="high"
    )

    (change,) = change_sections(same, Words(Texts("en")))

    assert not any(line.startswith("Score") for line in change.lines)


def test_what_does_not_apply_is_left_out() -> None:
    report = told(explained(*CUSTOMERS["new"]), "en")

    assert "Decisions of people" not in report
    assert "Group of companies" not in report
    assert "Financial statement\n" not in report
    assert "Does not apply: nothing has been paid yet" in report
    assert "no earlier assessment" in report


def test_the_short_report_shows_no_figures_but_those_behind_the_points() -> None:
    explanation = explained(*CUSTOMERS["known"])
    short = [section.title for section in report_of(explanation, None, Texts("en"))]

    assert not any(title.startswith("Figures") for title in short)
    assert "payment behaviour P" in short


def test_amounts_dates_and_people_are_in_the_report() -> None:
    report = told(explained(*CUSTOMERS["overridden"]), "en")

    assert "grade set by a person" in report
    assert "CN¥7,000" in report
    assert days_ago(-20).isoformat() in report


def test_the_change_is_attributed() -> None:
    late = an_invoice("late", amount=9_000_000, issued_on=days_ago(80), due_on=days_ago(50))
    before, after = explained(*a_steady_payer()), explained(*a_steady_payer(), late)

    report = told(after, "en", before)
    score = next(line for line in report.splitlines() if line.startswith("Score "))

    found = difference(before, after)
    assert f"({(found.score_change or '').replace('-', '−')})" in score
    assert re.search(r"days late 0 days → \d+(\.\d)? days −\d", score)
    assert "Orders: open for credit → new orders on hold" in report
    assert "Now holds: R3 overdue too long; R5 too much overdue" in report


def test_nothing_changed_is_said_in_a_line() -> None:
    explanation = explained(*CUSTOMERS["known"])

    assert "Nothing changed" in told(explanation, "en", explanation)


def test_another_policy_is_told() -> None:
    rows = a_steady_payer()
    other = msgspec.structs.replace(Policy(), version="stricter")

    report = told(explained(*rows, policy=other), "zh", explained(*rows, policy=Policy()))

    assert "政策版本已变更" in report
