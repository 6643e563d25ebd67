"""Reads the refresh token that one of Zoho's Python SDKs keeps in its file store.

Both generations (zcrmsdk 3, zohocrmsdk8_0) write a CSV whose header names the columns; what is
between is theirs. No SDK is needed to read it.
"""

import csv
from pathlib import Path

from adapters.settings import ConnectionSettings, Secret

__all__ = ["stored_refresh_token"]


def stored_refresh_token(settings: ConnectionSettings, path: Path) -> Secret:
    """Return the refresh token last kept for the connection's client.

    Raises:
        ValueError: The file cannot be read, is no such store, or has no token of this client.
        MissingSettingError: The connection has no client id.
    """
    client = settings.secret("client_id")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            names = set(rows.fieldnames or ())
            kept = [
                row["refresh_token"]
                for row in rows
                if row.get("client_id") == client and row.get("refresh_token")
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} cannot be read: {error}") from None
    if not {"client_id", "refresh_token"} <= names:
        raise ValueError(
            f"{path} is no token store of a Zoho SDK: its header names no refresh_token"
        )
    if not kept:
        raise ValueError(f"{path} holds no refresh token of the client in secrets.client_id")
    return Secret(kept[-1])
