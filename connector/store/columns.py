"""Column types that mean the same on both databases."""
# ruff: noqa: ARG002  the library passes the dialect whether a type needs it or not

import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator, TypeEngine

__all__ = ["JsonBytes", "MinorUnits", "PackedBytes", "Tenths", "UtcDateTime"]

MinorUnits = sa.BigInteger
"""Money: integer minor units. The currency stands in a column beside it."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time, kept and returned in UTC. Refuses naive values with ``ValueError``."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> TypeEngine[datetime]:
        """Use a time with zone where the database has one."""
        return dialect.type_descriptor(sa.DateTime(timezone=dialect.name == "postgresql"))

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Turn into UTC; SQLite keeps it as text without a zone, so that it sorts."""
        if value is None:
            return None
        moment = _in_utc(value)
        return moment if dialect.name == "postgresql" else moment.replace(tzinfo=None)

    def bind_processor(self, dialect: sa.Dialect) -> Callable[[Any], Any] | None:
        """Write SQLite's text at once: the library's own way there takes three times as long."""
        if dialect.name == "postgresql":
            return super().bind_processor(dialect)

        return _sqlite_text

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Give back aware UTC."""
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        msg = "a time without a time zone cannot be stored"
        raise ValueError(msg)
    return value.astimezone(UTC)


def _sqlite_text(value: datetime | None) -> str | None:
    if value is None:
        return None
    return _in_utc(value).isoformat(" ", "microseconds").removesuffix("+00:00")


class Tenths(TypeDecorator[Decimal]):
    """A number with one digit after the point (a score), kept as an integer."""

    impl = sa.Integer
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: sa.Dialect) -> int | None:
        """Keep tenths. Raises ``ValueError`` for a finer number: rounding belongs to the policy."""
        if value is None:
            return None
        tenths = Decimal(value) * 10
        if tenths != tenths.to_integral_value():
            msg = f"{value} has more than one digit after the point"
            raise ValueError(msg)
        return int(tenths)

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> Decimal | None:
        """Give back the number with its digit."""
        return None if value is None else Decimal(value).scaleb(-1)


class JsonBytes(TypeDecorator[bytes]):
    """A JSON document as UTF-8 bytes in the program, as text in the database."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: sa.Dialect) -> str | None:
        """Keep as text."""
        return None if value is None else value.decode()

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> bytes | None:
        """Give back the same bytes."""
        return None if value is None else value.encode()


class PackedBytes(TypeDecorator[bytes]):
    """Bytes that are large and read seldom, compressed in the database."""

    impl = sa.LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: sa.Dialect) -> bytes | None:
        """Compress."""
        return None if value is None else zlib.compress(value, 3)

    def process_result_value(self, value: bytes | None, dialect: sa.Dialect) -> bytes | None:
        """Give back the same bytes."""
        return None if value is None else zlib.decompress(value)
