"""The configuration: one TOML file, read once, checked as a whole.

Nothing else reads files or the working directory for settings. Secrets are references
(``env:NAME``, ``file:PATH``), which ``wiring/connections.py`` resolves.
"""

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from adapters.guard import host_of, may_call
from connector.config.house import (
    Company,
    ConnectionConfig,
    Person,
    Rates,
    Receiving,
    Server,
    Store,
)
from connector.config.section import Section
from connector.config.upkeep import (
    AlertChannel,
    AlertHabits,
    Backup,
    Metrics,
    QuietHours,
    Retention,
    Schedule,
    time_of,
)
from scoring.document import (
    DocumentError,
    Mistake,
    mistake,
    read_document,
)

__all__ = ["Config", "ConfigError", "example_text", "language_of", "load_config"]


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


class Config(Section, frozen=True):
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
    people: dict[str, Person] = msgspec.field(default_factory=dict)
    connections: tuple[ConnectionConfig, ...] = ()

    @property
    def zone(self) -> ZoneInfo:
        """The business time zone."""
        return ZoneInfo(self.company.time_zone)


def example_text(name: str = "config.example.toml") -> str:
    """Return a commented example file that ``zixin init`` writes, by its name."""
    packed = files("connector").joinpath(name)
    # An installed wheel carries the file inside the package; a checkout has it beside the packages.
    source = packed if packed.is_file() else Path(__file__).parents[2] / name
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
    at, given = time_of(config.schedule.dunning_at), config.schedule.dunning_at
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
