"""Holds JSON answers to Zoho's published OpenAPI files, as far as those can be believed.

The files know the keys and their JSON types. What they get wrong is passed over: ``required``,
``pattern``, nullability, ``type: object`` for scalars, and the enumerations of codes and texts.
"""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

__all__ = ["mismatches", "needs_files", "request_mismatches"]

FOLDER = Path(
    os.environ.get("ZOHO_OAS_DIR")
    or Path(__file__).parents[3] / "shared" / "reference" / "zoho-oas"
)
"""Where the files ``record.json``, ``coql.json`` … lie; they are not part of the repository."""

# The files are Zoho's and no part of the repository: without them there is nothing to judge by.
needs_files = pytest.mark.skipif(
    not FOLDER.exists(), reason="Zoho's OpenAPI files are not here; ZOHO_OAS_DIR names them"
)
"""Marks what cannot be judged without the files."""

_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "array": list,
}
# Keys that the service's documents and SDK have, and these files forgot.
_FORGOTTEN = frozenset({"required", "history_tracking_enabled", "api_name", "json_path"})
_FREE_ENUMS = frozenset({"code", "message", "status"})


def mismatches(file: str, method: str, path: str, status: int, answer: object) -> list[str]:
    """Return what in an answer contradicts the file's schema for that call, as sentences.

    A status the file does not know is held to the schemas of all that it knows.
    """
    responses = _load(file)["paths"][path][method.lower()]["responses"]
    known = [responses[str(status)]] if str(status) in responses else list(responses.values())
    schemas = [
        content["schema"]
        for response in known
        for content in _follow(file, response)[1].get("content", {}).values()
    ]
    return _check(file, {"oneOf": schemas}, answer, "$", "")


def request_mismatches(file: str, method: str, path: str, body: object) -> list[str]:
    """Return what in a request's body contradicts the file's schema for that call."""
    content = _load(file)["paths"][path][method.lower()]["requestBody"]["content"]
    return _check(file, content["application/json"]["schema"], body, "$", "")


@cache
def _load(file: str) -> Any:
    return json.loads((FOLDER / file).read_text(encoding="utf-8"))


def _follow(file: str, schema: Any) -> tuple[str, Any]:
    """Resolve references; a file that is missing allows anything."""
    while isinstance(schema, dict) and "$ref" in schema:
        address, _, pointer = schema["$ref"].partition("#")
        file = address.rsplit("/", 1)[-1] or file
        if not (FOLDER / file).exists():
            return file, {}
        schema = _load(file)
        for part in pointer.strip("/").split("/"):
            schema = schema.get(part, {})
    return file, schema


def _check(file: str, schema: Any, value: object, at: str, key: str) -> list[str]:
    file, schema = _follow(file, schema)
    if value is None or not schema:
        return []
    choices = schema.get("oneOf") or schema.get("anyOf")
    if choices:
        return _closest(file, choices, value, at, key)
    found = []
    for part in schema.get("allOf", []):
        found += _check(file, part, value, at, key)
    found += _check_type(schema, value, at, key)
    if isinstance(value, dict):
        found += _check_keys(file, schema, value, at)
    if isinstance(value, list):
        for number, item in enumerate(value):
            found += _check(file, schema.get("items", {}), item, f"{at}[{number}]", key)
    return found


def _closest(file: str, choices: list[Any], value: object, at: str, key: str) -> list[str]:
    return min((_check(file, choice, value, at, key) for choice in choices), key=len)


def _check_type(schema: Any, value: object, at: str, key: str) -> list[str]:
    wanted = schema.get("type")
    python_type = _TYPES.get(wanted)
    is_bool_for_number = isinstance(value, bool) and wanted in ("integer", "number")
    if python_type is not None and (not isinstance(value, python_type) or is_bool_for_number):
        return [f"{at} is {type(value).__name__}, not {wanted}"]
    options = schema.get("enum")
    if options and key not in _FREE_ENUMS and value not in options:
        return [f"{at} is {value!r}, not one of {options}"]
    return []


def _check_keys(file: str, schema: Any, value: dict[str, object], at: str) -> list[str]:
    known = schema.get("properties")
    if known is None:
        return []
    found = []
    for key, item in value.items():
        if key in known:
            found += _check(file, known[key], item, f"{at}.{key}", key)
        elif not schema.get("additionalProperties") and not (
            key.startswith("$") or key in _FORGOTTEN
        ):
            found.append(f"{at}.{key} is not known")
    return found
