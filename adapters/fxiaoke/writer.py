"""Writes credit fields, one call for each account: the platform has no batch update."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from adapters.errors import (
    CredentialsRejected,
    CrmError,
    CrmUnavailable,
    NotPermitted,
    OutcomeUnknown,
    QuotaExhausted,
    RateLimited,
    RecordInvalid,
)
from adapters.fxiaoke.client import FxiaokeClient, Json, data_path
from adapters.fxiaoke.errors import is_locked
from adapters.fxiaoke.fields import decode, encode
from adapters.fxiaoke.mapping import FxiaokeMapping
from adapters.fxiaoke.metadata import SECOND_LOOK_SECONDS, Describes, ObjectDescribe
from adapters.fxiaoke.scan import Scanner
from adapters.port import CreditField, FieldUpdate, FieldValue, Outcome, Receipt, WriteEffect

__all__ = ["STOPPERS", "FxiaokeWriter", "update_record"]

LOCK_TRIES = 3
_log = logging.getLogger(__name__)
# What stands in the way of one write stands in the way of all that follow in the batch.
STOPPERS = (CredentialsRejected, CrmUnavailable, QuotaExhausted, RateLimited)


class FxiaokeWriter:
    """The field-writing part of the port."""

    def __init__(
        self, client: FxiaokeClient, describes: Describes, mapping: FxiaokeMapping
    ) -> None:
        self._client = client
        self._describes = describes
        self._mapping = mapping
        self._scanner = Scanner(client, describes)

    def update_fields(self, updates: Sequence[FieldUpdate]) -> list[Outcome]:
        """Write each account's values. After a refusal that concerns all, the rest is not sent."""
        outcomes: list[Outcome] = []
        stopped: CrmError | None = None
        for update in updates:
            outcome = stopped or self._update(update)
            if isinstance(outcome, STOPPERS):
                stopped = outcome
            outcomes.append(outcome)
        return outcomes

    def owned_values(self, record_ids: Sequence[str]) -> dict[str, dict[CreditField, FieldValue]]:
        """Read the credit fields that stand there now; fields the tenant lacks are left out."""
        described = self._describes.of(self._mapping.accounts.object)
        there = {
            credit: described.fields[name]
            for credit, name in self._mapping.credit_fields.items()
            if name in described.fields
        }
        fields = [field.api_name for field in there.values()]
        rows = self._scanner.by_id(self._mapping.accounts.object, fields, record_ids)
        return {
            row_id: {
                credit: decode(row, credit, field, self._mapping.options.get(credit, {}))
                for credit, field in there.items()
            }
            for row_id, row in rows.items()
        }

    def _update(self, update: FieldUpdate) -> Outcome:
        try:
            values = self._encoded(update)
            record_id = update.account.record_id
            if values:
                update_record(self._client, self._mapping.accounts.object, record_id, values)
        except CrmError as error:
            return error
        return Receipt(effect=WriteEffect.WRITTEN, record_id=record_id)

    def _encoded(self, update: FieldUpdate) -> Json:
        """Turn the values into the tenant's; before refusing one, look at the tenant again."""
        account = self._mapping.accounts.object
        values, complaints = self._try(update, self._describes.of(account))
        if complaints:
            newer = self._describes.of(account, within_seconds=SECOND_LOOK_SECONDS)
            values, complaints = self._try(update, newer)
        if complaints:
            told = "; ".join(f"{field}: {text}" for field, text in complaints.items())
            raise RecordInvalid(
                f"nothing was written: {told}",
                system=self._client.system,
                operation=f"update {account}",
                fields=complaints,
            )
        return values

    def _try(self, update: FieldUpdate, described: ObjectDescribe) -> tuple[Json, dict[str, str]]:
        values: Json = {}
        complaints: dict[str, str] = {}
        for credit, value in update.values.items():
            name = self._mapping.field_of(credit)
            if not name:
                continue  # the tenant does not keep this one, as configured
            field = described.fields.get(name)
            if field is None:
                complaints[credit.value] = (
                    f"{described.api_name} has no field {name}: see `zixin provision`"
                )
                continue
            try:
                values[name] = encode(value, field, self._mapping.options.get(credit, {}))
            except ValueError as error:
                complaints[credit.value] = str(error)
        return values, complaints


def update_record(
    client: FxiaokeClient,
    object_name: str,
    record_id: str,
    values: Json,
    *,
    workflows: bool = False,
) -> None:
    """Write fields of one record; those not named keep their value. Raises ``CrmError``.

    ``workflows``: the tenant's run on it, also where the connection lets them rest.

    Locked records of custom objects are written all the same, which the platform allows; those of
    standard objects only where the connection may unlock them for the moment.
    """
    data: Json = {"object_data": {"_id": record_id, "dataObjectApiName": object_name, **values}}
    if object_name.endswith("__c"):
        data["skipDataStatusValidate"] = True

    def write() -> None:
        client.write(
            data_path(object_name, "update"),
            f"update {object_name}",
            data,
            triggerWorkFlow=client.options.trigger_workflow or workflows,
            triggerApprovalFlow=False,
        )

    try:
        write()
    except NotPermitted as error:
        if not (client.options.unlock and is_locked(error)):
            raise
        with _unlocked(client, object_name, record_id):
            write()


@contextmanager
def _unlocked(client: FxiaokeClient, object_name: str, record_id: str) -> Iterator[None]:
    """Unlock a record and lock it again, whatever becomes of what is done in between.

    Where it is not known whether it was unlocked, it is locked.
    """
    lock = {"dataObjectApiName": object_name, "dataIds": [record_id], "detailObjStrategy": 0}
    try:
        client.write("/cgi/crm/v2/object/unlock", f"unlock {object_name}", lock)
    except OutcomeUnknown:
        _lock(client, object_name, lock)
        raise
    try:
        yield
    finally:
        _lock(client, object_name, lock)


def _lock(client: FxiaokeClient, object_name: str, lock: Json) -> None:
    """Lock, again where that fails: twice is as good as once. What stays open is logged by id."""
    for left in reversed(range(LOCK_TRIES)):
        try:
            client.write("/cgi/crm/v2/object/lock", f"lock {object_name}", lock)
        except CrmError as error:
            if not left:
                told = (client.system, object_name, lock["dataIds"][0], type(error).__name__)
                _log.exception("%s: %s %s could not be locked again: %s", *told)
        else:
            return
