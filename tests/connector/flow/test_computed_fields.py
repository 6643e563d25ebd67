"""Fields that a CRM works out change without a trace: their feeds are read anew in time."""

from collections.abc import Iterator
from datetime import timedelta

import msgspec
import pytest
import sqlalchemy as sa

from adapters.errors import CrmError, CrmUnavailable, NotPermitted
from adapters.port import ComputesFields
from connector.clock import FixedClock
from connector.flow.pull import PullReport, pull
from connector.store import tables
from scoring.records import Kind
from tests.connector.store.saving import rows
from tests.contract.bench import ZOHO, Bench, open_bench
from tests.crm_records import an_account, an_invoice
from tests.fake_crm import FakeCrm

DAY = timedelta(hours=24)


class ComputingCrm(FakeCrm):
    """Works one field of each account out by itself."""

    computed: dict[Kind, tuple[str, ...]]
    asked = 0
    refuses: CrmError | None = None

    def computed_fields(self) -> dict[Kind, tuple[str, ...]]:
        """Name it."""
        self.asked += 1
        if self.refuses is not None:
            raise self.refuses
        return self.computed

    def recompute(self, record_id: str, terms_days: int) -> None:
        """Change an account without touching its time."""
        record = self.records[Kind.ACCOUNTS][record_id]
        changed = msgspec.structs.replace(record, terms_days=terms_days)
        self.records[Kind.ACCOUNTS][record_id] = changed


@pytest.fixture
def crm() -> ComputingCrm:
    accounts = [an_account(f"a{number}") for number in range(1, 8)]
    crm = ComputingCrm(records=[*accounts, an_invoice("i1")])
    crm.computed = {Kind.ACCOUNTS: ("Terms",)}
    assert isinstance(crm, ComputesFields)
    return crm


def _later(crm: ComputingCrm, clock: FixedClock, step: timedelta) -> None:
    clock.move(step)
    crm.moment += step


def _terms(engine: sa.Engine) -> dict[object, object]:
    return {row["record_id"]: row["terms_days"] for row in rows(engine, tables.accounts)}


def test_a_change_without_a_trace_is_seen_once_a_day(
    engine: sa.Engine, clock: FixedClock, crm: ComputingCrm
) -> None:
    pull(crm, engine, clock)
    crm.recompute("a3", 45)
    _later(crm, clock, DAY - timedelta(minutes=1))
    early = pull(crm, engine, clock)
    before = _terms(engine)["a3"]
    _later(crm, clock, timedelta(minutes=1))
    report = pull(crm, engine, clock)

    assert early.total.updated == 0
    assert before != 45
    assert _terms(engine)["a3"] == 45
    assert report.feeds[Kind.ACCOUNTS].updated == 1
    assert report.feeds[Kind.ACCOUNTS].unchanged == 6


def test_only_feeds_with_such_fields_are_read_anew(
    engine: sa.Engine, clock: FixedClock, crm: ComputingCrm
) -> None:
    pull(crm, engine, clock)
    _later(crm, clock, DAY)
    report = pull(crm, engine, clock)

    assert (report.pulled[Kind.ACCOUNTS], report.pulled[Kind.INVOICES]) == (7, 0)


def test_the_crm_is_asked_no_more_than_once_a_day(
    engine: sa.Engine, clock: FixedClock, crm: ComputingCrm
) -> None:
    crm.computed = {}
    for _ in range(5):
        pull(crm, engine, clock)
        _later(crm, clock, timedelta(hours=8))

    assert crm.asked == 2


def test_a_full_pull_counts(engine: sa.Engine, clock: FixedClock, crm: ComputingCrm) -> None:
    pull(crm, engine, clock)
    _later(crm, clock, timedelta(hours=20))
    pull(crm, engine, clock, full=True)
    _later(crm, clock, timedelta(hours=20))
    report = pull(crm, engine, clock)

    assert report.pulled[Kind.ACCOUNTS] == 0


def test_one_that_broke_off_goes_on_next_time(
    engine: sa.Engine, clock: FixedClock, crm: ComputingCrm
) -> None:
    pull(crm, engine, clock)
    crm.recompute("a7", 45)
    _later(crm, clock, DAY)
    crm.before_call = lambda _operation, number: _break_off(at=number, calls=crm.calls["changes"])
    with pytest.raises(CrmUnavailable):
        pull(crm, engine, clock)
    crm.before_call = lambda _operation, _number: None
    pull(crm, engine, clock)

    assert _terms(engine)["a7"] == 45


def _break_off(*, at: int, calls: int) -> None:
    if at == calls and calls % 2 == 0:
        raise CrmUnavailable("down", system="zoho", operation="read")


def test_a_crm_that_cannot_name_them_is_read_all_the_same_and_asked_by_the_next_pull(
    engine: sa.Engine, clock: FixedClock, crm: ComputingCrm
) -> None:
    pull(crm, engine, clock)
    crm.recompute("a3", 45)
    _later(crm, clock, DAY)
    crm.refuses = NotPermitted("no such module", system="zoho", operation="read fields")
    report = pull(crm, engine, clock)
    before = _terms(engine)["a3"]
    crm.refuses = None
    pull(crm, engine, clock)

    assert Kind.INVOICES in report.pulled
    assert (before, _terms(engine)["a3"]) == (30, 45)


def test_who_asks_for_some_feeds_waits_for_no_full_read(
    engine: sa.Engine, clock: FixedClock, crm: ComputingCrm
) -> None:
    pull(crm, engine, clock)
    _later(crm, clock, DAY)
    report = pull(crm, engine, clock, kinds=[Kind.ACCOUNTS])

    assert report.pulled[Kind.ACCOUNTS] == 0


def test_it_may_be_switched_off(engine: sa.Engine, clock: FixedClock, crm: ComputingCrm) -> None:
    pull(crm, engine, clock, computed_each=None)
    _later(crm, clock, DAY)
    pull(crm, engine, clock, computed_each=None)

    assert crm.asked == 0


# Zoho's formula fields, over HTTP.


def test_a_ledger_in_books_has_no_such_fields(bench: Bench) -> None:
    port = bench.open(options={"ledger": "books"})
    assert isinstance(port, ComputesFields)
    assert port.computed_fields() == {}


@pytest.fixture
def bench() -> Iterator[Bench]:
    with open_bench(ZOHO) as running:
        yield running


def test_a_formula_of_zoho_is_seen_again_after_a_day(
    bench: Bench, engine: sa.Engine, clock: FixedClock
) -> None:
    terms = {"days": 30}
    bench.crm.add_formula("Accounts", "Terms_Formula", lambda _row: terms["days"])  # type: ignore[attr-defined]
    account = bench.add_account()
    bench.pass_time(timedelta(hours=1))
    bench.add_account()  # the newest is read again by every pull
    port = bench.open(mapping={"accounts": {"terms_days": "Terms_Formula"}})

    def read() -> tuple[PullReport, object]:
        return pull(port, engine, clock), _terms(engine)[account]

    _, at_first = read()
    terms["days"] = 45
    bench.pass_time(timedelta(hours=1))
    _, soon = read()
    clock.move(DAY)
    bench.pass_time(DAY)
    report, later = read()

    assert (at_first, soon, later) == (30, 30, 45)
    assert report.feeds[Kind.ACCOUNTS].updated == 1
    assert isinstance(port, ComputesFields)
    assert port.computed_fields() == {Kind.ACCOUNTS: ("Terms_Formula",)}
    said = [each.message for each in port.check() if each.topic == "computed fields"]
    assert len(said) == 1
    assert said[0].startswith("Accounts.Terms_Formula is worked out by Zoho: its changes are seen")
