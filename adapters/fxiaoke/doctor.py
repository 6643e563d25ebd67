"""Examines a Fenxiang connection: credentials, clock, objects, fields, options, the unique key."""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

from adapters.errors import CrmError
from adapters.fxiaoke.client import FxiaokeClient
from adapters.fxiaoke.events import key_warnings
from adapters.fxiaoke.fields import TEXT_TYPES
from adapters.fxiaoke.mapping import FxiaokeMapping
from adapters.fxiaoke.metadata import Describes, FieldDescribe, ObjectDescribe
from adapters.fxiaoke.provision import WantedField, credit_fields, task_fields
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
        kinds: tuple[Kind, ...],
        employees: Callable[[], Sequence[Owner]],
        default_owner: str | None,
        callback_key: str,
    ) -> None:
        self._client = client
        self._describes = describes
        self._mapping = mapping
        self._kinds = kinds
        self._employees = employees
        self._default_owner = default_owner
        self._callback_key = callback_key

    def examine(self) -> list[Finding]:
        """Examine everything; without credentials nothing further is tried."""
        findings = list(self._part("credentials", self._credentials))
        if any(finding.level is _ERROR for finding in findings):
            return findings
        for topic, part in (
            ("objects", self._objects),
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

    def _clock(self) -> Iterable[Finding]:
        if not self._client.clock_seen:
            note = "the platform's answers tell no time, so our clock could not be compared"
            yield _finding("clock", _WARNING, note, "see what stands between us and the platform")
        apart = self._client.server_now - self._client.http.pace.now()
        if abs(apart) > CLOCK_TOLERANCE:
            note = f"our clock and the platform's are {abs(apart).total_seconds():.0f} s apart"
            yield _finding("clock", _WARNING, note, "synchronise the server's clock (NTP)")

    def _objects(self) -> Iterable[Finding]:
        active = self._describes.active_objects()
        wanted = {self._mapping.object_of(kind): kind for kind in self._kinds}
        for name, kind in wanted.items():
            if name and name not in active:
                note = f"object {name} for {kind.value} is not active in this tenant"
                part = "invoices" if kind is Kind.CREDIT_NOTES else kind.value
                remedy = (
                    f"have the module enabled, or name the right object in mapping.{part}.object, "
                    "or set it to “”"
                )
                yield _finding("objects", _ERROR, note, remedy)

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
        for kind in self._kinds:
            name = self._mapping.object_of(kind)
            if not name or name not in active:
                continue
            described = self._describes.of(name)
            for names in self._mapping.candidates(kind):
                if not described.having(names):
                    yield _missing(described, kind, names, self._mapping)

    def _credit_fields(self) -> Iterable[Finding]:
        described = self._describes.of(self._mapping.accounts.object)
        for credit, wanted in credit_fields(self._mapping).items():
            field = described.fields.get(wanted.api_name)
            if field is None:
                note = f"{credit.value}: {described.api_name} has no field {wanted.api_name}"
                yield _finding("credit fields", _ERROR, note, self._provision)
            else:
                yield from _mismatch("credit fields", wanted, field)

    def _tasks(self) -> Iterable[Finding]:
        name = self._mapping.tasks.object
        if name not in self._describes.active_objects():
            yield _finding("tasks", _ERROR, f"object {name} does not exist", self._provision)
            return
        described = self._describes.of(name)
        for wanted in task_fields(self._mapping):
            field = described.fields.get(wanted.api_name)
            if field is None:
                note = f"{name} has no field {wanted.api_name}"
                yield _finding("tasks", _ERROR, note, self._provision)
            else:
                yield from _mismatch("tasks", wanted, field)
        key = described.fields.get(self._mapping.tasks.key)
        if key is not None and not key.unique:
            note = f"{name}.{key.api_name} is not unique: a lost answer costs a wait and a look"
            yield _finding("tasks", _WARNING, note, "tick “不允许重复” on the field")

    def _callback(self) -> Iterable[Finding]:
        if not self._callback_key:
            note = "no callback key: changes are seen by polling alone"
            remedy = "set secrets.callback_key and the callback address in 事件回调设置"
            yield _finding("callback", _WARNING, note, remedy)
            return
        remedy = "generate one of ours and set it as secrets.callback_key and in 事件回调设置"
        for note in key_warnings(self._callback_key):
            yield _finding("callback", _WARNING, note, remedy)


def _missing(
    described: ObjectDescribe, kind: Kind, names: tuple[str, ...], mapping: FxiaokeMapping
) -> Finding:
    fields = " or ".join(names)
    note = f"{kind.value}: {described.api_name} has no field {fields}; it is read as empty"
    key = mapping.key_of(kind, names)
    remedy = f"name the tenant's field in mapping.{key}, or make it empty"
    return _finding("fields", _WARNING, note, remedy)


def _mismatch(topic: str, wanted: WantedField, field: FieldDescribe) -> Iterable[Finding]:
    if not _fits(wanted.type, field.type):
        note = f"{field.api_name} is of type {field.type} and should be {wanted.type}"
        remedy = f"its type cannot be changed: create another field of type {wanted.type} in the "
        remedy += "console and name it in the mapping"
        yield _finding(topic, _ERROR, note, remedy)
        return
    if wanted.type == "select_one":
        known = {*field.options, *field.options.values()}
        lacking = [option for option in wanted.options if option not in known]
        if lacking:
            note = f"{field.api_name} lacks the options {', '.join(lacking)}"
            yield _finding(topic, _ERROR, note, "add them, or rename ours under mapping.options")
    if wanted.type == "currency" and (field.decimal_places or 0) < 2:
        note = f"{field.api_name} keeps {field.decimal_places or 0} decimal places: cents are lost"
        yield _finding(topic, _WARNING, note, "set it to 2 decimal places")


def _fits(wanted: str, there: str) -> bool:
    if wanted in TEXT_TYPES:
        return there in TEXT_TYPES
    numbers = ("number", "currency")
    return there == wanted or (wanted in numbers and there in numbers)


def _finding(topic: str, level: FindingLevel, message: str, remedy: str = "") -> Finding:
    return Finding(topic=topic, level=level, message=message, remedy=remedy)
