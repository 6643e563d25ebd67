"""Secrets and people's data do not come through, whatever stands around them."""

import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.log.redaction import MASK, redacted, redacted_event, redacted_text

HEX = st.text("0123456789abcdef", min_size=32, max_size=32)
WORD = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=12).map(
    lambda text: f"k9{text}"  # no word that may stand around it
)
#: How secrets stand in texts: in headers, forms, JSON, JSON in JSON, addresses and sentences.
FORMS = (
    "Authorization: Bearer {}",
    "authorization=Zoho-oauthtoken {}",
    "Zoho-oauthtoken {}",
    "grant_type=refresh_token&refresh_token={}&client_id=1",
    '{{"client_secret": "{}", "n": 1}}',
    '{{"refresh_token":"{}"}}',
    "GET /oauth?code={}&x=1",
    "code={}",
    "{{'corpAccessToken': '{}'}}",
    '"permanentCode" : "{}"',
    '{{\\"appSecret\\": \\"{}\\"}}',
    "encodingAesKey={}",
    "appSecret: {}",
    "channel_token_old={}",
    "postgresql+psycopg://zixin:{}@db.example/zixin",
    "https://user:{}@proxy.example:8080/x",
    "wecombot://{}",
    "mailtos://robot:{}@example.com?to=a",
    "POST https://zixin.example/hooks/{} HTTP/1.1",
    "https://open.example.com/cgi/corpAccessToken/get?sign={}",
    "connection broken by X: /v2/token?whatever={}",
    "Set-Cookie: {}; Path=/",
    "password={}",
)
KEYS = (
    "refresh_token",
    "client_secret",
    "code",
    "corpAccessToken",
    "permanentCode",
    "appSecret",
    "encodingAesKey",
    "password",
    "Authorization",
    "channel_token_old",
    "email",
    "phone",
    "mobile",
    "account_name",
    "body",
    "payload",
)
PHONES = (
    "13812345678",
    "+86 138 1234 5678",
    "8613812345678",
    "0086-13812345678",
    "021-12345678",
    "+44 20 7946 0958",
    "+1 (212) 555-0187",
)
AROUND = st.sampled_from(["", " ", ",", "\n", "\r\n", "。", "；", "(", "「", "\x00", "\u2028", '"'])


@pytest.mark.parametrize("form", FORMS)
@given(secret=WORD, before=AROUND, after=AROUND)
def test_a_secret_is_masked_in_every_form(form: str, secret: str, before: str, after: str) -> None:
    shown = redacted_text(before + form.format(secret) + after)

    assert secret not in shown
    assert MASK in shown


@given(first=HEX, second=HEX, before=AROUND, after=AROUND)
def test_a_token_of_zoho_is_known_by_its_look(
    first: str, second: str, before: str, after: str
) -> None:
    assert first not in redacted_text(f"{before}1000.{first}.{second}{after}")


@pytest.mark.parametrize("phone", PHONES)
@given(before=AROUND, after=AROUND)
def test_a_phone_number_is_masked(phone: str, before: str, after: str) -> None:
    assert phone not in redacted_text(f"call {before}{phone}{after}")


@given(
    local=st.text("abcdefghijklmnopqrstuvwxyz0123456789._+-", min_size=1, max_size=20),
    host=st.from_regex(r"[a-z0-9]{1,20}(\.[a-z]{2,5}){1,3}", fullmatch=True),
)
def test_an_email_address_is_masked(local: str, host: str) -> None:
    assert f"{local}@{host}" not in redacted_text(f"wrote to {local}@{host}, waiting")


@pytest.mark.parametrize("key", KEYS)
@given(secret=WORD)
def test_a_field_is_masked_by_its_name_at_every_depth(key: str, secret: str) -> None:
    event: dict[str, Any] = {"event": "x", key: secret, "in": [{"deep": {key: secret, "n": 1}}]}
    shown = redacted_event(None, "info", event)

    assert secret not in str(shown)
    assert shown["event"] == "x"
    assert "'n': 1" in str(shown)


@pytest.mark.parametrize(
    "text",
    [
        "zoho-sandbox: records are written without bulk jobs: Zoho refused 3 of 40",
        "account 5725767000000418001, order 65f1c2ab34de56f7890a1b2c",
        "at 2026-11-28T09:31:26.123456Z, 2026-11-28 09:31:26+08:00",
        "https://www.zohoapis.com/crm/v8/coql took 0.13812345678 s",
        "amount 1000.25, rate 7.10, 1764322286 s",
        "code=INVALID_DATA, code: 20012",
        "sqlite:///zixin.db is locked",
        "token not refreshed: the token was refused",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "客户 5725767000000418001 未评级",
    ],
)
def test_what_operators_need_stays(text: str) -> None:
    expected = text.replace("refreshed: the", "refreshed: the")  # a sentence, no value
    assert redacted_text(text) == expected


@given(st.text() | st.text("\n\r\t\x00\x1b\u2028\u202eab", max_size=20))
def test_every_text_becomes_one_line_that_can_be_written(text: str) -> None:
    shown = redacted_text(text)

    assert len(shown.splitlines()) <= 1
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", shown)
    shown.encode("utf-8")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner),
        max_leaves=10,
    )
)
def test_values_of_any_kind_are_taken(value: object) -> None:
    shown = redacted(value)

    if isinstance(value, bool | int | float) or value is None:
        assert shown == value or (isinstance(value, float) and math.isnan(value))


def test_a_value_that_contains_itself_comes_to_an_end() -> None:
    endless: list[object] = []
    endless.append(endless)

    assert "…" in str(redacted(endless))


def test_long_texts_are_read_in_time_that_grows_with_them() -> None:
    for piece in ("a", "1", "a@", "/", "+1 ", "x://", "token", '"', "\\", "a.", "1000.", "://a:"):
        assert redacted_text(piece * (50_000 // len(piece)))
