"""Puts the parts together from the configuration; hands each only what it needs."""

import base64
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from functools import cached_property, partial
from pathlib import Path

import sqlalchemy as sa

from adapters import registry
from adapters.functions import FunctionText
from adapters.port import CrmPort, Finding, FindingLevel
from adapters.settings import ConnectionSettings
from adapters.tokens import MemoryTokenStore, Sealer, TokenStore
from connector.calendars import work_calendar
from connector.clock import Clock, SharedClock, SystemClock
from connector.config import (
    Config,
    ConfigError,
    ConnectionConfig,
    Store,
    load_config,
)
from connector.flow.policies import policy_in_force
from connector.store.anchors import HEADS
from connector.store.backup import BackupFailed, back_up
from connector.store.engine import create_engine, database_now, in_one_commit, reading
from connector.store.migrations import SchemaBroken, SchemaNewer, upgrade
from connector.store.places import DatabasePlaces
from connector.store.presence import be_present
from connector.store.sealing import key_fits
from connector.store.slots import DatabaseSlots
from connector.store.spending import DatabaseSpending
from connector.store.tokens import DatabaseTokenStore
from connector.texts.catalogue import Texts
from connector.wiring.connections import connection_settings, resolve_secret
from connector.work.callbacks import InboxCallbacks
from connector.work.takeover import take_over
from scoring.book import Rate
from scoring.calendar import WorkCalendar
from scoring.document import DocumentError, Word, mistake, placed
from scoring.policy import Policy, PolicyError, load_policy

__all__ = [
    "Zixin",
    "backup_folder",
    "beside",
    "clock_beside",
    "configured_policy",
    "heads_file",
    "open_zixin",
]

CALENDAR_YEARS_BEFORE, CALENDAR_YEARS_AFTER = 1, 1
KEY_BYTES = 32


@dataclass(frozen=True)
class Zixin:
    """The assembled product. Ports are built when first asked for; nothing is sent by building."""

    config: Config
    folder: Path
    clock: Clock
    engine: sa.Engine
    configured: Policy  # counts on days for which no version was activated
    sealer: Sealer
    environment: Mapping[str, str]
    _ports: dict[str, CrmPort] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """The connections' names, in the order of the configuration."""
        return [connection.name for connection in self.config.connections]

    @property
    def policy(self) -> Policy:
        """The policy in force today."""
        return self.policy_on(self.clock.today())

    def policy_on(self, day: date) -> Policy:
        """Return the policy in force on a day: the activated version, else the configured one."""
        return policy_in_force(self.engine, day) or self.configured

    def connection(self, name: str) -> ConnectionConfig:
        """Find a configured connection. Raises ``ConfigError`` naming those there are."""
        for connection in self.config.connections:
            if connection.name == name:
                return connection
        known = ", ".join(self.names) or Word.NONE
        raise ConfigError("connection", [mistake(name, "not_configured", known=known)])

    def settings(self, name: str) -> ConnectionSettings:
        """Resolve a connection's settings. Raises ``ConfigError``."""
        return connection_settings(self.connection(name), self.folder, self.environment)

    def port(self, name: str) -> CrmPort:
        """Return the one port of a connection. Raises ``ConfigError`` for settings it cannot use."""
        if name not in self._ports:
            self._ports[name] = self._open(name, DatabaseTokenStore(self.engine))
        return self._ports[name]

    def _open(self, name: str, store: TokenStore) -> CrmPort:
        settings = self.settings(name)
        try:
            return registry.open_port(
                settings,
                store=store,
                sealer=self.sealer,
                spending=DatabaseSpending(self.engine),
                slots=DatabaseSlots(self.engine),
                places=DatabasePlaces(self.engine),
                callbacks=InboxCallbacks(self.engine, name, self._job_url(settings)),
            )
        except ValueError as error:
            raise ConfigError.of_connection(name, error) from error

    def connect(self, name: str) -> list[Finding]:
        """Examine a connection with a token asked for now, and keep that token if it works.

        A token kept earlier proves nothing about the credentials; it stays when they fail.
        """
        store = MemoryTokenStore()
        findings = self._open(name, store).check()
        refused = any(
            finding.topic == "credentials" and finding.level == FindingLevel.ERROR
            for finding in findings
        )
        sealed = store.load(name)
        if sealed is not None and not refused:
            DatabaseTokenStore(self.engine).save(name, sealed)
        return findings

    def ports(self, only: str | None = None) -> dict[str, CrmPort]:
        """Return the ports of all connections, or of one, by name."""
        names = self.names if only is None else [self.connection(only).name]
        return {name: self.port(name) for name in names}

    def forget_ports(self) -> None:
        """Build the ports anew when next asked for: what they know of the CRM's fields is old."""
        self._ports.clear()

    @cached_property
    def company_texts(self) -> Texts:
        """The company's sentences, for its own people."""
        return Texts(self.config.company.language)

    @cached_property
    def texts(self) -> dict[str, Texts]:
        """Each connection's sentences, in the tongue its CRM is written in."""
        tongue = self.config.company.language
        return {
            connection.name: Texts(connection.language or tongue)
            for connection in self.config.connections
        }

    @property
    def rates(self) -> dict[str, Rate]:
        """The configured exchange rates."""
        on = self.config.rates.on or date.min
        return {
            currency: Rate(price=Decimal(price), on=on)
            for currency, price in self.config.rates.per_unit.items()
        }

    def calendar(self, today: date) -> WorkCalendar:
        """Return the working days around a date."""
        years = range(today.year - CALENDAR_YEARS_BEFORE, today.year + CALENDAR_YEARS_AFTER + 1)
        return work_calendar(self.config.company.country, years)

    def step_time(self, as_of: date) -> datetime:
        """Tell the time to note for steps of a business date: now, or noon of a date gone by."""
        if as_of == self.clock.today():
            return self.clock.now()
        return datetime.combine(as_of, time(12), self.config.zone)

    def hook(self, name: str) -> str:
        """Return the secret word in a connection's callback address; empty: none is configured."""
        reference = self.connection(name).hook
        if not reference:
            return ""
        return resolve_secret(reference, self.folder, self.environment).reveal()

    def secret(self, place: str, reference: str) -> str:
        """Fetch a secret that is no connection's. Raises ``ConfigError`` naming its place."""
        try:
            return resolve_secret(reference, self.folder, self.environment).reveal()
        except DocumentError as error:
            raise ConfigError("configuration", placed(error.mistakes, place)) from error

    def callback_url(self, name: str) -> str:
        """Return the address a CRM calls; empty without ``server.public_url`` or ``hook``."""
        base, word = self.config.server.public_url.rstrip("/"), self.hook(name)
        return f"{base}/hooks/{word}" if base and word else ""

    def job_codecs(self, name: str) -> dict[str, registry.EventCodec]:
        """Return who takes what a CRM tells of its jobs, by the path behind ``/hooks/``."""
        word, found = self.hook(name), registry.job_verifiers_for(self.settings(name))
        return {f"{word}/{token}": codec for token, codec in found.items()} if word else {}

    def _job_url(self, settings: ConnectionSettings) -> str:
        """Return the address for what a CRM tells of its jobs; empty: it has none."""
        if not self.config.server.public_url:
            return ""
        try:
            url = self.callback_url(settings.name)
        except DocumentError:  # whoever serves is told; whoever only reads need not have the word
            return ""
        token = next(iter(registry.job_verifiers_for(settings)), "")
        return f"{url}/{token}" if url and token else ""

    def functions(self, name: str) -> tuple[FunctionText, ...]:
        """Return the functions an administrator may enter in a CRM; they hold no secret.

        Raises ``ConfigError``.
        """
        base = self.config.server.public_url.rstrip("/")
        try:
            return registry.functions_for(self.settings(name), f"{base}/hooks/HOOK")
        except ValueError as error:
            raise ConfigError.of_connection(name, error) from error

    def codec(self, name: str) -> registry.EventCodec:
        """Build the verifier and reader of a connection's messages. Raises ``ConfigError``."""
        try:
            return registry.verifier_for(
                self.settings(name), now=self.clock.now, nonce=lambda: secrets.token_hex(8)
            )
        except ValueError as error:
            raise ConfigError.of_connection(name, error) from error


def open_zixin(
    path: Path,
    *,
    clock: Clock | None = None,
    environment: Mapping[str, str] = os.environ,
    lost_key: bool = False,
) -> Zixin:
    """Read the configuration, open the database and bring it up to date.

    What a process held that was killed is taken over, unless others still work on the database.
    With ``lost_key`` the key need not fit the database.

    Raises ``ConfigError`` for a configuration, key or policy that cannot be used.
    """
    config = load_config(path)
    folder = path.parent
    policy = configured_policy(config, folder)
    sealer = _sealer(config.store, folder, environment)
    engine = _database(config, folder, (clock or _machine_clock(config)).now())
    with _closed_on_failure(engine):
        if not lost_key and not key_fits(engine, sealer):
            raise ConfigError("configuration", [mistake("store.key", "wrong_key")])
        clock = clock or clock_beside(config, engine)
        now = clock.now()
        be_present(engine, lambda: in_one_commit(engine, lambda conn: take_over(conn, now=now)))
    return Zixin(
        config=config,
        folder=folder,
        clock=clock,
        engine=engine,
        configured=policy,
        sealer=sealer,
        environment=environment,
    )


def clock_beside(config: Config, engine: sa.Engine) -> Clock:
    """Take the machine's clock where all work is on one machine, else the database's."""
    if engine.dialect.name == "sqlite":
        return SystemClock(config.zone)

    def ask() -> datetime:
        with reading(engine) as conn:
            return database_now(conn)

    return SharedClock(config.zone, ask)


def _database(config: Config, folder: Path, now: datetime) -> sa.Engine:
    """Open the database and bring it up to date; what the driver says holds no password."""
    try:
        engine = create_engine(beside(config.store.url, folder))
        keep_copy = partial(_copy_before, engine, folder / config.backup.folder, now)
        with _closed_on_failure(engine):
            upgrade(engine, before=keep_copy)
    except SchemaNewer as error:
        told = mistake("store.url", "newer_schema", revision=error.revision)
        raise ConfigError("configuration", [told]) from error
    except sa.exc.OperationalError as error:
        why = str(error.orig)
    except (ValueError, OSError, ImportError, SchemaBroken, BackupFailed) as error:
        why = str(error)
    else:
        return engine
    raise ConfigError("configuration", [mistake("store.url", "no_database", error=why)])


@contextmanager
def _closed_on_failure(engine: sa.Engine) -> Iterator[None]:
    """Leave no connection to a database that cannot be used."""
    try:
        yield
    except BaseException:
        engine.dispose()
        raise


def _copy_before(engine: sa.Engine, folder: Path, now: datetime, revision: str) -> None:
    """Keep a SQLite database as it is before its schema is changed. Raises ``BackupFailed``."""
    if engine.dialect.name == "sqlite":
        back_up(engine, folder / f"before-schema-{revision}-{now:%Y%m%dT%H%M%SZ}.db")


def beside(url: str, folder: Path) -> str:
    """Look for a relative SQLite file beside the configuration, wherever the command is run."""
    prefix = "sqlite:///"
    name = url.removeprefix(prefix)
    if name == url or Path(name).is_absolute():
        return url
    return f"{prefix}{(folder / name).resolve()}"


def backup_folder(zixin: Zixin) -> Path:
    """Say where backups go: beside the configuration, unless it names a place elsewhere."""
    return zixin.folder / zixin.config.backup.folder


def heads_file(zixin: Zixin) -> Path:
    """Say where heads of the audit log are kept."""
    return backup_folder(zixin) / HEADS


def _machine_clock(config: Config) -> Clock:
    """Return the machine's clock in the business time zone."""
    return SystemClock(config.zone)


def configured_policy(config: Config, folder: Path) -> Policy:
    """Read the policy a configuration names, or the default. Raises ``ConfigError``."""
    if not config.policy:
        return Policy()
    path = folder / config.policy
    try:
        return load_policy(path.read_text(encoding="utf-8"))
    except PolicyError as error:
        raise ConfigError(config.policy, error.mistakes) from error
    except (OSError, UnicodeDecodeError) as error:
        told = mistake("", "unreadable", error=str(error))
        raise ConfigError(config.policy, [told]) from error


def _sealer(store: Store, folder: Path, environment: Mapping[str, str]) -> Sealer:
    """Read the key and the old ones. Raises ``ConfigError`` naming each that is none."""
    references = {"store.key": store.key}
    references |= {f"store.old_keys[{at}]": each for at, each in enumerate(store.old_keys)}
    keys, mistakes = [], []
    for path, reference in references.items():
        try:
            keys.append(_key(reference, folder, environment))
        except DocumentError as error:
            mistakes += placed(error.mistakes, path)
    if mistakes:
        raise ConfigError("configuration", mistakes)
    return Sealer(keys[0], keys[1:])


def _key(reference: str, folder: Path, environment: Mapping[str, str]) -> bytes:
    text = resolve_secret(reference, folder, environment).reveal()
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError:  # not ASCII, or no base64
        key = b""
    if len(key) != KEY_BYTES:
        raise DocumentError([mistake("", "not_a_key", wanted=KEY_BYTES, command="zixin init")])
    return key
