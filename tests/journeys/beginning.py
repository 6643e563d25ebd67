"""A database and its CRMs as a command left them, so that many tests can begin there without it.

Only what outlives a command is kept: the database, and what the CRMs hold. Tokens are asked for
anew, because they name the address of a CRM, which is another one then.
"""

import shutil
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from connector.store.engine import create_engine, writing
from connector.store.tables import connections
from sandbox.fxiaoke import FxiaokeTenant
from sandbox.lookalike import LookAlike
from sandbox.zoho import ZohoOrg
from tests.journeys.harness import Installation

__all__ = ["Beginning", "kept"]

_DATABASE = "zixin.db"


@dataclass(frozen=True, kw_only=True)
class Beginning:
    """What to begin with. The database's file must stay where it is."""

    database: Path
    at: datetime
    held: dict[str, list[dict[str, Any]]]

    def give(self, installation: Installation) -> None:
        """Let an installation that has done nothing yet stand where the other stood."""
        shutil.copyfile(self.database, installation.folder / _DATABASE)
        for vendor, held in self.held.items():
            crm = installation.crms.crm(vendor)
            crm.clock.set(self.at)
            for (part, _), values in zip(_parts(crm), deepcopy(held), strict=True):
                for name, value in values.items():
                    setattr(part, name, value)


def kept(installation: Installation) -> Beginning:
    """Keep what a command left that has ended."""
    database = installation.folder / _DATABASE
    _forget_tokens(database)
    crms = [installation.crms.crm(vendor) for vendor in installation.crms.names()]
    return Beginning(
        database=database,
        at=crms[0].clock.now(),
        held={
            crm.name: [
                deepcopy({name: getattr(part, name) for name in names})
                for part, names in _parts(crm)
            ]
            for crm in crms
        },
    )


def _forget_tokens(database: Path) -> None:
    engine = create_engine(f"sqlite:///{database}")
    with writing(engine) as conn:
        conn.execute(connections.update().values(token=None))
    engine.dispose()


def _parts(crm: LookAlike) -> Iterator[tuple[object, tuple[str, ...]]]:
    """Name the parts of a look-alike that hold records, and what holds them there."""
    if isinstance(crm, ZohoOrg):
        records = ("modules", "tables", "users", "workflow_runs")
        yield crm.state, (*records, "_next_record", "_next_field", "_next_other")
    elif isinstance(crm, FxiaokeTenant):
        yield crm.store, ("tables", "last_ms", "_numbers")
        yield crm.state, ("messages",)
