"""The configuration: one TOML file, read once, checked as a whole.

Nothing else reads files or the working directory for settings. Secrets are references
(``env:NAME``, ``file:PATH``), which ``wiring/connections.py`` resolves.
"""

import tomllib
from collections.abc import Iterator
from datetime import date, time, timedelta
from decimal import Decimal, InvalidOperation
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import sqlalchemy as sa

from adapters.budget import KEPT_FOR_WRITES, BudgetPlan
from adapters.guard import host_of, may_call
from scoring.document import (
    DocumentError,
    Mistake,
    Rule,
    Word,
    lies_between,
    mistake,
    read_document,
    refuse,
    starts_at,
    written,
)
from scoring.money import UnknownCurrencyError, minor_digits

__all__ = [
    "AlertChannel",
    "AlertHabits",
    "Backup",
    "Company",
    "Config",
    "ConfigError",
    "ConnectionConfig",
    "Metrics",
    "Person",
    "QuietHours",
    "Rates",
    "Receiving",
    "Retention",
    "Schedule",
    "Server",
    "Store",
    "example_text",
    "language_of",
    "load_config",
]


class ConfigError(Exception):
    """The configuration cannot be used; every mistake is listed with its key path."""

    @classmethod
    def of_connection(cls, name: str, error: ValueError) -> "ConfigError":
        """Make it of what an adapter says of a connection's settings."""
        return cls(f"connection {name}", [mistake("", "said", what=str(error))])

    def __init__(self, source: str, mistakes: list[Mistake]) -> None:
        lines = "\n".join(f"  {mistake}" for mistake in mistakes)
        super().__init__(f"{source} has {len(mistakes)} mistake(s):\n{lines}")
        self.source = source
        self.mistakes = mistakes


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A section of the file: unknown keys are mistakes."""


class Company(_Section, frozen=True):
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


class Store(_Section, frozen=True):
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


class Rates(_Section, frozen=True):
    """What one unit of a foreign currency costs in the policy's currency, on a day."""

    on: date | None = None
    per_unit: dict[str, str] = {}

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


class Server(_Section, frozen=True):
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
        """Refuse a negative number of proxies."""
        refuse(*starts_at(0, proxies=self.proxies))

    @property
    def trusted_hosts(self) -> tuple[str, ...]:
        """The hosts that requests may name; empty: any."""
        public = urlsplit(self.public_url).hostname
        named = (*((public,) if public else ()), *self.hosts)
        return (*named, *_THIS_MACHINE) if named else ()


_THIS_MACHINE = ("127.0.0.1", "localhost", "[::1]")


class Receiving(_Section, frozen=True):
    """Bounds of the receiver and the marks of its inbox; see ``connector/work/pressure.py``.

    An address from which more than ``refused_per_minute`` messages had to be refused is not
    listened to for a while; a connection sends at most ``messages_per_second``. 0: no limit.
    """

    refused_per_minute: int = 600
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
            ),
            *starts_at(1, soft_rows=self.soft_rows, hard_rows=self.hard_rows),
            *lies_between(0, 1, disk_share=self.disk_share),
        )


class Schedule(_Section, frozen=True):
    """When things happen, in the company's time zone.

    Those in ``workdays_only`` happen on days that are worked in the company's country.
    ``backup_at``: empty: no backups; without it SQLite is backed up at night, PostgreSQL is not.
    """

    pull_minutes: int = 15
    full_pull_at: str = "03:00"
    sweep_at: str = "02:00"
    assess_at: str = "04:00"
    dunning_at: str = "08:30"
    renew_hours: int = 12
    formula_refresh_hours: int = 24
    expire_at: str = "00:10"
    review_at: str = "08:30"
    report: Literal["never", "weekly", "monthly"] = "never"
    report_at: str = "07:30"
    report_folder: str = "reports"
    retention_at: str = "01:00"
    backup_at: str | None = None
    workdays_only: tuple[Literal["dunning", "reviews", "report"], ...] = ("dunning", "reviews")

    @property
    def computed_each(self) -> timedelta | None:
        """How often feeds with fields that a CRM works out by itself are read anew; never."""
        hours = self.formula_refresh_hours
        return timedelta(hours=hours) if hours else None

    def backup_of(self, database: str) -> str:
        """Tell when a database of a kind is backed up; the empty text: not by us."""
        if self.backup_at is None:
            return "01:30" if database == "sqlite" else ""
        return self.backup_at

    def __post_init__(self) -> None:
        """Refuse times of day that are none, and periods that are not positive."""
        at_night = ("full_pull_at", "sweep_at", "assess_at", "expire_at")
        names = (*at_night, "dunning_at", "review_at", "report_at", "retention_at")
        times = {key: getattr(self, key) for key in names}
        if self.backup_at:
            times["backup_at"] = self.backup_at
        refuse(
            *(
                (
                    _is_time_of_day(time),
                    mistake(key, "must_be", wanted=Word.TIME_OF_DAY, given=written(time)),
                )
                for key, time in times.items()
            ),
            *starts_at(1, pull_minutes=self.pull_minutes, renew_hours=self.renew_hours),
            *starts_at(0, formula_refresh_hours=self.formula_refresh_hours),
        )


def _is_time_of_day(text: str) -> bool:
    hour, _, minute = text.partition(":")
    return hour.isdecimal() and minute.isdecimal() and int(hour) < 24 and int(minute) < 60


class QuietHours(_Section, frozen=True):
    """When nobody is given a new task or an alert; without ``hours`` and ``days_off``: never."""

    hours: str = ""
    days_off: bool = False

    @property
    def span(self) -> tuple[time, time]:
        """From when to when each day, over midnight where the end is the earlier one."""
        begins, _, ends = self.hours.partition("-")
        return (_time_of(begins), _time_of(ends)) if self.hours else (time(), time())

    def __post_init__(self) -> None:
        """Refuse hours that are none."""
        begins, _, ends = self.hours.partition("-")
        good = not self.hours or (_is_time_of_day(begins) and _is_time_of_day(ends))
        refuse((good, mistake("hours", "must_look", like="20:00-08:00")))


def _time_of(text: str) -> time:
    hour, _, minute = text.partition(":")
    return time(int(hour), int(minute))


class AlertChannel(_Section, frozen=True):
    """Where alerts go. ``url``: an apprise address, as a secret reference, for it holds a token.

    ``quiet_below``: alerts that weigh less wait for the end of the quiet hours; none: all wait.
    """

    name: str
    url: str
    level: Literal["info", "warning", "error"] = "warning"
    language: Literal["zh", "en"] | None = None
    quiet_below: Literal["info", "warning", "error"] | None = None


class AlertHabits(_Section, frozen=True):
    """How alerts are told: what goes on is told again after ``repeat_hours``."""

    repeat_hours: int = 12
    forged_per_hour: int = 100
    behind_minutes: int = 120

    def __post_init__(self) -> None:
        """Refuse what is not positive."""
        refuse(
            *starts_at(
                1,
                repeat_hours=self.repeat_hours,
                forged_per_hour=self.forged_per_hour,
                behind_minutes=self.behind_minutes,
            )
        )


class Backup(_Section, frozen=True):
    """Where backups go, and how many are kept: the last of each of so many days and weeks."""

    folder: str = "backups"
    keep_daily: int = 7
    keep_weekly: int = 5

    def __post_init__(self) -> None:
        """Refuse to keep none."""
        refuse(
            *starts_at(1, keep_daily=self.keep_daily), *starts_at(0, keep_weekly=self.keep_weekly)
        )


class Retention(_Section, frozen=True):
    """For how many days is kept what nobody needs for ever; the audit log is always kept.

    ``bodies_days``: the bytes of messages that were dealt with, earlier than the rows themselves.
    """

    bodies_days: int = 7
    inbox_days: int = 30
    outbox_days: int = 90
    usage_days: int = 400
    problems_days: int = 90

    def __post_init__(self) -> None:
        """Refuse periods that are none."""
        days: dict[str, int] = {name: getattr(self, name) for name in self.__struct_fields__}
        refuse(*starts_at(1, **days))


class Metrics(_Section, frozen=True):
    """Where Prometheus reads: a port of this machine alone, or the server's with a token.

    ``port`` 0: none of its own. ``token``: a secret reference; whoever shows it as a bearer token
    may read ``/metrics`` at the server's own port.
    """

    port: int = 0
    token: str = ""


class ConnectionConfig(_Section, frozen=True):
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
    secrets: dict[str, str] = {}
    mapping: dict[str, Any] = {}
    options: dict[str, Any] = {}
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


class Person(_Section, frozen=True):
    """Somebody who decides about credit: the role in the approval matrix, and where to write to."""

    role: Literal["credit_officer", "credit_manager", "finance_director", "committee"]
    email: str = ""


class Config(_Section, frozen=True):
    """The whole configuration."""

    company: Company = Company()
    store: Store = Store()
    policy: str = ""
    rates: Rates = Rates()
    server: Server = Server()
    receiving: Receiving = Receiving()
    schedule: Schedule = Schedule()
    quiet: QuietHours = QuietHours()
    alerting: AlertHabits = AlertHabits()
    alerts: tuple[AlertChannel, ...] = ()
    backup: Backup = Backup()
    retention: Retention = Retention()
    metrics: Metrics = Metrics()
    people: dict[str, Person] = {}
    connections: tuple[ConnectionConfig, ...] = ()

    @property
    def zone(self) -> ZoneInfo:
        """The business time zone."""
        return ZoneInfo(self.company.time_zone)


def example_text(name: str = "config.example.toml") -> str:
    """Return a commented example file that ``zixin init`` writes, by its name."""
    packed = files("connector").joinpath(name)
    # An installed wheel carries the file inside the package; a checkout has it beside the packages.
    source = packed if packed.is_file() else Path(__file__).parent.parent / name
    return source.read_text(encoding="utf-8")


def load_config(path: Path) -> Config:
    """Read and check a configuration file. Raises ``ConfigError`` with every mistake in it."""
    try:
        config = read_document(path.read_text(encoding="utf-8"), Config)
    except OSError as error:
        told = mistake("", "unreadable_yet", error=str(error.strerror), command="zixin init")
        raise ConfigError(str(path), [told]) from error
    except UnicodeDecodeError as error:
        raise ConfigError(str(path), [mistake("", "not_utf8")]) from error
    except DocumentError as error:
        raise ConfigError(str(path), error.mistakes) from error
    mistakes = _cross_check(config)
    if mistakes:
        raise ConfigError(str(path), mistakes)
    return config


def language_of(path: Path) -> str:
    """Tell a configuration's tongue though the rest may be wrong; English where it cannot be read."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        return msgspec.convert(data, _Spoken).company.language
    except (OSError, ValueError, msgspec.ValidationError):
        return "en"


class _Tongue(msgspec.Struct):
    language: Literal["zh", "en"] = Company().language


class _Spoken(msgspec.Struct):
    company: _Tongue = msgspec.field(default_factory=_Tongue)


def _cross_check(config: Config) -> list[Mistake]:
    mistakes = []
    names: set[str] = set()
    for index, connection in enumerate(config.connections):
        place = f"connections[{index}]"
        if connection.name in names:
            mistakes.append(mistake(f"{place}.name", "twice", names=connection.name))
        if not connection.name or set(connection.name) & set(" :/"):
            mistakes.append(mistake(f"{place}.name", "plain_word"))
        names.add(connection.name)
        mistakes += _url_mistakes(connection, place)
    return mistakes + _alert_mistakes(config) + _quiet_mistakes(config)


def _quiet_mistakes(config: Config) -> list[Mistake]:
    """Insist that tasks are given outside of the quiet hours: they would never be."""
    begins, ends = config.quiet.span
    at, given = _time_of(config.schedule.dunning_at), config.schedule.dunning_at
    quiet = begins <= at < ends if begins <= ends else at >= begins or at < ends
    told = mistake("schedule.dunning_at", "lies_in", given=given, beside="quiet.hours")
    return [told] if quiet else []


def _alert_mistakes(config: Config) -> list[Mistake]:
    mistakes = []
    names: set[str] = set()
    for index, channel in enumerate(config.alerts):
        place = f"alerts[{index}]"
        if channel.name in names:
            mistakes.append(mistake(f"{place}.name", "twice", names=channel.name))
        if not channel.name or set(channel.name) & set(" :/|"):
            mistakes.append(mistake(f"{place}.name", "plain_word"))
        names.add(channel.name)
        if not channel.url.startswith(("env:", "file:")):  # an address is not repeated: a secret
            like = "env:ZIXIN_ALERTS | file:alerts.secret"
            mistakes.append(mistake(f"{place}.url", "must_look", like=like))
    return mistakes


def _url_mistakes(connection: ConnectionConfig, place: str) -> list[Mistake]:
    """Insist on addresses that calls may go to: https, but for this machine (the sandbox)."""
    addresses = {key: getattr(connection, key) for key in ("base_url", "accounts_url")}
    inner = {host_of(url) for url in addresses.values()} if connection.inner_network else set()
    return [
        mistake(f"{place}.{key}", "must_look", like="https://…")
        for key, url in addresses.items()
        if url and not may_call(url, inner)
    ]
