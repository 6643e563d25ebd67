"""The refresh token a connection lives by: it comes by consent, code or file, and is ended again.

It is kept where its reference in the configuration says, readable by its owner alone.
"""

import base64
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from adapters import registry
from adapters.errors import CredentialsRejected
from adapters.settings import ConnectionSettings, Secret
from connector.config import ConfigError
from connector.store.tokens import DatabaseTokenStore
from connector.wiring.connections import connection_settings
from connector.wiring.product import Zixin
from connector.work.channels import end_channels
from scoring.document import mistake

__all__ = ["adopt_stored", "consent_address", "give_back", "new_key", "redeem_grant"]

GRANTED = "refresh_token"
KEY_BYTES = 32


def consent_address(zixin: Zixin, name: str, redirect_uri: str, state: str) -> str:
    """Return the vendor's page where an administrator consents.

    Raises ``ConfigError`` as ``redeem_grant`` does, before anybody has consented in vain.
    """
    settings, _ = _settings_before(zixin, name)
    address = registry.consent_page(settings, redirect_uri, state)
    if address is None:
        what = f"{settings.vendor} has no page of consent: its secrets are configured"
        raise ConfigError.of_connection(name, ValueError(what))
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
        raise ConfigError.of_connection(name, error) from error
    return _kept(zixin, file_name, token)


def adopt_stored(zixin: Zixin, name: str, path: Path) -> str:
    """Take over the refresh token that the vendor's SDK keeps in a file. Tells our file's name.

    Raises ``ConfigError`` for a file without a token of the connection's client.
    """
    settings, file_name = _settings_before(zixin, name)
    try:
        token = registry.stored_token(settings, path)
    except ValueError as error:
        raise ConfigError.of_connection(name, error) from error
    return _kept(zixin, file_name, token)


def new_key(zixin: Zixin, name: str, secret: str) -> tuple[str, bool]:
    """Make a key of 32 random bytes, in base64, and write it to the file of one of the secrets.

    A key that is there moves to the file of ``<secret>_old`` and is accepted until it is removed.
    Tells the file's name and whether there was one before. Raises ``ConfigError`` where the
    configuration names no file for either.
    """
    references = zixin.connection(name).secrets
    file_name = _file_of(references, name, secret)
    path, kept = zixin.folder / file_name, False
    if path.exists():
        before = Secret(path.read_text(encoding="utf-8"))
        _kept(zixin, _file_of(references, name, f"{secret}_old"), before)
        kept = True
    _kept(zixin, file_name, Secret(base64.b64encode(os.urandom(KEY_BYTES)).decode()))
    return file_name, kept


def _file_of(references: Mapping[str, str], name: str, secret: str) -> str:
    kind, _, file_name = references.get(secret, "").partition(":")
    if kind != "file" or not file_name:
        place = f"connections.{name}.secrets.{secret}"
        told = mistake(place, "must_look", like=f"file:{name}.{secret}")
        raise ConfigError("configuration", [told])
    return file_name


def give_back(zixin: Zixin, name: str) -> bool:
    """End the connection's notifications and tokens at the vendor and here; its file is removed.

    ``False``: the vendor ends no tokens, ours is forgotten all the same. Raises ``CrmError``; then
    no token is removed here.
    """
    with suppress(CredentialsRejected):  # who may not sign in any more is not notified for long
        end_channels(zixin.engine, zixin.port(name))
    try:
        ended = registry.revoke(zixin.settings(name))
    except ValueError as error:
        raise ConfigError.of_connection(name, error) from error
    DatabaseTokenStore(zixin.engine).forget(name)
    kind, _, file_name = zixin.connection(name).secrets.get(GRANTED, "").partition(":")
    if ended and kind == "file":
        (zixin.folder / file_name).unlink(missing_ok=True)
    return ended


def _kept(zixin: Zixin, file_name: str, token: Secret) -> str:
    descriptor = os.open(
        zixin.folder / file_name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode=0o600
    )
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(token.reveal())
    return file_name


def _settings_before(zixin: Zixin, name: str) -> tuple[ConnectionSettings, str]:
    """Resolve the settings of a connection that has no refresh token yet, and the token's file."""
    connection = zixin.connection(name)
    file_name = _file_of(connection.secrets, name, GRANTED)
    others = {key: text for key, text in connection.secrets.items() if key != GRANTED}
    settings = connection_settings(
        msgspec.structs.replace(connection, secrets=others), zixin.folder, zixin.environment
    )
    return settings, file_name
