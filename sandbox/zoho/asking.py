"""One request and one answer, free of the web framework, and how parameters are read."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from sandbox.zoho.errors import ZohoError

__all__ = ["Answer", "Ask"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """An authorised request. ``user`` is the id behind the token, ``base_url`` our own address.

    ``headers`` holds only those that an operation may read.
    """

    method: str
    version: str
    args: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    user: str
    base_url: str

    def json(self) -> dict[str, object]:
        """Return the body as an object. Raises ``ZohoError`` where it is none."""
        try:
            parsed = orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise ZohoError(
                "INVALID_REQUEST", "unable to process your request. please verify the body"
            ) from error
        if not isinstance(parsed, dict):
            raise ZohoError("INVALID_DATA", "body", {"expected_data_type": "jsonobject"})
        return parsed

    def items(self, root: str, *, most: int) -> list[object]:
        """Return the list under ``root``, at most so many. Raises ``ZohoError`` otherwise."""
        body = self.json()
        if root not in body:
            raise ZohoError(
                "MANDATORY_NOT_FOUND",
                "required field not found",
                {"api_name": root, "json_path": f"$.{root}"},
            )
        items = body[root]
        if not isinstance(items, list) or not items:
            details = {"expected_data_type": "jsonarray", "api_name": root}
            raise ZohoError("INVALID_DATA", "invalid data", details)
        if len(items) > most:
            limits: dict[str, object] = {
                "maximum_length": most,
                "api_name": root,
                "json_path": f"$.{root}",
            }
            raise ZohoError("LIMIT_EXCEEDED", "the limit was exceeded", limits)
        return items

    def number(self, name: str, default: int) -> int:
        """Return a whole number above 0 from the query."""
        text = self.args.get(name)
        if text is None:
            return default
        if not text.isascii() or not text.isdigit() or int(text) < 1:
            raise ZohoError(
                "PATTERN_NOT_MATCHED",
                "please check whether the input values are correct",
                {"param_name": name},
            )
        return int(text)

    def per_page(self) -> int:
        """Return the page size, 200 unless said otherwise and never more (v2 cuts, v8 refuses)."""
        size = self.number("per_page", 200)
        if size > 200 and self.version != "v2":
            details: dict[str, object] = {"limit": 200, "param_name": "per_page"}
            raise ZohoError("LIMIT_EXCEEDED", "the limit was exceeded", details)
        return min(size, 200)

    def required(self, name: str) -> str:
        """Return a parameter that must be there."""
        text = self.args.get(name)
        if not text:
            details = {"param_name": name}
            raise ZohoError(
                "REQUIRED_PARAM_MISSING", "One of the expected parameter is missing", details
            )
        return text


@dataclass(slots=True, kw_only=True)
class Answer:
    """A status, a JSON body or none, and the API credits the call costs.

    ``raw`` is a body that is no JSON, of its ``content_type``.
    """

    status: int = 200
    body: object = None
    raw: bytes | None = None
    content_type: str = "application/json;charset=UTF-8"
    credits: int = 1
    headers: dict[str, str] = field(default_factory=dict)
