"""Credit bureaux and registries behind one port, found by entry points.

A provider is installed as a package with an entry point in the group ``zixin.credit_information``:
a callable that takes the place to read from and gives a ``CreditInformation``. The one that is
built in, ``file``, reads tables in the format of ``zixin import records``.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol, cast

import msgspec
import sqlalchemy as sa

from adapters.credit_file import BadFact, record_of
from connector.flow.importing.cells import read_row
from connector.flow.importing.columns import ImportKind, field_of_header, sheet_of
from connector.flow.importing.companies import Companies, Company
from connector.flow.importing.run import ImportJob, keep
from connector.flow.importing.tables import TableError, read_table
from connector.store.accounts import entity_of
from connector.store.engine import in_one_commit, reading
from connector.store.tables import RECORD_TABLES, entities
from scoring.records import CreditRecord, Kind

__all__ = [
    "CreditInformation",
    "FileProvider",
    "Found",
    "ProviderError",
    "ProviderReport",
    "Subject",
    "import_from",
    "provider_names",
]

GROUP = "zixin.credit_information"
_ID_BYTES = 12
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class ProviderError(Exception):
    """A provider could not be used, with what to do."""


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to ask about; the name is empty where others bear it too."""

    uscc: str | None
    name: str


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider says about one subject: facts whose ids and account are not its business."""

    subject: Subject
    facts: tuple[CreditRecord, ...]


class CreditInformation(Protocol):
    """A source of credit information about companies."""

    def look_up(self, subjects: Sequence[Subject]) -> Iterable[Found]:
        """Tell what is known about these companies; those nothing is known of may be left out.

        Raises:
            ProviderError: The source could not be asked.
        """
        ...


class ProviderReport(msgspec.Struct, kw_only=True):
    """What asking a provider gave."""

    provider: str
    companies: int = 0
    found: int = 0
    imported: int = 0
    unchanged: int = 0


class FileProvider:
    """Bureau reports in tables: a file, or every CSV and XLSX file of a folder."""

    def __init__(self, source: Path) -> None:
        self._source = source

    def look_up(self, subjects: Sequence[Subject]) -> Iterable[Found]:
        """Read the tables and give what they say about these companies, by code or exact name."""
        facts = self._facts()
        for subject in subjects:
            found = facts.get(subject.uscc or "", []) + facts.get(subject.name, [])
            if found:
                yield Found(subject=subject, facts=tuple(found))

    def _facts(self) -> dict[str, list[CreditRecord]]:
        paths = [self._source]
        if self._source.is_dir():
            paths = sorted(path for path in self._source.iterdir() if path.suffix in _SUFFIXES)
        if not paths:
            raise ProviderError(f"{self._source} holds no CSV or XLSX file")
        facts: dict[str, list[CreditRecord]] = {}
        for path in paths:
            for whom, fact in _facts_of(path):
                facts.setdefault(whom, []).append(fact)
        return facts


_SUFFIXES = {".csv", ".xlsx"}
_BUILT_IN: dict[str, Callable[[Path], CreditInformation]] = {"file": FileProvider}


def _facts_of(path: Path) -> Iterable[tuple[str, CreditRecord]]:
    sheet = sheet_of(ImportKind.RECORDS)
    try:
        table = read_table(path)
    except TableError as error:
        raise ProviderError(f"{path.name} is no table that can be read ({error.code})") from None
    names = ((field_of_header(header, sheet), header) for header in table.columns)
    headers = {name: header for name, header in names if name is not None}
    for row in table.rows:
        values, mistakes = read_row(row, headers, sheet)
        keys = (row.cells.get(headers.get(column, "")) for column in ("uscc", "company"))
        whom = next((str(key).strip() for key in keys if key is not None), "")
        if mistakes or not whom:
            column = mistakes[0].column if mistakes else "uscc"
            raise ProviderError(
                f"{path.name}, row {row.number}, {column}: cannot be read; "
                "try it with: zixin import records FILE --dry-run"
            )
        values["account"] = whom
        known_on = values.get("known_on")
        try:
            # Only the contents count: the id, the account and the time are given when kept.
            record = record_of(
                Kind.CREDIT_RECORDS, "", _NEVER, values, words={}, unit="元", currency="CNY"
            )
        except BadFact as bad:
            raise ProviderError(f"{path.name}, row {row.number}: {bad.note} ({known_on})") from None
        yield whom, cast("CreditRecord", record)


def provider_names() -> list[str]:
    """Name the providers there are."""
    return sorted({*_BUILT_IN, *(point.name for point in entry_points(group=GROUP))})


def _open(name: str, source: Path) -> CreditInformation:
    for point in entry_points(group=GROUP):
        if point.name == name:
            made: CreditInformation = point.load()(source)
            return made
    return _BUILT_IN[name](source)


def import_from(
    job: ImportJob, provider: str, source: Path, ref: str | None = None
) -> ProviderReport:
    """Ask a provider about one company (``None``: all) and keep what is new.

    Raises:
        ProviderError: The reference names no one company, or the source could not be asked.
        KeyError: There is no such provider.
    """
    report = ProviderReport(provider=provider)
    with reading(job.engine) as conn:
        subjects = _subjects(conn, ref)
        companies = Companies(conn)
        placed = {key: companies.of_entity(entity) for key, entity in subjects.items()}
    report.companies = len(subjects)
    for found in _open(provider, source).look_up(list(subjects)):
        company = placed.get(found.subject)
        if company is not None:
            report.found += 1
            _keep(job, report, company, found.facts)
    return report


def _subjects(conn: sa.Connection, ref: str | None) -> Mapping[Subject, str]:
    """Name whom to ask about; a name that several bear names nobody, their codes do."""
    rows = conn.execute(sa.select(entities).order_by(entities.c.entity)).all()
    borne = Counter(row.name for row in rows)
    chosen = {row.entity for row in rows}
    if ref is not None:
        entity = entity_of(conn, ref)
        if entity is None:
            raise ProviderError(f"no one company is named {ref!r}; pull first, or try its id")
        chosen = {entity}
    return {
        Subject(uscc=row.uscc, name=row.name if borne[row.name] == 1 else ""): row.entity
        for row in rows
        if row.entity in chosen and (row.uscc or borne[row.name] == 1)
    }


def _keep(
    job: ImportJob, report: ProviderReport, company: Company, facts: Sequence[CreditRecord]
) -> None:
    named = {_content_id(company, fact): fact for fact in facts}
    table, system = RECORD_TABLES[Kind.CREDIT_RECORDS], report.provider
    known = sa.select(table.c.record_id).where(
        table.c.system == system, table.c.record_id.in_(sorted(named)), table.c.gone_at.is_(None)
    )
    with reading(job.engine) as conn:
        there = set(conn.execute(known).scalars())
    account = company.account
    fresh = [
        (
            company.entity,
            msgspec.structs.replace(
                fact,
                record_id=key,
                account_id=account.record_id,
                account_system=account.system,
                modified_at=job.now,
            ),
        )
        for key, fact in sorted(named.items())
        if key not in there
    ]
    report.imported += len(fresh)
    report.unchanged += len(named) - len(fresh)
    if fresh and not job.dry_run:
        why = f"bureau {report.provider} by {job.by}"
        in_one_commit(
            job.engine,
            lambda conn: keep(conn, system, Kind.CREDIT_RECORDS, fresh, job.now, why),
        )


def _content_id(company: Company, fact: CreditRecord) -> str:
    said = msgspec.structs.asdict(fact)
    for name in ("record_id", "account_id", "account_system", "modified_at"):
        del said[name]
    content = msgspec.json.encode([company.entity, said], order="deterministic")
    return blake2b(content, digest_size=_ID_BYTES).hexdigest()
