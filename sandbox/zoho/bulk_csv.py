"""The file of an export: one CSV in a zip, with links as bare ids and nothing as nothing."""

import csv
import io
import zipfile
from collections.abc import Callable, Sequence

from sandbox.zoho.fields import Field
from sandbox.zoho.rendering import renderer
from sandbox.zoho.state import OrgState
from sandbox.zoho.table import Row

__all__ = ["zipped_csv"]


def zipped_csv(
    name: str, state: OrgState, module: str, fields: Sequence[str], rows: Sequence[Row]
) -> bytes:
    """Write some fields of a module's rows as the CSV of that name, and zip it."""
    known = state.modules[module].fields
    writers = [_writer(state, known[field]) for field in fields]
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open(name, "w") as entry,
        io.TextIOWrapper(entry, encoding="utf-8", newline="") as text,
    ):
        table = csv.writer(text, lineterminator="\n")
        table.writerow("Id" if field == "id" else field for field in fields)
        table.writerows([write(row) for write in writers] for row in rows)
    return packed.getvalue()


def _writer(state: OrgState, column: Field) -> Callable[[Row], str]:
    """Return what writes one field of a row into a cell."""
    name = column.api_name
    if column.type == "multiselectpicklist":
        return lambda row: ";".join(str(each) for each in _listed(row.get(name)))
    if column.type in {"lookup", "ownerlookup", "multi_module_lookup"}:
        return lambda row: _cell(row.get(name))
    show = renderer(state, column)
    return lambda row: _cell(show(row))


def _listed(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else ()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, float) else str(value)
