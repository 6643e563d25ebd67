"""Sections about the company, its store, its receiver, its connections and its people."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import sqlalchemy as sa

from adapters.budget import KEPT_FOR_WRITES, BudgetPlan
from connector.config.section import Section
from scoring.document import (
    Rule,
    Word,
    lies_between,
    mistake,
    refuse,
    starts_at,
    written,
)
from scoring.money import UnknownCurrencyError, minor_digits

__all__ = [
    "Company",
    "ConnectionConfig",
    "Person",
    "Rates",
    "Receiving",
    "Server",
    "Store",
]


class Company(Section, frozen=True):
    """The seller: whose business date, holidays and tongue are meant."""

    name: str = ""
    time_zone: str = "Asia/Shanghai"
    country: str = "CN"
    language: Literal["zh", "en"] = "zh"

    def __post_init__(self) -> None:
        """Refuse a time zone nobody knows."""
        given = written(self.time_zone)
        unknown = mistake("time_zone", "unknown", given=given, like="Asia/Shanghai")
        refuse((_is_zone(self.time_zone), unknown))


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: it is the name of a folder
        return False
    return True


class Store(Section, frozen=True):
    """Where everything is kept. ``key`` seals tokens: 32 bytes in base64, as a secret reference.

    ``old_keys`` only open what they sealed before, until ``zixin key rotate`` has sealed it anew.
    """

    url: str = "sqlite:///zixin.db"
    key: str = "file:zixin.key"
    old_keys: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse an address that is none; it may hold a password and is not repeated."""
        try:
            driver = sa.make_url(self.url).drivername
        except sa.exc.ArgumentError:
            driver = ""
        known = driver.partition("+")[0] in {"sqlite", "postgresql"}
        like = "sqlite:///PATH | postgresql+psycopg://…"
        refuse((known, mistake("url", "must_look", like=like)))


class Rates(Section, frozen=True):
    """What one unit of a foreign currency costs in the policy's currency, on a day."""

    on: date | None = None
    per_unit: dict[str, str] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse unknown currencies, rates that are no positive numbers, and rates without a day."""
        undated = bool(self.per_unit) and self.on is None
        refuse(
            *self._rules(),
            (not undated, mistake("on", "needed_beside", beside="per_unit")),
        )

    def _rules(self) -> Iterator[Rule]:
        for currency, rate in self.per_unit.items():
            path, given = f"per_unit.{currency}", written(rate)
            yield _is_currency(currency), mistake(path, "no_currency", given=written(currency))
            positive = mistake(path, "must_be", wanted=Word.POSITIVE, given=given)
            yield _is_positive(rate), positive


def _is_currency(code: str) -> bool:
    try:
        minor_digits(code)
    except UnknownCurrencyError:
        return False
    return True


def _is_positive(text: str) -> bool:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return False
    return number.is_finite() and number > 0


class Server(Section, frozen=True):
    """Where ``zixin serve`` listens, and the address under which the CRMs reach it.

    Requests are taken for the host of ``public_url``, for ``hosts`` and for this machine itself;
    without any named, for every host. ``proxies``: how many reverse proxies stand in front.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    public_url: str = ""
    hosts: tuple[str, ...] = ()
    proxies: int = 0

    def __post_init__(self) -> None:
        """Refuse a negative number of proxies, no port, and an address anybody could listen at."""
        like = "https://credit.example.com"
        refuse(
            *starts_at(0, proxies=self.proxies),
            *lies_between(0, 65_535, port=self.port),
            (_is_private(self.public_url), mistake("public_url", "must_look", like=like)),
        )

    @property
    def trusted_hosts(self) -> tuple[str, ...]:
        """The hosts that requests may name; empty: any."""
        public = urlsplit(self.public_url).hostname
        named = (*((public,) if public else ()), *self.hosts)
        return (*named, *_THIS_MACHINE) if named else ()


def _is_private(url: str) -> bool:
    """Tell whether what is sent to an address, none or this machine's, is heard by nobody else."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    local = host in {"127.0.0.1", "localhost", "::1"}
    known = bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and local))
    return not url or (known and parts.username is None)


_THIS_MACHINE = ("127.0.0.1", "localhost", "[::1]")


class Receiving(Section, frozen=True):
    """Bounds of the receiver and the marks of its inbox; see ``connector/work/pressure.py``.

    An address from which more than ``refused_per_minute`` messages had to be refused is not
    listened to for a while; a connection sends at most ``messages_per_second``. 0: no limit.
    Of messages refused for one reason at most ``audited_per_hour`` entries come into the audit log.
    """

    refused_per_minute: int = 600
    audited_per_hour: int = 4
    messages_per_second: int = 2000
    soft_rows: int = 50_000
    hard_rows: int = 200_000
    disk_share: float = 0.8
    disk_free_gb: float = 5.0

    def __post_init__(self) -> None:
        """Refuse what would bound nothing, or everything."""
        refuse(
            *starts_at(
                0,
                refused_per_minute=self.refused_per_minute,
                messages_per_second=self.messages_per_second,
                audited_per_hour=self.audited_per_hour,
            ),
            *starts_at(1, soft_rows=self.soft_rows, hard_rows=self.hard_rows),
            *lies_between(0, 1, disk_share=self.disk_share),
        )


class ConnectionConfig(Section, frozen=True):
    """One CRM connection. ``secrets`` are references; what each vendor needs is in the example.

    ``credits_per_day``: what its calls may cost in 24 hours, all processes together (none: what the
    CRM allows); reading leaves the share ``kept_for_writes`` to writes. ``sweep``: how often its
    ids are compared with ours; none: nightly where the CRM tells no deletions, else monthly.
    ``inner_network``: the hosts of ``base_url`` and ``accounts_url`` may lie in the company's own
    network, at any port. ``ca_file``: whose authorities vouch for them, beside the configuration.
    """

    name: str
    vendor: Literal["zoho", "fxiaoke"]
    base_url: str = ""
    accounts_url: str = ""
    organisation_id: str = ""
    default_owner: str | None = None
    language: Literal["zh", "en"] | None = None
    hook: str = ""
    secrets: dict[str, str] = msgspec.field(default_factory=dict)
    mapping: dict[str, Any] = msgspec.field(default_factory=dict)
    options: dict[str, Any] = msgspec.field(default_factory=dict)
    credits_per_day: int | None = None
    kept_for_writes: Decimal = KEPT_FOR_WRITES
    sweep: Literal["nightly", "weekly", "monthly", "never"] | None = None
    inner_network: bool = False
    ca_file: str = ""

    def __post_init__(self) -> None:
        """Check the budget."""
        refuse(
            *starts_at(1, credits_per_day=self.credits_per_day),
            *lies_between(0, 1, kept_for_writes=self.kept_for_writes),
        )

    @property
    def budget(self) -> BudgetPlan | None:
        """What the connection's calls may cost; ``None``: what the CRM allows."""
        if self.credits_per_day is None:
            return None
        return BudgetPlan(
            credits_per_day=self.credits_per_day, kept_for_writes=self.kept_for_writes
        )


class Person(Section, frozen=True):
    """Somebody who decides about credit: the role in the approval matrix, and where to write to."""

    role: Literal["credit_officer", "credit_manager", "finance_director", "committee"]
    email: str = ""
