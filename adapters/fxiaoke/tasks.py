"""Overdue tasks: records of a custom object, for the vendor's native tasks have no interface.

The owner is told by a message when a task is created; a message that fails is logged and forgotten.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from adapters.cutting import cut
from adapters.errors import CrmError, RecordConflict, RecordInvalid, RecordNotFound
from adapters.fxiaoke.client import FxiaokeClient, Json, data_path
from adapters.fxiaoke.fields import TEXT_TYPES, encode
from adapters.fxiaoke.mapping import FxiaokeMapping
from adapters.fxiaoke.metadata import Describes, FieldDescribe, ObjectDescribe
from adapters.fxiaoke.people import People
from adapters.fxiaoke.scan import Scanner
from adapters.fxiaoke.values import text_of
from adapters.fxiaoke.writer import STOPPERS, update_record
from adapters.port import (
    FieldValue,
    Outcome,
    Receipt,
    TaskChange,
    TaskDraft,
    TaskState,
    WriteEffect,
)

__all__ = ["FxiaokeTasks"]

_Item = TypeVar("_Item")

_log = logging.getLogger(__name__)


class FxiaokeTasks:
    """The task part of the port.

    ``default_owner`` gets tasks of accounts that lie in a pool, and of those whose owner has left.
    """

    def __init__(
        self,
        client: FxiaokeClient,
        describes: Describes,
        mapping: FxiaokeMapping,
        people: People,
        *,
        default_owner: str | None,
    ) -> None:
        self._client = client
        self._describes = describes
        self._mapping = mapping
        self._names = mapping.tasks
        self._people = people
        self._scanner = Scanner(client, describes)
        self._default_owner = default_owner

    @property
    def enforces_key(self) -> bool:
        """Whether the tenant refuses a second task with a key: as configured, else as described."""
        configured = self._client.options.unique_task_key
        if configured is not None:
            return configured
        field = self._described().fields.get(self._names.key)
        return field is not None and field.unique

    def _described(self) -> ObjectDescribe:
        """Describe the task object; while nobody has created it, tasks wait for a person."""
        name = self._names.object
        try:
            return self._describes.of(name)
        except RecordNotFound as error:
            raise RecordInvalid(
                f"there is no object {name}: see `zixin provision`",
                system=self._client.system,
                operation=f"describe {name}",
            ) from error

    def create(self, drafts: Sequence[TaskDraft]) -> list[Outcome]:
        """Create tasks. What is there already under its key is adopted.

        Where the tenant does not enforce keys, they are looked up first; that narrows the gap in
        which two writers could create the same task, it does not close it.
        """
        known: dict[str, TaskState] = {}
        if drafts and not self.enforces_key:
            known = self.find([draft.key for draft in drafts])
        return self._each(drafts, lambda draft: self._create(draft, known))

    def change(self, changes: Sequence[TaskChange]) -> list[Outcome]:
        """Rewrite or close tasks, and hand them over where the owner is another one now."""
        ids = [change.task_id for change in changes]
        there = self._scanner.by_id(self._names.object, self._read_fields(), ids)
        return self._each(changes, lambda change: self._change(change, there))

    def find(self, keys: Sequence[str]) -> dict[str, TaskState]:
        """Look tasks up by key. Of two under one key the older is the one that counts."""
        found: dict[str, TaskState] = {}
        names = self._names
        for row in self._scanner.referring(names.object, self._read_fields(), names.key, keys):
            key = str(row.get(names.key) or "")
            found.setdefault(key, self._state(key, row))
        return found

    def _each(self, items: Sequence[_Item], write: Callable[[_Item], Receipt]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        stopped: CrmError | None = None
        for item in items:
            if stopped is not None:
                outcomes.append(stopped)
                continue
            try:
                outcomes.append(write(item))
            except CrmError as error:
                outcomes.append(error)
                stopped = error if isinstance(error, STOPPERS) else None
        return outcomes

    def _create(self, draft: TaskDraft, known: dict[str, TaskState]) -> Receipt:
        if draft.key in known:
            return _receipt(WriteEffect.ADOPTED, known[draft.key].task_id)
        try:
            task_id = self._send(draft)
        except RecordConflict:
            state = self.find([draft.key]).get(draft.key)
            if state is None:
                raise  # refused as a duplicate of something else than our key
            return _receipt(WriteEffect.ADOPTED, state.task_id)
        known[draft.key] = self._state(draft.key, {"_id": task_id})
        self._notify(draft, task_id)
        return _receipt(WriteEffect.CREATED, task_id)

    def _send(self, draft: TaskDraft) -> str:
        names = self._names
        record: dict[str, FieldValue] = {
            names.account: draft.account.record_id,
            names.key: draft.key,
            names.type: names.type_value,
            names.status: names.status_open,
            **self._content(draft),
        }
        answer = self._client.write(
            data_path(names.object, "create"),
            f"create {names.object}",
            {
                "object_data": {
                    "dataObjectApiName": names.object,
                    "object_describe_api_name": names.object,
                    "record_type": "default__c",
                    names.owner: [self._owner(draft.owner_id)],
                    **self._encoded(record),
                },
                "details": {},
            },
            triggerWorkFlow=self._client.options.trigger_workflow or bool(names.native_id),
            triggerApprovalFlow=False,
            hasSpecifyTime=False,
            hasSpecifyCreatedBy=False,
            includeDetailIds=False,
        )
        return self._created_id(answer, draft.key)

    def _created_id(self, answer: Json, key: str) -> str:
        """Take the new id from where it stands; custom objects may leave it out altogether."""
        payload = answer.get("data")
        inner = payload if isinstance(payload, dict) else {}
        for candidate in (answer.get("dataId"), inner.get("_id"), inner.get("dataId")):
            if isinstance(candidate, str) and candidate:
                return candidate
        state = self.find([key]).get(key)
        if state is None:
            operation = f"create {self._names.object}"
            raise self._client.unknown(operation, "the task was accepted but is not to be found")
        return state.task_id

    def _change(self, change: TaskChange, there: Mapping[str, Json]) -> Receipt:
        names = self._names
        row = there.get(change.task_id)
        if row is None:
            raise RecordNotFound(
                "the task is not in the CRM any more",
                system=self._client.system,
                operation=f"update {names.object}",
            )
        content = self._content(change)
        if change.closed:
            if row.get(names.status) in names.status_closed:
                return _receipt(WriteEffect.WRITTEN, change.task_id)  # a person's result stays
            content = {names.status: names.status_done, names.result: change.body}
        update_record(
            self._client,
            names.object,
            change.task_id,
            self._encoded(content),
            workflows=bool(names.native_id),
        )
        if change.owner_id and not change.closed:
            owner = self._owner(change.owner_id)
            if text_of(row, names.owner) != owner:
                self._hand_over(change.task_id, owner)
        return _receipt(WriteEffect.WRITTEN, change.task_id)

    def _owner(self, wanted: str | None) -> str:
        """Choose who gets the task: an active employee, else the default, else the caller."""
        own = self._client.options.user_id
        return self._people.first_active(wanted, self._default_owner) or own

    def _hand_over(self, task_id: str, owner: str) -> None:
        """Change the owner; an update cannot."""
        name = self._names.object
        data = {
            "dataObjectApiName": name,
            "Data": [{"objectDataId": task_id, "ownerId": [owner]}],
        }
        self._client.write(data_path(name, "changeOwner"), f"change owner {name}", data)

    def _content(self, task: TaskDraft | TaskChange) -> dict[str, FieldValue]:
        names = self._names
        return {
            names.subject: task.subject,
            names.due_on: task.due_on,
            names.overdue_amount: task.overdue.amount,
            names.currency: task.overdue.currency,
            names.oldest_days: task.oldest_days,
            names.level: task.level,
            names.priority: task.priority.value,
            names.body: task.body,
        }

    def _encoded(self, record: Mapping[str, FieldValue]) -> Json:
        """Encode what the tenant's object has fields for; the doctor tells which are missing."""
        described = self._described()
        encoded: Json = {}
        for name, value in record.items():
            field = described.fields.get(name)
            if field is None or field.type == "auto_number":
                continue
            try:
                plain = field.type == "object_reference"
                encoded[name] = value if plain else encode(self._cut(value, field), field, {})
            except ValueError as error:
                raise self._invalid(name, str(error)) from None
        return encoded

    def _cut(self, value: FieldValue, field: FieldDescribe) -> FieldValue:
        """Let a text for people fit its field; a key is none."""
        names = self._names
        long = field.type in TEXT_TYPES and field.api_name != names.key
        return cut(value, field.max_length) if long and isinstance(value, str) else value

    def _invalid(self, field: str, complaint: str) -> RecordInvalid:
        return RecordInvalid(
            f"the task was not written: {field}: {complaint}",
            system=self._client.system,
            operation=f"write {self._names.object}",
            fields={field: complaint},
        )

    def _state(self, key: str, row: Json) -> TaskState:
        names = self._names
        return TaskState(
            key=key,
            task_id=row["_id"],
            account_id=text_of(row, names.account),
            closed=row.get(names.status) in names.status_closed,
            subject=text_of(row, names.subject) or "",
        )

    def _read_fields(self) -> tuple[str, ...]:
        names = self._names
        return (names.key, names.account, names.status, names.subject, names.owner)

    def _notify(self, draft: TaskDraft, task_id: str) -> None:
        """Tell the owner. The task stands whatever becomes of the message."""
        if not self._client.options.notify_owner:
            return
        url = f'fs://CRM/udobj?{{"objDescApiName":"{self._names.object}","objDataId":"{task_id}"}}'
        composite = {
            "head": {"title": draft.subject},
            "first": {"content": draft.body},
            "form": [
                {"label": "逾期金额 Overdue", "value": str(draft.overdue)},
                {"label": "最长逾期天数 Days past due", "value": str(draft.oldest_days)},
                {"label": "截止日期 Due", "value": draft.due_on.isoformat()},
            ],
            "link": {"title": "查看任务 Open the task", "url": url},
        }
        try:
            receivers = [self._owner(draft.owner_id)]
            self._client.write(
                "/cgi/message/send",
                "send message",
                toUser=receivers,
                msgType="composite",
                composite=composite,
            )
        except CrmError as error:
            _log.warning(
                "task owner was not told: %s code %s", type(error).__name__, error.vendor_code
            )


def _receipt(effect: WriteEffect, record_id: str) -> Receipt:
    return Receipt(effect=effect, record_id=record_id)
