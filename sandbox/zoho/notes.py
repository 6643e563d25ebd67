"""Notes: short texts on a record. They are no records of a module: no export, no unique field."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sandbox.zoho.asking import Answer, Ask
from sandbox.zoho.errors import Refusal
from sandbox.zoho.records_api import MOST_RECORDS, mixed
from sandbox.zoho.state import OrgState
from sandbox.zoho.values import Place

__all__ = ["NoteDesk"]

_MOST_TITLE, _MOST_CONTENT = 120, 32_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Note:
    id: str
    title: str | None
    content: str | None
    module: str
    parent: str
    by: str
    at: int


@dataclass(slots=True)
class NoteDesk:
    """Keeps the notes. Callers hold the state's lock."""

    state: OrgState
    _notes: list[_Note] = field(default_factory=list)

    def create(self, ask: Ask) -> Answer:
        """``POST /Notes``: each note names its parent."""
        return self._create(ask, {})

    def create_on(self, ask: Ask, module: str, record_id: str) -> Answer:
        """``POST /{module}/{id}/Notes``."""
        return self._create(ask, {"module": {"api_name": module}, "id": record_id})

    def listing(self, ask: Ask) -> Answer:
        """``GET /Notes``."""
        return self._listed(ask, self._notes)

    def listing_of(self, ask: Ask, module: str, record_id: str) -> Answer:
        """``GET /{module}/{id}/Notes``."""
        self.state.module(module)
        return self._listed(
            ask, [n for n in self._notes if (n.module, n.parent) == (module, record_id)]
        )

    def shown(self) -> list[dict[str, object]]:
        """Return every note as the API shows it, the newest first."""
        return [self._shown(note) for note in reversed(self._notes)]

    def _create(self, ask: Ask, parent: Mapping[str, object]) -> Answer:
        results = []
        items = ask.items("data", most=MOST_RECORDS)
        for index, item in enumerate(items):
            given = item if isinstance(item, dict) else {}
            try:
                results.append(
                    self._added(ask, {**given, **({"Parent_Id": parent} if parent else {})}, index)
                )
            except Refusal as refusal:
                results.append(refusal.item())
        answer = mixed(results, well=201, root="data")
        answer.credits = -(-len(items) // 10)
        return answer

    def _added(self, ask: Ask, item: Mapping[str, object], index: int) -> dict[str, object]:
        title = _text(item, "Note_Title", _MOST_TITLE, index)
        content = _text(item, "Note_Content", _MOST_CONTENT, index)
        if not title and not content:
            expected = [
                {"api_name": name, "json_path": f"$.data[{index}].{name}"}
                for name in ("Note_Title", "Note_Content")
            ]
            details: dict[str, object] = {"expected_fields": expected}
            raise Refusal("EXPECTED_FIELD_MISSING", "one of the fields is expected", details)
        module, parent = self._parent(item.get("Parent_Id"), index)
        note = _Note(
            id=self.state.record_id(),
            title=title,
            content=content,
            module=module,
            parent=parent,
            by=ask.user,
            at=self.state.now(),
        )
        self._notes.append(note)
        return {
            "code": "SUCCESS",
            "details": {"id": note.id, **self._stamp(note)},
            "message": "record added",
            "status": "success",
        }

    def _parent(self, given: object, index: int) -> tuple[str, str]:
        place = Place(index, "Parent_Id")
        if not isinstance(given, Mapping) or not given.get("id"):
            raise place.refuse("MANDATORY_NOT_FOUND", "required field not found")
        named = given.get("module")
        module = str(named.get("api_name")) if isinstance(named, Mapping) else ""
        if module not in self.state.modules:
            raise place.refuse("MANDATORY_NOT_FOUND", "required field not found")
        if str(given["id"]) not in self.state.tables[module].rows:
            raise place.refuse("INVALID_DATA", "the related id given seems to be invalid")
        return module, str(given["id"])

    def _listed(self, ask: Ask, notes: list[_Note]) -> Answer:
        names = ask.required("fields").split(",")
        per_page, page = ask.per_page(), ask.number("page", 1)
        newest_first = list(reversed(notes))
        part = newest_first[(page - 1) * per_page : page * per_page]
        if not part:
            return Answer(status=204)
        data = [
            {k: v for k, v in self._shown(note).items() if k in (*names, "id")} for note in part
        ]
        more = len(newest_first) > page * per_page
        info = {"per_page": per_page, "count": len(part), "page": page, "more_records": more}
        return Answer(body={"data": data, "info": info})

    def _shown(self, note: _Note) -> dict[str, object]:
        return {
            "id": note.id,
            "Note_Title": note.title,
            "Note_Content": note.content,
            "Parent_Id": {
                "id": note.parent,
                "name": self.state.name_of(note.module, note.parent),
                "module": {
                    "api_name": note.module,
                    "id": self.state.modules[note.module].id,
                },
            },
            "Owner": self.state.person(note.by),
            **self._stamp(note),
        }

    def _stamp(self, note: _Note) -> dict[str, object]:
        at, by = self.state.iso(note.at), self.state.person(note.by)
        return {"Created_Time": at, "Modified_Time": at, "Created_By": by, "Modified_By": by}


def _text(item: Mapping[str, object], name: str, most: int, index: int) -> str | None:
    value = item.get(name)
    if value is not None and not isinstance(value, str):
        raise Place(index, name).wrong_type("text")
    if value and len(value) > most:
        raise Place(index, name).refuse("INVALID_DATA", "invalid data", maximum_length=most)
    return value or None
