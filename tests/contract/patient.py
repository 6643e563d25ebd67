"""A port used the way the product uses it: what has no sure outcome is asked for again.

Reads repeat inside the port. A write is sent once, and its repetition belongs to the outbox; here
``Patient`` takes the outbox's place, so that the same promise can be looked at on a bad day.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from adapters.errors import Transient
from adapters.port import (
    CreditField,
    CrmPort,
    Cursor,
    FieldUpdate,
    FieldValue,
    Finding,
    IdPage,
    Outcome,
    Page,
    ProvisionStep,
    TaskChange,
    TaskDraft,
    TaskState,
    Usage,
    WatchReceipt,
)
from scoring.records import Kind

__all__ = ["Patient"]

T = TypeVar("T")
PATIENCE = 12  # rounds; a plan has fewer faults


class Patient:
    """A ``CrmPort`` around another one."""

    def __init__(self, port: CrmPort, sleep: Callable[[float], None]) -> None:
        self._port = port
        self._sleep = sleep
        self.system, self.vendor = port.system, port.vendor

    @property
    def kinds(self) -> tuple[Kind, ...]:
        return self._port.kinds

    @property
    def enforces_task_key(self) -> bool:
        return self._port.enforces_task_key

    def changes(self, kind: Kind, cursor: Cursor) -> Page:
        return self._port.changes(kind, cursor)

    def fetch(self, kind: Kind, record_ids: Sequence[str]) -> Page:
        return self._port.fetch(kind, record_ids)

    @property
    def tells_deletions(self) -> bool:
        return self._port.tells_deletions

    def ids(self, kind: Kind, after: str = "") -> IdPage:
        return self._port.ids(kind, after)

    def missing(self, kind: Kind, known_ids: Sequence[str]) -> tuple[str, ...]:
        return self._port.missing(kind, known_ids)

    def owned_values(self, record_ids: Sequence[str]) -> dict[str, dict[CreditField, FieldValue]]:
        return self._port.owned_values(record_ids)

    def find_tasks(self, keys: Sequence[str]) -> dict[str, TaskState]:
        return self._port.find_tasks(keys)

    def check(self) -> list[Finding]:
        return self._port.check()

    def usage(self) -> Usage:
        return self._port.usage()

    def update_fields(self, updates: Sequence[FieldUpdate]) -> list[Outcome]:
        return self._until_sure(self._port.update_fields, updates)

    def create_tasks(self, drafts: Sequence[TaskDraft]) -> list[Outcome]:
        return self._until_sure(self._port.create_tasks, drafts)

    def change_tasks(self, changes: Sequence[TaskChange]) -> list[Outcome]:
        def change(some: Sequence[TaskChange]) -> list[Outcome]:
            try:
                return self._port.change_tasks(some)
            except Transient as error:
                return [error] * len(some)

        return self._until_sure(change, changes)

    def provision(self, *, dry_run: bool) -> list[ProvisionStep]:
        return self._port.provision(dry_run=dry_run)

    def unwatch(self) -> int:
        return self._port.unwatch()

    def watch(self, url: str) -> list[WatchReceipt]:
        for _ in range(PATIENCE):
            try:
                return self._port.watch(url)
            except Transient:
                self._sleep(60)
        return self._port.watch(url)

    def _until_sure(
        self, write: Callable[[Sequence[T]], list[Outcome]], asked: Sequence[T]
    ) -> list[Outcome]:
        """Write; then write again what is transient or unknown, and only that."""
        outcomes = write(asked)
        for _ in range(PATIENCE):
            open_ones = [n for n, each in enumerate(outcomes) if isinstance(each, Transient)]
            if not open_ones:
                break
            self._sleep(60)
            again = write([asked[n] for n in open_ones])
            for n, outcome in zip(open_ones, again, strict=True):
                outcomes[n] = outcome
        return outcomes
