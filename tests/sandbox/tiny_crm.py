"""The smallest look-alike: one module of accounts and a hello, to test what all of them share."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from sandbox.clock import SandboxClock
from sandbox.company.model import Company
from sandbox.faults import Faults
from sandbox.journal import Journal
from sandbox.lookalike import AccountView, ContactView, TaskView
from sandbox.notifier import Notifier

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["HandMadeCrm", "TinyCrm"]


class TinyCrm:
    """Answers ``GET /hello`` and echoes what is posted; counts what it carried out."""

    name = "zoho"

    def __init__(self, views: Iterable[AccountView] = ()) -> None:
        self.clock = SandboxClock()
        self.journal = Journal()
        self.faults = Faults()
        self.notifier = Notifier()
        self.carried_out = 0
        self.views = list(views)
        self.rows: dict[str, dict[str, object]] = {}

    def credentials(self) -> dict[str, str]:
        return {"client_id": "tiny"}

    def modules(self) -> list[str]:
        return ["Accounts"]

    def records(self, module: str) -> list[dict[str, object]]:
        self._check(module)
        return [{"id": key, **row} for key, row in self.rows.items()]

    def put_record(
        self, module: str, values: dict[str, object], record_id: str | None = None
    ) -> str:
        self._check(module)
        key = record_id or str(len(self.rows) + 1)
        self.rows[key] = {**self.rows.get(key, {}), **values}
        return key

    def remove_record(self, module: str, record_id: str) -> None:
        self._check(module)
        if record_id not in self.rows:
            raise ValueError("no record has this id")
        del self.rows[record_id]

    def accounts(self) -> list[AccountView]:
        return self.views

    def fill(self, company: Company) -> None:
        self.views = [
            AccountView(id=each.key, name=each.name, owner="", currency=each.currency)
            for each in company.customers
        ]

    def wsgi(self) -> "WSGIApplication":
        return self._answer

    def _answer(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        asked = Request(environ)
        self.carried_out += 1
        self.journal.add(
            at=self.clock.now(), crm=self.name, method=asked.method, path=asked.path, status=200
        )
        if asked.path == "/nothing":
            return Response(status=204)(environ, start_response)
        body = asked.get_data(as_text=True) or '{"hello": "world"}'
        return Response(body, mimetype="application/json")(environ, start_response)

    def _check(self, module: str) -> None:
        if module != "Accounts":
            raise ValueError(f"no module {module}")


class HandMadeCrm(TinyCrm):
    """One whose administrator sets a callback and fields by hand."""

    name = "fxiaoke"

    def __init__(self) -> None:
        super().__init__()
        self.callback: tuple[str, str] | None = None
        self.fields: list[tuple[str, object]] = []

    def set_callback(self, url: str, key: str) -> None:
        self.callback = (url, key)

    def add_field(self, object_name: str, describe: dict[str, object]) -> None:
        self.fields.append((object_name, describe))


def an_account(number: int, **changes: object) -> AccountView:
    """Return an account view with boring values."""
    values: dict[str, object] = {
        "id": f"a{number}",
        "name": f"Customer {number}",
        "owner": "王芳",
        "currency": "CNY",
        "contacts": [ContactView(id="c", name="李雷", email="li@example.com")],
        "tasks": [TaskView(id="t", subject="催收", status="Not Started", is_open=True)],
        **changes,
    }
    return AccountView(**values)  # type: ignore[arg-type] # the tests pass right types
