"""A company of any size that stands in one CRM, and that CRM with a clock of its own."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from adapters.http import Pace
from adapters.port import CrmPort
from adapters.registry import open_port
from adapters.settings import ConnectionSettings, Secret
from adapters.tokens import Sealer
from connector.clock import Clock
from connector.store.engine import create_engine
from connector.store.migrations import upgrade
from connector.store.tokens import DatabaseTokenStore
from sandbox.clock import SandboxClock
from sandbox.company.generate import generate
from sandbox.company.model import Company, SampleInvoice
from sandbox.lookalike import LookAlike
from sandbox.server import open_sandbox
from sandbox.zoho import ZohoOptions

__all__ = ["AS_OF", "House", "Row", "a_company", "a_fxiaoke", "a_row", "a_zoho"]

Row = dict[str, object]
"""One figure of a measurement."""

AS_OF = date(2026, 11, 20)
_ZONE = ZoneInfo("Asia/Shanghai")
_DAYS = 300


def a_company(
    crm: str, accounts: int, invoices: int = 0, *, largest: int = 0, overdue_each: int = 1
) -> Company:
    """Make a company all of whose customers and invoices stand in one CRM.

    ``largest``: how many of the invoices are the first customer's. Each so-manieth customer of
    ``overdue_each`` pays late, the others' invoices are not due yet; 1: all pay late.
    """
    company = generate(accounts, 1, seed=1, as_of=AS_OF)
    customers = [replace(each, crms=frozenset({crm})) for each in company.customers]
    return Company(
        name=company.name,
        as_of=company.as_of,
        people=company.people,
        customers=customers,
        invoices=[
            _invoice(crm, number, customers[place].key, late=place % overdue_each == 0)
            for number in range(invoices)
            for place in (0 if number < largest else number % accounts,)
        ],
    )


def _invoice(crm: str, number: int, customer: str, *, late: bool) -> SampleInvoice:
    days = number % _DAYS
    return SampleInvoice(
        key=f"I{number}",
        customer=customer,
        crm=crm,
        number=f"INV-{number:07d}",
        issued_on=AS_OF - timedelta(days=30 + days),
        due_on=AS_OF + timedelta(days=-days if late else 1 + days % 60),
        currency="CNY",
        amount=Decimal(1000 + number % 7919),
    )


def a_row(name: str, value: int, unit: str, goal: int, beside: Mapping[str, object]) -> Row:
    """Make the row of a figure that must not be above its goal."""
    return {
        "name": name,
        "value": value,
        "unit": unit,
        "goal": goal,
        "ok": value <= goal,
        "beside": dict(beside),
    }


@dataclass(frozen=True, slots=True)
class House:
    """A CRM, a connection to it and a database; waiting is the only thing that takes time."""

    crm: LookAlike
    crm_clock: SandboxClock
    clock: Clock
    port: CrmPort
    engine: sa.Engine

    def spent(self) -> int:
        """Tell the credits the CRM has charged so far."""
        return sum(call.credits for call in self.crm.journal)


@dataclass(frozen=True, slots=True)
class _CrmTime:
    """Our clock, which shows what the CRM's shows."""

    crm_clock: SandboxClock

    def now(self) -> datetime:
        return self.crm_clock.now()

    def today(self) -> date:
        return self.now().astimezone(_ZONE).date()


@contextmanager
def _a_house(
    company: Company,
    crm: str,
    *,
    secrets: Sequence[str],
    options: Mapping[str, object] | None = None,
    zoho_options: ZohoOptions | None = None,
) -> Iterator[House]:
    """Fill a look-alike, serve it, and connect to it from an empty database."""
    crm_clock = SandboxClock(datetime.combine(AS_OF, time(8), _ZONE), frozen=True)
    with (
        tempfile.TemporaryDirectory(prefix="zixin-bench-") as folder,
        open_sandbox(company, only=crm, clock=crm_clock, zoho_options=zoho_options) as sandbox,
    ):
        engine = create_engine(f"sqlite:///{Path(folder) / 'zixin.db'}")
        upgrade(engine)
        known, url = sandbox.crm(crm).credentials(), sandbox.url(crm)
        connection = ConnectionSettings(
            name=crm,
            vendor=crm,
            base_url=url,
            accounts_url=url,
            organisation_id=known.get("corp_id", ""),
            secrets={name: Secret(known[name]) for name in secrets},
            options=dict(options or {}),
        )
        port = open_port(
            connection,
            store=DatabaseTokenStore(engine),
            sealer=Sealer(bytes(32)),
            pace=_pace(crm_clock),
        )
        clock = _CrmTime(crm_clock)
        yield House(sandbox.crm(crm), crm_clock, clock, port, engine)
        engine.dispose()


def a_zoho(
    accounts: int, invoices: int = 0, *, export_seconds: float = 0.0
) -> AbstractContextManager[House]:
    """Connect to a Zoho of this size, whose exports take their time."""
    return _a_house(
        a_company("zoho", accounts, invoices),
        "zoho",
        secrets=("client_id", "client_secret", "refresh_token"),
        zoho_options=ZohoOptions(provisioned=True, bulk_job_seconds=export_seconds),
    )


def a_fxiaoke(accounts: int, invoices: int) -> AbstractContextManager[House]:
    """Connect to a tenant of this size."""
    return _a_house(
        a_company("fxiaoke", accounts, invoices),
        "fxiaoke",
        secrets=("app_id", "app_secret", "permanent_code"),
        options={"ea": "acme001", "user_id": "1000", "style": "header"},
    )


def _pace(crm_clock: SandboxClock) -> Pace:
    beginning = crm_clock.now()

    def monotonic() -> float:
        return (crm_clock.now() - beginning).total_seconds()

    return Pace(
        now=crm_clock.now,
        monotonic=monotonic,
        sleep=lambda seconds: crm_clock.advance(timedelta(seconds=seconds)),
        jitter=lambda: 0.5,
    )
