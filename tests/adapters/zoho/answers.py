"""A Zoho of canned answers, and ports on it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
import responses

from adapters.http import Pace
from adapters.lines import Lines
from adapters.settings import ConnectionSettings, Secret
from adapters.tokens import MemoryTokenStore, Sealer
from adapters.zoho.port import ZohoPort, open_zoho

__all__ = ["API", "NOW", "CannedZoho", "a_field", "a_port", "some_settings"]

API = "https://www.zohoapis.eu"
ACCOUNTS = "https://accounts.zoho.test"
NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
SECRETS = {
    "client_id": "1000.CLIENT",
    "client_secret": "s3cret-client",
    "refresh_token": "1000.r3fresh",
    "channel_token": "ch4nnel-token",
}

Json = dict[str, Any]


@dataclass
class CannedZoho:
    """Answers each path with what was queued; the last answer repeats. Notes what was asked."""

    mock: responses.RequestsMock
    seconds: float = 0.0
    tokens: int = 0
    asked: list[tuple[str, Json]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.mock.add_callback(responses.POST, f"{ACCOUNTS}/oauth/v2/token", self._token)

    def on(self, method: str, path: str, *answers: tuple[int, Any] | Exception) -> None:
        """Queue answers: status and body, or what breaks."""
        queue = list(answers)

        def answer(request: requests.PreparedRequest) -> tuple[int, Json, str] | Exception:
            body = json.loads(request.body) if request.body else {}
            self.asked.append((path, body))
            now = queue.pop(0) if len(queue) > 1 else queue[0]
            if isinstance(now, Exception):
                return now
            status, content = now
            return status, {}, content if isinstance(content, str) else json.dumps(content)

        self.mock.add_callback(method, f"{API}/crm/v8/{path}", answer)

    def fields(self, module: str, *fields: Json) -> None:
        """Say what fields a module has."""
        self.mock.add(
            responses.GET,
            f"{API}/crm/v8/settings/fields",
            json={"fields": list(fields)},
            match=[responses.matchers.query_param_matcher({"module": module})],
        )

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds)

    def _token(self, _request: requests.PreparedRequest) -> tuple[int, Json, str]:
        self.tokens += 1
        answer = {"access_token": f"1000.t{self.tokens}", "api_domain": API, "expires_in": 3600}
        return 200, {}, json.dumps(answer)


def some_settings(**changes: Any) -> ConnectionSettings:
    """Settings that work; a test names only what matters to it."""
    fields: Json = {
        "name": "acme",
        "vendor": "zoho",
        "accounts_url": ACCOUNTS,
        "secrets": {name: Secret(text) for name, text in SECRETS.items()},
        **changes,
    }
    return ConnectionSettings(**fields)


def a_port(
    zoho: CannedZoho, *, now: Callable[[], datetime] | None = None, **changes: Any
) -> ZohoPort:
    """Open a port that lives by the canned Zoho's time."""
    pace = Pace(
        now=now or zoho.now,
        monotonic=lambda: zoho.seconds,
        sleep=zoho.sleep,
        jitter=lambda: 0.5,
    )
    settings = some_settings(**changes)
    lines = Lines(settings.name, pace=pace)
    return open_zoho(settings, MemoryTokenStore(), Sealer(bytes(32)), lines=lines)


def a_field(api_name: str, data_type: str = "text", **more: Any) -> Json:
    """One field as ``settings/fields`` shows it."""
    options = more.pop("options", ())
    return {
        "api_name": api_name,
        "field_label": api_name.replace("_", " "),
        "data_type": data_type,
        "pick_list_values": [{"display_value": o, "actual_value": o} for o in options],
        "unique": {},
        "operation_type": {"api_update": True},
        **more,
    }
