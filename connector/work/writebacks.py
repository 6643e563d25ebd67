"""How WriteBacks lie in the outbox: as JSON, each value with its type, so that it comes back equal."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from adapters.port import (
    CreditField,
    FieldUpdate,
    FieldValue,
    NoteDraft,
    TaskChange,
    TaskDraft,
    field_text,
)
from scoring.records import AccountRef

__all__ = [
    "NewRows",
    "Unconfirmed",
    "WriteBack",
    "WriteKind",
    "collapse_key",
    "decode",
    "decode_as",
    "decode_unconfirmed",
    "encode",
    "encode_unconfirmed",
    "kind_of",
    "lane_of",
    "merge",
    "merge_unconfirmed",
]

WriteBack = FieldUpdate | TaskDraft | TaskChange | NoteDraft
W = TypeVar("W", FieldUpdate, TaskDraft, TaskChange, NoteDraft)

Unconfirmed = Mapping[CreditField, frozenset[str]]
"""Texts of values that were sent and never confirmed, by field."""


# In this order: a bool is an int to Python, and a datetime is a date.
_CODECS: tuple[tuple[str, type, Callable[[Any], str], Callable[[str], FieldValue]], ...] = (
    ("none", type(None), lambda _value: "", lambda _text: None),
    ("bool", bool, lambda value: str(int(value)), lambda text: text == "1"),
    ("int", int, str, int),
    ("decimal", Decimal, str, Decimal),
    ("datetime", datetime, datetime.isoformat, datetime.fromisoformat),
    ("date", date, date.isoformat, date.fromisoformat),
    ("text", str, str, str),
)


class WriteKind(StrEnum):
    """What an outbox row asks for."""

    FIELDS = "fields"
    TASK = "task"
    TASK_CHANGE = "task_change"
    NOTE = "note"


class _StoredFields(msgspec.Struct):
    account: AccountRef
    values: dict[CreditField, tuple[str, str]]


def kind_of(write: WriteBack) -> WriteKind:
    """Name the kind of a WriteBack."""
    match write:
        case FieldUpdate():
            return WriteKind.FIELDS
        case TaskDraft():
            return WriteKind.TASK
        case TaskChange():
            return WriteKind.TASK_CHANGE
        case NoteDraft():
            return WriteKind.NOTE


def lane_of(account: AccountRef) -> str:
    """Name the lane of an account: its writes happen one at a time, in order."""
    return str(account)


def collapse_key(write: WriteBack) -> str | None:
    """Name what a newer wish replaces; ``None`` for a task to create, which is unique for ever."""
    match write:
        case FieldUpdate():
            return f"fields:{write.account}"
        case TaskChange():
            return f"task:{write.account.system}:{write.key}"
        case NoteDraft():
            return f"note:{write.account}:{write.key}"
        case TaskDraft():
            return None


def merge(older: WriteBack, newer: WriteBack) -> WriteBack:
    """Let the newer wish win; values only the older one names stay wished for."""
    if isinstance(older, FieldUpdate) and isinstance(newer, FieldUpdate):
        return FieldUpdate(account=newer.account, values={**older.values, **newer.values})
    return newer


def encode(write: WriteBack) -> bytes:
    """Write down a WriteBack."""
    if isinstance(write, FieldUpdate):
        values = {field: _tagged(value) for field, value in write.values.items()}
        return msgspec.json.encode(_StoredFields(write.account, values))
    return msgspec.json.encode(write)


def decode(kind: str, body: bytes) -> WriteBack:
    """Read a WriteBack back. Raises ``msgspec.ValidationError`` for what was never written so."""
    match WriteKind(kind):
        case WriteKind.FIELDS:
            stored = msgspec.json.decode(body, type=_StoredFields)
            values = {field: _value(*tagged) for field, tagged in stored.values.items()}
            return FieldUpdate(account=stored.account, values=values)
        case WriteKind.TASK:
            return msgspec.json.decode(body, type=TaskDraft)
        case WriteKind.TASK_CHANGE:
            return msgspec.json.decode(body, type=TaskChange)
        case WriteKind.NOTE:
            return msgspec.json.decode(body, type=NoteDraft)


def decode_as(kind: str, body: bytes, wanted: type[W]) -> W:
    """Read a WriteBack that must be of one type. Raises ``TypeError`` where it is of another."""
    write = decode(kind, body)
    if not isinstance(write, wanted):
        msg = f"a row of {kind} holds no {wanted.__name__}"
        raise TypeError(msg)
    return write


def encode_unconfirmed(values: Unconfirmed) -> bytes | None:
    """Write down unconfirmed values; ``None`` when there are none."""
    if not values:
        return None
    return msgspec.json.encode({field: sorted(texts) for field, texts in values.items()})


def decode_unconfirmed(stored: bytes | None) -> dict[CreditField, frozenset[str]]:
    """Read unconfirmed values back."""
    if stored is None:
        return {}
    return msgspec.json.decode(stored, type=dict[CreditField, frozenset[str]])


def merge_unconfirmed(
    earlier: Iterable[Unconfirmed], sent: Mapping[CreditField, FieldValue] | None = None
) -> dict[CreditField, frozenset[str]]:
    """Put together what may stand in the CRM because of us."""
    union: dict[CreditField, frozenset[str]] = {}
    for known in earlier:
        for field, texts in known.items():
            union[field] = union.get(field, frozenset()) | texts
    for field, value in (sent or {}).items():
        union[field] = union.get(field, frozenset()) | {field_text(value)}
    return union


class NewRows:
    """Describes new outbox rows: when they came, and which assessment decided them."""

    def __init__(self, now: datetime, assessment_ids: Mapping[AccountRef, str]) -> None:
        self.now = now
        self._assessment_ids = assessment_ids

    def of(self, write: WriteBack, unconfirmed: bytes | None = None) -> dict[str, Any]:
        """Describe a new row; ``unconfirmed`` is what an earlier one may have left in the CRM."""
        return {
            "system": write.account.system,
            "kind": kind_of(write).value,
            "account_id": write.account.record_id,
            "task_key": write.key if isinstance(write, TaskDraft | TaskChange) else None,
            "collapse_key": collapse_key(write),
            "body": encode(write),
            "assessment_id": self.assessment_id(write),
            "created_at": self.now,
            "unconfirmed": unconfirmed,
            "lane": lane_of(write.account),
            "run_after": self.now,
        }

    def assessment_id(self, write: WriteBack) -> str | None:
        """Name the assessment that decided a write."""
        known = self._assessment_ids.get(write.account)
        if known is None and isinstance(write, FieldUpdate):
            named = write.values.get(CreditField.ASSESSMENT_ID)
            return named if isinstance(named, str) else None
        return known


def _tagged(value: FieldValue) -> tuple[str, str]:
    for tag, kind, write, _read in _CODECS:
        if isinstance(value, kind):
            return tag, write(value)
    msg = f"a {type(value).__name__} is no field value"
    raise TypeError(msg)


def _value(tag: str, text: str) -> FieldValue:
    for known, _kind, _write, read in _CODECS:
        if tag == known:
            return read(text)
    msg = f"unknown type {tag!r} of a stored value"
    raise ValueError(msg)
