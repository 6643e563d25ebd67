"""Promises to pay (付款承诺) that our own people note (credit-management 2.3)."""

import secrets
from datetime import date

import msgspec
import sqlalchemy as sa

from connector.flow.decisions import DecisionError, Desk
from connector.flow.decisions.company import company_named
from connector.flow.importing.companies import Companies, Company
from connector.flow.importing.run import SOURCE, keep
from connector.store.engine import in_one_commit
from connector.store.file_tables import promises
from connector.store.staleness import mark_stale
from connector.store.tables import accounts, invoices
from scoring.money import Money
from scoring.records import AccountRef, Kind, Promise

__all__ = ["PromiseLine", "add_promise", "list_promises"]

_ID_BYTES = 8


class PromiseLine(msgspec.Struct, frozen=True, kw_only=True):
    """A promise as it is listed. ``item`` is the number of the invoice it is for."""

    company: str
    amount: Money
    made_on: date
    promised_on: date
    item: str | None
    cancelled_on: date | None
    superseded_on: date | None
    source: str


def add_promise(
    desk: Desk, ref: str, amount: Money, on: date, *, by: str, item: str | None = None
) -> None:
    """Keep a promise made today. Open ones of ours for the same are superseded.

    ``ref`` may name one of a company's accounts: dunning waits for that one.

    Raises:
        DecisionError: No such company or invoice, no amount, or a day that is past.
    """
    _check(desk, amount, on, by)

    def add(conn: sa.Connection) -> None:
        company = company_named(conn, ref)
        account, invoice = _account_and_invoice(conn, company, ref, item)
        _supersede(conn, account, invoice, desk.today)
        promise = Promise(
            record_id=secrets.token_hex(_ID_BYTES),
            account_id=account.record_id,
            account_system=account.system,
            invoice_id=invoice,
            made_on=desk.today,
            promised_on=on,
            amount=amount,
            modified_at=desk.now,
        )
        why = f"promise by {by.strip()}"
        keep(conn, SOURCE, Kind.PROMISES, [(company.entity, promise)], desk.now, why)

    in_one_commit(desk.engine, add)


def _check(desk: Desk, amount: Money, on: date, by: str) -> None:
    if on < desk.today:
        raise DecisionError("ends_before", to_on=on)
    if amount.minor <= 0:
        raise DecisionError("negative_amount")
    if not by.strip():
        raise DecisionError("no_author")


def _account_and_invoice(
    conn: sa.Connection, company: Company, ref: str, item: str | None
) -> tuple[AccountRef, str | None]:
    """Find what is promised for: an account that is named or the first, or an invoice of any."""
    companies = Companies(conn)
    if item is None:
        return companies.account_of(company, ref), None
    found = companies.invoice(company, item)
    if found is None:
        raise DecisionError("unknown_item", item=item)
    return found


def _supersede(conn: sa.Connection, account: AccountRef, invoice: str | None, today: date) -> None:
    same = promises.c.invoice_id.is_(None) if invoice is None else promises.c.invoice_id == invoice
    conn.execute(
        promises.update()
        .where(
            promises.c.system == SOURCE,
            promises.c.account_system == account.system,
            promises.c.account_id == account.record_id,
            same,
            promises.c.promised_on >= today,
            promises.c.cancelled_on.is_(None),
            promises.c.superseded_on.is_(None),
        )
        .values(superseded_on=today)
    )
    mark_stale(conn, account.system, [account.record_id])


def list_promises(conn: sa.Connection, entity: str | None = None) -> list[PromiseLine]:
    """List promises, the latest day first; of one company, or of all."""
    statement = (
        sa.select(promises, accounts.c.name, invoices.c.number)
        .join(
            accounts,
            sa.and_(
                accounts.c.system == promises.c.account_system,
                accounts.c.record_id == promises.c.account_id,
            ),
        )
        .outerjoin(
            invoices,
            sa.and_(
                invoices.c.system == promises.c.account_system,
                invoices.c.record_id == promises.c.invoice_id,
            ),
        )
        .where(promises.c.gone_at.is_(None), accounts.c.gone_at.is_(None))
        .order_by(promises.c.promised_on.desc(), promises.c.record_id)
    )
    if entity is not None:
        statement = statement.where(accounts.c.entity == entity)
    return [
        PromiseLine(
            company=row.name,
            amount=Money(row.amount_minor, row.amount_currency),
            made_on=row.made_on,
            promised_on=row.promised_on,
            item=row.number,
            cancelled_on=row.cancelled_on,
            superseded_on=row.superseded_on,
            source=row.system,
        )
        for row in conn.execute(statement)
    ]
