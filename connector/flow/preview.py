"""What a run would write, without asking for it: the differences, field by field."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import msgspec
import sqlalchemy as sa

from adapters.port import CreditField, FieldUpdate, field_text
from connector.flow.fields import STAMPS
from connector.flow.job import Job
from connector.flow.receipts import last_told
from connector.store.assessments import assessment_id
from connector.store.book import ENTITIES_AT_ONCE, entity_chunks
from connector.store.engine import reading
from connector.store.groups import load_group_book
from connector.store.queue_tables import outbox
from connector.work.writebacks import decode
from scoring.records import AccountRef

__all__ = ["FieldDiff", "waiting_diffs", "would_write"]


class FieldDiff(msgspec.Struct, frozen=True, kw_only=True):
    """One field that would change; empty text: nothing stands there."""

    account: str
    field: CreditField
    old: str
    new: str


def would_write(job: Job, as_of: date) -> list[FieldDiff]:
    """Assess everybody as of a date and say what would differ. Nothing is kept."""
    diffs: list[FieldDiff] = []
    with reading(job.engine) as conn:
        for part in entity_chunks(conn, ENTITIES_AT_ONCE):
            book = load_group_book(
                conn,
                part,
                job.rules.rates,
                policy_currency=job.rules.policy.currency,
                as_of=as_of,
            )
            asked = set(part)
            accounts: dict[str, list[AccountRef]] = {}
            for entity, system, account in book.accounts.select(
                "entity", "system", "account"
            ).rows():
                ref = AccountRef(system, account.removeprefix(f"{system}:"))
                accounts.setdefault(entity, []).append(ref)
            told = _told(conn, [ref for refs in accounts.values() for ref in refs])
            updates = [
                update
                for assessment in job.rules.assess(book, job.rules.policy, as_of).rows()
                if assessment.entity in asked
                for update in job.rules.plan(
                    assessment,
                    accounts.get(assessment.entity, []),
                    told,
                    assessment_id=assessment_id(assessment),
                    now=job.clock.now(),
                )
            ]
            diffs += _diffs(updates, told)
    return diffs


def waiting_diffs(conn: sa.Connection, systems: Sequence[str]) -> list[FieldDiff]:
    """Say what the write-backs that wait in the outbox would change, in their order."""
    statement = (
        sa.select(outbox)
        .where(
            outbox.c.system.in_(list(systems)),
            outbox.c.state == "ready",
            outbox.c.kind == "fields",
        )
        .order_by(outbox.c.id)
    )
    writes = [decode(row.kind, row.body) for row in conn.execute(statement)]
    updates = [write for write in writes if isinstance(write, FieldUpdate)]
    return _diffs(updates, _told(conn, [update.account for update in updates]))


def _told(
    conn: sa.Connection, accounts: Iterable[AccountRef]
) -> dict[AccountRef, dict[CreditField, str]]:
    by_system: dict[str, list[AccountRef]] = {}
    for account in accounts:
        by_system.setdefault(account.system, []).append(account)
    told: dict[AccountRef, dict[CreditField, str]] = {}
    for of_system in by_system.values():
        told |= last_told(conn, of_system)
    return told


def _diffs(
    updates: Iterable[FieldUpdate], told: Mapping[AccountRef, Mapping[CreditField, str]]
) -> list[FieldDiff]:
    return [
        FieldDiff(
            account=str(update.account),
            field=field,
            old=told.get(update.account, {}).get(field, ""),
            new=field_text(value),
        )
        for update in updates
        for field, value in update.values.items()
        if field not in STAMPS
    ]
