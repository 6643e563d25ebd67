"""What a bulk write is asked for: operation, module, file, and the field of each column."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sandbox.zoho.errors import ZohoError
from sandbox.zoho.fields import Field
from sandbox.zoho.state import OrgState
from sandbox.zoho.table import Row
from sandbox.zoho.uploads import Sheet, UploadDesk

__all__ = ["Column", "Order", "orders_of"]

OPERATIONS = frozenset({"insert", "update", "upsert"})
_REQUIRED = ("type", "module", "file_id", "file_names", "find_by")
_MOST_RESOURCES, _MOST_FILES, _MOST_MAPPINGS, _MOST_COLUMNS = 100, 10, 500, 200
_UNSUPPORTED = frozenset({"Attachments", "Emails"})
_LINKS = frozenset({"lookup", "ownerlookup", "multi_module_lookup"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of the file and the field it goes into; ``header`` names it in complaints."""

    field: Field
    index: int
    header: str
    default: str = ""

    def value(self, cells: list[str]) -> object:
        """Return a row's cell as the JSON of a single write would have it; no text is no value."""
        text = cells[self.index] if self.index < len(cells) else ""
        text = text or self.default
        return _value(self.field, text) if text else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One file to write into one module. ``shown`` is what was asked, for the job's details."""

    operation: str
    module: str
    find_by: str
    ignore_empty: bool
    file_name: str
    columns: tuple[Column, ...]
    sheet: Sheet
    shown: Mapping[str, object]

    def item(self, cells: list[str]) -> Row:
        """Return a row of the file as a record; empty cells clear a field or are passed over."""
        values = {column.field.api_name: column.value(cells) for column in self.columns}
        return {
            name: value
            for name, value in values.items()
            if value is not None or not (self.ignore_empty or name == "id")
        }


def orders_of(
    state: OrgState, uploads: UploadDesk, body: Mapping[str, object]
) -> tuple[Order, ...]:
    """Read the body of ``POST /crm/bulk/v8/write``. Raises ``ZohoError`` for what cannot be."""
    operation = _required(body, "operation", "$")
    if operation not in OPERATIONS:
        details = {"api_name": "operation", "supported_values": sorted(OPERATIONS)}
        raise ZohoError("INVALID_DATA", "the operation is not known", details)
    resources = _required(body, "resource", "$")
    if not isinstance(resources, list) or len(resources) > _MOST_RESOURCES:
        raise ZohoError("REQUEST_BODY_NOT_SUPPORTED", "the resources cannot be read")
    ignores = body.get("ignore_empty") is True
    return tuple(
        order
        for number, resource in enumerate(resources)
        for order in _orders(state, uploads, str(operation), resource, number, ignores=ignores)
    )


def _orders(
    state: OrgState,
    uploads: UploadDesk,
    operation: str,
    resource: object,
    number: int,
    *,
    ignores: bool,
) -> Iterator[Order]:
    at = f"$.resource[{number}]"
    if not isinstance(resource, dict):
        raise ZohoError("REQUEST_BODY_NOT_SUPPORTED", "a resource cannot be read")
    type_, module, file_id, names, find_by = (_required(resource, k, at) for k in _REQUIRED)
    if type_ != "data" or not isinstance(module, Mapping) or not isinstance(names, list):
        raise ZohoError("REQUEST_BODY_NOT_SUPPORTED", "a resource cannot be read")
    api_name = str(_required(module, "api_name", f"{at}.module"))
    if api_name in _UNSUPPORTED:
        raise ZohoError("FILE_NOT_SUPPORTED", "File not supported for bulk write")
    if api_name not in state.modules:
        note = f"Requested module '{api_name}' is not available."
        raise ZohoError("MODULE_NOT_AVAILABLE", note, {"api_name": api_name})
    sheets = uploads.sheets(str(file_id))
    if len(names) > _MOST_FILES:
        raise ZohoError("LIMIT_EXCEEDED", "too many files", {"limit": _MOST_FILES})
    for name in map(str, names):
        if name not in sheets:
            raise ZohoError("FILE_NOT_SUPPORTED", "File not supported for bulk write")
        columns = _columns(state, api_name, resource.get("field_mappings"), sheets[name])
        _check_sheet(state, sheets[name])
        _check_mandatory(state, api_name, operation, str(find_by), columns)
        yield Order(
            operation=operation,
            module=api_name,
            find_by=str(find_by),
            ignore_empty=ignores or resource.get("ignore_empty") is True,
            file_name=name,
            columns=columns,
            sheet=sheets[name],
            shown=resource,
        )


def _required(where: Mapping[str, object], key: str, at: str) -> object:
    if where.get(key) in (None, "", []):
        note = f"required key {key} is not found in request body."
        raise ZohoError("MISSING_REQUIRED_KEY", note, {"json_path": f"{at}.{key}"})
    return where[key]


def _check_sheet(state: OrgState, sheet: Sheet) -> None:
    if len(sheet.header) > _MOST_COLUMNS:
        raise ZohoError("HEADER_LIMIT_EXCEEDED", "too many columns", {"limit": _MOST_COLUMNS})
    if len(sheet.rows) > state.options.bulk_write_rows:
        raise ZohoError("FILE_TOO_LARGE", "File size too large to process")


def _columns(state: OrgState, module: str, mappings: object, sheet: Sheet) -> tuple[Column, ...]:
    if mappings is None:
        named = [{"api_name": n.split(".")[0], "index": i} for i, n in enumerate(sheet.header)]
        return tuple(_column(state, module, each, sheet) for each in named)
    if not isinstance(mappings, list) or len(mappings) > _MOST_MAPPINGS:
        raise ZohoError("REQUEST_BODY_NOT_SUPPORTED", "the mappings cannot be read")
    columns = [_column(state, module, each, sheet) for each in mappings]
    return tuple(sorted(columns, key=lambda column: column.index))


def _column(state: OrgState, module: str, mapping: object, sheet: Sheet) -> Column:
    if not isinstance(mapping, dict):
        raise ZohoError("REQUEST_BODY_NOT_SUPPORTED", "a mapping cannot be read")
    name, index = str(mapping.get("api_name")), mapping.get("index")
    found = state.field(module, name)
    if found is None:
        note = f"invalid mapping. invalid api_name {name}."
        raise ZohoError("INVALID_FIELD", note, {"api_name": name})
    if isinstance(index, bool) or not isinstance(index, int):
        note = f"required key index for field {name} is not found in request body."
        raise ZohoError("MISSING_REQUIRED_KEY", note, {"api_name": name})
    if not 0 <= index < len(sheet.header):
        raise ZohoError("COLUMN_INDEX_NOT_FOUND", "the column is not there", {"api_name": name})
    given = mapping.get("default_value")
    default = str(given.get("value") or "") if isinstance(given, Mapping) else ""
    return Column(field=found, index=index, header=sheet.header[index], default=default)


def _check_mandatory(
    state: OrgState, module: str, operation: str, find_by: str, columns: tuple[Column, ...]
) -> None:
    mapped = {column.field.api_name for column in columns}
    known = state.modules[module].fields.values()
    needed = {find_by} if operation != "insert" else set()
    if operation != "update":
        needed |= {field.api_name for field in known if field.mandatory}
    if not needed <= mapped:
        note = "All mandatory fields are not mapped for the layout"
        details: dict[str, object] = {"api_names": sorted(needed - mapped)}
        raise ZohoError("MANDATORY_FIELDS_NOT_MAPPED", note, details)


def _value(field: Field, text: str) -> object:
    """Turn a cell into the JSON value it stands for; what does not fit is judged as its text."""
    if field.type in _LINKS:
        return {"id": text}
    if field.type == "multiselectpicklist":
        return text.split(";")
    if field.type == "boolean":
        return {"true": True, "false": False}.get(text.lower(), text)
    if field.type in {"integer", "bigint", "double", "currency", "percent"}:
        return _number(text)
    return text


def _number(text: str) -> object:
    try:
        return int(text) if text.lstrip("-").isdigit() else float(text)
    except ValueError:
        return text
