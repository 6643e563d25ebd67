"""The upload of a bulk write: one zip with CSV files, kept for a day under the id it is given."""

import csv
import io
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from werkzeug.formparser import parse_form_data

from sandbox.zoho.asking import Answer, Ask
from sandbox.zoho.errors import ZohoError
from sandbox.zoho.metadata import ZGID
from sandbox.zoho.state import OrgState

__all__ = ["Sheet", "UploadDesk"]

_FEATURE = "bulk-write"
_DELIMITERS = ",;:|"
_KEPT = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One CSV file: its header and the rows below it."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(slots=True)
class UploadDesk:
    """Keeps what was uploaded. Callers hold the state's lock."""

    state: OrgState
    _files: dict[str, tuple[dict[str, Sheet], datetime]] = field(default_factory=dict)

    def upload(self, ask: Ask) -> Answer:
        """``POST /crm/v8/upload``, on Zoho's host for content."""
        _check_headers(ask)
        packed = _file_of(ask)
        if len(packed) > self.state.options.upload_bytes:
            raise ZohoError("INVALID_DATA", "File size too large to process")
        sheets = _unpacked(packed)
        now = self.state.clock.now()
        file_id = self.state.record_id()
        self._files = {key: kept for key, kept in self._files.items() if kept[1] + _KEPT > now}
        self._files[file_id] = sheets, now
        body = {
            "status": "success",
            "code": "FILE_UPLOAD_SUCCESS",
            "message": "file uploaded.",
            "details": {
                "file_id": self._shown(file_id),
                "created_time": self.state.iso(int(now.timestamp())),
            },
        }
        return Answer(body=body)

    def sheets(self, file_id: str) -> dict[str, Sheet]:
        """Return the files of an upload by name. Raises ``ZohoError`` for an id not known."""
        found = self._files.get(file_id)
        if found is None or found[1] + _KEPT <= self.state.clock.now():
            raise ZohoError("INVALID_FILE_ID", "improper file id")
        return found[0]

    def _shown(self, file_id: str) -> str | int:
        return int(file_id) if self.state.options.upload_ids_are_numbers else file_id


# What ``zipfile`` raises for damaged bytes, besides its own error: it goes by the offsets, the
# methods and the flags they name. ``ValueError`` is text that is no UTF-8, too.
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError)


def _check_headers(ask: Ask) -> None:
    for name in ("feature", "X-CRM-ORG"):
        if not ask.headers.get(name):
            details = {"param_name": name}
            raise ZohoError("MANDATORY_NOT_FOUND", f"the header {name} is missing", details)
    if ask.headers["feature"] != _FEATURE:
        raise ZohoError("NOT_SUPPORTED_FEATURE", "the feature is not supported")
    if ask.headers["X-CRM-ORG"] != ZGID:
        details = {"param_name": "X-CRM-ORG"}
        raise ZohoError("INVALID_DATA", "the organisation given seems to be invalid", details)


def _file_of(ask: Ask) -> bytes:
    environ = {
        "wsgi.input": io.BytesIO(ask.body),
        "CONTENT_TYPE": ask.headers.get("Content-Type", ""),
        "CONTENT_LENGTH": str(len(ask.body)),
        "REQUEST_METHOD": "POST",
    }
    _stream, _form, files = parse_form_data(environ, stream_factory=_in_memory)
    found = files.get("file")
    if found is None:
        raise ZohoError("MANDATORY_NOT_FOUND", "the file is missing", {"param_name": "file"})
    packed: bytes = found.read()
    return packed


def _in_memory(
    total_content_length: int | None,  # noqa: ARG001 what the parser gives
    content_type: str | None,  # noqa: ARG001
    filename: str | None,  # noqa: ARG001
    content_length: int | None = None,  # noqa: ARG001
) -> io.BytesIO:
    return io.BytesIO()


def _unpacked(packed: bytes) -> dict[str, Sheet]:
    """Read every CSV in the zip. Raises ``ZohoError`` for what is no zip with CSV files."""
    wrong = ZohoError("INVALID_FILE_FORMAT", "invalid file format. only zip format is supported")
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            texts = {name: archive.read(name).decode("utf-8-sig") for name in archive.namelist()}
    except _DAMAGE:
        raise wrong from None
    if not texts or not all(name.endswith(".csv") for name in texts):
        raise wrong
    try:
        return {name: _sheet(text) for name, text in texts.items()}
    except csv.Error:
        raise wrong from None


def _sheet(text: str) -> Sheet:
    """Read a CSV; its first line shows what stands between the columns."""
    first = text.partition("\n")[0]
    between = max(_DELIMITERS, key=first.count)
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=between))
    return Sheet(rows[0] if rows else [], [row for row in rows[1:] if row])
