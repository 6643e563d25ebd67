"""Records as table rows: what is stored of them, their content hash, and what cannot be stored."""

import math
from collections.abc import Collection, Iterable
from hashlib import blake2b
from typing import Any

import msgspec

from adapters.port import RecordProblem
from scoring.money import Money, UnknownCurrencyError, minor_digits
from scoring.records import CREDIT_FILE_KINDS, Account, Invoice, Kind, Record, Statement
from scoring.schemas import (
    DISPUTE_OUTCOMES,
    NOTE_KINDS,
    RETURN_KINDS,
    SIZE_CLASSES,
    STATEMENT_BASES,
    STATEMENT_LINES,
)

__all__ = ["Row", "stored_rows"]

Row = dict[str, Any]

LARGEST_MINOR = 2**62
LONGEST_TERMS_DAYS = 36_500
_HASH_BYTES = 16
_ENCODER = msgspec.json.Encoder()  # refuses half a character, which no database would take
_MONEY = frozenset({"amount", "disputed", "invoiced", "delivered", "deposit"})
_NAMED = frozenset({"kind", "status"})  # values of a StrEnum, in trading records
_PLAIN = frozenset({Kind.OWNERS, Kind.ACCOUNTS, Kind.CONTACTS, Kind.STATEMENTS})  # no money column
_FILE_KINDS = frozenset(CREDIT_FILE_KINDS)
_LONGEST_PERIOD_MONTHS = 24
#: Kind → column → the words it may hold.
_WORDS: dict[Kind, dict[str, Collection[str]]] = {
    Kind.ACCOUNTS: {"size_class": SIZE_CLASSES},
    Kind.INVOICES: {"dispute_outcome": DISPUTE_OUTCOMES},
    Kind.CREDIT_NOTES: {"dispute_outcome": DISPUTE_OUTCOMES},
    Kind.STATEMENTS: {"basis": STATEMENT_BASES},
    Kind.RETURNS: {"kind": RETURN_KINDS},
    Kind.NOTES: {"kind": NOTE_KINDS},
}


class _Refused(ValueError):
    """A record that the tables or the rules could not carry."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def stored_rows(
    system: str, kind: Kind, records: Iterable[Record]
) -> tuple[dict[str, Row], list[RecordProblem]]:
    """Turn records into rows by id; a record that cannot be stored becomes a problem.

    A record that comes twice counts once, the later modified one.
    """
    rows: dict[str, Row] = {}
    problems: list[RecordProblem] = []
    for record in records:
        try:
            row = _row(system, kind, record)
        except _Refused as refused:
            problems.append(_problem(kind, record, refused))
            continue
        earlier = rows.get(record.record_id)
        if earlier is None or _not_older(row, earlier):
            rows[record.record_id] = row
    return rows, problems


def _not_older(row: Row, earlier: Row) -> bool:
    if row["modified_at"] is None or earlier["modified_at"] is None:
        return True
    return bool(row["modified_at"] >= earlier["modified_at"])


def _row(system: str, kind: Kind, record: Record) -> Row:
    fields = msgspec.structs.asdict(record)
    modified_at = fields.pop("modified_at")
    row: Row = {"system": system, **fields}
    if kind not in _PLAIN:
        row = _converted(row, named=kind not in _FILE_KINDS)
    if kind in _WORDS:
        _check_words(row, _WORDS[kind])
    if isinstance(record, Invoice):
        row["feed"] = kind.value
    elif isinstance(record, Account):
        _check_account(record)
        row["facts"] = _ENCODER.encode(record.facts) if record.facts else None
    elif kind in _FILE_KINDS:
        row["account_system"] = row["account_system"] or system
        _check_numbers(row)
        if isinstance(record, Statement):
            _check_statement(record)
            row["lines"] = _ENCODER.encode(dict(sorted(record.lines.items())))
    row["content_hash"] = _content_hash(row)
    row["modified_at"] = modified_at
    return row


def _converted(fields: Row, *, named: bool) -> Row:
    """Put columns in the place of money and enumerations; the order counts for the hash."""
    row: Row = {}
    for name, value in fields.items():
        if name in _MONEY:
            row[f"{name}_minor"], row[f"{name}_currency"] = _money(name, value)
        else:
            row[name] = value.value if named and name in _NAMED else value
    return row


def _check_words(row: Row, words: dict[str, Collection[str]]) -> None:
    for name, allowed in words.items():
        if row[name] is not None and row[name] not in allowed:
            raise _Refused("unknown_option", f"{name} is none of {', '.join(allowed)}")


def _check_numbers(row: Row) -> None:
    value, haircut = row.get("value"), row.get("haircut")
    if value is not None and not math.isfinite(value):
        raise _Refused("bad_number", "value is no number")
    if haircut is not None and not 0 <= haircut <= 1:
        raise _Refused("bad_number", "haircut is not between 0 and 1")


def _check_statement(statement: Statement) -> None:
    unknown = sorted(set(statement.lines) - set(STATEMENT_LINES))
    if unknown:
        raise _Refused("unknown_option", f"there are no lines {', '.join(unknown)}")
    if not 1 <= statement.months <= _LONGEST_PERIOD_MONTHS:
        raise _Refused("bad_number", f"months is not from 1 to {_LONGEST_PERIOD_MONTHS}")
    if any(abs(amount) > LARGEST_MINOR for amount in statement.lines.values()):
        raise _Refused("bad_amount", "a line is larger than any real amount")
    _check_currency(statement.currency)


def _money(name: str, value: Money | None) -> tuple[int | None, str | None]:
    if value is None:
        return None, None
    if value.minor < 0:
        raise _Refused("negative_amount", f"{name} is negative")
    if value.minor > LARGEST_MINOR:
        raise _Refused("bad_amount", f"{name} is larger than any real amount")
    return value.minor, value.currency


def _check_account(account: Account) -> None:
    if account.terms_days is not None and abs(account.terms_days) > LONGEST_TERMS_DAYS:
        raise _Refused("bad_number", "terms_days is longer than a century")
    if account.currency is not None:
        _check_currency(account.currency)
    for fact in account.facts:
        _check_numbers({"value": fact.value})
        if fact.amount is not None:
            _money(f"{fact.kind} amount", fact.amount)


def _check_currency(currency: str) -> None:
    try:
        minor_digits(currency)
    except UnknownCurrencyError as error:
        raise _Refused("unknown_currency", str(error)) from None


def _content_hash(content: Row) -> str:
    """Hash a row without its modified time, which our own writes move as well."""
    try:
        encoded = _ENCODER.encode(content)
    except UnicodeError:
        raise _Refused("bad_text", "a text holds half a character") from None
    if b"\\u0000" in encoded and any("\0" in text for text in content.values() if _is_text(text)):
        raise _Refused("bad_text", "a text holds a NUL character")
    return blake2b(encoded, digest_size=_HASH_BYTES).hexdigest()


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _problem(kind: Kind, record: Record, refused: _Refused) -> RecordProblem:
    record_id = record.record_id.encode("utf-8", "replace").decode().replace("\0", "?")
    return RecordProblem(
        kind=kind,
        record_id=record_id,
        reason=refused.reason,
        detail=str(refused),
        modified_at=record.modified_at,
    )
