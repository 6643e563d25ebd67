"""Error codes of Zoho Books become ours. Its limits rest what reads Books, not the connection.

A limit of Books is therefore ``CrmUnavailable`` with the time when it may go on: ``RateLimited``
and ``QuotaExhausted`` stop all work of a connection, and the CRM beside Books still takes ratings
and tasks. (zoho-crm 6.1; the codes of 401 and 429 are not documented)
"""

from datetime import datetime, timedelta

import msgspec

from adapters.errors import (
    ContractBroken,
    CredentialsRejected,
    CrmError,
    CrmUnavailable,
    NotPermitted,
    QuotaExhausted,
    RecordNotFound,
    Refused,
)
from adapters.http import Answer
from adapters.zoho.errors import Refusal
from adapters.zoho.session import TokenIsDead

__all__ = ["DAY_PAUSE", "MINUTE_PAUSE", "books_error", "resting"]

DEAD_TOKEN = 14
DAY_LIMIT = 45
MINUTE_PAUSE = timedelta(seconds=20)
DAY_PAUSE = timedelta(hours=1)
_NOT_PERMITTED = (
    NotPermitted,
    "Zoho Books is not permitted: authorise the connection with the scopes of Books",
)
_NOT_THERE = (RecordNotFound, "Zoho Books has no such record")
_BY_CODE: dict[int, tuple[type[CrmError], str]] = {
    5: (ContractBroken, "Zoho Books does not know the call"),
    57: _NOT_PERMITTED,
    1002: _NOT_THERE,
    6041: (
        Refused,
        "Zoho Books has no such organisation for this user: see options.books_organization_id",
    ),
}
_BY_STATUS: dict[int, tuple[type[CrmError], str]] = {
    401: _NOT_PERMITTED,
    403: _NOT_PERMITTED,
    404: _NOT_THERE,
}


class _Bare(msgspec.Struct, frozen=True, kw_only=True):
    code: int | str = 0
    message: str = ""


_BARE = msgspec.json.Decoder(_Bare)


def books_error(answer: Answer, now: datetime) -> CrmError | TokenIsDead:
    """Translate an answer that is not well. What Books says about values is never repeated."""
    if answer.status >= 500:
        return answer.lost(f"HTTP {answer.status}")
    bare = answer.decode(_BARE)
    code = int(bare.code) if str(bare.code).isdecimal() else -1
    if code == 0:
        return answer.lost(f"HTTP {answer.status} without an error code")
    refusal = Refusal(
        code=str(bare.code)[:20],
        system=answer.system,
        operation=answer.operation,
        wrote=False,
    )
    if answer.status == 429:
        return _limited(refusal, code, bare.message, now)
    if code == DEAD_TOKEN:
        sentence = "Zoho Books does not take the token"
        return TokenIsDead(refusal.error(CredentialsRejected, sentence))
    return refusal.error(*_meaning(code, answer.status))


def resting(error: QuotaExhausted) -> CrmUnavailable:
    """Say of our own budget for Books that it is used up; the CRM goes on."""
    return CrmUnavailable(
        error.user_message,
        system=error.system,
        operation=error.operation,
        retry_at=error.retry_at,
    )


def _meaning(code: int, status: int) -> tuple[type[CrmError], str]:
    if code in _BY_CODE:
        return _BY_CODE[code]
    return _BY_STATUS.get(status, (Refused, "Zoho Books refuses the call"))


def _limited(refusal: Refusal, code: int, message: str, now: datetime) -> CrmError:
    """Tell the day's limit from the minute's by its code, or by its words."""
    if code == DAY_LIMIT or "day" in message.lower():
        sentence = "the day's calls of Zoho Books are used up; the CRM goes on"
        return refusal.error(CrmUnavailable, sentence, retry_at=now + DAY_PAUSE)
    sentence = "too many calls to Zoho Books for now"
    return refusal.error(CrmUnavailable, sentence, retry_at=now + MINUTE_PAUSE)
