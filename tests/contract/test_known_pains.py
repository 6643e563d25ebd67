"""The thirteen pains that other clients of Zoho CRM are known by (zoho-crm 12), and our answers."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast

import pytest
import sqlalchemy as sa

from adapters.budget import BudgetPlan
from adapters.errors import CrmError, CrmUnavailable, QuotaExhausted, RecordInvalid
from adapters.http import Deadlines
from adapters.port import Cursor, FindingLevel, WriteEffect
from adapters.registry import consent_page, hints_for, verifier_for
from adapters.settings import Secret
from sandbox.faults import FaultKind, FaultRule
from sandbox.zoho import ZohoOrg
from scoring.records import Account, Invoice, Kind
from tests.contract.bench import (
    START,
    ZOHO,
    Bench,
    RunningTime,
    a_draft,
    open_bench,
    read_all,
)
from tests.contract.crm_port.asking import an_update, ids_of, receipt_of, records_of
from tests.contract.spoiling import spoil

TOKEN = "/oauth/v2/token"
HOUR = timedelta(hours=1)


@pytest.fixture
def bench() -> Iterator[Bench]:
    """Zoho with the pages the product asks for by itself."""
    with open_bench(ZOHO) as running:
        running.time.clock = running.crm.clock
        yield running


def org_of(bench: Bench) -> ZohoOrg:
    return cast("ZohoOrg", bench.crm)


def test_pain_01_more_than_2000_rows_are_read_whole(bench: Bench) -> None:
    added = [bench.add_account() for _ in range(2_300)]
    port = bench.open(options={"export": "never"})

    pages = read_all(port, Kind.ACCOUNTS)
    bench.pass_time(HOUR)
    for each in added:
        bench.rename_account(each, "改名")
    changed = read_all(port, Kind.ACCOUNTS, pages[-1].cursor)

    assert sorted(ids_of(pages)) == sorted(added)
    assert sorted(ids_of(changed)) == sorted(added)


def test_pain_02_a_token_answer_without_a_token_crashes_nothing(bench: Bench) -> None:
    account = bench.add_account()
    spoil(bench, TOKEN, lambda told: {"api_domain": told["api_domain"]})
    port = bench.open()

    with pytest.raises(CrmError):
        port.changes(Kind.ACCOUNTS, Cursor())

    assert ids_of(read_all(port, Kind.ACCOUNTS)) == [account]


def test_pain_02_a_token_that_dies_early_is_replaced_once_for_all(bench: Bench) -> None:
    accounts = [bench.add_account() for _ in range(4)]
    bench.time = RunningTime()
    port = bench.open()
    port.fetch(Kind.ACCOUNTS, accounts)
    org_of(bench).tokens.kill_access_tokens()

    with ThreadPoolExecutor(4) as pool:
        pages = list(pool.map(lambda each: port.fetch(Kind.ACCOUNTS, [each]), accounts))

    assert [ids_of([page]) for page in pages] == [[each] for each in accounts]
    assert bench.calls(f"POST {TOKEN}") == 2


def test_pain_03_a_silent_token_server_does_not_hang_the_read(bench: Bench) -> None:
    bench.crm.faults.add(
        FaultRule(match=f"POST {TOKEN}", kind=FaultKind.SLOW, delay_seconds=0.3, times=2)
    )
    port = bench.open(deadlines=Deadlines(read=0.05))

    with pytest.raises(CrmUnavailable, match="no answer in time"):
        port.changes(Kind.ACCOUNTS, Cursor())


def test_pain_04_the_host_that_the_token_names_is_called_and_milliseconds_are_seen(
    bench: Bench,
) -> None:
    def old(told: dict[str, Any]) -> dict[str, Any]:
        return told | {"expires_in": told["expires_in"] * 1000, "expires_in_sec": 3600}

    spoil(bench, TOKEN, old)
    port = bench.open()  # any host but this one is out of reach here
    account = bench.add_account()
    (created,) = port.create_tasks([a_draft(account)])
    bench.time.sleep(50 * 60)
    port.owned_values([account])

    assert bench.calls(f"POST {TOKEN}") == 2
    assert [task["id"] for task in bench.tasks()] == [receipt_of(created).record_id]


def test_pain_05_consent_asks_for_a_refresh_token_that_outlives_its_answers(bench: Bench) -> None:
    settings = ZOHO.settings(bench.crm, bench.url)
    page = consent_page(settings, "http://127.0.0.1:8765/consent", "s")
    port = bench.open()
    for _ in range(3):  # no answer to a refresh repeats the refresh token
        port.changes(Kind.OWNERS, Cursor())
        bench.time.sleep(3 * 3600)

    assert page is not None
    assert "access_type=offline" in page
    assert "prompt=consent" in page
    assert bench.calls(f"POST {TOKEN}") == 3


def test_pain_06_channels_live_a_week_are_renewed_and_polling_finds_what_they_miss(
    bench: Bench,
) -> None:
    secrets = ZOHO.settings(bench.crm, bench.url).secrets | {"channel_token": Secret("c" * 43)}
    port = bench.open(secrets=secrets)
    receipts = port.watch("http://127.0.0.1:9/hooks/word")
    cursor = read_all(port, Kind.ACCOUNTS)[-1].cursor

    ends = [each.expires_at for each in receipts]
    assert all(at is not None and at > START + timedelta(days=6) for at in ends)
    bench.time.sleep(timedelta(days=8).total_seconds())
    assert org_of(bench).watch.channels() == []
    missed = bench.add_account()
    assert missed in ids_of(read_all(port, Kind.ACCOUNTS, cursor))
    port.watch("http://127.0.0.1:9/hooks/word")
    assert len(org_of(bench).watch.channels()) == len(receipts)


def test_pain_07_a_refused_value_is_told_with_its_field_and_code(bench: Bench) -> None:
    good, bad = bench.add_account(), bench.add_account()
    port = bench.open()
    port.update_fields([an_update(good, rating="B")])  # has read what the picklist holds
    org_of(bench).state.modules["Accounts"].fields["Credit_Rating"].options.remove("A")

    refused, written = port.update_fields([an_update(bad, rating="A"), an_update(good, rating="C")])

    receipt_of(written)
    assert isinstance(refused, RecordInvalid)
    assert refused.vendor_code == "INVALID_DATA"
    assert "rating" in refused.fields
    assert "allowed are" in refused.fields["rating"]


def test_pain_08_a_module_that_is_not_as_expected_costs_itself_alone(bench: Bench) -> None:
    org_of(bench).state.modules["Accounts"].fields.pop("USCC")
    account = bench.add_account()
    port = bench.open(mapping={"orders": {"module": "Commandes"}})

    findings = port.check()
    (found,) = read_all(port, Kind.ACCOUNTS)[0].records

    errors = [each for each in findings if each.level is FindingLevel.ERROR]
    assert any("Commandes" in each.message and each.remedy for each in errors)
    assert any("USCC" in each.message for each in findings)
    assert isinstance(found, Account)
    assert (found.record_id, found.uscc) == (account, None)


def test_pain_09_the_key_travels_in_the_record_and_is_unique(bench: Bench) -> None:
    draft = a_draft(bench.add_account())
    port = bench.open()
    (first,) = port.create_tasks([draft])
    (second,) = bench.open().create_tasks([draft])

    sent = [call for call in bench.crm.journal if call.path == "/crm/v8/Tasks"]
    assert json.loads(sent[0].request)["data"][0]["Credit_Ref"] == draft.key
    assert receipt_of(second).effect is WriteEffect.ADOPTED
    assert receipt_of(second).record_id == receipt_of(first).record_id
    assert len(bench.tasks()) == 1


def test_pain_10_an_export_and_a_query_tell_the_same_records() -> None:
    with open_bench(ZOHO, bulk_rows=4, bulk_job_seconds=0.0) as bench:
        bench.time.clock = bench.crm.clock
        account = bench.add_account()
        for number, amount in enumerate(("0.1", "1234567.89", "7", "100.00", "0.29", "12.5")):
            bench.add_invoice(account, Subject=f"INV-{number}", Grand_Total=float(amount))
        options = {"page_rows": 1, "export_rows": 3}
        exported = bench.open(options={**options, "export": "always"})
        queried = bench.open(options={**options, "export": "never"})

        by_export = records_of(read_all(exported, Kind.INVOICES))

        assert bench.calls("POST /crm/bulk/v8/read") > 0
        assert by_export == records_of(read_all(queried, Kind.INVOICES))
        assert {each.amount.minor for each in by_export.values() if isinstance(each, Invoice)} == {
            *(10, 123456789, 700, 10000, 29, 1250)
        }


def test_pain_11_a_picklist_value_comes_out_of_an_export() -> None:
    with open_bench(ZOHO, bulk_rows=10, bulk_job_seconds=0.0) as bench:
        bench.time.clock = bench.crm.clock
        for _ in range(3):
            bench.add_account(Size_Class="sme")
        options = {"page_rows": 1, "export": "always"}
        port = bench.open(options=options, mapping={"accounts": {"size_class": "Size_Class"}})

        pages = read_all(port, Kind.ACCOUNTS)

        assert bench.calls("POST /crm/bulk/v8/read") > 0
        found = [r.size_class for page in pages for r in page.records if isinstance(r, Account)]
        assert found == ["sme"] * 3


def test_pain_12_missing_modules_are_named_and_a_budget_ends_before_the_credits(
    bench: Bench, engine: sa.Engine
) -> None:
    for module in ("Credit_Notes", "Payment_Allocations", "Sales_Orders"):
        org_of(bench).state.modules.pop(module)
    bench.add_account()
    told = " ".join(each.message for each in bench.open().check())
    assert all(m in told for m in ("Credit_Notes", "Payment_Allocations", "Sales_Orders"))

    bench.engine = engine
    plan = BudgetPlan(credits_per_day=40, kept_for_writes=Decimal("0.5"))
    port, before = bench.open(budget=plan), bench.calls()

    def read_on() -> None:
        for _ in range(100):
            port.changes(Kind.ACCOUNTS, Cursor())

    with pytest.raises(QuotaExhausted):
        read_on()
    assert port.usage().credits <= 20
    assert bench.calls() - before <= 21


def test_pain_13_a_deletion_is_told_by_the_next_read_and_by_the_notification(
    bench: Bench,
) -> None:
    kept, deleted = bench.add_account(), bench.add_account()
    port = bench.open()
    cursor = read_all(port, Kind.ACCOUNTS)[-1].cursor
    bench.pass_time(HOUR)
    bench.remove_account(deleted)

    pages = read_all(port, Kind.ACCOUNTS, cursor)
    quiet = read_all(port, Kind.ACCOUNTS, pages[-1].cursor)

    assert {each for page in pages for each in page.gone} == {deleted}
    assert kept not in {each for page in quiet for each in page.gone}
    lists = [call for call in bench.crm.journal if call.path == "/crm/v8/Accounts/deleted"]
    assert len(lists) == 1  # the next look at deletions is due in an hour
    settings = ZOHO.settings(bench.crm, bench.url)
    secrets = settings.secrets | {"channel_token": Secret("c" * 43)}
    fields = {name: getattr(settings, name) for name in settings.__struct_fields__}
    codec = verifier_for(
        type(settings)(**fields | {"secrets": secrets}), now=lambda: START, nonce=str
    )
    body: dict[str, object] = {"module": "Accounts", "ids": [deleted], "operation": "delete"}
    body |= {"token": "c" * 43, "channel_id": "145675916312997", "server_time": 1}
    (hint,) = hints_for(codec, json.dumps(body).encode())
    assert hint.record_ids == (deleted,)
