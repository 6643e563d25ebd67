"""What several journeys compare with."""

from collections.abc import Iterator

import pytest

from tests.journeys.nursery import Nursery
from tests.journeys.small_company import GoodResult, good_result


@pytest.fixture(scope="package")
def good(tmp_path_factory: pytest.TempPathFactory) -> GoodResult:
    """What both CRMs show of the small company when nothing is wrong."""
    return good_result(tmp_path_factory.mktemp("good"))


@pytest.fixture(scope="package")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """Start processes of the product that may be killed."""
    with Nursery(tmp_path_factory.mktemp("nursery") / "nursery.log") as nursery:
        yield nursery
