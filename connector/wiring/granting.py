"""A grant code becomes the refresh token a connection lives by, kept where its reference says."""

import os

import msgspec

from adapters import registry
from adapters.settings import ConnectionSettings
from connector.config import ConfigError, connection_settings
from connector.wiring.product import Zixin
from scoring.document import mistake

__all__ = ["consent_address", "redeem_grant"]

GRANTED = "refresh_token"


def consent_address(zixin: Zixin, name: str, redirect_uri: str, state: str) -> str:
    """Return the vendor's page where an administrator consents.

    Raises ``ConfigError`` as ``redeem_grant`` does, before anybody has consented in vain.
    """
    settings, _ = _settings_before(zixin, name)
    address = registry.consent_page(settings, redirect_uri, state)
    if address is None:
        what = f"{settings.vendor} has no page of consent: its secrets are configured"
        raise ConfigError(f"connection {name}", [mistake("", "said", what=what)])
    return address


def redeem_grant(
    zixin: Zixin, name: str, code: str, *, redirect_uri: str = "", accounts_server: str = ""
) -> str:
    """Exchange a code for the refresh token and write it to its file, readable by its owner alone.

    ``redirect_uri`` and ``accounts_server`` belong to a code that a consent brought. Tells the
    file's name. Raises ``CrmError`` for a code the vendor refuses, and ``ConfigError`` when the
    configuration names no file for the token or the vendor gives no codes.
    """
    settings, file_name = _settings_before(zixin, name)
    try:
        token = registry.redeem_code(
            settings, code, redirect_uri=redirect_uri, accounts_server=accounts_server
        )
    except ValueError as error:
        raise ConfigError(f"connection {name}", [mistake("", "said", what=str(error))]) from error
    descriptor = os.open(
        zixin.folder / file_name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode=0o600
    )
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(token.reveal())
    return file_name


def _settings_before(zixin: Zixin, name: str) -> tuple[ConnectionSettings, str]:
    """Resolve the settings of a connection that has no refresh token yet, and the token's file."""
    connection = zixin.connection(name)
    kind, _, file_name = connection.secrets.get(GRANTED, "").partition(":")
    place = f"connections.{name}.secrets.{GRANTED}"
    if kind != "file" or not file_name:
        raise ConfigError("configuration", [mistake(place, "must_look", like="file:zoho.token")])
    others = {key: text for key, text in connection.secrets.items() if key != GRANTED}
    settings = connection_settings(
        msgspec.structs.replace(connection, secrets=others), zixin.folder, zixin.environment
    )
    return settings, file_name
