from collections.abc import Iterator

import pytest
import responses

from tests.adapters.fxiaoke.gateway import Gateway, Time


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield Gateway(mock)
