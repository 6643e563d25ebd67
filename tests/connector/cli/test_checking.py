"""order-check: what is said, in both tongues, and how the command ends."""

from datetime import timedelta

import pytest

from connector.store.assessments import StoredAssessment, latest_assessments
from connector.store.engine import reading
from scoring.policy import GRADES
from tests.connector.cli.shell import AS_OF, ZOHO, Shell
from tests.journeys.harness import open_here


def stored(shell: Shell) -> list[StoredAssessment]:
    with open_here(shell.installation, shell.clock) as zixin, reading(zixin.engine) as conn:
        return latest_assessments(conn)


def a_free_company(shell: Shell) -> StoredAssessment:
    """Pick the company with the most credit left of those that may order."""
    free = [
        each
        for each in stored(shell)
        if each.assessment.hold == "none" and each.assessment.available is not None
    ]
    return max(free, key=lambda each: each.assessment.available.minor)  # type: ignore[union-attr] # filtered above


@pytest.mark.usefixtures("ran")
def test_orders_pass_or_are_blocked_with_every_rule_and_a_way_out(shell: Shell) -> None:
    company = a_free_company(shell).assessment
    available = company.available
    assert available is not None

    fits = shell.json("order-check", company.entity, "1")
    beyond = str(available.amount + 1000)
    blocked = shell.json("order-check", company.entity, beyond, code=3)

    assert fits["result"] in {"pass", "warn"}
    assert fits["order"]["amount"] == {"minor": 100, "currency": company.currency}
    assert "R1" in {rule["code"] for rule in blocked["fired"]}
    for offer in blocked["offers"]:
        if offer["kind"] == "smaller":
            less = offer["order"]["amount"]["minor"] / 100
            shell("order-check", company.entity, f"{less:.2f}")
    assert {offer["kind"] for offer in blocked["offers"]} >= {"deposit"} or blocked["offers"]


@pytest.mark.parametrize(
    ("lang", "words"), [("zh", ("结论", "规则")), ("en", ("Decision", "Rule"))]
)
@pytest.mark.usefixtures("ran")
def test_it_is_told_in_both_tongues(lang: str, words: tuple[str, ...], shell: Shell) -> None:
    held = [each for each in stored(shell) if each.assessment.hold != "none"]
    assert held, "the sample company has somebody on hold"
    entity = held[0].assessment.entity

    told = shell(
        "order-check", entity, "999999999", "--terms", "400", "--lang", lang, code=3
    ).stdout

    assert all(word in told for word in words), told
    for code in ("R1", "R8"):
        assert code in told


@pytest.mark.usefixtures("ran")
def test_the_hold_in_the_crm_is_the_check_of_a_small_order(shell: Shell) -> None:
    for each in stored(shell)[::3]:
        said = each.assessment
        if said.rating not in GRADES:
            continue
        code = 0 if said.hold == "none" else 3
        if said.available is not None and said.available.minor > 100_00:
            found = shell.json("order-check", said.entity, "0.01", code=code)
            assert found["result"] == (said.hold if code else found["result"])


@pytest.mark.usefixtures("ran")
def test_prepaid_orders_need_no_limit_and_past_days_no_fresh_data(shell: Shell) -> None:
    entity = a_free_company(shell).assessment.entity
    earlier = (AS_OF - timedelta(days=30)).isoformat()

    shell("order-check", entity, "99,999,999", "--prepaid")
    past = shell.json("order-check", entity, "1", "--as-of", earlier)

    assert "R14" in past["unchecked"]


@pytest.mark.usefixtures("ran")
def test_stale_data_is_a_warning(shell: Shell) -> None:
    entity = a_free_company(shell).assessment.entity
    shell.clock.move(timedelta(hours=25))

    found = shell.json("order-check", entity, "1")

    assert {rule["code"]: rule["reaction"] for rule in found["fired"]}["R14"] == "warn"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nobody", "1"), "没有（或不止一家）客户叫“nobody”"),
        (("REF", "much"), "no number"),
        (("REF", "NaN"), "starts at 0"),
        (("REF", "1", "--currency", "RMB"), "ISO 4217"),
        (("REF", "1", "--discount", "x"), "--discount"),
        (("REF", "1", "--lang", "fr"), "zh and en"),
    ],
)
@pytest.mark.usefixtures("ran")
def test_mistakes_are_told_with_their_place(
    arguments: tuple[str, ...], sentence: str, shell: Shell
) -> None:
    view = shell.installation.crms.crm("zoho").accounts()[0]
    given = [f"{ZOHO}:{view.id}" if word == "REF" else word for word in arguments]

    assert sentence in shell("order-check", *given, code=2).stderr
