"""One record, kept small: its own values, and the system fields as attributes."""

from bisect import bisect_left, insort
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter

from sandbox.fxiaoke.fields import ObjectDescribe

__all__ = ["ObjectTable", "Row", "reader"]


@dataclass(slots=True, kw_only=True)
class Row:
    """A record; ``values`` holds the fields of its object that are not empty."""

    id: str
    values: dict[str, object]
    owner: list[str]
    created_by: str
    modified_by: str
    created_ms: int
    modified_ms: int
    record_type: str = "default__c"
    life_status: str = "normal"
    status_before_invalid: str = ""
    locked: bool = False
    version: int = 1

    @property
    def live(self) -> bool:
        """Whether queries see it."""
        return self.life_status != "invalid"


_SYSTEM: Mapping[str, Callable[[Row], object]] = {
    "_id": attrgetter("id"),
    "owner": attrgetter("owner"),
    "created_by": lambda row: [row.created_by],
    "last_modified_by": lambda row: [row.modified_by],
    "create_time": attrgetter("created_ms"),
    "last_modified_time": attrgetter("modified_ms"),
    "version": lambda row: str(row.version),
    "record_type": attrgetter("record_type"),
    "life_status": attrgetter("life_status"),
    "lock_status": lambda row: "1" if row.locked else "0",
    "is_deleted": lambda _: False,
    "tenant_id": lambda _: "700001",
}


def reader(name: str) -> Callable[[Row], object]:
    """Return a function that reads one field of a row; ``None`` where it is empty."""
    system = _SYSTEM.get(name)
    return system if system is not None else lambda row: row.values.get(name)


@dataclass(slots=True)
class ObjectTable:
    """All records of one object, with the ids of the live ones in order."""

    describe: ObjectDescribe
    rows: dict[str, Row] = field(default_factory=dict)
    live_ids: list[str] = field(default_factory=list)
    unique: dict[str, dict[object, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin with the indexes of the unique fields."""
        self.index_unique_fields()

    def index_unique_fields(self) -> None:
        """Build the indexes of unique fields anew, after the fields have changed."""
        names = [each.api_name for each in self.describe.fields.values() if each.unique]
        self.unique = {name: {} for name in names}
        for row in self.rows.values():
            if row.live:
                self.index(row)

    def add(self, row: Row) -> None:
        """Take in a live row."""
        self.rows[row.id] = row
        self.show(row)

    def add_many(self, rows: list[Row]) -> None:
        """Take in many live rows at once."""
        self.rows |= {row.id: row for row in rows}
        self.live_ids = sorted([*self.live_ids, *(row.id for row in rows)])
        for row in rows:
            self.index(row)

    def show(self, row: Row) -> None:
        """Let queries see a row."""
        if not self.live_ids or row.id > self.live_ids[-1]:
            self.live_ids.append(row.id)
        else:
            insort(self.live_ids, row.id)
        self.index(row)

    def hide(self, row: Row) -> None:
        """Keep queries from seeing a row; its unique values become free."""
        place = bisect_left(self.live_ids, row.id)
        if place < len(self.live_ids) and self.live_ids[place] == row.id:
            del self.live_ids[place]
        self.unindex(row)

    def index(self, row: Row) -> None:
        """Note a row's unique values."""
        for name, known in self.unique.items():
            if (value := row.values.get(name)) is not None:
                known[value] = row.id

    def unindex(self, row: Row) -> None:
        """Forget a row's unique values."""
        for name, known in self.unique.items():
            if known.get(row.values.get(name)) == row.id:
                del known[row.values.get(name)]

    def clash(self, values: Mapping[str, object], own_id: str | None) -> str | None:
        """Return the unique field whose value another live row has."""
        for name, known in self.unique.items():
            holder = known.get(values.get(name))
            if holder is not None and holder != own_id:
                return name
        return None
