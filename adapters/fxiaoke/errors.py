"""Fenxiang's error codes and what they mean to us: the one place that reads them.

HTTP 200 comes with everything, so the code alone decides. The text is unstable and is read in
three cases only, where the vendor documents no code of their own: a locked record, an IP that is
not on the white list, and the business refusals (an approval under way, a customer in a pool …).
"""

from collections.abc import Callable
from datetime import datetime, timedelta

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
    RecordConflict,
    RecordInvalid,
    RecordNotFound,
    Refused,
    Transient,
)
from adapters.fxiaoke.values import GMT8

__all__ = ["TOKEN_DEAD", "Refusal", "is_locked", "quota_reset", "to_error"]

TOKEN_DEAD = 20016  # unknown or expired: fetch one anew, repeat once

FREQUENCY_SECONDS = 20
_QUOTA = 30002
_FREQUENCY = frozenset({30004, 14001})
_BUSY = frozenset({-1, -2})
_TIMEOUT_OR_REFUSAL = 50009
_PAGING = 10013
_MISSING_PARAMETER = 10006
_EMPLOYEE_UNKNOWN = frozenset({30007, 30027})
_ACTOR = frozenset({20010, 20012, 20014})
_STOP = {
    20005: "the application is unknown: check appId",
    20006: "the application secret is wrong: check appSecret",
    20015: "the permanent code is wrong: copy it again from the application's page",
    20016: "the token was refused twice: check appId, appSecret and permanentCode",
    20017: "the call carried no credentials the platform accepts",
    15003: "the application lacks the permission for this interface: grant it in the console",
    20020: "the application was stopped in the tenant's console",
    20021: "the tenant has not authorised the application",
    20022: "the tenant has not authorised the application",
    20023: "the tenant has not authorised the application",
    30003: "the tenant has bought no Open API pack, so every call is refused",
}
_PARAMETERS = frozenset({15002, 32000, 12002, 12003, 12004, 12005, *range(10001, 11019)})
_TEXT_CHARACTERS = 200
_BUSINESS: tuple[tuple[tuple[str, ...], type[CrmError], str], ...] = (
    (("公海",), NotPermitted, "the customer lies in a pool"),
    (("重复", "唯一", "duplicate", "unique"), RecordConflict, "the value exists already"),
    (("权限", "permission"), NotPermitted, "the calling employee may not do this"),
    (
        ("不存在", "已作废", "已删除", "not exist", "not found"),
        RecordNotFound,
        "the record is not there",
    ),
)
_LOCKED = "the record is locked: unlock it in the CRM"


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """An answer whose code is not 0, and the call it answers."""

    code: int
    message: str
    trace_id: str
    system: str
    operation: str
    wrote: bool

    def has(self, *words: str) -> bool:
        """Tell whether the vendor's text holds one of these words."""
        text = self.message.lower()
        return any(word in text for word in words)

    def error(self, kind: type[CrmError], sentence: str) -> CrmError:
        """Build an error that tells code and trace id."""
        return kind(
            sentence,
            system=self.system,
            operation=self.operation,
            vendor_code=str(self.code),
            request_id=self.trace_id,
        )


def to_error(refusal: Refusal, *, now: datetime, jitter: float) -> CrmError:
    """Translate a refusal. ``jitter`` from [0, 1) spreads the repetition of a throttled call."""
    if refusal.has("ip white list", "ip白名单"):
        sentence = f"the server's address is not on the application's white list: {_said(refusal)}"
        return refusal.error(CredentialsRejected, sentence)
    handler = _HANDLERS.get(refusal.code)
    if handler is not None:
        return handler(refusal)
    if refusal.code in _FREQUENCY:
        at = now + timedelta(seconds=FREQUENCY_SECONDS + jitter)
        return _later(refusal, RateLimited, "too many calls", at)
    if refusal.code == _QUOTA:
        return _later(refusal, QuotaExhausted, "the day's calls are used up", quota_reset(now))
    return _business(refusal)


def is_locked(error: CrmError) -> bool:
    """Tell whether a write was refused because the record is locked; nothing was written then."""
    return isinstance(error, NotPermitted) and error.user_message == _LOCKED


def quota_reset(now: datetime) -> datetime:
    """Return the next midnight at GMT+8, when the day's calls begin anew."""
    here = now.astimezone(GMT8)
    midnight = here.replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight + timedelta(days=1)).astimezone(now.tzinfo)


def _later(
    refusal: Refusal,
    kind: type[RateLimited | QuotaExhausted],
    sentence: str,
    retry_at: datetime,
) -> CrmError:
    return kind(
        sentence,
        system=refusal.system,
        operation=refusal.operation,
        vendor_code=str(refusal.code),
        request_id=refusal.trace_id,
        retry_at=retry_at,
    )


def _stopped(refusal: Refusal) -> CrmError:
    return refusal.error(CredentialsRejected, _STOP[refusal.code])


def _busy(refusal: Refusal) -> CrmError:
    return _no_outcome(refusal, "the platform is busy")


def _actor_refused(refusal: Refusal) -> CrmError:
    return refusal.error(NotPermitted, f"the calling employee is refused: {_said(refusal)}")


def _employee_unknown(refusal: Refusal) -> CrmError:
    return refusal.error(RecordInvalid, f"no such employee or department: {_said(refusal)}")


def _no_outcome(refusal: Refusal, sentence: str) -> CrmError:
    if refusal.wrote:
        return refusal.error(OutcomeUnknown, f"{sentence}: the write may or may not be stored")
    return refusal.error(CrmUnavailable, sentence)


def _behind_the_gateway(refusal: Refusal) -> CrmError:
    """50009 is a timeout by the table, and in use also the answer for a locked record."""
    if refusal.has("锁定", "locked"):
        return refusal.error(NotPermitted, _LOCKED)
    return _no_outcome(refusal, "the platform ran into a timeout")


def _parameter(refusal: Refusal) -> CrmError:
    """A wrong value of one record when writing; else our own mistake, or another gateway."""
    own_mistake = refusal.code == _MISSING_PARAMETER and refusal.has("uri", "apiname")
    if refusal.wrote and refusal.code != _PAGING and not own_mistake:
        return refusal.error(RecordInvalid, f"a value was refused: {_said(refusal)}")
    return refusal.error(ContractBroken, f"the call was refused as malformed: {_said(refusal)}")


def _business(refusal: Refusal) -> CrmError:
    """Refusals without documented codes: sorted by their text, and final but for approvals."""
    said = _said(refusal)
    if refusal.has("锁定", "locked"):
        return refusal.error(NotPermitted, _LOCKED)
    if refusal.wrote and refusal.has("审批", "审核", "approval"):
        return refusal.error(
            Transient, f"an approval is under way, it is tried again later: {said}"
        )
    for words, kind, sentence in _BUSINESS:
        if refusal.has(*words):
            return refusal.error(kind, f"{sentence}: {said}")
    return refusal.error(RecordInvalid if refusal.wrote else Refused, f"refused: {said}")


def _said(refusal: Refusal) -> str:
    text = "".join(mark if mark.isprintable() else " " for mark in refusal.message)
    return text[:_TEXT_CHARACTERS] or "no reason given"


_HANDLERS: dict[int, Callable[[Refusal], CrmError]] = {
    **dict.fromkeys(_STOP, _stopped),
    **dict.fromkeys(_BUSY, _busy),
    **dict.fromkeys(_ACTOR, _actor_refused),
    **dict.fromkeys(_EMPLOYEE_UNKNOWN, _employee_unknown),
    **dict.fromkeys(_PARAMETERS, _parameter),
    _TIMEOUT_OR_REFUSAL: _behind_the_gateway,
}
