"""What an adapter is told about its connection. Vendor-neutral; the configuration fills it."""

from typing import Any, TypeVar

import msgspec

from adapters.budget import BudgetPlan
from adapters.guard import Route, host_of

__all__ = ["ConnectionSettings", "MissingSettingError", "Secret", "read_mapping", "read_part"]

_S = TypeVar("_S", bound=msgspec.Struct)


class MissingSettingError(ValueError):
    """A connection lacks something its vendor needs; ``key`` names it in the configuration."""

    def __init__(self, connection: str, key: str) -> None:
        super().__init__(f"connection {connection!r}: {key} is missing")
        self.key = key


class Secret:
    """A text that shows itself to nobody: ``repr``, ``str`` and comparison errors print ``***``."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text, for the one call that needs it."""
        return self._text

    def __repr__(self) -> str:
        """Show nothing."""
        return "***"

    def __bool__(self) -> bool:
        """Tell whether there is any text."""
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        """Compare by text."""
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        """Hash by text."""
        return hash(self._text)


class ConnectionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One CRM connection as configured.

    ``base_url``: the API host. ``accounts_url``: the token host where the vendor has one of its
    own. ``organisation_id``: the organisation at the vendor (corpId at Fenxiang, org id at Zoho).
    ``default_owner``: the CRM user who gets a task whose owner is unknown or inactive.
    ``mapping``: names in this CRM that differ from the vendor's default mapping.
    ``options``: what only this vendor understands. ``budget``: what its calls may cost in a day;
    ``None``: what the CRM allows. ``inner_network``: the hosts of ``base_url`` and ``accounts_url``
    may lie in the own network. ``ca_file``: whose authorities vouch for them. A proxy is the secret
    ``proxy``, whose address may hold a password.
    """

    name: str
    vendor: str
    base_url: str = ""
    accounts_url: str = ""
    secrets: dict[str, Secret] = {}
    organisation_id: str = ""
    default_owner: str | None = None
    mapping: dict[str, Any] = {}
    options: dict[str, Any] = {}
    budget: BudgetPlan | None = None
    inner_network: bool = False
    ca_file: str = ""

    @property
    def route(self) -> Route:
        """How this connection's calls leave."""
        hosts = frozenset({host_of(self.base_url), host_of(self.accounts_url)} - {""})
        proxy = self.secrets.get("proxy")
        return Route(
            inner=hosts if self.inner_network else frozenset(),
            proxy=proxy.reveal() if proxy else "",
            ca_file=self.ca_file,
        )

    def secret(self, key: str) -> str:
        """Reveal one secret. Raises ``MissingSettingError`` where it is absent or empty."""
        secret = self.secrets.get(key)
        if not secret:
            raise MissingSettingError(self.name, f"secrets.{key}")
        return secret.reveal()


def read_part(settings: ConnectionSettings, part: str, given: dict[str, Any], kind: type[_S]) -> _S:
    """Read a vendor's own part of the settings. Raises ``ValueError`` naming the wrong key."""
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise ValueError(f"connection {settings.name!r}: {part}: {error}") from None


def read_mapping(settings: ConnectionSettings, default: _S) -> _S:
    """Read the mapping: the default with what the configuration says instead.

    Of the credit fields those not named keep their default. Raises ``ValueError`` naming the
    wrong key, or a field of an account that two keys name, one of which we would write.
    """
    given = dict(settings.mapping)
    credit_fields = given.get("credit_fields")
    if isinstance(credit_fields, dict):
        known: dict[str, Any] = msgspec.to_builtins(default)
        given["credit_fields"] = known["credit_fields"] | credit_fields
    mapping = read_part(settings, "mapping", given, type(default))
    shared = _shared_fields(msgspec.to_builtins(mapping))
    if shared:
        raise ValueError(f"connection {settings.name!r}: mapping: {'; '.join(shared)}")
    return mapping


def _shared_fields(mapping: dict[str, Any]) -> list[str]:
    """Tell which credit fields would be written where another stands, or what we read."""
    places = {
        field: f"accounts.{ours}"
        for ours, field in mapping.get("accounts", {}).items()
        if isinstance(field, str) and ours not in {"module", "object"}
    }
    shared = []
    for credit_field, field in mapping.get("credit_fields", {}).items():
        place = f"credit_fields.{credit_field}"
        if field and field in places:
            shared.append(f"{places[field]} and {place} both name the field {field!r}")
        places.setdefault(field, place)
    return shared
