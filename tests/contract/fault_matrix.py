"""The fault matrix: every fault × every operation of each CRM, and what came of it.

``python -m tests.contract.fault_matrix`` prints it as a table, with the calls that each cell took,
and below it what a long outage costs: the calls of a unit of work, and the share of repetitions.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from adapters.errors import CrmError
from adapters.port import (
    CreditField,
    CrmPort,
    FieldUpdate,
    FieldValue,
    KeepsNotes,
    NoteDraft,
    Receipt,
    WritesInBulk,
)
from adapters.settings import Secret
from sandbox.faults import FaultKind, FaultRule
from scoring.records import AccountRef, Kind
from tests.contract.bench import (
    VENDORS,
    ZOHO,
    ZOHO_BOOKS,
    ZOHO_EXPORTS,
    Bench,
    Vendor,
    a_change,
    a_draft,
    open_bench,
    read_all,
)

__all__ = [
    "MOST_CALLS",
    "MOST_REPEATED",
    "OPERATIONS",
    "Cell",
    "Outage",
    "cell",
    "cells",
    "outage",
]

MOST_CALLS = 6  # one, and five tries again (reliability T06)
MOST_REPEATED = 0.1  # of all calls in an outage are repetitions
OUTAGE_ROUNDS = 20  # of all operations that both CRMs have
MORE_THAN_A_PAGE = 120  # accounts, so that they are exported


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """What one operation made of one fault that struck once. ``outcome``: ``well`` or an error.

    ``calls``: of the unit of work that was struck; the operation's other calls are left out.
    """

    vendor: str
    operation: str
    fault: FaultKind
    outcome: str
    calls: int


class Outage(msgspec.Struct, frozen=True, kw_only=True):
    """What it cost to ask a CRM that answers nothing: each unit is one operation."""

    vendor: str
    units: int
    calls: int
    most_of_a_unit: int

    @property
    def repeated(self) -> float:
        """The share of calls that were repetitions; in an outage a unit's first call is its last."""
        return (self.calls - self.units) / self.calls


class _Scene(msgspec.Struct, kw_only=True):
    """A CRM with an account and a task, and a port that has seen both."""

    bench: Bench
    port: CrmPort
    account: str
    task: str


def _update(scene: _Scene) -> object:
    values: dict[CreditField, FieldValue] = {CreditField.RATING: "A"}
    update = FieldUpdate(account=AccountRef("crm", scene.account), values=values)
    return scene.port.update_fields([update])[0]


def _create(scene: _Scene) -> object:
    return scene.port.create_tasks([a_draft(scene.account, "crm:1:overdue:L2")])[0]


def _change(scene: _Scene) -> object:
    draft = a_draft(scene.account)
    return scene.port.change_tasks([a_change(draft, scene.task)])[0]


def _update_in_bulk(scene: _Scene) -> object:
    assert isinstance(scene.port, WritesInBulk)
    values: dict[CreditField, FieldValue] = {CreditField.RATING: "A"}
    update = FieldUpdate(account=AccountRef("crm", scene.account), values=values)
    return scene.port.update_fields_in_bulk([update], go_on=lambda: True)[0]


def _a_note(scene: _Scene) -> NoteDraft:
    account = AccountRef("crm", scene.account)
    return NoteDraft(key="crm:1:note:1", account=account, title="信用评级", body="A")


def _add_note(scene: _Scene) -> object:
    assert isinstance(scene.port, KeepsNotes)
    return scene.port.add_notes([_a_note(scene)])[0]


def _find_note(scene: _Scene) -> object:
    assert isinstance(scene.port, KeepsNotes)
    return scene.port.find_note(_a_note(scene))


def _watch(scene: _Scene) -> object:
    return scene.port.watch("http://127.0.0.1:9/hooks/x")


def _export(scene: _Scene) -> object:
    return read_all(scene.port, Kind.ACCOUNTS)


class Operation(msgspec.Struct, frozen=True):
    """How an operation is done; ``strikes`` gives the call that a fault meets, its first if none.

    ``writes``: what it meets may change something. ``calls``: how many it takes when all is well.
    ``before``: what has to be there. ``alone``: the one CRM that has it.
    """

    act: Callable[[_Scene], object]
    strikes: Callable[[Vendor], str] | None = None
    writes: bool = False
    calls: int = 1
    before: Callable[[_Scene], object] | None = None
    alone: Vendor | None = None

    @property
    def vendors(self) -> tuple[Vendor, ...]:
        """The CRMs that have the operation."""
        return VENDORS if self.alone is None else (self.alone,)


_MORE_OPTIONS: dict[str, dict[str, object]] = {"zoho": {"bulk_write": "always", "notes": True}}
_BULK, _EXPORT, _WATCH = "/crm/bulk/v8/write", "/crm/bulk/v8/read", "/crm/v8/actions/watch"
OPERATIONS: dict[str, Operation] = {
    "changes": Operation(lambda scene: read_all(scene.port, Kind.ACCOUNTS)),
    "fetch": Operation(lambda scene: scene.port.fetch(Kind.ACCOUNTS, [scene.account])),
    "ids": Operation(lambda scene: scene.port.ids(Kind.ACCOUNTS)),
    "missing": Operation(lambda scene: scene.port.missing(Kind.ACCOUNTS, [scene.account])),
    "owned_values": Operation(lambda scene: scene.port.owned_values([scene.account])),
    "find_tasks": Operation(lambda scene: scene.port.find_tasks(["crm:1:overdue:L1"])),
    "update_fields": Operation(_update, lambda vendor: vendor.updates, writes=True),
    "create_tasks": Operation(_create, lambda vendor: vendor.creates, writes=True),
    "change_tasks": Operation(_change, lambda vendor: vendor.task_updates, writes=True),
    "find_note": Operation(_find_note, before=_add_note, alone=ZOHO),
    "add_notes": Operation(_add_note, lambda _: "POST /crm/v8/Notes", writes=True, alone=ZOHO),
    "watch": Operation(_watch, lambda _: f"POST {_WATCH}", writes=True, alone=ZOHO),
    "unwatch": Operation(
        lambda scene: scene.port.unwatch(),
        lambda _: f"DELETE {_WATCH}",
        writes=True,
        before=_watch,
        alone=ZOHO,
    ),
    "provision": Operation(
        lambda scene: scene.port.provision(dry_run=False),
        lambda _: "GET /crm/v8/settings/fields",
        calls=2,
        alone=ZOHO,
    ),
    "bulk: upload": Operation(
        _update_in_bulk, lambda _: "POST /crm/v8/upload", calls=4, alone=ZOHO
    ),
    "bulk: start": Operation(
        _update_in_bulk, lambda _: f"POST {_BULK}", writes=True, calls=6, alone=ZOHO
    ),
    "bulk: look": Operation(_update_in_bulk, lambda _: f"GET {_BULK}/", calls=4, alone=ZOHO),
    "bulk: result": Operation(_update_in_bulk, lambda _: "GET /v2/crm/", calls=4, alone=ZOHO),
    "export: start": Operation(_export, lambda _: f"POST {_EXPORT}", calls=9, alone=ZOHO_EXPORTS),
    "export: look, file": Operation(
        _export, lambda _: f"GET {_EXPORT}/", calls=9, alone=ZOHO_EXPORTS
    ),
    "books": Operation(
        lambda scene: read_all(scene.port, Kind.INVOICES), lambda _: "* /books/", alone=ZOHO_BOOKS
    ),
}


def cells() -> Iterator[Cell]:
    """Play every fault in every operation of the CRMs that have it."""
    for name, operation in OPERATIONS.items():
        for vendor in operation.vendors:
            for fault in FaultKind:
                yield cell(vendor, name, fault)


def cell(
    vendor: Vendor,
    operation: str,
    fault: FaultKind,
    *,
    name: str | None = None,
    hear: Callable[[Bench, object], None] = lambda _bench, _found: None,
) -> Cell:
    """Let a fault strike once; ``hear`` what came of it, on an account of this ``name``."""
    done = OPERATIONS[operation]
    with _opened(vendor) as bench:
        scene = _set(bench, done, name=name)
        bench.fail(done.strikes(vendor) if done.strikes else "* /", fault)
        before = scene.port.usage().calls
        try:
            found = done.act(scene)
        except CrmError as error:
            found = error
        hear(bench, found)
        others = done.calls - 1  # unless the fault ended it before they came
        calls = max(1, scene.port.usage().calls - before - others)
        return Cell(
            vendor=vendor.name, operation=operation, fault=fault, outcome=_told(found), calls=calls
        )


def outage(vendor: Vendor) -> Outage:
    """Do every operation again and again while each call fails."""
    common = [each for each in OPERATIONS.values() if each.alone is None]
    with _opened(vendor) as bench:
        scene = _set(bench, *common)
        bench.crm.faults.replace([FaultRule(match="* /", kind=FaultKind.ERROR_503)])
        costs = [
            _cost_of_failing(scene, operation) for _ in range(OUTAGE_ROUNDS) for operation in common
        ]
    return Outage(vendor=vendor.name, units=len(costs), calls=sum(costs), most_of_a_unit=max(costs))


def _cost_of_failing(scene: _Scene, operation: Operation) -> int:
    before = scene.port.usage().calls
    try:
        found = operation.act(scene)
    except CrmError as error:
        found = error
    assert isinstance(found, CrmError), "a call got through in an outage"
    return scene.port.usage().calls - before


@contextmanager
def _opened(vendor: Vendor) -> Iterator[Bench]:
    own: dict[str, Any] = {"bulk_job_seconds": 0.0} if vendor is ZOHO else {}
    with open_bench(vendor, **own) as bench:
        yield bench


def _set(bench: Bench, *operations: Operation, name: str | None = None) -> _Scene:
    account, token = bench.add_account(), Secret("c" * 43)
    if name is not None:
        bench.rename_account(account, name)
    for _ in range(MORE_THAN_A_PAGE if bench.vendor is ZOHO_EXPORTS else 0):
        bench.add_account()
    known = bench.vendor.settings(bench.crm, bench.url)
    port = bench.open(
        options=known.options | _MORE_OPTIONS.get(bench.vendor.name, {}),
        secrets=known.secrets | {"channel_token": token},
    )
    created = port.create_tasks([a_draft(account)])[0]
    assert isinstance(created, Receipt)
    scene = _Scene(bench=bench, port=port, account=account, task=created.record_id)
    for operation in operations:
        if operation.before is not None:
            operation.before(scene)
        if not operation.writes:
            operation.act(scene)  # the port has read what it needs to know of the CRM
    return scene


def _told(found: Any) -> str:
    return type(found).__name__ if isinstance(found, CrmError) else "well"


_WIDTH = 220
_SHORT = {
    "well": "well",
    "OutcomeUnknown": "unknown",
    "RateLimited": "limited",
    "QuotaExhausted": "no quota",
    "CrmUnavailable": "rests",
}


def main() -> None:
    """Print a table for each CRM: operations down, faults across, outcome and calls; an outage."""
    found = {(one.vendor, one.operation, one.fault): one for one in cells()}
    for vendor in VENDORS:
        mine = [name for name, each in OPERATIONS.items() if vendor.name in _names(each)]
        faults = [kind.value.replace("_", "\n", 1).replace("_", " ") for kind in FaultKind]
        table = Table("operation", *faults, title=vendor.name)
        for operation in mine:
            row = (found[vendor.name, operation, fault] for fault in FaultKind)
            table.add_row(operation, *(f"{_SHORT[one.outcome]} {one.calls}" for one in row))
        Console(width=_WIDTH).print(table)
        calls = [one.calls for one in found.values() if one.vendor == vendor.name]
        lost = outage(vendor)
        Console(width=_WIDTH).print(
            f"one fault: {sum(calls) / len(calls):.2f} calls for a unit, at most {max(calls)}; "
            f"an outage: {lost.calls} calls for {lost.units} units, at most "
            f"{lost.most_of_a_unit} for one, {lost.repeated:.1%} of them repetitions"
        )


def _names(operation: Operation) -> set[str]:
    return {vendor.name for vendor in operation.vendors}


if __name__ == "__main__":
    main()
