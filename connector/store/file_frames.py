"""The frames of the credit file: facts of its tables, of fields of the account, and contacts."""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from functools import partial
from typing import Any

import msgspec
import polars as pl
import sqlalchemy as sa

from connector.store.file_tables import (
    collateral,
    credit_records,
    decisions,
    notes_receivable,
    payment_returns,
    promises,
    statements,
    write_offs,
)
from connector.store.loading import Loading, empty, in_shape, key_of
from connector.store.tables import accounts, contacts
from scoring.records import AccountFact
from scoring.schemas import SCHEMAS, STATEMENT_LINES

__all__ = ["CreditFile"]

IN_FORCE = ("approved", "ended")  # an ended decision held until the day before its end
_FACTS = msgspec.json.Decoder(tuple[AccountFact, ...])
_LINES = pl.Struct(dict.fromkeys(STATEMENT_LINES, pl.Int64))


class CreditFile(Loading):
    """The credit file of the chosen entities."""

    def frames(self, as_of: date | None = None) -> dict[str, pl.DataFrame]:
        """Load every frame; tables without any row are not asked for these entities.

        What was ended after ``as_of`` still had its own end then.
        """
        parts: dict[str, tuple[sa.Table, Callable[[], pl.DataFrame]]] = {
            "write_offs": (write_offs, self._write_offs),
            "returns": (payment_returns, self._returns),
            "notes": (notes_receivable, self._notes),
            "promises": (promises, self._promises),
            "statements": (statements, self.statements),
            "credit_records": (credit_records, self._stored_records),
            "collateral": (collateral, self._collateral),
            "decisions": (decisions, partial(self._decisions, as_of)),
        }
        filled = self._filled([table for table, _load in parts.values()])
        frames = {
            name: in_shape(name, load()) if table.name in filled else empty(name)
            for name, (table, load) in parts.items()
        }
        more = [frames["credit_records"], self._account_facts(), self._contacts()]
        frames["credit_records"] = pl.concat(more)
        return {name: frame.sort(frame.columns[0]) for name, frame in frames.items()}

    def _filled(self, tables: Iterable[sa.Table]) -> set[str]:
        any_row = [sa.exists(sa.select(1).select_from(table)).label(table.name) for table in tables]
        row = self.conn.execute(sa.select(*any_row)).one()
        return {name for name, is_there in row._asdict().items() if is_there}

    def _facts(self, table: sa.Table, name: str, *columns: sa.ColumnElement[Any]) -> pl.DataFrame:
        frame_key = next(iter(SCHEMAS[name]))
        chosen = sa.select(key_of(table).label(frame_key), accounts.c.entity, *columns)
        return self.frame(self.of_accounts(chosen, table), name)

    def _write_offs(self) -> pl.DataFrame:
        table = write_offs
        on = self.day(table.c.written_off_on)
        return self._facts(
            table, "write_offs", _named(table.c.invoice_id, "item"), on, *_money(table)
        )

    def _returns(self) -> pl.DataFrame:
        table = payment_returns
        payment = sa.func.coalesce(_named(table.c.payment_id, "payment"), key_of(table))
        on = self.day(table.c.returned_on)
        return self._facts(table, "returns", payment.label("payment"), table.c.kind, on)

    def _notes(self) -> pl.DataFrame:
        table = notes_receivable
        days = map(self.day, (table.c.received_on, table.c.due_on, table.c.ended_on))
        return self._facts(table, "notes", table.c.kind, *days, *_money(table))

    def _promises(self) -> pl.DataFrame:
        table = promises
        days = (table.c.made_on, table.c.promised_on, table.c.cancelled_on, table.c.superseded_on)
        return self._facts(
            table,
            "promises",
            key_of(accounts).label("account"),
            _named(table.c.invoice_id, "item"),
            *map(self.day, days),
            *_money(table),
        )

    def _collateral(self) -> pl.DataFrame:
        table = collateral
        days = map(self.day, (table.c.valid_from, table.c.valid_to))
        others = (table.c.kind, table.c.registered, table.c.haircut)
        return self._facts(table, "collateral", *others, *days, *_money(table))

    def statements(self) -> pl.DataFrame:
        """Give the statements, a column a line."""
        table = statements
        chosen = sa.select(
            key_of(table).label("statement"),
            accounts.c.entity,
            self.day(table.c.period_end),
            table.c.months,
            table.c.basis,
            self.day(table.c.received_on),
            table.c.source,
            table.c.currency,
            sa.type_coerce(table.c.lines, sa.Text).label("lines"),
        )
        found = self.frame(self.of_accounts(chosen, table), "statements", lines=pl.String())
        lines = found.with_columns(pl.col("lines").str.json_decode(_LINES)).unnest("lines")
        return in_shape("statements", lines)

    def _stored_records(self) -> pl.DataFrame:
        table = credit_records
        days = (table.c.known_on, table.c.event_on, table.c.valid_to, table.c.ended_on)
        plain = (table.c.kind, table.c.status, table.c.value, table.c.channel, table.c.source)
        return self._facts(table, "credit_records", *plain, *map(self.day, days), *_money(table))

    def _account_facts(self) -> pl.DataFrame:
        """Give what stands in fields of the accounts themselves."""
        statement = sa.select(
            key_of(accounts).label("account"),
            accounts.c.entity,
            accounts.c.system,
            accounts.c.facts,
            accounts.c.facts_on,
        ).where(
            self.entity_is(accounts.c.entity),
            accounts.c.gone_at.is_(None),
            accounts.c.facts.is_not(None),
        )
        rows = [
            _of_fact(row, number, fact)
            for row in self.conn.execute(statement)
            for number, fact in enumerate(_FACTS.decode(row.facts))
        ]
        return pl.DataFrame(rows, schema=dict(SCHEMAS["credit_records"]))

    def _contacts(self) -> pl.DataFrame:
        """Give one record an entity that has contacts, known since the newest was confirmed."""
        newest = sa.func.max(contacts.c.modified_at).label("newest")
        chosen = sa.select(accounts.c.entity, newest).group_by(accounts.c.entity)
        found = [
            (row.entity, row.newest.date())
            for row in self.conn.execute(self.of_accounts(chosen, contacts))
        ]
        rows = [
            {
                "record": f"contacts:{entity}",
                "entity": entity,
                "kind": "contacts",
                "known_on": known_on,
                "source": "crm",
            }
            for entity, known_on in found
        ]
        return pl.DataFrame(rows, schema=dict(SCHEMAS["credit_records"]))

    def _decisions(self, as_of: date | None) -> pl.DataFrame:
        """Give approved decisions; one that was ended holds until the day before."""
        table = decisions
        chosen = sa.select(
            table.c.id.label("decision"),
            accounts.c.entity,
            table.c.kind,
            *map(self.day, (table.c.from_on, table.c.to_on, table.c.ended_on)),
            table.c.grade,
            *_money(table),
            table.c.scope,
            table.c.reason,
        ).where(table.c.state.in_(IN_FORCE))
        found = self.frame(self.of_accounts(chosen, table), "decisions", ended_on=pl.Date())
        ended = pl.col("ended_on")
        if as_of is not None:
            ended = pl.when(ended <= as_of).then(ended)
        last = pl.min_horizontal("to_on", ended - timedelta(days=1))
        held = last.is_null() | (last >= pl.col("from_on"))
        return found.with_columns(last.alias("to_on")).filter(held)


def _named(column: sa.Column[Any], label: str) -> sa.ColumnElement[Any]:
    table: Any = column.table
    named: sa.ColumnElement[Any] = table.c.account_system + ":" + column
    return named.label(label)


def _money(table: sa.Table) -> list[sa.ColumnElement[Any]]:
    return [table.c.amount_currency.label("currency"), table.c.amount_minor.label("amount")]


def _of_fact(row: sa.Row[Any], number: int, fact: AccountFact) -> dict[str, object]:
    return {
        "record": f"{row.account}:{number}:{fact.kind}",
        "entity": row.entity,
        "kind": fact.kind,
        "known_on": fact.known_on or row.facts_on,
        "event_on": fact.event_on,
        "valid_to": fact.valid_to,
        "status": fact.status,
        "value": fact.value,
        "currency": fact.amount.currency if fact.amount else None,
        "amount": fact.amount.minor if fact.amount else None,
        "source": row.system,
    }
