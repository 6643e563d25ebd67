"""Rows of a table as records of the credit file, each with the company it is about."""

from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any

import msgspec

from adapters.credit_file import BadFact, Plain, record_of
from connector.flow.importing.cells import ImportMistake, read_row
from connector.flow.importing.columns import Sheet
from connector.flow.importing.companies import Companies, Company, NoCompany
from connector.flow.importing.tables import Table, TableRow
from scoring.records import Kind, Record

__all__ = ["Read", "read_rows"]

_ID_BYTES = 12


class Read(msgspec.Struct, frozen=True):
    """A good row."""

    row: int
    company: Company
    record: Record


def read_rows(
    table: Table,
    headers: Mapping[str, str],
    sheet: Sheet,
    companies: Companies,
    *,
    currency: str,
    now: datetime,
) -> tuple[list[Read], list[ImportMistake]]:
    """Read every row; one with a mistake is told with all of them and left out."""
    reader = _Reader(headers, sheet, companies, currency, now)
    good: list[Read] = []
    mistakes: list[ImportMistake] = []
    for row in table.rows:
        found = reader.read(row)
        if isinstance(found, Read):
            good.append(found)
        else:
            mistakes += found
    return good, mistakes


class _Reader:
    def __init__(
        self,
        headers: Mapping[str, str],
        sheet: Sheet,
        companies: Companies,
        currency: str,
        now: datetime,
    ) -> None:
        self._headers = headers
        self._sheet = sheet
        self._companies = companies
        self._currency = currency
        self._now = now

    def read(self, row: TableRow) -> Read | list[ImportMistake]:
        values, mistakes = read_row(row, self._headers, self._sheet)
        company = self._try(row, "company", lambda: self._company(row), mistakes)
        if mistakes or company is None or self._sheet.kind is None:
            return mistakes
        account = company.account
        if isinstance(number := values.get("invoice"), str):
            found = self._companies.invoice(company, number)
            if found is None:
                column = self._headers["invoice"]
                return [_mistake(row, column, "unknown_invoice", value=number)]
            account, values["invoice"] = found[0], found[1]
        values["account"] = account.record_id
        build = self._builder(self._sheet.kind, company, account.system, values)
        record = self._try(row, "", build, mistakes)
        return mistakes if record is None else Read(row.number, company, record)

    def _company(self, row: TableRow) -> Company:
        names = (row.cells.get(self._headers.get(column, "")) for column in ("uscc", "company"))
        uscc, name = (None if cell is None else str(cell).strip() for cell in names)
        return self._companies.find(uscc, name)

    def _builder(
        self, kind: Kind, company: Company, system: str, values: Mapping[str, Plain]
    ) -> Callable[[], Record]:
        def build() -> Record:
            record = record_of(
                kind,
                _content_id(kind, company, values),
                self._now,
                values,
                words={},
                unit="元",
                currency=self._currency,
            )
            changed: Record = msgspec.structs.replace(record, account_system=system)
            return changed

        return build

    def _try(
        self, row: TableRow, column: str, work: Callable[[], Any], mistakes: list[ImportMistake]
    ) -> Any:  # noqa: ANN401 what the work gives
        try:
            return work()
        except NoCompany as wrong:
            headers = [self._headers[name] for name in ("uscc", "company") if name in self._headers]
            mistakes.append(_mistake(row, " / ".join(headers), wrong.code, **wrong.params))
        except BadFact as bad:
            place = self._headers.get(bad.field, bad.field or column)
            mistakes.append(_mistake(row, place, bad.reason, value="", allowed=""))
        return None


def _mistake(row: TableRow, column: str, code: str, /, **params: str) -> ImportMistake:
    return ImportMistake(row=row.number, column=column, code=f"import.{code}", params=params)


def _content_id(kind: Kind, company: Company, values: Mapping[str, Plain]) -> str:
    """Name a fact by what it says of whom: the same row gives the same id."""
    said = {name: str(value) for name, value in values.items() if name != "account"}
    content = msgspec.json.encode([kind.value, company.entity, said], order="deterministic")
    return blake2b(content, digest_size=_ID_BYTES).hexdigest()
