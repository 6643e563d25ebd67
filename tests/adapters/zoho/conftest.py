from collections.abc import Iterator

import pytest
import responses

from tests.adapters.zoho.answers import CannedZoho
from tests.contract.bench import ZOHO, Bench, open_bench


@pytest.fixture
def zoho() -> Iterator[CannedZoho]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield CannedZoho(mock)


@pytest.fixture
def bench() -> Iterator[Bench]:
    with open_bench(ZOHO) as running:
        yield running
