"""The tenant's records: every change goes through here, keeps the system fields and is told on.

Thread safety is the caller's: whoever touches the store holds its ``lock``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import RLock

from sandbox.clock import SandboxClock
from sandbox.fxiaoke.answers import EMPLOYEE_UNKNOWN, LOCKED, Refusal
from sandbox.fxiaoke.fields import REFERENCE_TYPES, FieldDescribe, ObjectDescribe
from sandbox.fxiaoke.options import TenantOptions
from sandbox.fxiaoke.people import Staff
from sandbox.fxiaoke.rows import ObjectTable, Row
from sandbox.fxiaoke.values import BadValue, instant_ms, keep

__all__ = ["Change", "RecordStore"]

_PEOPLE = frozenset({"employee", "employee_many"})
_SYSTEM_MADE = frozenset(
    {
        "_id",
        "object_describe_api_name",
        "object_describe_id",
        "dataObjectApiName",
        "package",
        "tenant_id",
        "version",
        "is_deleted",
        "lock_status",
        "created_by",
        "create_time",
        "last_modified_by",
        "last_modified_time",
        "life_status_before_invalid",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A committed change. ``event`` is its name in callbacks."""

    event: str
    api_name: str
    record_id: str
    at_ms: int


@dataclass(slots=True)
class RecordStore:
    """Objects and their records. ``listener`` hears of each committed change.

    ``unbought`` are objects of modules that the tenant does not have.
    """

    clock: SandboxClock
    options: TenantOptions
    staff: Staff
    tables: dict[str, ObjectTable] = field(default_factory=dict)
    lock: RLock = field(default_factory=RLock)
    listener: Callable[[Change], None] | None = None
    last_ms: int = 0
    unbought: list[ObjectDescribe] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)

    def add_object(self, describe: ObjectDescribe) -> None:
        """Add an object without records."""
        self.tables[describe.api_name] = ObjectTable(describe)

    def table(self, api_name: str) -> ObjectTable:
        """Return an object's records; refuses an object the tenant does not have."""
        found = self.tables.get(api_name)
        if found is None:
            raise self.rejected(f"对象[{api_name}]不存在或未启用")
        return found

    def row(self, api_name: str, record_id: object) -> Row:
        """Return one record, invalidated or not; refuses an unknown id."""
        found = self.table(api_name).rows.get(record_id) if isinstance(record_id, str) else None
        if found is None:
            raise self.rejected("数据不存在或已被删除")
        return found

    def rejected(self, message: str) -> Refusal:
        """Return a business refusal with the code that the options give it."""
        return Refusal(self.options.rejection_code, message)

    def next_ms(self) -> int:
        """Return a modified time later than every earlier one."""
        self.last_ms = max(self.last_ms + 1, instant_ms(self.clock.now()))
        return self.last_ms

    def next_number(self, api_name: str) -> int:
        """Return the next running number of an object, from 1."""
        self._numbers[api_name] = self._numbers.get(api_name, 0) + 1
        return self._numbers[api_name]

    def new_id(self, api_name: str, at_ms: int) -> str:
        """Return a 24-hex id: seconds, the object's place, its running number."""
        place = list(self.tables).index(api_name) + 1
        return f"{max(at_ms, 0) // 1000:08x}{place:06x}{self.next_number(api_name):010x}"

    def read_values(
        self, api_name: str, given: Mapping[str, object], *, lenient: bool = False
    ) -> dict[str, object]:
        """Check what a write names and return what is to be kept; empty fields as ``None``.

        ``lenient`` lets odd options and dangling references pass, as imports do.
        """
        fields = self.table(api_name).describe.fields
        kept: dict[str, object] = {}
        for name, value in given.items():
            if name in _SYSTEM_MADE or name.endswith("__o"):
                continue
            if name == "life_status" and not lenient:
                continue  # approval moves it, not a write
            described = fields.get(name)
            if described is None:
                if self.options.strict_fields:
                    raise self.rejected(f"对象[{api_name}]没有字段[{name}]")
                continue
            kept[name] = self._keep(described, value, lenient=lenient)
        return kept

    def _keep(self, described: FieldDescribe, value: object, *, lenient: bool) -> object:
        strict = self.options.strict_options and not lenient
        try:
            kept = keep(described, value, strict_options=strict)
        except BadValue as error:
            raise self.rejected(str(error)) from None
        if kept is None:
            return None
        if described.type in _PEOPLE and isinstance(kept, list):
            return self._people(kept)
        if described.type in REFERENCE_TYPES and not lenient:
            self._check_reference(described, kept)
        return kept

    def _people(self, ids: list[str]) -> list[str]:
        unknown = [each for each in ids if self.staff.find(each) is None]
        if unknown:
            raise Refusal(EMPLOYEE_UNKNOWN, f"employee {unknown[0]} not found", "员工不存在")
        return self.staff.plain_ids(ids)

    def _check_reference(self, described: FieldDescribe, value: object) -> None:
        target = self.tables.get(described.target or "")
        found = target.rows.get(str(value)) if target else None
        if target is not None and (found is None or not found.live):
            raise self.rejected(f"字段[{described.label}]({described.api_name})引用的数据不存在")

    def check_required(self, api_name: str, values: Mapping[str, object], *, partial: bool) -> None:
        """Refuse an empty required field; ``partial`` looks only at the fields named."""
        for described in self.table(api_name).describe.fields.values():
            name = described.api_name
            if not described.required or (partial and name not in values):
                continue
            if values.get(name) is None:
                raise self.rejected(f"必填字段[{described.label}]({name})不能为空")

    def insert(
        self,
        api_name: str,
        values: Mapping[str, object],
        actor_id: str,
        *,
        at_ms: int | None = None,
    ) -> Row:
        """Store a new record of checked values. ``at_ms`` is a create time of one's own."""
        table = self.table(api_name)
        self._check_unique(table, values, None)
        now = self.next_ms()
        owner = values.get("owner")
        row = Row(
            id=self.new_id(api_name, now),
            values={},
            owner=list(owner) if isinstance(owner, list) else [],
            created_by=actor_id,
            modified_by=actor_id,
            created_ms=now if at_ms is None else at_ms,
            modified_ms=now,
        )
        self._assign(row, values)
        self._number_name(table, row)
        table.add(row)
        self.tell("create", api_name, row.id)
        return row

    def change(self, api_name: str, row: Row, values: Mapping[str, object], actor_id: str) -> None:
        """Store checked values over a record's own; ``None`` empties a field."""
        table = self.table(api_name)
        self._check_unique(table, values, row.id)
        table.unindex(row)
        self._assign(row, values)
        if "owner" in values:
            owner = values["owner"]
            row.owner = list(owner) if isinstance(owner, list) else []
        table.index(row)
        self.touch("update", api_name, row, actor_id)

    def change_owner(self, api_name: str, row: Row, owner: list[str], actor_id: str) -> None:
        """Give a record another owner."""
        row.owner = self._people(owner)
        self.touch("changeOwner", api_name, row, actor_id)

    def invalidate(self, api_name: str, row: Row, actor_id: str) -> None:
        """Take a record out of every query."""
        if not row.live:
            raise self.rejected("数据已作废")
        row.status_before_invalid, row.life_status = row.life_status, "invalid"
        self.table(api_name).hide(row)
        self.touch("invalid", api_name, row, actor_id)

    def recover(self, api_name: str, row: Row, actor_id: str) -> None:
        """Bring an invalidated record back."""
        if row.live:
            raise self.rejected("数据未作废，不能恢复")
        table = self.table(api_name)
        self._check_unique(table, row.values, row.id)
        row.life_status, row.status_before_invalid = row.status_before_invalid or "normal", ""
        table.show(row)
        self.touch("recover", api_name, row, actor_id)

    def delete(self, api_name: str, row: Row) -> None:
        """Remove an invalidated record for good."""
        if row.live:
            raise self.rejected("只能删除已作废的数据")
        del self.table(api_name).rows[row.id]
        self.next_ms()
        self.tell("delete", api_name, row.id)

    def lock_row(self, api_name: str, row: Row, actor_id: str, *, locked: bool) -> None:
        """Lock or unlock a record."""
        row.locked = locked
        self.touch("update", api_name, row, actor_id)

    def check_unlocked(self, row: Row, verb: str) -> None:
        """Refuse to touch a locked record, with the platform's own misleading code."""
        if row.locked:
            raise Refusal(LOCKED, f"不能进行[{verb}]操作，以下这些数据已被锁定。")

    def touch(self, event: str, api_name: str, row: Row, actor_id: str) -> None:
        """Note who changed a record and when, and tell of it."""
        row.modified_by = actor_id
        row.modified_ms = self.next_ms()
        row.version += 1
        self.tell(event, api_name, row.id)

    def tell(self, event: str, api_name: str, record_id: str) -> None:
        """Tell the listener of a committed change."""
        if self.listener is not None:
            self.listener(
                Change(event=event, api_name=api_name, record_id=record_id, at_ms=self.last_ms)
            )

    def _assign(self, row: Row, values: Mapping[str, object]) -> None:
        for name, value in values.items():
            if name == "owner":
                continue
            if name == "record_type":
                row.record_type = str(value or "default__c")
            elif name == "life_status":
                row.life_status = str(value or "normal")
            elif value is None:
                row.values.pop(name, None)
            else:
                row.values[name] = value

    def _number_name(self, table: ObjectTable, row: Row) -> None:
        for described in table.describe.fields.values():
            if described.type == "auto_number" and described.api_name not in row.values:
                number = self._numbers[table.describe.api_name]
                day = self.clock.now().strftime("%Y%m%d")
                row.values[described.api_name] = f"{day}-{number:06d}"

    def _check_unique(
        self, table: ObjectTable, values: Mapping[str, object], own_id: str | None
    ) -> None:
        clash = table.clash(values, own_id)
        if clash is not None:
            label = table.describe.fields[clash].label
            raise Refusal(
                self.options.duplicate_code,
                f"字段[{label}]({clash})的值重复，已存在相同的数据",
                "唯一性校验失败",
            )
