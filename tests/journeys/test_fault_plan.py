"""Bad days by a plan: while they last nothing is done twice; afterwards all is as if they never were."""

from datetime import timedelta
from pathlib import Path

import pytest

from sandbox.fault_plan import fault_plan
from tests.journeys.small_company import VENDORS, GoodResult, a_shop

pytestmark = pytest.mark.journey

HOUR = timedelta(hours=1)
BAD_RUNS, GOOD_RUNS = 4, 4


@pytest.mark.parametrize("seed", range(6))
def test_after_a_time_of_faults_both_crms_are_as_ever(
    seed: int, tmp_path: Path, database_url: str, good: GoodResult
) -> None:
    with a_shop(tmp_path, database_url) as shop:
        crms = [shop.installation.crms.crm(vendor) for vendor in VENDORS]
        for number, crm in enumerate(crms):
            crm.faults.replace(fault_plan(2 * seed + number))
        for _ in range(BAD_RUNS):
            shop.run()
            shop.clock.move(HOUR)
        for crm in crms:
            crm.faults.clear()
        for _ in range(GOOD_RUNS):
            report = shop.run()
            shop.clock.move(HOUR)

        assert report.errors == []
        assert shop.parked() == []
        for vendor in VENDORS:
            assert shop.credit(vendor) == good.credit[vendor]
            assert shop.tasks(vendor) == good.tasks[vendor]
