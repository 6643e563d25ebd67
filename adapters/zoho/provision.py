"""Creates the fields Zixin needs, through Zoho's own field API, and reads back what came of it."""

from collections.abc import Iterable, Mapping, Sequence

from adapters.errors import CrmError
from adapters.port import ProvisionStep
from adapters.zoho.client import ZohoClient
from adapters.zoho.errors import to_error
from adapters.zoho.fields import WantedField, wanted_credit_fields, wanted_task_fields
from adapters.zoho.metadata import FieldMeta, Metadata
from adapters.zoho.names import ZohoMapping
from adapters.zoho.reader import chunks

__all__ = ["mismatch", "provision", "wanted_fields"]

FIELDS_PER_CALL = 5
CREDITS_PER_FIELD = 10


def provision(
    client: ZohoClient, metadata: Metadata, mapping: ZohoMapping, *, dry_run: bool
) -> list[ProvisionStep]:
    """Create what is missing, or say what would be. Raises ``CrmError`` when nothing can be read."""
    metadata.forget()
    steps: list[ProvisionStep] = []
    for module, wanted in wanted_fields(mapping).items():
        there = metadata.fields(module)
        lacking = [field for field in wanted if field.api_name not in there]
        refused: dict[str, str] = {}
        if lacking and not dry_run:
            refused = _create(client, module, lacking)
            metadata.forget()
        now_there = metadata.fields(module)
        for field in wanted:
            created = field in lacking and not dry_run
            steps.append(_step(module, field, now_there, created=created, refused=refused))
    return steps


def wanted_fields(mapping: ZohoMapping) -> dict[str, list[WantedField]]:
    """List the fields that must exist, by module."""
    return {
        mapping.accounts.module: list(wanted_credit_fields(mapping).values()),
        mapping.tasks.module: wanted_task_fields(mapping),
    }


def mismatch(field: FieldMeta, wanted: WantedField) -> str:
    """Say what keeps a field that is there from serving; empty when it serves."""
    if field.data_type != wanted.type and {field.data_type, wanted.type} != {"text", "textarea"}:
        return f"is of type {field.data_type} and should be {wanted.type}"
    if not field.writable:
        return "cannot be changed by the connection"
    if wanted.unique and not field.is_unique:
        return "is not unique: tick “Do not allow duplicate values” on the field"
    if wanted.options:
        choices = field.choices()
        known = {*choices, *choices.values()}
        lacking = [option for option in wanted.options if option not in known]
        if lacking:
            return f"lacks the picklist values {', '.join(lacking)}"
    places = wanted.extra.get("decimal_place")
    if places is not None and field.decimal_place is not None and field.decimal_place < places:
        return f"keeps {field.decimal_place} decimal places and should keep {places}"
    return ""


def _create(client: ZohoClient, module: str, lacking: Sequence[WantedField]) -> dict[str, str]:
    """Create fields, five at a time; return what was refused, by API name."""
    refused: dict[str, str] = {}
    operation = f"create fields of {module}"
    for some in chunks(lacking, FIELDS_PER_CALL):
        try:
            items = client.write(
                "POST",
                "settings/fields",
                operation,
                {"fields": [field.body() for field in some]},
                root="fields",
                params={"module": module},
                credits=CREDITS_PER_FIELD * len(some),
            )
        except CrmError as error:
            refused |= {field.api_name: error.user_message for field in some}
            continue
        for field, item in zip(some, items, strict=True):
            if not item.well:
                said = to_error(client.refusal(item, operation), now=client.http.pace.now())
                refused[field.api_name] = f"{said.user_message} ({item.code})"
    return refused


def _step(
    module: str,
    wanted: WantedField,
    there: Mapping[str, FieldMeta],
    *,
    created: bool,
    refused: Mapping[str, str],
) -> ProvisionStep:
    field = there.get(wanted.api_name)
    if field is not None:
        wrong = mismatch(field, wanted)
        state = "by_hand" if wrong else "created" if created else "exists"
        instruction = f"{module}.{wanted.api_name} {wrong}" if wrong else ""
        return _told(module, wanted, state, instruction)
    if not created:
        return _told(module, wanted, "planned", "")
    other = _by_label(there.values(), wanted.label)
    if other is not None:
        instruction = (
            f"the CRM named the field “{wanted.label}” {other.api_name}: "
            f"set that name in the mapping instead of {wanted.api_name}"
        )
        return _told(module, wanted, "by_hand", instruction)
    return _told(module, wanted, "by_hand", _by_hand(module, wanted, refused))


def _by_label(fields: Iterable[FieldMeta], label: str) -> FieldMeta | None:
    found = (each for each in fields if each.field_label.casefold() == label.casefold())
    return next(found, None)


def _by_hand(module: str, wanted: WantedField, refused: Mapping[str, str]) -> str:
    why = refused.get(wanted.api_name, "the CRM did not keep it")
    text = (
        f"not created: {why}. Setup → Customization → Modules and Fields → {module}: "
        f"new field of type {wanted.type}, label “{wanted.label}”"
    )
    if wanted.options:
        text += f", values {', '.join(wanted.options)}"
    return text + (", no duplicate values" if wanted.unique else "")


def _told(module: str, wanted: WantedField, state: str, instruction: str) -> ProvisionStep:
    return ProvisionStep(
        target=module,
        api_name=wanted.api_name,
        label=wanted.label,
        type=wanted.type,
        options=wanted.options,
        state=state,
        instruction=instruction,
    )
