"""Pulls all accounts into a new SQLite file, normalised and stored, and reports what that took."""

from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from adapters.port import CrmPort
from adapters.registry import open_port
from adapters.settings import ConnectionSettings, Secret
from adapters.tokens import Sealer
from benchmarks.zoho_processes.reading import Reading, Target, answer, fingerprint, measured, target
from connector.clock import SystemClock
from connector.flow.pull import PullReport, pull
from connector.store.engine import create_engine, reading
from connector.store.migrations import upgrade
from connector.store.tables import accounts
from connector.store.tokens import DatabaseTokenStore
from scoring.records import Kind

__all__ = ["a_port"]


def main() -> None:
    """Warm up with the short list of users, then read the accounts by the clock."""
    told = target()
    engine = create_engine(f"sqlite:///{Path(told.folder) / 'zixin.db'}")
    upgrade(engine)
    port, clock = a_port(told, engine), SystemClock(ZoneInfo("Asia/Shanghai"))
    pull(port, engine, clock, kinds=(Kind.OWNERS,), full=True)
    reports: list[PullReport] = []
    cpu, wall = measured(
        lambda: reports.append(pull(port, engine, clock, kinds=(Kind.ACCOUNTS,), full=True))
    )
    stored = _stored(engine)
    answer(
        Reading(
            cpu_seconds=cpu,
            seconds=wall,
            records=len(stored),
            fingerprint=fingerprint(stored),
            calls=reports[0].calls,
            credits=reports[0].credits,
        )
    )


def a_port(told: Target, engine: sa.Engine, **options: object) -> CrmPort:
    """Connect to the sandbox; tokens stay in the database."""
    secrets = ("client_id", "client_secret", "refresh_token")
    settings = ConnectionSettings(
        name="zoho",
        vendor="zoho",
        base_url=told.url,
        accounts_url=told.url,
        secrets={name: Secret(told.credentials[name]) for name in secrets},
        options=options,
    )
    return open_port(settings, store=DatabaseTokenStore(engine), sealer=Sealer(bytes(32)))


def _stored(engine: sa.Engine) -> list[str]:
    with reading(engine) as conn:
        return list(conn.execute(sa.select(accounts.c.record_id)).scalars())


if __name__ == "__main__":
    main()
