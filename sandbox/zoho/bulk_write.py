"""Bulk Write: a file of records as a job, written row by row while time passes, without workflows.

A row is judged like a record of a single write. What became of each stands in a file that is
fetched from an address of its own: the first three mapped columns, then the verdict.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sandbox.notifier import Notifier
from sandbox.zoho.asking import Answer, Ask
from sandbox.zoho.bulk_csv import zipped_rows
from sandbox.zoho.bulk_order import Order, orders_of
from sandbox.zoho.callbacks import call_back, callback_url
from sandbox.zoho.errors import Refusal, ZohoError
from sandbox.zoho.metadata import ZGID
from sandbox.zoho.state import OrgState
from sandbox.zoho.table import Row
from sandbox.zoho.uploads import UploadDesk
from sandbox.zoho.writing import Batch, run_batch

__all__ = ["BulkWriteDesk"]

_JOB_CREDITS = 500
_KEPT = timedelta(days=7)
_SHOWN_COLUMNS = 3
_ROWS_TOLD_AT_ONCE = 100
# What a bulk write says of a row where a single write has a code it does not know.
_CODES = {"RECORD_LOCKED": "BLOCKED_RECORD", "NOT_ALLOWED": "CANNOT_PROCESS"}


@dataclass(slots=True, kw_only=True)
class _Sheet:
    """One file of a job and what became of its rows so far."""

    order: Order
    verdicts: list[tuple[str, str, str]] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        statuses = [status for status, _id, _errors in self.verdicts]
        return {
            "added_count": statuses.count("added"),
            "updated_count": statuses.count("updated"),
            "skipped_count": statuses.count("skipped"),
            "total_count": len(self.order.sheet.rows),
        }


@dataclass(slots=True, kw_only=True)
class _Job:
    id: str
    operation: str
    sheets: list[_Sheet]
    by: str
    at: datetime
    callback: object
    fails: bool
    base_url: str


@dataclass(slots=True)
class BulkWriteDesk:
    """Keeps the jobs and lets them work. Callers hold the state's lock."""

    state: OrgState
    notifier: Notifier
    uploads: UploadDesk
    _jobs: dict[str, _Job] = field(default_factory=dict)

    def create(self, ask: Ask) -> Answer:
        """``POST /crm/bulk/v8/write``."""
        body = ask.json()
        now = self.state.clock.now()
        orders = orders_of(self.state, self.uploads, body)
        callback = callback_url(body.get("callback"))
        job = _Job(
            id=self.state.record_id(),
            operation=str(body["operation"]),
            sheets=[_Sheet(order=order) for order in orders],
            by=ask.user,
            at=now,
            callback=body.get("callback"),
            fails=self.state.options.bulk_writes_fail,
            base_url=ask.base_url,
        )
        seconds = self.state.options.bulk_job_seconds
        message = {"job_id": job.id, "operation": "write", "state": _end(job)}
        call_back(self.notifier, callback, message, after_seconds=seconds)
        self._jobs[job.id] = job
        details = {"id": job.id, "created_by": self.state.person(job.by)}
        answer = {"status": "success", "code": "SUCCESS", "message": "success", "details": details}
        return Answer(status=201, body=answer, credits=_JOB_CREDITS)

    def show(self, _ask: Ask, job_id: str) -> Answer:
        """``GET /crm/bulk/v8/write/{job}``."""
        job = self._jobs.get(job_id)
        if job is None or job.at + _KEPT <= self.state.clock.now():
            raise ZohoError("RESOURCE_NOT_FOUND", "The requested resource doesn't exist.")
        return Answer(body=self._shown(job))

    def result(self, _ask: Ask, org: str, job_id: str, name: str) -> Answer:
        """Return the file that a finished job's ``download_url`` leads to."""
        job = self._jobs.get(job_id)
        gone = job is None or job.at + _KEPT <= self.state.clock.now()
        if job is None or gone or (org, name) != (ZGID, f"{job_id}.zip") or not self._tells(job):
            # The gateway in front of the files speaks with words of its own.
            body = {"info": "Forbidden", "x-info": "Link not valid", "http_status": "403"}
            return Answer(status=403, body=body)
        files = {sheet.order.file_name: self._lines(sheet) for sheet in job.sheets}
        return Answer(
            raw=zipped_rows(files),
            content_type="application/octet-stream",
            headers={"Content-Disposition": f"attachment; filename={name}"},
        )

    def work(self) -> None:
        """Write the rows whose time has come."""
        now = self.state.clock.now()
        for job in self._jobs.values():
            self._write(job, self._share(job, now))

    def _share(self, job: _Job, now: datetime) -> float:
        """Tell how much of a job is done: nothing in the first third of its time."""
        took, whole = (now - job.at).total_seconds(), self.state.options.bulk_job_seconds
        if took >= whole:
            return 1.0
        return max(0.0, (took - whole / 3) / (whole * 2 / 3))

    def _write(self, job: _Job, share: float) -> None:
        for sheet in job.sheets:
            rows = sheet.order.sheet.rows
            # A job that fails stops half-way, as a crash would have it.
            due = int(len(rows) * min(share, 0.5 if job.fails else 1.0))
            while (done := len(sheet.verdicts)) < due:
                part = rows[done : min(due, done + _ROWS_TOLD_AT_ONCE)]
                sheet.verdicts += self._judged(job, sheet.order, [list(cells) for cells in part])

    def _judged(
        self, job: _Job, order: Order, rows: list[list[str]]
    ) -> Iterator[tuple[str, str, str]]:
        """Write some rows, one message to the listeners for all, and return their verdicts."""
        batch = Batch(state=self.state, module=order.module, user=job.by, workflows=False)
        batch.duplicate_fields = [order.find_by]
        act = _ACTS[order.operation]
        items: list[object] = [order.item(cells) for cells in rows]
        headers = {column.field.api_name: column.header for column in order.columns}
        for result in run_batch(batch, items, lambda item, at: act(batch, order, item, at)):
            yield _verdict(result, headers)

    def _shown(self, job: _Job) -> dict[str, object]:
        stage = self._stage(job)
        shown: dict[str, object] = {
            "status": stage,
            "id": job.id,
            "operation": job.operation,
            "resource": [self._shown_sheet(sheet, stage) for sheet in job.sheets],
            "created_by": self.state.person(job.by),
            "created_time": self.state.iso(int(job.at.timestamp())),
        }
        if job.callback is not None:
            shown["callback"] = job.callback
        if self._tells(job):
            host = self.state.options.results_host or job.base_url
            path = f"/v2/crm/{ZGID}/bulk-write/{job.id}/{job.id}.zip"
            shown["result"] = {"download_url": f"{host}{path}"}
        return shown

    def _shown_sheet(self, sheet: _Sheet, stage: str) -> dict[str, object]:
        order = sheet.order
        known = ("type", "file_id", "file_names", "ignore_empty", "find_by", "field_mappings")
        shown = {key: order.shown[key] for key in known if key in order.shown}
        return {
            **shown,
            "status": stage,
            "file_id": str(order.shown["file_id"]),
            "module": {"api_name": order.module, "id": self.state.modules[order.module].id},
            "file": {"status": stage, "name": order.file_name, **sheet.counts()},
        }

    def _stage(self, job: _Job) -> str:
        now = self.state.clock.now()
        if self._share(job, now) >= 1.0:
            return _end(job)
        waits = (now - job.at).total_seconds() < self.state.options.bulk_job_seconds / 3
        return "ADDED" if waits else self.state.options.bulk_write_working

    def _tells(self, job: _Job) -> bool:
        """Tell whether there is a file about the rows: only where a job came to its end."""
        return self._stage(job) == "COMPLETED"

    def _lines(self, sheet: _Sheet) -> Iterator[list[str]]:
        shown = sheet.order.columns[:_SHOWN_COLUMNS]
        yield [*(column.header for column in shown), "STATUS", "RECORD_ID", "ERRORS"]
        shout = self.state.options.bulk_write_shouts
        rows = zip(sheet.order.sheet.rows, sheet.verdicts, strict=True)
        for cells, (status, record_id, errors) in rows:
            begin = [cells[column.index] if column.index < len(cells) else "" for column in shown]
            yield [*begin, status.upper() if shout else status, record_id, errors]


def _end(job: _Job) -> str:
    """Name the state a job ends in; one without any row is passed over."""
    if job.fails:
        return "FAILED"
    return "COMPLETED" if any(sheet.order.sheet.rows for sheet in job.sheets) else "SKIPPED"


def _insert(batch: Batch, _order: Order, item: Row, at: int) -> dict[str, object]:
    return batch.insert({name: value for name, value in item.items() if name != "id"}, at)


def _update(batch: Batch, order: Order, item: Row, at: int) -> dict[str, object]:
    """Update by id, or by the unique field that the job names."""
    if order.find_by == "id":
        return batch.update(item, at)
    holder = batch.state.tables[order.module].holder(order.find_by, item.get(order.find_by))
    if holder is None:
        raise Refusal("RESOURCE_NOT_FOUND", "no record", {"api_name": order.find_by})
    return batch.update({**item, "id": holder}, at)


def _upsert(batch: Batch, _order: Order, item: Row, at: int) -> dict[str, object]:
    return batch.upsert(item, at)


_ACTS: dict[str, Callable[[Batch, Order, Row, int], dict[str, object]]] = {
    "insert": _insert,
    "update": _update,
    "upsert": _upsert,
}


def _verdict(result: dict[str, object], headers: Mapping[str, str]) -> tuple[str, str, str]:
    """Return what the file says of a row: its status, its record and what was wrong with it."""
    details = result["details"] if isinstance(result["details"], dict) else {}
    if result["status"] == "success":
        added = result["message"] == "record added"
        return "added" if added else "updated", str(details["id"]), ""
    code, name = str(result["code"]), str(details.get("api_name", "id"))
    return "skipped", "", f"{_CODES.get(code, code)}-{headers.get(name, name)}"
