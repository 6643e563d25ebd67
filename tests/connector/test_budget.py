"""A connection with a budget: reading stops before writing does, and both go on by themselves."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from adapters.budget import Budget, BudgetPlan
from adapters.errors import QuotaExhausted
from adapters.http import Deadlines
from adapters.port import CreditField, CrmPort, Cursor, FieldUpdate, Receipt
from adapters.registry import open_port
from adapters.tokens import MemoryTokenStore, Sealer
from connector.config import ConfigError, load_config
from connector.store.spending import DatabaseSpending
from scoring.records import AccountRef, Kind
from tests.contract.bench import START, VENDORS, Bench, Vendor, open_bench


@pytest.fixture(params=VENDORS, ids=lambda vendor: vendor.name)
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    """Each CRM, and one account in it."""
    vendor: Vendor = request.param
    with open_bench(vendor) as running:
        running.time.clock = running.crm.clock
        running.add_account()
        yield running


def _port(bench: Bench, engine: sa.Engine, **plan: Any) -> CrmPort:
    settings = bench.vendor.settings(bench.crm, bench.url)
    fields: dict[str, Any] = {name: getattr(settings, name) for name in settings.__struct_fields__}
    return open_port(
        type(settings)(**fields | {"budget": BudgetPlan(**plan)}),
        store=MemoryTokenStore(),
        sealer=Sealer(bytes(32)),
        pace=bench.time.pace(),
        deadlines=Deadlines(read=10),
        spending=DatabaseSpending(engine),
    )


def _read_until_refused(port: CrmPort) -> QuotaExhausted:
    for _ in range(200):
        try:
            port.changes(Kind.ACCOUNTS, Cursor())
        except QuotaExhausted as error:
            return error
    raise AssertionError("200 reads were let through")


def test_reading_leaves_its_part_to_writing_and_a_day_later_goes_on(
    bench: Bench, engine: sa.Engine
) -> None:
    port = _port(bench, engine, credits_per_day=60, kept_for_writes=Decimal("0.5"))
    (account,) = (r.record_id for r in port.changes(Kind.ACCOUNTS, Cursor()).records)
    port.owned_values([account])
    refused = _read_until_refused(port)
    sent = len(list(bench.crm.journal))
    spent = port.usage().credits
    update = FieldUpdate(account=AccountRef("crm", account), values={CreditField.RATING: "A"})
    (outcome,) = port.update_fields([update])

    assert 28 <= spent <= 30
    assert "30 of 60 credits in 24 hours are for calls that read" in str(refused)
    assert refused.retry_at is not None
    assert timedelta(0) < refused.retry_at - START <= timedelta(hours=24, minutes=2)
    assert isinstance(outcome, Receipt)
    with pytest.raises(QuotaExhausted):
        port.changes(Kind.ACCOUNTS, Cursor())
    assert len(list(bench.crm.journal)) - sent <= 2  # the write, and no read that was refused

    bench.time.sleep((refused.retry_at - START).total_seconds() + 60)
    assert port.changes(Kind.ACCOUNTS, Cursor()).records


def test_all_processes_spend_from_one_purse(bench: Bench, engine: sa.Engine) -> None:
    one, other = (_port(bench, engine, credits_per_day=25) for _ in range(2))
    _read_until_refused(one)

    with pytest.raises(QuotaExhausted):
        other.changes(Kind.ACCOUNTS, Cursor())
    assert other.usage().credits == 0


def test_what_costs_nothing_needs_no_budget() -> None:
    class Refusing:
        def book(self, *_: object) -> Any:
            return START

    budget = Budget("crm", BudgetPlan(credits_per_day=1), Refusing(), lambda: START)

    budget.admit("token", 0, wrote=False)
    with pytest.raises(QuotaExhausted, match="go on at 2026-11-20 02:00 UTC"):
        budget.admit("read", 1, wrote=False)


@pytest.mark.parametrize(
    ("line", "key"),
    [("credits_per_day = 0", "credits_per_day"), ("kept_for_writes = 1.5", "kept_for_writes")],
)
def test_a_budget_that_cannot_be_is_told(tmp_path: Path, line: str, key: str) -> None:
    config = tmp_path / "zixin.toml"
    config.write_text(f'[[connections]]\nname = "a"\nvendor = "zoho"\n{line}\n', encoding="utf-8")

    with pytest.raises(ConfigError) as caught:
        load_config(config)
    assert f"connections[0].{key}" in {each.path for each in caught.value.mistakes}
