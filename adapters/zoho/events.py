"""Zoho's notifications: channels, the proof that a message comes from them, and its hints.

Zoho signs nothing. The one proof is the token we chose for the channel, which comes back in every
message, or which the administrator put into a workflow's webhook; so the address should hold a
secret of its own, and what a message says is only a hint. During a rotation the token of before
is taken, too: a channel goes on with it until it is renewed.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from adapters.errors import ContractBroken, CrmError
from adapters.events import ForgedMessage, Hint, HostileContent, Verified
from adapters.port import WatchReceipt
from adapters.zoho.callbacks import job_of
from adapters.zoho.client import Item, ZohoClient
from adapters.zoho.errors import to_error
from adapters.zoho.ids import is_id
from adapters.zoho.names import ZohoMapping
from adapters.zoho.workflow import WorkflowMessage, workflow_message
from scoring.records import CREDIT_FILE_KINDS, Kind

__all__ = ["MAX_TOKEN", "ZohoVerifier", "channels", "unwatch", "watch"]

MAX_BODY_BYTES = 1024 * 1024
MAX_IDS = 1_000
MAX_TOKEN = 50
_NOT_SUBSCRIBED = "NOT_SUBSCRIBED"


class _Message(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a notification that is relied on."""

    module: str
    ids: list[str | int]
    token: str
    channel_id: str | int


_MESSAGE = msgspec.json.Decoder(_Message)


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a genuine message names. ``again``: another change may be told in the same bytes."""

    module: str
    ids: tuple[str, ...]
    again: bool = False


class ZohoVerifier:
    """Verifies notifications and workflow webhooks of one connection and reads their hints.

    ``tokens`` are accepted, the current one first: two during a rotation. ``once`` gives a text that it never gives again.
    """

    def __init__(
        self, tokens: Sequence[str], system: str, mapping: ZohoMapping, once: Callable[[], str]
    ) -> None:
        """Take the channels' tokens. Raises ``ValueError`` for one that Zoho would not echo."""
        if not all(1 <= len(token) <= MAX_TOKEN for token in tokens):
            raise ValueError(f"the channel token must be 1 to {MAX_TOKEN} characters long")
        self._tokens = [token.encode() for token in tokens]
        self._mapping = mapping
        self._modules = {channel: module for module, channel in channels(system, mapping).items()}
        self._once = once

    def verify(self, headers: Mapping[str, str], body: bytes) -> Verified:
        """Prove the origin of the raw body. Raises ``ForgedMessage``, nothing else."""
        _ = headers  # the proof stands in the body
        if self._genuine(body).again:
            return Verified(message_id=f"workflow:{self._once()}")
        # Zoho gives no message id; a notification sent twice has the same bytes.
        return Verified(message_id=hashlib.sha256(body).hexdigest())

    def parse_hints(self, body: bytes) -> tuple[Hint, ...]:
        """Say what a genuine body asks to read again. Raises ``ForgedMessage`` for another.

        Creation, change and deletion are alike: a record that is gone shows itself as gone. What
        came at the path of the bulk jobs asks for nothing.
        """
        try:
            told = self._genuine(body)
        except ForgedMessage:
            if job_of(body) is None:
                raise
            return ()
        return tuple(
            Hint(kind, told.ids) for kind in self._mapping.kinds_of(told.module) if told.ids
        )

    def _genuine(self, body: bytes) -> _Told:
        if len(body) > MAX_BODY_BYTES:
            raise ForgedMessage("the message is too long")
        webhook = workflow_message(body)
        if webhook is not None:
            return self._of_workflow(webhook)
        try:
            message = _MESSAGE.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise ForgedMessage("the message has not the shape of a notification") from None
        self._must_be_ours(message.token)
        if self._modules.get(str(message.channel_id)) != message.module:
            raise ForgedMessage("the channel is not ours, or of another module")
        if len(message.ids) > MAX_IDS:
            raise HostileContent("the message names too many records")
        return _Told(module=message.module, ids=_checked(message.ids))

    def _of_workflow(self, webhook: WorkflowMessage) -> _Told:
        self._must_be_ours(webhook.secret)
        if webhook.module not in self._modules.values():
            raise ForgedMessage("the webhook is of a module that is not read")
        return _Told(module=webhook.module, ids=_checked([webhook.record_id]), again=True)

    def _must_be_ours(self, token: str) -> None:
        given = token.encode("utf-8", "surrogatepass")
        # All are tried, so that time tells nothing.
        if not sum(hmac.compare_digest(given, known) for known in self._tokens):
            raise ForgedMessage("the token is not ours")


def _checked(ids: Sequence[str | int]) -> tuple[str, ...]:
    """Return ids as texts, each once. Raises ``HostileContent`` for what is none."""
    found = tuple(dict.fromkeys(str(each) for each in ids))
    if not all(is_id(each) for each in found):
        raise HostileContent("the message names what is no record id")
    return found


def channels(system: str, mapping: ZohoMapping) -> dict[str, str]:
    """Give each module we read its channel id: digits, the same whenever they are worked out."""
    feeds = (mapping.feed(kind) for kind in Kind if kind not in CREDIT_FILE_KINDS)
    modules = dict.fromkeys(names.module for names in feeds if names.module)
    return {module: _channel_id(system, module) for module in modules}


def watch(
    client: ZohoClient,
    mapping: ZohoMapping,
    url: str,
    token: str,
) -> list[WatchReceipt]:
    """Subscribe or renew a channel for each module. Raises ``CrmError``."""
    operation = "subscribe to notifications"
    expiry = client.http.pace.now() + timedelta(days=client.options.watch_days)
    entries: list[dict[str, Any]] = [
        {
            "channel_id": channel,
            "events": [f"{module}.all"],
            "channel_expiry": expiry.astimezone(UTC).isoformat(timespec="seconds"),
            "token": token,
            "notify_url": url,
            "notify_on_related_action": False,
        }
        for module, channel in channels(client.system, mapping).items()
    ]
    items = client.write("POST", "actions/watch", operation, {"watch": entries}, root="watch")
    sent = [str(entry["channel_id"]) for entry in entries]
    return _receipts(client, sent, items, operation)


def unwatch(client: ZohoClient, mapping: ZohoMapping) -> int:
    """Stop our channels, and tell how many there were. Raises ``CrmError``."""
    operation = "end notifications"
    ours = list(channels(client.system, mapping).values())
    params = {"channel_ids": ",".join(ours)}
    items = client.remove("actions/watch", operation, params, root="watch", count=len(ours))
    for item in items:
        if not item.well and item.code != _NOT_SUBSCRIBED:
            raise to_error(client.refusal(item, operation), now=client.http.pace.now())
    return sum(item.well for item in items)


def _receipts(
    client: ZohoClient, sent: Sequence[str], items: Sequence[Item], operation: str
) -> list[WatchReceipt]:
    """Read each channel's end from the answer: what was asked for may have been shortened."""
    receipts = []
    failures: list[CrmError] = []
    for channel, item in zip(sent, items, strict=True):
        if item.well:
            receipts.append(WatchReceipt(channel_id=channel, expires_at=_expiry(client, item)))
        else:
            refusal = client.refusal(item, operation)
            failures.append(to_error(refusal, now=client.http.pace.now()))
    if failures and not receipts:
        raise failures[0]
    return receipts


def _expiry(client: ZohoClient, item: Item) -> datetime:
    events = item.details.get("events")
    text = events[0].get("channel_expiry") if isinstance(events, list) and events else None
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC)
    except ValueError:
        raise ContractBroken(
            "a channel's answer does not say when it ends",
            system=client.system,
            operation="subscribe to notifications",
        ) from None


def _channel_id(system: str, module: str) -> str:
    digest = hashlib.sha256(f"zixin {system} {module}".encode()).digest()
    return str(10**14 + int.from_bytes(digest[:8]) % 10**14)
