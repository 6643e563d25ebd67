"""Records of the credit file with valid and boring values; a test names only what matters to it."""

from datetime import date
from typing import Any

from scoring.money import Money
from scoring.records import (
    Collateral,
    CreditRecord,
    NoteReceivable,
    Promise,
    ReturnedPayment,
    Statement,
    WriteOff,
)
from tests.crm_records import MODIFIED_AT

__all__ = [
    "a_bill",
    "a_collateral",
    "a_credit_record",
    "a_promise",
    "a_returned_payment",
    "a_statement",
    "a_write_off",
]

_FIVE_HUNDRED = Money(50_000, "CNY")


def _ids(record_id: str, account_id: str, more: dict[str, Any]) -> dict[str, Any]:
    ids = {"record_id": record_id, "account_id": account_id, "modified_at": MODIFIED_AT}
    return ids | more


def a_statement(record_id: str = "f1", account_id: str = "a1", **more: Any) -> Statement:
    fields = {
        "period_end": date(2025, 12, 31),
        "months": 12,
        "basis": "audited",
        "received_on": date(2026, 4, 30),
        "source": "客户",
        "currency": "CNY",
        "lines": {"total_assets": 900_00, "undistributed_profit": -100_00, "revenue": 0},
    }
    return Statement(**_ids(record_id, account_id, fields | more))


def a_credit_record(record_id: str = "r1", account_id: str = "a1", **more: Any) -> CreditRecord:
    fields = {"kind": "bureau", "known_on": date(2026, 5, 4), "source": "征信机构", "value": 71.5}
    return CreditRecord(**_ids(record_id, account_id, fields | more))


def a_promise(record_id: str = "s1", account_id: str = "a1", **more: Any) -> Promise:
    fields = {
        "made_on": date(2026, 10, 1),
        "promised_on": date(2026, 10, 20),
        "amount": _FIVE_HUNDRED,
        "invoice_id": "i1",
    }
    return Promise(**_ids(record_id, account_id, fields | more))


def a_collateral(record_id: str = "g1", account_id: str = "a1", **more: Any) -> Collateral:
    fields = {
        "kind": "bank_guarantee",
        "amount": _FIVE_HUNDRED,
        "valid_from": date(2026, 1, 1),
        "valid_to": date(2027, 1, 1),
        "registered": True,
        "haircut": 0.15,
    }
    return Collateral(**_ids(record_id, account_id, fields | more))


def a_write_off(record_id: str = "w1", account_id: str = "a1", **more: Any) -> WriteOff:
    fields = {
        "written_off_on": date(2026, 9, 30),
        "amount": _FIVE_HUNDRED,
        "invoice_id": "i1",
    }
    return WriteOff(**_ids(record_id, account_id, fields | more))


def a_returned_payment(
    record_id: str = "b1", account_id: str = "a1", **more: Any
) -> ReturnedPayment:
    fields = {"payment_id": "p1", "returned_on": date(2026, 9, 15)}
    return ReturnedPayment(**_ids(record_id, account_id, fields | more))


def a_bill(record_id: str = "n1", account_id: str = "a1", **more: Any) -> NoteReceivable:
    fields = {
        "kind": "bank_acceptance",
        "amount": _FIVE_HUNDRED,
        "received_on": date(2026, 9, 1),
        "due_on": date(2026, 12, 1),
    }
    return NoteReceivable(**_ids(record_id, account_id, fields | more))
