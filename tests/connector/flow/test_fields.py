"""An assessment said in CRM fields; every reason the rules know has its sentence."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.port import CreditField, field_text
from connector.flow.fields import STAMPS, field_values, plan_fields, reason_text
from connector.texts.catalogue import LANGUAGES, Texts
from scoring.assess import assess
from scoring.assessment import Assessment, Reason
from scoring.money import Money
from scoring.policy import Policy
from scoring.policy.part import CharacteristicPolicy
from scoring.records import AccountRef
from tests.builders import AS_OF, a_book, a_paid_invoice, a_steady_payer, an_entity, an_invoice

ACCOUNT = AccountRef("crm", "1")
NOW = datetime(2026, 6, 30, 4, 30, 5, 123456, tzinfo=UTC)
TEXTS = {"crm": Texts("zh")}


def an_assessment(*, overdue_days: int = 40) -> Assessment:
    """Assess a steady payer with one overdue item."""
    late = an_invoice(
        "x",
        amount=5_000_000,
        issued_on=AS_OF - timedelta(days=overdue_days + 30),
        due_on=AS_OF - timedelta(days=overdue_days),
    )
    return assess(a_book(a_steady_payer(), late), Policy(), AS_OF).row("E1")


def planned(assessment: Assessment, written: dict[CreditField, str]) -> dict[CreditField, object]:
    """Plan for one account that was told ``written``."""
    updates = plan_fields(
        assessment, [ACCOUNT], {ACCOUNT: written}, texts=TEXTS, assessment_id="a1", now=NOW
    )
    return dict(updates[0].values) if updates else {}


def test_first_time_everything_is_written_with_its_stamps() -> None:
    values = planned(an_assessment(), {})

    assert values[CreditField.OVERDUE_AMOUNT] == Decimal("50000.00")
    assert values[CreditField.OLDEST_DAYS] == 40
    assert values[CreditField.HOLD] == "hold"
    assert values[CreditField.ASSESSMENT_ID] == "a1"
    assert values[CreditField.COMPUTED_AT] == NOW.replace(microsecond=0)


def test_nothing_is_written_twice() -> None:
    assessment = an_assessment()
    told = {
        field: field_text(value) for field, value in field_values(assessment, TEXTS["crm"]).items()
    }

    assert planned(assessment, told) == {}


def test_only_what_changed_is_written_and_a_stamp_alone_is_no_news() -> None:
    assessment = an_assessment()
    told = {
        field: field_text(value) for field, value in field_values(assessment, TEXTS["crm"]).items()
    }

    assert set(planned(assessment, told | {CreditField.HOLD: "none"})) == {
        CreditField.HOLD,
        *STAMPS,
    }


def test_unrated_company_says_why_in_its_summary() -> None:
    unrated = assess(a_book(an_entity(identity="conflict")), Policy(), AS_OF).row("E1")
    values = field_values(unrated, Texts("en"))

    assert values[CreditField.RATING] == "-"
    assert "another customer with a different name" in str(values[CreditField.SUMMARY])
    assert "no credit until that is settled" in str(values[CreditField.SUMMARY])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_code_has_its_sentence_in_both_directions(language: str) -> None:
    source = Path("scoring/reasons.py").read_text(encoding="utf-8")
    listed = re.findall(r"``(\w+)``", source.split('"""')[1].split("Codes and parameters:")[1])
    codes = {code for code in listed if code != "threshold"}
    texts = Texts(language)

    assert {"days_late", "past_default", "no_history"} <= codes
    assert {code for code in codes if not texts.knows(f"reason.{code}")} == set()
    scored = {"days_late", "late_amount", "overdue_ratio", "max_delay", "broken_promises"}
    assert {code for code in scored if not texts.knows(f"reason.{code}.good")} == set()


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("zh", "征信分 40（满分 100）；每提高 1 分都会加分"),
        ("en", "bureau score 40 of 100; every point more scores better"),
    ],
)
def test_on_a_straight_line_every_point_counts_and_elsewhere_the_next_mark(
    language: str, told: str
) -> None:
    marked: dict[str, Money | int | str] = {"value": "40", "threshold": "60"}
    texts = Texts(language)

    assert reason_text(Reason("bureau", marked | {"curve": "straight"}), texts) == told
    assert "60" in reason_text(Reason("bureau", marked), texts)
    assert "60" in reason_text(Reason("days_late", marked | {"curve": "straight"}), texts)


def test_each_straight_line_of_the_default_policy_has_its_sentence() -> None:
    policy = Policy().scorecard
    straight = {
        code
        for group in (policy.payment, policy.financial, policy.history, policy.qualitative)
        for code in group.__struct_fields__
        if isinstance(rule := getattr(group, code), CharacteristicPolicy) and rule.straight
    }

    assert "bureau" in straight
    assert {code for code in straight if not Texts("en").knows(f"reason.{code}.straight")} == set()


def test_numbers_in_reasons_are_written_the_readers_way() -> None:
    reason = Reason("over_90_days", {"days": 120, "amount": Money(123456700, "CNY"), "cap": "CCC"})

    assert "¥1,234,567" in reason_text(reason, Texts("zh"))


def test_amounts_are_in_the_credit_currency() -> None:
    rows = [an_entity(currency="JPY"), *a_paid_invoice(currency="JPY", amount=5000)]
    policy = Policy()
    values = field_values(assess(a_book(*rows), policy, AS_OF).row("E1"), Texts("zh"))

    assert values[CreditField.CURRENCY] == "JPY"
    assert values[CreditField.DATA_AS_OF] == date(2026, 5, 1)
