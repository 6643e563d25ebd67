"""From rows to a Book: the facts of some legal entities, columnar, straight from SQL.

Keys in the Book are ``system:record_id``. Facts of an account that is gone, or not here, stay out;
``references.py`` tells a person about the latter. An entity's part of a Book is the same whoever
else is loaded with it: money that one company paid for another's invoice is taken out of the
payer's payment and laid on the invoice.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl
import sqlalchemy as sa

from connector.store.tables import (
    accounts,
    allocations,
    entities,
    invoices,
    orders,
    payments,
)
from scoring.book import SCHEMAS, Book
from scoring.rates import Rate, factor, round_half_up

__all__ = ["entity_chunks", "load_book"]

_Select = Any  # a statement of columns of several tables
_Chosen = Sequence[str] | None
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


def load_book(
    conn: sa.Connection,
    chosen: _Chosen,
    rates: Mapping[str, Rate],
    *,
    policy_currency: str = "CNY",
) -> Book:
    """Load everything known about these entities (``None``: all) from one snapshot.

    Unknown entities are left out.
    """
    loading = _Loading(conn, chosen)
    given = {name: getattr(loading, name)() for name in SCHEMAS if name != "entities"}
    given["payments"] = _without_paid_for_others(
        given["payments"], loading.paid_for_others(), rates, policy_currency
    )
    frames = {name: _in_shape(name, frame) for name, frame in given.items()}
    return Book.of(
        rates=rates, policy_currency=policy_currency, entities=loading.entities(), **frames
    )


def _in_shape(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(list(SCHEMAS[name]))


class _Loading:
    """The statements of one Book, in one snapshot."""

    def __init__(self, conn: sa.Connection, chosen: _Chosen) -> None:
        self._conn = conn
        self._chosen = None if chosen is None else list(chosen)
        self._sqlite = conn.dialect.name == "sqlite"

    def _entity_is(self, column: sa.Column[Any]) -> sa.ColumnElement[bool]:
        return column.is_not(None) if self._chosen is None else column.in_(self._chosen)

    def _date(self, column: sa.Column[Any]) -> sa.ColumnElement[Any]:
        # SQLite keeps dates as text; polars reads them faster than rows of date objects are made.
        return sa.type_coerce(column, sa.Text).label(column.name) if self._sqlite else column

    def _frame(self, statement: _Select, name: str, **more: type[pl.String]) -> pl.DataFrame:
        schema = dict(SCHEMAS[name]) | more
        names = list(statement.selected_columns.keys())
        dates = [name for name in names if schema.get(name) == pl.Date]
        read = {
            column: pl.String if self._sqlite and column in dates else schema[column]
            for column in names
        }
        rows = [tuple(row) for row in self._conn.execute(statement)]
        frame = pl.DataFrame(rows, schema=read, orient="row")
        if self._sqlite and dates:
            frame = frame.with_columns(pl.col(column).str.to_date("%Y-%m-%d") for column in dates)
        return frame

    def entities(self) -> pl.DataFrame:
        """One row an entity; what its accounts say is taken together."""
        known = self._frame(
            sa.select(
                entities.c.entity,
                entities.c.name,
                entities.c.uscc,
                entities.c.identity,
                entities.c.currency,
            ).where(self._entity_is(entities.c.entity)),
            "entities",
        )
        parts = self._frame(self._account_parts(), "entities", account=pl.String)
        together = (
            parts.sort("account")
            .group_by("entity", maintain_order=True)
            .agg(
                pl.col("terms_days").min(),
                pl.col("since").min(),
                pl.col("parent").filter(pl.col("parent") != pl.col("entity")).min(),
            )
        )
        frame = known.join(together, on="entity", how="inner").sort("entity")
        return _in_shape("entities", frame)

    def _account_parts(self) -> _Select:
        parent = accounts.alias("parent")
        return (
            sa.select(
                _key(accounts).label("account"),
                accounts.c.entity,
                accounts.c.terms_days,
                self._date(accounts.c.created_on).label("since"),
                parent.c.entity.label("parent"),
            )
            .outerjoin(
                parent,
                sa.and_(
                    parent.c.system == accounts.c.system,
                    parent.c.record_id == accounts.c.parent_id,
                    parent.c.gone_at.is_(None),
                ),
            )
            .where(self._entity_is(accounts.c.entity), accounts.c.gone_at.is_(None))
        )

    def accounts(self) -> pl.DataFrame:
        return self._frame(
            sa.select(
                _key(accounts).label("account"),
                accounts.c.entity,
                accounts.c.system,
                accounts.c.owner_id,
                accounts.c.name,
                accounts.c.currency,
            ).where(self._entity_is(accounts.c.entity), accounts.c.gone_at.is_(None)),
            "accounts",
        ).sort("account")

    def items(self) -> pl.DataFrame:
        table = invoices
        statement = sa.select(
            _key(table).label("item"),
            accounts.c.entity,
            _key(accounts).label("account"),
            table.c.kind,
            table.c.number,
            self._date(table.c.issued_on),
            self._date(table.c.due_on),
            table.c.amount_currency.label("currency"),
            table.c.amount_minor.label("amount"),
            (table.c.system + ":" + table.c.applies_to).label("applies_to"),
            _in_the_same_currency(table, "disputed").label("disputed"),
            self._date(table.c.disputed_on),
        )
        return self._frame(self._of_accounts(statement, table), "items").sort("item")

    def payments(self) -> pl.DataFrame:
        table = payments
        statement = sa.select(
            _key(table).label("payment"),
            accounts.c.entity,
            _key(accounts).label("account"),
            self._date(table.c.paid_on),
            table.c.amount_currency.label("currency"),
            table.c.amount_minor.label("amount"),
        )
        return self._frame(self._of_accounts(statement, table), "payments").sort("payment")

    def orders(self) -> pl.DataFrame:
        table = orders
        statement = sa.select(
            _key(table).label("order"),
            accounts.c.entity,
            _key(accounts).label("account"),
            self._date(table.c.ordered_on),
            self._date(table.c.deliver_on),
            table.c.amount_currency.label("currency"),
            table.c.amount_minor.label("amount"),
            _in_the_same_currency(table, "invoiced").label("invoiced"),
            table.c.status,
            table.c.prepaid,
        )
        return self._frame(self._of_accounts(statement, table), "orders").sort("order")

    def allocations(self) -> pl.DataFrame:
        """What was laid on these entities' invoices, by whomever."""
        table = allocations
        frame = self._frame(
            self._linked(
                sa.select(
                    _key(table).label("allocation"),
                    _key(payments).label("payment"),
                    _key(invoices).label("item"),
                    accounts.c.entity,
                    _PAYER.c.entity.label("payer"),
                    table.c.amount_currency.label("currency"),
                    table.c.amount_minor.label("amount"),
                    self._date(payments.c.paid_on),
                )
            ).where(self._entity_is(accounts.c.entity)),
            "allocations",
            payer=pl.String,
        )
        foreign = pl.col("payer").is_null() | (pl.col("payer") != pl.col("entity"))
        paid = pl.when(foreign).then("other:" + pl.col("payment")).otherwise("payment")
        return frame.with_columns(paid.alias("payment")).sort("allocation")

    def paid_for_others(self) -> pl.DataFrame:
        """What these entities' payments settled of other entities' invoices."""
        return self._frame(
            self._linked(
                sa.select(
                    _key(payments).label("payment"),
                    allocations.c.amount_currency.label("currency"),
                    allocations.c.amount_minor.label("amount"),
                )
            ).where(
                self._entity_is(_PAYER.c.entity),
                accounts.c.entity.is_not(None),
                accounts.c.entity != _PAYER.c.entity,
            ),
            "payments",
        )

    def _of_accounts(self, statement: _Select, table: sa.Table) -> _Select:
        same = sa.and_(
            table.c.system == accounts.c.system, table.c.account_id == accounts.c.record_id
        )
        return (
            statement.select_from(accounts)
            .join(table, same)
            .where(
                self._entity_is(accounts.c.entity),
                accounts.c.gone_at.is_(None),
                table.c.gone_at.is_(None),
            )
        )

    def _linked(self, statement: _Select) -> _Select:
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


def _key(table: sa.FromClause) -> sa.ColumnElement[str]:
    return table.c.system + ":" + table.c.record_id


def _same_account(account: sa.FromClause, table: sa.Table) -> sa.ColumnElement[bool]:
    return sa.and_(
        account.c.system == table.c.system,
        account.c.record_id == table.c.account_id,
        account.c.gone_at.is_(None),
    )


def _in_the_same_currency(table: sa.Table, name: str) -> sa.ColumnElement[int]:
    """Give a part of the amount; one in another currency than the amount is not a part of it."""
    same = table.c[f"{name}_currency"] == table.c.amount_currency
    return sa.case((same, table.c[f"{name}_minor"]), else_=0)


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
