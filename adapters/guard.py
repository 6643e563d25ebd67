"""What keeps calls from going where no CRM is: addresses are judged, then connected to as judged.

A token goes out over TLS to port 443 of a named host alone, and only where that host's name leads
to the open internet. This machine may be called, by its own names: the sandbox lives there. A host
in the company's own network, a proxy and authorities of one's own are what the configuration names.
"""

import ipaddress
import socket
from collections.abc import Callable, Collection
from typing import Any
from urllib.parse import urlsplit

import msgspec
import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError
from urllib3.util.connection import create_connection

__all__ = ["GuardedAdapter", "Route", "addresses_of", "host_of", "may_call"]

THIS_MACHINE = frozenset({"127.0.0.1", "localhost", "::1"})
TLS_PORT = 443


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """How calls leave. ``inner``: hosts that may lie in the own network, at any port.

    ``proxy``: the address of one, which then looks hosts up by itself. ``ca_file``: the
    authorities that may vouch for hosts; empty: those that browsers know.
    """

    inner: frozenset[str] = frozenset()
    proxy: str = ""
    ca_file: str = ""

    def __repr__(self) -> str:
        """Leave out the proxy, whose address may hold a password."""
        return f"Route(inner={sorted(self.inner)}, ca_file={self.ca_file!r})"


_OPEN = Route()


def host_of(url: str) -> str:
    """Name the host of an address; empty: it has none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def may_call(url: str, inner: Collection[str] = ()) -> bool:
    """Tell whether an address may be called: https, port 443, a name, no user.

    This machine may be, and hosts in the own network (``inner``) at any port, over https.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if "@" in parts.netloc or "\\" in url or not host:
        return False
    if host in THIS_MACHINE:
        return parts.scheme in {"http", "https"}
    if host in inner:
        return parts.scheme == "https"
    return parts.scheme == "https" and port in {None, TLS_PORT} and _is_name(host)


def _is_name(host: str) -> bool:
    """Tell a host's name from a number: no name of the internet ends with a number's label."""
    last = host.rstrip(".").rpartition(".")[2]
    return "." in host.rstrip(".") and ":" not in host and "%" not in host and last[:1].isalpha()


def addresses_of(host: str, port: int) -> list[str]:
    """Look a host up."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(sockaddr[0]) for *_, sockaddr in found]


class _Connection(HTTPSConnection):
    """Connects to the very address that was judged; certificate and SNI keep the host's name."""

    resolve: Callable[[str, int], list[str]] = staticmethod(addresses_of)
    inner: frozenset[str] = frozenset()

    def _new_conn(self) -> socket.socket:
        if self.host in THIS_MACHINE or self.host in self.inner:
            return super()._new_conn()
        try:
            addresses = self.resolve(self.host, self.port)
        except OSError as error:
            raise NewConnectionError(self, "the host has no address") from error
        if not addresses or not all(_is_global(each) for each in addresses):
            raise NewConnectionError(self, "the host's address is not on the open internet")
        return self._connected(addresses)

    def _connected(self, addresses: list[str]) -> socket.socket:
        failure: OSError | None = None
        for address in addresses:
            try:
                return create_connection(
                    (address, self.port),
                    self.timeout,
                    source_address=self.source_address,
                    socket_options=self.socket_options,
                )
            except OSError as error:
                failure = error
        raise NewConnectionError(self, "no address answers") from failure


def _is_global(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        found = found.ipv4_mapped or found.sixtofour or found
    return found.is_global and not found.is_multicast


class GuardedAdapter(HTTPAdapter):
    """Carries calls to addresses that may be called. ``resolve`` looks hosts up."""

    def __init__(
        self,
        resolve: Callable[[str, int], list[str]] = addresses_of,
        *,
        route: Route = _OPEN,
        pool_connections: int = 4,
        pool_maxsize: int = 10,
        max_retries: int = 0,
    ) -> None:
        self._resolve = resolve
        self._inner = route.inner
        super().__init__(pool_connections, pool_maxsize, max_retries)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 as its base
        """Make the pools whose connections are judged."""
        super().init_poolmanager(*args, **options)
        told = {"resolve": staticmethod(self._resolve), "inner": self._inner}
        connection = type("_Judged", (_Connection,), told)
        pool = type("_Pool", (HTTPSConnectionPool,), {"ConnectionCls": connection})
        self.poolmanager.pool_classes_by_scheme = {"http": HTTPConnectionPool, "https": pool}

    def send(
        self,
        request: requests.PreparedRequest,
        *args: Any,  # noqa: ANN401 as its base
        **options: Any,  # noqa: ANN401 as its base
    ) -> requests.Response:
        """Send it. Raises ``InvalidURL`` for an address that may not be called."""
        if not may_call(request.url or "", self._inner):
            raise requests.exceptions.InvalidURL("an address that may not be called")
        return super().send(request, *args, **options)
