"""A gateway of canned answers for one path at a time, served through ``responses``."""

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import requests
import responses

from adapters.fxiaoke.port import FxiaokePort, open_fxiaoke
from adapters.http import Deadlines, Pace
from adapters.lines import Lines
from adapters.settings import ConnectionSettings, Secret
from adapters.tokens import MemoryTokenStore, Sealer

__all__ = ["BASE_URL", "NOW", "Gateway", "Time", "a_port", "some_settings"]

BASE_URL = "https://open.fxiaoke.test"
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
SECRETS = {"app_id": "FSAID_1", "app_secret": "s3cret-app", "permanent_code": "perm-code-1"}

Json = dict[str, Any]
Answer = Json | Exception | str


@dataclass
class Time:
    """A time that moves only by sleeping."""

    seconds: float = 0.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds

    def pace(self) -> Pace:
        return Pace(
            now=self.now, monotonic=lambda: self.seconds, sleep=self.sleep, jitter=lambda: 0.5
        )


class Gateway:
    """Answers each path with what was queued; the last answer repeats. Notes what was asked."""

    def __init__(self, mock: responses.RequestsMock) -> None:
        self.asked: list[tuple[str, Json]] = []
        self.headers: list[dict[str, str]] = []
        self.traces: list[str] = []
        self.date: datetime | None = None
        self._answers: dict[str, list[Answer]] = {}
        self._tokens = 0
        mock.add_callback(responses.POST, re.compile(".*"), self._answer)

    def on(self, path: str, *answers: Answer) -> None:
        """Queue answers of a path: JSON, the text of a body, or a failure of the connection."""
        self._answers[path] = list(answers)

    def calls(self, path: str) -> list[Json]:
        """Return the bodies that were sent to a path."""
        return [body for asked, body in self.asked if asked == path]

    def _answer(self, request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        path, _, search = request.path_url.partition("?")
        self.traces.append(search.removeprefix("thirdTraceId="))
        self.asked.append((path, json.loads(request.body or b"{}")))
        self.headers.append({name.lower(): str(text) for name, text in request.headers.items()})
        if path not in self._answers and path == "/oauth2.0/token":
            self._tokens += 1
            return self._json(token_answer(f"T0KEN-{self._tokens}"))
        queued = self._answers.get(path)
        assert queued, f"unexpected call to {path}"
        answer = queued[0] if len(queued) == 1 else queued.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, str):
            return 200, {"Content-Type": "text/html"}, answer
        return self._json({"errorCode": 0, "errorMessage": "OK", "traceId": "E-O.x", **answer})

    def _json(self, answer: Json) -> tuple[int, dict[str, str], str]:
        headers = {"Content-Type": "application/json"}
        if self.date is not None:
            headers["Date"] = format_datetime(self.date, usegmt=True)
        return 200, headers, json.dumps(answer)


def token_answer(token: str) -> Json:
    return {
        "errorCode": 0,
        "errorMessage": "success",
        "accessToken": token,
        "expiresIn": 7084,
        "ea": "acme001",
        "appId": "FSAID_1",
        "openUserId": "FSCID_A1",
    }


def some_settings(**changes: Any) -> ConnectionSettings:
    """Settings that work; a test names only what matters to it."""
    fields: dict[str, Any] = {
        "name": "fx",
        "vendor": "fxiaoke",
        "base_url": BASE_URL,
        "secrets": {key: Secret(text) for key, text in SECRETS.items()},
        **changes,
    }
    return ConnectionSettings(**fields)


def a_port(
    time: Time | None = None,
    *,
    settings: ConnectionSettings | None = None,
    read_seconds: float = 30.0,
) -> FxiaokePort:
    """Open a port on the gateway that lives by the given time."""
    settings = settings or some_settings()
    lines = Lines(
        settings.name, deadlines=Deadlines(read=read_seconds), pace=(time or Time()).pace()
    )
    return open_fxiaoke(settings, MemoryTokenStore(), Sealer(b"k" * 32), lines=lines)


def described(api_name: str, *fields: Json, display_name: str = "客户") -> Json:
    """Answer of ``object/describe``."""
    return {
        "data": {
            "describe": {
                "api_name": api_name,
                "display_name": display_name,
                "fields": {each["api_name"]: each for each in fields},
            }
        }
    }


def a_field(name: str, type_: str = "text", **more: Any) -> Json:
    """One field of a describe; ``options`` are given as value to label."""
    options = more.pop("options", None)
    made: Json = {"api_name": name, "label": name, "type": type_, "is_active": True, **more}
    if options is not None:
        made["options"] = [{"value": value, "label": label} for value, label in options.items()]
    return made


def rows(*records: Json) -> Json:
    """Answer of a query."""
    return {"data": {"total": len(records), "offset": 0, "limit": 100, "dataList": list(records)}}
