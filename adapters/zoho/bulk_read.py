"""Reads a whole module as an export (Bulk Read): one job for 200,000 records, in one CSV.

A job costs as much as 33,000 records by query, however many it brings, and takes minutes. It is
started in one call, waited for in the next ones, and read portion by portion from a file that is
fetched once; whoever goes on in another process fetches it again. (zoho-crm 3)
"""

import tempfile
import weakref
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import BinaryIO

import msgspec

from adapters.errors import CrmUnavailable
from adapters.http import Answer
from adapters.zoho.callbacks import CALLED_WAITS, JobBell
from adapters.zoho.client import ZohoClient
from adapters.zoho.coql import coql_credits
from adapters.zoho.zipped import csv_rows

__all__ = ["Export", "ExportFailed", "ExportPart", "Exports", "export_credits", "query_credits"]

JOB_CREDITS, JOB_ROWS = 50, 200_000
WAITS = (15.0, 30.0, 45.0, 90.0, 120.0)  # seconds before each look, a credit each
LONGEST_WAIT = 15.0  # seconds within one call, so that whoever wants to stop can
_QUERY_ROWS = 2_000


class ExportFailed(Exception):
    """Zoho could not make the export, or has it no more: the records must be read otherwise."""


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """Where reading by exports stands: the job, the row it was read up to, the token before it.

    ``looks`` counts how often the job was looked after; the next look is due at ``look_at``, or
    sooner where the job was ``called``: Zoho tells when it is over.
    """

    job: str = ""
    row: int = 0
    token: str = ""
    looks: int = 0
    look_at: datetime | None = None
    called: bool = False


class ExportPart(msgspec.Struct, frozen=True, kw_only=True):
    """Some rows of an export under their header, and where to go on; ``None``: that was all."""

    header: tuple[str, ...] = ()
    rows: Sequence[Sequence[str]] = ()
    ahead: Export | None


class _Result(msgspec.Struct, frozen=True, kw_only=True):
    count: int | None = None
    more_records: bool = False
    next_page_token: str | None = None


class _Job(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    state: str = ""
    result: _Result = _Result()


class _Jobs(msgspec.Struct, frozen=True, kw_only=True):
    data: list[_Job]


class _Started(msgspec.Struct, frozen=True, kw_only=True):
    details: _Job


class _Starts(msgspec.Struct, frozen=True, kw_only=True):
    data: list[_Started]


class _Open(msgspec.Struct, kw_only=True, weakref=True):
    """An export on this machine, being read. ``row``: how many rows have been taken out."""

    job: _Job
    file: BinaryIO
    header: tuple[str, ...]
    rows: Iterator[list[str]]
    row: int = 0


_JOBS = msgspec.json.Decoder(_Jobs)
_STARTS = msgspec.json.Decoder(_Starts)


def export_credits(records: int) -> int:
    """Tell what exports of so many records cost, with every look that may be needed."""
    return -(-records // JOB_ROWS) * (JOB_CREDITS + len(WAITS) + 1)


def query_credits(records: int) -> int:
    """Tell what queries for so many records cost."""
    return -(-records // _QUERY_ROWS) * coql_credits(_QUERY_ROWS)


class Exports:
    """The exports of one connection. One file is kept open at a time."""

    def __init__(self, client: ZohoClient, bell: JobBell) -> None:
        self._client = client
        self._bell = bell
        self._open: _Open | None = None

    def read(self, module: str, columns: Sequence[str], export: Export) -> ExportPart:
        """Go on with an export: start its job, wait for it, or take the next rows.

        Raises:
            ExportFailed: The job failed, or is forgotten, or its file is none.
            CrmError: The call did not do what was asked.
        """
        if not export.job:
            job_id, called = self._start(module, columns, export.token)
            started = Export(job=job_id, token=export.token, called=called)
            return ExportPart(ahead=self._waiting(started))
        opened = self._opened(export)
        if opened is None:
            if not self._is_due(export):
                return ExportPart(ahead=export)
            job = self._look(module, export.job)
            if job is None:
                return ExportPart(ahead=self._waiting(self._looked(export)))
            opened = self._open = self._fetched(module, job)
        return self._part(opened, export)

    def _looked(self, export: Export) -> Export:
        """Count a look in vain; what was told before its time is not waited for any more."""
        called = export.called and not self._bell.rang(export.job)
        return msgspec.structs.replace(export, looks=export.looks + 1, called=called)

    def _waiting(self, export: Export) -> Export:
        waits = CALLED_WAITS if export.called else WAITS
        wait = waits[min(export.looks, len(waits) - 1)]
        look_at = self._client.http.pace.now() + timedelta(seconds=wait)
        return msgspec.structs.replace(export, look_at=look_at)

    def _opened(self, export: Export) -> _Open | None:
        opened = self._open
        stands = opened is not None and opened.job.id == export.job and opened.row <= export.row
        return opened if stands else None

    def _is_due(self, export: Export) -> bool:
        """Wait until the next look at a job, or until its end is told; at most as one call may."""
        if export.look_at is None:
            return True
        pace = self._client.http.pace
        wait = (export.look_at - pace.now()).total_seconds()
        if wait > 0 and export.called:
            return self._bell.rest(export.job, min(wait, LONGEST_WAIT)) or wait <= LONGEST_WAIT
        if wait > 0:
            pace.sleep(min(wait, LONGEST_WAIT))
        return wait <= LONGEST_WAIT

    def _start(self, module: str, columns: Sequence[str], token: str) -> tuple[str, bool]:
        """Start a job, and tell whether Zoho will tell of its end."""
        whole = {"module": {"api_name": module}, "fields": list(columns), "page": 1}
        query: dict[str, object] = {"page_token": token} if token else whole

        def send(body: dict[str, object]) -> _Starts:
            return self._client.start(
                "bulk/read",
                f"export {module}",
                body,
                lambda answer: answer.decode(_STARTS),
                credits=JOB_CREDITS,
            )

        started, called = self._bell.start(send, {"query": query, "file_type": "csv"})
        if not started.data:
            raise ExportFailed(f"Zoho did not say which export of {module} it began")
        return started.data[0].details.id, called

    def _look(self, module: str, job_id: str) -> _Job | None:
        """Look after a job; ``None`` while it works."""
        found = self._client.read(
            f"bulk/read/{job_id}", f"look after the export of {module}", _decoded_jobs
        )
        if found is None or not found.data:
            raise ExportFailed(f"Zoho does not know the export of {module} any more")
        job = found.data[0]
        if job.state in {"FAILURE", "FAILED"}:
            raise ExportFailed(f"the export of {module} failed at Zoho")
        return job if job.state == "COMPLETED" else None

    def _fetched(self, module: str, job: _Job) -> _Open:
        self.close()
        file = tempfile.TemporaryFile()  # noqa: SIM115 read by the calls that follow
        self._client.download(f"bulk/read/{job.id}/result", f"fetch the export of {module}", file)
        rows = csv_rows(file)
        if rows is None:
            file.close()
            raise CrmUnavailable(
                "the export came damaged",
                system=self._client.system,
                operation=f"fetch the export of {module}",
            )
        header = tuple("id" if name == "Id" else name for name in next(rows, []))
        opened = _Open(job=job, file=file, header=header, rows=rows)
        weakref.finalize(opened, file.close)
        return opened

    def _part(self, opened: _Open, export: Export) -> ExportPart:
        for _ in islice(opened.rows, export.row - opened.row):
            opened.row += 1
        rows = list(islice(opened.rows, self._client.options.export_rows))
        opened.row += len(rows)
        if len(rows) == self._client.options.export_rows:
            ahead: Export | None = msgspec.structs.replace(export, row=opened.row)
        else:
            self.close()
            result = opened.job.result
            if result.count not in {None, opened.row}:
                raise ExportFailed(f"the export holds {opened.row} records of {result.count}")
            token = result.next_page_token if result.more_records else None
            ahead = Export(token=token) if token else None
        return ExportPart(header=opened.header, rows=rows, ahead=ahead)

    def close(self) -> None:
        """Give the file back."""
        if self._open is not None:
            self._open.file.close()
            self._open = None


def _decoded_jobs(answer: Answer) -> _Jobs:
    return answer.decode(_JOBS)
