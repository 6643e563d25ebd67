"""Import one file: read it whole, tell every mistake, keep the good rows in one commit.

The same row gives the same id, so importing a file twice changes nothing. Who imported what goes
to the audit log, and the companies are assessed again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path

import msgspec
import sqlalchemy as sa

from adapters.port import Cursor, Page
from connector.flow.importing.cells import ImportMistake
from connector.flow.importing.checks import check_statements, without_twins
from connector.flow.importing.columns import ImportKind, Sheet, field_of_header, sheet_of
from connector.flow.importing.companies import Companies
from connector.flow.importing.rows import Read, read_rows
from connector.flow.importing.standards import import_standards
from connector.flow.importing.tables import Table, TableError, read_table
from connector.store.audit import AuditEntry, append
from connector.store.engine import in_one_commit, reading
from connector.store.records import Saved, save_records
from connector.store.tables import RECORD_TABLES
from scoring.policy import Policy
from scoring.rates import Rate
from scoring.records import Kind, Record

__all__ = ["SOURCE", "ImportJob", "ImportReport", "import_file", "keep"]

#: The system of what people imported from files.
SOURCE = "file"


@dataclass(frozen=True, kw_only=True)
class ImportJob:
    """With what an import is done. ``by`` is who does it; ``strict``: all rows or none."""

    engine: sa.Engine
    policy: Policy
    rates: Mapping[str, Rate]
    now: datetime
    today: date
    by: str
    strict: bool = False
    dry_run: bool = False


class ImportReport(msgspec.Struct, kw_only=True):
    """What an import did, or with ``dry_run`` would do. ``imported`` rows are new."""

    kind: ImportKind
    file: str
    rows: int = 0
    imported: int = 0
    unchanged: int = 0
    refused: int = 0
    companies: int = 0
    dry_run: bool = False
    mistakes: list[ImportMistake] = []


def import_file(job: ImportJob, kind: ImportKind, path: Path) -> ImportReport:
    """Import a file. Rows with mistakes are refused, all of them when ``job.strict``."""
    report = ImportReport(kind=kind, file=path.name, dry_run=job.dry_run)
    try:
        table = read_table(path)
        headers = _headers(table, sheet_of(kind))
    except TableError as error:
        params = {**error.params}
        report.mistakes = [
            ImportMistake(row=1, column="", code=f"import.{error.code}", params=params)
        ]
        return report
    report.rows = len(table.rows)
    if kind is ImportKind.STANDARDS:
        return _standards(job, report, table, headers)
    good = _examined(job, report, table, headers, sheet_of(kind))
    _keep(job, report, good, path)
    return report


def _headers(table: Table, sheet: Sheet) -> dict[str, str]:
    """Match the file's headers with our columns. Raises ``TableError``."""
    found: dict[str, str] = {}
    unknown = []
    for header in filter(None, table.columns):
        name = field_of_header(header, sheet)
        if name is None:
            unknown.append(header)
        elif name in found:
            raise TableError("column_twice", columns=f"{found[name]}, {header}")
        else:
            found[name] = header
    if unknown:
        raise TableError("unknown_columns", columns=", ".join(unknown))
    missing = [name for name in sheet.needed if name not in found]
    if sheet.kind is not None and not {"uscc", "company"} & set(found):
        missing.insert(0, "uscc / company")
    if missing:
        raise TableError("missing_columns", columns=", ".join(missing))
    return found


def _examined(
    job: ImportJob, report: ImportReport, table: Table, headers: Mapping[str, str], sheet: Sheet
) -> list[Read]:
    with reading(job.engine) as conn:
        good, report.mistakes = read_rows(
            table, headers, sheet, Companies(conn), currency=job.policy.currency, now=job.now
        )
        good, twins = without_twins(good)
        report.mistakes += twins
        if sheet.kind is Kind.STATEMENTS:
            report.mistakes += check_statements(
                conn, good, headers, job.policy, job.rates, job.today
            )
    report.mistakes.sort(key=lambda mistake: (mistake.row, mistake.column, mistake.code))
    bad = {mistake.row for mistake in report.mistakes}
    report.refused = len(bad)
    return [read for read in good if read.row not in bad]


def _keep(job: ImportJob, report: ImportReport, good: list[Read], path: Path) -> None:
    kind = sheet_of(report.kind).kind
    if kind is None or (job.strict and report.mistakes):
        return
    with reading(job.engine) as conn:
        known = _known(conn, kind, [read.record.record_id for read in good])
    fresh = [read for read in good if read.record.record_id not in known]
    report.imported, report.unchanged = len(fresh), len(good) - len(fresh)
    report.companies = len({read.company.entity for read in fresh})
    if fresh and not job.dry_run:
        digest = sha256(path.read_bytes()).hexdigest()
        facts = [(read.company.entity, read.record) for read in fresh]
        why = f"{report.kind.value} from {path.name} by {job.by}"
        in_one_commit(
            job.engine, lambda conn: keep(conn, SOURCE, kind, facts, job.now, why, digest)
        )


def _known(conn: sa.Connection, kind: Kind, record_ids: Sequence[str]) -> set[str]:
    table = RECORD_TABLES[kind]
    statement = sa.select(table.c.record_id).where(
        table.c.system == SOURCE, table.c.gone_at.is_(None)
    )
    return set(conn.execute(statement).scalars()) & set(record_ids)


def keep(
    conn: sa.Connection,
    system: str,
    kind: Kind,
    facts: Sequence[tuple[str, Record]],
    now: datetime,
    why: str,
    digest: str = "",
) -> Saved:
    """Keep facts with their companies, mark those to be assessed, and write who did it."""
    page = Page(
        kind=kind, records=tuple(record for _, record in facts), cursor=Cursor(), finished=True
    )
    saved = save_records(conn, system, page, now)
    by_company: dict[str, list[str]] = {}
    for entity, record in facts:
        by_company.setdefault(entity, []).append(record.record_id)
    append(
        conn,
        [
            AuditEntry(
                at=now,
                system=system,
                target=entity,
                what="imported",
                new=msgspec.json.encode({"kind": kind.value, "ids": ids, "file": digest}),
                why=why,
            )
            for entity, ids in sorted(by_company.items())
        ],
    )
    return saved


def _standards(
    job: ImportJob, report: ImportReport, table: Table, headers: Mapping[str, str]
) -> ImportReport:
    imported, report.mistakes = import_standards(
        job.engine,
        table,
        headers,
        why=f"standards from {report.file} by {job.by}",
        now=job.now,
        keep=lambda bad: not job.dry_run and not (job.strict and bad),
    )
    report.refused = len({mistake.row for mistake in report.mistakes})
    report.imported = imported.new
    report.unchanged = imported.unchanged
    return report
