"""A record of the credit file (资信档案), or a part of it in fields of the account. Pure."""

from collections.abc import Iterator

from adapters.credit_file import (
    FACT_FIELDS,
    FILE_FIELDS,
    BadFact,
    FactNames,
    FieldType,
    Plain,
    fact_of,
    record_of,
)
from adapters.fxiaoke.names import FxiaokeMapping
from adapters.fxiaoke.values import (
    BadValue,
    Row,
    currency_of,
    date_of,
    decimal_of,
    modified_of,
    need,
    text_of,
)
from scoring.records import AccountFact, Kind, Record

__all__ = ["facts_of", "file_record"]


def file_record(row: Row, kind: Kind, mapping: FxiaokeMapping) -> Record:
    """Turn a row of the credit file into a record of its kind. Raises ``BadValue``."""
    names = mapping.file(kind)
    fields = names.fields(kind)
    values = {ours: _plain(row, name, FILE_FIELDS[kind][ours]) for ours, name in fields.items()}
    currency = currency_of(row, fields.get("currency", ""), mapping.functional_currency)
    try:
        return record_of(
            kind,
            need(row, "_id"),
            modified_of(row),
            values | {"currency": currency},
            words=names.words,
            unit=names.unit,
            currency=currency,
        )
    except BadFact as bad:
        raise BadValue(bad.reason, fields.get(bad.field, bad.field), bad.note) from None


def facts_of(row: Row, mapping: FxiaokeMapping) -> Iterator[AccountFact | BadValue]:
    """Read the parts of the credit file in the account's fields; a bad one costs itself."""
    for names in mapping.accounts.facts:
        try:
            fact = _fact(row, names, mapping)
        except BadValue as bad:
            yield bad
            continue
        if fact is not None:
            yield fact


def _fact(row: Row, names: FactNames, mapping: FxiaokeMapping) -> AccountFact | None:
    fields = names.fields()
    currency = currency_of(row, mapping.accounts.currency, mapping.functional_currency)
    values = {ours: _plain(row, name, FACT_FIELDS[ours]) for ours, name in fields.items()}
    try:
        return fact_of(names, values, currency)
    except BadFact as bad:
        raise BadValue(bad.reason, fields.get(bad.field, bad.field), bad.note) from None


def _plain(row: Row, name: str, wanted: FieldType) -> Plain:
    match wanted:
        case "date":
            return date_of(row, name)
        case "number":
            return decimal_of(row, (name,))
        case "flag":
            return row.get(name) is True or str(row.get(name)).lower() == "true"
        case _:
            return text_of(row, name)
