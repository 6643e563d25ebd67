"""Reads all accounts with Zoho's own SDK for API v8, keeps nothing, and reports what that took.

Set as Zoho's manual shows it, but without its log: the SDK follows changes of the organisation's
fields, as our port does. With ``--never-refresh`` it learns each module's fields once and for
ever, which is cheaper, and is its default.
"""

import sys
from pathlib import Path
from typing import Any

from zohocrmsdk.src.com.zoho.api.authenticator.oauth_token import OAuthToken
from zohocrmsdk.src.com.zoho.api.authenticator.store.file_store import FileStore
from zohocrmsdk.src.com.zoho.crm.api.dc.data_center import DataCenter
from zohocrmsdk.src.com.zoho.crm.api.initializer import Initializer
from zohocrmsdk.src.com.zoho.crm.api.parameter_map import ParameterMap
from zohocrmsdk.src.com.zoho.crm.api.record import GetRecordsParam, RecordOperations
from zohocrmsdk.src.com.zoho.crm.api.sdk_config import SDKConfig

from adapters.zoho.names import AccountNames
from benchmarks.zoho_processes.reading import Reading, Target, answer, fingerprint, measured, target

__all__: list[str] = []

_ROWS_PER_PAGE = 200  # the most that a list call gives
_FIELDS = ",".join([*AccountNames().fields().values(), "Modified_Time"])


def main() -> None:
    """Warm up with one record, then read the accounts by the clock."""
    told = target()
    _start(told)
    _page(1, None)
    ids: list[str] = []
    cpu, wall = measured(lambda: _read_all(ids))
    answer(Reading(cpu_seconds=cpu, seconds=wall, records=len(ids), fingerprint=fingerprint(ids)))


def _start(told: Target) -> None:
    folder = Path(told.folder)
    Initializer.initialize(
        DataCenter.Environment(told.url, f"{told.url}/oauth/v2/token", told.url),
        OAuthToken(
            client_id=told.credentials["client_id"],
            client_secret=told.credentials["client_secret"],
            refresh_token=told.credentials["refresh_token"],
        ),
        store=FileStore(file_path=str(folder / "tokens.csv")),
        sdk_config=SDKConfig(
            auto_refresh_fields="--never-refresh" not in sys.argv,
            pick_list_validation=False,
            read_timeout=30,
            connect_timeout=30,
        ),
        resource_path=str(folder),
    )


def _read_all(ids: list[str]) -> None:
    page_token = None
    while True:
        page = _page(_ROWS_PER_PAGE, page_token)
        ids += [str(record.get_id()) for record in page.get_data()]
        if not page.get_info().get_more_records():
            return
        page_token = page.get_info().get_next_page_token()


def _page(rows: int, page_token: str | None) -> Any:  # noqa: ANN401 the SDK ships no types
    params = ParameterMap()
    params.add(GetRecordsParam.fields, _FIELDS)
    params.add(GetRecordsParam.per_page, rows)
    if page_token is not None:
        params.add(GetRecordsParam.page_token, page_token)
    return RecordOperations("Accounts").get_records(params).get_object()


if __name__ == "__main__":
    main()
