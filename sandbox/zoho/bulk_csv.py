"""CSV in a zip, as bulk jobs give it out: links as bare ids and nothing as nothing."""

import csv
import io
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain

from sandbox.zoho.fields import Field
from sandbox.zoho.rendering import renderer
from sandbox.zoho.state import OrgState
from sandbox.zoho.table import Row

__all__ = ["zipped_csv", "zipped_rows"]


def zipped_csv(
    name: str, state: OrgState, module: str, fields: Sequence[str], rows: Sequence[Row]
) -> bytes:
    """Write some fields of a module's rows as the CSV of that name, and zip it."""
    known = state.modules[module].fields
    writers = [_writer(state, known[field]) for field in fields]
    header = ["Id" if field == "id" else field for field in fields]
    lines = ([write(row) for write in writers] for row in rows)
    return zipped_rows({name: chain([header], lines)})


def zipped_rows(files: Mapping[str, Iterable[Sequence[str]]]) -> bytes:
    """Write CSV files, each by its name and its lines, and zip them."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, lines in files.items():
            with (
                archive.open(name, "w") as entry,
                io.TextIOWrapper(entry, encoding="utf-8", newline="") as text,
            ):
                csv.writer(text, lineterminator="\n").writerows(lines)
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
