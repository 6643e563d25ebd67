"""One sandbox organisation of Zoho CRM: its state, its API, and the levers tests pull."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from sandbox.clock import SandboxClock
from sandbox.company.model import Company
from sandbox.faults import Faults
from sandbox.journal import Journal
from sandbox.lookalike import AccountView
from sandbox.notifier import Notifier
from sandbox.zoho.books import Books
from sandbox.zoho.books_api import show_full
from sandbox.zoho.books_filling import fill_books
from sandbox.zoho.books_limits import BooksLimits
from sandbox.zoho.bulk_read import BulkReadDesk
from sandbox.zoho.bulk_write import BulkWriteDesk
from sandbox.zoho.credits import CreditLedger
from sandbox.zoho.errors import Refusal, ZohoError
from sandbox.zoho.fields import Field
from sandbox.zoho.filling import fill
from sandbox.zoho.listing import Pager
from sandbox.zoho.notes import NoteDesk
from sandbox.zoho.options import ZohoOptions
from sandbox.zoho.provisioning import provision
from sandbox.zoho.rendering import show_record
from sandbox.zoho.state import INTEGRATION_USER, OrgState, WorkflowRun
from sandbox.zoho.table import Row
from sandbox.zoho.tokens import (
    CLIENT_ID,
    CLIENT_SECRET,
    GRANT_CODE,
    REFRESH_TOKEN,
    TokenKeeper,
)
from sandbox.zoho.uploads import UploadDesk
from sandbox.zoho.views import account_views
from sandbox.zoho.watch import WatchDesk
from sandbox.zoho.web import api_app
from sandbox.zoho.writing import Batch

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

__all__ = ["ZohoOrg"]

_ADMINISTRATOR = "5000000000000002"
"""Who changes records by hand, through the sandbox's own interface."""
_BOOKS = "books."


class ZohoOrg:
    """A look-alike of Zoho CRM (API v8, and v2 as far as the old SDK needs it)."""

    name = "zoho"

    def __init__(
        self,
        clock: SandboxClock,
        journal: Journal,
        faults: Faults,
        notifier: Notifier,
        *,
        options: ZohoOptions | None = None,
    ) -> None:
        self.clock = clock
        self.journal = journal
        self.faults = faults
        self.notifier = notifier
        self.options = options or ZohoOptions()
        self.state = OrgState(clock, self.options)
        self.tokens = TokenKeeper(clock, self.options, INTEGRATION_USER)
        self.credits = CreditLedger(clock, self.options)
        self.pager = Pager(self.state)
        self.watch = WatchDesk(self.state, notifier)
        self.bulk_read = BulkReadDesk(self.state, notifier)
        self.uploads = UploadDesk(self.state)
        self.notes = NoteDesk(self.state)
        self.bulk_write = BulkWriteDesk(self.state, notifier, self.uploads)
        self.books = Books(clock, self.options)
        self.books_limits = BooksLimits(clock, self.options)
        self._app = api_app(self)
        if self.options.provisioned:
            provision(self.state)

    def credentials(self) -> dict[str, str]:
        """Return the fixed, public client and tokens of the sandbox."""
        return {
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "refresh_token": REFRESH_TOKEN,
            "grant_code": GRANT_CODE,
        }

    def modules(self) -> list[str]:
        """Return the API names of the modules, then ``books.`` and the lists of Books in use."""
        books = [f"{_BOOKS}{name}" for name in self.books.tables] if self.options.books else []
        return [*self.state.modules, *books]

    def records(self, module: str) -> list[dict[str, object]]:
        """Return every record of a module as the API shows it, in the order of ids."""
        with self.state.lock:
            self.bulk_write.work()
            if module.startswith(_BOOKS):
                return self._books_records(module.removeprefix(_BOOKS))
            table = self.state.tables[self._known(module)]
            return [show_record(self.state, module, row) for row in table.rows.values()]

    def put_record(
        self, module: str, values: dict[str, object], record_id: str | None = None
    ) -> str:
        """Create or change a record as the CRM's administrator would; workflows run.

        ``Locked__s`` may be given, to lock a record or open it again.

        Raises ``ValueError`` with a sentence that says what is wrong.
        """
        with self.state.lock:
            self.bulk_write.work()
            if module.startswith(_BOOKS):
                return self.books.put(module.removeprefix(_BOOKS), values, record_id)
            batch = self._by_hand(module)
            try:
                if record_id is None:
                    result = batch.insert(dict(values), 0)
                else:
                    result = batch.update({**values, "id": record_id}, 0)
            except Refusal as refusal:
                raise ValueError(_sentence(refusal)) from refusal
            batch.finish()
            details = result["details"]
            return str(details["id"]) if isinstance(details, dict) else ""

    def remove_record(self, module: str, record_id: str) -> None:
        """Move a record to the recycle bin as the CRM's administrator would."""
        with self.state.lock:
            self.bulk_write.work()
            if module.startswith(_BOOKS):
                self.books.remove(module.removeprefix(_BOOKS), record_id)
                return
            batch = self._by_hand(module)
            try:
                batch.delete({"id": record_id}, 0)
            except Refusal as refusal:
                raise ValueError(_sentence(refusal)) from refusal
            batch.finish()

    def purge_record(self, module: str, record_id: str) -> None:
        """Delete a record of the recycle bin for ever; ``/deleted`` then calls it permanent."""
        with self.state.lock:
            for row in self.state.tables[self._known(module)].deleted:
                if row["id"] == record_id:
                    row.update({"type": "permanent", "display_name": None})
                    return
        raise ValueError(f"{module} {record_id} is not in the recycle bin")

    def add_formula(
        self,
        module: str,
        api_name: str,
        compute: Callable[[Mapping[str, object]], object],
        *,
        returns: str = "double",
    ) -> None:
        """Add a formula field as the CRM's administrator would in its setup.

        Its value is worked out of the stored record whenever it is read; that it is another one
        today moves no ``Modified_Time``.
        """
        with self.state.lock:
            self.state.modules[self._known(module)].fields[api_name] = Field(
                id=self.state.field_id(),
                api_name=api_name,
                label=api_name.replace("_", " "),
                type="formula",
                length=16,
                read_only=True,
                custom=True,
                compute=compute,
                returns=returns,
            )

    def workflow_runs(self) -> list[WorkflowRun]:
        """Return for which writes the customer's workflows ran: those without ``trigger: []``."""
        with self.state.lock:
            return list(self.state.workflow_runs)

    def accounts(self) -> list[AccountView]:
        """Return every account for the pages."""
        with self.state.lock:
            self.bulk_write.work()
            return account_views(self.state)

    def fill(self, company: Company) -> None:
        """Store the part of the company's books that stands in Zoho CRM, and in Books if in use."""
        with self.state.lock:
            accounts = fill(self.state, company)
            if self.options.books:
                fill_books(self.books, company, accounts)

    def wsgi(self) -> "WSGIApplication":
        """Return the accounts server and the API."""
        return self._app.wsgi_app

    def _books_records(self, table: str) -> list[dict[str, object]]:
        if table not in self.books.tables:
            raise ValueError(f"there is no list {table} in Books")
        return [show_full(self.books, table, row) for row in self.books.tables[table].values()]

    def _by_hand(self, module: str) -> Batch:
        return Batch(
            state=self.state, module=self._known(module), user=_ADMINISTRATOR, by_hand=True
        )

    def _known(self, module: str) -> str:
        try:
            return self.state.module(module).api_name
        except ZohoError as error:
            raise ValueError(f"there is no module {module}") from error


def _sentence(refusal: Refusal) -> str:
    details: Row = refusal.details
    extra = ", ".join(
        f"{key} {value}" for key, value in details.items() if key not in ("api_name", "json_path")
    )
    tail = f" ({extra})" if extra else ""
    return f"{refusal.code}: {details.get('api_name', 'record')}: {refusal.message}{tail}"
