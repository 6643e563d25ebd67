"""T16: 15 canary secrets and 5 canary persons go through every flow and every fault.

No secret is found anywhere but where it was put; no person outside of customers' tables.
"""

import json
import logging
import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from connector.flow.reports.health import look
from connector.flow.run import RunWish, run_once
from connector.log.faults import fault_told
from connector.log.redaction import redacted_text
from connector.store.engine import reading
from connector.store.tables import metadata
from connector.store.tokens import DatabaseTokenStore
from connector.web.metrics import metrics_text
from connector.wiring.jobs import job_of
from sandbox.company.model import Company, Customer, Person, SampleInvoice
from sandbox.faults import FaultKind, FaultRule
from tests.connector.cli.shell import invoke
from tests.contract.vendors import FXIAOKE, ZOHO
from tests.journeys.small_company import AS_OF, VENDORS, Shop, a_shop

pytestmark = pytest.mark.journey

PERSONS = (
    ("Wilhelmina Canary", "wilhelmina@canary-one.example"),
    ("金丝雀甲", "jia@canary-two.example"),
    ("Ödön Canary", "odon@canary-three.example"),
    ("金丝雀乙", "yi@canary-four.example"),
    ("Canary-Smith & Sons", "smith@canary-five.example"),
)
ALERT, METRICS, OLD_KEY = "canary4lert5ecret", "canary-metrics-word", "Y2FuYXJ5" + "A" * 35 + "="
OLD_KEYS = 'key = "file:zixin.key"\nold_keys = ["env:CANARY_OLD_KEY"]'
EXTRA = """
[metrics]
token = "env:CANARY_METRICS"
[[alerts]]
name = "canary"
url = "env:CANARY_ALERT"
"""
#: What concerns the installation, not a customer: no name belongs there.
ANYBODYS = (
    "status --json",
    "doctor --json",
    "usage --json",
    "parked list --json",
    "parked list",
    "schedule list --json",
    "alert list --json",
    "alert test",
    "audit list --json",
    "audit verify",
    "retention run --dry-run",
    "key rotate",
    "backup",
    "run",
)
#: Where customers' names are kept, for that is what they are for.
CUSTOMERS = frozenset(
    {"accounts", "contacts", "owners", "entities", "tasks", "outbox", "assessments"}
)
NAMES = frozenset({"name", "names", "company", "account", "owner"})


def canary_company() -> Company:
    """Return five customers and five owners, whose names and addresses are canaries."""
    people = [
        Person(key=f"p{number}", name=name, email=email)
        for number, (name, email) in enumerate(PERSONS)
    ]
    company = Company(name="Sample", as_of=AS_OF, people=people)
    for number, (name, _) in enumerate(PERSONS):
        company.customers.append(
            Customer(
                key=f"c{number}",
                name=f"{name} 有限公司",
                crms=frozenset(VENDORS),
                owner=f"p{number}",
                terms_days=30,
                created_on=date(2024, 1, 1),
            )
        )
        company.invoices += [
            SampleInvoice(
                key=f"{crm}-c{number}",
                customer=f"c{number}",
                crm=crm,
                number=f"INV-{number}",
                issued_on=AS_OF - timedelta(days=90),
                due_on=AS_OF - timedelta(days=60),
                currency="CNY",
                amount=Decimal(10_000),
            )
            for crm in VENDORS
        ]
    return company


def secrets_of(shop: Shop) -> set[str]:
    """Tell the canary secrets, the tokens that the CRMs gave out among them."""
    store = DatabaseTokenStore(shop.zixin.engine)
    tokens: set[str] = set()
    for name in shop.zixin.names:
        sealed = store.load(name)
        assert sealed is not None
        plain = shop.zixin.sealer.unseal(sealed, name).decode()
        tokens |= {text for text in re.findall(r"[\w.-]{24,}", plain) if "http" not in text}
    return {*shop.installation.secrets, *tokens, ALERT, METRICS, OLD_KEY}


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """Tell what the log would show, all levels of all libraries."""
    said = []
    for record in caplog.records:
        said.append(redacted_text(record.getMessage()))
        if record.exc_info and record.exc_info[1] is not None:
            kind, error, trace = record.exc_info
            said.append(fault_told((kind, error, trace)))
    return "\n".join(said)


def run_with_faults(shop: Shop, faults: Sequence[FaultKind]) -> str:
    """Run while each of them strikes, and once before, and tell what the runs reported."""
    said = []
    for striking in ([], *([fault] for fault in faults)):
        for vendor in (ZOHO, FXIAOKE):
            crm = shop.installation.crms.crm(vendor.name)
            crm.faults.replace(
                [
                    FaultRule(match=where, kind=fault, times=1)
                    for fault in striking
                    for where in ("* /", vendor.api)
                ]
            )
            crm.clock.advance(timedelta(hours=2))  # the token has run out
        shop.clock.move(timedelta(hours=2))
        report = shop.run()
        said += [*map(str, report.errors), repr(report.connections)]
    return "\n".join(said)


def people_meddle(shop: Shop) -> None:
    """Let people do what parks our work: a locked record, an edited field, an owner who left."""
    zoho = shop.installation.crms.crm("zoho")
    first, second, *_ = [str(row["id"]) for row in zoho.records("Accounts")]
    zoho.put_record("Accounts", {"Credit_Rating": "D", "Credit_Oldest_Days": 1}, first)
    zoho.put_record("Accounts", {"Locked__s": True}, second)
    shop.clock.move(timedelta(days=1))


def hits(needles: Iterable[str], said: str) -> list[str]:
    return [needle for needle in needles if needle and needle in said]


def in_clear(shop: Shop, needles: Iterable[str]) -> list[tuple[str, str]]:
    """Tell which tables hold which needles."""
    found = []
    with reading(shop.zixin.engine) as conn:
        for table in metadata.sorted_tables:
            rows = "\n".join(shown(row) for row in conn.execute(sa.select(table)))
            found += [(table.name, needle) for needle in hits(needles, rows)]
    return found


def asked(shop: Shop, command: str) -> str:
    """Give a command and return all it says."""
    result = invoke(*command.split(), "--config", str(shop.installation.config))
    assert result.exit_code in {0, 3, 4}, (command, result.output)
    return result.stdout + result.stderr


def nameless(told: object) -> str:
    """Write a report without the columns that are customers' names."""
    if isinstance(told, dict):
        return " ".join(nameless(each) for key, each in told.items() if key not in NAMES)
    if isinstance(told, list):
        return " ".join(map(nameless, told))
    return str(told)


def shown(row: Iterable[object]) -> str:
    return " ".join(
        each.decode("utf-8", "replace") if isinstance(each, bytes) else str(each) for each in row
    )


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param([FaultKind.HTML_200, FaultKind.STALE_TOKEN], id="some"),
        pytest.param(list(FaultKind), id="all", marks=pytest.mark.full),
    ],
)
def test_no_secret_and_no_person_is_told(
    faults: list[FaultKind],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    url = f"sqlite:///{tmp_path / 'zixin.db'}"
    caplog.set_level(logging.DEBUG)
    with a_shop(tmp_path, url, canary_company()) as shop:
        shop.installation.edit("[company]", f"{EXTRA}[company]")
        extra = {"CANARY_ALERT": f"json://127.0.0.1:1/{ALERT}", "CANARY_METRICS": METRICS}
        for name, secret in {**shop.installation.environment, **extra}.items():
            monkeypatch.setenv(name, secret)
        monkeypatch.setenv("CANARY_OLD_KEY", OLD_KEY)
        shop.installation.edit('key = "file:zixin.key"', OLD_KEYS)
        monkeypatch.setattr("connector.wiring.product.SystemClock", lambda _zone: shop.clock)

        said = run_with_faults(shop, faults)
        people_meddle(shop)
        wish = RunWish(as_of=AS_OF + timedelta(days=1))
        assert run_once(job_of(shop.zixin), wish).parked
        with reading(shop.zixin.engine) as conn:
            health = look(conn, dict.fromkeys(shop.zixin.names), shop.clock.now())
        said += metrics_text(lambda: health, lambda: ["x"], dict).decode()
        said += "\n".join(asked(shop, command) for command in ANYBODYS)
        said += logged(caplog)

        secrets = secrets_of(shop)
        assert len(secrets) >= 15
        persons = [text for person in PERSONS for text in person]
        assert hits(secrets, said) == []
        assert hits(persons, said) == []
        assert in_clear(shop, secrets) == []
        assert {table for table, _ in in_clear(shop, persons)} <= CUSTOMERS
        files = [file for file in tmp_path.rglob("*") if file.is_file()]
        assert [file for file in files if "backup" in str(file.relative_to(tmp_path))]
        for file in files:
            if file.name != "zixin.key":
                assert hits(secrets, file.read_bytes().decode("latin-1")) == [], file
        columns = nameless(json.loads(asked(shop, "report ageing --json")))
        assert "10000" in columns
        assert hits(persons, columns) == []
