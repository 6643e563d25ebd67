"""What keeps calls from going where no CRM is: addresses are judged, then connected to as judged.

A token goes out over TLS to port 443 of a named host alone, and only where that host's name leads
to the open internet. This machine may be called, by its own names: the sandbox lives there.
"""

import ipaddress
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError
from urllib3.util.connection import create_connection

__all__ = ["GuardedAdapter", "addresses_of", "may_call"]

THIS_MACHINE = frozenset({"127.0.0.1", "localhost", "::1"})
TLS_PORT = 443


def may_call(url: str) -> bool:
    """Tell whether an address may be called: https, port 443, a name, no user; or this machine."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if "@" in parts.netloc or "\\" in url or not host:
        return False
    if host in THIS_MACHINE:
        return parts.scheme in {"http", "https"}
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

    def _new_conn(self) -> socket.socket:
        if self.host in THIS_MACHINE:
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
        pool_connections: int = 4,
        pool_maxsize: int = 10,
        max_retries: int = 0,
    ) -> None:
        self._resolve = resolve
        super().__init__(pool_connections, pool_maxsize, max_retries)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 as its base
        """Make the pools whose connections are judged."""
        super().init_poolmanager(*args, **options)
        connection = type("_Judged", (_Connection,), {"resolve": staticmethod(self._resolve)})
        pool = type("_Pool", (HTTPSConnectionPool,), {"ConnectionCls": connection})
        self.poolmanager.pool_classes_by_scheme = {"http": HTTPConnectionPool, "https": pool}

    def send(
        self,
        request: requests.PreparedRequest,
        *args: Any,  # noqa: ANN401 as its base
        **options: Any,  # noqa: ANN401 as its base
    ) -> requests.Response:
        """Send it. Raises ``InvalidURL`` for an address that may not be called."""
        if not may_call(request.url or ""):
            raise requests.exceptions.InvalidURL("an address that may not be called")
        return super().send(request, *args, **options)
