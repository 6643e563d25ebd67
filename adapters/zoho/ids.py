"""What an id is, and the ids of a module alone, for the sweep that trusts no list of deletions."""

import msgspec

from adapters.errors import ContractBroken
from adapters.http import Answer
from adapters.port import IdPage
from adapters.zoho.client import ZohoClient
from adapters.zoho.coql import literal, select

__all__ = ["is_id", "page_of_ids"]

_ID_DIGITS = range(1, 20)


class _Id(msgspec.Struct, frozen=True, kw_only=True):
    id: str


class _Info(msgspec.Struct, frozen=True, kw_only=True):
    more_records: bool = False


class _Ids(msgspec.Struct, frozen=True, kw_only=True):
    data: list[_Id]
    info: _Info = _Info()


_IDS = msgspec.json.Decoder(_Ids)


def is_id(text: str) -> bool:
    """Tell whether a text may be an id of Zoho's."""
    return text.isascii() and text.isdecimal() and len(text) in _ID_DIGITS


def page_of_ids(client: ZohoClient, module: str, after: str) -> IdPage:
    """Read the next ids in their order, as many as a query gives. Raises ``CrmError``."""
    limit = client.options.page_rows
    where = f"id > {literal(after)}" if after else "id is not null"
    query = select(["id"], module, where, order="id asc", limit=limit)
    found = client.coql(query, f"list ids of {module}", _decoded, limit)
    if found is None:
        return IdPage(ids=())
    ids = tuple(each.id for each in found.data)
    if not found.info.more_records:
        return IdPage(ids=ids)
    last = max((int(each) for each in ids), default=0)
    if last <= int(after or 0):
        sentence = "the ids are not in order"
        raise ContractBroken(sentence, system=client.system, operation=f"list ids of {module}")
    return IdPage(ids=ids, after=str(last))


def _decoded(answer: Answer) -> _Ids:
    return answer.decode(_IDS)
