"""The tenant's employees under both kinds of id: the CRM's own and the platform's ``FSUID_…``."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

__all__ = ["ADMIN_ID", "COMPANY_DEPARTMENT", "DEFAULT_STAFF", "Employee", "Staff"]

ADMIN_ID = "1000"
COMPANY_DEPARTMENT = 999_999
_SALES_DEPARTMENT = 1100
_TENANT_NUMBER = 700_001


@dataclass(frozen=True, slots=True, kw_only=True)
class Employee:
    """A person with a seat. ``stopped`` has left; ``admin`` sees every record."""

    id: str
    name: str
    email: str = ""
    mobile: str = ""
    leader_id: str = ADMIN_ID
    stopped: bool = False
    admin: bool = False
    updated_ms: int = 0

    @property
    def open_id(self) -> str:
        """The platform's id for this person."""
        return f"FSUID_{int(self.id) * 2_654_435_761 % 2**32:08X}"


DEFAULT_STAFF = (
    Employee(id=ADMIN_ID, name="集成管理员", email="integration@example.com", admin=True),
    Employee(id="1001", name="李销售", email="sales@example.com", mobile="13800000001"),
    Employee(id="1002", name="王离职", email="left@example.com", stopped=True),
)


@dataclass(slots=True)
class Staff:
    """Everybody, by either id."""

    _by_id: dict[str, Employee] = field(default_factory=dict)
    _by_open_id: dict[str, Employee] = field(default_factory=dict)

    def add(self, *employees: Employee) -> None:
        """Add people; one of the same id is replaced."""
        for each in employees:
            self._by_id[each.id] = each
            self._by_open_id[each.open_id] = each

    def find(self, any_id: object) -> Employee | None:
        """Return the employee with this id, in either form."""
        if not isinstance(any_id, str):
            return None
        return self._by_id.get(any_id) or self._by_open_id.get(any_id)

    def everybody(self) -> list[Employee]:
        """Return all, by id."""
        return [self._by_id[each] for each in sorted(self._by_id)]

    def plain_ids(self, ids: Iterable[str]) -> list[str]:
        """Return the CRM's own form of ids; unknown ones stay as they are."""
        return [found.id if (found := self.find(each)) else each for each in ids]

    def open_ids(self, ids: Iterable[str]) -> list[str]:
        """Return the platform's form of ids; unknown ones stay as they are."""
        return [found.open_id if (found := self.find(each)) else each for each in ids]

    def expansion(self, plain_id: str) -> dict[str, Any]:
        """Return the person as ``owner__r`` shows it: the id inside is always the plain one."""
        found = self._by_id.get(plain_id)
        if found is None:
            return {"id": "-10000", "name": "系统"}
        return {
            "id": found.id,
            "tenantId": str(_TENANT_NUMBER),
            "name": found.name,
            "nickname": found.name,
            "email": found.email,
            "phone": found.mobile,
            "post": "",
            "dept": str(_SALES_DEPARTMENT),
            "empNum": found.id,
            "supervisorId": found.leader_id,
            "status": int(found.stopped),
            "picAddr": "",
            "description": "",
            "createTime": 0,
            "modifyTime": found.updated_ms,
        }
