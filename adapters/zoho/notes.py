"""Writes notes on accounts, each once: a note has no unique field, so its title carries its key.

Notes are found in the account's own list, which sees every finished write. (zoho-crm 5.2)
"""

from collections.abc import Sequence
from itertools import count

import msgspec

from adapters.cutting import cut
from adapters.errors import CrmError
from adapters.http import Answer
from adapters.port import NoteDraft, Outcome, WriteEffect
from adapters.zoho.client import Item, ZohoClient
from adapters.zoho.rows import check_count
from adapters.zoho.writer import receipt, rejected

__all__ = ["ZohoNotes"]

_TITLE_LENGTH, _BODY_LENGTH = 120, 32_000
_NOTES_A_PAGE = 200


class _Note(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    title: str | None = msgspec.field(name="Note_Title", default=None)


class _Info(msgspec.Struct, frozen=True, kw_only=True):
    more_records: bool = False
    count: int | None = None


class _Notes(msgspec.Struct, frozen=True, kw_only=True):
    data: list[_Note]
    info: _Info = _Info()


_NOTES = msgspec.json.Decoder(_Notes)


class ZohoNotes:
    """The note-writing part of the port."""

    def __init__(self, client: ZohoClient, module: str) -> None:
        self._client = client
        self._module = module

    def add(self, notes: Sequence[NoteDraft]) -> list[Outcome]:
        """Write notes, one a call: what became of each is then known apart."""
        return [self._added(note) for note in notes]

    def find(self, note: NoteDraft) -> str | None:
        """Return the id of the account's note with this key; ``None``: it has none.

        Raises ``CrmError``.
        """
        path = f"{self._module}/{note.account.record_id}/Notes"
        for page in count(1):
            params = {"fields": "Note_Title", "page": str(page), "per_page": str(_NOTES_A_PAGE)}
            found = self._client.read(path, "look for notes", _decoded, params=params)
            for each in found.data if found else ():
                if note.key in (each.title or ""):
                    return each.id
            if found is None or not found.info.more_records:
                break
        return None

    def _added(self, note: NoteDraft) -> Outcome:
        operation = "write a note"
        body = {
            "Note_Title": _titled(note),
            "Note_Content": cut(note.body, _BODY_LENGTH),
            "Parent_Id": {
                "module": {"api_name": self._module},
                "id": note.account.record_id,
            },
        }
        try:
            (item,) = self._client.write("POST", "Notes", operation, {"data": [body]})
        except CrmError as error:
            return error
        return self._judged(item, operation)

    def _judged(self, item: Item, operation: str) -> Outcome:
        if not item.well:
            return rejected(self._client, item, operation, {"Parent_Id": "account"})
        return receipt(self._client, item, operation, effect=WriteEffect.CREATED)


def _titled(note: NoteDraft) -> str:
    """Put the key behind the title, whatever must be cut for it."""
    return f"{cut(note.title, _TITLE_LENGTH - len(note.key) - 3)} [{note.key}]"


def _decoded(answer: Answer) -> _Notes:
    """Decode notes; one that was lost on the way must not look as if it were not written."""
    found = answer.decode(_NOTES)
    check_count(answer, found.info.count, len(found.data))
    return found
