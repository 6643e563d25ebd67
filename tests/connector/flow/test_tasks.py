"""One open task an account, planned from what stands; planning twice asks for nothing new."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from adapters.port import TaskChange, TaskDraft
from connector.flow.task_text import TaskWish, TaskWords
from connector.flow.tasks import TaskPlan, plan_tasks, task_key
from connector.store.tasks import TaskRow
from connector.texts.catalogue import Texts
from scoring.calendar import WorkCalendar
from scoring.dunning import DunningStep, OverdueItem
from scoring.records import AccountRef

TODAY = date(2026, 11, 24)
ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 24, 9, tzinfo=ZONE)
ACCOUNT = AccountRef("crm", "7")


def a_wish(
    level: int = 2, item: str = "i1", value: int = 500_000, account: AccountRef = ACCOUNT
) -> TaskWish:
    """Wish for one step, led by one item."""
    overdue = OverdueItem(
        item=f"{account.system}:{item}",
        number=item.upper(),
        due_on=TODAY - timedelta(days=20),
        currency="CNY",
        open=value,
        value=value,
        policy_value=value // 100,
    )
    return TaskWish(
        account=account,
        name="远大商贸",
        owner_id="o1",
        currency="CNY",
        step=DunningStep(
            level=level,
            action="call",
            leading_item=overdue.item,
            items=(overdue,),
            overdue=value,
            oldest_days=20,
        ),
    )


def plan(
    *wishes: TaskWish,
    ledger: Mapping[AccountRef, Sequence[TaskRow]] | None = None,
    per_owner: int = 20,
    given: int = 0,
    still_open: Sequence[str] = (),
    apply_cash: bool = True,
) -> TaskPlan:
    """Plan in Chinese, today."""
    return plan_tasks(
        wishes,
        ledger or {},
        words=TaskWords(texts={"crm": Texts("zh")}, calendar=WorkCalendar(), zone=ZONE),
        now=NOW,
        per_owner=per_owner,
        given_today={("crm", "o1"): given},
        still_open=still_open,
        apply_cash=apply_cash,
    )


def carried_out(planned: TaskPlan) -> dict[AccountRef, list[TaskRow]]:
    """Book a plan's drafts as created."""
    ledger: dict[AccountRef, list[TaskRow]] = {}
    for draft, task in planned.drafts:
        created = msgspec.structs.replace(task, task_id=f"t-{draft.key}", state="open")
        ledger.setdefault(task.account, []).append(created)
    return ledger


def only_draft(planned: TaskPlan) -> TaskDraft:
    """Return the one new task."""
    ((draft, _),) = planned.drafts
    return draft


def only_change(planned: TaskPlan) -> TaskChange:
    """Return the one change."""
    ((change, _),) = planned.changes
    return change


def test_task_says_who_how_much_since_when_and_what_to_say() -> None:
    draft = only_draft(plan(a_wish()))

    assert "¥5,000" in draft.subject
    assert "2026-11-04" in draft.subject
    for part in ("远大商贸", "I1", "¥5,000.00", "请致电客户"):
        assert part in draft.body


def test_planning_after_the_plan_was_carried_out_asks_for_nothing() -> None:
    ledger = carried_out(plan(a_wish()))

    assert plan(a_wish(), ledger=ledger) == TaskPlan()


def test_part_payment_rewrites_the_task() -> None:
    change = only_change(plan(a_wish(value=300_000), ledger=carried_out(plan(a_wish()))))

    assert "¥3,000" in change.subject
    assert not change.closed


def test_task_closes_itself_when_its_item_is_paid() -> None:
    change = only_change(plan(ledger=carried_out(plan(a_wish()))))

    assert change.closed
    assert change.body == "已付清，任务自动关闭。"


def test_task_that_is_not_created_yet_is_changed_and_closed_behind_its_creation() -> None:
    ((_, asked_for),) = plan(a_wish()).drafts
    ledger = {asked_for.account: [asked_for]}

    closing = only_change(plan(ledger=ledger))
    rewriting = only_change(plan(a_wish(value=300_000), ledger=ledger))

    assert (closing.key, closing.task_id, closing.closed) == (asked_for.key, "", True)
    assert (rewriting.task_id, rewriting.closed) == ("", False)
    assert plan(a_wish(), ledger=ledger) == TaskPlan()


def test_cash_of_this_moment_makes_no_task_and_leaves_the_one_that_stands() -> None:
    ledger = carried_out(plan(a_wish(level=2)))
    wish = a_wish(level=0)

    at_once = plan(wish, ledger=ledger, still_open=["crm:i1"], apply_cash=False)
    later = plan(wish, ledger=ledger, still_open=["crm:i1"])

    assert (at_once.drafts, at_once.changes) == ((), ())
    assert at_once.deferred == (wish.account,)
    assert only_draft(later).level == 0
    assert only_change(later).closed


def test_task_that_closes_without_payment_does_not_say_paid() -> None:
    change = only_change(plan(ledger=carried_out(plan(a_wish())), still_open=["crm:i1"]))

    assert change.closed
    assert change.body == "逾期原因已消除，任务自动关闭。"


def test_higher_level_closes_the_lower_task_and_remembers_it() -> None:
    planned = plan(
        a_wish(level=3), ledger=carried_out(plan(a_wish(level=2))), still_open=["crm:i1"]
    )

    assert only_change(planned).body == "已升级到3级，由新任务接替。"
    assert "2026-11-24 2级" in only_draft(planned).body


def test_next_oldest_item_leads_after_the_first_was_paid() -> None:
    planned = plan(a_wish(level=1, item="i2"), ledger=carried_out(plan(a_wish(level=4))))

    assert only_change(planned).closed
    assert only_draft(planned).key.endswith(":i2:L1")


def test_owner_gets_the_loudest_first_and_no_more_than_the_cap() -> None:
    quiet = a_wish(level=1, account=AccountRef("crm", "8"))
    planned = plan(quiet, a_wish(level=5), per_owner=4, given=3)

    assert only_draft(planned).account == ACCOUNT
    assert planned.deferred == (quiet.account,)


def test_old_task_stands_while_its_successor_is_deferred() -> None:
    ledger = carried_out(plan(a_wish(level=2)))

    assert plan(a_wish(level=3), ledger=ledger, per_owner=1, given=1).changes == ()


def test_same_step_after_closing_is_a_new_cycle() -> None:
    ((_, task),) = plan(a_wish()).drafts
    closed = msgspec.structs.replace(task, task_id="t", state="closed")

    assert only_draft(plan(a_wish(), ledger={ACCOUNT: [closed]})).key == f"{task.key}:2"


def test_long_key_becomes_a_digest_that_fits_the_field() -> None:
    long = task_key(AccountRef("c" * 100, "7"), "item" * 10, 3)

    assert len(long) == 44
    assert long != task_key(AccountRef("c" * 100, "7"), "item" * 10, 4)


def test_task_names_whom_to_ask() -> None:
    wish = msgspec.structs.replace(a_wish(), contact="王会计 138 0000 0000")

    assert "联系人：王会计 138 0000 0000" in only_draft(plan(wish)).body
