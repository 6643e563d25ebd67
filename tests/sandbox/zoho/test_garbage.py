"""Whatever a client sends, the look-alike answers like Zoho and never falls over."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sandbox.zoho.organisation import organisation

_SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8)
_KEYS = st.sampled_from(
    [
        "id",
        "Account_Name",
        "Owner",
        "Parent_Account",
        "Credit_Limit",
        "Credit_Hold",
        "What_Id",
        "$se_module",
        "Subject",
        "events",
        "channel_id",
        "notify_url",
        "token",
        "channel_expiry",
        "notification_condition",
        "field_label",
        "data_type",
        "pick_list_values",
        "length",
        "type",
        "unique",
        "textarea",
        "lookup",
        "module",
        "api_name",
        "field_selection",
        "group",
        "field",
    ]
)
_VALUES = st.recursive(
    _SCALARS | st.sampled_from(["textarea", "lookup", "picklist", "Accounts", "1001", "http://["]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=8,
)
_BODIES = st.fixed_dictionaries(
    {},
    optional={
        root: st.lists(st.dictionaries(_KEYS, _VALUES, max_size=5) | _VALUES, max_size=3) | _VALUES
        for root in ("data", "fields", "watch", "trigger", "duplicate_check_fields", "select_query")
    },
)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/Accounts"),
        ("PUT", "/Accounts"),
        ("POST", "/Tasks"),
        ("POST", "/Accounts/upsert"),
        ("POST", "/coql"),
        ("POST", "/settings/fields?module=Accounts"),
        ("POST", "/actions/watch"),
        ("PUT", "/actions/watch"),
        ("PATCH", "/actions/watch"),
    ],
)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(body=_BODIES)
def test_any_body_gets_an_answer_of_zohos_form(method: str, path: str, body: Any) -> None:
    with organisation(provisioned=True) as crm:
        answer = crm.send(method, path, body)
        assert answer.status_code in {200, 201, 204, 207, 400}, answer.text
        assert answer.status_code == 204 or isinstance(answer.json, dict)


_QUERY_PARTS = ["select", "id", "from", "Accounts", "where", "and", "or", "(", ")", "=", "'x'", "1"]
_QUERY_PARTS += ["is", "not", "null", "in", ",", "limit", "order", "by", "group", "count", "*", "'"]


def test_any_words_get_a_coql_answer() -> None:
    with organisation() as crm:

        @settings(max_examples=150, deadline=None)
        @given(words=st.lists(st.sampled_from(_QUERY_PARTS), max_size=14))
        def ask(words: list[str]) -> None:
            answer = crm.query(" ".join(words))
            assert answer.status_code in {200, 204, 400}, answer.text

        ask()
