"""Zoho's old SDK for API v2 as an independent client; run as a process of its own.

Usage: ``python -m tests.contract.witnesses.zcrm_sdk BASE_URL FOLDER < credentials.json``. It pages
through all accounts, updates 150 of them and creates a task, and prints what it saw as one JSON
document. The SDK keeps global state and writes files: they all go into FOLDER.
"""

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

from zcrmsdk.src.com.zoho.api.authenticator.oauth_token import OAuthToken, TokenType
from zcrmsdk.src.com.zoho.api.authenticator.store.file_store import FileStore
from zcrmsdk.src.com.zoho.api.logger.logger import Logger
from zcrmsdk.src.com.zoho.crm.api.dc.data_center import DataCenter
from zcrmsdk.src.com.zoho.crm.api.initializer import Initializer
from zcrmsdk.src.com.zoho.crm.api.parameter_map import ParameterMap
from zcrmsdk.src.com.zoho.crm.api.record import (
    BodyWrapper,
    GetRecordsParam,
    Record,
    RecordOperations,
)
from zcrmsdk.src.com.zoho.crm.api.sdk_config import SDKConfig
from zcrmsdk.src.com.zoho.crm.api.user_signature import UserSignature
from zcrmsdk.src.com.zoho.crm.api.util.choice import Choice

_BATCH = 100
_UPDATED = 150


def main(base_url: str, folder: Path) -> dict[str, object]:
    """Do the whole round and return what was seen."""
    _start(base_url, folder, json.load(sys.stdin))
    accounts = _all_accounts()
    ids = [account.get_id() for account in accounts]
    statuses = [
        status
        for start in range(0, _UPDATED, _BATCH)
        for status in _update(ids[start : min(start + _BATCH, _UPDATED)])
    ]
    return {
        "names": [account.get_key_value("Account_Name") for account in accounts],
        "ids": [str(record_id) for record_id in ids],
        "updates": statuses,
        "task": _create_task(ids[0]),
    }


def _start(base_url: str, folder: Path, credentials: dict[str, str]) -> None:
    Initializer.initialize(
        UserSignature(email="connector@example.com"),
        DataCenter.Environment(base_url, f"{base_url}/oauth/v2/token", base_url),
        OAuthToken(
            client_id=credentials["client_id"],
            client_secret=credentials["client_secret"],
            token=credentials["refresh_token"],
            token_type=TokenType.REFRESH,
        ),
        FileStore(file_path=str(folder / "tokens.csv")),
        SDKConfig(auto_refresh_fields=True, pick_list_validation=True),
        str(folder),
        logger=Logger.get_instance(level=Logger.Levels.INFO, file_path=str(folder / "sdk.log")),
    )


def _all_accounts() -> list[Any]:
    found: list[Any] = []
    page = 1
    while True:
        params = ParameterMap()
        params.add(GetRecordsParam.page, page)
        params.add(GetRecordsParam.per_page, 200)
        answer = RecordOperations().get_records("Accounts", params).get_object()
        found += answer.get_data()
        if not answer.get_info().get_more_records():
            return found
        page += 1


def _update(ids: list[int]) -> list[str]:
    records = []
    for record_id in ids:
        record = Record()
        record.set_id(record_id)
        record.add_key_value("Credit_Rating", Choice("BBB"))
        record.add_key_value("Credit_Limit", 50000.5)
        record.add_key_value("Credit_Next_Review", date(2027, 1, 31))
        records.append(record)
    body = BodyWrapper()
    body.set_data(records)
    body.set_trigger([])
    answer = RecordOperations().update_records("Accounts", body).get_object()
    return [item.get_status().get_value() for item in answer.get_data()]


def _create_task(account_id: int) -> dict[str, str]:
    account = Record()
    account.set_id(account_id)
    task = Record()
    task.add_key_value("Subject", "Overdue 45 d: INV-1001")
    task.add_key_value("What_Id", account)
    task.add_key_value("$se_module", "Accounts")
    task.add_key_value("Due_Date", date(2026, 12, 1))
    task.add_key_value("Status", Choice("Not Started"))
    task.add_key_value("Priority", Choice("High"))
    body = BodyWrapper()
    body.set_data([task])
    response = RecordOperations().create_records("Tasks", body)
    item = response.get_object().get_data()[0]
    return {
        "http": str(response.get_status_code()),
        "status": item.get_status().get_value(),
        "id": str(item.get_details()["id"]),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1], Path(sys.argv[2]))))
