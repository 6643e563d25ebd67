"""What APL functions would do in this tenant, were they entered in its console.

One tells an address of changes, signed with HMAC-SHA256; one makes a native task for each new
credit task, as a workflow on creation does, and cancels it when the credit task is closed.
"""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any

import orjson

from sandbox.clock import SandboxClock
from sandbox.fxiaoke.catalogue import TASK_OBJECT
from sandbox.fxiaoke.rows import Row
from sandbox.fxiaoke.state import EA, Asked, State
from sandbox.fxiaoke.store import Change
from sandbox.fxiaoke.values import instant_ms
from sandbox.notifier import Notification, Notifier, is_loopback

__all__ = ["EventFunction", "run_task_function"]

_NATIVE = "native_task_id__c"
_CLOSED = ("done", "cancelled")


@dataclass(slots=True)
class EventFunction:
    """The function that tells of changes; ``Fx.http`` tries once more when nothing answers."""

    clock: SandboxClock
    notifier: Notifier
    url: str | None = None
    secret: str = ""

    def bind(self, url: str | None, secret: str = "") -> None:
        """Bind it to all objects; ``None`` takes it away. Raises ``ValueError`` for other hosts."""
        if url is not None and not is_loopback(url):
            raise ValueError("the sandbox calls only this machine")
        self.url, self.secret = url, secret

    def tell(self, change: Change) -> None:
        """Queue the call for a committed change."""
        if self.url is None:
            return
        body, headers = self.message(change)
        self.notifier.send(
            Notification(url=self.url, headers=headers, body=body, retry_delays=(1.0,))
        )

    def message(self, change: Change) -> tuple[bytes, dict[str, str]]:
        """Return body and headers of one call."""
        now = instant_ms(self.clock.now())
        event = {
            "ea": EA,
            "apiName": change.api_name,
            "dataId": change.record_id,
            "event": change.event,
            "ts": now,
        }
        body = orjson.dumps(event)
        signed = f"{now}.".encode() + body
        mac = hmac.new(self.secret.encode(), signed, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "X-Credit-Timestamp": str(now),
            "X-Credit-Signature": mac,
        }
        return body, headers


def run_task_function(state: State, asked: Asked, api_name: str, row: Row) -> None:
    """Do what the function for native tasks does; workflows run unless a write says no."""
    wanted = state.options.native_task_function and api_name == TASK_OBJECT
    if not wanted or asked.body.get("triggerWorkFlow") is False:
        return
    native_id = row.values.get(_NATIVE)
    if row.values.get("status__c") in _CLOSED:
        for task in state.native_tasks:
            if task["taskId"] == native_id:
                task["cancelled"] = True
    elif native_id is None:
        task_id = f"{len(state.native_tasks) + 1:032x}"
        state.native_tasks.append(_native_task(task_id, row))
        state.store.change(api_name, row, {_NATIVE: task_id}, asked.actor.id)


def _native_task(task_id: str, row: Row) -> dict[str, Any]:
    objects = [
        {"object_api_name": TASK_OBJECT, "id": row.id},
        {"object_api_name": "AccountObj", "id": row.values.get("account__c")},
    ]
    return {
        "taskId": task_id,
        "title": row.values.get("name"),
        "deadLine": row.values.get("due_date__c"),
        "executeUsers": list(row.owner),
        "objects": objects,
        "cancelled": False,
    }
