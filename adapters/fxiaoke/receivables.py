"""Chooses where claims are read: by what the tenant has bought, or as configured.

Receivable notes come first, for there open amounts and due dates are the tenant's own; then payment
plans with the orders behind them, then orders. An object that the configuration names by hand is
what is meant. Feeds whose module the tenant does not have are skipped, and the log and the doctor
say so; customers, claims and what was named by hand are never skipped.
"""

import logging
import threading
from collections.abc import Mapping
from enum import StrEnum

import msgspec

from adapters.errors import CrmError
from adapters.fxiaoke.client import FxiaokeClient
from adapters.fxiaoke.mapping import FxiaokeMapping
from adapters.fxiaoke.metadata import DESCRIBE_SECONDS, Describes
from adapters.fxiaoke.names import Receivables
from scoring.records import Kind

__all__ = [
    "Choice",
    "ReceivablesChooser",
    "Source",
    "objects_of",
    "part_of",
    "read_fields",
    "resolved",
]

_log = logging.getLogger(__name__)
_AWAY_SECONDS = 10.0  # who only wants to know the feeds does not ask a CRM that just failed
_NEVER_SKIPPED = (Kind.OWNERS, Kind.ACCOUNTS, Kind.INVOICES)


class Source(StrEnum):
    """What a claim is."""

    NOTES = "notes"
    PLANS = "plans"
    ORDERS = "orders"


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Where claims come from, why, and which feeds there are.

    ``skipped`` says why a feed that the mapping names is not read. ``open_only``: payments cannot
    be matched with notes, so a note counts by what is open of it.
    """

    source: Source
    why: str
    kinds: tuple[Kind, ...]
    skipped: dict[Kind, str] = {}
    open_only: bool = False


class ReceivablesChooser:
    """Chooses anew every ten minutes at most. Safe to share between threads."""

    def __init__(
        self, client: FxiaokeClient, describes: Describes, mapping: FxiaokeMapping
    ) -> None:
        self._client = client
        self._describes = describes
        self._mapping = mapping
        self._lock = threading.Lock()
        self._kept: tuple[float, Choice] | None = None
        self._ask_again_at: float | None = None

    def choice(self) -> Choice:
        """Return the choice, made anew when it is old. Raises ``CrmError``."""
        now = self._monotonic()
        with self._lock:
            kept = self._kept
        if kept is not None and now - kept[0] < DESCRIBE_SECONDS:
            return kept[1]
        fresh = self._choose()
        with self._lock:
            before, self._kept = self._kept, (now, fresh)
            self._ask_again_at = None
        if before is None or before[1] != fresh:
            self._tell(fresh, other=before is not None and before[1].source is not fresh.source)
        return fresh

    def kinds(self) -> tuple[Kind, ...]:
        """Name the feeds there are. While the CRM cannot be asked: as last chosen, or configured.

        Before any choice these are the feeds that every source has. A failure stands for ten
        seconds, in which nobody waits for it again.
        """
        with self._lock:
            wait_until = self._ask_again_at
        if wait_until is None or self._monotonic() >= wait_until:
            try:
                return self.choice().kinds
            except CrmError:
                with self._lock:
                    self._ask_again_at = self._monotonic() + _AWAY_SECONDS
        with self._lock:
            kept = self._kept
        return self._configured() if kept is None else kept[1].kinds

    def _monotonic(self) -> float:
        return self._client.http.pace.monotonic()

    def _configured(self) -> tuple[Kind, ...]:
        fixed = _FIXED.get(self._mapping.receivables)
        sources = Source if fixed is None else (fixed,)
        return tuple(
            kind
            for kind in Kind
            if all(all(objects_of(kind, source, self._mapping)) for source in sources)
        )

    def _choose(self) -> Choice:
        active = set(self._describes.active_objects())
        source, why = self._source(active)
        kinds, skipped = [], {}
        for kind in Kind:
            objects = objects_of(kind, source, self._mapping)
            if not all(objects):
                continue
            absent = [name for name in objects if name not in active]
            if kind not in _NEVER_SKIPPED and absent and _usual(absent, kind, source):
                skipped[kind] = f"object {', '.join(absent)} for {kind.value} is not active"
            else:
                kinds.append(kind)
        return Choice(
            source=source,
            why=why,
            kinds=tuple(kinds),
            skipped=skipped,
            open_only=source is Source.NOTES and self._unmatched(active, skipped),
        )

    def _unmatched(self, active: set[str], skipped: Mapping[Kind, str]) -> bool:
        """Tell whether only the notes themselves say what was paid of them."""
        names = self._mapping.invoices
        if Kind.ALLOCATIONS not in skipped or names.object not in active:
            return names.open_only
        return bool(self._describes.of(names.object).having(names.open))

    def _source(self, active: set[str]) -> tuple[Source, str]:
        wanted = self._mapping.receivables
        if wanted is not Receivables.AUTO:
            return _FIXED[wanted], f"as configured: receivables = {wanted.value!r}"
        named = self._mapping.invoices.object
        if named != _USUAL.invoices.object:
            return Source.NOTES, f"as configured: invoices.object = {named!r}"
        reasons: list[str] = []
        for source in Source:
            lacking = self._lacking(source, active)
            if lacking is None:
                because = f", because {'; '.join(reasons)}" if reasons else ""
                return source, f"chosen by what the tenant has{because}"
            reasons.append(lacking)
        return Source.NOTES, f"nothing fits: {'; '.join(reasons)}"

    def _lacking(self, source: Source, active: set[str]) -> str | None:
        """Say what a source lacks; ``None``: it can be read."""
        mapping = self._mapping
        for name in objects_of(Kind.INVOICES, source, mapping):
            if name not in active:
                return f"{name or source.value} is not active"
            needed = {
                mapping.invoices.object: _needed_of_notes(mapping),
                mapping.plans.object: mapping.plans.needed(),
                mapping.orders.object: _needed_of_orders(mapping),
            }[name]
            described = self._describes.of(name)
            for group in needed:
                if not described.having(group):
                    return f"{name} has no field {' or '.join(group)}"
        return None

    def _tell(self, choice: Choice, *, other: bool) -> None:
        system, source = self._client.system, choice.source.value
        _log.info("%s: claims are read from %s, %s", system, source, choice.why)
        if other:
            remedy = f"zixin pull {system} --full --allow-mass-change"
            _log.warning("%s: that was another source before, run `%s`", system, remedy)
        for kind, why in choice.skipped.items():
            _log.warning("%s: the feed of %s is skipped: %s", system, kind.value, why)


_USUAL = FxiaokeMapping()
_FIXED = {
    Receivables.NOTES: Source.NOTES,
    Receivables.CUSTOM: Source.NOTES,
    Receivables.PLANS: Source.PLANS,
    Receivables.ORDERS: Source.ORDERS,
}


def _usual(names: list[str], kind: Kind, source: Source) -> bool:
    """Tell whether these are the platform's own modules; one named by hand is never skipped."""
    usual = objects_of(kind, source, _USUAL)
    return all(name in usual for name in names)


def objects_of(kind: Kind, source: Source, mapping: FxiaokeMapping) -> tuple[str, ...]:
    """Name the objects a feed needs; an empty name: there is no such feed."""
    if kind is Kind.OWNERS:
        return ()
    if source is Source.NOTES:
        return (mapping.object_of(kind),)
    match kind:
        case Kind.INVOICES:
            plans = (mapping.plans.object,) if source is Source.PLANS else ()
            return (mapping.orders.object, *plans)
        case Kind.CREDIT_NOTES:
            return ("",)
        case Kind.ALLOCATIONS:
            return (mapping.order_payments.object,)
        case _:
            return (mapping.object_of(kind),)


def part_of(kind: Kind, object_name: str, source: Source, mapping: FxiaokeMapping) -> str:
    """Name the part of the mapping in which an object of a feed stands."""
    if source is not Source.NOTES and kind is Kind.ALLOCATIONS:
        return "order_payments"
    if source is not Source.NOTES and kind is Kind.INVOICES:
        return "plans" if object_name == mapping.plans.object else "orders"
    return mapping.part_of(kind)


def read_fields(
    kind: Kind, object_name: str, source: Source, mapping: FxiaokeMapping
) -> tuple[tuple[str, ...], ...]:
    """Name the fields a feed reads of an object, one group for each fact: any of it will do."""
    if source is Source.NOTES or kind not in {Kind.INVOICES, Kind.ALLOCATIONS}:
        return mapping.candidates(kind)
    plain: tuple[str, ...]
    if kind is Kind.ALLOCATIONS:
        plain, groups = mapping.order_payments.read(), mapping.order_payments.needed()
    elif object_name == mapping.plans.object:
        plain, groups = mapping.plans.read(), mapping.plans.needed()
    else:
        return _needed_of_orders(mapping)
    grouped = {name for group in groups for name in group}
    return (*groups, *((name,) for name in plain if name and name not in grouped))


def _needed_of_notes(mapping: FxiaokeMapping) -> tuple[tuple[str, ...], ...]:
    names = mapping.invoices
    return ((names.account,), (names.issued_on,), (names.due_on,), names.amount)


def _needed_of_orders(mapping: FxiaokeMapping) -> tuple[tuple[str, ...], ...]:
    names = mapping.orders
    return ((names.account,), (names.ordered_on,), names.amount)


def resolved(mapping: FxiaokeMapping, choice: Choice) -> FxiaokeMapping:
    """Return the mapping with what follows from the choice.

    Where an order is a claim itself, nothing of it is still to be invoiced.
    """
    if choice.open_only:
        names = mapping.invoices
        invoices = msgspec.structs.replace(names, amount=names.open, open_only=True)
        return msgspec.structs.replace(mapping, invoices=invoices)
    if choice.source is Source.NOTES:
        return mapping
    orders = msgspec.structs.replace(mapping.orders, invoiced=mapping.orders.amount)
    return msgspec.structs.replace(mapping, orders=orders)
