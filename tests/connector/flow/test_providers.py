"""Bureau reports come from providers behind one port; the file provider is built in."""

from collections.abc import Iterable, Sequence
from datetime import date
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import sqlalchemy as sa

from connector.flow import providers
from connector.flow.importing.run import ImportJob
from connector.flow.providers import (
    FileProvider,
    Found,
    ProviderError,
    Subject,
    import_from,
    provider_names,
)
from connector.store.book import load_book
from connector.store.engine import reading
from connector.store.staleness import stale_entities
from scoring.policy import Policy
from tests.connector.flow.importing.filing import TODAY, USCC, a_csv, filled
from tests.connector.store.saving import NOW
from tests.file_records import a_credit_record

HEADER = "统一社会信用代码,客户,类别,获知日期,数值,来源"
LINES = (
    HEADER,
    f"{USCC},,征信报告,2026-10-01,712,某征信",
    ",乙公司,经营异常名录,2026-10-02,,公示系统",
)


@pytest.fixture
def job(engine: sa.Engine) -> ImportJob:
    return ImportJob(
        engine=filled(engine), policy=Policy(), rates={}, now=NOW, today=TODAY, by="李梅"
    )


def facts(job: ImportJob) -> list[tuple[str, str, date]]:
    with reading(job.engine) as conn:
        book = load_book(conn, None, {})
    return book.credit_records.select("entity", "kind", "known_on").sort("entity").rows()


def test_reports_of_a_folder_are_kept_once(job: ImportJob, tmp_path: Path) -> None:
    a_csv(tmp_path, *LINES)

    first, again = (import_from(job, "file", tmp_path) for _time in range(2))

    assert (first.companies, first.found, first.imported) == (2, 2, 2)  # two of one name are nobody
    assert (again.imported, again.unchanged) == (0, 2)
    assert facts(job) == [
        (f"uscc:{USCC}", "bureau", date(2026, 10, 1)),
        ("zoho:x", "abnormal_list", date(2026, 10, 2)),
    ]
    with reading(job.engine) as conn:
        assert stale_entities(conn) == [f"uscc:{USCC}", "zoho:x"]


def test_one_company_may_be_asked_about(job: ImportJob, tmp_path: Path) -> None:
    path = a_csv(tmp_path, *LINES)

    report = import_from(job, "file", path, "乙公司")

    assert (report.companies, report.imported) == (1, 1)
    with pytest.raises(ProviderError, match="no one company"):
        import_from(job, "file", path, "同名公司")


@pytest.mark.parametrize(
    ("line", "says"),
    [("x,,征信报告,gestern,1,y", "row 2, 获知日期"), (",,征信报告,2026-10-01,1,y", "row 2, uscc")],
)
def test_a_report_that_cannot_be_read_is_told(
    job: ImportJob, tmp_path: Path, line: str, says: str
) -> None:
    a_csv(tmp_path, HEADER, line)

    with pytest.raises(ProviderError, match=says):
        import_from(job, "file", tmp_path)
    assert facts(job) == []


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match="no CSV or XLSX"):
        list(FileProvider(tmp_path).look_up([Subject(uscc=USCC, name="甲公司")]))


class Installed:
    """A provider of another package."""

    def __init__(self, source: Path) -> None:
        self.source = source

    def look_up(self, subjects: Sequence[Subject]) -> Iterable[Found]:
        """Know one fact about everybody with a code."""
        for subject in subjects:
            if subject.uscc:
                yield Found(subject=subject, facts=(a_credit_record(),))


def test_an_installed_package_is_found_by_its_entry_point(
    job: ImportJob, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    point = EntryPoint("acme", f"{__name__}:Installed", providers.GROUP)
    monkeypatch.setattr(providers, "entry_points", lambda group: [point] if group else [])

    report = import_from(job, "acme", tmp_path)

    assert provider_names() == ["acme", "file"]
    assert (report.provider, report.found, report.imported) == ("acme", 1, 1)
    assert facts(job) == [(f"uscc:{USCC}", "bureau", date(2026, 5, 4))]
