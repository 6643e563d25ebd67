"""From rows to a Book: the facts of some legal entities, columnar, straight from SQL.

Keys in the Book are ``system:record_id``. Facts of an account that is gone, or not here, stay out;
``references.py`` tells a person about the latter. An entity's part of a Book is the same whoever
else is loaded with it: money that one company paid for another's invoice is taken out of the
payer's payment and laid on the invoice.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import polars as pl
import sqlalchemy as sa

from connector.store.earlier import noticed, previous
from connector.store.engine import is_one_of
from connector.store.file_frames import CreditFile
from connector.store.loading import Chosen, Columns, Loading, in_shape, key_of
from connector.store.tables import (
    accounts,
    allocations,
    entities,
    invoices,
    orders,
    payments,
)
from scoring.book import Book
from scoring.rates import Rate, factor, round_half_up

__all__ = ["ENTITIES_AT_ONCE", "Trading", "entity_chunks", "load_book", "portions"]

#: Memory is bounded by what is loaded at once: so many entities, and about so many invoices.
ENTITIES_AT_ONCE, ITEMS_AT_ONCE = 2000, 25_000
_TRADING_FRAMES = ("entities", "accounts", "items", "payments", "allocations", "orders")
_PAYER = accounts.alias("payer")


def entity_chunks(conn: sa.Connection, size: int) -> Iterator[list[str]]:
    """Name all legal entities, sorted, in portions."""
    last = ""
    while True:
        statement = (
            sa.select(entities.c.entity)
            .where(entities.c.entity > last)
            .order_by(entities.c.entity)
            .limit(size)
        )
        chunk = list(conn.execute(statement).scalars())
        if not chunk:
            return
        yield chunk
        last = chunk[-1]


def portions(
    conn: sa.Connection,
    entities: Sequence[str],
    *,
    most: int = ENTITIES_AT_ONCE,
    items: int = ITEMS_AT_ONCE,
) -> Iterator[list[str]]:
    """Divide entities, in their order, into portions that are loaded at once.

    A portion has at most ``most`` entities and ``items`` invoices. Who has more is one by itself
    and comes first: memory that served for small portions lies in pieces, and none is large enough.
    """
    counts = _invoices_of(conn, entities)
    yield from ([entity] for entity in entities if counts.get(entity, 0) > items)
    portion: list[str] = []
    held = 0
    for entity in entities:
        count = counts.get(entity, 0)
        if count > items:
            continue
        if portion and (len(portion) == most or held + count > items):
            yield portion
            portion, held = [], 0
        portion.append(entity)
        held += count
    if portion:
        yield portion


def _invoices_of(conn: sa.Connection, entities: Sequence[str]) -> dict[str, int]:
    """Count the invoices of each entity that has any."""
    statement = (
        sa.select(accounts.c.entity, sa.func.count())
        .join(invoices, _same_account(accounts, invoices))
        .where(is_one_of(conn, accounts.c.entity, entities), invoices.c.gone_at.is_(None))
        .group_by(accounts.c.entity)
    )
    return {entity: count for entity, count in conn.execute(statement) if entity is not None}


def load_book(
    conn: sa.Connection,
    chosen: Chosen,
    rates: Mapping[str, Rate],
    *,
    policy_currency: str = "CNY",
    as_of: date | None = None,
) -> Book:
    """Load everything known about these entities (``None``: all) from one snapshot.

    Unknown entities are left out. ``as_of`` is the date that will be assessed: what was decided
    and noticed before it is loaded too, and nothing of that without it.
    """
    trading = Trading(conn, chosen)
    given = {name: getattr(trading, name)() for name in _TRADING_FRAMES}
    given["payments"] = _without_paid_for_others(
        given["payments"], trading.paid_for_others(), rates, policy_currency
    )
    given |= CreditFile(conn, chosen).frames(as_of)
    if as_of is not None:
        given |= {
            "previous": previous(conn, chosen, as_of),
            "signals": noticed(conn, chosen, as_of),
        }
    frames = {name: in_shape(name, frame) for name, frame in given.items()}
    return Book.of(rates=rates, policy_currency=policy_currency, **frames)


class Trading(Loading):
    """Master data and what was sold and paid."""

    def entities(self) -> pl.DataFrame:
        """One row an entity; what its accounts say is taken together."""
        known = self.frame(
            sa.select(
                entities.c.entity,
                entities.c.name,
                entities.c.uscc,
                entities.c.identity,
                entities.c.currency,
            ).where(self.entity_is(entities.c.entity)),
            "entities",
        )
        parts = self.frame(self._account_parts(), "entities", account=pl.String())
        together = (
            parts.sort("account")
            .group_by("entity", maintain_order=True)
            .agg(
                pl.col("terms_days").min(),
                pl.col("since").min(),
                pl.col("parent").filter(pl.col("parent") != pl.col("entity")).min(),
                pl.col("industry").drop_nulls().first(),
                pl.col("size_class").drop_nulls().first(),
            )
        )
        frame = known.join(together, on="entity", how="inner").sort("entity")
        return in_shape("entities", frame)

    def _account_parts(self) -> Columns:
        parent = accounts.alias("parent")
        return (
            sa.select(
                key_of(accounts).label("account"),
                accounts.c.entity,
                accounts.c.terms_days,
                self.day(accounts.c.created_on).label("since"),
                parent.c.entity.label("parent"),
                accounts.c.industry,
                accounts.c.size_class,
            )
            .outerjoin(
                parent,
                sa.and_(
                    parent.c.system == accounts.c.system,
                    parent.c.record_id == accounts.c.parent_id,
                    parent.c.gone_at.is_(None),
                ),
            )
            .where(self.entity_is(accounts.c.entity), accounts.c.gone_at.is_(None))
        )

    def accounts(self) -> pl.DataFrame:
        """One row an account."""
        return self.frame(
            sa.select(
                key_of(accounts).label("account"),
                accounts.c.entity,
                accounts.c.system,
                accounts.c.owner_id,
                accounts.c.name,
                accounts.c.currency,
            ).where(self.entity_is(accounts.c.entity), accounts.c.gone_at.is_(None)),
            "accounts",
        ).sort("account")

    def items(self) -> pl.DataFrame:
        """One row an invoice or credit note."""
        table = invoices
        statement = sa.select(
            key_of(table).label("item"),
            accounts.c.entity,
            key_of(accounts).label("account"),
            table.c.kind,
            table.c.number,
            self.day(table.c.issued_on),
            self.day(table.c.due_on),
            table.c.amount_currency.label("currency"),
            table.c.amount_minor.label("amount"),
            (table.c.system + ":" + table.c.applies_to).label("applies_to"),
            _in_the_same_currency(table, "disputed").label("disputed"),
            self.day(table.c.disputed_on),
            self.day(table.c.dispute_closed_on),
            table.c.dispute_outcome,
            table.c.segment,
        )
        return self.frame(self.of_accounts(statement, table), "items").sort("item")

    def payments(self) -> pl.DataFrame:
        """One row a payment."""
        table = payments
        statement = sa.select(
            key_of(table).label("payment"),
            accounts.c.entity,
            key_of(accounts).label("account"),
            self.day(table.c.paid_on),
            table.c.amount_currency.label("currency"),
            table.c.amount_minor.label("amount"),
        )
        return self.frame(self.of_accounts(statement, table), "payments").sort("payment")

    def orders(self) -> pl.DataFrame:
        """One row an order."""
        table = orders
        statement = sa.select(
            key_of(table).label("order"),
            accounts.c.entity,
            key_of(accounts).label("account"),
            self.day(table.c.ordered_on),
            self.day(table.c.deliver_on),
            table.c.amount_currency.label("currency"),
            table.c.amount_minor.label("amount"),
            _in_the_same_currency(table, "invoiced").label("invoiced"),
            table.c.status,
            table.c.prepaid,
            _in_the_same_currency(table, "delivered", otherwise=None).label("delivered"),
            _in_the_same_currency(table, "deposit", otherwise=None).label("deposit"),
            table.c.segment,
        )
        return self.frame(self.of_accounts(statement, table), "orders").sort("order")

    def allocations(self) -> pl.DataFrame:
        """What was laid on these entities' invoices, by whomever."""
        table = allocations
        frame = self.frame(
            self._linked(
                sa.select(
                    key_of(table).label("allocation"),
                    key_of(payments).label("payment"),
                    key_of(invoices).label("item"),
                    accounts.c.entity,
                    _PAYER.c.entity.label("payer"),
                    table.c.amount_currency.label("currency"),
                    table.c.amount_minor.label("amount"),
                    self.day(payments.c.paid_on),
                )
            ).where(self.entity_is(accounts.c.entity)),
            "allocations",
            payer=pl.String,
        )
        foreign = pl.col("payer").is_null() | (pl.col("payer") != pl.col("entity"))
        paid = pl.when(foreign).then("other:" + pl.col("payment")).otherwise("payment")
        return frame.with_columns(paid.alias("payment")).sort("allocation")

    def paid_for_others(self) -> pl.DataFrame:
        """What these entities' payments settled of other entities' invoices."""
        return self.frame(
            self._linked(
                sa.select(
                    key_of(payments).label("payment"),
                    allocations.c.amount_currency.label("currency"),
                    allocations.c.amount_minor.label("amount"),
                )
            ).where(
                self.entity_is(_PAYER.c.entity),
                accounts.c.entity.is_not(None),
                accounts.c.entity != _PAYER.c.entity,
            ),
            "payments",
        )

    def _linked(self, statement: Columns) -> Columns:
        """Join allocations with invoice, payment and both accounts; the payer's may be unknown."""
        table = allocations
        owing = _same_account(accounts, invoices)
        return (
            statement.select_from(table)
            .join(
                invoices,
                sa.and_(
                    invoices.c.system == table.c.system,
                    invoices.c.record_id == table.c.invoice_id,
                    invoices.c.gone_at.is_(None),
                ),
            )
            .join(accounts, owing)
            .join(
                payments,
                sa.and_(
                    payments.c.system == table.c.system,
                    payments.c.record_id == table.c.payment_id,
                    payments.c.gone_at.is_(None),
                ),
            )
            .outerjoin(_PAYER, _same_account(_PAYER, payments))
            .where(table.c.gone_at.is_(None))
        )


def _same_account(account: sa.FromClause, table: sa.Table) -> sa.ColumnElement[bool]:
    return sa.and_(
        account.c.system == table.c.system,
        account.c.record_id == table.c.account_id,
        account.c.gone_at.is_(None),
    )


def _in_the_same_currency(
    table: sa.Table, name: str, *, otherwise: int | None = 0
) -> sa.ColumnElement[int]:
    """Give a part of the amount; one in another currency than the amount is not a part of it."""
    same = table.c[f"{name}_currency"] == table.c.amount_currency
    return sa.case((same, table.c[f"{name}_minor"]), else_=otherwise)


def _without_paid_for_others(
    paid: pl.DataFrame, elsewhere: pl.DataFrame, rates: Mapping[str, Rate], base: str
) -> pl.DataFrame:
    """Take out of payments what settled other entities' invoices; never below zero."""
    if elsewhere.is_empty():
        return paid
    own: dict[str, tuple[str, int]] = {
        payment: (currency, amount)
        for payment, currency, amount in paid.select("payment", "currency", "amount").rows()
    }
    left = {payment: amount for payment, (_currency, amount) in own.items()}
    for payment, currency, amount in elsewhere.select("payment", "currency", "amount").rows():
        price = factor(rates, base, currency, own[payment][0]) if payment in own else None
        if price is not None:
            left[payment] = max(0, left[payment] - round_half_up(amount * price))
    amounts = [left[payment] for payment in paid["payment"]]
    return paid.with_columns(pl.Series("amount", amounts, pl.Int64))
