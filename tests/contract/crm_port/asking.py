"""Short ways to ask a port."""

from collections.abc import Iterable

from adapters.port import CreditField, FieldUpdate, FieldValue, Outcome, Page, Receipt
from scoring.records import AccountRef, Record

__all__ = ["an_update", "ids_of", "receipt_of", "records_of"]


def an_update(account_id: str, **values: FieldValue) -> FieldUpdate:
    return FieldUpdate(
        account=AccountRef("crm", account_id),
        values={CreditField(name): value for name, value in (values or {"rating": "A"}).items()},
    )


def ids_of(pages: Iterable[Page]) -> list[str]:
    return [record.record_id for page in pages for record in page.records]


def records_of(pages: Iterable[Page]) -> dict[str, Record]:
    return {record.record_id: record for page in pages for record in page.records}


def receipt_of(outcome: Outcome) -> Receipt:
    assert isinstance(outcome, Receipt), outcome
    return outcome
