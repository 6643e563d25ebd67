"""May we write these fields? Compares the wish with what stands in the CRM. Pure.

A field is ours to write while it still holds what we last wrote. Anything else there was entered by
a person, and a person's data is never overwritten.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from adapters.port import CreditField, FieldUpdate, FieldValue, field_text
from connector.flow.fields import STAMPS
from connector.work.writebacks import Unconfirmed

__all__ = ["OwnedCheck", "check_owned"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedCheck:
    """What to do about one field update.

    ``held``: values that stand in the CRM already. ``write``: values to send. ``edited``: fields that a
    person changed; then nothing is written. ``old``: what stood there before, for the audit log.
    """

    held: dict[CreditField, FieldValue] = field(default_factory=dict)
    write: dict[CreditField, FieldValue] = field(default_factory=dict)
    edited: tuple[CreditField, ...] = ()
    old: dict[CreditField, FieldValue] = field(default_factory=dict)


def check_owned(
    wish: FieldUpdate,
    in_crm: Mapping[CreditField, FieldValue],
    last_written: Mapping[CreditField, str],
    unconfirmed: Unconfirmed,
    *,
    overwrite: bool = False,
) -> OwnedCheck:
    """Compare and say what to write.

    ``last_written`` holds texts (``field_text``); a field we never wrote is ours while it is empty.
    ``unconfirmed`` are values whose sending nobody confirmed: found in the CRM they are our own.
    ``overwrite``: a person decided that our values win.
    """
    held: dict[CreditField, FieldValue] = {}
    write: dict[CreditField, FieldValue] = {}
    edited: list[CreditField] = []
    for name, value in wish.values.items():
        if name not in in_crm:  # not kept there; sending it tells why
            write[name] = value
            continue
        stands = field_text(in_crm[name])
        if stands == field_text(value):
            held[name] = value
            continue
        write[name] = value
        if stands not in {last_written.get(name, ""), *unconfirmed.get(name, ())}:
            edited.append(name)
    if edited and not overwrite:
        return OwnedCheck(edited=tuple(edited))
    if write.keys() <= STAMPS:
        write = {}
    return OwnedCheck(held=held, write=write, old={name: in_crm.get(name) for name in write})
