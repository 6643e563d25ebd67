"""Examines a Zoho connection.

Credentials, scopes, clock, modules, fields, picklists, the ledger, the key, bulk jobs.
"""

from collections.abc import Callable, Iterable
from datetime import timedelta

from adapters.errors import CrmError, NotPermitted, OutcomeUnknown, Refused
from adapters.port import Finding, FindingLevel
from adapters.remedies import remedy_of
from adapters.zoho.auth import BULK_SCOPES, lacking_scopes
from adapters.zoho.client import ZohoClient
from adapters.zoho.coql import select
from adapters.zoho.events import MAX_TOKEN
from adapters.zoho.metadata import Metadata
from adapters.zoho.names import NEEDED, ZohoMapping
from adapters.zoho.proposals import perhaps_field, perhaps_module
from adapters.zoho.provision import mismatch, wanted_fields
from scoring.money import UnknownCurrencyError, minor_digits
from scoring.records import Kind

__all__ = ["Doctor"]

CLOCK_TOLERANCE = timedelta(minutes=2)
_OK, _WARNING, _ERROR = FindingLevel.OK, FindingLevel.WARNING, FindingLevel.ERROR


class Doctor:
    """Collects findings; a part that cannot be examined is a finding itself."""

    def __init__(
        self,
        client: ZohoClient,
        metadata: Metadata,
        mapping: ZohoMapping,
        *,
        kinds: tuple[Kind, ...],
        default_owner: str | None,
        channel_token: str,
        ledger: Callable[[], Iterable[Finding]],
    ) -> None:
        self._client = client
        self._metadata = metadata
        self._mapping = mapping
        self._kinds = kinds
        self._default_owner = default_owner
        self._channel_token = channel_token
        self._ledger = ledger

    def examine(self) -> list[Finding]:
        """Examine everything; without credentials nothing further is tried."""
        self._metadata.forget()
        try:
            organisation = self._metadata.organisation()
        except CrmError as error:
            return [_finding("credentials", _ERROR, str(error), self._remedy(error))]
        findings = [_finding("credentials", _OK, f"signed in to {organisation.company_name}")]
        for topic, part in (
            ("clock", self._clock),
            ("currency", self._currency),
            ("modules", self._modules),
            ("fields", self._fields),
            ("computed fields", self._computed),
            ("statuses", self._statuses),
            ("ledger", self._ledger),
            ("credit fields", self._owned),
            ("owners", self._owners),
            ("scopes", self._scopes),
            ("exports", self._exports),
            ("bulk writes", self._bulk_writes),
            ("notifications", self._notifications),
        ):
            findings += self._part(topic, part)
        return findings

    @property
    def _reconnect(self) -> str:
        return f"authorise it again: `zixin connect zoho {self._client.system} --consent`"

    def _remedy(self, error: CrmError) -> str:
        return remedy_of(error, reconnect=self._reconnect, permit=self._reconnect)

    def _part(self, topic: str, part: Callable[[], Iterable[Finding]]) -> list[Finding]:
        found: list[Finding] = []
        try:
            found.extend(part())
        except CrmError as error:
            found.append(_finding(topic, _ERROR, str(error), self._remedy(error)))
        return found or [_finding(topic, _OK, "nothing to complain about")]

    def _clock(self) -> Iterable[Finding]:
        if not self._client.clock_seen:
            note = "Zoho's answers tell no time, so our clock could not be compared"
            yield _finding("clock", _WARNING, note, "see what stands between us and Zoho")
        apart = self._client.server_now - self._client.http.pace.now()
        if abs(apart) > CLOCK_TOLERANCE:
            note = f"our clock and Zoho's are {abs(apart).total_seconds():.0f} s apart"
            yield _finding("clock", _WARNING, note, "synchronise the server's clock (NTP)")

    def _currency(self) -> Iterable[Finding]:
        code = self._metadata.organisation().iso_code
        try:
            minor_digits(code)
        except UnknownCurrencyError as error:
            yield _finding("currency", _ERROR, str(error), "set the organisation's home currency")

    def _modules(self) -> Iterable[Finding]:
        there = self._metadata.modules()
        for kind in self._kinds:
            module = self._mapping.feed(kind).module
            if module and module not in there:
                note = f"there is no module {module} for {kind.value}"
                remedy = f"name the right one in mapping.{kind.value}.module, or set it to “”"
                remedy += perhaps_module(self._metadata, kind)
                yield _finding("modules", _ERROR, note, remedy)

    def _fields(self) -> Iterable[Finding]:
        modules = self._metadata.modules()
        for kind in self._kinds:
            names = self._mapping.feed(kind)
            if names.module not in modules:
                continue
            there = self._metadata.fields(names.module)
            for ours, api_name in names.fields().items():
                if api_name in there:
                    continue
                level, note = _WARNING, "it is read as empty"
                remedy = f"name the field in {names.path_of(kind, ours)}"
                if ours in NEEDED:
                    level, note = _ERROR, f"{kind.value} cannot be read without it"
                else:
                    remedy += ", or set it to “”"
                remedy += perhaps_field(self._metadata, self._mapping, kind, ours)
                told = f"{names.module} has no field {api_name}; {note}"
                yield _finding("fields", level, told, remedy)

    def _computed(self) -> Iterable[Finding]:
        """Name what changes without a trace in what is read of changes."""
        modules = self._metadata.modules()
        for kind in self._kinds:
            names = self._mapping.feed(kind)
            if names.module in modules:
                for api_name in self._metadata.computed(names):
                    note = (
                        f"{names.module}.{api_name} is worked out by Zoho: its changes are seen by "
                        "full reads alone, once in schedule.formula_refresh_hours"
                    )
                    yield _finding("computed fields", _OK, note)

    def _statuses(self) -> Iterable[Finding]:
        orders = self._mapping.orders
        if not orders.module or not orders.status:
            return
        field = self._metadata.fields(orders.module).get(orders.status)
        unknown = [
            value for value in (field.choices() if field else {}) if value not in orders.states
        ]
        if unknown:
            note = f"{orders.module}.{orders.status} knows values we do not: {', '.join(unknown)}"
            remedy = "say what they mean in mapping.orders.states; such orders are parked"
            yield _finding("statuses", _WARNING, note, remedy)

    def _owned(self) -> Iterable[Finding]:
        remedy = f"run `zixin provision {self._client.system}`"
        for module, wanted in wanted_fields(self._mapping).items():
            there = self._metadata.fields(module)
            for field in wanted:
                found = there.get(field.api_name)
                if found is None:
                    note = f"{module} has no field {field.api_name}"
                    yield _finding("credit fields", _ERROR, note, remedy)
                elif wrong := mismatch(found, field):
                    note = f"{module}.{field.api_name} {wrong}"
                    yield _finding("credit fields", _ERROR, note, "correct it in the CRM's setup")

    def _owners(self) -> Iterable[Finding]:
        active = {user.record_id for user in self._metadata.owners() if user.active}
        if self._default_owner and self._default_owner not in active:
            note = f"the default owner {self._default_owner} is no active user"
            yield _finding("owners", _ERROR, note, "set default_owner to an active user's id")

    def _scopes(self) -> Iterable[Finding]:
        """Read one account the way the feeds do, and compare what was granted where that is told."""
        module = self._mapping.accounts.module
        query = select(["id"], module, "id is not null", limit=1)
        self._client.coql(query, "try a query", lambda _: None, 1)
        path, params = f"{module}/deleted", {"type": "all", "per_page": "1", "page": "1"}
        self._client.read(path, "try the deletions", lambda _: None, params=params)
        lacking = lacking_scopes(self._client.granted_scopes, self._client.options)
        lacking = [each for each in lacking if each not in BULK_SCOPES]  # told of by themselves
        if lacking:
            yield _finding("scopes", _ERROR, f"not granted: {', '.join(lacking)}", self._reconnect)

    def _exports(self) -> Iterable[Finding]:
        """Ask for a job that cannot be: only who may export hears that there is none."""
        if self._client.options.export != "never" and not self._permitted(self._try_export):
            note = "large modules are read by queries, which cost more: exports are not permitted"
            yield _finding("exports", _WARNING, note, self._reconnect)

    def _bulk_writes(self) -> Iterable[Finding]:
        """Upload nothing and look after no job: only who may do so hears what is wrong with it."""
        if self._client.options.bulk_write == "never":
            return
        if not self._client.takes_files:
            note = "nobody knows where this data centre takes files: writes are single ones"
            remedy = 'name the host in options.content_url, or set options.bulk_write to "never"'
            yield _finding("bulk writes", _WARNING, note, remedy)
            return
        if not (self._permitted(self._try_upload) and self._permitted(self._try_job)):
            note = "many updates are written singly, which costs more: bulk jobs are not permitted"
            yield _finding("bulk writes", _WARNING, note, self._reconnect)

    @staticmethod
    def _permitted(probe: Callable[[], None]) -> bool:
        try:
            probe()
        except NotPermitted:
            return False
        except (Refused, OutcomeUnknown):  # the gateway before the files has no codes of errors
            return True
        return True

    def _try_export(self) -> None:
        self._client.read("bulk/read/1", "try an export", lambda _: None)

    def _try_upload(self) -> None:
        self._client.upload("try an upload", b"", {}, lambda _: None)

    def _try_job(self) -> None:
        self._client.read("bulk/write/1", "try a bulk write", lambda _: None)

    def _notifications(self) -> Iterable[Finding]:
        if not self._channel_token:
            note = "no channel token: changes are seen by polling alone"
            yield _finding("notifications", _WARNING, note, "set secrets.channel_token")
        elif len(self._channel_token) > MAX_TOKEN:
            note = f"the channel token is longer than the {MAX_TOKEN} characters Zoho sends back"
            yield _finding("notifications", _ERROR, note, "choose a shorter secrets.channel_token")


def _finding(topic: str, level: FindingLevel, message: str, remedy: str = "") -> Finding:
    return Finding(topic=topic, level=level, message=message, remedy=remedy)
