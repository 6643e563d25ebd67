"""Zoho's own SDK for API v8 as an independent client; run as a process of its own.

Usage: ``python -m tests.contract.witnesses.zoho_sdk BASE_URL FOLDER < credentials.json``. It pages
through all accounts, updates 150 of them, creates a task, asks by COQL, exports all accounts in
bulk and updates three of them in bulk, and prints what it saw as one JSON document. The SDK keeps
global state and writes files: they all go into FOLDER.
"""

import csv
import io
import json
import sys
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

from zohocrmsdk.src.com.zoho.api.authenticator.oauth_token import OAuthToken
from zohocrmsdk.src.com.zoho.api.authenticator.store.file_store import FileStore
from zohocrmsdk.src.com.zoho.api.logger import Logger
from zohocrmsdk.src.com.zoho.crm.api.bulk_read import BodyWrapper as ExportBody
from zohocrmsdk.src.com.zoho.crm.api.bulk_read import BulkReadOperations
from zohocrmsdk.src.com.zoho.crm.api.bulk_read import Query as ExportQuery
from zohocrmsdk.src.com.zoho.crm.api.bulk_write import (
    BulkWriteOperations,
    FieldMapping,
    FileBodyWrapper,
    RequestWrapper,
    Resource,
    UploadFileHeader,
)
from zohocrmsdk.src.com.zoho.crm.api.coql import BodyWrapper as QueryBody
from zohocrmsdk.src.com.zoho.crm.api.coql import CoqlOperations
from zohocrmsdk.src.com.zoho.crm.api.dc.data_center import DataCenter
from zohocrmsdk.src.com.zoho.crm.api.header_map import HeaderMap
from zohocrmsdk.src.com.zoho.crm.api.initializer import Initializer
from zohocrmsdk.src.com.zoho.crm.api.modules import MinifiedModule
from zohocrmsdk.src.com.zoho.crm.api.org import OrgOperations
from zohocrmsdk.src.com.zoho.crm.api.parameter_map import ParameterMap
from zohocrmsdk.src.com.zoho.crm.api.record import (
    BodyWrapper,
    GetRecordsParam,
    Record,
    RecordOperations,
)
from zohocrmsdk.src.com.zoho.crm.api.sdk_config import SDKConfig
from zohocrmsdk.src.com.zoho.crm.api.util.choice import Choice
from zohocrmsdk.src.com.zoho.crm.api.util.stream_wrapper import StreamWrapper

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
        "owner": accounts[0].get_key_value("Owner").get_name(),
        "updates": statuses,
        "task": _create_task(ids[0]),
        "queried": _query(),
        "exported": _export(),
        "written": _write_in_bulk([str(record_id) for record_id in ids[:3]]),
    }


def _start(base_url: str, folder: Path, credentials: dict[str, str]) -> None:
    environment = DataCenter.Environment(base_url, f"{base_url}/oauth/v2/token", base_url)
    Initializer.initialize(
        environment,
        OAuthToken(
            client_id=credentials["client_id"],
            client_secret=credentials["client_secret"],
            refresh_token=credentials["refresh_token"],
        ),
        store=FileStore(file_path=str(folder / "tokens.csv")),
        sdk_config=SDKConfig(auto_refresh_fields=True, read_timeout=30, connect_timeout=30),
        resource_path=str(folder),
        logger=Logger.get_instance(level=Logger.Levels.INFO, file_path=str(folder / "sdk.log")),
    )


def _all_accounts() -> list[Any]:
    found: list[Any] = []
    page_token = None
    while True:
        params = ParameterMap()
        params.add(GetRecordsParam.fields, "Account_Name,Owner,Modified_Time,USCC,Parent_Account")
        params.add(GetRecordsParam.per_page, 200)
        if page_token is not None:
            params.add(GetRecordsParam.page_token, page_token)
        answer = RecordOperations("Accounts").get_records(params).get_object()
        found += answer.get_data()
        if not answer.get_info().get_more_records():
            return found
        page_token = answer.get_info().get_next_page_token()


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
    answer = RecordOperations("Accounts").update_records(body).get_object()
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
    task.add_key_value("Credit_Ref", "witness:1")
    body = BodyWrapper()
    body.set_data([task])
    response = RecordOperations("Tasks").create_records(body)
    item = response.get_object().get_data()[0]
    return {
        "http": str(response.get_status_code()),
        "status": item.get_status().get_value(),
        "id": str(item.get_details()["id"]),
    }


def _query() -> list[str]:
    body = QueryBody()
    body.set_select_query(
        "select id, Account_Name from Accounts where Credit_Rating = 'BBB' limit 2000"
    )
    answer = CoqlOperations().get_records(body).get_object()
    return [str(record.get_id()) for record in answer.get_data()]


def _export() -> dict[str, object]:
    module = MinifiedModule()
    module.set_api_name("Accounts")
    query = ExportQuery()
    query.set_module(module)
    query.set_fields(["id", "Account_Name"])
    body = ExportBody()
    body.set_query(query)
    body.set_file_type("csv")
    operations = BulkReadOperations()
    created = operations.create_bulk_read_job(body)
    job = created.get_object().get_data()[0].get_details()["id"]
    detail = operations.get_bulk_read_job_details(int(job)).get_object().get_data()[0]
    stream = operations.download_result(int(job)).get_object().get_file().get_stream()
    with zipfile.ZipFile(io.BytesIO(b"".join(stream.iter_content(65_536)))) as archive:
        (name,) = archive.namelist()
        rows = list(csv.reader(io.StringIO(archive.read(name).decode("utf-8"))))
    return {
        "http": str(created.get_status_code()),
        "state": detail.get_state().get_value(),
        "count": detail.get_result().get_count(),
        "header": rows[0],
        "ids": [row[0] for row in rows[1:]],
    }


def _write_in_bulk(ids: list[str]) -> dict[str, object]:
    operations = BulkWriteOperations()
    uploaded = _upload(operations, [["id", "Credit_Summary"], *([each, "bulk"] for each in ids)])
    resource = Resource()
    resource.set_type(Choice("data"))
    module = MinifiedModule()
    module.set_api_name("Accounts")
    resource.set_module(module)
    resource.set_file_id(str(uploaded.get_details()["file_id"]))
    resource.set_file_names(["accounts.csv"])
    resource.set_find_by("id")
    mappings = []
    for index, name in enumerate(("id", "Credit_Summary")):
        mapping = FieldMapping()
        mapping.set_api_name(name)
        mapping.set_index(index)
        mappings.append(mapping)
    resource.set_field_mappings(mappings)
    request = RequestWrapper()
    request.set_operation(Choice("update"))
    request.set_resource([resource])
    created = operations.create_bulk_write_job(request)
    job = str(created.get_object().get_details()["id"])
    detail = operations.get_bulk_write_job_details(job).get_object()
    file = detail.get_resource()[0].get_file()
    answer = operations.download_bulk_write_result(detail.get_result().get_download_url())
    stream = answer.get_object().get_file().get_stream()
    with zipfile.ZipFile(io.BytesIO(b"".join(stream.iter_content(65_536)))) as archive:
        (name,) = archive.namelist()
        rows = list(csv.reader(io.StringIO(archive.read(name).decode("utf-8"))))
    return {
        "uploaded": uploaded.get_code().get_value(),
        "http": str(created.get_status_code()),
        "status": detail.get_status(),
        "file": [file.get_status().get_value(), file.get_updated_count(), file.get_total_count()],
        "rows": rows,
    }


def _upload(operations: BulkWriteOperations, lines: list[list[str]]) -> Any:
    text = io.StringIO()
    csv.writer(text).writerows(lines)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("accounts.csv", text.getvalue())
    body = FileBodyWrapper()
    body.set_file(StreamWrapper(name="accounts.zip", stream=io.BytesIO(packed.getvalue())))
    organisation = OrgOperations().get_organization().get_object().get_org()[0]
    headers = HeaderMap()
    headers.add(UploadFileHeader.feature, "bulk-write")
    headers.add(UploadFileHeader.x_crm_org, str(organisation.get_zgid()))
    return operations.upload_file(body, headers).get_object()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1], Path(sys.argv[2]))))
