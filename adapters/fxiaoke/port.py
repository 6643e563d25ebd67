"""Fenxiang behind the port: the parts put together for one connection."""

from collections.abc import Sequence

from adapters.errors import CrmError
from adapters.fxiaoke.auth import TokenDesk
from adapters.fxiaoke.client import FxiaokeClient
from adapters.fxiaoke.doctor import Doctor
from adapters.fxiaoke.employees import Employees
from adapters.fxiaoke.mapping import FxiaokeMapping
from adapters.fxiaoke.metadata import Describes
from adapters.fxiaoke.order_reader import OrderReader
from adapters.fxiaoke.people import People
from adapters.fxiaoke.provision import provision_steps
from adapters.fxiaoke.reader import FxiaokeReader
from adapters.fxiaoke.receivables import ReceivablesChooser, Source, resolved
from adapters.fxiaoke.scan import Scanner
from adapters.fxiaoke.settings import mapping_of, options_of
from adapters.fxiaoke.tasks import FxiaokeTasks
from adapters.fxiaoke.writer import FxiaokeWriter
from adapters.lines import Lines
from adapters.pacing import Pacer
from adapters.port import (
    CreditField,
    Cursor,
    FieldUpdate,
    FieldValue,
    Finding,
    IdPage,
    Outcome,
    Page,
    ProvisionStep,
    TaskChange,
    TaskDraft,
    TaskState,
    Usage,
    WatchReceipt,
)
from adapters.settings import ConnectionSettings
from adapters.slots import MemorySlots, Slots
from adapters.tokens import Sealer, TokenKeeper, TokenStore
from scoring.records import Kind

__all__ = ["FxiaokePort", "open_fxiaoke"]


_CHOSEN = (Kind.INVOICES, Kind.CREDIT_NOTES, Kind.ALLOCATIONS, Kind.ORDERS)


class FxiaokePort:
    """One connection to one Fenxiang tenant; it fits ``adapters.port.CrmPort``."""

    def __init__(
        self,
        client: FxiaokeClient,
        mapping: FxiaokeMapping,
        *,
        default_owner: str | None = None,
        callback_key: str = "",
        apl_key: str = "",
    ) -> None:
        self._client = client
        self._mapping = mapping
        self._callback_key = callback_key
        self._apl_key = apl_key
        self._default_owner = default_owner
        self._describes = Describes(client)
        self._chooser = ReceivablesChooser(client, self._describes, mapping)
        self._employees = Employees(client)
        self._writer = FxiaokeWriter(client, self._describes, mapping)
        people = People(self._employees.everybody, client.http.pace.monotonic)
        self._tasks = FxiaokeTasks(
            client, self._describes, mapping, people, default_owner=default_owner
        )

    @property
    def system(self) -> str:
        """The connection's name in the configuration."""
        return self._client.system

    @property
    def vendor(self) -> str:
        """``fxiaoke``."""
        return "fxiaoke"

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The feeds that the tenant has objects for; employees come first. May ask the CRM."""
        return self._chooser.kinds()

    @property
    def enforces_task_key(self) -> bool:
        """Whether the tenant refuses a second task with a key. May ask the CRM, once in a while.

        While the CRM cannot be asked the answer is no, which costs a wait and a look.
        """
        try:
            return self._tasks.enforces_key
        except CrmError:
            return False

    @property
    def tells_deletions(self) -> bool:
        """No: what is deleted or voided is simply not read any more."""
        return False

    def changes(self, kind: Kind, cursor: Cursor) -> Page:
        """Read the next portion of a feed."""
        if kind is Kind.OWNERS:
            return self._employees.changes(cursor)
        return self._reader(kind).changes(kind, cursor)

    def fetch(self, kind: Kind, record_ids: Sequence[str]) -> Page:
        """Read these records as they are now; those that do not come back are gone."""
        if kind is Kind.OWNERS:
            return self._employees.fetch(record_ids)
        return self._reader(kind).fetch(kind, record_ids)

    def ids(self, kind: Kind, after: str = "") -> IdPage:
        """Read the next portion of a feed's ids."""
        return self._reader(kind).ids(kind, after)

    def missing(self, kind: Kind, known_ids: Sequence[str]) -> tuple[str, ...]:
        """Tell which of these ids are gone: deleted or voided."""
        return self._reader(kind).missing(kind, known_ids)

    def _reader(self, kind: Kind) -> FxiaokeReader | OrderReader:
        """Return the reader of a feed: what claims are, and what pays them, is chosen."""
        mapping = self._mapping
        if kind in _CHOSEN:
            choice = self._chooser.choice()
            if choice.source is not Source.NOTES and kind in {Kind.INVOICES, Kind.ALLOCATIONS}:
                with_plans = choice.source is Source.PLANS
                return OrderReader(self._client, self._describes, mapping, with_plans=with_plans)
            mapping = resolved(mapping, choice)
        return FxiaokeReader(Scanner(self._client, self._describes), mapping)

    def owned_values(self, record_ids: Sequence[str]) -> dict[str, dict[CreditField, FieldValue]]:
        """Read the credit fields that stand in the CRM now; accounts that are gone are absent."""
        return self._writer.owned_values(record_ids)

    def update_fields(self, updates: Sequence[FieldUpdate]) -> list[Outcome]:
        """Write credit fields, one call for each account."""
        return self._writer.update_fields(updates)

    def create_tasks(self, drafts: Sequence[TaskDraft]) -> list[Outcome]:
        """Create tasks; one that is there under its key is adopted."""
        return self._tasks.create(drafts)

    def change_tasks(self, changes: Sequence[TaskChange]) -> list[Outcome]:
        """Rewrite or close tasks."""
        return self._tasks.change(changes)

    def find_tasks(self, keys: Sequence[str]) -> dict[str, TaskState]:
        """Look tasks up by key."""
        return self._tasks.find(keys)

    def check(self) -> list[Finding]:
        """Examine credentials, clock, objects, fields, options and the unique key."""
        doctor = Doctor(
            self._client,
            self._describes,
            self._mapping,
            chooser=self._chooser,
            employees=self._employees.everybody,
            default_owner=self._default_owner,
            callback_key=self._callback_key,
            apl_key=self._apl_key,
        )
        return doctor.examine()

    def provision(self, *, dry_run: bool) -> list[ProvisionStep]:
        """Say what exists and what an administrator must create: there is no interface for it."""
        _ = dry_run  # nothing is created either way
        return provision_steps(self._mapping, self._describes)

    def watch(self, url: str) -> list[WatchReceipt]:
        """Nothing to ask for: the callback address is entered in the tenant's console."""
        _ = url
        return []

    def unwatch(self) -> int:
        """Nothing to stop: the callback is switched off in the tenant's console."""
        return 0

    def usage(self) -> Usage:
        """Tell calls so far; each costs one of the day's bought calls."""
        http = self._client.http
        return Usage(calls=http.calls, credits=http.credits)


def open_fxiaoke(
    settings: ConnectionSettings,
    store: TokenStore,
    sealer: Sealer,
    *,
    lines: Lines | None = None,
    slots: Slots | None = None,
) -> FxiaokePort:
    """Put a connection together; nothing is sent yet. ``lines`` bring deadlines and the clock.

    ``slots``: where calls are booked; none: this process keeps them for itself.

    Raises ``ValueError`` for options or a mapping that cannot be read.
    """
    options = options_of(settings)
    http = (lines or Lines(settings.name)).open(budget=settings.budget)
    pace = http.pace
    desk = TokenDesk(settings, options.style, http)
    keeper = TokenKeeper(
        settings.name,
        store=store,
        sealer=sealer,
        ask=desk.ask,
        now=pace.now,
        sleep=pace.sleep,
    )
    pacer = Pacer(
        settings.name,
        slots or MemorySlots(),
        calls=options.window_calls,
        seconds=options.window_seconds,
        now=pace.now,
        sleep=pace.sleep,
    )
    client = FxiaokeClient(settings, options, http=http, keeper=keeper, pacer=pacer)
    keys = {name: settings.secrets.get(name) for name in ("callback_key", "apl_key")}
    return FxiaokePort(
        client,
        mapping_of(settings),
        default_owner=settings.default_owner,
        **{name: key.reveal() if key else "" for name, key in keys.items()},
    )
