"""What holds for every answer of a web application of ours: its headers, hosts and proxies."""

from collections.abc import Sequence

from flask import Flask, Response
from werkzeug.middleware.proxy_fix import ProxyFix

__all__ = ["HEADERS", "harden"]

HEADERS = {
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Cache-Control": "no-store",
}
"""What stands on every answer that says nothing else itself."""


def harden(app: Flask, *, hosts: Sequence[str] = (), proxies: int = 0) -> None:
    """Set the headers of every answer, and believe no more of a request than is configured.

    A request for a host that is not among ``hosts`` gets 400; none named: any is taken. Of the
    addresses that ``proxies`` in front of us add, so many are believed, from the right.
    """
    if hosts:
        app.config["TRUSTED_HOSTS"] = list(hosts)
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies)  # type: ignore[method-assign]
    app.after_request(_with_headers)


def _with_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response
