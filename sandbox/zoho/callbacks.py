"""What a bulk job tells its callback when it is over: a hint without a signature."""

from collections.abc import Mapping
from urllib.parse import urlsplit

import orjson

from sandbox.notifier import Notification, Notifier, NotLoopbackError
from sandbox.zoho.errors import ZohoError

__all__ = ["call_back", "callback_url"]


def callback_url(given: object) -> str | None:
    """Return where to call back; ``None``: nowhere. Raises ``ZohoError`` for what is no place."""
    if given is None:
        return None
    if not isinstance(given, Mapping) or given.get("method") != "post":
        details = {"supported_callback_methods": ["post"]}
        raise ZohoError("INVALID_CALLBACK_METHOD", "the callback method must be post", details)
    url = str(given.get("url", ""))
    if urlsplit(url).scheme not in {"http", "https"}:
        raise ZohoError("INVALID_CALLBACK_URL", "the callback url is invalid")
    return url


def call_back(
    notifier: Notifier, url: str | None, body: Mapping[str, object], *, after_seconds: float
) -> None:
    """Send a job's message after some seconds. Raises ``ZohoError`` where it may not be sent."""
    if url is None:
        return
    message = Notification(
        url=url, headers={"Content-Type": "application/json"}, body=orjson.dumps(body)
    )
    try:
        notifier.send(message, after_seconds=after_seconds)
    except NotLoopbackError:
        raise ZohoError("INVALID_CALLBACK_URL", "the callback cannot be reached") from None
