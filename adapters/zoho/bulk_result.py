"""What became of each record of a bulk write, read from the file that Zoho gives out for it.

The file shows the first three columns of ours, the id first, then STATUS, RECORD_ID and ERRORS; an
error is a code and the header of its column, for which we have the API name.
"""

from collections.abc import Sequence
from typing import BinaryIO

from adapters.errors import CrmError, CrmUnavailable, OutcomeUnknown
from adapters.zoho.client import Item
from adapters.zoho.zipped import csv_rows

__all__ = ["read_result"]

_DONE = frozenset({"added", "updated"})


def read_result(file: BinaryIO, unknown: OutcomeUnknown) -> dict[str, Item | CrmError] | None:
    """Return the verdict on each record by its id; ``None``: the file is damaged.

    What a line leaves open is ``unknown``.
    """
    rows = csv_rows(file)
    if rows is None:
        return None
    header = [name.strip().upper() for name in next(rows, [])]
    if not {"STATUS", "RECORD_ID", "ERRORS"} <= set(header):
        return None
    return {row[0].strip(): _verdict(dict(zip(header, row)), unknown) for row in rows if row}  # noqa: B905 a cut line leaves it open


def _verdict(line: dict[str, str], unknown: OutcomeUnknown) -> Item | CrmError:
    status, errors = line.get("STATUS", "").strip().lower(), line.get("ERRORS", "")
    if status in _DONE:
        details = {"id": line.get("RECORD_ID", "").strip()}
        return Item(status="success", code="SUCCESS", details=details)
    if status == "skipped" and errors:
        return _refused(errors.split(":"))
    if status == "unprocessed":
        return CrmUnavailable(
            "Zoho did not come to this record", system=unknown.system, operation=unknown.operation
        )
    return unknown


def _refused(errors: Sequence[str]) -> Item:
    """Return the first of a record's errors; what follows is the same to us."""
    code, _, column = errors[0].partition("-")
    details = {"api_name": column.strip()} if column.strip() else {}
    return Item(status="error", code=code.strip().upper(), details=details)
