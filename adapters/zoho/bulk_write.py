"""Writes very many records of one module by a job (Bulk Write): one file, one job, one result.

A job costs 500 credits, however many of its 25,000 records it writes; by single writes a record
costs a tenth. It takes minutes. The file holds the id of each record in its first column, which
comes back beside the verdict on it. (zoho-crm 4.6)

Values are absolute, so a job may be repeated. But what it writes late must not land upon something
newer: while a job may still work, its records are not written otherwise.
"""

import logging
import tempfile
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import chain
from typing import Any

import msgspec

from adapters.errors import (
    ContractBroken,
    CredentialsRejected,
    CrmError,
    CrmUnavailable,
    OutcomeUnknown,
    QuotaExhausted,
    RecordNotFound,
    Refused,
)
from adapters.zoho.bulk_result import read_result
from adapters.zoho.callbacks import CALLED_WAITS, JobBell, waits
from adapters.zoho.client import Item, ZohoClient, write_credits
from adapters.zoho.metadata import Metadata
from adapters.zoho.zipped import zipped_csv

__all__ = ["JOB_ROWS", "SETTLE", "BulkWriter", "NoJob", "fits_a_job", "job_is_cheaper"]

_log = logging.getLogger(__name__)

JOB_CREDITS, JOB_ROWS = 500, 25_000
FILE_BYTES = 25 * 1024 * 1024
FILE_NAME = "records.csv"
UPLOADS = 3
#: Seconds before each look, a credit each; the last again and again.
WAITS = (3.0, 5.0, 10.0, 15.0, 30.0, 60.0)
PATIENCE_SECONDS = 30 * 60
LONGEST_WAIT = 60.0  # seconds until ``go_on`` is asked again
#: A job whose creation nobody confirmed has begun by then, or never will.
SETTLE = timedelta(minutes=5)
#: Where jobs are not permitted, or fail, single writes serve for so long.
REST_SECONDS = 6 * 60 * 60
_AROUND_CREDITS = 10  # the upload, the looks of some minutes and the fetching
_RECORDS_A_CALL = 100
_WORKING = frozenset({"ADDED", "INPROGRESS"})
_ENDED = frozenset({"COMPLETED", "SKIPPED", "FAILED", "FAILURE"})

Body = dict[str, Any]
GoOn = Callable[[], bool]


class NoJob(Exception):
    """No job is to be had, and nothing was written: single writes must serve."""


class _Uploaded(msgspec.Struct, frozen=True, kw_only=True):
    file_id: str | int


class _Upload(msgspec.Struct, frozen=True, kw_only=True):
    details: _Uploaded


class _Started(msgspec.Struct, frozen=True, kw_only=True):
    id: str


class _Start(msgspec.Struct, frozen=True, kw_only=True):
    details: _Started


class _Result(msgspec.Struct, frozen=True, kw_only=True):
    download_url: str = ""


class _Job(msgspec.Struct, frozen=True, kw_only=True):
    status: str = ""
    result: _Result | None = None

    @property
    def works(self) -> bool | None:
        """Whether it still writes; ``None``: it is in a state that no document lists.

        The state has a blank in some answers.
        """
        state = self.status.replace(" ", "").upper()
        return state in _WORKING if state in _WORKING | _ENDED else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unfinished:
    """A job that may still write; without an id nobody knows whether there is one."""

    job: str
    records: frozenset[str]
    until: datetime


_UPLOADED = msgspec.json.Decoder(_Upload)
_STARTED = msgspec.json.Decoder(_Start)
_JOB = msgspec.json.Decoder(_Job)


def job_is_cheaper(records: int) -> bool:
    """Tell whether a job costs fewer credits than single writes for so many records."""
    calls, rest = divmod(records, _RECORDS_A_CALL)
    single = calls * write_credits(_RECORDS_A_CALL) + (write_credits(rest) if rest else 0)
    return single > JOB_CREDITS + _AROUND_CREDITS


def fits_a_job(body: Body) -> bool:
    """Tell whether a file can say it: an empty cell leaves a field alone and cannot clear it."""
    return all(value is not None and value != "" for value in body.values())


class BulkWriter:
    """The jobs of one connection. It remembers those that may still work, and whether it may."""

    def __init__(self, client: ZohoClient, metadata: Metadata, bell: JobBell) -> None:
        self._client = client
        self._bell = bell
        self._metadata = metadata
        self._unfinished: list[_Unfinished] = []
        self._rests_until = 0.0

    def worth(self, records: int) -> bool:
        """Tell whether so many records should go by a job, as far as one is to be had."""
        options, http = self._client.options, self._client.http
        # A job runs no workflows: who wants them gets single writes.
        offered = self._client.takes_files and not options.run_workflows
        # One that costs more than a whole day may would wait for ever.
        offered = offered and http.affords(JOB_CREDITS, wrote=True)
        if not offered or http.pace.monotonic() < self._rests_until:
            return False
        match options.bulk_write:
            case "always":
                return records > 0
            case "never":
                return False
            case _:
                return job_is_cheaper(records)

    def rest(self, why: object) -> None:
        """Offer no jobs for some hours."""
        _log.warning("%s: records are written without bulk jobs: %s", self._client.system, why)
        self._rests_until = self._client.http.pace.monotonic() + REST_SECONDS

    def busy(self, record_ids: Collection[str]) -> frozenset[str]:
        """Tell which of these records a job that was started earlier may still write.

        A job is looked after only when it concerns one of them, for a look costs a credit.
        """
        self._unfinished = [
            each
            for each in self._unfinished
            if each.records.isdisjoint(record_ids) or self._may_work(each)
        ]
        taken = frozenset[str]().union(*(each.records for each in self._unfinished))
        return taken.intersection(record_ids)

    def _may_work(self, unfinished: _Unfinished) -> bool:
        if unfinished.job:
            try:
                job = self._look(unfinished.job)
            except RecordNotFound:
                return False
            except CrmError:
                job = _Job()
            if job.works is not None:
                return job.works
        return self._client.http.pace.now() < unfinished.until

    def write(self, module: str, bodies: Sequence[Body], go_on: GoOn) -> list[Item | CrmError]:
        """Write at most ``JOB_ROWS`` records that fit, and return an item or an error for each.

        ``go_on`` is asked before each look; told to stop, what is not known is unknown.

        Raises ``NoJob`` where nothing was written and single writes must serve.
        """
        ids = frozenset(str(body["id"]) for body in bodies)
        try:
            file_id = self._uploaded(module, bodies)
            job, called = self._start(module, file_id, _columns(bodies), ids)
        except (Refused, ContractBroken, CredentialsRejected) as error:
            # Credentials that only the host for files refuses serve well for single writes.
            self.rest(error)
            raise NoJob from error
        except CrmError as error:
            return [error] * len(bodies)
        try:
            verdicts = self._verdicts(
                module, job, self._ended(module, job, ids, go_on, called=called)
            )
        except CrmError as error:
            return [error] * len(bodies)
        unheard = self._unknown("Zoho's file says nothing about this record", f"update {module}")
        return [verdicts.get(str(body["id"]), unheard) for body in bodies]

    def _uploaded(self, module: str, bodies: Sequence[Body]) -> str:
        """Upload the records. Nothing is written by that, so a lost answer is no doubt."""
        columns = _columns(bodies)
        lines = ([_cell(body.get(name)) for name in columns] for body in bodies)
        file = zipped_csv(FILE_NAME, chain([columns], lines))
        if len(file) > FILE_BYTES:
            raise self._broken(f"the file of {len(bodies)} records is too large", module)
        headers = {"feature": "bulk-write", "X-CRM-ORG": self._metadata.organisation().zgid}
        operation = f"upload records of {module}"
        tries = 0
        while True:
            tries += 1
            try:
                answer = self._client.upload(
                    operation, file, headers, lambda answer: answer.decode(_UPLOADED)
                )
            except (OutcomeUnknown, CrmUnavailable) as error:
                if tries == UPLOADS:
                    raise CrmUnavailable(
                        error.user_message, system=error.system, operation=error.operation
                    ) from None
                self._client.http.pace.sleep(WAITS[0])
            else:
                return str(answer.details.file_id)

    def _start(
        self, module: str, file_id: str, columns: Sequence[str], ids: frozenset[str]
    ) -> tuple[str, bool]:
        """Start a job, and tell whether Zoho will tell of its end."""
        resource = {
            "type": "data",
            "module": {"api_name": module},
            "file_id": file_id,
            "file_names": [FILE_NAME],
            "ignore_empty": True,
            "find_by": "id",
            "field_mappings": [{"api_name": name, "index": at} for at, name in enumerate(columns)],
        }
        operation = f"update {module} in bulk"

        def send(body: Body) -> _Start:
            return self._client.start(
                "bulk/write",
                operation,
                body,
                lambda answer: answer.decode(_STARTED),
                credits=JOB_CREDITS,
                writes=True,
            )

        try:
            started, called = self._bell.start(
                send, {"operation": "update", "resource": [resource]}
            )
        except OutcomeUnknown as error:
            raise self._doubt("", ids, operation, error.user_message) from None
        except ContractBroken as error:
            if error.vendor_code:
                raise  # Zoho refused it
            raise self._doubt("", ids, operation, error.user_message) from None
        return started.details.id, called

    def _ended(
        self, module: str, job_id: str, ids: frozenset[str], go_on: GoOn, *, called: bool
    ) -> _Job:
        """Look after a job until it is over. Raises ``OutcomeUnknown`` when it is not by then."""
        operation = f"update {module} in bulk"
        until = self._client.http.pace.monotonic() + PATIENCE_SECONDS
        ahead = waits(CALLED_WAITS if called else WAITS)
        while self._waited(job_id, next(ahead), until, go_on, called=called):
            try:
                job = self._look(job_id)
            except RecordNotFound:
                raise self._unknown("Zoho does not know the job any more", operation) from None
            except (CredentialsRejected, QuotaExhausted) as error:
                # Nobody can look for hours: the CRM itself will show what was written.
                raise self._doubt(job_id, ids, operation, error.user_message) from None
            except CrmError as error:
                _log.warning("%s: the job cannot be looked after: %s", self._client.system, error)
                continue
            if job.works is False:
                return job
            if called and self._bell.rang(job_id):  # told before its time
                called, ahead = False, waits(WAITS)
        raise self._doubt(job_id, ids, operation, "the job still works")

    def _waited(
        self, job_id: str, seconds: float, until: float, go_on: GoOn, *, called: bool
    ) -> bool:
        """Wait before a look, or until the job's end is told. False: nobody waits any longer."""
        pace = self._client.http.pace
        while seconds > 0:
            if not go_on() or pace.monotonic() > until:
                return False
            part = min(seconds, LONGEST_WAIT)
            seconds -= part
            if not called:
                pace.sleep(part)
            elif self._bell.rest(job_id, part):
                return True
        return True

    def _look(self, job_id: str) -> _Job:
        found = self._client.read(
            f"bulk/write/{job_id}", "look after a bulk write", lambda answer: answer.decode(_JOB)
        )
        return found or _Job()

    def _verdicts(self, module: str, job_id: str, job: _Job) -> dict[str, Item | CrmError]:
        """Read what became of each record, by its id."""
        operation = f"update {module} in bulk"
        if job.result is None or not job.result.download_url:
            why = f"the bulk write of {module} ended as {job.status} without a result"
            self.rest(why)
            raise self._unknown(why, operation)
        with tempfile.TemporaryFile() as file:
            try:
                self._client.fetch(job.result.download_url, f"fetch the result of {job_id}", file)
            except CrmError as error:
                raise self._unknown(error.user_message, operation) from error
            unknown = self._unknown("Zoho's result does not say", operation)
            verdicts = read_result(file, unknown)
        if verdicts is None:
            raise self._unknown("the result came damaged", operation)
        return verdicts

    def _doubt(self, job: str, ids: frozenset[str], operation: str, why: str) -> OutcomeUnknown:
        """Remember what may still be written, and return the error that says so."""
        until = self._client.http.pace.now() + (timedelta(days=1) if job else SETTLE)
        self._unfinished.append(_Unfinished(job=job, records=ids, until=until))
        return self._unknown(why, operation)

    def _unknown(self, why: str, operation: str) -> OutcomeUnknown:
        return OutcomeUnknown(
            why,
            system=self._client.system,
            operation=operation,
            retry_at=self._client.http.pace.now() + SETTLE,
        )

    def _broken(self, why: str, module: str) -> ContractBroken:
        return ContractBroken(why, system=self._client.system, operation=f"update {module} in bulk")


def _columns(bodies: Sequence[Body]) -> list[str]:
    """Name the columns: the id first, for the result shows the first three alone."""
    return ["id", *sorted({name for body in bodies for name in body} - {"id"})]


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case Decimal():
            return f"{value:f}"
        case _:
            return str(value)
