"""Three customers in both CRMs, the product opened on them in this process, and a run of it.

Time is the test's: the product's clock stands still, and waiting for a CRM moves it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from adapters import registry
from adapters.http import Pace
from connector.cli.sandboxes import noon
from connector.clock import FixedClock
from connector.flow.run import RunReport, RunWish, run_once
from connector.store.engine import reading
from connector.store.problems import Problem, list_problems
from connector.store.tokens import DatabaseTokenStore
from connector.wiring import Zixin
from connector.wiring.jobs import job_of
from connector.work.parked import ParkedItem, list_parked
from sandbox.company.model import Company, Customer, Person, SampleInvoice
from tests.databases import empty_database
from tests.journeys.harness import (
    CONNECTION_NAMES,
    Installation,
    credit_of,
    installed,
    open_here,
    tasks_of,
)

__all__ = [
    "AS_OF",
    "LATE",
    "LATER",
    "PUNCTUAL",
    "VENDORS",
    "GoodResult",
    "Shop",
    "a_company",
    "a_shop",
    "fields_written",
    "good_result",
]

AS_OF = date(2026, 3, 31)
VENDORS = ("zoho", "fxiaoke")
LATE, LATER, PUNCTUAL = "安达机械有限公司", "博远贸易有限公司", "Chelsea Parts Ltd"
_DUE = {LATE: date(2026, 3, 1), LATER: date(2026, 1, 15), PUNCTUAL: date(2026, 4, 20)}
_PERSON = Person(key="p1", name="周敏", email="zhou@example.com")

# Labels of what differs from run to run: when it was computed, and under which id.
_OF_THE_RUN = {"Computed At", "Assessment Id", "信用更新时间", "评估编号"}


def a_company(**uscc: str) -> Company:
    """Return the three, in both CRMs, each owing one invoice there."""
    company = Company(name="Sample", as_of=AS_OF, people=[_PERSON])
    for number, (name, due_on) in enumerate(_DUE.items(), 1):
        key = f"c{number}"
        company.customers.append(
            Customer(
                key=key,
                name=name,
                crms=frozenset(VENDORS),
                owner=_PERSON.key,
                uscc=uscc.get(key),
                terms_days=30,
                created_on=date(2024, 1, 1),
            )
        )
        company.invoices += [
            SampleInvoice(
                key=f"{crm}-{key}",
                customer=key,
                crm=crm,
                number=f"INV-{number}",
                issued_on=due_on - timedelta(days=30),
                due_on=due_on,
                currency="CNY",
                amount=Decimal(10_000 * number),
            )
            for crm in VENDORS
        ]
    return company


@dataclass(frozen=True, kw_only=True)
class Shop:
    """The product, opened beside two CRMs."""

    installation: Installation
    zixin: Zixin
    clock: FixedClock
    waited: list[float] = field(default_factory=list)

    def run(self, *, full: bool = False) -> RunReport:
        """Do the whole job once."""
        return run_once(job_of(self.zixin), RunWish(as_of=AS_OF, full=full))

    def account(self, vendor: str, name: str) -> str:
        """Return an account's id in a CRM."""
        views = self.installation.crms.crm(vendor).accounts()
        return next(view.id for view in views if view.name == name)

    def credit(self, vendor: str) -> dict[str, dict[str, str]]:
        """Tell what each account shows of its credit, without what differs from run to run."""
        return {
            name: {label: text for label, text in shown.items() if label not in _OF_THE_RUN}
            for name, shown in credit_of(self.installation.crms, vendor).items()
        }

    def tasks(self, vendor: str) -> list[str]:
        """Tell the keys of the tasks in a CRM."""
        return tasks_of(self.installation.crms, vendor)

    def problems(self) -> list[Problem]:
        """List the records that wait to be corrected."""
        with reading(self.zixin.engine) as conn:
            return list_problems(conn)

    def parked(self) -> list[ParkedItem]:
        """List the write-backs that wait for a person."""
        with reading(self.zixin.engine) as conn:
            return list_parked(conn)


@contextmanager
def a_shop(
    folder: Path, database_url: str, company: Company | None = None, *, provisioned: bool = True
) -> Iterator[Shop]:
    """Open the product on a company, by default on the three."""
    clock = FixedClock(noon(AS_OF))
    with (
        installed(
            folder,
            company or a_company(),
            as_of=AS_OF,
            database_url=database_url,
            provisioned=provisioned,
        ) as installation,
        open_here(installation, clock) as zixin,
    ):
        shop = Shop(installation=installation, zixin=zixin, clock=clock)
        _take_time_from(shop)
        yield shop


def _take_time_from(shop: Shop) -> None:
    """Let the connections wait on the test's clock instead of really."""

    def wait(seconds: float) -> None:
        shop.waited.append(seconds)
        shop.clock.move(timedelta(seconds=seconds))

    pace = Pace(
        now=shop.clock.now,
        monotonic=lambda: shop.clock.now().timestamp(),
        sleep=wait,
        jitter=lambda: 0.9,
    )
    for name in shop.zixin.names:
        shop.zixin._ports[name] = registry.open_port(
            shop.zixin.settings(name),
            store=DatabaseTokenStore(shop.zixin.engine),
            sealer=shop.zixin.sealer,
            pace=pace,
        )


@dataclass(frozen=True, kw_only=True)
class GoodResult:
    """What the CRMs show of the three customers when nothing is wrong, by vendor."""

    credit: dict[str, dict[str, dict[str, str]]]
    tasks: dict[str, list[str]]


def good_result(folder: Path) -> GoodResult:
    """Run once on the three customers with nothing wrong."""
    with empty_database(folder) as url, a_shop(folder / "good", url) as shop:
        report = shop.run()
        assert not report.errors
        assert not report.parked
        return GoodResult(
            credit={vendor: shop.credit(vendor) for vendor in VENDORS},
            tasks={vendor: shop.tasks(vendor) for vendor in VENDORS},
        )


def fields_written(report: RunReport) -> dict[str, int]:
    """Tell how many values reached each CRM."""
    by_name = report.connections
    return {vendor: by_name[CONNECTION_NAMES[vendor]].fields_written for vendor in VENDORS}
