"""A small threaded WSGI server on loopback that keeps connections alive, as the real CRMs do.

werkzeug's own handler closes the connection after every answer, which would hide a client that
does not reuse its connections and would slow every call down.
"""

import socket
from collections.abc import Iterable
from http import HTTPStatus
from io import BytesIO
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.test import run_wsgi_app

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

__all__ = ["LoopbackServer"]

_HOST = "127.0.0.1"
_IDLE_SECONDS = 120
_BODILESS = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})


class LoopbackServer:
    """Serves one application on a port of 127.0.0.1 (0 takes a free one) from threads of its own.

    Raises ``OSError`` when the port is taken.
    """

    def __init__(self, app: "WSGIApplication", port: int = 0) -> None:
        with socket.create_server((_HOST, port)) as listening:
            self.port: int = listening.getsockname()[1]
            self._connections = _Connections()
            handler = type("_Handler", (_KeepAliveHandler,), {"connections": self._connections})
            self._server = make_server(
                _HOST,
                self.port,
                app,
                threaded=True,
                request_handler=handler,
                fd=listening.fileno(),
            )
        self._thread = Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            name=f"sandbox-{self.port}",
            daemon=True,
        )

    @property
    def url(self) -> str:
        """The address, without a slash at the end."""
        return f"http://{_HOST}:{self.port}"

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and cut the connections that are still kept alive."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self._connections.cut_all()


class _Connections:
    """The connections open now."""

    def __init__(self) -> None:
        self._open: set[socket.socket] = set()
        self._lock = Lock()

    def add(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.add(connection)

    def remove(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.discard(connection)

    def cut_all(self) -> None:
        with self._lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # the client was faster


class _KeepAliveHandler(WSGIRequestHandler):
    """Reads the whole request, runs the application, writes the whole answer, waits for more."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = _IDLE_SECONDS
    connections: _Connections

    def setup(self) -> None:
        super().setup()
        self.connections.add(self.connection)

    def finish(self) -> None:
        self.connections.remove(self.connection)
        try:
            super().finish()
        except OSError:
            self.close_connection = True  # a fault rule or the client has cut it

    def run_wsgi(self) -> None:
        environ = self.make_environ()
        stream = environ["wsgi.input"]
        chunked = "wsgi.input_terminated" in environ
        length = None if chunked else int(environ.get("CONTENT_LENGTH") or 0)
        environ["wsgi.input"] = BytesIO(stream.read(length))
        try:
            parts, status, headers = run_wsgi_app(self.server.app, environ, buffered=True)
            self._answer(status, headers.items(), b"".join(parts))
        except ConnectionError:
            self.close_connection = True

    def _answer(self, status: str, headers: Iterable[tuple[str, str]], body: bytes) -> None:
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers:
            if name.lower() != "content-length":
                self.send_header(name, value)
        if int(code) not in _BODILESS:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and int(code) not in _BODILESS:
            self.wfile.write(body)
        self.wfile.flush()

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002, ANN401 werkzeug's
        """Say nothing: the journal has every call."""
