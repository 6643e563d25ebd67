"""A task exists once for each key, is found again, and can be rewritten and closed."""

from datetime import date

import pytest

from adapters.errors import RecordNotFound
from adapters.port import CrmPort, Priority, Receipt, WriteEffect
from scoring.money import Money
from tests.contract.bench import Bench, a_change, a_draft
from tests.contract.crm_port.asking import receipt_of

Made = frozenset[WriteEffect]


class TestOneForEachKey:
    """Whoever creates it, and however often, the CRM holds one task for each key."""

    def test_a_key_finds_its_task(self, bench: Bench, port: CrmPort, made: Made) -> None:
        account = bench.add_account()
        (created,) = port.create_tasks([a_draft(account, "it's a key")])

        found = port.find_tasks(["it's a key", "another"])

        assert receipt_of(created).effect in made
        assert list(found) == ["it's a key"]
        state = found["it's a key"]
        assert (state.task_id, state.account_id, state.closed) == (
            receipt_of(created).record_id,
            account,
            False,
        )

    def test_a_second_create_adopts_the_first(self, bench: Bench, port: CrmPort) -> None:
        draft = a_draft(bench.add_account())
        (first,) = port.create_tasks([draft])
        other = bench.open()
        (second,) = other.create_tasks([draft])
        if not isinstance(second, Receipt):
            (second,) = other.create_tasks([draft])

        assert port.enforces_task_key
        assert receipt_of(second).effect is WriteEffect.ADOPTED
        assert receipt_of(second).record_id == receipt_of(first).record_id
        assert len(bench.tasks()) == 1

    def test_the_same_key_twice_in_one_call_is_one_task(self, bench: Bench, port: CrmPort) -> None:
        draft = a_draft(bench.add_account())

        outcomes = port.create_tasks([draft, draft])

        assert len({receipt_of(each).record_id for each in outcomes}) == 1
        assert len(bench.tasks()) == 1

    def test_an_adopted_task_keeps_what_a_person_made_of_it(
        self, bench: Bench, port: CrmPort
    ) -> None:
        draft = a_draft(bench.add_account())
        (created,) = port.create_tasks([draft])
        bench.close_task(receipt_of(created).record_id, "已电话联系")
        before = bench.tasks()

        (again,) = port.create_tasks([draft])

        assert receipt_of(again).effect is WriteEffect.ADOPTED
        assert bench.tasks() == before

    def test_the_key_of_a_deleted_task_is_free_again(self, bench: Bench, port: CrmPort) -> None:
        draft = a_draft(bench.add_account())
        (first,) = port.create_tasks([draft])
        bench.crm.remove_record(bench.vendor.task_module, receipt_of(first).record_id)
        assert port.find_tasks([draft.key]) == {}

        (second,) = port.create_tasks([draft])

        assert receipt_of(second).record_id != receipt_of(first).record_id
        assert port.find_tasks([draft.key])[draft.key].task_id == receipt_of(second).record_id

    def test_many_keys_are_all_found(self, bench: Bench, port: CrmPort) -> None:
        account = bench.add_account()
        keys = [f"crm:{n}:overdue:L1" for n in range(105)]

        outcomes = port.create_tasks([a_draft(account, key) for key in keys])

        made = [receipt_of(each).record_id for each in outcomes]
        found = port.find_tasks([*keys, *keys, "crm:105:overdue:L1"])
        assert len(set(made)) == 105
        assert [found[key].task_id for key in keys] == made
        assert len(found) == 105

    @pytest.mark.parametrize(
        "key", ["", "'", "a\\'b", "%", '") or (1=1', "键-😀", "crm:1:overdue:L1 "]
    )
    def test_a_key_that_looks_like_a_query_finds_nothing(
        self, bench: Bench, port: CrmPort, key: str
    ) -> None:
        port.create_tasks([a_draft(bench.add_account(), "another key")])

        assert port.find_tasks([key]) == {}

    def test_keys_that_nearly_match_are_others(self, bench: Bench, port: CrmPort) -> None:
        account = bench.add_account()
        keys = ["crm:1:overdue:L1", "crm:1:overdue:L11", "crm:11:overdue:L1"]
        port.create_tasks([a_draft(account, key) for key in keys])

        found = port.find_tasks(keys[:1])

        assert list(found) == keys[:1]
        assert len(bench.tasks()) == 3


class TestCreating:
    """What a draft says stands in the task; one bad draft costs itself alone."""

    def test_one_bad_task_does_not_stop_the_others(self, bench: Bench, port: CrmPort) -> None:
        account, gone = bench.add_account(), bench.add_account()
        bench.remove_account(gone)

        outcomes = port.create_tasks(
            [a_draft(account, "a"), a_draft(gone, "b"), a_draft(account, "c")]
        )

        assert [isinstance(each, Receipt) for each in outcomes] == [True, False, True]
        assert set(port.find_tasks(["a", "b", "c"])) == {"a", "c"}

    def test_a_very_long_subject_and_body_are_cut_and_not_refused(
        self, bench: Bench, port: CrmPort
    ) -> None:
        draft = a_draft(bench.add_account(), subject="催收" * 400, body="请联系客户。" * 10_000)

        (created,) = port.create_tasks([draft])
        task_id = receipt_of(created).record_id
        (changed,) = port.change_tasks([a_change(draft, task_id, subject="升级" * 400)])

        receipt_of(changed)
        subject = port.find_tasks([draft.key])[draft.key].subject
        assert subject.startswith("升级升级")
        assert subject.endswith("…")

    @pytest.mark.parametrize("priority", list(Priority))
    @pytest.mark.parametrize("due_on", [date(2024, 2, 29), date(2026, 12, 31)])
    def test_every_priority_and_day_is_taken(
        self, bench: Bench, port: CrmPort, priority: Priority, due_on: date
    ) -> None:
        draft = a_draft(bench.add_account(), priority=priority, due_on=due_on)

        (outcome,) = port.create_tasks([draft])

        receipt_of(outcome)
        (task,) = bench.tasks()
        shown = task.get("Due_Date") or task["due_date__c"]
        assert shown in {due_on.isoformat(), _midnight_in_china(due_on)}

    def test_an_amount_without_cents_is_taken(self, bench: Bench, port: CrmPort) -> None:
        (outcome,) = port.create_tasks([a_draft(bench.add_account(), overdue=Money(1234, "JPY"))])

        receipt_of(outcome)

    def test_without_an_owner_the_default_owner_gets_it(self, bench: Bench) -> None:
        _create_patiently(bench, bench.vendor.seller, owner_id=None)

        assert _owner_of(bench) == bench.vendor.seller

    def test_a_named_owner_gets_it(self, bench: Bench) -> None:
        _create_patiently(bench, bench.vendor.own, owner_id=bench.vendor.seller)

        assert _owner_of(bench) == bench.vendor.seller

    def test_what_somebody_who_left_would_get_goes_to_the_default_owner(self, bench: Bench) -> None:
        left = bench.somebody_who_left()
        _create_patiently(bench, bench.vendor.seller, owner_id=left)

        assert _owner_of(bench) == bench.vendor.seller

    def test_a_default_owner_who_left_leaves_it_to_the_connections_own(self, bench: Bench) -> None:
        left = bench.somebody_who_left()
        _create_patiently(bench, left, owner_id=None)

        assert _owner_of(bench) == bench.vendor.own


class TestChanging:
    """A change rewrites or closes; what a person did to the task stays."""

    def test_a_task_is_rewritten_and_closed(self, bench: Bench, port: CrmPort) -> None:
        draft = a_draft(bench.add_account())
        (created,) = port.create_tasks([draft])
        task_id = receipt_of(created).record_id
        (rewritten,) = port.change_tasks([a_change(draft, task_id, subject="已升级", level=2)])
        still_open = port.find_tasks([draft.key])[draft.key]
        ending = {"subject": "", "owner_id": None, "body": "已付清", "closed": True}
        (closed,) = port.change_tasks([a_change(draft, task_id, **ending)])

        assert receipt_of(rewritten).record_id == task_id
        assert receipt_of(closed).record_id == task_id
        assert (still_open.subject, still_open.closed) == ("已升级", False)
        at_last = port.find_tasks([draft.key])[draft.key]
        assert (at_last.subject, at_last.closed) == ("已升级", True)

    def test_a_change_does_not_open_what_somebody_closed(self, bench: Bench, port: CrmPort) -> None:
        draft = a_draft(bench.add_account())
        (created,) = port.create_tasks([draft])
        task_id = receipt_of(created).record_id
        bench.close_task(task_id, "客户已承诺付款")

        (changed,) = port.change_tasks([a_change(draft, task_id, subject="再次逾期")])

        receipt_of(changed)
        assert port.find_tasks([draft.key])[draft.key].closed

    def test_closing_what_somebody_closed_keeps_his_words(
        self, bench: Bench, port: CrmPort
    ) -> None:
        draft = a_draft(bench.add_account())
        (created,) = port.create_tasks([draft])
        task_id = receipt_of(created).record_id
        bench.close_task(task_id, "客户已承诺付款")

        (closed,) = port.change_tasks([a_change(draft, task_id, body="已付清", closed=True)])

        receipt_of(closed)
        (task,) = bench.tasks()
        assert task[bench.vendor.task_body] == "客户已承诺付款"

    def test_a_change_again_changes_nothing(self, bench: Bench, port: CrmPort) -> None:
        draft = a_draft(bench.add_account())
        (created,) = port.create_tasks([draft])
        change = a_change(draft, receipt_of(created).record_id, subject="已升级", level=2)
        port.change_tasks([change])
        before = [_without_stamps(task) for task in bench.tasks()]

        port.change_tasks([change])

        assert [_without_stamps(task) for task in bench.tasks()] == before

    def test_a_deleted_task_is_told_and_the_others_are_changed(
        self, bench: Bench, port: CrmPort
    ) -> None:
        account = bench.add_account()
        drafts = [a_draft(account, key) for key in ("a", "b", "c")]
        made = [receipt_of(each).record_id for each in port.create_tasks(drafts)]
        bench.crm.remove_record(bench.vendor.task_module, made[1])

        outcomes = port.change_tasks(
            [a_change(draft, task, subject="新") for draft, task in zip(drafts, made, strict=True)]
        )

        assert [type(each) for each in outcomes] == [Receipt, RecordNotFound, Receipt]
        found = port.find_tasks(["a", "b", "c"])
        assert {key: state.subject for key, state in found.items()} == {"a": "新", "c": "新"}

    def test_many_changes_come_back_in_order(self, bench: Bench, port: CrmPort) -> None:
        account = bench.add_account()
        drafts = [a_draft(account, f"key {n}") for n in range(105)]
        made = [receipt_of(each).record_id for each in port.create_tasks(drafts)]

        outcomes = port.change_tasks(
            [
                a_change(draft, task, subject=f"新 {draft.key}")
                for draft, task in zip(drafts, made, strict=True)
            ]
        )

        assert [receipt_of(each).record_id for each in outcomes] == made
        found = port.find_tasks([draft.key for draft in drafts])
        assert all(state.subject == f"新 {key}" for key, state in found.items())


def _create_patiently(bench: Bench, default_owner: str, *, owner_id: str | None) -> None:
    port = bench.open(default_owner=default_owner)
    draft = a_draft(bench.add_account(), owner_id=owner_id)
    outcomes = port.create_tasks([draft])
    for _ in range(5):
        if isinstance(outcomes[0], Receipt):
            return
        bench.time.sleep(60)
        outcomes = port.create_tasks([draft])
    raise AssertionError(outcomes)


def _owner_of(bench: Bench) -> object:
    (task,) = bench.tasks()
    owner = task[bench.vendor.task_owner]
    if isinstance(owner, dict):
        return owner["id"]
    assert isinstance(owner, list)
    plain = {"1000": bench.vendor.own, "1001": bench.vendor.seller, "1002": bench.vendor.left}
    return plain[owner[0]]


def _without_stamps(task: dict[str, object]) -> dict[str, object]:
    stamps = {"Modified_Time", "last_modified_time", "version"}
    return {name: value for name, value in task.items() if name not in stamps}


def _midnight_in_china(day: date) -> int:
    return ((day - date(1970, 1, 1)).days * 24 - 8) * 3_600_000
