"""People decide with four eyes, within bounds, and everything is written down."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from connector.clock import FixedClock
from connector.config import Person
from connector.flow.assess import Scope, assess_stale
from connector.flow.decisions import Decision, DecisionError, Desk, Wish, list_decisions
from connector.flow.entities import group_entities
from connector.flow.promises import add_promise, list_promises
from connector.store import tables
from connector.store.audit import verify
from connector.store.book import load_book
from connector.store.engine import reading
from connector.store.staleness import stale_entities
from connector.texts.catalogue import LANGUAGES, Texts
from scoring.book import Book
from scoring.gates import GATES
from scoring.money import Money
from scoring.policy import Policy
from scoring.records import Kind
from tests.connector.flow.deciding import AS_OF, SimpleDecided, simple_assess, simple_rules
from tests.connector.store.saving import NOW, rows, save
from tests.crm_records import an_account, an_invoice, an_owner

PEOPLE = {
    "李梅": Person(role="credit_officer"),
    "王强": Person(role="credit_manager"),
    "赵敏": Person(role="finance_director"),
    "陈一": Person(role="committee"),
    "陈二": Person(role="committee"),
}
REASON = "客户已提供本季度审计报告与银行流水，情况好转，特此申请。"


@pytest.fixture
def desk(engine: sa.Engine, clock: FixedClock) -> Desk:
    """A desk over one company rated A; 李梅 owns it, and it owes 10,000."""
    save(engine, Kind.OWNERS, an_owner("u1", name="李梅"))
    save(engine, Kind.ACCOUNTS, an_account("a1"), an_account("a2"))
    save(engine, Kind.INVOICES, an_invoice("i1", due_on=date(2026, 12, 31)))
    group_entities(engine, now=NOW)
    assess_stale(engine, simple_rules(), AS_OF, clock, scope=Scope.EVERYTHING)
    return Desk(engine=engine, policy=Policy(), rates={}, people=PEOPLE, now=NOW, today=AS_OF)


def a_wish(kind: str = "override", **more: Any) -> Wish:
    fields: dict[str, Any] = {
        "kind": kind,
        "ref": "zoho:a1",
        "reason": "new_facts",
        "text": REASON,
        "author": "张三",
        "from_on": AS_OF,
        "to_on": AS_OF + timedelta(days=60),
        "grade": "AA" if kind == "override" else None,
        **more,
    }
    return Wish(**fields)


def a_limit(amount: int, **more: Any) -> Wish:
    return a_wish("limit", amount=Money(amount * 100, "CNY"), to_on=None, **more)


def in_the_book(desk: Desk) -> list[tuple[Any, ...]]:
    with reading(desk.engine) as conn:
        book = load_book(conn, ["zoho:a1"], {}, as_of=AS_OF)
    return book.decisions.select("kind", "grade", "amount", "from_on", "to_on").rows()


def test_a_draft_counts_when_somebody_else_approved_it(desk: Desk) -> None:
    draft = desk.draft(a_wish())
    before = in_the_book(desk)

    approved = desk.approve(draft.id, "王强")

    assert (draft.state, before) == ("draft", [])
    assert (approved.state, approved.approver, approved.before) == ("approved", "王强", "A")
    assert in_the_book(desk) == [("override", "AA", None, AS_OF, AS_OF + timedelta(days=60))]
    with reading(desk.engine) as conn:
        assert stale_entities(conn) == ["zoho:a1"]


def test_every_step_is_in_the_audit_log(desk: Desk) -> None:
    draft = desk.draft(a_wish())
    desk.approve(draft.id, "王强")
    desk.end(draft.id, "王强")

    whats = [row["what"] for row in rows(desk.engine, tables.audit)]

    assert whats[-3:] == ["decision_drafted", "decision_approved", "decision_ended"]
    with reading(desk.engine) as conn:
        assert verify(conn) == len(whats)


def test_what_was_approved_later_did_not_count_before(desk: Desk) -> None:
    draft = desk.draft(a_wish(from_on=AS_OF - timedelta(days=30)))

    approved = desk.approve(draft.id, "王强")

    assert approved.from_on == AS_OF


def test_an_ended_decision_counts_no_more(desk: Desk) -> None:
    draft = desk.draft(a_wish())
    desk.approve(draft.id, "王强")

    ended = desk.end(draft.id, "赵敏")

    assert (ended.state, ended.ended_on, ended.ended_by) == ("ended", AS_OF, "赵敏")
    assert in_the_book(desk) == []


def test_a_rejected_draft_never_counts(desk: Desk) -> None:
    draft = desk.draft(a_wish())
    desk.reject(draft.id, "王强")

    with pytest.raises(DecisionError, match="not_a_draft"):
        desk.approve(draft.id, "王强")
    assert in_the_book(desk) == []


REFUSED: list[tuple[str, Wish]] = [
    ("unknown_kind", a_wish("favour")),
    ("no_author", a_wish(author=" ")),
    ("no_reason", a_wish(reason="")),
    ("short_text", a_wish(text="因为")),
    ("no_end", a_wish(to_on=None)),
    ("ends_before", a_wish(to_on=AS_OF - timedelta(days=1))),
    ("too_long", a_wish(to_on=AS_OF + timedelta(days=181))),
    ("unknown_grade", a_wish(grade="A+")),
    ("unknown_company", a_wish(ref="nobody")),
    ("no_amount", a_wish("temporary_limit")),
    ("negative_amount", a_wish("limit", amount=Money(-1, "CNY"))),
    ("no_scope", a_wish("exemption")),
    (
        "too_long",
        a_wish("temporary_limit", amount=Money(1, "CNY"), to_on=AS_OF + timedelta(days=91)),
    ),
]


@pytest.mark.parametrize(("code", "wish"), REFUSED)
def test_what_breaks_a_rule_is_refused_with_its_sentence(desk: Desk, code: str, wish: Wish) -> None:
    with pytest.raises(DecisionError) as refused:
        desk.draft(wish)

    assert refused.value.code == f"decision.{code}"
    for language in LANGUAGES:
        assert Texts(language).say(refused.value.code, **refused.value.params)


def rated(desk: Desk, clock: FixedClock, rating: str, gate: str = "") -> None:
    """Rate everybody so, with this gate fired."""

    def assess(book: Book, policy: Policy, as_of: date) -> SimpleDecided:
        found = simple_assess(book, policy, as_of).found
        return SimpleDecided([msgspec.structs.replace(one, rating=rating) for one in found])

    def explain(_decided: Any, _entity: str) -> bytes:
        return msgspec.json.encode({"gates": [{"code": gate, "fired": bool(gate)}]})

    rules = replace(simple_rules(), assess=assess, explain=explain)
    assess_stale(desk.engine, rules, AS_OF, clock, scope=Scope.EVERYTHING)


def test_two_grades_up_and_any_number_down(desk: Desk, clock: FixedClock) -> None:
    rated(desk, clock, "BB")

    desk.draft(a_wish(grade="A"))
    desk.draft(a_wish(grade="CC"))
    with pytest.raises(DecisionError, match="too_far_up"):
        desk.draft(a_wish(grade="AA"))


def test_a_grave_gate_is_lifted_by_nobody(desk: Desk, clock: FixedClock) -> None:
    grave = next(gate.code for gate in GATES if gate.grave)
    rated(desk, clock, "CCC", grave)

    with pytest.raises(DecisionError, match="grave_gate"):
        desk.draft(a_wish(grade="B"))
    desk.draft(a_wish(grade="D"))


def test_who_has_no_rating_gets_no_override(desk: Desk, clock: FixedClock) -> None:
    rated(desk, clock, "NR")

    with pytest.raises(DecisionError, match="not_rated"):
        desk.draft(a_wish())


def test_a_third_temporary_limit_in_a_year_is_refused(desk: Desk) -> None:
    wish = a_wish("temporary_limit", amount=Money(10_000_00, "CNY"))
    for _time in range(2):
        desk.approve(desk.draft(wish).id, "王强")

    with pytest.raises(DecisionError, match="too_often"):
        desk.draft(wish)


class TestApproval:
    """Who may approve."""

    def test_the_author_may_not(self, desk: Desk) -> None:
        draft = desk.draft(a_wish(author="王强"))

        with pytest.raises(DecisionError, match="four_eyes"):
            desk.approve(draft.id, " 王强 ")

    def test_who_is_not_known_may_not(self, desk: Desk) -> None:
        draft = desk.draft(a_wish())

        with pytest.raises(DecisionError, match="unknown_person"):
            desk.approve(draft.id, "路人")

    @pytest.mark.parametrize(
        ("amount", "too_low", "enough"),
        [(300_000, "李梅", "王强"), (1_500_000, "王强", "赵敏")],
    )
    def test_the_role_follows_the_amount(
        self, desk: Desk, amount: int, too_low: str, enough: str
    ) -> None:
        draft = desk.draft(a_limit(amount))

        with pytest.raises(DecisionError, match="role_too_low"):
            desk.approve(draft.id, too_low)
        assert desk.approve(draft.id, enough).state == "approved"

    def test_a_weak_grade_goes_one_level_higher(self, desk: Desk, clock: FixedClock) -> None:
        rated(desk, clock, "B")
        draft = desk.draft(a_limit(300_000))

        with pytest.raises(DecisionError, match="role_too_low"):
            desk.approve(draft.id, "王强")
        assert desk.approve(draft.id, "赵敏").state == "approved"

    def test_the_committee_needs_two(self, desk: Desk) -> None:
        draft = desk.draft(a_limit(3_000_000))

        first = desk.approve(draft.id, "陈一")
        again = desk.approve(draft.id, "陈一")
        second = desk.approve(draft.id, "陈二")

        assert (first.state, again.state, second.state) == ("draft", "draft", "approved")
        assert second.approver == "陈一; 陈二"

    def test_the_owner_of_the_customer_is_never_the_only_one(self, desk: Desk) -> None:
        draft = desk.draft(a_limit(50_000))

        with pytest.raises(DecisionError, match="owner_alone"):
            desk.approve(draft.id, "李梅")
        assert desk.approve(draft.id, "王强").state == "approved"

    def test_a_draft_whose_last_day_is_past_is_too_late(self, desk: Desk) -> None:
        draft = desk.draft(a_wish())
        later = replace(desk, today=AS_OF + timedelta(days=61))

        with pytest.raises(DecisionError, match="too_late"):
            later.approve(draft.id, "王强")

    def test_what_there_is_not_cannot_be_approved(self, desk: Desk) -> None:
        with pytest.raises(DecisionError, match="unknown_id"):
            desk.approve("ffff", "王强")


def test_decisions_are_listed_by_state_and_company(desk: Desk) -> None:
    one, other = desk.draft(a_wish()), desk.draft(a_wish(ref="zoho:a2"))
    desk.approve(one.id, "王强")

    with reading(desk.engine) as conn:
        approved = list_decisions(conn, state="approved")
        of_a2: list[Decision] = list_decisions(conn, entity="zoho:a2")

    assert [each.id for each in approved] == [one.id]
    assert [(each.id, each.text) for each in of_a2] == [(other.id, REASON)]


class TestPromises:
    """Promises that our own people note."""

    def test_it_reaches_the_book_with_its_invoice(self, desk: Desk) -> None:
        on = AS_OF + timedelta(days=9)
        add_promise(desk, "zoho:a1", Money(500_00, "CNY"), on, by="李梅", item="N-i1")

        with reading(desk.engine) as conn:
            (row,) = load_book(conn, ["zoho:a1"], {}).promises.to_dicts()
            (line,) = list_promises(conn, "zoho:a1")
        assert (row["item"], row["made_on"], row["promised_on"]) == ("zoho:i1", AS_OF, on)
        assert (line.item, line.amount, line.source) == ("N-i1", Money(500_00, "CNY"), "file")

    def test_a_new_one_for_the_same_supersedes_the_open_one(self, desk: Desk) -> None:
        for days in (5, 9):
            on = AS_OF + timedelta(days=days)
            add_promise(desk, "zoho:a1", Money(500_00, "CNY"), on, by="李梅")
        add_promise(desk, "zoho:a2", Money(1_00, "CNY"), AS_OF, by="李梅")

        with reading(desk.engine) as conn:
            found = load_book(conn, ["zoho:a1"], {}).promises.sort("promised_on")
        assert found["superseded_on"].to_list() == [AS_OF, None]

    @pytest.mark.parametrize(
        ("ref", "amount", "days", "item", "code"),
        [
            ("nobody", 1, 1, None, "unknown_company"),
            ("zoho:a1", 0, 1, None, "negative_amount"),
            ("zoho:a1", 1, -1, None, "ends_before"),
            ("zoho:a1", 1, 1, "N-9", "unknown_item"),
        ],
    )
    def test_what_cannot_be_is_refused(
        self, desk: Desk, ref: str, amount: int, days: int, item: str | None, code: str
    ) -> None:
        on = AS_OF + timedelta(days=days)

        with pytest.raises(DecisionError, match=code):
            add_promise(desk, ref, Money(amount, "CNY"), on, by="李梅", item=item)


def test_an_assessment_says_who_would_have_to_approve_by_what_is_owed(
    desk: Desk, clock: FixedClock
) -> None:
    save(desk.engine, Kind.INVOICES, an_invoice("i9", amount=900_000_00))
    assess_stale(desk.engine, simple_rules(), AS_OF, clock, scope=Scope.EVERYTHING)
    draft = desk.draft(a_wish("hold", to_on=AS_OF + timedelta(days=30)))

    with pytest.raises(DecisionError, match="role_too_low"):
        desk.approve(draft.id, "王强")
    assert desk.approve(draft.id, "陈一").state == "draft"
