"""The checker of answers must itself be able to find fault."""

import pytest

from tests.contract.openapi import mismatches, needs_files

pytestmark = [pytest.mark.realdata, needs_files]

_PATH = "/crm/v8/{module_api_name}"


@pytest.mark.parametrize(
    "answer",
    [
        {"data": {"id": "1"}},
        {"data": [{"id": 5}]},
        {"records": []},
        {"data": [], "info": {"per_page": "200"}},
        {"data": [], "info": {"more_records": 1}},
    ],
)
def test_a_wrong_key_or_type_is_found(answer: object) -> None:
    assert mismatches("record.json", "get", _PATH, 200, answer) != []
