"""The credit policy: its defaults, its example file, and how it refuses mistakes."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from scoring.policy import GRADES, Policy, PolicyError, load_policy

EXAMPLE = Path(__file__).parents[2] / "policy.example.toml"
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_ENGLISH = re.compile(r"[a-z]{3,}")


def _mistakes(text: str) -> dict[str, str]:
    with pytest.raises(PolicyError) as caught:
        load_policy(text)
    return {mistake.path: mistake.message for mistake in caught.value.mistakes}


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
        "scorecard.payment.wadl",
    }
    assert "grace_days" in found["behaviour.grace_day"]
    assert "monotone" in found["scorecard.payment.wadl"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[order_check]\nhold_days = 60", "order_check"),
        ("[gates]\nthin_cap = 'BBBB'", "gates"),
        ("[behaviour]\ntrend_months = 12", "behaviour"),
        ("[scorecard.payment]\npoints = 40", "scorecard.payment"),
        ("[exposure]\norder_weight = 1.5", "exposure"),
        ("currency = 'RMB'", ""),
        ("groups = []", ""),
    ],
)
def test_a_broken_rule_is_told_at_its_table(text: str, place: str) -> None:
    assert list(_mistakes(text)) == [place]


def test_grades_must_be_monotone() -> None:
    text = EXAMPLE.read_text(encoding="utf-8").replace("score = 80", "score = 95")

    assert "monotone" in _mistakes(text)[""]


def test_decimals_are_read_exactly() -> None:
    policy = load_policy("[limits]\ngrowth = 0.1")

    assert policy.limits.growth == Decimal("0.1")


def test_a_grade_is_found_by_its_name() -> None:
    assert [Policy().grade(name).grade for name in GRADES] == list(GRADES)
    with pytest.raises(KeyError):
        Policy().grade("NR")
