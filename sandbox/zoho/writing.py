"""Inserts, updates, upserts and deletes records, each judged alone, results in order."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.zoho.errors import Refusal
from sandbox.zoho.rendering import renderer
from sandbox.zoho.state import RATES, Change, OrgState, WorkflowRun
from sandbox.zoho.table import Row
from sandbox.zoho.values import Place, stored_value

__all__ = ["DUPLICATE_FIELDS", "Batch", "run_batch"]

# Zoho's system duplicate fields of the modules here; custom modules have their Name.
DUPLICATE_FIELDS = {
    "Accounts": "Account_Name",
    "Contacts": "Email",
    "Deals": "Deal_Name",
    "Invoices": "Subject",
    "Sales_Orders": "Subject",
}
_CLOSED = "Completed"


@dataclass(slots=True, kw_only=True)
class Batch:
    """One write call: who writes, whether workflows run, and what has changed so far.

    ``unmodified_since`` refuses records changed after it (seconds). ``by_hand`` is a person in
    the CRM's own pages: locks do not stop the sandbox's operator.
    """

    state: OrgState
    module: str
    user: str
    workflows: bool = True
    unmodified_since: int | None = None
    by_hand: bool = False
    duplicate_fields: list[str] = field(default_factory=list)
    changes: dict[str, dict[str, dict[str, object]]] = field(default_factory=dict)

    def insert(self, item: Row, index: int) -> dict[str, object]:
        """Store a new record and return its result."""
        values = self._checked(item, index, creating=True)
        self._refuse_duplicates(values, index, own_id=None)
        record_id = self.state.record_id()
        row = self.state.new_row(
            self.module, record_id=record_id, by=self.user, at=self.state.now()
        )
        for meta in self.state.modules[self.module].fields.values():
            if meta.default is not None:
                row[meta.api_name] = meta.default
        row.update(values)
        if "Exchange_Rate" in row and "Exchange_Rate" not in values:
            row["Exchange_Rate"] = RATES.get(str(row["Currency"]), 1.0)
        self._derive(row, row)
        self.state.tables[self.module].insert(row)
        self._note("insert", record_id, values)
        return self._result(record_id, "record added")

    def update(self, item: Row, index: int) -> dict[str, object]:
        """Change a record that exists and return its result."""
        record_id = self._existing(item, index)
        row = self.state.tables[self.module].rows[record_id]
        self._refuse_stale(row)
        values = self._checked(item, index, creating=False)
        self._refuse_duplicates(values, index, own_id=record_id)
        changed: Row = {
            **values,
            "Modified_By": self.user,
            "Modified_Time": max(self.state.now(), int(str(row["Modified_Time"]))),
        }
        self._derive({**row, **values}, changed)
        self.state.tables[self.module].change(record_id, changed)
        self._note("update", record_id, values)
        return self._result(record_id, "record updated")

    def upsert(self, item: Row, index: int) -> dict[str, object]:
        """Update the record that a duplicate field finds, else insert; tell which."""
        found, by = self._find_duplicate(item)
        if found is None:
            result = self.insert(item, index)
        else:
            result = self.update({**item, "id": found}, index)
        return {**result, "action": "insert" if found is None else "update", "duplicate_field": by}

    def delete(self, item: Row, index: int) -> dict[str, object]:
        """Move a record to the recycle bin and return its result."""
        record_id = self._existing(item, index)
        table = self.state.tables[self.module]
        name = self.state.name_of(self.module, record_id)
        row = table.remove(record_id)
        table.deleted.append(
            {
                "id": record_id,
                "display_name": name,
                "type": "recycle",
                "deleted_time": self.state.now(),
                "deleted_by": self.user,
                "created_by": row["Created_By"],
            }
        )
        self._note("delete", record_id, {})
        details = {"id": record_id}
        return {
            "code": "SUCCESS",
            "details": details,
            "message": "record deleted",
            "status": "success",
        }

    def finish(self) -> None:
        """Tell the listeners, one change an operation."""
        self.state.tell(
            Change(module=self.module, operation=operation, ids=tuple(records), affected=records)
            for operation, records in self.changes.items()
        )

    def _existing(self, item: Row, index: int) -> str:
        place = Place(index, "id")
        given = item.get("id")
        if given in (None, ""):
            raise place.refuse("MANDATORY_NOT_FOUND", "required field not found")
        record_id = str(given)
        row = self.state.tables[self.module].rows.get(record_id)
        if row is None:
            raise place.refuse("INVALID_DATA", "the id given seems to be invalid", id=record_id)
        if row.get("Locked__s") is True and not self.by_hand:
            raise place.refuse("RECORD_LOCKED", "the record is locked", action="record_locking")
        return record_id

    def _refuse_stale(self, row: Row) -> None:
        if self.unmodified_since is None or int(str(row["Modified_Time"])) <= self.unmodified_since:
            return
        raise Refusal(
            "ALREADY_MODIFIED", "the record has been modified", self._stamp(str(row["id"]))
        )

    def _checked(self, item: Row, index: int, *, creating: bool) -> Row:
        """Return the stored form of every value given. Raises ``Refusal`` for the first wrong."""
        known = self.state.modules[self.module].fields
        self._check_mandatory(item, index, creating=creating)
        se_module = self._se_module(item, index)
        values: Row = {} if se_module is None else {"$se_module": se_module}
        for name, value in item.items():
            meta = known.get(name)
            if meta is None or (meta.system and not (self.by_hand and name == "Locked__s")):
                continue
            place = Place(index, name)
            if meta.read_only:
                raise place.refuse("NOT_ALLOWED", "the field is read only")
            values[name] = stored_value(self.state, meta, value, place, se_module=se_module)
        return values

    def _check_mandatory(self, item: Row, index: int, *, creating: bool) -> None:
        for name, meta in self.state.modules[self.module].fields.items():
            if meta.mandatory and (creating or name in item) and item.get(name) in (None, ""):
                raise Place(index, name).refuse("MANDATORY_NOT_FOUND", "required field not found")

    def _se_module(self, item: Row, index: int) -> str | None:
        if self.module != "Tasks" or not item.get("What_Id"):
            return None
        given = item.get("$se_module")
        place = Place(index, "$se_module")
        if not given:
            raise place.refuse("MANDATORY_NOT_FOUND", "required field not found")
        if str(given) not in self.state.modules:
            raise place.refuse("INVALID_DATA", "invalid data")
        return str(given)

    def _refuse_duplicates(self, values: Row, index: int, *, own_id: str | None) -> None:
        table = self.state.tables[self.module]
        for name, value in values.items():
            holder = table.holder(name, value)
            if holder is None or holder == own_id:
                continue
            module = self.state.modules[self.module]
            raise Place(index, name).refuse(
                "DUPLICATE_DATA",
                "duplicate data",
                duplicate_record={
                    "id": holder,
                    "Owner": self.state.person(table.rows[holder]["Owner"]),
                    "module": {"api_name": module.api_name, "id": module.id},
                },
                more_records=False,
            )

    def _find_duplicate(self, item: Row) -> tuple[str | None, str | None]:
        """Return the record meant and the field that found it; a given id wins."""
        table = self.state.tables[self.module]
        if str(item.get("id")) in table.rows:
            return str(item["id"]), None
        for name in self.duplicate_fields:
            wanted = item.get(name)
            if wanted in (None, ""):
                continue
            if table.is_indexed(name):
                holder = table.holder(name, wanted)
            else:
                folded = str(wanted).casefold()
                rows = table.rows.items()
                holder = next((k for k, r in rows if str(r.get(name)).casefold() == folded), None)
            if holder is not None:
                return holder, name
        return None, None

    def _derive(self, row: Row, into: Row) -> None:
        """Set what the server works out itself."""
        if self.module == "Contacts":
            parts = (row.get("First_Name"), row.get("Last_Name"))
            into["Full_Name"] = " ".join(str(part) for part in parts if part)
        if self.module == "Tasks":
            closed = row.get("Status") == _CLOSED
            into["Closed_Time"] = (row.get("Closed_Time") or self.state.now()) if closed else None

    def _note(self, operation: str, record_id: str, values: Row) -> None:
        """Remember the change for the listeners, values as the API shows them."""
        known = self.state.modules[self.module].fields
        row = self.state.tables[self.module].rows.get(record_id, {})
        shown = {name: renderer(self.state, known[name])(row) for name in values if name in known}
        self.changes.setdefault(operation, {}).setdefault(record_id, {}).update(shown)
        if self.workflows:
            self.state.workflow_runs.append(
                WorkflowRun(module=self.module, record_id=record_id, operation=operation)
            )

    def _result(self, record_id: str, message: str) -> dict[str, object]:
        details = {**self._stamp(record_id), "$approval_state": "approved"}
        return {"code": "SUCCESS", "details": details, "message": message, "status": "success"}

    def _stamp(self, record_id: str) -> dict[str, object]:
        row = self.state.tables[self.module].rows[record_id]
        return {
            "id": record_id,
            "Created_Time": self.state.iso(row["Created_Time"]),
            "Modified_Time": self.state.iso(row["Modified_Time"]),
            "Created_By": self.state.person(row["Created_By"]),
            "Modified_By": self.state.person(row["Modified_By"]),
        }


def run_batch(
    batch: Batch, items: list[object], act: Callable[[Row, int], dict[str, object]]
) -> list[dict[str, object]]:
    """Do ``act`` for each item and return one result each, in order; then tell what changed."""
    results = []
    for index, item in enumerate(items):
        try:
            if not isinstance(item, dict):
                details = {"expected_data_type": "jsonobject", "json_path": f"$.data[{index}]"}
                raise Refusal("INVALID_DATA", "invalid data", details)  # noqa: TRY301 one exit for refusals
            results.append(act(item, index))
        except Refusal as refusal:
            results.append(refusal.item())
    batch.finish()
    return results
