"""Which path is answered by which endpoint."""

from collections.abc import Callable
from typing import Any, NamedTuple

from sandbox.fxiaoke import directory, reads, writes
from sandbox.fxiaoke.state import Asked, State

__all__ = ["LEGACY_TOKEN_PATH", "ROUTES", "TOKEN_PATH", "Route"]

TOKEN_PATH = "/oauth2.0/token"
LEGACY_TOKEN_PATH = "/cgi/corpAccessToken/get/V2"

Endpoint = Callable[[State, Asked], dict[str, Any]]


class Route(NamedTuple):
    """An endpoint; ``custom`` is which kind of object its path serves, ``None`` both."""

    endpoint: Endpoint
    custom: bool | None = None


_ACTIONS: dict[str, Endpoint] = {
    "query": reads.query_records,
    "get": reads.get_record,
    "create": writes.create_record,
    "update": writes.update_record,
    "changeOwner": writes.change_owner,
    "invalid": writes.invalidate_record,
    "recover": writes.recover_records,
    "delete": writes.delete_records,
}

ROUTES: dict[str, Route] = {
    **{f"/cgi/crm/v2/data/{name}": Route(act, custom=False) for name, act in _ACTIONS.items()},
    **{
        f"/cgi/crm/custom/v2/data/{name}": Route(act, custom=True) for name, act in _ACTIONS.items()
    },
    # The older form of custom objects, without v2; its invalid takes many ids.
    **{f"/cgi/crm/custom/data/{name}": Route(act, custom=True) for name, act in _ACTIONS.items()},
    "/cgi/crm/custom/data/invalid": Route(writes.invalidate_many, custom=True),
    "/cgi/crm/custom/v2/data/findSimple": Route(reads.find_simple),
    "/cgi/crm/custom/v2/data/findOne": Route(reads.find_one),
    "/cgi/crm/v2/object/list": Route(reads.list_objects),
    "/cgi/crm/v2/object/describe": Route(reads.describe_object),
    "/cgi/crm/v2/object/lock": Route(writes.lock_records),
    "/cgi/crm/v2/object/unlock": Route(writes.unlock_records),
    "/cgi/user/list": Route(directory.list_users),
    "/cgi/user/simpleList": Route(directory.simple_users),
    "/cgi/user/get": Route(directory.get_user),
    "/cgi/user/getByMobile": Route(directory.users_by_mobile),
    "/cgi/user/get/batchByUpdTime": Route(directory.changed_users),
    "/cgi/department/list": Route(directory.list_departments),
    "/cgi/message/send": Route(directory.send_message),
}
