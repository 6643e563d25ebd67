"""Overdue tasks in Zoho's own Tasks module, one for each key.

Upsert is not offered for Tasks, so a task is created and a unique key refuses the second one: the
refusal names the task that is there, and it is adopted once its key was seen to be ours.
"""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from adapters.cutting import cut
from adapters.errors import CrmError, RecordConflict, RecordInvalid
from adapters.http import Answer
from adapters.port import Outcome, Receipt, TaskChange, TaskDraft, TaskState, WriteEffect
from adapters.zoho.client import Item, ZohoClient
from adapters.zoho.coql import among, select
from adapters.zoho.errors import duplicate_id
from adapters.zoho.metadata import Metadata
from adapters.zoho.names import ZohoMapping
from adapters.zoho.reader import IDS_PER_QUERY, chunks
from adapters.zoho.writer import BatchSender, receipt, rejected

__all__ = ["ZohoTasks"]

SUBJECT_LENGTH = 255
BODY_LENGTH = 32_000
KEYS_LIMIT = 200
Body = dict[str, Any]


class _Found(msgspec.Struct):
    data: list[dict[str, Any]]


_FOUND = msgspec.json.Decoder(_Found)


class ZohoTasks:
    """The task part of the port."""

    def __init__(
        self,
        client: ZohoClient,
        metadata: Metadata,
        mapping: ZohoMapping,
        *,
        default_owner: str | None,
    ) -> None:
        self._client = client
        self._metadata = metadata
        self._mapping = mapping
        self._names = mapping.tasks
        self._default_owner = default_owner
        self._sender = BatchSender(client)
        self._our_names = {self._names.key: "key", self._names.owner: "owner_id"}

    @property
    def enforces_key(self) -> bool:
        """Whether the key's field is there and unique. May ask the CRM, once in a while."""
        field = self._metadata.fields(self._names.module, to_write=True).get(self._names.key)
        return field is not None and field.is_unique

    def create(self, drafts: Sequence[TaskDraft]) -> list[Outcome]:
        """Create tasks; one that is there under its key is adopted."""
        return self._outcomes(
            drafts, lambda: [self._created(draft) for draft in drafts], "POST", self._judge_created
        )

    def change(self, changes: Sequence[TaskChange]) -> list[Outcome]:
        """Rewrite or close tasks. One that somebody closed already keeps what he wrote there."""
        try:
            closed = self._closed([each.task_id for each in changes if each.closed])
        except CrmError as error:
            return [error] * len(changes)
        to_send = [each for each in changes if not (each.closed and each.task_id in closed)]
        sent = iter(
            self._outcomes(
                to_send,
                lambda: [self._changed(each) for each in to_send],
                "PUT",
                self._judge_changed,
            )
        )
        return [
            next(sent)
            if each in to_send
            else Receipt(effect=WriteEffect.WRITTEN, record_id=each.task_id)
            for each in changes
        ]

    def _closed(self, task_ids: Sequence[str]) -> frozenset[str]:
        """Tell which of these tasks are closed."""
        names = self._names
        found: set[str] = set()
        for some in chunks([each for each in task_ids if each.isdecimal()], IDS_PER_QUERY):
            where = among("id", some)
            query = select(("id", names.status), names.module, where, limit=KEYS_LIMIT)
            rows = self._client.coql(query, "look at tasks", _decoded, KEYS_LIMIT)
            found.update(
                str(row["id"])
                for row in (rows.data if rows else ())
                if row.get(names.status) in names.closed
            )
        return frozenset(found)

    def find(self, keys: Sequence[str]) -> dict[str, TaskState]:
        """Look tasks up by key; where keys are not unique, the oldest task counts."""
        names = self._names
        columns = ("id", names.key, names.subject, names.status, names.account)
        found: dict[str, TaskState] = {}
        for some in chunks(list(dict.fromkeys(keys)), IDS_PER_QUERY):
            where = among(names.key, some)
            query = select(columns, names.module, where, order="id asc", limit=KEYS_LIMIT)
            rows = self._client.coql(query, "find tasks", _decoded, KEYS_LIMIT)
            for row in rows.data if rows else ():
                state = self._state(row)
                found.setdefault(state.key, state)
        return {key: found[key] for key in keys if key in found}

    def _outcomes(
        self,
        asked: Sequence[Any],
        build: Callable[[], list[Body]],
        method: str,
        judge: Callable[[Any, Item], Outcome],
    ) -> list[Outcome]:
        """Send bodies and judge each result; what keeps the bodies from being built fails all."""
        if not asked:
            return []
        try:
            self._must_have_key()
            bodies = build()
        except CrmError as error:
            return [error] * len(asked)
        results = self._sender.send(method, self._names.module, bodies)
        return [
            result if isinstance(result, CrmError) else judge(each, result)
            for each, result in zip(asked, results, strict=True)
        ]

    def _must_have_key(self) -> None:
        """Zoho passes over a field it does not have: a task without its key would be lost."""
        module, key = self._names.module, self._names.key
        if key in self._metadata.fields(module, to_write=True):
            return
        if self._metadata.look_again(module) and key in self._metadata.fields(module):
            return
        raise RecordInvalid(
            f"{module} has no field {key}: run `zixin provision`",
            system=self._client.system,
            operation=f"write {module}",
            fields={"key": "the field is missing"},
        )

    def _judge_created(self, draft: TaskDraft, item: Item) -> Outcome:
        operation = f"create {self._names.module}"
        if item.well:
            return receipt(self._client, item, operation, effect=WriteEffect.CREATED)
        error = rejected(self._client, item, operation, self._our_names)
        if isinstance(error, RecordConflict):
            return self._adopted(draft.key, item, error)
        return error

    def _judge_changed(self, change: TaskChange, item: Item) -> Outcome:
        operation = f"update {self._names.module}"
        if not item.well:
            return rejected(self._client, item, operation, self._our_names)
        return receipt(
            self._client,
            item,
            operation,
            effect=WriteEffect.WRITTEN,
            expected_id=change.task_id,
        )

    def _adopted(self, key: str, item: Item, conflict: RecordConflict) -> Outcome:
        """Take the task that holds the key, after a look at its key."""
        named = duplicate_id(self._client.refusal(item, conflict.operation))
        try:
            state = self.find([key]).get(key)
        except CrmError as error:
            return error
        if state is None or (named is not None and state.task_id != named):
            return conflict
        return Receipt(effect=WriteEffect.ADOPTED, record_id=state.task_id)

    def _created(self, draft: TaskDraft) -> Body:
        names = self._names
        body = {
            names.key: draft.key,
            names.account: {"id": draft.account.record_id},
            names.status: names.status_open,
            **self._said(draft),
        }
        if names.is_standard:  # its link may lead anywhere
            body["$se_module"] = self._mapping.accounts.module
        return body

    def _changed(self, change: TaskChange) -> Body:
        """Say what changes: at the end status and reason alone, before that all but the status.

        Its progress is the owner's; and whom it was given to, and when, stays to be seen.
        """
        names = self._names
        if change.closed:
            reason = cut(change.body, BODY_LENGTH)
            return {"id": change.task_id, names.status: names.status_done, names.body: reason}
        return {"id": change.task_id, **self._said(change)}

    def _said(self, task: TaskDraft | TaskChange) -> Body:
        names = self._names
        return {
            names.subject: cut(task.subject, SUBJECT_LENGTH),
            names.owner: {"id": self._owner(task.owner_id)},
            names.due_on: task.due_on.isoformat(),
            names.priority: names.priority_of(task.priority),
            names.body: cut(task.body, BODY_LENGTH),
        }

    def _owner(self, wanted: str | None) -> str:
        """Choose who gets the task: an active user, else the default, else the connection's."""
        active = {user.record_id for user in self._metadata.owners() if user.active}
        if wanted in active:
            return str(wanted)
        if self._default_owner in active:
            return str(self._default_owner)
        return self._metadata.current_user()

    def _state(self, row: Body) -> TaskState:
        names = self._names
        account = row.get(names.account)
        return TaskState(
            key=str(row.get(names.key) or ""),
            task_id=str(row["id"]),
            account_id=str(account["id"]) if isinstance(account, dict) else None,
            closed=row.get(names.status) in names.closed,
            subject=str(row.get(names.subject) or ""),
        )


def _decoded(answer: Answer) -> _Found:
    return answer.decode(_FOUND)
