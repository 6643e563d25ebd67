"""What every CRM must do for us, and the frozen types that cross the border.

A vendor's dictionaries, codes and tokens stay in its folder. ``tests/contract/`` holds the one
suite that every ``CrmPort`` passes.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol, runtime_checkable

import msgspec

from adapters.errors import CrmError
from scoring.money import Money
from scoring.records import AccountRef, Kind, Record

__all__ = [
    "ComputesFields",
    "CreditField",
    "CrmPort",
    "Cursor",
    "FieldUpdate",
    "FieldValue",
    "Finding",
    "FindingLevel",
    "IdPage",
    "KeepsNotes",
    "NoteDraft",
    "Outcome",
    "Page",
    "Priority",
    "ProvisionStep",
    "Receipt",
    "RecordProblem",
    "TaskChange",
    "TaskDraft",
    "TaskState",
    "Usage",
    "WatchReceipt",
    "WriteEffect",
    "WritesInBulk",
    "field_text",
]

FieldValue = str | int | Decimal | bool | date | datetime | None


class CreditField(StrEnum):
    """The account fields we own in the CRM. The mapping gives each its name there.

    Amounts are ``Decimal`` in major units of the account's credit currency (``CURRENCY``).
    """

    RATING = "rating"  # text AAA … D, or "-" when not rated
    SCORE = "score"  # Decimal, one digit, 0 to 100
    OUTLOOK = "outlook"  # up, stable, down
    CURRENCY = "currency"  # ISO code of the amounts below
    LIMIT = "limit"
    LIMIT_VALID_TO = "limit_valid_to"  # date
    EXPOSURE = "exposure"
    AVAILABLE = "available"
    UTILISATION = "utilisation"  # Decimal percent, one digit; limit 0 and exposure > 0: 999
    OVERDUE_AMOUNT = "overdue_amount"
    OLDEST_DAYS = "oldest_days"  # int, days past due of the oldest open item; 0 = none overdue
    AGE_CURRENT = "age_current"
    AGE_1_30 = "age_1_30"
    AGE_31_60 = "age_31_60"
    AGE_61_90 = "age_61_90"
    AGE_OVER_90 = "age_over_90"
    DAYS_LATE = "days_late"  # Decimal, one digit: weighted days late, paid and open, 12 months
    WATCH_LEVEL = "watch_level"  # normal, attention, watch, high
    HOLD = "hold"  # none, hold, stop
    HOLD_REASON = "hold_reason"  # text
    REASONS = "reasons"  # text, at most four lines against and two in favour
    TERMS_DAYS = "terms_days"  # int, recommended terms
    NEXT_REVIEW_ON = "next_review_on"  # date
    COMPLETENESS = "completeness"  # int percent of the card that rests on data
    DATA_AS_OF = "data_as_of"  # date, newest fact known
    SUMMARY = "summary"  # one line for sales
    COMPUTED_AT = "computed_at"  # datetime; written only together with another change
    ASSESSMENT_ID = "assessment_id"  # text, leads to the explanation; written like COMPUTED_AT


def field_text(value: FieldValue) -> str:
    """Write a value so that two equal values have one text, whatever type a CRM gave them.

    Numbers lose trailing zeros, times are UTC to the second, missing is the empty text. This is
    what "has it changed" compares, and what is remembered as last written.
    """
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case int() | Decimal():
            return f"{Decimal(value).normalize():f}"
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="seconds")
        case date():
            return value.isoformat()
        case str():
            return value.strip()


class RecordProblem(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor record that could not become one of ours. It is kept for a person, not dropped.

    ``reason`` is a stable code (``missing_field``, ``bad_amount``, ``bad_date``,
    ``unknown_currency``, ``bad_text`` …), ``detail`` a sentence with field and redacted value.
    """

    kind: Kind
    record_id: str
    account_id: str | None = None
    reason: str
    detail: str
    modified_at: datetime | None = None


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """Where one feed stands.

    ``watermark``: everything the CRM changed up to here has been seen (the CRM's clock); ``None``
    before the first complete read. ``position``: progress inside the scan under way, readable only
    by the adapter that made it; empty between scans. ``promise``: what the watermark becomes when
    the scan is complete.
    """

    watermark: datetime | None = None
    position: str = ""
    promise: datetime | None = None


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One portion of a feed. Save it and ``cursor`` in one commit, then ask with that cursor.

    ``finished``: the scan is complete; the cursor then has its new watermark and no position.
    ``gone`` are ids that the CRM reports deleted or invalidated. ``expected`` is the size of the
    whole scan when the CRM tells it, for the progress bar.
    """

    kind: Kind
    records: tuple[Record, ...] = ()
    problems: tuple[RecordProblem, ...] = ()
    gone: tuple[str, ...] = ()
    cursor: Cursor
    finished: bool
    expected: int | None = None


class IdPage(msgspec.Struct, frozen=True, kw_only=True):
    """One portion of the ids of a feed's records, for a sweep.

    ``after`` asks for the next portion; empty: this was the last. ``expected`` is the size of the
    whole when the CRM tells it.
    """

    ids: tuple[str, ...]
    after: str = ""
    expected: int | None = None


class FieldUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """Set these owned fields of one account. Absolute values, only those that change."""

    account: AccountRef
    values: dict[CreditField, FieldValue]


class Priority(StrEnum):
    """How loud a task is."""

    NORMAL = "normal"
    HIGH = "high"
    HIGHEST = "highest"


class TaskDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A task to create. ``key`` is deterministic and unique for ever: the CRM holds one per key."""

    key: str
    account: AccountRef
    owner_id: str | None  # None: the connection's default owner
    subject: str
    body: str
    due_on: date
    priority: Priority
    level: int
    overdue: Money
    oldest_days: int


class TaskChange(msgspec.Struct, frozen=True, kw_only=True):
    """A new text for a task that exists, or its closing (``closed`` with the reason in ``body``)."""

    key: str
    account: AccountRef
    task_id: str
    owner_id: str | None
    subject: str
    body: str
    due_on: date
    priority: Priority
    level: int
    overdue: Money
    oldest_days: int
    closed: bool = False


class NoteDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A note to write on an account, once. ``key`` stands in its title, by which it is found."""

    key: str
    account: AccountRef
    title: str
    body: str


class TaskState(msgspec.Struct, frozen=True, kw_only=True):
    """A task as the CRM has it."""

    key: str
    task_id: str
    account_id: str | None
    closed: bool
    subject: str


class WriteEffect(StrEnum):
    """What a write did."""

    WRITTEN = "written"
    CREATED = "created"
    ADOPTED = "adopted"  # it was there already, under our key


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """Proof that one write-back is in the CRM."""

    effect: WriteEffect
    record_id: str
    modified_at: datetime | None = None


Outcome = Receipt | CrmError
"""One per write-back, in the order asked. An error here concerns that record only."""


class FindingLevel(StrEnum):
    """How bad a finding of the doctor is."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One line of ``zixin doctor``: what was looked at, how it is, and the remedy."""

    topic: str
    level: FindingLevel
    message: str
    remedy: str = ""


class ProvisionStep(msgspec.Struct, frozen=True, kw_only=True):
    """One credit field, module or object that must exist in the CRM.

    ``target`` is the module or object, ``api_name`` the field's name there, ``options`` the values
    of a picklist; ``unique``: the CRM must refuse a value twice.
    ``state``: ``exists``, ``created``, ``planned`` (dry run) or ``by_hand`` (the CRM has no
    interface for it; ``instruction`` then says exactly what to enter where).
    """

    target: str
    api_name: str
    label: str
    type: str
    options: tuple[str, ...] = ()
    unique: bool = False
    state: str
    instruction: str = ""


class WatchReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """A notification channel and how long it lives; ``None``: it does not expire."""

    channel_id: str
    expires_at: datetime | None


class Usage(msgspec.Struct, frozen=True):
    """Calls made and API credits spent by this port object since it was built."""

    calls: int
    credits: int


class CrmPort(Protocol):
    """One connection to one CRM organisation.

    Every method may raise a ``CrmError`` that concerns the whole call. Methods that write return
    one ``Outcome`` for each write-back, in order, and never fail as a whole because of one record.
    No call outlives its deadline. Reads are retried inside the call; writes are not: their retry
    belongs to the outbox row.
    """

    @property
    def system(self) -> str:
        """The connection's name in the configuration."""
        ...

    @property
    def vendor(self) -> str:
        """``zoho`` or ``fxiaoke``."""
        ...

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The feeds this connection has, in the order they should be read.

        May ask the CRM, once in a while; never raises a ``CrmError``.
        """
        ...

    @property
    def enforces_task_key(self) -> bool:
        """Whether the CRM itself refuses a second task with the same key."""
        ...

    @property
    def tells_deletions(self) -> bool:
        """Whether feeds tell what was deleted. Where they do not, only a sweep of ids finds it."""
        ...

    def changes(self, kind: Kind, cursor: Cursor) -> Page:
        """Read the next portion of a feed. An unfinished scan goes on where ``position`` stands.

        With a watermark: what changed since, re-reading a short overlap. Without: everything.
        """
        ...

    def fetch(self, kind: Kind, record_ids: Sequence[str]) -> Page:
        """Read these records as they are now; those the CRM no longer has are in ``gone``.

        The page's cursor is empty and is not to be saved.
        """
        ...

    def ids(self, kind: Kind, after: str = "") -> IdPage:
        """Read the next portion of the ids of all records of a feed; not for owners."""
        ...

    def missing(self, kind: Kind, known_ids: Sequence[str]) -> tuple[str, ...]:
        """Tell which of these ids the CRM does not give back any more, asked for by id."""
        ...

    def owned_values(self, record_ids: Sequence[str]) -> dict[str, dict[CreditField, FieldValue]]:
        """Read the credit fields that stand in the CRM now; accounts that are gone are absent."""
        ...

    def update_fields(self, updates: Sequence[FieldUpdate]) -> list[Outcome]:
        """Write credit fields."""
        ...

    def create_tasks(self, drafts: Sequence[TaskDraft]) -> list[Outcome]:
        """Create tasks. One that exists under its key is adopted where the CRM enforces keys."""
        ...

    def change_tasks(self, changes: Sequence[TaskChange]) -> list[Outcome]:
        """Rewrite or close tasks."""
        ...

    def find_tasks(self, keys: Sequence[str]) -> dict[str, TaskState]:
        """Look tasks up by key with a read that sees every finished write."""
        ...

    def check(self) -> list[Finding]:
        """Examine credentials, scopes, clock, modules, fields and unique keys."""
        ...

    def provision(self, *, dry_run: bool) -> list[ProvisionStep]:
        """Create what is missing of the credit fields, or say how to do it by hand."""
        ...

    def watch(self, url: str) -> list[WatchReceipt]:
        """Ask for notifications to ``url``, or renew them. Empty: set up by hand at this CRM."""
        ...

    def unwatch(self) -> int:
        """Stop the notifications we asked for; tells how many channels were open."""
        ...

    def usage(self) -> Usage:
        """Tell calls and credits so far."""
        ...


@runtime_checkable
class ComputesFields(Protocol):
    """A connection to a CRM with fields that it works out by itself."""

    def computed_fields(self) -> dict[Kind, tuple[str, ...]]:
        """Name the mapped fields whose change no read of changes tells, by their feed.

        Raises ``CrmError``.
        """
        ...


@runtime_checkable
class KeepsNotes(Protocol):
    """A connection that can write notes on accounts; the CRM refuses none that is there already."""

    @property
    def wants_notes(self) -> bool:
        """Whether the configuration asks for notes."""
        ...

    def add_notes(self, notes: Sequence[NoteDraft]) -> list[Outcome]:
        """Write notes."""
        ...

    def find_note(self, note: NoteDraft) -> str | None:
        """Look for a note by its key with a read that sees every finished write; ``None``: not there.

        Raises ``CrmError``.
        """
        ...


@runtime_checkable
class WritesInBulk(Protocol):
    """A connection that can carry very many field updates in one job, where that is cheaper."""

    def fields_at_once(self, waiting: int) -> int:
        """Tell how many field updates one call should have when so many wait; 0: no job."""
        ...

    def update_fields_in_bulk(
        self, updates: Sequence[FieldUpdate], *, go_on: Callable[[], bool]
    ) -> list[Outcome]:
        """Write credit fields of at most one update an account. This may take half an hour.

        ``go_on`` is asked every minute or two while it works, so that the caller keeps what it
        holds; told to stop, what is not known by then is an ``OutcomeUnknown``, whose ``retry_at``
        is when a job that may still work has ended.
        """
        ...
