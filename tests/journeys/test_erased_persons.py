"""T16: five persons stand everywhere, are erased, and after retention are nowhere, on either database.

The CRMs still hold them, and messages about them still come. By rule two places are left: a backup
made before holds them until it is thinned out, and people of the house keep their own records.
"""

import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from adapters.port import CreditField, FieldUpdate, NoteDraft, RecordProblem
from connector.store.compacting import compact
from connector.store.engine import reading, writing
from connector.store.file_tables import decisions
from connector.store.problems import note_problems
from connector.store.queue_tables import inbox, outbox
from connector.store.tables import accounts, assessments, contacts, last_written
from connector.work.alert import Alert
from connector.work.alerts import note
from connector.work.inbox import DatabaseInbox
from connector.work.queue import enqueue
from sandbox.company.model import Company, SampleContact
from scoring.records import AccountRef, Kind
from tests.connector.cli.shell import invoke
from tests.databases import empty_database
from tests.journeys.small_company import Shop, a_company, a_shop
from tests.journeys.test_leaks import PERSONS, in_clear, logged

pytestmark = [pytest.mark.journey, pytest.mark.database]

PHONES = tuple(f"+86 571 7777 {number}" for number in range(4241, 4246))
VALUES = (*(value for person in PERSONS for value in person), *PHONES)
WHO = ("--by", "lin", "--reason", "asked for it")
LONG = timedelta(days=1200)  # longer than any period of [retention]


def company_with_persons() -> Company:
    """Return three customers, among whose contacts are the five."""
    company = a_company()
    company.contacts += [
        SampleContact(
            key=f"k{number}", customer=f"c{number % 3 + 1}", name=name, email=email, phone=phone
        )
        for number, ((name, email), phone) in enumerate(zip(PERSONS, PHONES, strict=True))
    ]
    return company


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    with empty_database(tmp_path) as url, a_shop(tmp_path, url, company_with_persons()) as shop:
        for name, secret in shop.installation.environment.items():
            monkeypatch.setenv(name, secret)
        monkeypatch.setattr("connector.wiring.product.SystemClock", lambda _zone: shop.clock)
        yield shop


def _told(shop: Shop, *command: str) -> str:
    result = invoke(*command, "--config", str(shop.installation.config))
    assert result.exit_code in {0, 3}, result.output  # 3: some of it is parked
    return result.stdout + result.stderr


def _persons(shop: Shop) -> list[tuple[str, str, str, str]]:
    named = contacts.c.name.in_([name for name, _ in PERSONS])
    chosen = (contacts.c.system, contacts.c.record_id, contacts.c.account_id, contacts.c.name)
    with reading(shop.zixin.engine) as conn:
        return [(*row,) for row in conn.execute(sa.select(*chosen).where(named).order_by(*chosen))]


def _plant(shop: Shop, system: str, contact: str, account: str, said: str) -> None:
    """Let words about a person stand in every queue, and in the rows there are of every place."""
    now, engine = shop.clock.now(), shop.zixin.engine
    box, ref = DatabaseInbox(engine), AccountRef(system, account)
    for state in ("done", "parked", "ready", "unhandled"):
        box.put(system, f"{state}-{contact}", now, {"x-about": said}, said.encode())
        mine = inbox.c.message_id == f"{state}-{contact}"
        settled = now if state == "done" else None
        with writing(engine) as conn:
            conn.execute(inbox.update().where(mine).values(state=state, settled_at=settled))
    problem = RecordProblem(kind=Kind.CONTACTS, record_id=contact, reason="bad", detail=said)
    with writing(engine) as conn:
        enqueue(conn, [NoteDraft(key=f"n-{contact}", account=ref, title=said, body=said)], now=now)
        enqueue(conn, [FieldUpdate(account=ref, values={CreditField.SUMMARY: said})], now=now)
        conn.execute(outbox.update().where(outbox.c.system == system).values(last_error=said))
        note_problems(conn, system, [problem], now=now)
        note(conn, Alert(code="parked", subject=contact, params={"said": said}), now=now)
        conn.execute(decisions.insert(), _decision(shop, system, contact, account, said))
        summary = last_written.c.field == CreditField.SUMMARY
        written = last_written.update().where(last_written.c.system == system, summary)
        conn.execute(written.values(value=said))
        _explain(conn, ref, said)


def _decision(shop: Shop, system: str, contact: str, account: str, said: str) -> dict[str, object]:
    return {
        "id": f"watch-{system}-{contact}",
        "account_system": system,
        "account_id": account,
        "kind": "watch",
        "state": "rejected",
        "from_on": shop.clock.today(),
        "reason": "new_facts",
        "text": said,
        "evidence": said,
        "author": "lin",
        "created_at": shop.clock.now(),
    }


def _explain(conn: sa.Connection, ref: AccountRef, said: str) -> None:
    """Let an explanation hold words of a person, as a decision's or a paper's would be there."""
    own = sa.select(accounts.c.entity).where(
        accounts.c.system == ref.system, accounts.c.record_id == ref.record_id
    )
    mine = assessments.c.entity.in_(own)
    for row in conn.execute(sa.select(assessments).where(mine)).all():
        told = row.explanation[:-1] + b',"planted":' + msgspec.json.encode(said) + b"}"
        changed = assessments.update().where(assessments.c.id == row.id)
        conn.execute(changed.values(explanation=told))


def _tables_naming(shop: Shop) -> set[str]:
    return {table for table, _value in in_clear(shop, VALUES)}


def _told_of(said: str) -> list[str]:
    return [value for value in VALUES if value in said]


def test_an_erased_person_is_nowhere_after_retention(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shop.run()
    persons = _persons(shop)
    assert len(persons) == len(PERSONS) * 2
    values = {
        name: (name, email, phone) for (name, email), phone in zip(PERSONS, PHONES, strict=True)
    }
    for system, contact, account, name in persons:
        _plant(shop, system, contact, account, f"about {', '.join(values[name])}.")
    assert _tables_naming(shop) >= {
        *("contacts", "inbox", "outbox", "problems", "alerts", "decisions", "assessments"),
        "last_written",
    }
    _told(shop, "backup")
    before = _backups(shop)

    said = [
        _told(shop, "erase", "contact", f"{system}:{contact}", *WHO)
        for system, contact, _account, _name in persons
    ]
    assert _tables_naming(shop) == set()
    for system, contact, _account, name in persons:  # the CRMs still tell of them
        told = ", ".join(values[name]).encode()
        DatabaseInbox(shop.zixin.engine).put(system, f"late-{contact}", shop.clock.now(), {}, told)
    late = inbox.c.message_id.startswith("late-")
    with writing(shop.zixin.engine) as conn:
        settled = inbox.update().where(late)
        conn.execute(settled.values(state="done", settled_at=shop.clock.now()))
    shop.clock.move(timedelta(hours=1))
    said += [_told(shop, "pull", "--full"), _told(shop, "run")]
    assert _tables_naming(shop) == {"inbox"}

    shop.clock.move(LONG)
    said.append(_told(shop, "retention", "run"))

    assert _tables_naming(shop) == set()
    assert _told_of("\n".join([*said, logged(caplog)])) == []
    _told(shop, "audit", "verify")
    _thin_out(shop)
    assert _backups(shop).isdisjoint(before)
    assert _files_naming(shop) == set()


def _backups(shop: Shop) -> set[str]:
    return {file.name for file in (shop.installation.folder / "backups").glob("zixin-*")}


def _thin_out(shop: Shop) -> None:
    """Make a backup a week until the one of before has gone by rule."""
    for _week in range(8):
        shop.clock.move(timedelta(days=7))
        _told(shop, "backup")


def _files_naming(shop: Shop) -> set[str]:
    """Name files of the installation, backups among them, that hold anything of the persons."""
    compact(shop.zixin.engine)
    files = [file for file in shop.installation.folder.rglob("*") if file.is_file()]
    needles = [value.encode() for value in VALUES]
    return {
        file.name
        for file in files
        if any(needle in content for content in [file.read_bytes()] for needle in needles)
    }
