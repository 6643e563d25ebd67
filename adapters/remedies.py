"""What a person can do about an error that the doctor met. The vendors add their own."""

from datetime import datetime

from adapters.errors import (
    ContractBroken,
    CredentialsRejected,
    CrmError,
    NotPermitted,
    QuotaExhausted,
    RateLimited,
    Transient,
)

__all__ = ["remedy_of"]


def remedy_of(error: CrmError, *, reconnect: str, permit: str) -> str:
    """Say what to do.

    ``reconnect`` is the vendor's way to new credentials, ``permit`` its way to a right.
    """
    match error:
        case CredentialsRejected():
            return reconnect
        case NotPermitted():
            return permit
        case Transient(retry_at=datetime()) | RateLimited() | QuotaExhausted():
            at = f" after {error.retry_at:%Y-%m-%d %H:%M} UTC" if error.retry_at else " later"
            return f"run the doctor again{at}"
        case Transient():
            return (
                "see that base_url and accounts_url are right and that nothing stands between, "
                "such as a proxy with a sign-in page; then run the doctor again"
            )
        case ContractBroken():
            return "correct the mapping where it is named; else the adapter needs care: report it"
        case _:
            return "correct what the CRM complains of and run the doctor again"
