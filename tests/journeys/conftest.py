"""What several journeys compare with."""

import pytest

from tests.journeys.small_company import GoodResult, good_result


@pytest.fixture(scope="package")
def good(tmp_path_factory: pytest.TempPathFactory) -> GoodResult:
    """What both CRMs show of the small company when nothing is wrong."""
    return good_result(tmp_path_factory.mktemp("good"))
