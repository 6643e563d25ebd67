"""Runs look-alike CRMs, each on a port of its own on 127.0.0.1, with the panel beside the API."""

from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sandbox.faults import FaultKind, FaultMiddleware, FaultRule
from sandbox.keepalive import LoopbackServer
from sandbox.lookalike import LookAlike
from sandbox.panel import panel_app

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["Sandbox"]

_STATUS_OF_FAULT = {
    FaultKind.ERROR_500: 500,
    FaultKind.ERROR_502_HTML: 502,
    FaultKind.HTML_200: 200,
    FaultKind.RESET_BEFORE: 0,
}


class Sandbox:
    """A context manager around any look-alikes; port 0 takes a free port.

    The ports are bound when a look-alike is mounted, so ``url`` is known before ``start``.
    """

    def __init__(self) -> None:
        self._crms: dict[str, LookAlike] = {}
        self._servers: dict[str, LoopbackServer] = {}

    def mount(self, crm: LookAlike, port: int = 0) -> str:
        """Give a look-alike a port and return its address. Raises ``OSError`` for a taken port."""
        if crm.name in self._crms:
            raise ValueError(f"{crm.name} is mounted already")
        server = LoopbackServer(_application(crm), port)
        self._crms[crm.name] = crm
        self._servers[crm.name] = server
        return server.url

    def url(self, name: str) -> str:
        """Return the address of a look-alike, without a slash at the end."""
        return self._servers[name].url

    def crm(self, name: str) -> LookAlike:
        """Return a look-alike by name."""
        return self._crms[name]

    def names(self) -> list[str]:
        """Return the names of the look-alikes, in the order they were mounted."""
        return list(self._crms)

    def start(self) -> None:
        """Begin to answer on every port."""
        for server in self._servers.values():
            server.start()

    def stop(self) -> None:
        """Stop answering, cut kept connections, and end the notifiers."""
        for server in self._servers.values():
            server.stop()
        for crm in self._crms.values():
            crm.notifier.stop()

    def __enter__(self) -> Self:
        """Start and return itself."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()


def _application(crm: LookAlike) -> "WSGIApplication":
    """Put the panel under ``/_sandbox`` and the API, with its faults, everywhere else."""
    panel = panel_app(crm).wsgi_app
    api = FaultMiddleware(crm.wsgi(), crm.faults, on_fault=lambda *fault: _journal(crm, *fault))

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path: str = environ.get("PATH_INFO", "")
        inside = path == "/_sandbox" or path.startswith("/_sandbox/")
        return (panel if inside else api)(environ, start_response)

    return application


def _journal(crm: LookAlike, rule: FaultRule, method: str, path: str) -> None:
    """Note a call that never reached the look-alike; it notes the others itself."""
    if rule.kind in _STATUS_OF_FAULT:
        crm.journal.add(
            at=crm.clock.now(),
            crm=crm.name,
            method=method,
            path=path,
            status=_STATUS_OF_FAULT[rule.kind],
            answer=f"fault: {rule.kind}",
        )
