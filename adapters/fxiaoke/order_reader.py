"""Reads claims and allocations from orders, where the tenant has no receivable notes.

A claim comes from several records: an order, its instalments, its customer's terms. Whichever of
order and instalment changed, the order is read whole. What only a customer's terms or a deleted
instalment would change comes with the next full pull.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from adapters.fxiaoke.client import PAGE_LIMIT, FxiaokeClient, Json
from adapters.fxiaoke.mapping import FxiaokeMapping, Translated
from adapters.fxiaoke.metadata import Describes
from adapters.fxiaoke.order_claims import (
    OrderBook,
    allocations_of,
    claims_of,
    loose_claim,
    order_fields,
)
from adapters.fxiaoke.scan import Position, Scanner, begun, cursor_after, resumed
from adapters.fxiaoke.values import BadValue, integer_of, text_of
from adapters.port import Cursor, IdPage, Page
from scoring.records import Kind

__all__ = ["OrderReader"]


class OrderReader:
    """The feeds of invoices and allocations; ``with_plans``: instalments are read, too."""

    def __init__(
        self,
        client: FxiaokeClient,
        describes: Describes,
        mapping: FxiaokeMapping,
        *,
        with_plans: bool,
    ) -> None:
        self._client = client
        self._describes = describes
        self._scanner = Scanner(client, describes)
        self._mapping = mapping
        self._with_plans = with_plans

    def changes(self, kind: Kind, cursor: Cursor) -> Page:
        """Read the next portion of a feed, as ``CrmPort.changes`` says."""
        objects = self._objects(kind)
        position = resumed(cursor, objects)
        if position is not None and cursor.promise is not None:
            return self._portion(kind, cursor, position, cursor.promise)
        found = [self._scanner.newest(name) for name in objects]
        newest = max((each for each in found if each is not None), default=None)
        promise = self._scanner.promise(cursor, newest)
        if promise is None:
            return Page(kind=kind, cursor=Cursor(watermark=cursor.watermark), finished=True)
        return self._portion(kind, cursor, begun(cursor, objects[0]), promise)

    def fetch(self, kind: Kind, record_ids: Sequence[str]) -> Page:
        """Read what became of these records, and of all that belongs to their orders."""
        if kind is Kind.ALLOCATIONS:
            found = self._allocations(self._details(_bases(record_ids)))
        else:
            plans = list(self._plans_by_id(record_ids).values())
            found = self._claims_of(plans, record_ids)
        told = {each.record_id for each in (*found.records, *found.problems)} | set(found.gone)
        missing = tuple(each for each in dict.fromkeys(record_ids) if each not in told)
        return found.page(kind, Cursor(), missing=missing)

    def ids(self, kind: Kind, after: str) -> IdPage:
        """Read the next ids: of orders, then of instalments; or of payment details.

        A place in another source's feed begins again.
        """
        objects = self._objects(kind)
        name, _, last = after.partition("/")
        if name not in objects:
            name, last = objects[0], ""
        rows, _ = self._scanner.page(name, (), after=last, counted=False)
        ids = tuple(row["_id"] for row in rows)
        if len(rows) == PAGE_LIMIT:
            return IdPage(ids=ids, after=f"{name}/{ids[-1]}")
        following = objects[objects.index(name) + 1 :]
        return IdPage(ids=ids, after=f"{following[0]}/" if following else "")

    def missing(self, kind: Kind, known_ids: Sequence[str]) -> tuple[str, ...]:
        """Tell which of these the CRM does not give back under any of the feed's objects."""
        bases = _bases(known_ids)
        there: set[str] = set()
        for name in self._objects(kind):
            there.update(self._scanner.by_id(name, (), bases))
        return tuple(each for each in known_ids if each.partition("/")[0] not in there)

    def _objects(self, kind: Kind) -> tuple[str, ...]:
        """Name the objects a feed scans, in this order."""
        if kind is Kind.ALLOCATIONS:
            return (self._mapping.order_payments.object,)
        plans = (self._mapping.plans.object,) if self._with_plans else ()
        return (self._mapping.orders.object, *plans)

    def _portion(self, kind: Kind, cursor: Cursor, position: Position, promise: datetime) -> Page:
        rows, _ = self._scanner.page(
            position.object,
            self._fields(position.object),
            after=position.after,
            since=position.since,
            counted=False,
        )
        ahead = self._ahead(kind, position, rows)
        return self._translated(position, rows).page(kind, cursor_after(cursor, promise, ahead))

    def _ahead(self, kind: Kind, position: Position, rows: Sequence[Json]) -> Position | None:
        if len(rows) == PAGE_LIMIT:
            return msgspec.structs.replace(position, after=rows[-1]["_id"])
        objects = self._objects(kind)
        following = objects[objects.index(position.object) + 1 :]
        return Position(object=following[0], since=position.since) if following else None

    def _fields(self, object_name: str) -> tuple[str, ...]:
        if object_name == self._mapping.orders.object:
            return order_fields(self._mapping)
        if object_name == self._mapping.plans.object:
            return ("create_time", *self._mapping.plans.read())
        return self._mapping.order_payments.read()

    def _translated(self, position: Position, rows: Sequence[Json]) -> Translated:
        if position.object == self._mapping.order_payments.object:
            return self._allocations(rows)
        if position.object == self._mapping.orders.object:
            return self._claims({row["_id"]: row for row in rows})
        if position.since is None:  # all orders were read before, with their instalments
            return self._loose(rows)
        return self._claims_of(rows)

    def _claims(self, orders: Mapping[str, Json]) -> Translated:
        books = self._books(orders)
        return _joined([claims_of(book, self._mapping) for book in books.values()])

    def _books(self, orders: Mapping[str, Json], *, terms: bool = True) -> dict[str, OrderBook]:
        """Put orders together with their instalments and their customers' terms."""
        plans: dict[str, list[Json]] = {}
        names = self._mapping.plans
        if self._with_plans and orders:
            fields = self._fields(names.object)
            for row in self._scanner.referring(names.object, fields, names.order, orders):
                plans.setdefault(str(row.get(names.order)), []).append(row)
        days = self._terms(orders.values()) if terms else {}
        read_at = self._client.server_now
        return {
            order_id: OrderBook(
                order=order,
                plans=plans.get(order_id, []),
                terms_days=days.get(_text(order, self._mapping.orders.account)),
                read_at=read_at,
            )
            for order_id, order in orders.items()
        }

    def _terms(self, orders: Iterable[Json]) -> dict[str, int]:
        """Read the terms of the customers of some orders, where the tenant keeps any."""
        names = self._mapping.accounts
        wanted = {_text(order, self._mapping.orders.account) for order in orders} - {""}
        known = self._describes.of(names.object).having((names.terms_days,))
        if not known or not wanted:
            return {}
        rows = self._scanner.by_id(names.object, known, sorted(wanted))
        found = {row_id: _whole(row, names.terms_days) for row_id, row in rows.items()}
        return {row_id: days for row_id, days in found.items() if days is not None}

    def _orders(self, ids: Iterable[str]) -> dict[str, Json]:
        name = self._mapping.orders.object
        return self._scanner.by_id(name, self._fields(name), ids)

    def _plans_by_id(self, ids: Iterable[str]) -> dict[str, Json]:
        name = self._mapping.plans.object
        if not self._with_plans:
            return {}
        return self._scanner.by_id(name, self._fields(name), ids)

    def _claims_of(self, plans: Sequence[Json], order_ids: Iterable[str] = ()) -> Translated:
        """Claim what the orders of some instalments owe, and these orders, each read once.

        Instalments of lost orders are taken back.
        """
        name = self._mapping.plans.order
        orders = self._orders({*order_ids, *(_text(row, name) for row in plans)} - {""})
        lost = [row for row in plans if (order := _text(row, name)) and order not in orders]
        gone = Translated(gone=tuple(row["_id"] for row in lost))
        return _joined([self._claims(orders), gone, self._loose(plans)])

    def _loose(self, plans: Iterable[Json]) -> Translated:
        """Claim the instalments that name no order."""
        read_at = self._client.server_now
        loose = [row for row in plans if not _text(row, self._mapping.plans.order)]
        return _joined([loose_claim(row, self._mapping, read_at) for row in loose])

    def _details(self, ids: Iterable[str]) -> list[Json]:
        name = self._mapping.order_payments.object
        return list(self._scanner.by_id(name, self._fields(name), ids).values())

    def _allocations(self, rows: Sequence[Json]) -> Translated:
        """Apply payment details, with all others of their orders where instalments share them."""
        by_order: dict[str, dict[str, Json]] = {}
        for order_id, row in self._ordered(rows):
            by_order.setdefault(order_id, {})[row["_id"]] = row
        books = self._books(self._orders(by_order.keys() - {""}), terms=False)
        for order_id, row in self._siblings(books):
            by_order[order_id][row["_id"]] = row
        found = [
            allocations_of(book, list(by_order[order_id].values()), self._mapping)
            for order_id, book in books.items()
        ]
        lost = [row for order_id, its in by_order.items() if order_id not in books for row in its]
        return _joined([*found, Translated(gone=tuple(lost))])

    def _siblings(self, books: Mapping[str, OrderBook]) -> Iterator[tuple[str, Json]]:
        """Read all details of orders with instalments: they name the order, or one of those."""
        names, fields = self._mapping.order_payments, self._mapping.order_payments.read()
        planned = [order_id for order_id, book in books.items() if book.plans]
        for row in self._scanner.referring(names.object, fields, names.order, planned):
            yield _text(row, names.order), row
        of_plan = {
            str(plan["_id"]): order_id for order_id in planned for plan in books[order_id].plans
        }
        if not of_plan or not self._describes.of(names.object).having((names.plan,)):
            return
        for row in self._scanner.referring(names.object, fields, names.plan, of_plan):
            if not _text(row, names.order):
                yield of_plan[_text(row, names.plan)], row

    def _ordered(self, rows: Sequence[Json]) -> Iterator[tuple[str, Json]]:
        """Say which order each detail pays; one that names none is asked by its instalment."""
        names = self._mapping.order_payments
        bare = {_text(row, names.plan) for row in rows if not _text(row, names.order)} - {""}
        plans = self._plans_by_id(bare)
        for row in rows:
            plan = plans.get(_text(row, names.plan), {})
            yield _text(row, names.order) or _text(plan, self._mapping.plans.order), row


def _bases(record_ids: Iterable[str]) -> list[str]:
    """Name the payment details behind their parts."""
    return list(dict.fromkeys(each.partition("/")[0] for each in record_ids))


def _joined(parts: Sequence[Translated]) -> Translated:
    return Translated(
        records=tuple(record for part in parts for record in part.records),
        problems=tuple(problem for part in parts for problem in part.problems),
        gone=tuple(dict.fromkeys(each for part in parts for each in part.gone)),
    )


def _text(row: Json, field: str) -> str:
    try:
        return text_of(row, field) or ""
    except BadValue:
        return ""


def _whole(row: Json, field: str) -> int | None:
    try:
        return integer_of(row, field)
    except BadValue:
        return None
