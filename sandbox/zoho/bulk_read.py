"""Bulk Read: an export as a job. It takes its time, ends as a zip with one CSV, and is called back.

A job exports at most so many rows; what follows is asked for by page or by the token of the job
before. Its rows are those that stand in the module when the job completes.
"""

import secrets
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sandbox.notifier import Notifier
from sandbox.zoho.asking import Answer, Ask
from sandbox.zoho.bulk_criteria import criteria_test
from sandbox.zoho.bulk_csv import zipped_csv
from sandbox.zoho.callbacks import call_back, callback_url
from sandbox.zoho.errors import ZohoError
from sandbox.zoho.scopes import covers, module_scope
from sandbox.zoho.state import OrgState
from sandbox.zoho.table import Row

__all__ = ["BulkReadDesk"]

_JOB_CREDITS = 50
_MOST_FIELDS, _MOST_PAGES = 1_000, 50
_DOWNLOADS_A_MINUTE = 10
_TOKEN_LIFE = _KEPT = timedelta(hours=24)
_UNSUPPORTED = frozenset({"Notes", "Attachments", "Emails"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Query:
    """What to export, and from where on: after so many rows in the order of ids."""

    module: str
    fields: tuple[str, ...]
    criteria: object
    skip: int
    page: int


@dataclass(slots=True, kw_only=True)
class _Job:
    """One export. ``zipped`` and what follows from it are there once it is complete."""

    id: str
    query: _Query
    by: str
    at: datetime
    fails: bool
    count: int = 0
    token: str | None = None
    zipped: bytes | None = None


@dataclass(slots=True)
class BulkReadDesk:
    """Keeps the jobs and the tokens given out. Callers hold the state's lock."""

    state: OrgState
    notifier: Notifier
    _jobs: dict[str, _Job] = field(default_factory=dict)
    _tokens: dict[str, tuple[_Query, datetime]] = field(default_factory=dict)
    _downloads: deque[datetime] = field(default_factory=deque)

    def create(self, ask: Ask) -> Answer:
        """``POST /crm/bulk/v8/read``."""
        body = ask.json()
        query = self._query(body)
        self._check_scope(query.module)
        now = self.state.clock.now()
        job = _Job(
            id=self.state.record_id(),
            query=query,
            by=ask.user,
            at=now,
            fails=self.state.options.bulk_jobs_fail,
        )
        over = "FAILURE" if job.fails else "COMPLETED"
        call_back(
            self.notifier,
            callback_url(body.get("callback")),
            {"job_id": job.id, "operation": "read", "state": over, "query": body["query"]},
            after_seconds=self.state.options.bulk_job_seconds,
        )
        self._jobs = {key: kept for key, kept in self._jobs.items() if kept.at + _KEPT > now}
        self._jobs[job.id] = job
        details = {
            "id": job.id,
            "operation": "read",
            "state": "ADDED",
            "created_by": self.state.person(job.by),
            "created_time": self.state.iso(int(now.timestamp())),
        }
        item = {
            "status": "success",
            "code": "ADDED_SUCCESSFULLY",
            "message": "Added successfully.",
            "details": details,
        }
        return Answer(status=201, body={"data": [item], "info": {}}, credits=_JOB_CREDITS)

    def show(self, _ask: Ask, job_id: str) -> Answer:
        """``GET /crm/bulk/v8/read/{job}``."""
        return Answer(body={"data": [self._shown(self._job(job_id))]})

    def result(self, _ask: Ask, job_id: str) -> Answer:
        """``GET /crm/bulk/v8/read/{job}/result``: ten a minute, and none before it is ready."""
        job = self._job(job_id)
        if self._stage(job) != "COMPLETED":
            raise _not_found("result")
        now = self.state.clock.now()
        while self._downloads and self._downloads[0] <= now - timedelta(minutes=1):
            self._downloads.popleft()
        if len(self._downloads) >= _DOWNLOADS_A_MINUTE:
            message = "too many downloads of results within a minute"
            raise ZohoError("TOO_MANY_REQUESTS", message, status=429)
        self._downloads.append(now)
        return Answer(
            raw=self._zipped(job),
            content_type="application/zip",
            headers={"Content-Disposition": f"attachment; filename={job.id}.zip"},
        )

    def _job(self, job_id: str) -> _Job:
        job = self._jobs.get(job_id)
        if job is None or job.at + _KEPT <= self.state.clock.now():
            raise _not_found("job")
        return job

    def _stage(self, job: _Job) -> str:
        """Tell how far a job is: it waits a third of its time, then works."""
        took = (self.state.clock.now() - job.at).total_seconds()
        whole = self.state.options.bulk_job_seconds
        if took >= whole:
            return "FAILURE" if job.fails else "COMPLETED"
        return "ADDED" if took < whole / 3 else "IN PROGRESS"

    def _shown(self, job: _Job) -> dict[str, object]:
        query, stage = job.query, self._stage(job)
        shown: dict[str, object] = {
            "id": job.id,
            "operation": "read",
            "state": stage,
            "file_type": "csv",
            "query": {
                "module": {
                    "api_name": query.module,
                    "id": self.state.modules[query.module].id,
                },
                "fields": list(query.fields),
                "page": query.page,
            },
            "created_by": self.state.person(job.by),
            "created_time": self.state.iso(int(job.at.timestamp())),
        }
        if stage == "COMPLETED":
            self._zipped(job)
            shown["result"] = {
                "page": query.page,
                "per_page": self.state.options.bulk_rows,
                "count": job.count,
                "more_records": job.token is not None,
                "next_page_token": job.token,
                "download_url": f"/crm/bulk/v8/read/{job.id}/result",
            }
        elif stage == "FAILURE":
            shown["result"] = {"error_message": "the export failed"}
        return shown

    def _zipped(self, job: _Job) -> bytes:
        """Write the export, once: the first look at a complete job settles its rows."""
        if job.zipped is None:
            rows, more = self._rows(job.query)
            job.count = len(rows)
            if more:
                job.token = secrets.token_hex(32)
                end, page = job.query.skip + len(rows), job.query.page + 1
                following = replace(job.query, skip=end, page=page)
                self._tokens[job.token] = following, self.state.clock.now() + _TOKEN_LIFE
            job.zipped = zipped_csv(
                f"{job.id}.csv", self.state, job.query.module, job.query.fields, rows
            )
        return job.zipped

    def _rows(self, query: _Query) -> tuple[list[Row], bool]:
        test = criteria_test(self.state, query.module, query.criteria)
        table = self.state.tables[query.module]
        found = [row for _, rid in table.order("id") if test(row := table.rows[rid])]
        end = query.skip + self.state.options.bulk_rows
        return found[query.skip : end], len(found) > end

    def _query(self, body: Mapping[str, object]) -> _Query:
        given = body.get("query")
        if not isinstance(given, Mapping):
            raise ZohoError("REQUEST_BODY_NOT_SUPPORTED", "the query is missing")
        if "page_token" in given:
            return self._following(str(given["page_token"]))
        module = given.get("module")
        name = str(module.get("api_name")) if isinstance(module, Mapping) else ""
        if name in _UNSUPPORTED:
            raise ZohoError("MODULE_NOT_SUPPORTED", "the module is not supported", _of(name))
        if name not in self.state.modules:
            raise ZohoError("MODULE_NOT_AVAILABLE", "the module is not there", _of(name))
        page = given.get("page", 1)
        if not isinstance(page, int) or not 1 <= page <= _MOST_PAGES:
            raise ZohoError(
                "PAGE_RANGE_EXCEEDED", "the page is out of range", {"max_limit": _MOST_PAGES}
            )
        criteria_test(self.state, name, given.get("criteria"))
        return _Query(
            module=name,
            fields=self._fields(name, given.get("fields")),
            criteria=given.get("criteria"),
            skip=(page - 1) * self.state.options.bulk_rows,
            page=page,
        )

    def _following(self, token: str) -> _Query:
        found = self._tokens.get(token)
        if found is None:
            raise ZohoError("INVALID_DATA", "the page token is not known", _of("page_token"))
        query, ends_at = found
        if ends_at <= self.state.clock.now():
            raise ZohoError("EXPIRED_VALUE", "the page token has expired", _of("page_token"))
        return query

    def _fields(self, module: str, given: object) -> tuple[str, ...]:
        known = self.state.modules[module].fields
        if given is None:
            return tuple(known)
        names = tuple(str(name) for name in given) if isinstance(given, list) else ()
        if not names or len(names) > _MOST_FIELDS:
            raise ZohoError("FIELD_NOT_SUPPORTED", "the fields cannot be read", _of("fields"))
        for name in names:
            if name not in known:
                raise ZohoError("FIELD_NOT_AVAILABLE", "the field is not there", _of(name))
        return names

    def _check_scope(self, module: str) -> None:
        if not covers(self.state.options.scopes, module_scope(module, "GET")):
            message = "invalid oauth scope to access this URL"
            raise ZohoError("OAUTH_SCOPE_MISMATCH", message, status=401)


def _of(name: str) -> dict[str, object]:
    return {"api_name": name}


def _not_found(resource: str) -> ZohoError:
    message = "the requested resource doesn't exist"
    return ZohoError("RESOURCE_NOT_FOUND", message, {"resource": resource}, status=404)
