"""What the sandbox's server and pages need from a look-alike CRM, whichever vendor it plays."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from sandbox.clock import SandboxClock
from sandbox.company.model import Company
from sandbox.faults import Faults
from sandbox.journal import Journal
from sandbox.notifier import Notifier

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

__all__ = ["AccountView", "ContactView", "HandConfigured", "LookAlike", "TaskView"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """A task as the pages show it; every value is text already in the reader's form."""

    id: str
    subject: str
    status: str
    is_open: bool
    due_on: str = ""
    priority: str = ""
    owner: str = ""
    body: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactView:
    """A person at the account."""

    id: str
    name: str
    email: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """An account as the pages show it.

    ``credit`` maps the label of each credit field to its text, in the order shown; a field that
    does not exist in the CRM, or is empty, may be absent. ``rating``, ``limit``, ``overdue`` and
    ``hold`` repeat the four that the list has columns for; empty text where there is none.
    """

    id: str
    name: str
    owner: str
    currency: str
    credit: dict[str, str] = field(default_factory=dict)
    tasks: list[TaskView] = field(default_factory=list)
    contacts: list[ContactView] = field(default_factory=list)
    details: dict[str, str] = field(default_factory=dict)
    rating: str = ""
    limit: str = ""
    overdue: str = ""
    hold: str = ""


class LookAlike(Protocol):
    """A look-alike of one CRM: its API, its records, and the levers tests pull."""

    @property
    def name(self) -> str:
        """``zoho`` or ``fxiaoke``."""
        ...

    @property
    def clock(self) -> SandboxClock:
        """The CRM's clock."""
        ...

    @property
    def journal(self) -> Journal:
        """Every call received."""
        ...

    @property
    def faults(self) -> Faults:
        """The faults it plays."""
        ...

    @property
    def notifier(self) -> Notifier:
        """The sender of its notifications."""
        ...

    def credentials(self) -> dict[str, str]:
        """Return what a client needs to connect; the sandbox's secrets are public."""
        ...

    def modules(self) -> list[str]:
        """Return the names of the modules (objects) that hold records."""
        ...

    def records(self, module: str) -> list[dict[str, object]]:
        """Return every record of a module. Raises ``ValueError`` for an unknown module."""
        ...

    def put_record(
        self, module: str, values: dict[str, object], record_id: str | None = None
    ) -> str:
        """Create (or change) a record as a CRM user would, notify, and return its id.

        Raises ``ValueError`` with a sentence that says what is wrong.
        """
        ...

    def remove_record(self, module: str, record_id: str) -> None:
        """Delete a record as a CRM user would. Raises ``ValueError`` where there is none."""
        ...

    def accounts(self) -> list[AccountView]:
        """Return every account with its credit fields, tasks and contacts."""
        ...

    def fill(self, company: Company) -> None:
        """Store the part of the company's books that stands in this CRM."""
        ...

    def wsgi(self) -> "WSGIApplication":
        """Return the CRM's own API, without the ``/_sandbox/`` interface."""
        ...


@runtime_checkable
class HandConfigured(Protocol):
    """A look-alike of a CRM that an administrator sets up by hand, on pages and not by an API."""

    def set_callback(self, url: str, key: str) -> None:
        """Store where events go and the key they are encrypted with. Raises ``ValueError``."""
        ...

    def add_field(self, object_name: str, describe: dict[str, object]) -> object:
        """Create a custom field on an object. Raises ``ValueError`` with a sentence."""
        ...
