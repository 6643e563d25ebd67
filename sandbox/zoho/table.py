"""The records of one module: found by id and by unique value, and read in a kept order."""

from bisect import bisect_left, insort
from dataclasses import dataclass, field

__all__ = ["Row", "Table", "sort_key"]

Row = dict[str, object]
"""A record as stored: lookups and people as ids, times as whole seconds since 1970 (UTC)."""

Key = tuple[int, int]


def sort_key(row: Row, by: str) -> Key:
    """Return a row's place in the order by ``id``, ``Created_Time`` or ``Modified_Time``."""
    number = int(str(row["id"]))
    return (0, number) if by == "id" else (int(str(row[by])), number)


@dataclass(slots=True)
class Table:
    """Rows by id. Orders are kept once asked for; ids break ties, so every order is total."""

    rows: dict[str, Row] = field(default_factory=dict)
    deleted: list[Row] = field(default_factory=list)
    _unique: dict[str, dict[str, str]] = field(default_factory=dict)
    _orders: dict[str, list[tuple[Key, str]]] = field(default_factory=dict)

    def insert(self, row: Row) -> None:
        """Store a new row."""
        record_id = str(row["id"])
        self.rows[record_id] = row
        self._index(row)
        for by, order in self._orders.items():
            insort(order, (sort_key(row, by), record_id))

    def change(self, record_id: str, values: Row) -> None:
        """Set values of a row that exists."""
        row = self.rows[record_id]
        self._unplace(row)
        row.update(values)
        self._place(row)

    def remove(self, record_id: str) -> Row:
        """Take a row out and return it."""
        row = self.rows.pop(record_id)
        self._unplace(row)
        return row

    def order(self, by: str) -> list[tuple[Key, str]]:
        """Return (key, id) of every row, ascending; the list is the table's own, only read it."""
        if by not in self._orders:
            self._orders[by] = sorted((sort_key(row, by), rid) for rid, row in self.rows.items())
        return self._orders[by]

    def make_unique(self, api_name: str) -> bool:
        """Keep a field unique from now on; ``False`` where its values already repeat."""
        index: dict[str, str] = {}
        for record_id, row in self.rows.items():
            folded = _folded(row.get(api_name))
            if folded is not None and index.setdefault(folded, record_id) != record_id:
                return False
        self._unique[api_name] = index
        return True

    def drop_unique(self, api_name: str) -> None:
        """Let a field's values repeat again."""
        self._unique.pop(api_name, None)

    def holder(self, api_name: str, value: object) -> str | None:
        """Return the id of the row that holds a unique field's value."""
        folded = _folded(value)
        return None if folded is None else self._unique.get(api_name, {}).get(folded)

    def is_indexed(self, api_name: str) -> bool:
        """Tell whether ``holder`` can answer for this field."""
        return api_name in self._unique

    def _index(self, row: Row) -> None:
        for api_name, index in self._unique.items():
            folded = _folded(row.get(api_name))
            if folded is not None:
                index[folded] = str(row["id"])

    def _place(self, row: Row) -> None:
        self._index(row)
        for by, order in self._orders.items():
            insort(order, (sort_key(row, by), str(row["id"])))

    def _unplace(self, row: Row) -> None:
        for by, order in self._orders.items():
            entry = (sort_key(row, by), str(row["id"]))
            place = bisect_left(order, entry)
            if place < len(order) and order[place] == entry:
                del order[place]
        for api_name, index in self._unique.items():
            folded = _folded(row.get(api_name))
            if folded is not None:
                index.pop(folded, None)


def _folded(value: object) -> str | None:
    """Return a unique value without its case, as Zoho compares them; ``None`` is never unique."""
    return None if value is None or value == "" else str(value).casefold()
