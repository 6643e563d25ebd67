"""The worklist: the most urgent first with its reasons; and claims that will soon be time-barred."""

from datetime import date, timedelta

import msgspec
import pytest
import sqlalchemy as sa

from connector.clock import FixedClock
from connector.flow.dunning import plan_dunning
from connector.flow.entities import group_entities
from connector.flow.reports.worklist import (
    LimitationAlert,
    Work,
    limitation_clock,
    limitation_sheet,
    work_sheet,
    worklist,
)
from connector.flow.task_text import TaskWords
from connector.texts.catalogue import Texts
from scoring.money import Money
from scoring.records import Kind
from tests.connector.flow.deciding import AS_OF, a_job
from tests.connector.flow.reports.surveying import a_survey, decided, two_customers
from tests.connector.store.saving import NOW, save
from tests.crm_records import a_payment, an_account, an_allocation, an_invoice
from tests.fake_crm import FakeCrm
from tests.file_records import a_promise


@pytest.fixture
def words(engine: sa.Engine, clock: FixedClock) -> TaskWords:
    return a_job(engine, clock, FakeCrm("zoho", [])).words


def work_of(engine: sa.Engine, words: TaskWords) -> list[Work]:
    return worklist(a_survey(engine), words)


def owe(engine: sa.Engine, account: str, yuan: int, days: int) -> None:
    """Let a customer owe an amount for so many days."""
    due_on = AS_OF - timedelta(days=days)
    issued_on = due_on - timedelta(days=30)
    invoice = an_invoice(f"i-{account}", account, issued_on=issued_on, due_on=due_on)
    amount = Money(yuan * 100, "CNY")
    save(engine, Kind.ACCOUNTS, an_account(account, name=f"公司{account}"))
    save(engine, Kind.INVOICES, msgspec.structs.replace(invoice, amount=amount))
    group_entities(engine, now=NOW)


def test_the_score_is_the_product_of_its_factors_and_orders_the_list(
    engine: sa.Engine, words: TaskWords
) -> None:
    two_customers(engine)
    owe(engine, "b1", 90_000, 8)
    owe(engine, "b2", 4_000, 40)

    found = work_of(engine, words)

    scores = [work.urgency.score for work in found]
    assert scores == sorted(scores, reverse=True)
    assert found[0].name == "公司b1"
    for work in found:
        factors = work.urgency
        product = factors.amount * factors.late_share * factors.severity * factors.grade_factor
        assert abs(product - factors.score) <= 1
    assert {work.owner for work in found} == {"李梅"}


def test_equal_scores_put_the_oldest_first(engine: sa.Engine, words: TaskWords) -> None:
    for account, days in (("b1", 9), ("b2", 12), ("b3", 10)):
        owe(engine, account, 5_000, days)

    found = work_of(engine, words)

    assert len({work.urgency.score for work in found}) == 1
    assert [work.oldest_days for work in found] == [12, 10, 9]


def test_who_was_given_as_a_task_already_still_stands_on_the_list(
    engine: sa.Engine, words: TaskWords, clock: FixedClock
) -> None:
    two_customers(engine)
    before = work_of(engine, words)
    survey = a_survey(engine)
    plan_dunning(engine, policy=survey.policy, rates={}, words=words, as_of=AS_OF, now=clock.now())

    assert [work.account for work in before] == ["zoho:a1"]
    assert [work.account for work in work_of(engine, words)] == ["zoho:a1"]


@pytest.mark.parametrize("kind", ["dunning_block", "repayment_plan"])
def test_blocks_and_plans_take_an_account_off_the_list(
    kind: str, engine: sa.Engine, words: TaskWords
) -> None:
    two_customers(engine)
    decided(engine, kind, to_on=AS_OF + timedelta(days=10))

    assert work_of(engine, words) == []


def test_small_amounts_are_not_worth_a_call(engine: sa.Engine, words: TaskWords) -> None:
    owe(engine, "b1", 99, 40)

    assert work_of(engine, words) == []


def alerts_at(engine: sa.Engine, words: TaskWords, day: date) -> list[LimitationAlert]:
    return limitation_clock(a_survey(engine, day), words)


def test_the_clock_rings_at_180_90_and_30_days_and_after_the_end(
    engine: sa.Engine, words: TaskWords
) -> None:
    two_customers(engine, due_on=date(2023, 12, 31))
    ends = date(2026, 12, 31)

    found = {
        days: [alert.alert for alert in alerts_at(engine, words, ends - timedelta(days=days))]
        for days in (181, 180, 91, 90, 31, 30, 0, -1)
    }

    before, after = {181: [], 180: [180], 91: [180], 90: [90]}, {31: [90], 30: [30], 0: [30]}
    assert found == before | after | {-1: [0]}


def test_a_part_payment_and_a_promise_start_the_clock_anew(
    engine: sa.Engine, words: TaskWords
) -> None:
    two_customers(engine, due_on=date(2023, 12, 31))
    (before,) = alerts_at(engine, words, AS_OF)
    paid = a_payment("p1", "a1", paid_on=date(2024, 1, 20), amount=1_00)
    save(engine, Kind.PAYMENTS, paid)
    save(engine, Kind.ALLOCATIONS, an_allocation("l1", "p1", "i1", amount=1_00))
    (after,) = alerts_at(engine, words, AS_OF)
    save(engine, Kind.PROMISES, a_promise())

    assert (before.event, before.ends_on) == ("due", date(2026, 12, 31))
    assert (after.event, after.event_on) == ("payment", date(2024, 1, 20))
    assert (after.ends_on, after.open.minor) == (date(2027, 1, 20), before.open.minor - 1_00)
    assert alerts_at(engine, words, AS_OF) == []


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("zh", ("逾期概率", "到期日，2023-12-31", "电话")),
        ("en", ("likely late", "due date", "call")),
    ],
)
def test_both_lists_read_in_both_tongues(
    lang: str, said: tuple[str, ...], engine: sa.Engine, words: TaskWords
) -> None:
    two_customers(engine, due_on=date(2023, 12, 31))
    owe(engine, "b1", 90_000, 20)
    texts = Texts(lang)
    work = [
        msgspec.structs.replace(each, level=2, action="call") for each in work_of(engine, words)
    ]

    sheets = (
        work_sheet(work, texts),
        limitation_sheet(alerts_at(engine, words, AS_OF), texts),
    )

    told = "\n".join(str(cell) for sheet in sheets for row in sheet.rows for cell in row)
    assert all(word in told for word in said), told
