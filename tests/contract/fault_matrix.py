"""The fault matrix: every fault × every operation of both CRMs, and what came of it.

``python -m tests.contract.fault_matrix`` prints it as a table, with the calls that each cell took,
and below it what a long outage costs: the calls of a unit of work, and the share of repetitions.
"""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from adapters.errors import CrmError
from adapters.port import CreditField, CrmPort, FieldUpdate, FieldValue, Receipt
from sandbox.faults import FaultKind, FaultRule
from scoring.records import AccountRef, Kind
from tests.contract.bench import VENDORS, Bench, Vendor, a_change, a_draft, open_bench, read_all

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
OUTAGE_ROUNDS = 20  # of all operations


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """What one operation made of one fault that struck once. ``outcome``: ``well`` or an error."""

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


class Operation(msgspec.Struct, frozen=True):
    """How an operation is done; ``written`` gives the call that writes, ``None`` for a read."""

    act: Callable[[_Scene], object]
    written: Callable[[Vendor], str] | None = None


OPERATIONS: dict[str, Operation] = {
    "changes": Operation(lambda scene: read_all(scene.port, Kind.ACCOUNTS)),
    "fetch": Operation(lambda scene: scene.port.fetch(Kind.ACCOUNTS, [scene.account])),
    "owned_values": Operation(lambda scene: scene.port.owned_values([scene.account])),
    "find_tasks": Operation(lambda scene: scene.port.find_tasks(["crm:1:overdue:L1"])),
    "update_fields": Operation(_update, lambda vendor: vendor.updates),
    "create_tasks": Operation(_create, lambda vendor: vendor.creates),
    "change_tasks": Operation(_change, lambda vendor: vendor.task_updates),
}


def cells() -> Iterator[Cell]:
    """Play every fault in every operation of both CRMs."""
    for vendor in VENDORS:
        for operation in OPERATIONS:
            for fault in FaultKind:
                yield cell(vendor, operation, fault)


def cell(vendor: Vendor, operation: str, fault: FaultKind) -> Cell:
    """Let a fault strike the first call of a read, or the call that writes, once."""
    with open_bench(vendor) as bench:
        scene = _set(bench)
        done = OPERATIONS[operation]
        bench.fail(done.written(vendor) if done.written else "* /", fault)
        before = scene.port.usage().calls
        try:
            found = done.act(scene)
        except CrmError as error:
            found = error
        calls = scene.port.usage().calls - before
        return Cell(
            vendor=vendor.name, operation=operation, fault=fault, outcome=_told(found), calls=calls
        )


def outage(vendor: Vendor) -> Outage:
    """Do every operation again and again while each call fails."""
    with open_bench(vendor) as bench:
        scene = _set(bench)
        bench.crm.faults.replace([FaultRule(match="* /", kind=FaultKind.ERROR_503)])
        costs = [
            _cost_of_failing(scene, operation)
            for _ in range(OUTAGE_ROUNDS)
            for operation in OPERATIONS.values()
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


def _set(bench: Bench) -> _Scene:
    account, port = bench.add_account(), bench.open()
    created = port.create_tasks([a_draft(account)])[0]
    assert isinstance(created, Receipt)
    scene = _Scene(bench=bench, port=port, account=account, task=created.record_id)
    for operation in OPERATIONS.values():
        if operation.written is None:
            operation.act(scene)  # the port has read what it needs to know of the CRM
    return scene


def _told(found: Any) -> str:
    return type(found).__name__ if isinstance(found, CrmError) else "well"


def main() -> None:
    """Print a table for each CRM: faults down, operations across, outcome and calls; and an outage."""
    found = {(one.vendor, one.fault, one.operation): one for one in cells()}
    for vendor in VENDORS:
        table = Table("fault", *OPERATIONS, title=vendor.name)
        for fault in FaultKind:
            row = (found[vendor.name, fault, operation] for operation in OPERATIONS)
            table.add_row(fault.value, *(f"{one.outcome} {one.calls}" for one in row))
        Console(width=170).print(table)
        calls = [one.calls for one in found.values() if one.vendor == vendor.name]
        lost = outage(vendor)
        Console(width=170).print(
            f"one fault: {sum(calls) / len(calls):.2f} calls for a unit, at most {max(calls)}; "
            f"an outage: {lost.calls} calls for {lost.units} units, at most "
            f"{lost.most_of_a_unit} for one, {lost.repeated:.1%} of them repetitions"
        )


if __name__ == "__main__":
    main()
