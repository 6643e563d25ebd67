"""Before a CRM was read once to its end, nothing is decided about its customers."""

import pytest
import sqlalchemy as sa

from adapters.errors import CredentialsRejected
from connector.clock import FixedClock
from connector.flow.assess import Scope
from connector.flow.decide import decide
from connector.flow.pull import pull
from connector.flow.run import read_crm, run_once
from connector.store.engine import reading
from connector.work.pauses import paused_systems
from scoring.records import Kind
from tests.connector.flow.deciding import AS_OF, a_job
from tests.connector.flow.test_run import USCC, WISH
from tests.crm_records import a_payment, an_account, an_allocation, an_invoice, an_owner
from tests.fake_crm import FakeCrm

READ_FIRST = (Kind.OWNERS, Kind.ACCOUNTS, Kind.INVOICES)


def a_punctual_zoho() -> FakeCrm:
    """Two customers whose invoices are paid."""
    return FakeCrm(
        "zoho",
        [
            an_owner(),
            an_account("a1", uscc=USCC),
            an_account("a2"),
            an_invoice("i1", "a1"),
            an_invoice("i2", "a2"),
            a_payment("p1", "a1"),
            a_payment("p2", "a2"),
            an_allocation("l1", "p1", "i1"),
            an_allocation("l2", "p2", "i2"),
        ],
    )


def an_fx() -> FakeCrm:
    return FakeCrm(
        "fx",
        [
            an_owner(),
            an_account("b1", uscc=USCC),
            an_account("b2"),
            an_invoice("j2", "b2"),
        ],
    )


@pytest.mark.parametrize("scope", Scope)
def test_half_of_the_books_makes_no_ratings_and_no_tasks(
    engine: sa.Engine, clock: FixedClock, scope: Scope
) -> None:
    zoho = a_punctual_zoho()
    job = a_job(engine, clock, zoho)
    pull(zoho, engine, clock, kinds=READ_FIRST)

    early = decide(job, AS_OF, scope=scope)
    pull(zoho, engine, clock)
    then = decide(job, AS_OF, scope=scope)

    assert (early.assessed.assessed, early.tasks.created) == (0, 0)
    assert (then.assessed.assessed, then.tasks.created) == (2, 0)


def test_companies_that_stand_in_other_crms_only_do_not_wait(
    engine: sa.Engine, clock: FixedClock
) -> None:
    zoho, fx = a_punctual_zoho(), an_fx()
    job = a_job(engine, clock, zoho, fx)
    pull(zoho, engine, clock, kinds=READ_FIRST)
    pull(fx, engine, clock)

    decision = decide(job, AS_OF, scope=Scope.DUE)

    assert decision.assessed.assessed == 1
    assert [account.record_id for account in decision.assessed.accounts] == ["b2"]
    assert decision.tasks.created == 1


def test_an_outage_after_the_first_reading_stops_no_decision(
    engine: sa.Engine, clock: FixedClock
) -> None:
    zoho = a_punctual_zoho()
    job = a_job(engine, clock, zoho)
    run_once(job, WISH)
    zoho.remove(Kind.ALLOCATIONS, "l1")
    pull(zoho, engine, clock)
    zoho.fail_once("changes", 1)

    report = run_once(job, WISH)

    assert report.errors
    assert report.assessed == 1


def test_a_pull_ends_after_the_page_at_which_it_is_asked_to(
    engine: sa.Engine, clock: FixedClock
) -> None:
    zoho = FakeCrm("zoho", [an_account(f"a{number}") for number in range(7)], page_size=3)
    zoho_calls = zoho.calls

    report = pull(
        zoho, engine, clock, kinds=[Kind.ACCOUNTS], stop=lambda: zoho_calls["changes"] == 2
    )
    rest = pull(zoho, engine, clock, kinds=[Kind.ACCOUNTS])

    assert report.pulled == {Kind.ACCOUNTS: 6}
    assert rest.pulled == {Kind.ACCOUNTS: 1}


def test_a_later_full_reading_stops_no_decision(engine: sa.Engine, clock: FixedClock) -> None:
    zoho = a_punctual_zoho()
    zoho.page_size = 1
    job = a_job(engine, clock, zoho)
    pull(zoho, engine, clock, full=True, stop=lambda: zoho.calls["changes"] == 3)
    early = decide(job, AS_OF)
    pull(zoho, engine, clock, full=True)
    run_once(job, WISH)
    zoho.put(an_account("a2", terms_days=45))

    broken_off = zoho.calls["changes"] + 4
    pull(zoho, engine, clock, full=True, stop=lambda: zoho.calls["changes"] == broken_off)

    assert early.assessed.assessed == 0
    assert decide(job, AS_OF).assessed.assessed == 1


def test_a_pull_that_is_asked_to_end_begins_no_feed(engine: sa.Engine, clock: FixedClock) -> None:
    zoho = a_punctual_zoho()

    pull(zoho, engine, clock, full=True, stop=lambda: True)

    assert zoho.calls["changes"] == 0


def test_reading_halts_a_crm_that_refuses_us_and_lets_it_go_on_when_it_does_not(
    engine: sa.Engine, clock: FixedClock
) -> None:
    zoho = a_punctual_zoho()
    job = a_job(engine, clock, zoho)

    def refuse(_operation: str, _number: int) -> None:
        raise CredentialsRejected("is revoked", system="zoho", operation="read")

    zoho.before_call = refuse
    with pytest.raises(CredentialsRejected):
        read_crm(job, zoho)
    with reading(engine) as conn:
        halted = paused_systems(conn, now=clock.now())
    zoho.before_call = lambda _operation, _number: None
    read_crm(job, zoho)

    assert set(halted) == {"zoho"}
    with reading(engine) as conn:
        assert not paused_systems(conn, now=clock.now())
