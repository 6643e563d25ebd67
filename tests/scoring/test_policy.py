"""The credit policy: its defaults, its example file, and how it refuses mistakes."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from scoring.document import Mistake
from scoring.policy import GRADES, Policy, PolicyError, load_policy

EXAMPLE = Path(__file__).parents[2] / "policy.example.toml"
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_ENGLISH = re.compile(r"[a-z]{3,}")


def mistakes_of(text: str) -> list[Mistake]:
    """Read a policy that may have mistakes and list them."""
    try:
        load_policy(text)
    except PolicyError as error:
        return error.mistakes
    return []


def _mistakes(text: str) -> dict[str, str]:
    found = mistakes_of(text)
    return {mistake.path: str(mistake).removeprefix(f"{mistake.path}: ") for mistake in found}


def test_an_empty_text_gives_the_defaults() -> None:
    assert load_policy("") == Policy()


def test_the_example_equals_the_defaults() -> None:
    assert load_policy(EXAMPLE.read_text(encoding="utf-8")) == Policy()


def test_every_value_of_the_example_is_commented_in_both_languages() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    tables = text.split("\n[[")[0].splitlines()  # the rows of lists are explained above them
    values = [line for line in tables if re.match(r"(# )?[a-z_0-9]+ = ", line)]

    bare = [line for line in values if not (_CHINESE.search(line) and _ENGLISH.search(line))]
    assert len(values) > 50
    assert bare == []


def test_every_mistake_is_told_at_once_with_its_place() -> None:
    found = _mistakes(
        """
        version = 7
        colour = "red"
        groups = ["payment", "astrology"]
        [behaviour]
        grace_day = 3
        [limits]
        lgd = "much"
        [scorecard.payment.wadl]
        points = 14
        curve = [[0, 100], [10, 50], [5, 0]]
        """
    )

    assert set(found) == {
        "version",
        "colour",
        "groups[1]",
        "behaviour.grace_day",
        "limits.lgd",
        "scorecard.payment.wadl.curve[2]",
    }
    assert "grace_days" in found["behaviour.grace_day"]
    assert "monotone" in found["scorecard.payment.wadl.curve[2]"]
    assert found["groups[1]"] == "'astrology' is none of payment, financial, history, qualitative"
    assert found["limits.lgd"] == "must be a number, not 'much'"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[order_check]\nhold_days = 60", "order_check"),
        ("[gates]\nthin_cap = 'BBBB'", "gates.thin_cap"),
        ("[behaviour]\ntrend_months = 12", "behaviour"),
        ("[scorecard.payment]\npoints = 40", "scorecard.payment"),
        ("[exposure]\norder_weight = 1.5", "exposure.order_weight"),
        ("[limits.parent_haircuts]\nAAAA = 0.1", "limits.parent_haircuts.AAAA"),
        ("[scorecard.prospect]\nfinancial = 44", "scorecard.prospect"),
        ("[scorecard]\nshrink_towards = 60", "scorecard.shrink_towards"),
        ("[terms.instruments]\nE = []", "terms.instruments.E"),
        ("[financials.z]\nsafe = 1\ndistress = 2", "financials.z"),
        ("currency = 'RMB'", "currency"),
        ("version = ''", "version"),
        ("groups = []", "groups"),
        ("groups = ['payment', 'payment']", "groups"),
    ],
)
def test_a_broken_rule_is_told_at_its_table(text: str, place: str) -> None:
    assert list(_mistakes(text)) == [place]


def example(*changes: tuple[str, str]) -> str:
    """Give the text of the example with some lines of it changed."""
    text = EXAMPLE.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def test_overlapping_bands_are_told_at_the_row_with_both_grades() -> None:
    found = _mistakes(example(("score = 80", "score = 95")))

    assert list(found) == ["grades[1].score"]
    assert "AA starts at 95 and AAA at 90: the bands overlap" in found["grades[1].score"]


@pytest.mark.parametrize(
    ("old", "new", "place", "told"),
    [
        ("pd = 0.0046", "pd = 0.0023", "grades[1].pd", "must rise"),
        ("max_terms_days = 75", "max_terms_days = 95", "grades[1].max_terms_days", "not rise"),
        ("score = 80\n", "", "grades[1].score", "from which score on is it AA"),
        ('grade = "AA"', 'grade = "AB"', "grades[1].grade", "'AB' is no grade"),
    ],
)
def test_a_row_of_a_grade_that_is_wrong_is_told(old: str, new: str, place: str, told: str) -> None:
    assert told in _mistakes(example((old, new)))[place]


def test_a_missing_grade_is_named() -> None:
    rows = EXAMPLE.read_text(encoding="utf-8").split("\n[[grades]]")
    without = "\n[[grades]]".join(row for row in rows if 'grade = "BBB"' not in row)

    assert "the row of BBB is missing" in _mistakes(without)["grades"]


def test_rules_of_grades_and_card_are_told_beside_mistakes_elsewhere() -> None:
    changes = ("score = 80", "score = 95"), ("lgd = 0.6", "lgd = 'much'"), ('"CNY"', '"RMB"')

    assert set(_mistakes(example(*changes))) == {"grades[1].score", "limits.lgd", "currency"}


def test_every_broken_rule_of_a_table_is_told() -> None:
    text = "[limits]\nlgd = 6\nround_digits = 0\nmargin = 2\n[limits.method_weights]\nluck = -1"

    assert set(_mistakes(text)) == {
        "limits.lgd",
        "limits.round_digits",
        "limits.margin",
        "limits.method_weights.luck",
    }


def test_decimals_are_read_exactly() -> None:
    policy = load_policy("[limits]\ngrowth = 0.1")

    assert policy.limits.growth == Decimal("0.1")


def test_a_grade_is_found_by_its_name() -> None:
    assert [Policy().grade(name).grade for name in GRADES] == list(GRADES)
    with pytest.raises(KeyError):
        Policy().grade("NR")
