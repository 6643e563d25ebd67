"""What the organisation says about itself: modules, fields, currency, people. Kept for hours."""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from adapters.errors import ContractBroken
from adapters.zoho.client import ZohoClient
from adapters.zoho.names import FeedNames
from scoring.records import Owner

__all__ = ["Choice", "FieldMeta", "Metadata", "Organisation"]

KEPT_SECONDS = 6 * 60 * 60  # for readers: a query whose field is gone fails, and they look again
KEPT_FOR_WRITERS_SECONDS = 15 * 60  # Zoho passes over a field it does not have without a word
SECOND_LOOK_SECONDS = 30
USERS_PER_PAGE = 200

T = TypeVar("T")


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One value of a picklist. ``type``: ``used`` or ``unused``."""

    display_value: str = ""
    actual_value: str = ""
    type: str = "used"


class _Operations(msgspec.Struct, frozen=True, kw_only=True):
    api_update: bool = True


class FieldMeta(msgspec.Struct, frozen=True, kw_only=True):
    """One field of a module."""

    api_name: str
    field_label: str = ""
    data_type: str = ""
    length: int | None = None
    decimal_place: int | None = None
    read_only: bool = False
    field_read_only: bool = False
    unique: dict[str, Any] | None = None
    pick_list_values: list[Choice] | None = None
    operation_type: _Operations = _Operations()

    @property
    def is_unique(self) -> bool:
        """Whether no two records may hold the same value."""
        return bool(self.unique)

    @property
    def is_computed(self) -> bool:
        """Whether Zoho works it out by itself, without touching the record's ``Modified_Time``."""
        return self.data_type in {"formula", "rollup_summary"}

    @property
    def writable(self) -> bool:
        """Whether the API may change it."""
        return self.operation_type.api_update and not (self.read_only or self.field_read_only)

    def choices(self) -> dict[str, str]:
        """Return the picklist's values in use, and what people see of each."""
        listed = self.pick_list_values or []
        return {each.actual_value: each.display_value for each in listed if each.type != "unused"}


class Organisation(msgspec.Struct, frozen=True, kw_only=True):
    """The organisation: its base currency, and whether records have currencies of their own.

    ``zgid`` is its number in the headers of uploads.
    """

    id: str = ""
    zgid: str = ""
    company_name: str = ""
    iso_code: str = ""
    mc_status: bool = False


class _User(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    full_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    status: str = "active"


class _Info(msgspec.Struct, frozen=True, kw_only=True):
    more_records: bool = False


class _Users(msgspec.Struct, frozen=True, kw_only=True):
    users: list[_User]
    info: _Info = _Info()


class _Fields(msgspec.Struct, frozen=True, kw_only=True):
    fields: list[FieldMeta]


class _Organisations(msgspec.Struct, frozen=True, kw_only=True):
    org: list[Organisation]


class _Module(msgspec.Struct, frozen=True, kw_only=True):
    api_name: str
    plural_label: str | None = None
    api_supported: bool = True


class _Modules(msgspec.Struct, frozen=True, kw_only=True):
    modules: list[_Module]


_FIELDS = msgspec.json.Decoder(_Fields)
_ORGANISATIONS = msgspec.json.Decoder(_Organisations)
_MODULES = msgspec.json.Decoder(_Modules)
_USERS = msgspec.json.Decoder(_Users)


class Metadata:
    """Asks once and keeps the answer for a quarter of a day."""

    def __init__(self, client: ZohoClient) -> None:
        self._client = client
        self._kept: dict[str, tuple[float, object]] = {}

    def forget(self) -> None:
        """Ask again next time."""
        self._kept.clear()

    def look_again(self, module: str) -> bool:
        """Forget a module's fields unless they were read a moment ago; tell whether it did."""
        kept = self._kept.get(f"fields {module}")
        now = self._client.http.pace.monotonic()
        if kept is None or now - kept[0] < SECOND_LOOK_SECONDS:
            return False
        del self._kept[f"fields {module}"]
        return True

    def organisation(self) -> Organisation:
        """Return the organisation."""
        return self._once("org", self._read_organisation)

    def modules(self) -> dict[str, str]:
        """Return the modules that the API serves by API name, with what people call them."""
        return self._once("modules", self._read_modules)

    def fields(self, module: str, *, to_write: bool = False) -> dict[str, FieldMeta]:
        """Return the fields of a module by API name. Raises ``CrmError``."""
        kept = KEPT_FOR_WRITERS_SECONDS if to_write else KEPT_SECONDS
        return self._once(f"fields {module}", lambda: self._read_fields(module), kept)

    def computed(self, names: FeedNames) -> tuple[str, ...]:
        """Name the mapped fields of a feed that Zoho works out by itself. Raises ``CrmError``."""
        there = self.fields(names.module)
        mapped = dict.fromkeys(names.fields().values())
        return tuple(name for name in mapped if name in there and there[name].is_computed)

    def owners(self) -> tuple[Owner, ...]:
        """Return all users, the deactivated ones too: accounts may still be theirs."""
        return self._once("users", lambda: self.read_users("AllUsers"))

    def current_user(self) -> str:
        """Return the id of the user whose token we have. Raises ``CrmError``."""
        return self._once("me", self._read_current_user)

    def read_users(self, kind: str) -> tuple[Owner, ...]:
        """Read users afresh."""
        owners: list[Owner] = []
        page = 1
        while True:
            params = {"type": kind, "page": str(page), "per_page": str(USERS_PER_PAGE)}
            users = self._client.read(
                "users", "list users", lambda answer: answer.decode(_USERS), params=params
            )
            if users is None:
                return tuple(owners)
            owners += [_owner(user) for user in users.users]
            if not users.info.more_records:
                return tuple(owners)
            page += 1

    def _read_current_user(self) -> str:
        users = self.read_users("CurrentUser")
        if users:
            return users[0].record_id
        sentence = "Zoho does not say whose token this is"
        raise ContractBroken(sentence, system=self._client.system, operation="list users")

    def _read_organisation(self) -> Organisation:
        found = self._client.read(
            "org", "read the organisation", lambda answer: answer.decode(_ORGANISATIONS)
        )
        return found.org[0] if found and found.org else Organisation()

    def _read_modules(self) -> dict[str, str]:
        found = self._client.read(
            "settings/modules", "list modules", lambda answer: answer.decode(_MODULES)
        )
        modules = found.modules if found else []
        return {each.api_name: each.plural_label or "" for each in modules if each.api_supported}

    def _read_fields(self, module: str) -> dict[str, FieldMeta]:
        found = self._client.read(
            "settings/fields",
            f"list the fields of {module}",
            lambda answer: answer.decode(_FIELDS),
            params={"module": module},
        )
        return {field.api_name: field for field in (found.fields if found else [])}

    def _once(self, key: str, ask: Callable[[], T], seconds: float = KEPT_SECONDS) -> T:
        now = self._client.http.pace.monotonic()
        kept = self._kept.get(key)
        if kept is not None and now - kept[0] < seconds:
            return kept[1]  # type: ignore[return-value] # one key holds one type
        found = ask()
        self._kept[key] = (now, found)
        return found


def _owner(user: _User) -> Owner:
    return Owner(
        record_id=user.id,
        name=user.full_name or user.last_name or user.email or user.id,
        email=user.email,
        active=user.status == "active",
    )
