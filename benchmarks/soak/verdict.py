"""Whether every account ended right: judged by plain arithmetic and by a fresh installation."""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

import sqlalchemy as sa

from adapters.port import field_text
from benchmarks.soak.forger import FORGED_RECORD
from connector.flow.entities import group_entities
from connector.flow.preview import would_write
from connector.flow.pull import pull
from connector.store.engine import reading
from connector.store.queue_tables import inbox, outbox
from connector.wiring.jobs import job_of
from tests.journeys.clerk import Clerk, overdue_by_account
from tests.journeys.harness import Installation, open_here, tasks_of
from tests.journeys.serving import Serve

__all__ = ["differing_fields", "queue_figures", "task_figures", "wrong_amounts"]


def wrong_amounts(clerks: Mapping[str, Clerk], today: date) -> list[str]:
    """Name accounts whose overdue field is not what their CRM's own records add up to."""
    right = overdue_by_account(clerks, today)
    return [
        f"{vendor} {account}: shows {shown.overdue}, owes {right[vendor, account]}"
        for vendor, clerk in clerks.items()
        for account, shown in clerk.shown().items()
        if (shown.overdue or Decimal(0)) != right[vendor, account]
    ]


def differing_fields(installation: Installation, folder: Path) -> tuple[int, list[str]]:
    """Decide everything anew in an empty database; count what was compared, name what differs."""
    fresh = Installation(
        folder=folder, crms=installation.crms, environment=installation.environment
    )
    for name in ("zixin.toml", "zixin.key"):
        (folder / name).write_text((installation.folder / name).read_text())
    with open_here(fresh) as zixin:
        job = job_of(zixin)
        for port in job.ports.values():
            pull(port, zixin.engine, zixin.clock)
        group_entities(zixin.engine, now=zixin.clock.now())
        wanted = would_write(job, zixin.clock.today())
        held: dict[str, Mapping[str, str]] = {}
        for name, port in job.ports.items():
            ids = [
                diff.account.partition(":")[2] for diff in wanted if _system(diff.account) == name
            ]
            for account, values in port.owned_values(list(dict.fromkeys(ids))).items():
                held[f"{name}:{account}"] = {
                    key: field_text(value) for key, value in values.items()
                }
    differing = [
        f"{diff.account} {diff.field}: shows {held[diff.account].get(diff.field, '')!r}, "
        f"decided anew {diff.new!r}"
        for diff in wanted
        if held[diff.account].get(diff.field, "") != diff.new
    ]
    return len(wanted), differing


def _system(account: str) -> str:
    return account.partition(":")[0]


def task_figures(
    installation: Installation, clerks: Mapping[str, Clerk], today: date
) -> dict[str, int]:
    """Count tasks: all, still open, twice under one key, open where nothing is overdue."""
    keys = [key for name in installation.crms.names() for key in tasks_of(installation.crms, name)]
    still_open = {vendor: clerk.open_tasks() for vendor, clerk in clerks.items()}
    late = {
        (vendor, item.account)
        for vendor, clerk in clerks.items()
        for item in clerk.owed()
        if item.overdue(today)
    }
    needless = [
        account
        for vendor, counts in still_open.items()
        for account in counts
        if (vendor, account) not in late
    ]
    opened = sum(sum(counts.values()) for counts in still_open.values())
    return {
        "created": len(keys),
        "open": opened,
        "closed": len(keys) - opened,
        "duplicates": sum(count - 1 for count in Counter(keys).values()),
        "open_without_overdue": len(needless),
    }


def queue_figures(serve: Serve, forged_ids: Collection[str]) -> dict[str, object]:
    """Count messages and write-backs by state, and forged messages that were kept."""
    with reading(serve.engine) as conn:
        messages = conn.execute(sa.select(inbox.c.state, inbox.c.message_id, inbox.c.body)).all()
        writes = conn.execute(sa.select(outbox.c.state)).scalars().all()
    forged = [
        row
        for row in messages
        if row.message_id in forged_ids or FORGED_RECORD.encode() in row.body
    ]
    return {
        "messages": dict(Counter(row.state for row in messages)),
        "write_backs": dict(Counter(writes)),
        "forged_stored": len(forged),
    }
