"""Our APL functions: their texts, what they send, and what must be refused."""

import contextlib
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.events import ForgedMessage, Hint
from adapters.fxiaoke.apl_events import AplVerifier, apl_key_warnings, apl_signature
from adapters.fxiaoke.events import open_events
from adapters.fxiaoke.functions import function_texts
from adapters.fxiaoke.names import FxiaokeMapping
from adapters.settings import ConnectionSettings, Secret
from sandbox.fxiaoke.store import Change
from sandbox.fxiaoke.tenant import FxiaokeTenant
from scoring.records import Kind
from tests.adapters.fxiaoke.gateway import some_settings
from tests.adapters.fxiaoke.test_events import KEY as CALLBACK_KEY
from tests.adapters.fxiaoke.test_events import PLAIN, SENT_AT, signed

KEY = "k" * 44
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECONDS = "1767225600"
BODY = (
    b'{"ea":"acme001","apiName":"PaymentObj","dataId":"65a1","event":"update","ts":1767225600000}'
)


def a_verifier(*keys: str, now: datetime = NOW, account: str = "acme001") -> AplVerifier:
    return AplVerifier(
        keys or (KEY,), mapping=FxiaokeMapping(), now=lambda: now, enterprise_account=account
    )


def headers(timestamp: str = SECONDS, body: bytes = BODY, key: str = KEY) -> dict[str, str]:
    return {
        "x-credit-timestamp": timestamp,
        "x-credit-signature": apl_signature(key, timestamp, body),
    }


def settings_with(**keys: str) -> ConnectionSettings:
    secrets = {name: Secret(key) for name, key in keys.items()}
    return ConnectionSettings(
        name="fx", vendor="fxiaoke", secrets=secrets, options={"ea": "acme001"}
    )


def test_the_signature_is_the_contracts() -> None:
    """Computed with ``openssl dgst -sha256 -hmac``."""
    assert apl_signature("secret", "1", b"{}") == (
        "1122767b193110cfec322b6f199b599edbf608ed087f2d27afb0b97d99523908"
    )


@pytest.mark.parametrize("timestamp", [SECONDS, f"{SECONDS}000"])
def test_a_genuine_message_names_its_record_in_seconds_or_milliseconds(timestamp: str) -> None:
    verified = a_verifier().verify(headers(timestamp), BODY)

    assert (verified.answer, verified.content_type) == (b'{"ok":true}', "application/json")
    assert a_verifier().parse_hints(BODY) == (Hint(Kind.PAYMENTS, ("65a1",)),)


def test_a_repetition_has_the_same_id_and_another_message_another() -> None:
    verifier = a_verifier()
    first, again = (verifier.verify(headers(), BODY).message_id for _ in range(2))

    assert first == again
    assert verifier.verify(headers(f"{SECONDS}001"), BODY).message_id != first


def test_a_signature_in_capitals_is_understood() -> None:
    sent = headers()
    sent["x-credit-signature"] = sent["x-credit-signature"].upper()

    assert a_verifier().verify(sent, BODY).answer


def test_the_key_before_is_accepted_during_a_rotation() -> None:
    assert a_verifier("n" * 44, KEY).verify(headers(), BODY).answer


@pytest.mark.parametrize(
    ("sent", "body"),
    [
        (headers(), BODY + b" "),
        (headers(key="x" * 44), BODY),
        ({**headers(), "x-credit-timestamp": "1767225601"}, BODY),
        ({}, BODY),
        (headers("yesterday"), BODY),
        (headers("9" * 40), BODY),
        (headers("9" * 15), BODY),
        (headers("²"), BODY),
        (headers(body=b"[]"), b"[]"),
        (headers(body=b'{"ea":"acme001"}'), b'{"ea":"acme001"}'),
        (headers(body=BODY.replace(b"acme001", b"other01")), BODY.replace(b"acme001", b"other01")),
        (headers(body=b"x" * 70_000), b"x" * 70_000),
    ],
)
def test_what_is_not_genuine_is_refused(sent: dict[str, str], body: bytes) -> None:
    with pytest.raises(ForgedMessage):
        a_verifier().verify(sent, body)


@pytest.mark.parametrize("apart", [timedelta(seconds=301), timedelta(seconds=-301)])
def test_an_old_message_and_one_ahead_are_refused(apart: timedelta) -> None:
    with pytest.raises(ForgedMessage, match="five minutes"):
        a_verifier(now=NOW + apart).verify(headers(), BODY)


@given(st.binary(max_size=200), st.text(max_size=30), st.text(max_size=80))
def test_garbage_is_a_forgery_and_nothing_else(body: bytes, at: str, signature: str) -> None:
    sent = {"x-credit-timestamp": at, "x-credit-signature": signature}
    with contextlib.suppress(ForgedMessage):
        a_verifier().verify(sent, body)
    with contextlib.suppress(ForgedMessage):
        a_verifier().verify(headers(at, body), body)
    with contextlib.suppress(ForgedMessage):
        a_verifier().parse_hints(body)


def test_both_ways_come_to_one_address_and_each_needs_its_key() -> None:
    callback = signed(PLAIN.encode())
    both = open_events(settings_with(callback_key=CALLBACK_KEY, apl_key=KEY), now=lambda: SENT_AT)
    for sent, body in (({}, callback), (headers(), BODY)):
        assert both.verify(sent, body).answer
        assert both.parse_hints(body)

    function = open_events(settings_with(apl_key="n" * 44, apl_key_old=KEY), now=lambda: NOW)
    assert function.verify(headers(), BODY).answer
    with pytest.raises(ForgedMessage):
        function.verify({}, callback)
    with pytest.raises(ForgedMessage):
        function.parse_hints(callback)
    platform = open_events(settings_with(callback_key=CALLBACK_KEY), now=lambda: SENT_AT)
    with pytest.raises(ForgedMessage):
        platform.verify(headers(), BODY)


def test_the_look_alikes_function_is_verified(tenant: FxiaokeTenant) -> None:
    tenant.function.bind("http://127.0.0.1:9/hooks/x", KEY)
    change = Change(event="update", api_name="AccountObj", record_id="a1", at_ms=1)
    body, sent = tenant.function.message(change)
    verifier = a_verifier(now=tenant.clock.now())

    assert verifier.verify({name.lower(): text for name, text in sent.items()}, body).answer
    assert verifier.parse_hints(body) == (Hint(Kind.ACCOUNTS, ("a1",)),)


@pytest.mark.parametrize(
    ("key", "complaint"), [("short", "less than 32"), ("it's-" * 10, "survive"), (KEY, "")]
)
def test_a_bad_secret_is_told(key: str, complaint: str) -> None:
    assert complaint in "".join(apl_key_warnings(key))
    assert bool(apl_key_warnings(key)) == bool(complaint)


def texts(url: str = "https://credit.example.com/hooks/HOOK", **mapping: Any) -> dict[str, str]:
    settings = some_settings(options={"ea": "acme001"}, mapping=mapping)
    return {each.name: each.text for each in function_texts(settings, url)}


def code_of(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("//"))


def test_the_function_that_tells_of_changes_has_the_tenants_address_and_no_secret() -> None:
    (text,) = texts().values()

    assert "String url = 'https://credit.example.com/hooks/HOOK'" in text
    assert "ea: 'acme001'" in text
    assert "String secret = 'PASTE'" in text
    for name in ("AccountObj", "PaymentObj", "OrderPaymentObj", "SalesOrderObj"):
        assert name in text.splitlines()[1]


def test_only_objects_that_are_read_again_are_told_of() -> None:
    (text,) = texts(receivables="notes", invoices={"object": ""}).values()

    for name in ("PaymentPlanObj", "OrderPaymentObj", "AccountsReceivableNoteObj"):
        assert name not in text.splitlines()[1]


def test_the_function_for_native_tasks_comes_where_their_number_is_kept() -> None:
    names = {"native_id": "native_task_id__c", "status_closed": ["done", "it's over"]}
    found = texts(tasks=names)

    text = found["zixin_task"]
    assert "['native_task_id__c': taskId]" in text
    assert r"List closed = ['done', 'it\'s over']" in text
    assert "[object_api_name: 'AccountObj', id: record['account__c']]" in text


def test_a_name_cannot_break_out_of_the_text() -> None:
    (text,) = texts(url="https://x/'); Fx.evil(\n//").values()

    assert "String url = 'https://x/\\'); Fx.evil( //'" in text


@pytest.mark.parametrize("name", ["zixin_event", "zixin_task"])
def test_the_texts_keep_to_what_apl_allows(name: str) -> None:
    """No loops, exceptions or block comments; an ``else`` for each ``if``; all names filled in."""
    text = texts(tasks={"native_id": "native_task_id__c"})[name]
    code = code_of(text)

    assert not re.search(r"@[A-Z_]+@", text)
    assert "/*" not in text
    assert not re.search(r"\b(for|while|try|throw|catch|println|import|class)\b", code)
    assert len(re.findall(r"\bif \(", code)) == len(re.findall(r"\belse\b", code))
    declared = [name for each in re.findall(r"\bdef \((.*?)\)", code) for name in each.split(", ")]
    for variable in (each.split()[1] for each in declared):  # an unused one cannot be saved
        assert len(re.findall(rf"(?<![.\w]){variable}\b", code)) > 1, variable
    for opening, closing in ("()", "[]", "{}"):
        assert code.count(opening) == code.count(closing)
    assert code.count("'") % 2 == 0


def test_what_the_function_writes_down_is_what_is_verified() -> None:
    """The text signs ``timestamp + '.' + text`` and sends that very text."""
    (text,) = texts().values()

    assert "Fx.crypto.SHA.sha256HMAC(secret, timestamp + '.' + text)" in text
    assert ".content(text)" in text
    sent = re.findall(r"\.header\('(X-Credit-\w+)', (\w+)\)", text)
    assert sent == [("X-Credit-Timestamp", "timestamp"), ("X-Credit-Signature", "signature")]
    fields = re.findall(r"^  (\w+): ", text, re.MULTILINE)
    assert set(fields) == set(json.loads(BODY))
