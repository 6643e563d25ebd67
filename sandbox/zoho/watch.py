"""Notification channels: subscribe, renew, change, stop, and tell the listener of changes.

A call that changes many records makes one message a module and operation. Nothing is retried:
a message that does not arrive is lost, as with the original.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import orjson

from sandbox.notifier import Notification, Notifier
from sandbox.zoho.asking import Answer, Ask
from sandbox.zoho.errors import Refusal
from sandbox.zoho.records_api import mixed
from sandbox.zoho.state import Change, OrgState
from sandbox.zoho.watch_entries import (
    Item,
    channel_id,
    conditions,
    notify_url,
    refused,
    token,
)

__all__ = ["Channel", "WatchDesk"]

_MOST_ENTRIES = 50
_DEFAULT = timedelta(hours=1)
_LONGEST = timedelta(days=7)
_OPERATIONS = {"create": "insert", "edit": "update", "delete": "delete"}
_SUBSCRIBED = "Successfully subscribed for actions-watch of the given module"
_UPDATED = "Successfully updated the subscribe details"
_REMOVED = "Successfully removed the subscribe details"
_STOPPED = "Successfully un-subscribed from actions-watch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A subscription. ``events`` are ``Module.operation``; ``fields`` limits edits by module."""

    id: str
    user: str
    events: tuple[str, ...]
    notify_url: str
    ends_at: datetime
    base_url: str
    token: str | None = None
    on_related_action: bool = True
    with_values: bool = False
    condition: object = None
    fields: dict[str, frozenset[str]] = field(default_factory=dict)

    def modules(self) -> list[str]:
        """Return the modules listened to, in the order given."""
        return list(dict.fromkeys(event.split(".")[0] for event in self.events))

    def hears(self, change: Change) -> bool:
        """Tell whether a change is one of its events."""
        for event in self.events:
            module, operation = event.split(".")
            if module == change.module and _OPERATIONS.get(operation) in (None, change.operation):
                return True
        return False


class WatchDesk:
    """Keeps the channels and hands messages to the notifier. Callers hold the state's lock."""

    def __init__(self, state: OrgState, notifier: Notifier) -> None:
        self._state = state
        self._notifier = notifier
        self._channels: dict[str, Channel] = {}
        state.listeners.append(self._on_change)

    def channels(self) -> list[Channel]:
        """Return the channels that are alive."""
        now = self._state.clock.now()
        return [channel for channel in self._channels.values() if channel.ends_at > now]

    def subscribe(self, ask: Ask) -> Answer:
        """``POST /actions/watch``: opens channels; the same id again renews one."""
        return self._each(ask, 201, lambda item, at: self._open(ask, item, at, _SUBSCRIBED))

    def replace(self, ask: Ask) -> Answer:
        """``PUT /actions/watch``: what is left out is removed."""

        def act(item: Item, at: int) -> dict[str, object]:
            self._alive(item, at)
            return self._open(ask, item, at, _UPDATED)

        return self._each(ask, 200, act)

    def change(self, ask: Ask) -> Answer:
        """``PATCH /actions/watch``: changes what is given; ``_delete_events`` drops events."""
        return self._each(ask, 200, self._patch)

    def stop(self, ask: Ask) -> Answer:
        """``DELETE /actions/watch?channel_ids=``."""
        ids = [text for text in ask.required("channel_ids").split(",") if text]
        results = [_result_of(lambda i=i: self._close(i), 0) for i in ids]  # type: ignore[misc] # bound now
        return mixed(results, well=200, root="watch")

    def listing(self, ask: Ask) -> Answer:
        """``GET /actions/watch``: one entry a channel and module."""
        wanted, module = ask.args.get("channel_id"), ask.args.get("module")
        entries = [
            self._entry(channel, name)
            for channel in self.channels()
            for name in channel.modules()
            if channel.user == ask.user and wanted in (None, channel.id) and module in (None, name)
        ]
        per_page, page = ask.per_page(), ask.number("page", 1)
        part = entries[(page - 1) * per_page : page * per_page]
        if not part:
            return Answer(status=204)
        more = len(entries) > page * per_page
        info = {"page": page, "per_page": per_page, "count": len(part), "more_records": more}
        return Answer(body={"watch": part, "info": info})

    def _each(self, ask: Ask, well: int, act: Callable[[Item, int], dict[str, object]]) -> Answer:
        items = ask.items("watch", most=_MOST_ENTRIES)
        results = []
        for index, item in enumerate(items):
            shaped: Item = item if isinstance(item, dict) else {}
            results.append(_result_of(lambda s=shaped, i=index: act(s, i), index))  # type: ignore[misc] # bound now
        return mixed(results, well=well, root="watch")

    def _open(self, ask: Ask, item: Item, index: int, message: str) -> dict[str, object]:
        channel = Channel(
            id=channel_id(item, index),
            user=ask.user,
            events=self._events(item, index),
            notify_url=notify_url(item, index),
            ends_at=self._expiry(item, index),
            base_url=ask.base_url,
            token=token(item, index),
            on_related_action=item.get("notify_on_related_action") is not False,
            with_values=item.get("return_affected_field_values") is True,
            condition=item.get("notification_condition"),
            fields=conditions(item.get("notification_condition"), index),
        )
        self._channels[channel.id] = channel
        return self._subscribed(channel, message)

    def _patch(self, item: Item, index: int) -> dict[str, object]:
        channel = self._alive(item, index)
        if item.get("_delete_events") is True or item.get("_delete") is True:
            dropped = set(self._events(item, index))
            kept = tuple(event for event in channel.events if event not in dropped)
            if kept:
                self._channels[channel.id] = replace(channel, events=kept)
            else:
                del self._channels[channel.id]
            return self._done(channel, _REMOVED)
        given: dict[str, object] = {}
        if "events" in item:
            given["events"] = self._events(item, index)
        if "notify_url" in item:
            given["notify_url"] = notify_url(item, index)
        if "channel_expiry" in item:
            given["ends_at"] = self._expiry(item, index)
        if "token" in item:
            given["token"] = token(item, index)
        self._channels[channel.id] = replace(channel, **given)  # type: ignore[arg-type] # checked above
        return self._done(channel, _UPDATED)

    def _close(self, channel_id: str) -> dict[str, object]:
        channel = self._alive({"channel_id": channel_id}, 0)
        del self._channels[channel.id]
        return self._done(channel, _STOPPED)

    def _alive(self, item: Item, index: int) -> Channel:
        channel = self._channels.get(channel_id(item, index))
        if channel is None or channel.ends_at <= self._state.clock.now():
            raise refused("NOT_SUBSCRIBED", "the channel is not subscribed", "channel_id", index)
        return channel

    def _events(self, item: Item, index: int) -> tuple[str, ...]:
        events = item.get("events")
        if not isinstance(events, list) or not events:
            raise refused("MANDATORY_NOT_FOUND", "required field not found", "events", index)
        for event in events:
            module, _, operation = str(event).partition(".")
            if module not in self._state.modules or operation not in (*_OPERATIONS, "all"):
                raise refused("INVALID_DATA", "invalid data", "events", index)
        return tuple(map(str, events))

    def _expiry(self, item: Item, index: int) -> datetime:
        """Return the end asked for; one too far away falls back to the default hour."""
        now = self._state.clock.now()
        given = item.get("channel_expiry")
        if given is None:
            return now + _DEFAULT
        try:
            ends_at = datetime.fromisoformat(str(given))
        except ValueError as error:
            raise refused("INVALID_DATA", "invalid data", "channel_expiry", index) from error
        if ends_at.tzinfo is None or ends_at <= now:
            raise refused("INVALID_DATA", "invalid data", "channel_expiry", index)
        return ends_at if ends_at <= now + _LONGEST else now + _DEFAULT

    def _subscribed(self, channel: Channel, message: str) -> dict[str, object]:
        events = [
            {
                "channel_id": channel.id,
                "resource_name": module,
                "resource_id": self._state.modules[module].id,
                "resource_uri": f"{channel.base_url}/crm/v8/{module}",
                "channel_expiry": self._state.iso(int(channel.ends_at.timestamp())),
            }
            for module in channel.modules()
        ]
        details = {"events": events}
        return {"code": "SUCCESS", "details": details, "message": message, "status": "success"}

    def _done(self, channel: Channel, message: str) -> dict[str, object]:
        module = channel.modules()[0]
        details = {
            "resource_uri": f"{channel.base_url}/crm/v8/{module}",
            "resource_id": self._state.modules[module].id,
            "channel_id": channel.id,
        }
        return {"code": "SUCCESS", "details": details, "message": message, "status": "success"}

    def _entry(self, channel: Channel, module: str) -> dict[str, object]:
        return {
            "channel_id": channel.id,
            "events": [event for event in channel.events if event.startswith(f"{module}.")],
            "token": channel.token,
            "notify_url": channel.notify_url,
            "channel_expiry": self._state.iso(int(channel.ends_at.timestamp())),
            "resource_name": module,
            "resource_id": self._state.modules[module].id,
            "resource_uri": f"{channel.base_url}/crm/v8/{module}",
            "notify_on_related_action": channel.on_related_action,
            "return_affected_field_values": channel.with_values,
            "fields": None,
            "notification_condition": channel.condition,
        }

    def _on_change(self, change: Change) -> None:
        for channel in self.channels():
            ids = [i for i in change.ids if channel.hears(change) and _cares(channel, change, i)]
            if ids:
                self._notifier.send(
                    Notification(
                        url=channel.notify_url,
                        headers={"Content-Type": "application/json"},
                        body=orjson.dumps(self._message(channel, change, ids)),
                    )
                )

    def _message(self, channel: Channel, change: Change, ids: list[str]) -> dict[str, object]:
        message: dict[str, object] = {
            "server_time": int(self._state.clock.now().timestamp() * 1_000),
            "module": change.module,
            "resource_uri": f"{channel.base_url}/crm/v8/{change.module}",
            "ids": ids,
            "operation": change.operation,
            "channel_id": channel.id,
            "token": channel.token,
            "query_params": dict(parse_qsl(urlsplit(channel.notify_url).query)),
            "affected_fields": [{i: list(change.affected.get(i, {}))} for i in ids],
        }
        if channel.with_values:
            message["affected_values"] = [
                {"record_id": i, "values": change.affected.get(i, {})} for i in ids
            ]
        return message


def _cares(channel: Channel, change: Change, record_id: str) -> bool:
    """Tell whether the condition on fields lets an edit through; other operations always pass."""
    wanted = channel.fields.get(change.module)
    if wanted is None or change.operation != "update":
        return True
    return bool(wanted & set(change.affected.get(record_id, {})))


def _result_of(act: Callable[[], dict[str, object]], _index: int) -> dict[str, object]:
    try:
        return act()
    except Refusal as refusal:
        return refusal.item()
