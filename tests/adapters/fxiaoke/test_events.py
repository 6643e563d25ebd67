"""The callback codec: the vectors of the wire contract, and everything that must be refused."""

import base64
import contextlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.events import ForgedMessage, Hint
from adapters.fxiaoke.events import (
    FxiaokeVerifier,
    decrypt,
    encrypt,
    key_warnings,
    open_events,
    sign,
)
from adapters.fxiaoke.names import FxiaokeMapping
from adapters.settings import ConnectionSettings, MissingSettingError, Secret
from scoring.records import Kind

KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
RAW_KEY = base64.b64decode(KEY)
OTHER_KEY = base64.b64encode(b"z" * 32).decode()
PLAIN = (
    '{"tenantId":700001,"eventType":"update","apiName":"AccountObj",'
    '"dataId":"65a000000000000000000001","timestamp":1767225600000,'
    '"messageId":"MSG0000000000000000000000000001"}'
)
CONTENT = (
    "jauRnlR+REKnH1/qc+iVBmkUvZFA5/Tm3xeipSGXNQbv9sdTFwknpu07W2qpCu4fFCe91jWHeiRmn4s5sEerSd/CNdd0V3yPfKoqNp7e"
    "N8r3TdxQv8YFClxhv4JTuBb3hNEl4sVYKc6/VQkGsC7BS/HIYPw/ksr0KA+YauF2VZNAKPrh2h52LyW1WukrOXK0OkKexUz+u8q7GHgZ"
    "dKBN0ha5RSwTmqROALthqPngL2o="
)
SENT_AT = datetime(2026, 1, 1, 0, 0, 1, 300_000, tzinfo=UTC)


def a_verifier(*keys: str, now: datetime = SENT_AT, **more: str) -> FxiaokeVerifier:
    return FxiaokeVerifier(
        keys or (KEY,),
        mapping=FxiaokeMapping(),
        now=lambda: now,
        nonce=lambda: "123456",
        **more,
    )


def a_message(**changes: Any) -> dict[str, Any]:
    message = {
        "signature": "956640aff46601de7bb7b72b1250547eadb40263",
        "timestamp": 1767225601234,
        "nonce": "n0nceN0nceN0nce1",
        "messageId": "MSG0000000000000000000000000001",
        "retryTimes": 0,
        "enterpriseAccount": "acme001",
        "encryptedContent": CONTENT,
    }
    return message | changes


def signed(plain: bytes, **changes: Any) -> bytes:
    message = a_message(encryptedContent=encrypt(plain, RAW_KEY), **changes)
    parts = ("timestamp", "nonce", "messageId", "retryTimes")
    texts = [str(message[part]) for part in parts]
    message["signature"] = sign(
        *texts, message["enterpriseAccount"], message["encryptedContent"], KEY
    )
    return json.dumps(message).encode()


def test_the_content_decrypts_to_the_documented_event() -> None:
    assert decrypt(CONTENT, RAW_KEY).decode() == PLAIN


def test_encrypting_the_event_gives_the_documented_content() -> None:
    assert encrypt(PLAIN.encode(), RAW_KEY) == CONTENT


def test_a_message_with_a_retry_counter_is_accepted() -> None:
    verified = a_verifier().verify({}, json.dumps(a_message()).encode())

    assert verified.message_id == "MSG0000000000000000000000000001"


def test_a_message_without_a_retry_counter_is_accepted() -> None:
    message = a_message(signature="473f566e0ff265c228fe19d7e65b03e31edd116e")
    del message["retryTimes"]

    assert a_verifier().verify({}, json.dumps(message).encode()).message_id.startswith("MSG")


def test_the_answer_is_the_documented_one() -> None:
    verified = a_verifier().verify({}, json.dumps(a_message()).encode())

    assert verified.content_type == "application/json"
    assert json.loads(verified.answer or b"") == {
        "signature": "10a35667f40040a8b69ee38e6b80d82517946dc8",
        "timestamp": 1767225601300,
        "nonce": "123456",
        "encryptedResult": "fFHhi3wJYJaaYqMlILUHtA==",
    }


def test_a_repetition_has_the_same_message_id() -> None:
    first = a_verifier().verify({}, signed(PLAIN.encode(), retryTimes=0))
    second = a_verifier().verify({}, signed(PLAIN.encode(), retryTimes=1))

    assert first.message_id == second.message_id


def test_during_a_rotation_both_keys_are_accepted_and_the_answer_uses_the_senders() -> None:
    verified = a_verifier(OTHER_KEY, KEY).verify({}, json.dumps(a_message()).encode())

    assert json.loads(verified.answer or b"")["encryptedResult"] == "fFHhi3wJYJaaYqMlILUHtA=="


def test_an_event_names_the_record_to_read_again() -> None:
    hints = a_verifier().parse_hints(json.dumps(a_message()).encode())

    assert hints == (Hint(Kind.ACCOUNTS, ("65a000000000000000000001",)),)


@pytest.mark.parametrize("event", ["create", "update", "invalid", "delete", "recover", "novelty"])
def test_whatever_happened_the_record_is_read_again(event: str) -> None:
    plain = json.dumps({"eventType": event, "apiName": "PaymentObj", "dataId": "p1"}).encode()

    assert a_verifier().parse_hints(signed(plain)) == (Hint(Kind.PAYMENTS, ("p1",)),)


def test_a_receivable_may_be_an_invoice_or_a_credit_note() -> None:
    plain = b'{"apiName": "AccountsReceivableNoteObj", "dataId": "n1"}'

    kinds = [hint.kind for hint in a_verifier().parse_hints(signed(plain))]

    assert kinds == [Kind.INVOICES, Kind.CREDIT_NOTES]


@pytest.mark.parametrize(
    "plain",
    [b"ping", b"{}", b"[]", b'{"apiName": "LeadsObj", "dataId": "x"}', b"\xff\xfe", b"",
     b'{"apiName": "AccountObj", "dataId": ""}'],
)  # fmt: skip
def test_a_genuine_probe_is_answered_and_names_nothing(plain: bytes) -> None:
    body = signed(plain)

    assert a_verifier().verify({}, body).answer
    assert a_verifier().parse_hints(body) == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"signature": "0" * 40},
        {"signature": ""},
        {"signature": "é"},
        {"signature": None},
        {"timestamp": 1767225601235},
        {"timestamp": "1767225601234"},
        {"timestamp": True},
        {"nonce": "other"},
        {"messageId": "MSG0000000000000000000000000002"},
        {"messageId": 5},
        {"retryTimes": 1},
        {"retryTimes": "0"},
        {"enterpriseAccount": "someone"},
        {"encryptedContent": CONTENT[:-4] + "AAA="},
        {"encryptedContent": ""},
    ],
)
def test_any_change_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ForgedMessage):
        a_verifier().verify({}, json.dumps(a_message(**changes)).encode())


def test_a_message_signed_with_another_key_is_refused() -> None:
    with pytest.raises(ForgedMessage):
        a_verifier(OTHER_KEY).verify({}, json.dumps(a_message()).encode())


def test_a_message_of_another_tenant_is_refused() -> None:
    verifier = a_verifier(enterprise_account="other001")

    with pytest.raises(ForgedMessage, match="another tenant"):
        verifier.verify({}, json.dumps(a_message()).encode())


@pytest.mark.parametrize("step", [timedelta(hours=25), timedelta(hours=-25)])
def test_a_message_more_than_a_day_off_is_refused(step: timedelta) -> None:
    with pytest.raises(ForgedMessage, match="24 hours"):
        a_verifier(now=SENT_AT + step).verify({}, json.dumps(a_message()).encode())


@pytest.mark.parametrize("step", [timedelta(hours=23), timedelta(hours=-23)])
def test_a_late_delivery_within_the_day_is_accepted(step: timedelta) -> None:
    verified = a_verifier(now=SENT_AT + step).verify({}, json.dumps(a_message()).encode())

    assert verified.answer


def test_a_timestamp_outside_the_calendar_is_refused() -> None:
    with pytest.raises(ForgedMessage, match="calendar"):
        a_verifier().verify({}, signed(PLAIN.encode(), timestamp=10**18))


def test_a_signed_content_that_does_not_decrypt_is_refused() -> None:
    message = a_message(encryptedContent="AAAA")
    texts = [str(message[part]) for part in ("timestamp", "nonce", "messageId", "retryTimes")]
    message["signature"] = sign(*texts, "acme001", "AAAA", KEY)

    with pytest.raises(ForgedMessage, match="decrypt"):
        a_verifier().verify({}, json.dumps(message).encode())


def test_a_message_without_an_id_is_refused() -> None:
    with pytest.raises(ForgedMessage, match="no id"):
        a_verifier().verify({}, signed(PLAIN.encode(), messageId=""))


def test_a_very_long_message_is_refused_unread() -> None:
    with pytest.raises(ForgedMessage, match="too long"):
        a_verifier().verify({}, b" " * 70_000)


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"{}", b"\xff", b'{"a":' * 20_000, b"[" * 60_000]
)
def test_what_is_no_callback_is_refused(body: bytes) -> None:
    with pytest.raises(ForgedMessage):
        a_verifier().verify({}, body)


@given(st.binary(max_size=400))
def test_garbage_is_refused_and_nothing_else_happens(body: bytes) -> None:
    with pytest.raises(ForgedMessage):
        a_verifier().verify({}, body)


_junk = st.none() | st.booleans() | st.integers() | st.text(max_size=60) | st.floats()


@given(st.sampled_from(sorted(a_message())), _junk)
def test_one_junk_field_is_refused_and_nothing_else_happens(field: str, value: object) -> None:
    message = a_message()
    if value == message[field] and type(value) is type(message[field]):
        return
    body = json.dumps(a_message(**{field: value})).encode()

    with pytest.raises(ForgedMessage):
        a_verifier().verify({}, body)


@given(st.binary(max_size=200))
def test_what_was_encrypted_decrypts(plain: bytes) -> None:
    assert decrypt(encrypt(plain, RAW_KEY), RAW_KEY) == plain


@given(
    st.text(max_size=200) | st.binary(max_size=120).map(lambda raw: base64.b64encode(raw).decode())
)
def test_garbage_content_is_refused_or_decrypts(content: str) -> None:
    with contextlib.suppress(ForgedMessage):
        assert isinstance(decrypt(content, RAW_KEY), bytes)


def test_our_own_key_has_no_warnings() -> None:
    assert key_warnings(KEY) == []


def test_a_key_of_random_characters_is_warned_of() -> None:
    console_key = KEY[:42] + "Z="

    assert "canonical" in key_warnings(console_key)[0]


@pytest.mark.parametrize(
    "key", ["", "short", "é" * 44, "A" * 44, base64.b64encode(b"x" * 31).decode()]
)
def test_a_key_that_cannot_decrypt_is_refused_at_once(key: str) -> None:
    assert key_warnings(key)
    with pytest.raises(ValueError, match="openssl rand"):
        a_verifier(key)


def test_a_verifier_is_built_from_the_connections_secrets() -> None:
    secrets = {"callback_key": Secret(OTHER_KEY), "callback_key_old": Secret(KEY)}
    settings = ConnectionSettings(
        name="fx", vendor="fxiaoke", secrets=secrets, options={"ea": "acme001"}
    )

    verifier = open_events(settings, now=lambda: SENT_AT)

    assert verifier.verify({}, json.dumps(a_message()).encode()).answer
    with pytest.raises(ForgedMessage):
        verifier.verify({}, signed(PLAIN.encode(), enterpriseAccount="other001"))


def test_a_connection_without_a_callback_key_has_no_verifier() -> None:
    with pytest.raises(MissingSettingError, match="callback_key"):
        open_events(ConnectionSettings(name="fx", vendor="fxiaoke"), now=lambda: SENT_AT)
