"""Examines a Fenxiang connection: credentials, clock, objects, fields, options, the unique key."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta

from adapters.errors import CrmError
from adapters.fxiaoke.apl_events import apl_key_warnings
from adapters.fxiaoke.checking import check_line
from adapters.fxiaoke.client import FxiaokeClient
from adapters.fxiaoke.events import key_warnings
from adapters.fxiaoke.mapping import FxiaokeMapping
from adapters.fxiaoke.metadata import Describes, ObjectDescribe
from adapters.fxiaoke.names import Receivables
from adapters.fxiaoke.proposals import perhaps_field, perhaps_object
from adapters.fxiaoke.provision import checklist
from adapters.fxiaoke.receivables import (
    ReceivablesChooser,
    Source,
    objects_of,
    part_of,
    read_fields,
)
from adapters.port import Finding, FindingLevel
from adapters.remedies import remedy_of
from scoring.records import Kind, Owner

__all__ = ["Doctor"]

CLOCK_TOLERANCE = timedelta(minutes=2)
_OK, _WARNING, _ERROR = FindingLevel.OK, FindingLevel.WARNING, FindingLevel.ERROR
_RECONNECT = "copy app_id, app_secret and permanent_code again from the application's page"


class Doctor:
    """Collects findings; a part that cannot be examined is a finding itself."""

    def __init__(
        self,
        client: FxiaokeClient,
        describes: Describes,
        mapping: FxiaokeMapping,
        *,
        chooser: ReceivablesChooser,
        employees: Callable[[], Sequence[Owner]],
        default_owner: str | None,
        callback_key: str,
        apl_key: str,
    ) -> None:
        self._client = client
        self._describes = describes
        self._mapping = mapping
        self._chooser = chooser
        self._employees = employees
        self._default_owner = default_owner
        self._callback_key = callback_key
        self._apl_key = apl_key

    def examine(self) -> list[Finding]:
        """Examine everything; without credentials nothing further is tried."""
        findings = list(self._part("credentials", self._credentials))
        if any(finding.level is _ERROR for finding in findings):
            return findings
        for topic, part in (
            ("objects", self._objects),
            ("receivables", self._receivables),
            ("clock", self._clock),
            ("employees", self._people),
            ("records", self._records),
            ("fields", self._fields),
            ("credit fields", self._credit_fields),
            ("tasks", self._tasks),
            ("callback", self._callback),
        ):
            findings.extend(self._part(topic, part))
        return findings

    def _part(self, topic: str, part: Callable[[], Iterable[Finding]]) -> list[Finding]:
        try:
            found = list(part())
        except CrmError as error:
            user = self._client.options.user_id
            permit = f"give employee {user} the role CRM 管理员, or name another in options.user_id"
            remedy = remedy_of(error, reconnect=_RECONNECT, permit=permit)
            return [_finding(topic, _ERROR, str(error), remedy)]
        return found or [_finding(topic, _OK, "nothing to complain about")]

    def _credentials(self) -> Iterable[Finding]:
        self._client.sign_in()
        return [_finding("credentials", _OK, "the platform gave us a token")]

    @property
    def _provision(self) -> str:
        return f"run `zixin provision {self._client.system}` and follow its checklist"

    @property
    def _new_key(self) -> str:
        return f"zixin connect fxiaoke {self._client.system} --new-key"

    def _clock(self) -> Iterable[Finding]:
        if not self._client.clock_seen:
            note = "the platform's answers tell no time, so our clock could not be compared"
            yield _finding("clock", _WARNING, note, "see what stands between us and the platform")
        apart = self._client.server_now - self._client.http.pace.now()
        if abs(apart) > CLOCK_TOLERANCE:
            note = f"our clock and the platform's are {abs(apart).total_seconds():.0f} s apart"
            yield _finding("clock", _WARNING, note, "synchronise the server's clock (NTP)")

    def _objects(self) -> Iterable[Finding]:
        choice, active = self._chooser.choice(), self._describes.active_objects()
        for kind, why in choice.skipped.items():
            note = f"{why} in this tenant: the feed of {kind.value} is skipped"
            (name,) = objects_of(kind, choice.source, self._mapping)
            part = part_of(kind, name, choice.source, self._mapping)
            yield _finding("objects", _WARNING, note, _right_object(kind, part, active))
        for kind in choice.kinds:
            for name in objects_of(kind, choice.source, self._mapping):
                if name not in active:
                    note = f"object {name} for {kind.value} is not active in this tenant"
                    part = part_of(kind, name, choice.source, self._mapping)
                    yield _finding("objects", _ERROR, note, _right_object(kind, part, active))

    def _receivables(self) -> Iterable[Finding]:
        choice = self._chooser.choice()
        note = f"claims are read from {choice.source.value}, {choice.why}"
        remedy = ""
        if self._mapping.receivables is Receivables.AUTO:
            remedy = f'to keep it so, write receivables = "{choice.source.value}" in the mapping'
        yield _finding("receivables", _OK, note, remedy)
        if choice.source is Source.NOTES and Kind.ALLOCATIONS in choice.skipped:
            yield _unmatched(self._mapping, open_only=choice.open_only)

    def _people(self) -> Iterable[Finding]:
        active = {owner.record_id: owner.active for owner in self._employees()}
        default = self._default_owner
        if default is None:
            note = "no default_owner: tasks of customers in a pool go to the calling employee"
            remedy = "set the connection's default_owner to the credit manager's employee id"
            yield _finding("employees", _WARNING, note, remedy)
        elif not active.get(default):
            note = f"default_owner {default} is not an active employee"
            remedy = "set the connection's default_owner to an active employee's id"
            yield _finding("employees", _ERROR, note, remedy)
        yield from self._owner_ids(set(active))

    def _owner_ids(self, employees: set[str]) -> Iterable[Finding]:
        """Compare the ids that customers name their owners by with those of the list.

        Nobody documents in which form either travels in header style.
        """
        names = self._mapping.accounts
        if not names.owner:
            return
        search = {"filters": [], "orders": [], "fieldProjection": ["_id", names.owner]}
        rows, _ = self._client.query(names.object, search)
        owners = {owner for row in rows if (owner := _text(row.get(names.owner)))}
        if owners and not owners & employees:
            note = f"customers name owners such as {min(owners)}, whom the list of employees lacks"
            remedy = "set options.convert_user_id, or correct the list's visibility"
            yield _finding("employees", _WARNING, note, remedy)

    def _records(self) -> Iterable[Finding]:
        """Count what the calling employee sees: rights on data hide records without a word."""
        name, user = self._mapping.accounts.object, self._client.options.user_id
        if name not in self._describes.active_objects():
            return
        search = {"limit": 1, "filters": [], "orders": [], "fieldProjection": ["_id"]}
        rows, total = self._client.query(name, search, count=True)
        remedy = f"compare with the web page; where it shows more, give {user} the role CRM 管理员"
        note = f"employee {user} sees {max(total, len(rows))} records of {name}"
        yield _finding("records", _OK if rows else _WARNING, note, remedy)

    def _fields(self) -> Iterable[Finding]:
        active = self._describes.active_objects()
        choice = self._chooser.choice()
        for kind in choice.kinds:
            for name in objects_of(kind, choice.source, self._mapping):
                if name not in active:
                    continue
                described = self._describes.of(name)
                part = part_of(kind, name, choice.source, self._mapping)
                for names in read_fields(kind, name, choice.source, self._mapping):
                    if not described.having(names):
                        key = self._mapping.key_of(part, names)
                        yield _missing(described, kind, names, key, self._mapping)

    def _credit_fields(self) -> Iterable[Finding]:
        described = self._describes.of(self._mapping.accounts.object)
        return self._lines("credit fields", described)

    def _tasks(self) -> Iterable[Finding]:
        name = self._mapping.tasks.object
        if name not in self._describes.active_objects():
            yield _finding("tasks", _ERROR, f"object {name} does not exist", self._provision)
            return
        yield _finding("tasks", _OK, f"object {name} is there")
        described = self._describes.of(name)
        yield from self._lines("tasks", described)
        if self._mapping.tasks.native_id in described.fields:
            yield from self._native_tasks()

    def _lines(self, topic: str, described: ObjectDescribe) -> Iterable[Finding]:
        """Confirm the lines of the checklist for an object, one finding for each."""
        for line in checklist(self._mapping):
            if line.object_name == described.api_name and line.field is not None:
                yield check_line(topic, line.field, described, self._provision)

    def _native_tasks(self) -> Iterable[Finding]:
        """See whether the tenant's function has done its work on the newest tasks."""
        names = self._mapping.tasks
        search = {
            "filters": [],
            "orders": [{"fieldName": "_id", "isAsc": False}],
            "fieldProjection": ["_id", names.native_id],
        }
        rows, _ = self._client.query(names.object, search)
        if rows and not any(row.get(names.native_id) for row in rows):
            note = f"none of {len(rows)} tasks has a native one in {names.native_id}"
            remedy = f"bind the function of `zixin provision {self._client.system} --apl` to a workflow of the object"
            yield _finding("tasks", _WARNING, note, remedy)

    def _callback(self) -> Iterable[Finding]:
        if not self._callback_key and not self._apl_key:
            note = "no callback key: changes are seen by polling alone"
            remedy = "set secrets.callback_key and the callback address in 事件回调设置"
            yield _finding("callback", _WARNING, note, remedy)
        for note in key_warnings(self._callback_key) if self._callback_key else ():
            remedy = f"make another with `{self._new_key} callback_key`, for 事件回调设置, too"
            yield _finding("callback", _WARNING, note, remedy)
        for note in apl_key_warnings(self._apl_key) if self._apl_key else ():
            remedy = f"make another with `{self._new_key} apl_key`"
            yield _finding("callback", _WARNING, note, remedy)


def _unmatched(mapping: FxiaokeMapping, *, open_only: bool) -> Finding:
    """Say what becomes of notes whose payments cannot be read."""
    names, remedy = mapping.invoices, "name the object that matches them under mapping.allocations"
    if open_only:
        note = f"payments cannot be matched with notes: they count by {' or '.join(names.open)}"
        return _finding("receivables", _WARNING, f"{note}, and what was paid late is lost", remedy)
    note = "payments cannot be matched with notes, and what is open of a note is not there either"
    return _finding("receivables", _ERROR, f"{note}: nothing would ever be paid", remedy)


def _text(people: object) -> str:
    """Read the first of a list of people."""
    first = people[0] if isinstance(people, list) and people else people
    return first if isinstance(first, str) else ""


def _right_object(kind: Kind, part: str, active: Mapping[str, str]) -> str:
    remedy = f"have the module enabled, or name the right object in mapping.{part}.object, "
    return remedy + "or set it to “”" + perhaps_object(active, kind)


def _missing(
    described: ObjectDescribe,
    kind: Kind,
    names: tuple[str, ...],
    key: str,
    mapping: FxiaokeMapping,
) -> Finding:
    fields = " or ".join(names)
    note = f"{kind.value}: {described.api_name} has no field {fields}; it is read as empty"
    remedy = f"name the tenant's field in mapping.{key}, or make it empty"
    remedy += perhaps_field(described, mapping, kind, key.rpartition(".")[2])
    return _finding("fields", _WARNING, note, remedy)


def _finding(topic: str, level: FindingLevel, message: str, remedy: str = "") -> Finding:
    return Finding(topic=topic, level=level, message=message, remedy=remedy)
