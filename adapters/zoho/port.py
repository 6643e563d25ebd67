"""Zoho behind the port: the parts put together for one connection."""

from collections.abc import Callable, Sequence

from adapters.callbacks import Callbacks, NoCallbacks
from adapters.errors import CrmError
from adapters.lines import Lines
from adapters.port import (
    CreditField,
    Cursor,
    FieldUpdate,
    FieldValue,
    Finding,
    IdPage,
    NoteDraft,
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
from adapters.zoho.auth import TokenDesk
from adapters.zoho.books_client import BooksClient
from adapters.zoho.books_doctor import BooksDoctor
from adapters.zoho.books_reader import LEDGER_KINDS, BooksReader
from adapters.zoho.callbacks import JobBell
from adapters.zoho.client import ZohoClient
from adapters.zoho.doctor import Doctor
from adapters.zoho.events import ZohoVerifier, unwatch, watch
from adapters.zoho.ids import page_of_ids
from adapters.zoho.metadata import Metadata
from adapters.zoho.names import ZohoMapping
from adapters.zoho.notes import ZohoNotes
from adapters.zoho.provision import provision
from adapters.zoho.reader import ZohoReader
from adapters.zoho.session import ZohoSession
from adapters.zoho.settings import mapping_of, options_of
from adapters.zoho.tasks import ZohoTasks
from adapters.zoho.writer import ZohoWriter
from scoring.records import Contact, Kind

__all__ = ["ZohoPort", "open_zoho", "zoho_verifier"]


class ZohoPort:
    """One connection to one Zoho organisation; it fits ``adapters.port.CrmPort``."""

    def __init__(
        self,
        client: ZohoClient,
        mapping: ZohoMapping,
        *,
        default_owner: str | None = None,
        channel_token: str = "",
        books: BooksClient,
        callbacks: Callbacks,
    ) -> None:
        self._client = client
        self._books = books
        self._mapping = mapping
        self._default_owner = default_owner
        self._channel_token = channel_token
        self._metadata = Metadata(client)
        bell = JobBell(callbacks, client.http.pace)
        self._reader = ZohoReader(client, self._metadata, mapping, bell)
        in_books = client.options.ledger == "books"
        self._ledger = BooksReader(books, self._employers) if in_books else None
        self._writer = ZohoWriter(client, self._metadata, mapping, bell)
        self._notes = ZohoNotes(client, mapping.accounts.module)
        self._tasks = ZohoTasks(client, self._metadata, mapping, default_owner=default_owner)

    @property
    def system(self) -> str:
        """The connection's name in the configuration."""
        return self._client.system

    @property
    def vendor(self) -> str:
        """``zoho``."""
        return "zoho"

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The feeds that the mapping has modules for; users come first, a ledger in Books last.

        So what Books does not let through holds up nothing of the CRM.
        """
        crm = tuple(kind for kind in Kind if kind is Kind.OWNERS or self._mapping.feed(kind).module)
        return crm if self._ledger is None else crm + LEDGER_KINDS

    @property
    def enforces_task_key(self) -> bool:
        """Whether Zoho refuses a second task with a key. May ask the CRM, once in a while.

        While the CRM cannot be asked the answer is no, which costs a wait and a look.
        """
        try:
            return self._tasks.enforces_key
        except CrmError:
            return False

    @property
    def tells_deletions(self) -> bool:
        """Yes, but only for some weeks, and not what was taken out of our sight."""
        return True

    def changes(self, kind: Kind, cursor: Cursor) -> Page:
        """Read the next portion of a feed."""
        return self._reader_of(kind).changes(kind, cursor)

    def fetch(self, kind: Kind, record_ids: Sequence[str]) -> Page:
        """Read these records as they are now; those that do not come back are gone."""
        return self._reader_of(kind).fetch(kind, record_ids)

    def ids(self, kind: Kind, after: str = "") -> IdPage:
        """Read the next portion of a feed's ids."""
        if self._ledger is not None and kind in LEDGER_KINDS:
            return self._ledger.ids(kind, after)
        return page_of_ids(self._client, self._mapping.feed(kind).module, after)

    def missing(self, kind: Kind, known_ids: Sequence[str]) -> tuple[str, ...]:
        """Tell which known ids are gone, for the rare sweep that trusts no feed."""
        return self._reader_of(kind).missing(kind, known_ids)

    def _reader_of(self, kind: Kind) -> ZohoReader | BooksReader:
        if self._ledger is not None and kind in LEDGER_KINDS:
            return self._ledger
        return self._reader

    def _employers(self, contact_ids: Sequence[str]) -> dict[str, str]:
        """Give the accounts of contacts of the CRM."""
        if not self._mapping.contacts.module:
            return {}
        found = self._reader.fetch(Kind.CONTACTS, contact_ids).records
        return {each.record_id: each.account_id for each in found if isinstance(each, Contact)}

    def computed_fields(self) -> dict[Kind, tuple[str, ...]]:
        """Name the mapped formula and rollup fields; their changes come with full reads alone."""
        feeds = {kind: self._mapping.feed(kind) for kind in self.kinds if kind is not Kind.OWNERS}
        # A ledger in Books has no modules here.
        found = {k: self._metadata.computed(names) for k, names in feeds.items() if names.module}
        return {kind: fields for kind, fields in found.items() if fields}

    def owned_values(self, record_ids: Sequence[str]) -> dict[str, dict[CreditField, FieldValue]]:
        """Read the credit fields that stand in the CRM now; accounts that are gone are absent."""
        return self._writer.owned_values(record_ids)

    def update_fields(self, updates: Sequence[FieldUpdate]) -> list[Outcome]:
        """Write credit fields, a hundred accounts a call."""
        return self._writer.update_fields(updates)

    def fields_at_once(self, waiting: int) -> int:
        """Tell how many field updates one call should have when so many wait; 0: no job."""
        return self._writer.fields_at_once(waiting)

    def update_fields_in_bulk(
        self, updates: Sequence[FieldUpdate], *, go_on: Callable[[], bool]
    ) -> list[Outcome]:
        """Write very many credit fields by a job; it takes minutes."""
        return self._writer.update_in_bulk(updates, go_on)

    def create_tasks(self, drafts: Sequence[TaskDraft]) -> list[Outcome]:
        """Create tasks; one that is there under its key is adopted."""
        return self._tasks.create(drafts)

    def change_tasks(self, changes: Sequence[TaskChange]) -> list[Outcome]:
        """Rewrite or close tasks."""
        return self._tasks.change(changes)

    def find_tasks(self, keys: Sequence[str]) -> dict[str, TaskState]:
        """Look tasks up by key."""
        return self._tasks.find(keys)

    @property
    def wants_notes(self) -> bool:
        """Whether notes are to be written."""
        return self._client.options.notes

    def add_notes(self, notes: Sequence[NoteDraft]) -> list[Outcome]:
        """Write notes on accounts."""
        return self._notes.add(notes)

    def find_note(self, note: NoteDraft) -> str | None:
        """Look for a note in its account's list."""
        return self._notes.find(note)

    def check(self) -> list[Finding]:
        """Examine credentials, scopes, clock, modules, fields, picklists and the unique key."""
        doctor = Doctor(
            self._client,
            self._metadata,
            self._mapping,
            kinds=self.kinds,
            default_owner=self._default_owner,
            channel_token=self._channel_token,
            ledger=BooksDoctor(self._books, self._metadata, self._mapping).examine,
        )
        return doctor.examine()

    def provision(self, *, dry_run: bool) -> list[ProvisionStep]:
        """Create the credit fields and the tasks' key that are missing."""
        return provision(self._client, self._metadata, self._mapping, dry_run=dry_run)

    def watch(self, url: str) -> list[WatchReceipt]:
        """Subscribe a channel for each module, or renew it; none without a channel token."""
        if not self._channel_token:
            return []
        return watch(self._client, self._mapping, url, self._channel_token)

    def unwatch(self) -> int:
        """Stop our channels; those of other applications stay."""
        return unwatch(self._client, self._mapping)

    def usage(self) -> Usage:
        """Tell calls and credits so far, by Zoho's price list; calls to Books cost none."""
        http, books = self._client.http, self._books.session.http
        return Usage(calls=http.calls + books.calls, credits=http.credits)


def open_zoho(
    settings: ConnectionSettings,
    store: TokenStore,
    sealer: Sealer,
    *,
    lines: Lines | None = None,
    slots: Slots | None = None,
    callbacks: Callbacks | None = None,
) -> ZohoPort:
    """Put a connection together; nothing is sent yet. ``lines`` bring deadlines and the clock.

    ``slots`` is where calls to Zoho Books are booked by all who make them, ``callbacks`` where Zoho
    tells that a bulk job is over. Raises ``ValueError`` for options or a mapping that cannot be
    read.
    """
    lines = lines or Lines(settings.name)
    options = options_of(settings)
    http = lines.open(budget=settings.budget, at_once=options.at_once)
    desk = TokenDesk(settings, http)
    pace = http.pace
    keeper = TokenKeeper(
        settings.name,
        store=store,
        sealer=sealer,
        ask=desk.ask,
        now=pace.now,
        sleep=pace.sleep,
    )
    session = ZohoSession(settings, options, http=http, keeper=keeper)
    books = lines.open("books", budget=options.books_budget, at_once=options.books_at_once)
    token = settings.secrets.get("channel_token")
    return ZohoPort(
        ZohoClient(session),
        mapping_of(settings),
        default_owner=settings.default_owner,
        channel_token=token.reveal() if token else "",
        books=BooksClient(session.through(books), slots or MemorySlots()),
        callbacks=callbacks or NoCallbacks(),
    )


def zoho_verifier(settings: ConnectionSettings, once: Callable[[], str]) -> ZohoVerifier:
    """Build the verifier of a connection's notifications and webhooks.

    ``channel_token`` is in use; ``channel_token_old`` is still accepted during a rotation. Raises ``MissingSettingError`` without a channel token, ``ValueError`` for an unusable one.
    """
    tokens = [settings.secret("channel_token")]
    if old := settings.secrets.get("channel_token_old"):
        tokens.append(old.reveal())
    return ZohoVerifier(tokens, settings.name, mapping_of(settings), once)
