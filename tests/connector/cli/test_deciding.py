"""What people decide on the command line reaches the engine, the worklist and the order check."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.store.assessments import latest_assessments
from connector.store.engine import reading
from scoring.assessment import Assessment
from tests.connector.cli.shell import AS_OF, Shell
from tests.journeys.harness import open_here

PEOPLE = '\n[people]\n"陈一" = { role = "committee" }\n"陈二" = { role = "committee" }\n'
TEXT = "与客户财务负责人电话确认，附会议纪要，特此申请。"
SOON = (AS_OF + timedelta(days=10)).isoformat()


@pytest.fixture
def office(ran: Shell) -> Shell:
    """A book that was run once, and people who may approve."""
    config = ran.installation.config
    config.write_text(config.read_text(encoding="utf-8") + PEOPLE, encoding="utf-8")
    return ran


def assessed(office: Shell) -> list[Assessment]:
    with open_here(office.installation, office.clock) as zixin, reading(zixin.engine) as conn:
        return [each.assessment for each in latest_assessments(conn)]


def a_free_company(office: Shell) -> Assessment:
    """Pick the company with the most credit left that may order."""
    free = [one for one in assessed(office) if one.hold == "none" and one.currency == "CNY"]
    return max(free, key=lambda one: one.available.minor if one.available else 0)


def late_company(office: Shell) -> str:
    """Pick the account that is to be asked first."""
    return str(office.json("worklist")["work"][0]["account"])


def decide(office: Shell, kind: str, ref: str, *more: str) -> None:
    """Draft a decision and approve it with as many people as it takes."""
    draft = office.json(
        "decide", kind, ref, "--by", "张三", "--reason", "facts", "--text", TEXT, *more
    )
    for by in ("陈一", "陈二"):
        if state_of(office, draft["id"]) == "draft":
            office("decide", "approve", draft["id"], "--by", by)
    assert state_of(office, draft["id"]) == "approved"


def state_of(office: Shell, decision: str) -> str:
    found = office.json("decide", "list")["decisions"]
    return next(str(one["state"]) for one in found if one["id"] == decision)


def accounts_to_ask(office: Shell) -> set[str]:
    return {work["account"] for work in office.json("worklist")["work"]}


def order(office: Shell, ref: str, amount: object, *more: str, code: int = 0) -> Any:
    return office.json("order-check", ref, str(amount), *more, code=code)


def codes(decision: Any) -> set[str]:
    return {rule["code"] for rule in decision["fired"] if rule["reaction"] != "warn"}


def test_a_block_ends_the_asking_until_its_last_day(office: Shell) -> None:
    account = late_company(office)

    decide(office, "block", account, "--until", SOON)

    assert account not in accounts_to_ask(office)
    after = (AS_OF + timedelta(days=11)).isoformat()
    later = office.json("worklist", "--as-of", after)["work"]
    assert account in {work["account"] for work in later}
    assert sum(connection["tasks_closed"] for connection in ran(office)) >= 1


def test_a_plan_holds_the_step_back_and_comes_last(office: Shell) -> None:
    account = late_company(office)

    decide(office, "plan", account, "--until", SOON)

    waits = [(work["account"], work["waits"]) for work in office.json("worklist")["work"]]
    assert dict(waits)[account] == "plan"
    assert [why is not None for _, why in waits] == sorted(why is not None for _, why in waits)
    assert "还款计划" in office("worklist", "--lang", "zh").stdout


def ran(office: Shell) -> list[Any]:
    """Run once and tell what each connection got."""
    return list(office.json("run")["connections"].values())


def test_a_promise_holds_the_next_step_back(office: Shell) -> None:
    account = late_company(office)
    amount = office.json("worklist")["work"][0]["overdue"]["minor"] / 100
    promised = (AS_OF + timedelta(days=9)).isoformat()

    office("promise", "add", account, f"{amount:.2f}", promised, "--by", "李梅")

    work = {one["account"]: one for one in office.json("worklist")["work"]}
    assert (work[account]["promises"], work[account]["waits"]) == (1, "promise")
    (told,) = office.json("promise", "list")["promises"]
    assert told["promised_on"] == promised


def test_a_temporary_limit_lets_a_larger_order_pass_and_ends_by_itself(office: Shell) -> None:
    company = a_free_company(office)
    assert company.available is not None
    amount = company.available.amount + 20_000
    before = order(office, company.entity, amount, code=3)

    decide(office, "temporary", company.entity, "--amount", "1000000", "--until", SOON)
    during = order(office, company.entity, company.available.amount + 1_000)
    review = office.json("review", "list")["reviews"]

    assert "R1" in codes(before)
    assert "R1" not in codes(during)
    assert ("decision", "temporary_limit", SOON) in {
        (item["what"], item["detail"], item["due_on"]) for item in review
    }
    office.clock.move(timedelta(days=11))
    assert "R1" in codes(order(office, company.entity, amount, code=3))


def test_a_segment_s_limit_binds_its_orders_alone(office: Shell) -> None:
    company = a_free_company(office)

    decide(office, "segment", company.entity, "--amount", "100", "--scope", "east")

    blocked = order(office, company.entity, 500, "--segment", "east", code=3)
    assert blocked["result"] == "hold"
    order(office, company.entity, 500, "--segment", "west")


def test_a_hold_stops_and_an_exemption_lifts_a_rule(office: Shell) -> None:
    company = a_free_company(office)

    decide(office, "hold", company.entity, "--until", SOON)
    held = order(office, company.entity, 1, code=3)

    assert "R11" in codes(held)
    assert held["result"] == "stop"
    decide(office, "exemption", company.entity, "--scope", "R11", "--until", SOON)
    order(office, company.entity, 1)


def test_a_bank_guarantee_that_is_handed_in_raises_the_limit(office: Shell, tmp_path: Path) -> None:
    """Who gets no unsecured credit gets what the security is worth after its haircut."""
    company = next(
        one
        for one in assessed(office)
        if one.limit is not None and not one.limit.minor and one.rating in {"CCC", "CC", "D"}
    )
    path = tmp_path / "collateral.csv"
    row = f"{company.entity},银行保函,300000,CNY,2026-01-01,是"
    path.write_text(f"customer,kind,amount,currency,valid from,registered\n{row}\n", "utf-8")

    office("import", "collateral", str(path), "--by", "李梅")
    ran(office)

    (after,) = (one for one in assessed(office) if one.entity == company.entity)
    assert after.limit is not None
    assert (after.rating, after.limit.minor > 0) == (company.rating, True)
