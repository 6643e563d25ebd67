"""Workflow webhooks: the administrator's alternative to notification channels, without an end.

A workflow rule posts what its webhook was told to: by our convention ``module``, ``record_id`` and
``secret``, as a form or as JSON. (zoho-crm 8.4)
"""

from urllib.parse import parse_qs

import msgspec

from adapters.events import ForgedMessage

__all__ = ["WorkflowMessage", "workflow_message"]


class WorkflowMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What a workflow's webhook says."""

    module: str
    record_id: str | int
    secret: str


_MESSAGE = msgspec.json.Decoder(WorkflowMessage)


def workflow_message(body: bytes) -> WorkflowMessage | None:
    """Read a webhook's body; ``None``: it is none. Raises ``ForgedMessage`` for half of one."""
    if body.lstrip().startswith(b"{"):
        try:
            return _MESSAGE.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
    try:
        form = parse_qs(body.decode("ascii"), max_num_fields=50)
    except ValueError:
        return None
    if "secret" not in form:
        return None
    said = {
        name: values for name, values in form.items() if name in WorkflowMessage.__struct_fields__
    }
    if any(len(values) != 1 for values in said.values()):
        raise ForgedMessage("the webhook says a thing twice")
    try:
        return msgspec.convert({name: values[0] for name, values in said.items()}, WorkflowMessage)
    except msgspec.ValidationError:
        raise ForgedMessage("the webhook does not say which record of which module") from None
