"""Waits on this machine for an administrator's consent, given in a browser at the vendor's page.

The vendor sends the browser back to a page of ours on loopback with a code and the word we gave it
(``state``). A message without that word is not an answer to our question: it is refused, and the
waiting goes on.
"""

import hmac
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from time import monotonic
from urllib.parse import parse_qs, urlsplit

import msgspec

from scoring.refusal import Refusal

__all__ = ["Consent", "ConsentDesk", "NoConsent", "consent_desk"]

PATH = "/consent"
_THANKS = "Zixin has what it needs. You may close this page. 授权完成，可以关闭本页。"
_SORRY = "This is no answer to a question of Zixin's. 这不是对 Zixin 授权请求的答复。"


class NoConsent(Refusal):
    """Nobody consented: refused, or no answer in time."""

    subject = "connect."


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """What the vendor sent back. ``accounts_server`` is where the code is to be redeemed."""

    code: str
    accounts_server: str = ""


class ConsentDesk:
    """A page on loopback that takes one answer. ``state`` is the word it must carry."""

    def __init__(self, server: "_Server") -> None:
        self._server = server
        self.state = server.state
        self.redirect_uri = f"http://127.0.0.1:{server.server_port}{PATH}"

    def wait(self, seconds: float) -> Consent:
        """Return the consent. Raises ``NoConsent`` when it is refused or does not come in time."""
        until = monotonic() + seconds
        while self._server.answer is None and (left := until - monotonic()) > 0:
            self._server.timeout = left
            self._server.handle_request()
        answer = self._server.answer
        if answer is None:
            raise NoConsent("no_answer", seconds=f"{seconds:g}")
        if "code" not in answer:
            raise NoConsent("refused", why=answer.get("error", "–")[:60])
        return Consent(code=answer["code"], accounts_server=answer.get("accounts-server", ""))


@contextmanager
def consent_desk(port: int) -> Iterator[ConsentDesk]:
    """Open the page on a port of 127.0.0.1. Raises ``OSError`` when the port is taken."""
    with _Server(("127.0.0.1", port), _Page) as server:
        yield ConsentDesk(server)


class _Server(HTTPServer):
    """One question and the answer to it."""

    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], page: type["_Page"]) -> None:
        super().__init__(address, page)
        self.state = secrets.token_urlsafe(24)
        self.answer: dict[str, str] | None = None


class _Page(BaseHTTPRequestHandler):
    """Takes the browser's return."""

    server: _Server
    timeout = 10  # a browser that opens a connection and says nothing keeps nobody waiting

    def do_GET(self) -> None:
        """Keep the answer if it carries our word."""
        asked = urlsplit(self.path)
        given = {key: values[0] for key, values in parse_qs(asked.query).items()}
        ours = hmac.compare_digest(given.get("state", "").encode(), self.server.state.encode())
        known = ours and asked.path == PATH
        if known:
            self.server.answer = given
        body = (_THANKS if known else _SORRY).encode()
        self.send_response(200 if known else 400)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 http.server's
        """Say nothing: the address holds the code."""
