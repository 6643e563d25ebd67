"""A CRM in memory that keeps the promises of ``CrmPort``, with faults on request.

It pages, resumes, re-reads an overlap, reports deletions and judges writes one by one. ``moment``
is its own clock; every change moves it by a second.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from adapters.errors import CrmError, CrmUnavailable, OutcomeUnknown, RecordNotFound
from adapters.port import (
    CreditField,
    Cursor,
    FieldUpdate,
    FieldValue,
    Finding,
    IdPage,
    Outcome,
    Page,
    ProvisionStep,
    Receipt,
    RecordProblem,
    TaskChange,
    TaskDraft,
    TaskState,
    Usage,
    WatchReceipt,
    WriteEffect,
)
from scoring.records import Invoice, InvoiceKind, Kind, Record

__all__ = ["FakeCrm"]

OVERLAP = timedelta(minutes=5)
_KINDS = (
    Kind.OWNERS,
    Kind.ACCOUNTS,
    Kind.CONTACTS,
    Kind.INVOICES,
    Kind.CREDIT_NOTES,
    Kind.PAYMENTS,
    Kind.ALLOCATIONS,
    Kind.ORDERS,
)
_KIND_OF = {
    "Owner": Kind.OWNERS,
    "Account": Kind.ACCOUNTS,
    "Contact": Kind.CONTACTS,
    "Payment": Kind.PAYMENTS,
    "Allocation": Kind.ALLOCATIONS,
    "Order": Kind.ORDERS,
}


class FakeCrm:
    """A CRM organisation of one connection.

    ``before_call`` sees (operation, number of that operation's calls so far) and may raise.
    ``lose_answers`` of the coming writes happen, but their answer does not arrive.
    """

    def __init__(
        self,
        system: str = "zoho",
        records: Iterable[Record] = (),
        *,
        page_size: int = 3,
        enforces_task_key: bool = True,
        kinds: tuple[Kind, ...] = _KINDS,
    ) -> None:
        self._system = system
        self._kinds = kinds
        self._enforces = enforces_task_key
        self.page_size = page_size
        self.moment = datetime(2026, 11, 20, 0, 0, tzinfo=UTC)
        self.records: dict[Kind, dict[str, Record]] = {kind: {} for kind in _KINDS}
        self.bad: dict[Kind, dict[str, RecordProblem]] = {kind: {} for kind in _KINDS}
        self.deleted: dict[Kind, dict[str, datetime]] = {kind: {} for kind in _KINDS}
        self.fields: dict[str, dict[CreditField, FieldValue]] = {}
        self.tasks: dict[str, TaskState] = {}
        self.drafts: list[TaskDraft] = []
        self.calls: Counter[str] = Counter()
        self.before_call: Callable[[str, int], None] = lambda _operation, _number: None
        self.lose_answers = 0
        self._kill_at = 0
        self._kill_how: type[BaseException] = SystemExit
        self._kill_answered = False
        for record in records:
            self.put(record, keep_time=True)

    # What people do in the CRM.

    def put(self, record: Record, *, keep_time: bool = False) -> None:
        """Create or change a record, now."""
        kind = self._kind(record)
        if not keep_time:
            record = msgspec.structs.replace(record, modified_at=self._tick())
        self.records[kind][record.record_id] = record
        self.deleted[kind].pop(record.record_id, None)
        self.bad[kind].pop(record.record_id, None)

    def spoil(self, kind: Kind, record_id: str, reason: str = "bad_amount") -> None:
        """Give a record a value that cannot be translated."""
        self.bad[kind][record_id] = RecordProblem(
            kind=kind,
            record_id=record_id,
            reason=reason,
            detail="a field cannot be read",
            modified_at=self._tick(),
        )
        self.records[kind].pop(record_id, None)

    def remove(self, kind: Kind, record_id: str) -> None:
        """Delete a record, now."""
        del self.records[kind][record_id]
        self.deleted[kind][record_id] = self._tick()

    def lose(self, kind: Kind, record_id: str) -> None:
        """Let a record vanish without a trace in the deletions."""
        del self.records[kind][record_id]

    def _kind(self, record: Record) -> Kind:
        if isinstance(record, Invoice):
            note = record.kind is InvoiceKind.CREDIT_NOTE and Kind.CREDIT_NOTES in self._kinds
            return Kind.CREDIT_NOTES if note else Kind.INVOICES
        return _KIND_OF[type(record).__name__]

    def _tick(self) -> datetime:
        self.moment += timedelta(seconds=1)
        return self.moment

    # CrmPort

    @property
    def system(self) -> str:
        """The connection's name."""
        return self._system

    @property
    def vendor(self) -> str:
        """``zoho``, whichever it stands for."""
        return "zoho"

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """All feeds."""
        return self._kinds

    @property
    def enforces_task_key(self) -> bool:
        """Whether a second task with one key is refused."""
        return self._enforces

    @property
    def tells_deletions(self) -> bool:
        """Yes; ``lose`` takes a record away without telling."""
        return True

    def changes(self, kind: Kind, cursor: Cursor) -> Page:
        """Deliver records in order of (time, id), deletions on the last page."""
        self._call("changes")
        self._end_call()
        since = cursor.watermark and cursor.watermark - OVERLAP
        promise = cursor.promise if cursor.position else self.moment
        waiting = [
            (moment, record_id)
            for record_id, moment in self._times(kind).items()
            if since is None or moment >= since
        ]
        rest = sorted(entry for entry in waiting if _place(*entry) > cursor.position)
        portion = [record_id for _moment, record_id in rest[: self.page_size]]
        finished = len(rest) <= self.page_size
        position = "" if finished else _place(*rest[self.page_size - 1])
        watermark = promise if finished else cursor.watermark
        return Page(
            kind=kind,
            records=self._good(kind, portion),
            problems=self._bad(kind, portion),
            gone=self._gone(kind, since) if finished else (),
            cursor=Cursor(
                watermark=watermark, position=position, promise=None if finished else promise
            ),
            finished=finished,
            expected=len(waiting),
        )

    def _times(self, kind: Kind) -> dict[str, datetime]:
        everything: Mapping[str, Record | RecordProblem] = {**self.records[kind], **self.bad[kind]}
        earliest = datetime(2000, 1, 1, tzinfo=UTC)
        return {key: record.modified_at or earliest for key, record in everything.items()}

    def _good(self, kind: Kind, ids: Iterable[str]) -> tuple[Record, ...]:
        return tuple(self.records[kind][key] for key in ids if key in self.records[kind])

    def _bad(self, kind: Kind, ids: Iterable[str]) -> tuple[RecordProblem, ...]:
        return tuple(self.bad[kind][key] for key in ids if key in self.bad[kind])

    def _gone(self, kind: Kind, since: datetime | None) -> tuple[str, ...]:
        deleted = self.deleted[kind].items()
        return tuple(sorted(key for key, at in deleted if since is None or at >= since))

    def fetch(self, kind: Kind, record_ids: Sequence[str]) -> Page:
        """Deliver these records as they are."""
        self._call("fetch")
        self._end_call()
        good, bad = self._good(kind, record_ids), self._bad(kind, record_ids)
        there = {record.record_id for record in (*good, *bad)}
        gone = tuple(key for key in record_ids if key not in there)
        return Page(
            kind=kind, records=good, problems=bad, gone=gone, cursor=Cursor(), finished=True
        )

    def ids(self, kind: Kind, after: str = "") -> IdPage:
        """Deliver the ids of good and bad records, in order."""
        self._call("ids")
        self._end_call()
        there = sorted({*self.records[kind], *self.bad[kind]})
        rest = [each for each in there if each > after]
        portion = rest[: self.page_size]
        more = portion[-1] if len(rest) > self.page_size else ""
        return IdPage(ids=tuple(portion), after=more, expected=len(there))

    def missing(self, kind: Kind, known_ids: Sequence[str]) -> tuple[str, ...]:
        """Tell which are not there."""
        self._call("missing")
        self._end_call()
        there = {*self.records[kind], *self.bad[kind]}
        return tuple(each for each in known_ids if each not in there)

    def owned_values(self, record_ids: Sequence[str]) -> dict[str, dict[CreditField, FieldValue]]:
        """Tell the credit fields of accounts that exist."""
        self._call("owned_values")
        self._end_call()
        there = self.records[Kind.ACCOUNTS]
        return {key: dict(self.fields.get(key, {})) for key in record_ids if key in there}

    def update_fields(self, updates: Sequence[FieldUpdate]) -> list[Outcome]:
        """Write credit fields; the account's modified time moves, as in a real CRM."""
        self._call("update_fields")
        outcomes = [self._answered(self._update(update), "update_fields") for update in updates]
        self._end_call()
        return outcomes

    def _update(self, update: FieldUpdate) -> Outcome:
        record_id = update.account.record_id
        if record_id not in self.records[Kind.ACCOUNTS]:
            return RecordNotFound("no such account", system=self._system, operation="update_fields")
        self.fields.setdefault(record_id, {}).update(update.values)
        self.put(self.records[Kind.ACCOUNTS][record_id])
        return Receipt(effect=WriteEffect.WRITTEN, record_id=record_id, modified_at=self.moment)

    def create_tasks(self, drafts: Sequence[TaskDraft]) -> list[Outcome]:
        """Create tasks, or adopt them where keys are enforced."""
        self._call("create_tasks")
        outcomes = [self._answered(self._create(draft), "create_tasks") for draft in drafts]
        self._end_call()
        return outcomes

    def _create(self, draft: TaskDraft) -> Outcome:
        known = self.tasks.get(draft.key)
        if known is not None and self._enforces:
            return Receipt(effect=WriteEffect.ADOPTED, record_id=known.task_id)
        self.drafts.append(draft)
        task_id = f"t{len(self.drafts)}"
        self.tasks[draft.key] = TaskState(
            key=draft.key,
            task_id=task_id,
            account_id=draft.account.record_id,
            closed=False,
            subject=draft.subject,
        )
        return Receipt(effect=WriteEffect.CREATED, record_id=task_id, modified_at=self._tick())

    def change_tasks(self, changes: Sequence[TaskChange]) -> list[Outcome]:
        """Rewrite or close tasks."""
        self._call("change_tasks")
        outcomes = [self._answered(self._change(change), "change_tasks") for change in changes]
        self._end_call()
        return outcomes

    def _change(self, change: TaskChange) -> Outcome:
        known = self.tasks.get(change.key)
        if known is None:
            return RecordNotFound("no such task", system=self._system, operation="change_tasks")
        self.tasks[change.key] = msgspec.structs.replace(
            known, subject=change.subject, closed=change.closed
        )
        return Receipt(
            effect=WriteEffect.WRITTEN, record_id=known.task_id, modified_at=self._tick()
        )

    def _answered(self, outcome: Outcome, operation: str) -> Outcome:
        if self.lose_answers and not isinstance(outcome, CrmError):
            self.lose_answers -= 1
            return OutcomeUnknown("no answer came", system=self._system, operation=operation)
        return outcome

    def find_tasks(self, keys: Sequence[str]) -> dict[str, TaskState]:
        """Look tasks up."""
        self._call("find_tasks")
        self._end_call()
        return {key: self.tasks[key] for key in keys if key in self.tasks}

    def check(self) -> list[Finding]:
        """Find nothing to say."""
        return []

    def provision(self, *, dry_run: bool) -> list[ProvisionStep]:
        """Need nothing."""
        return []

    def watch(self, url: str) -> list[WatchReceipt]:
        """Open one channel that does not expire."""
        self._call("watch")
        return [WatchReceipt(channel_id=f"{self._system}-1", expires_at=None)]

    def unwatch(self) -> int:
        """Close the one channel."""
        self._call("unwatch")
        return 1

    def usage(self) -> Usage:
        """One credit a call."""
        total = self.calls.total()
        return Usage(total, total)

    def _call(self, operation: str) -> None:
        self.calls[operation] += 1
        if not self._kill_answered and self.calls.total() == self._kill_at:
            self._kill_at = 0
            raise self._kill_how
        self.before_call(operation, self.calls[operation])

    # Faults

    def kill_at(self, number: int, how: type[BaseException], *, answered: bool) -> None:
        """End the process at a call, counted from now over all operations; once.

        ``answered``: after the CRM has done it.
        """
        self._kill_at, self._kill_how = self.calls.total() + number, how
        self._kill_answered = answered

    def _end_call(self) -> None:
        if self._kill_answered and self.calls.total() == self._kill_at:
            self._kill_at = 0
            raise self._kill_how

    def fail_once(self, operation: str, number: int) -> None:
        """Let the CRM be unavailable at one call of an operation, counted from now."""
        due = self.calls[operation] + number

        def fail(called: str, count: int) -> None:
            if called == operation and count == due:
                raise CrmUnavailable("is down", system=self._system, operation=operation)

        self.before_call = fail


def _place(moment: datetime, record_id: str) -> str:
    return f"{moment.isoformat()}|{record_id}"
