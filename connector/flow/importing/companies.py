"""Whom a row is about: a company by its code, an account's name or reference."""

import msgspec
import sqlalchemy as sa

from connector.store.accounts import entity_of
from connector.store.tables import accounts, invoices
from scoring.identity import check_uscc
from scoring.records import AccountRef

__all__ = ["Companies", "Company", "NoCompany"]


class Company(msgspec.Struct, frozen=True):
    """A company, and the account at which its facts are kept."""

    entity: str
    account: AccountRef


class NoCompany(ValueError):
    """No one company is meant: a code ``import.<code>`` with its parameters."""

    def __init__(self, code: str, /, **params: str) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


class Companies:
    """Looks companies up, each reference once."""

    def __init__(self, conn: sa.Connection) -> None:
        self._conn = conn
        self._known: dict[str, Company | None] = {}

    def find(self, uscc: str | None, name: str | None) -> Company:
        """Find the company of a row. Raises ``NoCompany``."""
        if not uscc and not name:
            raise NoCompany("no_reference")
        by_code = self._by_code(uscc) if uscc else None
        by_name = self._named(name) if name else None
        if by_code is not None and by_name is not None and by_code.entity != by_name.entity:
            raise NoCompany("two_companies", code=uscc or "", name=name or "")
        found = by_code or by_name
        if found is None:
            raise NoCompany("unknown_company", value=uscc or name or "")
        return found

    def _by_code(self, uscc: str) -> Company | None:
        check = check_uscc(uscc)
        if not check.valid:
            code = "bad_uscc_repair" if check.repair else "bad_uscc"
            raise NoCompany(code, value=uscc, repair=check.repair or "")
        return self._named(check.normalised)

    def _named(self, ref: str) -> Company | None:
        if ref not in self._known:
            entity = entity_of(self._conn, ref)
            self._known[ref] = None if entity is None else self.of_entity(entity)
        return self._known[ref]

    def of_entity(self, entity: str) -> Company | None:
        """Give a company with the first of its accounts that are there."""
        statement = (
            sa.select(accounts.c.system, accounts.c.record_id)
            .where(accounts.c.entity == entity, accounts.c.gone_at.is_(None))
            .order_by(accounts.c.system, accounts.c.record_id)
            .limit(1)
        )
        row = self._conn.execute(statement).first()
        return None if row is None else Company(entity, AccountRef(row.system, row.record_id))

    def account_of(self, company: Company, ref: str) -> AccountRef:
        """Give the account a reference names where it is the company's, else its first one."""
        system, _, record_id = ref.partition(":")
        statement = sa.select(accounts.c.record_id).where(
            accounts.c.system == system,
            accounts.c.record_id == record_id,
            accounts.c.entity == company.entity,
            accounts.c.gone_at.is_(None),
        )
        found = self._conn.execute(statement).first()
        return company.account if found is None else AccountRef(system, record_id)

    def invoice(self, company: Company, number: str) -> tuple[AccountRef, str] | None:
        """Find an invoice of the company by its number: its account and its id."""
        statement = (
            sa.select(invoices.c.system, invoices.c.account_id, invoices.c.record_id)
            .join(
                accounts,
                sa.and_(
                    accounts.c.system == invoices.c.system,
                    accounts.c.record_id == invoices.c.account_id,
                ),
            )
            .where(
                accounts.c.entity == company.entity,
                invoices.c.number == number,
                invoices.c.gone_at.is_(None),
            )
        )
        found = self._conn.execute(statement).all()
        if len(found) != 1:
            return None
        row = found[0]
        return AccountRef(row.system, row.account_id), row.record_id
