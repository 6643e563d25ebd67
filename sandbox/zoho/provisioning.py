"""Creates, changes and deletes custom fields, as ``settings/fields`` does."""

from collections.abc import Callable, Mapping

from sandbox.zoho.asking import Answer, Ask
from sandbox.zoho.errors import Refusal
from sandbox.zoho.fields import CREATABLE_TYPES, TEXTAREA_LENGTHS, Field
from sandbox.zoho.modules import Module
from sandbox.zoho.records_api import mixed
from sandbox.zoho.state import OrgState

__all__ = ["CREDIT_FIELDS", "create_fields", "delete_field", "provision", "update_fields"]

_MOST_FIELDS = 5
_MOST_LABEL = 25
_MOST_OPTION = 25
_CREDITS_PER_FIELD = 10
_MOST_DECIMALS = 9
_LENGTHS = {
    "text": 255,
    "email": 100,
    "phone": 30,
    "website": 450,
    "picklist": 120,
    "multiselectpicklist": 120,
    "date": 20,
    "datetime": 120,
    "integer": 9,
    "bigint": 18,
    "double": 16,
    "currency": 16,
    "percent": 5,
    "boolean": 5,
    "lookup": 120,
}

_RATINGS = ["AAA", "AA", "A", "BBB", "BB", "B", "CCC", "CC", "C", "D", "-"]


def _picks(label: str, *options: str) -> dict[str, object]:
    values = [{"display_value": option, "actual_value": option} for option in options]
    return {"field_label": label, "data_type": "picklist", "pick_list_values": values}


def _amounts(*labels: str) -> list[dict[str, object]]:
    shape = {"data_type": "currency", "length": 16, "decimal_place": 2}
    return [{"field_label": f"Credit {label}", **shape} for label in labels]


def _typed(type_: str, *labels: str, **shape: object) -> list[dict[str, object]]:
    return [{"field_label": f"Credit {label}", "data_type": type_, **shape} for label in labels]


CREDIT_FIELDS: list[dict[str, object]] = [
    _picks("Credit Rating", *_RATINGS),
    _picks("Credit Outlook", "up", "stable", "down"),
    _picks("Credit Watch Level", "normal", "attention", "watch", "high"),
    _picks("Credit Hold", "none", "hold", "stop"),
    *_typed("double", "Score", "Utilisation", "Days Late", length=16, decimal_place=1),
    *_amounts("Limit", "Exposure", "Available", "Overdue Amount", "Age Current"),
    *_amounts("Age 1 30", "Age 31 60", "Age 61 90", "Age Over 90"),
    *_typed("integer", "Oldest Days", "Terms Days", "Completeness"),
    *_typed("date", "Limit Valid To", "Next Review", "Data As Of"),
    *_typed("datetime", "Computed At"),
    *_typed("textarea", "Hold Reason", "Reasons", textarea={"type": "large"}),
    *_typed("text", "Summary", "Currency", "Assessment Id", length=255),
]
"""The account fields of a provisioned organisation, as the API would be asked for them."""

_CREDIT_REF = {
    "field_label": "Credit Ref",
    "data_type": "text",
    "length": 120,
    "unique": {"case_sensitive": False},
}


def provision(state: OrgState) -> None:
    """Put every credit field and the tasks' ``Credit_Ref`` in place."""
    for wanted in CREDIT_FIELDS:
        _create(state, state.modules["Accounts"], wanted, 0)
    _create(state, state.modules["Tasks"], _CREDIT_REF, 0)


def create_fields(state: OrgState, ask: Ask) -> Answer:
    """``POST /settings/fields?module=``: at most five; the API name comes from the label."""
    module = state.module(ask.required("module"))
    items = ask.items("fields", most=_MOST_FIELDS)
    results = _each(items, lambda item, index: _create(state, module, item, index))
    answer = mixed(results, well=201, root="fields")
    answer.credits = _CREDITS_PER_FIELD * len(items)
    return answer


def update_fields(state: OrgState, ask: Ask, field_id: str | None = None) -> Answer:
    """``PATCH /settings/fields[/{id}]?module=``: label, length, choices, uniqueness."""
    module = state.module(ask.required("module"))
    items = ask.items("fields", most=_MOST_FIELDS)
    if field_id is not None:
        items = [{**item, "id": field_id} if isinstance(item, dict) else item for item in items]
    results = _each(items, lambda item, index: _update(state, module, item, index))
    return mixed(results, well=200, root="fields")


def delete_field(state: OrgState, ask: Ask, field_id: str) -> Answer:
    """``DELETE /settings/fields/{id}?module=``: custom fields only; the values go with it."""
    module = state.module(ask.required("module"))
    return mixed([_result_of(lambda: _delete(state, module, field_id))], well=200, root="fields")


def _each(
    items: list[object], act: Callable[[Mapping[str, object], int], dict[str, object]]
) -> list[dict[str, object]]:
    results = []
    for index, item in enumerate(items):
        shaped = item if isinstance(item, dict) else {}
        results.append(_result_of(lambda shaped=shaped, index=index: act(shaped, index)))  # type: ignore[misc] # bound now
    return results


def _result_of(act: Callable[[], dict[str, object]]) -> dict[str, object]:
    try:
        return act()
    except Refusal as refusal:
        return refusal.item()


def _create(
    state: OrgState, module: Module, wanted: Mapping[str, object], index: int
) -> dict[str, object]:
    label, type_ = _label(wanted, index), wanted.get("data_type")
    if type_ is None:
        raise _refused("MANDATORY_NOT_FOUND", "required field not found", "data_type", index)
    if str(type_) not in CREATABLE_TYPES:
        values = sorted(CREATABLE_TYPES)
        raise _refused("INVALID_DATA", "invalid data", "data_type", index, supported_values=values)
    if any(field.label.casefold() == label.casefold() for field in module.fields.values()):
        raise _refused("DUPLICATE_DATA", "field label already exists", "field_label", index)
    name = _api_name(module, label)
    field = Field(
        id=state.field_id(),
        api_name=name,
        label=label,
        type=str(type_),
        length=_length(wanted, index),
        custom=True,
        unique=bool(wanted.get("unique")),
        options=_options(wanted, index),
        decimals=_decimals(wanted),
        lookup=_target(state, wanted, index),
        textarea=_textarea(wanted),
    )
    module.fields[name] = field
    if field.unique:
        state.tables[module.api_name].make_unique(name)
    return _well(field.id, "field created")


def _update(
    state: OrgState, module: Module, wanted: Mapping[str, object], index: int
) -> dict[str, object]:
    field = _custom_field(module, str(wanted.get("id")), index)
    if "field_label" in wanted:
        field.label = _label(wanted, index)
    if "pick_list_values" in wanted:
        field.options = _options({**wanted, "data_type": field.type}, index)
    if "length" in wanted:
        field.length = _length({**wanted, "data_type": field.type}, index)
    if "unique" in wanted:
        _set_unique(state, module, field, wanted["unique"], index)
    return _well(field.id, "field updated")


def _delete(state: OrgState, module: Module, field_id: str) -> dict[str, object]:
    field = _custom_field(module, field_id, 0)
    del module.fields[field.api_name]
    table = state.tables[module.api_name]
    table.drop_unique(field.api_name)
    for row in table.rows.values():
        row.pop(field.api_name, None)
    return _well(field.id, "field deleted")


def _set_unique(state: OrgState, module: Module, field: Field, wanted: object, index: int) -> None:
    table = state.tables[module.api_name]
    turned_off = isinstance(wanted, dict) and "_disable" in wanted
    if turned_off or not wanted:
        table.drop_unique(field.api_name)
    elif not table.make_unique(field.api_name):
        raise _refused("DUPLICATE_DATA", "the field holds duplicate values", "unique", index)
    field.unique = bool(wanted) and not turned_off


def _custom_field(module: Module, field_id: str, index: int) -> Field:
    for field in module.fields.values():
        if field.id == field_id:
            if not field.custom:
                raise _refused("NOT_ALLOWED", "system fields cannot be changed", "id", index)
            return field
    raise _refused("INVALID_DATA", "the id given seems to be invalid", "id", index)


def _label(wanted: Mapping[str, object], index: int) -> str:
    label = wanted.get("field_label")
    if label in (None, ""):
        raise _refused("MANDATORY_NOT_FOUND", "required field not found", "field_label", index)
    if not isinstance(label, str):
        raise _refused(
            "INVALID_DATA", "invalid data", "field_label", index, expected_data_type="text"
        )
    if len(label) > _MOST_LABEL:
        raise _refused(
            "INVALID_DATA", "invalid data", "field_label", index, maximum_length=_MOST_LABEL
        )
    return label


def _api_name(module: Module, label: str) -> str:
    """Derive the name: blanks become ``_``, what is no letter or digit goes, a number on collision."""
    name = "".join(
        char
        for char in label.replace(" ", "_")
        if char == "_" or (char.isascii() and char.isalnum())
    )
    name = name or "Field"
    taken, number = name, 0
    while taken in module.fields:
        number += 1
        taken = f"{name}{number}"
    return taken


def _length(wanted: Mapping[str, object], index: int) -> int:
    type_ = str(wanted.get("data_type"))
    if type_ == "textarea":
        return TEXTAREA_LENGTHS[_textarea(wanted) or "small"]
    most = _LENGTHS[type_]
    given = wanted.get("length", most)
    if isinstance(given, bool) or not isinstance(given, int):
        raise _refused(
            "INVALID_DATA", "invalid data", "length", index, expected_data_type="integer"
        )
    if not 1 <= given <= most:
        limits = {"from": 1, "to": most}
        raise _refused("INVALID_DATA", "invalid data", "length", index, range=limits)
    return given


def _options(wanted: Mapping[str, object], index: int) -> list[str]:
    if wanted.get("data_type") not in ("picklist", "multiselectpicklist"):
        return []
    given = wanted.get("pick_list_values")
    if not isinstance(given, list) or not given:
        raise _refused("MANDATORY_NOT_FOUND", "required field not found", "pick_list_values", index)
    options = [
        str(each.get("actual_value") or each.get("display_value"))
        for each in given
        if isinstance(each, dict) and not each.get("_delete")
    ]
    if any(len(option) > _MOST_OPTION for option in options):
        raise _refused(
            "INVALID_DATA", "invalid data", "pick_list_values", index, maximum_length=_MOST_OPTION
        )
    return options


def _decimals(wanted: Mapping[str, object]) -> int | None:
    if wanted.get("data_type") not in ("currency", "double", "percent"):
        return None
    given = wanted.get("decimal_place")
    return given if isinstance(given, int) and 0 <= given <= _MOST_DECIMALS else 2


def _textarea(wanted: Mapping[str, object]) -> str | None:
    if wanted.get("data_type") != "textarea":
        return None
    given = wanted.get("textarea")
    kind = given.get("type") if isinstance(given, dict) else None
    return str(kind) if str(kind) in TEXTAREA_LENGTHS else "small"


def _target(state: OrgState, wanted: Mapping[str, object], index: int) -> str | None:
    if wanted.get("data_type") != "lookup":
        return None
    given = wanted.get("lookup")
    module = given.get("module") if isinstance(given, dict) else None
    name = module.get("api_name") if isinstance(module, dict) else None
    if str(name) not in state.modules:
        raise _refused("INVALID_DATA", "invalid data", "lookup", index)
    return str(name)


def _refused(code: str, message: str, key: str, index: int, **details: object) -> Refusal:
    place = {"api_name": key, "json_path": f"$.fields[{index}].{key}"}
    return Refusal(code, message, {**details, **place})


def _well(field_id: str, message: str) -> dict[str, object]:
    return {"code": "SUCCESS", "details": {"id": field_id}, "message": message, "status": "success"}
