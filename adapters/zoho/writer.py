"""Writes to Zoho in batches of one hundred, judged record by record.

Zoho stores a picklist value it does not know in some layouts and passes over a field it does not
have, so every value is held against the metadata before it is sent.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from adapters.errors import (
    ContractBroken,
    CredentialsRejected,
    CrmError,
    CrmUnavailable,
    NotPermitted,
    OutcomeUnknown,
    QuotaExhausted,
    RateLimited,
    RecordInvalid,
)
from adapters.http import Answer
from adapters.port import CreditField, FieldUpdate, FieldValue, Outcome, Receipt, WriteEffect
from adapters.zoho.bulk_write import (
    JOB_ROWS,
    SETTLE,
    BulkWriter,
    NoJob,
    fits_a_job,
)
from adapters.zoho.callbacks import JobBell
from adapters.zoho.client import Item, ZohoClient, write_credits
from adapters.zoho.errors import to_error
from adapters.zoho.fields import decode, encode
from adapters.zoho.metadata import FieldMeta, Metadata
from adapters.zoho.names import ZohoMapping
from adapters.zoho.reader import chunks
from adapters.zoho.rows import check_count

__all__ = ["BATCH", "BatchSender", "ZohoWriter", "receipt", "rejected"]

BATCH = 100
# What stands in the way of one batch stands in the way of all that follow.
_STOPPERS = (CredentialsRejected, CrmUnavailable, NotPermitted, QuotaExhausted, RateLimited)

Body = dict[str, Any]
Result = Item | CrmError


class _Info(msgspec.Struct, frozen=True):
    count: int | None = None


class _Found(msgspec.Struct):
    data: list[dict[str, Any]]
    info: _Info = _Info()


_FOUND = msgspec.json.Decoder(_Found, float_hook=Decimal)


class BatchSender:
    """Sends records of one module and returns an item or an error for each."""

    def __init__(self, client: ZohoClient) -> None:
        self._client = client

    def send(
        self,
        method: str,
        module: str,
        bodies: Sequence[Body],
        *,
        go_on: Callable[[], bool] = lambda: True,
    ) -> list[Item | CrmError]:
        """Send all, a hundred at a time. After a refusal that concerns all, the rest is not sent.

        Nor is it when ``go_on``, asked before each call, says no.
        """
        results: list[Item | CrmError] = []
        stopped: CrmError | None = None
        for some in chunks(bodies, BATCH):
            if stopped is None and not go_on():
                stopped = self._unsent("not sent, for there was no more time", f"update {module}")
            if stopped is None:
                part = self._batch(method, module, some)
                stopped = next((self._stopper(each) for each in part if self._stopper(each)), None)
                results += part
            else:
                results += [stopped] * len(some)
        return results

    def _stopper(self, result: Item | CrmError) -> CrmError | None:
        """Return what to say of the batches that follow and are not sent."""
        if isinstance(result, OutcomeUnknown):
            return self._unsent(
                "not sent, for the answer to the batch before it was lost", result.operation
            )
        return result if isinstance(result, _STOPPERS) else None

    def _unsent(self, why: str, operation: str) -> CrmUnavailable:
        return CrmUnavailable(why, system=self._client.system, operation=operation)

    def _batch(self, method: str, module: str, bodies: Sequence[Body]) -> list[Item | CrmError]:
        operation = f"{'create' if method == 'POST' else 'update'} {module}"
        message: Body = {"data": list(bodies)}
        if not self._client.options.run_workflows:
            message["trigger"] = []
        try:
            return list(
                self._client.write(
                    method, module, operation, message, credits=write_credits(len(bodies))
                )
            )
        except RecordInvalid as error:
            return self._halves(method, module, bodies, error)
        except CrmError as error:
            return [error] * len(bodies)

    def _halves(
        self, method: str, module: str, bodies: Sequence[Body], error: CrmError
    ) -> list[Item | CrmError]:
        """Look for the record that made Zoho refuse the whole call, which wrote nothing."""
        if len(bodies) == 1:
            return [error]
        middle = len(bodies) // 2
        return [
            *self._batch(method, module, bodies[:middle]),
            *self._batch(method, module, bodies[middle:]),
        ]


class ZohoWriter:
    """The field-writing part of the port."""

    def __init__(
        self, client: ZohoClient, metadata: Metadata, mapping: ZohoMapping, bell: JobBell
    ) -> None:
        self._client = client
        self._metadata = metadata
        self._mapping = mapping
        self._sender = BatchSender(client)
        self._bulk = BulkWriter(client, metadata, bell)
        self._our_names = {api: ours.value for ours, api in mapping.credit_fields.items() if api}

    def update_fields(self, updates: Sequence[FieldUpdate]) -> list[Outcome]:
        """Write credit fields. One account's refusal is its own."""
        module = self._mapping.accounts.module
        return self._written(updates, lambda bodies: self._sender.send("PUT", module, bodies))

    def fields_at_once(self, waiting: int) -> int:
        """Tell how many updates a job should have when so many wait; 0: no job."""
        return min(waiting, JOB_ROWS) if self._bulk.worth(waiting) else 0

    def update_in_bulk(
        self, updates: Sequence[FieldUpdate], go_on: Callable[[], bool]
    ) -> list[Outcome]:
        """Write credit fields by a job where that is cheaper, the others one hundred a call."""
        return self._written(updates, lambda bodies: self._by_the_price(bodies, go_on))

    def _written(
        self, updates: Sequence[FieldUpdate], send: Callable[[Sequence[Body]], list[Result]]
    ) -> list[Outcome]:
        """Send what can be sent and judge each result."""
        operation = f"update {self._mapping.accounts.module}"
        try:
            prepared: list[Body | CrmError] = [self._prepared(update) for update in updates]
        except CrmError as error:
            return [error] * len(updates)  # the metadata cannot be had: nothing was sent
        prepared = self._free(prepared, operation)
        bodies = [each for each in prepared if not isinstance(each, CrmError)]
        results = iter(send(bodies))
        outcomes: list[Outcome] = []
        for update, body in zip(updates, prepared, strict=True):
            result = body if isinstance(body, CrmError) else next(results)
            outcomes.append(self._judged(result, update.account.record_id, operation))
        return outcomes

    def _free(self, prepared: list[Body | CrmError], operation: str) -> list[Body | CrmError]:
        """Hold back what an earlier job may still write: it would land upon the newer values."""
        ids = [str(each["id"]) for each in prepared if not isinstance(each, CrmError)]
        busy = self._bulk.busy(ids)
        if not busy:
            return prepared
        held = OutcomeUnknown(
            "an earlier bulk write may still work at this record",
            system=self._client.system,
            operation=operation,
            retry_at=self._client.http.pace.now() + SETTLE,
        )
        return [
            held if not isinstance(each, CrmError) and str(each["id"]) in busy else each
            for each in prepared
        ]

    def _by_the_price(self, bodies: Sequence[Body], go_on: Callable[[], bool]) -> list[Result]:
        module = self._mapping.accounts.module
        fitting = [body for body in bodies if fits_a_job(body)][:JOB_ROWS]
        by_id: dict[str, Result] = {}
        if self._bulk.worth(len(fitting)):
            with suppress(NoJob):
                results = self._bulk.write(module, fitting, go_on)
                ids = [str(body["id"]) for body in fitting]
                by_id = dict(zip(ids, results, strict=True))
        single = [body for body in bodies if str(body["id"]) not in by_id]
        results = self._sender.send("PUT", module, single, go_on=go_on)
        by_id |= {str(body["id"]): each for body, each in zip(single, results, strict=True)}
        return [by_id[str(body["id"])] for body in bodies]

    def owned_values(self, record_ids: Sequence[str]) -> dict[str, dict[CreditField, FieldValue]]:
        """Read the credit fields that stand there now; fields the CRM lacks are left out."""
        module = self._mapping.accounts.module
        there = self._metadata.fields(module)
        names = {
            credit: api_name
            for credit, api_name in self._mapping.credit_fields.items()
            if api_name in there
        }
        found: dict[str, dict[CreditField, FieldValue]] = {}
        wanted = [each for each in dict.fromkeys(record_ids) if each.isdecimal()]
        for some in chunks(wanted, BATCH):
            params = {
                "fields": ",".join(names.values()) or self._mapping.accounts.name,
                "ids": ",".join(some),
                "per_page": "200",
            }
            rows = self._client.read(module, "read the credit fields", _whole, params=params)
            for row in rows.data if rows else ():
                found[str(row["id"])] = self._ours(row, names)
        return found

    def _ours(
        self, row: Mapping[str, object], names: Mapping[CreditField, str]
    ) -> dict[CreditField, FieldValue]:
        return {
            credit: decode(row.get(api_name), credit, self._mapping.options.get(credit, {}))
            for credit, api_name in names.items()
        }

    def _prepared(self, update: FieldUpdate) -> Body | RecordInvalid:
        """Turn the values into Zoho's; before refusing one, look at the metadata again."""
        module = self._mapping.accounts.module
        body, complaints = self._try(update, self._metadata.fields(module, to_write=True))
        if complaints and self._metadata.look_again(module):
            body, complaints = self._try(update, self._metadata.fields(module, to_write=True))
        if complaints:
            told = "; ".join(f"{field}: {text}" for field, text in complaints.items())
            return RecordInvalid(
                f"nothing was written: {told}",
                system=self._client.system,
                operation=f"update {module}",
                fields=complaints,
            )
        return body

    def _try(
        self, update: FieldUpdate, there: Mapping[str, FieldMeta]
    ) -> tuple[Body, dict[str, str]]:
        body: Body = {"id": update.account.record_id}
        complaints: dict[str, str] = {}
        for credit, value in update.values.items():
            api_name = self._mapping.field_of(credit)
            if not api_name:
                continue  # the organisation does not keep this one, as configured
            field = there.get(api_name)
            if field is None:
                complaints[credit.value] = f"no field {api_name}: run `zixin provision`"
                continue
            try:
                body[api_name] = encode(value, field, self._mapping.options.get(credit, {}))
            except ValueError as error:
                complaints[credit.value] = str(error)
        return body, complaints

    def _judged(self, result: Item | CrmError, record_id: str, operation: str) -> Outcome:
        if isinstance(result, CrmError):
            return result
        if not result.well:
            return rejected(self._client, result, operation, self._our_names)
        return receipt(
            self._client, result, operation, effect=WriteEffect.WRITTEN, expected_id=record_id
        )


def _whole(answer: Answer) -> _Found:
    """Decode records; an account that was lost on the way must not look as if it were gone."""
    found = answer.decode(_FOUND)
    check_count(answer, found.info.count, len(found.data))
    return found


def rejected(
    client: ZohoClient, item: Item, operation: str, our_names: Mapping[str, str]
) -> CrmError:
    """Translate the error of one record."""
    now = client.http.pace.now()
    return to_error(client.refusal(item, operation), now=now, our_names=our_names)


def receipt(
    client: ZohoClient,
    item: Item,
    operation: str,
    *,
    effect: WriteEffect,
    expected_id: str | None = None,
) -> Outcome:
    """Turn the success of one record into its receipt, if it is of the record we meant."""
    record_id = str(item.details.get("id") or "")
    if not record_id or (expected_id is not None and record_id != expected_id):
        return ContractBroken(
            "the result is of another record than the one sent",
            system=client.system,
            operation=operation,
        )
    return Receipt(effect=effect, record_id=record_id, modified_at=_modified(item))


def _modified(item: Item) -> datetime | None:
    try:
        return datetime.fromisoformat(str(item.details.get("Modified_Time"))).astimezone(UTC)
    except ValueError:
        return None
