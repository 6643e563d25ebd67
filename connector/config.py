"""The configuration: one TOML file, read once, checked as a whole.

Nothing else reads files, the environment or the working directory for settings. Secrets are
references (``env:NAME``, ``file:PATH``) resolved here and hidden wherever they are printed.
"""

import os
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import sqlalchemy as sa

from adapters.settings import ConnectionSettings, Secret
from scoring.document import DocumentError, Mistake, read_document
from scoring.money import UnknownCurrencyError, minor_digits

__all__ = [
    "Company",
    "Config",
    "ConfigError",
    "ConnectionConfig",
    "Person",
    "Rates",
    "Schedule",
    "Server",
    "Store",
    "connection_settings",
    "example_text",
    "load_config",
    "resolve_secret",
]


class ConfigError(Exception):
    """The configuration cannot be used; every mistake is listed with its key path."""

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
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError):
            msg = f"time_zone {self.time_zone!r} is unknown; use a name such as Asia/Shanghai"
            raise ValueError(msg) from None


class Store(_Section, frozen=True):
    """Where everything is kept. ``key`` seals tokens: 32 bytes in base64, as a secret reference."""

    url: str = "sqlite:///zixin.db"
    key: str = "file:zixin.key"

    def __post_init__(self) -> None:
        """Refuse an address that is none; it may hold a password and is not repeated."""
        try:
            driver = sa.make_url(self.url).drivername
        except sa.exc.ArgumentError:
            driver = ""
        if driver.partition("+")[0] not in {"sqlite", "postgresql"}:
            msg = "url must be a database address: sqlite:///PATH or postgresql+psycopg://…"
            raise ValueError(msg)


class Rates(_Section, frozen=True):
    """What one unit of a foreign currency costs in the policy's currency, on a day."""

    on: date | None = None
    per_unit: dict[str, str] = {}

    def __post_init__(self) -> None:
        """Refuse unknown currencies, rates that are no positive numbers, and rates without a day."""
        for currency, rate in self.per_unit.items():
            try:
                minor_digits(currency)
                positive = Decimal(rate) > 0
            except UnknownCurrencyError as error:
                raise ValueError(str(error)) from None
            except InvalidOperation:
                positive = False
            if not positive:
                msg = f"rate of {currency} must be a positive number in quotes, not {rate!r}"
                raise ValueError(msg)
        if self.per_unit and self.on is None:
            msg = "on is missing: rates need the day they are of"
            raise ValueError(msg)


class Server(_Section, frozen=True):
    """Where ``zixin serve`` listens, and the address under which the CRMs reach it."""

    host: str = "127.0.0.1"
    port: int = 8080
    public_url: str = ""


class Schedule(_Section, frozen=True):
    """When things happen, in the company's time zone."""

    pull_minutes: int = 15
    full_pull_at: str = "03:00"
    assess_at: str = "04:00"
    dunning_at: str = "08:30"
    renew_hours: int = 12

    def __post_init__(self) -> None:
        """Refuse times of day that are none, and periods that are not positive."""
        for name in ("full_pull_at", "assess_at", "dunning_at"):
            hour, _, minute = getattr(self, name).partition(":")
            if not (hour.isdigit() and minute.isdigit() and int(hour) < 24 and int(minute) < 60):
                msg = f"{name} must be a time of day such as 04:00"
                raise ValueError(msg)
        if self.pull_minutes < 1 or self.renew_hours < 1:
            msg = "pull_minutes and renew_hours must be at least 1"
            raise ValueError(msg)


class ConnectionConfig(_Section, frozen=True):
    """One CRM connection. ``secrets`` are references; what each vendor needs is in the example."""

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
    schedule: Schedule = Schedule()
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
        what = f"cannot be read ({error.strerror}); write one with: zixin init"
        raise ConfigError(str(path), [Mistake("", what)]) from error
    except UnicodeDecodeError as error:
        raise ConfigError(str(path), [Mistake("", "is not UTF-8 text")]) from error
    except DocumentError as error:
        raise ConfigError(str(path), error.mistakes) from error
    mistakes = _cross_check(config)
    if mistakes:
        raise ConfigError(str(path), mistakes)
    return config


def _cross_check(config: Config) -> list[Mistake]:
    mistakes = []
    names: set[str] = set()
    for index, connection in enumerate(config.connections):
        place = f"connections[{index}]"
        if connection.name in names:
            mistakes.append(Mistake(f"{place}.name", f"{connection.name!r} is used twice"))
        if not connection.name or set(connection.name) & set(" :/"):
            mistakes.append(Mistake(f"{place}.name", "must be a word without space, : or /"))
        names.add(connection.name)
        mistakes += _url_mistakes(connection, place)
    return mistakes


def _url_mistakes(connection: ConnectionConfig, place: str) -> list[Mistake]:
    """Insist on https, but for addresses of this machine (the sandbox)."""
    mistakes = []
    for key in ("base_url", "accounts_url"):
        url = getattr(connection, key)
        local = url.startswith(("http://127.0.0.1", "http://localhost", "http://[::1]"))
        if url and not url.startswith("https://") and not local:
            mistakes.append(Mistake(f"{place}.{key}", "must begin with https://"))
    return mistakes


def resolve_secret(reference: str, folder: Path, environment: Mapping[str, str]) -> Secret:
    """Fetch what ``env:NAME`` or ``file:PATH`` refers to. Raises ``ValueError`` with the remedy."""
    kind, _, name = reference.partition(":")
    if kind == "env":
        if not environment.get(name):
            msg = f"environment variable {name} is not set"
            raise ValueError(msg)
        return Secret(environment[name].strip())
    if kind == "file":
        try:
            return Secret((folder / name).read_text(encoding="utf-8").strip())
        except OSError as error:
            msg = f"file {name} cannot be read ({error.strerror})"
            raise ValueError(msg) from error
    msg = "must be a reference such as env:ZOHO_CLIENT_SECRET or file:zoho.secret"
    raise ValueError(msg)


def connection_settings(
    connection: ConnectionConfig, folder: Path, environment: Mapping[str, str] = os.environ
) -> ConnectionSettings:
    """Turn a configured connection into what its adapter is told, secrets resolved.

    Raises ``ConfigError`` naming every secret that cannot be had.
    """
    secrets, mistakes = {}, []
    for key, reference in connection.secrets.items():
        try:
            secrets[key] = resolve_secret(reference, folder, environment)
        except ValueError as error:
            place = f"connections.{connection.name}.secrets.{key}"
            mistakes.append(Mistake(place, str(error)))
    if mistakes:
        raise ConfigError(f"connection {connection.name}", mistakes)
    return ConnectionSettings(
        name=connection.name,
        vendor=connection.vendor,
        base_url=connection.base_url,
        accounts_url=connection.accounts_url,
        secrets=secrets,
        organisation_id=connection.organisation_id,
        default_owner=connection.default_owner,
        mapping=connection.mapping,
        options=connection.options,
    )
