"""A grant code becomes the refresh token a connection lives by, kept where its reference says."""

import os

import msgspec

from adapters import registry
from connector.config import ConfigError, connection_settings
from connector.wiring.product import Zixin
from scoring.document import mistake

__all__ = ["redeem_grant"]

GRANTED = "refresh_token"


def redeem_grant(zixin: Zixin, name: str, code: str) -> str:
    """Exchange a code for the refresh token and write it to its file, readable by its owner alone.

    Tells the file's name. Raises ``CrmError`` for a code the vendor refuses, and ``ConfigError``
    when the configuration names no file for the token or the vendor gives no codes.
    """
    connection = zixin.connection(name)
    kind, _, file_name = connection.secrets.get(GRANTED, "").partition(":")
    place = f"connections.{name}.secrets.{GRANTED}"
    if kind != "file" or not file_name:
        raise ConfigError("configuration", [mistake(place, "must_look", like="file:zoho.token")])
    others = {key: text for key, text in connection.secrets.items() if key != GRANTED}
    settings = connection_settings(
        msgspec.structs.replace(connection, secrets=others), zixin.folder, zixin.environment
    )
    try:
        token = registry.redeem_code(settings, code)
    except ValueError as error:
        raise ConfigError(f"connection {name}", [mistake("", "said", what=str(error))]) from error
    descriptor = os.open(
        zixin.folder / file_name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode=0o600
    )
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(token.reveal())
    return file_name
