"""Runs look-alike CRMs, each on a port of its own on 127.0.0.1, with the panel beside the API."""

from collections.abc import Iterable
from random import Random
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sandbox.clock import SandboxClock
from sandbox.company.model import Company
from sandbox.faults import FaultRule, Faults
from sandbox.fxiaoke import FxiaokeTenant, TenantOptions
from sandbox.journal import Journal
from sandbox.keepalive import LoopbackServer
from sandbox.lookalike import LookAlike
from sandbox.notifier import Notifier, NotifierKnobs
from sandbox.panel import panel_app
from sandbox.wire_faults import REFUSED_UNREAD, FaultMiddleware
from sandbox.zoho import ZohoOptions, ZohoOrg

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["Sandbox", "open_sandbox"]

_ROUTING = Lock()
"""Held while routes are made: Werkzeug compiles them through ``ast``, and before Python 3.13 two
threads in there at once can end with ``SystemError`` (gh-106905)."""


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


def open_sandbox(
    company: Company,
    *,
    zoho_port: int = 0,
    fxiaoke_port: int = 0,
    only: str | None = None,
    clock: SandboxClock | None = None,
    seed: int = 1,
    zoho_options: ZohoOptions | None = None,
    fxiaoke_options: TenantOptions | None = None,
) -> Sandbox:
    """Return a sandbox with both look-alikes (or ``only`` one), filled and ready to start.

    They share one clock, and each has a journal, faults and a notifier of its own; ``seed``
    fixes what the notifiers and the tokens draw. Raises ``OSError`` for a taken port.
    """
    clock = clock or SandboxClock()
    if only not in {None, "zoho", "fxiaoke"}:
        raise ValueError(f"there is no look-alike of {only}: zoho or fxiaoke")
    crms: list[LookAlike] = []
    sandbox = Sandbox()
    try:
        with _ROUTING:
            if only in {None, "zoho"}:
                own = (clock, Journal(), Faults(), _notifier(seed))
                crms.append(ZohoOrg(*own, options=zoho_options))
                sandbox.mount(crms[-1], zoho_port)
            if only in {None, "fxiaoke"}:
                own = (clock, Journal(), Faults(), _notifier(seed))
                crms.append(FxiaokeTenant(*own, fxiaoke_options, rng=Random(seed)))
                sandbox.mount(crms[-1], fxiaoke_port)
        for crm in crms:
            crm.fill(company)
    except BaseException:
        sandbox.stop()  # the ports already bound must not stay bound
        raise
    return sandbox


def _notifier(seed: int) -> Notifier:
    return Notifier(knobs=NotifierKnobs(seed=seed))


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
    if rule.kind in REFUSED_UNREAD:
        crm.journal.add(
            at=crm.clock.now(),
            crm=crm.name,
            method=method,
            path=path,
            status=REFUSED_UNREAD[rule.kind],
            answer=f"fault: {rule.kind}",
        )
