"""A CRM that answers badly or lacks a field: what cannot be written waits, the rest is written."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.faults import FaultKind, FaultRule
from sandbox.fxiaoke import FxiaokeTenant
from sandbox.zoho import ZohoOrg
from tests.journeys.harness import CONNECTION_NAMES
from tests.journeys.small_company import (
    AS_OF,
    LATER,
    VENDORS,
    GoodResult,
    Shop,
    a_shop,
    fields_written,
)

pytestmark = pytest.mark.journey

MINUTE = timedelta(minutes=1)
OTHER = {"zoho": "fxiaoke", "fxiaoke": "zoho"}
BAD_ANSWERS = (FaultKind.HTML_200, FaultKind.TRUNCATED_JSON, FaultKind.ERROR_500)
# Where each CRM's calls go that only change something: field updates and new tasks.
WRITES = {
    "zoho": ("PUT /crm/v8/Accounts", "POST /crm/v8/Tasks"),
    "fxiaoke": ("POST /cgi/crm/v2/data/update", "POST /cgi/crm/custom/v2/data/create"),
}
READS = {"zoho": "POST /crm/v8/coql", "fxiaoke": "POST /cgi/crm/v2/data/query"}


def play(shop: Shop, vendor: str, *rules: FaultRule) -> None:
    shop.installation.crms.crm(vendor).faults.replace(rules)


def assert_as_ever(shop: Shop, good: GoodResult, *vendors: str) -> None:
    for vendor in vendors:
        assert shop.credit(vendor) == good.credit[vendor]
        assert shop.tasks(vendor) == good.tasks[vendor]


@pytest.mark.parametrize("kind", BAD_ANSWERS)
@pytest.mark.parametrize("vendor", VENDORS)
def test_a_crm_that_cannot_be_read_is_named_and_the_other_is_served(
    vendor: str, kind: FaultKind, tmp_path: Path, database_url: str, good: GoodResult
) -> None:
    with a_shop(tmp_path, database_url) as shop:
        play(shop, vendor, FaultRule(match="* /", kind=kind))

        report = shop.run()

        (error,) = report.errors
        assert error.startswith(CONNECTION_NAMES[vendor])
        assert "Traceback" not in error
        assert report.parked == 0
        assert fields_written(report)[vendor] == 0
        assert_as_ever(shop, good, OTHER[vendor])
        play(shop, vendor)
        shop.clock.move(10 * MINUTE)
        assert shop.run().errors == []
        assert_as_ever(shop, good, *VENDORS)


@pytest.mark.parametrize("kind", BAD_ANSWERS)
@pytest.mark.parametrize("vendor", VENDORS)
def test_a_read_that_fails_twice_is_tried_again_within_the_run(
    vendor: str, kind: FaultKind, tmp_path: Path, database_url: str, good: GoodResult
) -> None:
    with a_shop(tmp_path, database_url) as shop:
        play(shop, vendor, FaultRule(match=READS[vendor], kind=kind, times=2))

        report = shop.run()

        assert (report.errors, report.parked) == ([], 0)
        assert len(shop.waited) == 2
        assert_as_ever(shop, good, *VENDORS)


@pytest.mark.parametrize("kind", BAD_ANSWERS)
@pytest.mark.parametrize("vendor", VENDORS)
def test_a_write_with_a_bad_answer_is_made_good_by_the_next_run(
    vendor: str, kind: FaultKind, tmp_path: Path, database_url: str, good: GoodResult
) -> None:
    with a_shop(tmp_path, database_url) as shop:
        rules = [FaultRule(match=match, kind=kind, times=1) for match in WRITES[vendor]]
        play(shop, vendor, *rules)

        first = shop.run()
        assert (first.errors, first.parked) == ([], 0)
        assert_as_ever(shop, good, OTHER[vendor])

        shop.clock.move(MINUTE)
        shop.run()
        shop.clock.move(MINUTE)
        shop.run()
        assert_as_ever(shop, good, *VENDORS)
        assert shop.parked() == []


@pytest.mark.parametrize("vendor", VENDORS)
def test_five_hundreds_for_a_minute_delay_the_run_and_nothing_else(
    vendor: str, tmp_path: Path, database_url: str, good: GoodResult
) -> None:
    with a_shop(tmp_path, database_url) as shop:
        began = shop.clock.now()
        play(shop, vendor, FaultRule(match="* /", kind=FaultKind.ERROR_500))
        runs = 0
        while shop.clock.now() < began + MINUTE:
            assert shop.run().errors != []
            shop.clock.move(timedelta(seconds=20))
            runs += 1
        play(shop, vendor)

        report = shop.run()

        assert runs >= 2
        assert (report.errors, report.parked) == ([], 0)
        assert_as_ever(shop, good, *VENDORS)


def fields_of_accounts(shop: Shop, vendor: str) -> dict[str, Any]:
    """Give what an administrator may change: the fields of accounts, by their API name."""
    crm = shop.installation.crms.crm(vendor)
    if isinstance(crm, ZohoOrg):
        return crm.state.modules["Accounts"].fields
    assert isinstance(crm, FxiaokeTenant)
    return crm.store.table("AccountObj").describe.fields


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_missing_credit_field_parks_with_its_name_and_the_remedy(
    vendor: str, tmp_path: Path, database_url: str, good: GoodResult
) -> None:
    with a_shop(tmp_path, database_url) as shop:
        field = {"zoho": "Credit_Summary", "fxiaoke": "credit_summary__c"}[vendor]
        removed = fields_of_accounts(shop, vendor).pop(field)

        report = shop.run()

        parked = shop.parked()
        assert {item.system for item in parked} == {CONNECTION_NAMES[vendor]}
        assert {item.kind for item in parked} == {"fields"}
        assert all(field in item.reason for item in parked)
        assert all("provision" in item.reason for item in parked)
        assert report.parked == len(parked) == 3
        assert shop.tasks(vendor) == good.tasks[vendor]
        assert_as_ever(shop, good, OTHER[vendor])
        fields_of_accounts(shop, vendor)[field] = removed
        assert shop.installation.run("parked retry", "all").returncode == 0
        done = shop.installation.run("run", "--as-of", AS_OF.isoformat())
        assert (done.returncode, done.stderr) == (0, "")
        assert_as_ever(shop, good, vendor)


@pytest.mark.parametrize("vendor", VENDORS)
def test_without_the_rating_among_its_choices_only_that_account_waits(
    vendor: str, tmp_path: Path, database_url: str, good: GoodResult
) -> None:
    with a_shop(tmp_path, database_url) as shop:
        fields = fields_of_accounts(shop, vendor)
        if vendor == "zoho":
            fields["Credit_Rating"].options.remove("B")
        else:
            rating = fields["credit_rating__c"]
            kept = tuple(option for option in rating.options if option.value != "B")
            fields["credit_rating__c"] = replace(rating, options=kept)

        report = shop.run()

        (item,) = shop.parked()
        assert item.account_id == shop.account(vendor, LATER)
        assert "ating" in item.reason
        assert report.parked == 1
        shown = shop.credit(vendor)
        assert shown.pop(LATER) == {}
        assert shown == {k: v for k, v in good.credit[vendor].items() if k != LATER}
        assert shop.tasks(vendor) == good.tasks[vendor]
        assert_as_ever(shop, good, OTHER[vendor])
