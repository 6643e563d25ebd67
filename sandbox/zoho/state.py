"""The organisation's state: modules, records, people, and the clock they share.

One lock guards all of it; whoever reads or writes more than one thing holds it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import RLock

from sandbox.clock import SandboxClock
from sandbox.zoho.errors import ZohoError
from sandbox.zoho.fields import Field
from sandbox.zoho.modules import Module, standard_modules
from sandbox.zoho.options import ZohoOptions
from sandbox.zoho.table import Row, Table

__all__ = ["INTEGRATION_USER", "RATES", "Change", "OrgState", "User", "WorkflowRun"]

INTEGRATION_USER = "5000000000000001"
"""The user behind the sandbox's refresh token: the connector's own."""

_FIRST_USER_ID = 5_000_000_000_000_001
_FIRST_RECORD_ID = 5_000_000_000_100_001
_FIRST_NEW_FIELD_ID = 5_000_000_000_004_001
_OTHER_IDS = 5_000_000_000_009_001

# Units of the currency for one unit of CNY; plausible, fixed, and the sandbox's own.
RATES = {
    "CNY": 1.0,
    "USD": 0.14,
    "EUR": 0.13,
    "HKD": 1.09,
    "JPY": 21.0,
    "GBP": 0.11,
    "CAD": 0.19,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person with a login."""

    id: str
    name: str
    email: str
    active: bool = True
    role: str = "Sales"
    profile: str = "Standard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Records of one module that were created, edited or deleted in one call.

    ``affected`` gives each record's changed fields with their new values, as the API shows them.
    """

    module: str
    operation: str
    ids: tuple[str, ...]
    affected: dict[str, dict[str, object]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowRun:
    """The customer's workflows ran for a record, because ``trigger`` did not forbid it."""

    module: str
    record_id: str
    operation: str


class OrgState:
    """Everything an organisation holds. Ids are given in order, so a run can be repeated."""

    def __init__(self, clock: SandboxClock, options: ZohoOptions) -> None:
        self.clock = clock
        self.options = options
        self.lock = RLock()
        self.modules: dict[str, Module] = standard_modules()
        self.tables: dict[str, Table] = {name: Table() for name in self.modules}
        self.users: dict[str, User] = {}
        self.workflow_runs: list[WorkflowRun] = []
        self.listeners: list[Callable[[Change], None]] = []
        self._next_record = _FIRST_RECORD_ID
        self._next_field = _FIRST_NEW_FIELD_ID
        self._next_other = _OTHER_IDS
        self.add_user(
            "Zixin Connector", "connector@example.com", role="CEO", profile="Administrator"
        )
        self.add_user("Sample Administrator", "admin@example.com", profile="Administrator")

    def module(self, api_name: str, *, place: int = 0) -> Module:
        """Return a module. Raises ``ZohoError`` as the API does for an unknown one."""
        found = self.modules.get(api_name)
        if found is None:
            raise ZohoError(
                "INVALID_MODULE",
                "the module name given seems to be invalid",
                {"resource_path_index": place},
            )
        return found

    def field(self, module: str, api_name: str) -> Field | None:
        """Return a field's metadata, or ``None``."""
        return self.modules[module].fields.get(api_name)

    def add_user(
        self,
        name: str,
        email: str,
        *,
        active: bool = True,
        role: str = "Sales",
        profile: str = "Standard",
    ) -> str:
        """Add a person and return the id."""
        user_id = str(_FIRST_USER_ID + len(self.users))
        self.users[user_id] = User(
            id=user_id, name=name, email=email, active=active, role=role, profile=profile
        )
        return user_id

    def person(self, user_id: object) -> dict[str, object] | None:
        """Return a person as records name them, without the address."""
        user = self.users.get(str(user_id))
        return None if user is None else {"name": user.name, "id": user.id}

    def record_id(self) -> str:
        """Return the next record's id."""
        self._next_record += 1
        return str(self._next_record - 1)

    def field_id(self) -> str:
        """Return the next new field's id."""
        self._next_field += 1
        return str(self._next_field - 1)

    def now(self) -> int:
        """Return the sandbox's time in whole seconds, the granularity of ``Modified_Time``."""
        return int(self.clock.now().timestamp())

    def iso(self, seconds: object) -> str | None:
        """Return a stored time as the API shows it, in the organisation's zone."""
        if not isinstance(seconds, int):
            return None
        return datetime.fromtimestamp(seconds, self.options.zone).isoformat()

    def name_of(self, module: str, record_id: str) -> object:
        """Return what names a record; ``None`` for one that is gone."""
        row = self.tables[module].rows.get(record_id)
        return None if row is None else row.get(self.modules[module].name_field)

    def tell(self, changes: Iterable[Change]) -> None:
        """Tell the listeners what changed."""
        for change in changes:
            for listener in self.listeners:
                listener(change)

    def seconds_of(self, text: str) -> int | None:
        """Return an ISO time with offset as seconds; ``None`` where it is not one."""
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            return None
        return None if at.tzinfo is None else int(at.astimezone(UTC).timestamp())

    def new_row(self, module: str, *, record_id: str, by: str, at: int) -> Row:
        """Return the system part of a record created by ``by`` at ``at``."""
        row: Row = {
            "id": record_id,
            "Owner": by,
            "Created_By": by,
            "Modified_By": by,
            "Created_Time": at,
            "Modified_Time": at,
            "Locked__s": False,
        }
        if "Currency" in self.modules[module].fields:
            row["Currency"] = self.options.base_currency
            row["Exchange_Rate"] = RATES[self.options.base_currency]
        return row
