"""Calls the tenant's API the way a client would, in either style."""

from dataclasses import dataclass
from typing import Any

from werkzeug.test import Client

from sandbox.fxiaoke import FxiaokeTenant

__all__ = ["Caller"]

_STANDARD = "/cgi/crm/v2/data"
_CUSTOM = "/cgi/crm/custom/v2/data"
_HOME = {"REMOTE_ADDR": "127.0.0.1"}


@dataclass
class Caller:
    """A client with a token. ``user`` is who calls; ``legacy`` puts all into the body."""

    tenant: FxiaokeTenant
    user: str = "1000"
    legacy: bool = False
    token: str | None = None

    def raw(
        self, path: str, body: dict[str, Any], headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """POST as it is; every answer is HTTP 200 and JSON."""
        answer = Client(self.tenant.wsgi()).post(
            f"{path}?thirdTraceId=0b0e6a1c", json=body, headers=headers or {}, environ_base=_HOME
        )
        assert answer.status_code == 200
        found = answer.json
        assert isinstance(found, dict)
        return found

    def fetch_token(self) -> dict[str, Any]:
        """Ask the style's token endpoint."""
        known = self.tenant.credentials()
        body = {
            "appId": known["app_id"],
            "appSecret": known["app_secret"],
            "permanentCode": known["permanent_code"],
        }
        if self.legacy:
            return self.raw("/cgi/corpAccessToken/get/V2", body)
        return self.raw("/oauth2.0/token", body | {"grantType": "app_secret"})

    def call(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Call with a token, fetched once."""
        if self.token is None:
            answer = self.fetch_token()
            self.token = str(answer["corpAccessToken" if self.legacy else "accessToken"])
        known = self.tenant.credentials()
        if self.legacy:
            signed = {
                "corpAccessToken": self.token,
                "corpId": known["corp_id"],
                "currentOpenUserId": self._open_id(),
            }
            return self.raw(path, {**(body or {}), **signed})
        headers = {
            "authorization": f"Bearer {self.token}",
            "x-fs-ea": known["ea"],
            "x-fs-userid": self.user,
        }
        return self.raw(path, body or {}, headers)

    def data(
        self, action: str, api_name: str, more: dict[str, Any], **root: object
    ) -> dict[str, Any]:
        """Call a data endpoint under the prefix of the object."""
        prefix = _CUSTOM if api_name.endswith("__c") else _STANDARD
        return self.call(
            f"{prefix}/{action}", {"data": {"dataObjectApiName": api_name, **more}, **root}
        )

    def create(self, api_name: str, **values: object) -> dict[str, Any]:
        """Create a record with workflows off."""
        given = {"dataObjectApiName": api_name, **values}
        return self.data("create", api_name, {"object_data": given}, triggerWorkFlow=False)

    def update(self, api_name: str, record_id: str, **values: object) -> dict[str, Any]:
        """Update a record."""
        given = {"_id": record_id, "dataObjectApiName": api_name, **values}
        return self.data("update", api_name, {"object_data": given}, triggerWorkFlow=False)

    def get(self, api_name: str, record_id: str, **root: object) -> dict[str, Any]:
        """Get one record's answer."""
        return self.data("get", api_name, {"objectDataId": record_id}, **root)

    def query(
        self,
        api_name: str,
        *filters: tuple[str, str, list[object]],
        limit: int = 100,
        offset: int = 0,
        orders: list[tuple[str, bool]] | None = None,
        fields: list[str] | None = None,
        **root: object,
    ) -> dict[str, Any]:
        """Query with filters as (field, operator, values)."""
        info = {
            "limit": limit,
            "offset": offset,
            "filters": [
                {"field_name": name, "operator": operator, "field_values": values}
                for name, operator, values in filters
            ],
            "orders": [{"fieldName": name, "isAsc": up} for name, up in orders or []],
            "fieldProjection": fields or [],
        }
        return self.data("query", api_name, {"search_query_info": info}, **root)

    def names(self, api_name: str, *filters: tuple[str, str, list[object]]) -> list[str]:
        """Return the names that a query finds."""
        answer = self.query(api_name, *filters)
        assert answer["errorCode"] == 0, answer
        return [row["name"] for row in answer["data"]["dataList"]]

    def _open_id(self) -> str:
        found = self.tenant.state.staff.find(self.user)
        return found.open_id if found else self.user
