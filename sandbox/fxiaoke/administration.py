"""What an administrator does in the console: custom fields and custom objects, by hand."""

from collections.abc import Mapping
from dataclasses import replace

from sandbox.fxiaoke.catalogue import CREDIT_FIELDS, TASK_OBJECT, task_object
from sandbox.fxiaoke.fields import (
    FieldDescribe,
    ObjectDescribe,
    field_from_wire,
    is_custom,
    object_from_wire,
)
from sandbox.fxiaoke.store import RecordStore

__all__ = ["create_field", "create_fields", "create_object", "provision"]


def create_fields(
    store: RecordStore, object_name: str, describes: list[Mapping[str, object]]
) -> None:
    """Create custom fields on an object; a custom object that is not there is created first.

    A describe of type ``object`` stands for the object itself. Raises ``ValueError`` with a
    sentence.
    """
    if object_name not in store.tables and is_custom(object_name):
        create_object(store, {"api_name": object_name, "fields": []}, empty=True)
    for each in describes:
        if each.get("type") != "object":
            create_field(store, object_name, each)


def create_field(
    store: RecordStore, object_name: str, describe: Mapping[str, object]
) -> FieldDescribe:
    """Create one custom field. Raises ``ValueError`` with a sentence."""
    made = field_from_wire(describe, generated=store.options.generated_option_values)
    if not is_custom(made.api_name):
        raise ValueError(f"the api_name of a custom field ends with __c, not {made.api_name}")
    table = store.tables.get(object_name)
    if table is None:
        raise ValueError(f"there is no object {object_name}")
    if made.api_name in table.describe.fields:
        raise ValueError(f"object {object_name} has a field {made.api_name} already")
    table.describe.add(_completed(store, object_name, made))
    table.index_unique_fields()
    return made


def create_object(
    store: RecordStore, describe: Mapping[str, object], *, empty: bool = False
) -> ObjectDescribe:
    """Create a custom object with the system fields every object has.

    ``credit_task__c`` without fields gets those of our checklist, unless ``empty``. Raises
    ``ValueError`` with a sentence.
    """
    given = object_from_wire(describe)
    ours = task_object(unique_key=store.options.unique_task_key)
    if given.api_name in store.tables:
        raise ValueError(f"there is an object {given.api_name} already")
    if given.api_name == TASK_OBJECT and not given.fields and not empty:
        store.add_object(ours)
        return ours
    common = {name: each for name, each in ours.fields.items() if not is_custom(name)}
    given.fields = common | given.fields
    store.add_object(given)
    return given


def provision(store: RecordStore) -> None:
    """Create all credit fields and the task object that are not there yet."""
    account = store.table("AccountObj").describe
    account.add(*(each for each in CREDIT_FIELDS if each.api_name not in account.fields))
    if TASK_OBJECT not in store.tables:
        store.add_object(task_object(unique_key=store.options.unique_task_key))


def _completed(store: RecordStore, object_name: str, made: FieldDescribe) -> FieldDescribe:
    """Add what our checklist says in words: the key is unique, the account a lookup."""
    if object_name != TASK_OBJECT:
        return made
    ours = task_object(unique_key=store.options.unique_task_key).fields.get(made.api_name)
    if ours is None or ours.type != made.type:
        return made
    return replace(made, unique=made.unique or ours.unique, target=made.target or ours.target)
