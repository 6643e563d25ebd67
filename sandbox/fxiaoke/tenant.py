"""The look-alike tenant: what a CRM user does to it, what tests set, and its API."""

from collections.abc import Mapping
from random import Random
from typing import TYPE_CHECKING, Any

from sandbox.clock import SandboxClock
from sandbox.company.model import Company
from sandbox.faults import Faults
from sandbox.fxiaoke.administration import (
    create_field,
    create_fields,
    create_object,
    provision,
)
from sandbox.fxiaoke.answers import Refusal
from sandbox.fxiaoke.callbacks import Callbacks
from sandbox.fxiaoke.catalogue import UNBOUGHT, standard_objects
from sandbox.fxiaoke.fields import FieldDescribe, ObjectDescribe
from sandbox.fxiaoke.filling import fill_store
from sandbox.fxiaoke.functions import EventFunction
from sandbox.fxiaoke.gateway import Gateway
from sandbox.fxiaoke.limits import Limits
from sandbox.fxiaoke.options import TenantOptions
from sandbox.fxiaoke.people import ADMIN_ID, DEFAULT_STAFF, Staff
from sandbox.fxiaoke.rendering import render
from sandbox.fxiaoke.rows import Row
from sandbox.fxiaoke.state import APP_ID, APP_SECRET, CORP_ID, EA, PERMANENT_CODE, State
from sandbox.fxiaoke.store import Change, RecordStore
from sandbox.fxiaoke.tokens import TokenDesk
from sandbox.fxiaoke.values import friendly
from sandbox.fxiaoke.views import account_views
from sandbox.journal import Journal
from sandbox.lookalike import AccountView
from sandbox.notifier import Notifier

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

__all__ = ["FxiaokeTenant"]


class FxiaokeTenant:
    """One tenant of the platform, in memory. Safe to use from several threads.

    Without ``options.provisioned`` the credit fields and ``credit_task__c`` are absent until
    ``add_field`` and ``add_object`` (or ``provision``) bring them, as an administrator would.
    """

    name = "fxiaoke"

    def __init__(
        self,
        clock: SandboxClock,
        journal: Journal,
        faults: Faults,
        notifier: Notifier,
        options: TenantOptions | None = None,
        *,
        rng: Random | None = None,
    ) -> None:
        self.clock = clock
        self.journal = journal
        self.faults = faults
        self.notifier = notifier
        self.options = options or TenantOptions()
        staff = Staff()
        staff.add(*DEFAULT_STAFF)
        self.store = RecordStore(clock, self.options, staff)
        self.state = State(clock, self.options, staff, self.store)
        self.tokens = TokenDesk(clock, self.options)
        self.callbacks = Callbacks(clock, self.options, notifier, rng or Random())
        self.function = EventFunction(clock, notifier)
        self._gateway = Gateway(
            self.state, self.tokens, Limits(clock, self.options), faults, journal
        )
        for describe in standard_objects():
            if describe.api_name in UNBOUGHT[self.options.receivables]:
                self.store.unbought.append(describe)
            else:
                self.store.add_object(describe)
        self.store.listener = self._tell
        if self.options.provisioned:
            self.provision()

    def credentials(self) -> dict[str, str]:
        """Return what a client needs to connect; public by design."""
        admin = self.state.staff.find(ADMIN_ID)
        return {
            "app_id": APP_ID,
            "app_secret": APP_SECRET,
            "permanent_code": PERMANENT_CODE,
            "ea": EA,
            "corp_id": CORP_ID,
            "user_id": ADMIN_ID,
            "open_user_id": admin.open_id if admin else "",
        }

    @property
    def messages(self) -> list[dict[str, Any]]:
        """What was given to ``message/send``, oldest first."""
        return self.state.messages

    @property
    def native_tasks(self) -> list[dict[str, Any]]:
        """The tasks that the tenant's APL function made, oldest first."""
        return self.state.native_tasks

    def modules(self) -> list[str]:
        """Return the api names of the objects."""
        with self.store.lock:
            return list(self.store.tables)

    def records(self, module: str) -> list[dict[str, object]]:
        """Return every live record of an object, complete, by ``_id``."""
        with self.store.lock:
            table = self.store.tables.get(module)
            if table is None:
                raise ValueError(f"there is no object {module}")
            return [render(self.state, table, table.rows[each]) for each in table.live_ids]

    def put_record(
        self, module: str, values: dict[str, object], record_id: str | None = None
    ) -> str:
        """Create or change a record as a CRM user (or an import) would, and notify.

        ISO dates and bare numbers are understood. Required fields may be empty and options and
        references odd, so that tests can bring in bad data. ``lock_status`` locks or unlocks.
        """
        with self.store.lock:
            try:
                return self._put(module, values, record_id)
            except Refusal as refusal:
                raise ValueError(refusal.message) from None

    def _put(self, module: str, values: dict[str, object], record_id: str | None) -> str:
        fields = self.store.table(module).describe.fields
        typed = {
            name: friendly(fields[name], value) if name in fields else value
            for name, value in values.items()
        }
        if typed.get("life_status") == "invalid":
            raise ValueError("remove the record instead of setting life_status to invalid")
        kept = self.store.read_values(module, typed, lenient=True)
        actor = self._user_id()
        if record_id is None:
            kept.setdefault("owner", [actor])
            row = self.store.insert(module, kept, actor)
        else:
            row = self._live(module, record_id)
            self.store.change(module, row, kept, actor)
        if "lock_status" in typed:
            self.store.lock_row(module, row, actor, locked=typed["lock_status"] == "1")
        return row.id

    def remove_record(self, module: str, record_id: str) -> None:
        """Invalidate a record as a CRM user would: queries no longer see it."""
        with self.store.lock:
            try:
                self.store.invalidate(module, self._live(module, record_id), self._user_id())
            except Refusal as refusal:
                raise ValueError(refusal.message) from None

    def accounts(self) -> list[AccountView]:
        """Return every account with its credit fields, tasks and contacts."""
        with self.store.lock:
            return account_views(self.state)

    def fill(self, company: Company) -> None:
        """Store the part of the company's books that stands in this CRM; nobody is notified."""
        with self.store.lock:
            fill_store(self.state, company)

    def wsgi(self) -> "WSGIApplication":
        """Return the platform's API."""
        return self._gateway

    def add_field(self, api_name: str, describe: Mapping[str, object]) -> FieldDescribe:
        """Add a custom field to an object, as an administrator would in the console.

        Raises ``ValueError`` with a sentence.
        """
        with self.store.lock:
            return create_field(self.store, api_name, describe)

    def add_fields(self, object_name: str, fields: list[Mapping[str, object]]) -> None:
        """Add custom fields, and a custom object that is not there. Raises ``ValueError``."""
        with self.store.lock:
            create_fields(self.store, object_name, fields)

    def add_object(self, describe: Mapping[str, object]) -> ObjectDescribe:
        """Add a custom object; ``credit_task__c`` without fields gets those of our checklist.

        Raises ``ValueError`` with a sentence.
        """
        with self.store.lock:
            return create_object(self.store, describe)

    def provision(self) -> None:
        """Add all credit fields and the task object that are not there yet."""
        with self.store.lock:
            provision(self.store)

    def set_callback(self, url: str | None, key: str = "") -> None:
        """Send event callbacks to ``url`` (``None``: to nobody). Raises ``ValueError``."""
        self.callbacks.subscribe(url, key)

    def _tell(self, change: Change) -> None:
        table = self.store.tables[change.api_name]
        row = table.rows.get(change.record_id)
        own = row is not None and row.modified_by == ADMIN_ID
        if own and not self.options.own_writes_raise_events:
            return
        self.callbacks.tell(change)
        self.function.tell(change)

    def _live(self, module: str, record_id: str) -> Row:
        row = self.store.row(module, record_id)
        if not row.live:
            raise ValueError("the record has been removed")
        return row

    def _user_id(self) -> str:
        """Return the employee that stands for a person at the screen: not the integration."""
        people = self.state.staff.everybody()
        active = (each.id for each in people if not each.admin and not each.stopped)
        return next(active, ADMIN_ID)
