"""A fresh organisation for each test."""

from collections.abc import Iterator

import pytest

from tests.sandbox.zoho.organisation import SignedIn, organisation


@pytest.fixture
def crm() -> Iterator[SignedIn]:
    """An organisation with the credit fields in place."""
    with organisation(provisioned=True) as signed_in:
        yield signed_in
