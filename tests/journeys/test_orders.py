"""The whole job in a tenant without receivable notes: claims out of payment plans, or of orders."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from connector.cli.sandboxes import Receivables, noon
from connector.clock import FixedClock
from connector.flow.run import RunWish, run_once
from connector.flow.sweep import sweep_ids
from connector.store.engine import reading
from connector.store.problems import list_problems
from connector.wiring.jobs import job_of
from sandbox.company.generate import generate
from tests.journeys.harness import CONNECTION_NAMES, installed, open_here, tasks_of

AS_OF = date(2026, 3, 31)
SYSTEM = CONNECTION_NAMES["fxiaoke"]


@pytest.mark.parametrize("receivables", [Receivables.PLANS, Receivables.ORDERS])
def test_customers_are_rated_and_asked_for_money_and_a_second_run_changes_nothing(
    tmp_path: Path, receivables: Receivables
) -> None:
    company = generate(20, 9, seed=1, as_of=AS_OF)
    clock = FixedClock(noon(AS_OF))
    with (
        installed(tmp_path, company, as_of=AS_OF, receivables=receivables) as installation,
        open_here(installation, clock) as zixin,
    ):
        job = job_of(zixin, SYSTEM)
        first = run_once(job, RunWish(as_of=AS_OF)).connections[SYSTEM]
        crm = installation.crms.crm("fxiaoke")
        overdue = [Decimal(view.overdue) for view in crm.accounts() if view.overdue]
        tasks = tasks_of(installation.crms, "fxiaoke")

        second = run_once(job, RunWish(as_of=AS_OF, full=True)).connections[SYSTEM]
        swept = sweep_ids(job.ports[SYSTEM], zixin.engine, clock)
        with reading(zixin.engine) as conn:
            problems = [(each.topic, each.reason) for each in list_problems(conn)]

    assert not first.error
    assert first.pulled["invoices"] > 0
    assert first.pulled["allocations"] > 0
    assert "credit_notes" not in first.pulled
    assert first.fields_written > 0
    assert first.tasks_created == len(tasks) > 0
    assert any(amount > 0 for amount in overdue)
    assert (second.fields_written, second.tasks_created, second.tasks_updated) == (0, 0, 0)
    assert (swept.total.gone, swept.total.held) == (0, 0)
    assert problems == []
