"""From a configured connection to what its adapter is told: secrets are fetched here alone.

They come from the environment or a file, and are hidden wherever they are printed.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from adapters.settings import ConnectionSettings, Secret
from connector.config import ConfigError, ConnectionConfig
from scoring.document import DocumentError, mistake, placed

__all__ = ["connection_settings", "resolve_secret"]


def resolve_secret(reference: str, folder: Path, environment: Mapping[str, str]) -> Secret:
    """Fetch what ``env:NAME`` or ``file:PATH`` refers to. Raises ``DocumentError`` where it cannot."""
    kind, _, name = reference.partition(":")
    if kind == "env":
        if not environment.get(name):
            raise DocumentError([mistake("", "not_set", name=name)])
        return Secret(environment[name].strip())
    if kind == "file":
        try:
            return Secret((folder / name).read_text(encoding="utf-8").strip())
        except OSError as error:
            told = mistake("", "no_file", name=name, error=str(error.strerror))
            raise DocumentError([told]) from error
        except UnicodeDecodeError as error:
            told = mistake("", "no_file", name=name, error="not UTF-8")
            raise DocumentError([told]) from error
    like = "env:ZOHO_CLIENT_SECRET | file:zoho.secret"
    raise DocumentError([mistake("", "must_look", like=like)])


def connection_settings(
    connection: ConnectionConfig, folder: Path, environment: Mapping[str, str] = os.environ
) -> ConnectionSettings:
    """Turn a configured connection into what its adapter is told, secrets resolved.

    Raises ``ConfigError`` naming every secret that cannot be had.
    """
    secrets, mistakes = {}, []
    for key, reference in connection.secrets.items():
        try:
            secrets[key] = resolve_secret(reference, folder, environment)
        except DocumentError as error:
            place = f"connections.{connection.name}.secrets.{key}"
            mistakes += placed(error.mistakes, place)
    ca_file = folder / connection.ca_file
    if connection.ca_file and not ca_file.is_file():
        place = f"connections.{connection.name}.ca_file"
        mistakes.append(mistake(place, "no_file", name=connection.ca_file, error="not found"))
    if mistakes:
        raise ConfigError(f"connection {connection.name}", mistakes)
    return ConnectionSettings(
        name=connection.name,
        vendor=connection.vendor,
        base_url=connection.base_url,
        accounts_url=connection.accounts_url,
        secrets=secrets,
        organisation_id=connection.organisation_id,
        default_owner=connection.default_owner,
        mapping=connection.mapping,
        options=connection.options,
        budget=connection.budget,
        inner_network=connection.inner_network,
        ca_file=str(ca_file) if connection.ca_file else "",
    )
