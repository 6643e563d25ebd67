"""How an installation stands when all is done: read from the CRMs and the database themselves."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from connector.store.audit import verify
from connector.store.columns import UtcDateTime
from connector.store.engine import reading
from connector.store.queue_tables import inbox, outbox
from connector.store.tables import (
    RECORD_TABLES,
    accounts,
    assessments,
    audit,
    entities,
    last_written,
    tasks,
)
from sandbox.server import Sandbox
from tests.journeys.harness import crm_state, tasks_of

__all__ = ["Ending", "ending_of", "messages_kept", "under_way"]

# What differs from run to run by its nature: when something was read, under which number.
_OF_THE_RUN = frozenset({"seen_in", "generation", "content_hash", "task_id"})
_FIELDS_OF_THE_RUN = frozenset({"computed_at", "assessment_id"})
_DECIDED = ("entity", "as_of", "rating", "score", "limit_minor", "currency", "policy_version")


@dataclass(frozen=True, kw_only=True)
class Ending:
    """The mirror, the decisions, the tasks and what both CRMs hold, without ids and times of ours."""

    crms: bytes
    tasks: list[str]
    database: dict[str, list[str]]
    created: Counter[str]

    def must_equal(self, expected: "Ending", where: str) -> None:
        """Fail where anything differs, or is not settled."""
        assert self.database["unsettled"] == [], where
        assert self.tasks == expected.tasks, where
        assert self.crms == expected.crms, where
        assert self.database == expected.database, where
        assert self.created == expected.created, where


def ending_of(engine: sa.Engine, crms: Sandbox) -> Ending:
    """Look at everything. The audit log's chain is verified on the way."""
    with reading(engine) as conn:
        verify(conn)
        mirror = {table.name: table for table in [*RECORD_TABLES.values(), entities, tasks]}
        database = {name: _rows(conn, table) for name, table in mirror.items()}
        database["last_written"] = _written(conn)
        database["assessments"] = _decided(conn)
        database["unsettled"] = under_way(conn)
        created = conn.execute(sa.select(audit.c.target).where(audit.c.what == "task_created"))
        return Ending(
            crms=crm_state(crms),
            tasks=[key for vendor in crms.names() for key in tasks_of(crms, vendor)],
            database=database,
            created=Counter(created.scalars()),
        )


def under_way(conn: sa.Connection) -> list[str]:
    """Describe messages and write-backs that are not settled well."""
    return sorted(
        f"{table.name} {row.kind} {row.state} {row.lane}: {row.last_error}"
        for table in (inbox, outbox)
        for row in conn.execute(sa.select(table).where(table.c.state != "done"))
    )


def messages_kept(engine: sa.Engine) -> set[bytes]:
    """Return the bodies of all messages in the inbox."""
    with reading(engine) as conn:
        return set(conn.execute(sa.select(inbox.c.body).where(inbox.c.kind == "message")).scalars())


def _rows(conn: sa.Connection, table: sa.Table) -> list[str]:
    kept = [
        column
        for column in table.c
        if not isinstance(column.type, UtcDateTime) and column.name not in _OF_THE_RUN
    ]
    return sorted(_text(row) for row in conn.execute(sa.select(*kept)).mappings())


def _written(conn: sa.Connection) -> list[str]:
    wanted = sa.select(last_written.c.system, last_written.c.record_id)
    wanted = wanted.add_columns(last_written.c.field, last_written.c.value)
    stable = last_written.c.field.not_in(_FIELDS_OF_THE_RUN)
    return sorted(_text(row) for row in conn.execute(wanted.where(stable)).mappings())


def _decided(conn: sa.Connection) -> list[str]:
    columns = [assessments.c[name] for name in _DECIDED]
    held = sa.select(accounts.c.entity)
    latest = sa.select(*columns).where(assessments.c.latest, assessments.c.entity.in_(held))
    return sorted(_text(row) for row in conn.execute(latest).mappings())


def _text(row: Any) -> str:
    return "; ".join(f"{name}={value}" for name, value in row.items())
