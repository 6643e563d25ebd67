"""case: a blocked order from order-check to its release, and what a payment does to it."""

from datetime import timedelta

import pytest

from connector.store.assessments import latest_assessments
from connector.store.engine import reading
from tests.connector.cli.shell import AS_OF, Shell
from tests.journeys.clerk import clerks_of
from tests.journeys.harness import open_here

PEOPLE = (
    '\n[people]\n"赵敏" = { role = "finance_director" }\n'
    '"陈一" = { role = "committee" }\n"陈二" = { role = "committee" }\n'
)
REASON = "老客户，已约定下周付款"


@pytest.fixture
def held(ran: Shell) -> str:
    """A company whose orders are blocked."""
    config = ran.installation.config
    config.write_text(config.read_text(encoding="utf-8") + PEOPLE, encoding="utf-8")
    with open_here(ran.installation, ran.clock) as zixin, reading(zixin.engine) as conn:
        found = [each.assessment for each in latest_assessments(conn)]
    return next(one.entity for one in found if one.hold == "hold" and one.currency == "CNY")


def a_case(shell: Shell, entity: str) -> str:
    found = shell.json("order-check", entity, "1000", "--order", "SO-1", "--by", "张三", code=3)
    return str(found["case"]["id"])


def test_a_blocked_order_is_released_by_somebody_else_and_then_passes(
    shell: Shell, held: str
) -> None:
    asked = shell.json("order-check", held, "1000", "--order", "SO-1", code=3)
    case = a_case(shell, held)
    shell("case", "release", case, "--by", "张三", "--reason", REASON, code=2)

    for by in ("赵敏", "陈一", "陈二"):
        if shell.json("case", "list")["cases"][0]["state"] != "released":
            shell("case", "release", case, "--by", by, "--reason", REASON)

    assert asked["case"] is None
    passed = shell.json("order-check", held, "1000", "--order", "SO-1")
    assert (passed["result"] in {"hold", "stop"}, passed["case"]["state"]) == (True, "released")
    shell("order-check", held, "1000", code=3)
    assert case in shell("order-check", held, "1000", "--order", "SO-1").stdout


def test_the_list_says_why_and_what_was_decided(shell: Shell, held: str) -> None:
    case = a_case(shell, held)
    waiting = shell("case", "list", "--lang", "en").stdout
    shell("case", "reject", case, "--by", "赵敏", "--reason", "付款前不发货")

    told = shell("case", "list", "--lang", "zh", "--account", held).stdout

    assert "waits for a decision" in waiting
    assert case in waiting
    assert "已拒绝" in told
    assert "付款前不发货" in told
    assert shell.json("case", "list", "--state", "open") == {"cases": []}


def test_a_payment_is_heard_of_with_the_next_run(shell: Shell, held: str) -> None:
    case = a_case(shell, held)
    clerks = clerks_of(shell.installation.crms)
    for clerk in clerks.values():
        for item in clerk.owed():
            clerk.pay([(item, item.amount)], on=AS_OF)
        clerk.close()
    shell.clock.move(timedelta(minutes=30))
    shell("run")

    (stored,) = shell.json("case", "list")["cases"]

    assert stored["id"] == case
    assert stored["latest"] != stored["decision"]
    assert stored["history"][-1]["by"] == "rules"
    assert shell.json("case", "recheck") == {"changed": []}


def test_mistakes_are_told(shell: Shell, held: str) -> None:
    case = a_case(shell, held)
    release = ("case", "release", case, "--by", "赵敏", "--reason", "x")

    for arguments, sentence in (
        (("case", "recheck", "nothing"), "nothing"),
        (("case", "reject", "nothing", "--by", "赵敏", "--reason", "x"), "nothing"),
        ((*release, "--amount", "2e9"), "部分放行的金额须大于零且小于"),
        ((*release, "--amount", "2e9", "--lang", "en"), "more than nothing and less than"),
        ((*release, "--deposit", "x"), "--deposit"),
        (("case", "list", "--account", "nobody"), "nobody"),
        (("order-check", held, "1", "--by", "x", "--as-of", "2026-01-01"), "--as-of"),
    ):
        assert sentence in shell(*arguments, code=2).stderr


def test_without_cases_the_list_says_how_to_open_one(shell: Shell) -> None:
    assert "order-check" in shell("case", "list", "--lang", "en").stdout
