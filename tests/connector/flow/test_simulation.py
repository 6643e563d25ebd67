"""A draft over the stored book: everybody once, with the group, of the day asked for."""

from datetime import date, timedelta

import msgspec
import pytest
import sqlalchemy as sa

from connector.clock import FixedClock
from connector.flow.assess import Scope, assess_stale
from connector.flow.entities import group_entities
from connector.flow.policies import PolicyRefused, hand_in, set_shadow
from connector.flow.simulation import Simulation, last_shadows, simulate, try_shadows
from connector.store import tables
from connector.store.engine import reading
from connector.store.queue_tables import outbox
from scoring.assess import Assessments, assess_both
from scoring.book import Book
from scoring.policy import Policy, load_policy
from scoring.records import Kind
from tests.connector.flow.deciding import AS_OF, simple_rules
from tests.connector.store.saving import NOW, rows, save
from tests.crm_records import an_account, an_invoice

TOML = 'version = "tight"\n[limits]\nstarter = 1000\n[watch]\nhold_days = 5\n'
TIGHT = load_policy(TOML)
Pair = tuple[Policy, Policy]


@pytest.fixture
def family(engine: sa.Engine) -> sa.Engine:
    """A parent with two subsidiaries, and a stranger; the stranger and one subsidiary owe."""
    children = [an_account("b", parent_id="a"), an_account("c", parent_id="a")]
    save(engine, Kind.ACCOUNTS, an_account("a"), *children, an_account("z"))
    newer = an_invoice("i2", "z", issued_on=date(2026, 11, 1), due_on=date(2026, 11, 14))
    save(engine, Kind.INVOICES, an_invoice("i1", "b"), newer)
    group_entities(engine, now=NOW)
    return engine


def tried(
    engine: sa.Engine, draft: Policy = TIGHT, *, as_of: date = AS_OF, chunk: int = 1000
) -> Simulation:
    return simulate(engine, assess_both, (Policy(), draft), {}, as_of, chunk=chunk)


def test_who_changes_is_named_and_nothing_is_written(family: sa.Engine) -> None:
    kept = (tables.assessments, tables.audit, tables.policies, outbox)
    before = [rows(family, table) for table in kept]

    found = tried(family)

    assert found.comparison.accounts == 4
    assert found.comparison.limit_changes == found.changes.height == 4
    assert found.comparison.after.limits < found.comparison.before.limits
    assert [rows(family, table) for table in kept] == before


def test_portions_give_what_the_whole_gives(family: sa.Engine) -> None:
    whole, parts = tried(family), tried(family, chunk=1)

    assert parts.comparison == whole.comparison
    assert parts.changes.equals(whole.changes)


def test_everybody_is_assessed_with_the_group(family: sa.Engine) -> None:
    seen: list[list[str]] = []

    def watching(book: Book, policies: Pair, as_of: date) -> tuple[Assessments, Assessments]:
        seen.append(book.entities["entity"].to_list())
        return assess_both(book, policies, as_of)

    simulate(family, watching, (Policy(), TIGHT), {}, AS_OF, chunk=1)

    group, alone = ["zoho:a", "zoho:b", "zoho:c"], ["zoho:z"]
    assert seen == [group, group, group, alone]


def test_the_past_book_knows_nothing_later(family: sa.Engine) -> None:
    """The stranger's invoice of November is not there in October; the subsidiary owes since August."""
    now, then = tried(family), tried(family, as_of=date(2026, 10, 31))

    assert now.comparison.before.on_hold == 2
    assert then.comparison.before.on_hold == 1


def test_both_sides_know_what_was_decided_before(family: sa.Engine, clock: FixedClock) -> None:
    assess_stale(family, simple_rules(), AS_OF, clock, scope=Scope.EVERYTHING)
    heights: list[int] = []

    def watching(book: Book, policies: Pair, as_of: date) -> tuple[Assessments, Assessments]:
        heights.append(book.previous.height)
        return assess_both(book, policies, as_of)

    simulate(family, watching, (Policy(), TIGHT), {}, AS_OF + timedelta(days=1))

    assert heights == [4]


def test_an_empty_book_and_another_currency_are_refused(engine: sa.Engine) -> None:
    with pytest.raises(PolicyRefused, match=r"^empty_book"):
        tried(engine)
    with pytest.raises(PolicyRefused, match=r"^currency"):
        tried(engine, msgspec.structs.replace(Policy(), currency="USD"))


def test_shadows_are_compared_and_their_newest_sums_kept(family: sa.Engine) -> None:
    foreign = 'version = "foreign"\ncurrency = "USD"\n'
    for toml in (TOML, foreign, 'version = "draft"\n'):
        hand_in(family, toml, author="林", note="", configured=Policy(), now=NOW)
    for version in ("tight", "foreign"):
        set_shadow(family, version, on=True, author="林", today=AS_OF, now=NOW)

    try_shadows(family, assess_both, Policy(), {}, AS_OF - timedelta(days=30), now=NOW)
    found = try_shadows(family, assess_both, Policy(), {}, AS_OF, now=NOW)

    with reading(family) as conn:
        kept = last_shadows(conn)
    assert [one.after.version for one in found] == ["tight"]
    assert kept == {"tight": found[0]}
