"""Blocked orders: a frozen snapshot, four eyes by amount and grade, and checked again by themselves."""

from datetime import date, timedelta

import msgspec
import pytest
import sqlalchemy as sa

from connector.clock import FixedClock
from connector.config import Person
from connector.flow.cases import CaseDesk
from connector.flow.checking import Checked, OrderChecks
from connector.flow.decisions import DecisionError, Desk
from connector.store.audit import verify
from connector.store.cases import StoredCase, find_cases
from connector.store.engine import reading
from connector.store.file_tables import cases
from connector.store.tables import audit
from connector.texts.catalogue import LANGUAGES, Texts
from scoring.money import Money
from scoring.ordercheck import CaseError, OrderRequest
from scoring.policy import Policy
from scoring.records import Kind
from tests.connector.flow.deciding import AS_OF
from tests.connector.flow.reports.surveying import CALENDAR, a_survey, two_customers
from tests.connector.store.saving import NOW, rows, save
from tests.crm_records import a_payment, an_allocation

PEOPLE = {
    "李梅": Person(role="credit_manager"),  # who owns the customer
    "王强": Person(role="credit_manager"),
    "赵敏": Person(role="finance_director"),
    "陈一": Person(role="committee"),
    "陈二": Person(role="committee"),
}
REASON = "老客户，已约定下周付款"


@pytest.fixture
def books(engine: sa.Engine) -> sa.Engine:
    """甲 owes 10,000, 41 days late: orders are held (R3)."""
    two_customers(engine, due_on=AS_OF - timedelta(days=41))
    return engine


def a_desk(engine: sa.Engine, today: date = AS_OF) -> CaseDesk:
    desk = Desk(engine=engine, policy=Policy(), rates={}, people=PEOPLE, now=NOW, today=today)
    checks = OrderChecks(
        engine=engine,
        assess=a_survey(engine).assess,
        policy=Policy(),
        rates={},
        calendar=CALENDAR,
        as_of=today,
        now=NOW,
    )
    return CaseDesk(desk=desk, checks=checks)


def an_order(yuan: int = 5_000, **more: object) -> OrderRequest:
    return OrderRequest(amount=Money(yuan * 100, "CNY"), **more)  # type: ignore[arg-type] # a test's words


def checked(desk: CaseDesk, order: OrderRequest) -> Checked:
    return desk.checks.look_at(["zoho:a1"]).check("zoho:a1", order)


def opened(desk: CaseDesk, yuan: int = 5_000, number: str | None = "SO-1") -> StoredCase:
    return desk.open(checked(desk, an_order(yuan)), number=number, by="张三")


def pay(engine: sa.Engine) -> None:
    """Pay all that is owed."""
    save(engine, Kind.PAYMENTS, a_payment("p1", "a1", paid_on=AS_OF))
    save(engine, Kind.ALLOCATIONS, an_allocation("l1", "p1", "i1"))


def stored(engine: sa.Engine) -> list[StoredCase]:
    with reading(engine) as conn:
        return find_cases(conn)


def logged(engine: sa.Engine) -> list[str]:
    with reading(engine) as conn:
        assert verify(conn) == len(rows(engine, audit))
    return [str(row["what"]) for row in rows(engine, audit)]


def test_a_blocked_order_opens_a_case_with_the_facts_of_the_moment(books: sa.Engine) -> None:
    case = opened(a_desk(books))

    assert stored(books) == [case]
    assert (case.case.state, case.number, case.author) == ("open", "SO-1", "张三")
    assert case.case.decision.result in {"hold", "stop"}
    assert case.case.facts.exposure == 10_000_00
    assert logged(books) == ["case_opened"]


def test_the_same_order_has_one_case(books: sa.Engine) -> None:
    desk = a_desk(books)
    first = opened(desk)

    again, other = opened(desk), opened(desk, number="SO-2")
    without = [opened(desk, yuan, number=None).id for yuan in (5_000, 5_000, 6_000)]

    assert again == first
    assert len({first.id, other.id, *without}) == 4
    assert without[0] == without[1]
    assert logged(books) == ["case_opened"] * 4


def test_an_order_that_passes_opens_none(books: sa.Engine) -> None:
    pay(books)
    desk = a_desk(books)

    with pytest.raises(CaseError):
        desk.open(checked(desk, an_order(1)), number=None, by="张三")
    assert stored(books) == []


def test_who_may_release_follows_amount_and_grade(books: sa.Engine) -> None:
    desk = a_desk(books)
    case = opened(desk)

    for by, code in (
        ("张三", "decision.four_eyes"),
        ("王强", "decision.role_too_low"),
        ("路人", "decision.unknown_person"),
    ):
        with pytest.raises(DecisionError) as caught:
            desk.release(case.id, by=by, reason=REASON)
        assert caught.value.code in {code, "decision.unknown_person"}
    released = desk.release(case.id, by="赵敏", reason=REASON)

    assert (released.case.state, released.case.released) == ("released", case.case.order)
    assert released.case.facts == case.case.facts
    (event,) = released.case.history
    assert (event.by, event.reason, event.on) == ("赵敏", REASON, AS_OF)
    assert logged(books) == ["case_opened", "case_released"]


def test_the_committee_needs_two_votes(books: sa.Engine) -> None:
    desk = a_desk(books)
    case = opened(desk, yuan=3_000_000)

    once = desk.release(case.id, by="陈一", reason=REASON)
    twice = desk.release(case.id, by="陈二", reason=REASON)

    assert (once.case.state, once.supporters) == ("open", ("陈一",))
    assert (twice.case.state, twice.supporters) == ("released", ("陈一", "陈二"))
    assert logged(books) == ["case_opened", "case_supported", "case_released"]


def test_a_decided_case_is_decided(books: sa.Engine) -> None:
    desk = a_desk(books)
    case = opened(desk)
    desk.reject(case.id, by="王强", reason="付款前不发货")

    with pytest.raises(CaseError, match=r"^as_rejected"):
        desk.release(case.id, by="赵敏", reason=REASON)
    with pytest.raises(DecisionError):
        desk.reject("nothing", by="王强", reason=REASON)
    assert [each.case.state for each in stored(books)] == ["rejected"]


def test_a_release_lets_its_order_pass_until_it_grows_or_grows_old(books: sa.Engine) -> None:
    desk = a_desk(books)
    desk.release(opened(desk).id, by="赵敏", reason=REASON)

    def passes(order: OrderRequest, number: str | None = "SO-1", days: int = 0) -> bool:
        later = a_desk(books, AS_OF + timedelta(days=days))
        return later.released("zoho:a1", number, order) is not None

    assert passes(an_order())
    assert passes(an_order(5_250))
    assert not passes(an_order(5_251))
    assert not passes(an_order(), number="SO-2")
    assert not passes(an_order(), number=None)
    assert passes(an_order(), days=29)
    assert not passes(an_order(), days=30)


def test_a_condition_must_be_met(books: sa.Engine) -> None:
    desk = a_desk(books)
    case = opened(desk)
    deposit = Money(2_000_00, "CNY")
    condition = msgspec.structs.replace(case.case.order, deposit=deposit, terms_days=15)
    released = desk.release(case.id, by="赵敏", reason=REASON, order=condition)

    assert released.case.history[-1].action == "release_with_condition"
    for order, there in (
        (an_order(), False),
        (an_order(deposit=deposit), False),
        (an_order(deposit=deposit, terms_days=15), True),
        (an_order(deposit=Money(1, "CNY"), terms_days=15), False),
    ):
        assert (desk.released("zoho:a1", "SO-1", order) is not None) is there


def test_a_part_is_released_and_no_more(books: sa.Engine) -> None:
    desk = a_desk(books)
    case = opened(desk)
    part = msgspec.structs.replace(case.case.order, amount=Money(3_000_00, "CNY"))
    released = desk.release(case.id, by="赵敏", reason=REASON, order=part)

    assert released.case.history[-1].action == "release_partly"
    assert desk.released("zoho:a1", "SO-1", an_order(3_000)) is not None
    assert desk.released("zoho:a1", "SO-1", an_order()) is None


def test_a_case_hears_of_a_payment_and_keeps_what_it_was_blocked_on(books: sa.Engine) -> None:
    desk = a_desk(books)
    case = opened(desk)
    nothing = desk.recheck()
    pay(books)

    (changed,) = desk.recheck()

    assert nothing == []
    assert (changed.id, changed.case.state) == (case.id, "may_pass")
    assert changed.case.decision == case.case.decision
    assert changed.case.latest.result in {"pass", "warn"}
    assert desk.recheck() == []
    assert logged(books) == ["case_opened", "case_rechecked"]


def test_an_old_release_opens_again_where_the_order_is_still_blocked(books: sa.Engine) -> None:
    desk = a_desk(books)
    desk.release(opened(desk).id, by="赵敏", reason=REASON)
    assert desk.recheck() == []

    (again,) = a_desk(books, AS_OF + timedelta(days=30)).recheck()

    assert again.case.state == "open"
    assert again.case.released is None


def test_without_cases_a_recheck_looks_at_nothing(books: sa.Engine, clock: FixedClock) -> None:
    del clock

    assert a_desk(books).recheck() == []
    assert rows(books, cases) == []


def test_the_case_of_an_account_that_is_gone_rests(books: sa.Engine) -> None:
    desk = a_desk(books)
    case = opened(desk)
    save(books, Kind.ACCOUNTS, gone=["a1"], allow_mass_change=True)

    assert desk.recheck() == []
    (kept,) = stored(books)
    assert (kept.id, kept.entity, kept.case) == (case.id, None, case.case)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "code",
    [
        *("passes", "as_released", "as_rejected", "recheck", "reason", "stopped", "order"),
        *("part", "more", "condition"),
    ],
)
def test_what_a_case_refuses_is_said_in_both_languages(language: str, code: str) -> None:
    refused = CaseError(code, amount=Money(1, "CNY"), currency="CNY")

    assert Texts(language).say(refused.code, **refused.params)
