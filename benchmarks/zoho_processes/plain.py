"""Reads all accounts with ``requests`` alone, keeps nothing, and reports what that took.

The least a client can do: queries by key, two thousand at a time, decoded by the standard library.
"""

import requests

from adapters.zoho.names import AccountNames
from benchmarks.zoho_processes.reading import Reading, Target, answer, fingerprint, measured, target

__all__: list[str] = []

_COLUMNS = ", ".join(dict.fromkeys(["id", "Modified_Time", *AccountNames().fields().values()]))
_ROWS, _CREDITS = 2_000, 3


def main() -> None:
    """Fetch a token, then read the accounts by the clock."""
    told = target()
    session = requests.Session()
    session.headers["Authorization"] = f"Zoho-oauthtoken {_token(session, told)}"
    ids: list[str] = []
    calls: list[int] = []
    cpu, wall = measured(lambda: calls.append(_read_all(session, told.url, ids)))
    answer(
        Reading(
            cpu_seconds=cpu,
            seconds=wall,
            records=len(ids),
            fingerprint=fingerprint(ids),
            calls=calls[0],
            credits=calls[0] * _CREDITS,
        )
    )


def _token(session: requests.Session, told: Target) -> str:
    form = {"grant_type": "refresh_token", **told.credentials}
    found = session.post(f"{told.url}/oauth/v2/token", data=form, timeout=30).json()
    return str(found["access_token"])


def _read_all(session: requests.Session, url: str, ids: list[str]) -> int:
    where, calls = "id is not null", 0
    while True:
        query = f"select {_COLUMNS} from Accounts where {where} order by id asc limit {_ROWS}"  # noqa: S608 ids are numbers of the sandbox
        found = session.post(f"{url}/crm/v8/coql", json={"select_query": query}, timeout=30).json()
        ids += [str(record["id"]) for record in found["data"]]
        calls += 1
        if not found["info"]["more_records"]:
            return calls
        where = f"id > {ids[-1]}"


if __name__ == "__main__":
    main()
