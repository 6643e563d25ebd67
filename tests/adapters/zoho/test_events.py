"""Zoho's notifications: only ours are believed, and only as hints."""

import json
from datetime import timedelta
from itertools import count
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.errors import NotPermitted
from adapters.events import ForgedMessage, Hint, HostileContent
from adapters.registry import functions_for, verifier_for
from adapters.settings import MissingSettingError, Secret
from adapters.zoho.events import ZohoVerifier, channels
from adapters.zoho.names import ZohoMapping
from sandbox.zoho import ZohoOrg
from scoring.records import Kind
from tests.adapters.zoho.answers import NOW, SECRETS, CannedZoho, a_port, some_settings
from tests.contract.bench import Bench

TOKEN = SECRETS["channel_token"]
HOOK = "http://127.0.0.1:9/hooks/zoho/secret-word"


def a_verifier() -> ZohoVerifier:
    numbers = count(1)
    return ZohoVerifier([TOKEN], "acme", ZohoMapping(), lambda: str(next(numbers)))


def a_message(**changes: Any) -> bytes:
    message = {
        "server_time": 1770000000123,
        "module": "Invoices",
        "resource_uri": "https://www.zohoapis.com/crm/v8/Invoices",
        "ids": ["5000000000000101", "5000000000000101", "5000000000000102"],
        "operation": "update",
        "channel_id": channels("acme", ZohoMapping())["Invoices"],
        "token": TOKEN,
        "query_params": {},
        "affected_fields": [{"5000000000000101": ["Due_Date"]}],
        **changes,
    }
    return json.dumps(message).encode()


def test_a_genuine_message_is_a_hint_at_its_records() -> None:
    verifier = a_verifier()
    body = a_message()

    assert verifier.verify({}, body).answer is None
    assert verifier.parse_hints(body) == (
        Hint(Kind.INVOICES, ("5000000000000101", "5000000000000102")),
    )


def test_a_channel_may_come_back_as_a_number() -> None:
    channel = int(channels("acme", ZohoMapping())["Invoices"])

    assert a_verifier().parse_hints(a_message(channel_id=channel, ids=[7])) == (
        Hint(Kind.INVOICES, ("7",)),
    )


def test_the_same_message_has_the_same_id() -> None:
    verifier = a_verifier()

    assert verifier.verify({}, a_message()) == verifier.verify({}, a_message())
    assert verifier.verify({}, a_message()) != verifier.verify({}, a_message(server_time=1))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"token": "wrong"}, "the token is not ours"),
        ({"token": None}, "has not the shape"),
        ({"token": "\ud800"}, "has not the shape"),
        ({"channel_id": "1"}, "the channel is not ours"),
        ({"module": "Accounts"}, "of another module"),
        ({"ids": ["1 or 1"]}, "no record id"),
        ({"ids": ["1" * 20]}, "no record id"),
        ({"ids": [-1]}, "no record id"),
        ({"ids": list(range(1, 5002))}, "too many"),
        ({"affected_fields": "x" * 1024 * 1024}, "too long"),
    ],
)
def test_a_forged_message_is_refused(change: dict[str, Any], reason: str) -> None:
    body = a_message(**change)

    with pytest.raises(ForgedMessage, match=reason):
        a_verifier().verify({}, body)
    with pytest.raises(ForgedMessage, match=reason):
        a_verifier().parse_hints(body)


@given(st.binary(max_size=300))
def test_any_bytes_are_verified_or_refused(body: bytes) -> None:
    with pytest.raises(ForgedMessage):
        a_verifier().verify({}, body)


def test_a_deeply_nested_body_is_refused() -> None:
    with pytest.raises(ForgedMessage):
        a_verifier().verify({}, b"[" * 200_000)


def test_channels_differ_by_connection_and_are_digits() -> None:
    ours, theirs = channels("acme", ZohoMapping()), channels("other", ZohoMapping())

    assert set(ours.values()).isdisjoint(theirs.values())
    assert all(each.isdecimal() and len(each) == 15 for each in ours.values())
    assert len(set(ours.values())) == 7


@pytest.mark.parametrize("token", ["", "x" * 51])
def test_a_token_zoho_would_not_echo_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match="1 to 50"):
        ZohoVerifier([token], "acme", ZohoMapping(), str)


def test_two_tokens_are_taken_during_a_rotation() -> None:
    secrets = {"channel_token": Secret("the-new-one"), "channel_token_old": Secret(TOKEN)}
    both = verifier_for(some_settings(secrets=secrets), now=lambda: NOW, nonce=lambda: "n")
    secrets.pop("channel_token_old")
    one = verifier_for(some_settings(secrets=secrets), now=lambda: NOW, nonce=lambda: "n")

    for token in ("the-new-one", TOKEN):
        assert both.verify({}, a_message(token=token)).message_id
    assert one.verify({}, a_message(token="the-new-one")).message_id
    with pytest.raises(ForgedMessage, match="token"):
        one.verify({}, a_message())


@pytest.mark.parametrize("ids", [[str(number) for number in range(1, 1002)], ["1 OR 1=1"]])
def test_a_genuine_token_does_not_excuse_what_is_asked_for(ids: list[str]) -> None:
    with pytest.raises(HostileContent):
        a_verifier().verify({}, a_message(ids=ids))
    with pytest.raises(ForgedMessage) as caught:
        a_verifier().verify({}, a_message(ids=ids, token="wrong"))
    assert not isinstance(caught.value, HostileContent)


def test_the_registry_builds_the_verifier() -> None:
    codec = verifier_for(some_settings(), now=lambda: NOW, nonce=lambda: "n")

    assert codec.verify({}, a_message()).message_id
    with pytest.raises(MissingSettingError):
        verifier_for(some_settings(secrets={}), now=lambda: NOW, nonce=lambda: "n")


def test_channels_are_opened_renewed_and_understood(bench: Bench) -> None:
    secrets = {
        **bench.vendor.settings(bench.crm, bench.url).secrets,
        "channel_token": Secret(TOKEN),
    }
    port = bench.open(secrets=secrets)
    crm = bench.crm
    assert isinstance(crm, ZohoOrg)
    crm.notifier.set_knobs({"paused": True})

    opened = port.watch(HOOK)
    bench.pass_time(timedelta(minutes=30))
    renewed = port.watch(HOOK)

    now = crm.clock.now()
    assert {each.channel_id for each in opened} == set(channels("crm", ZohoMapping()).values())
    assert [each.channel_id for each in renewed] == [each.channel_id for each in opened]
    assert len(crm.watch.channels()) == 7
    assert all(each.expires_at and each.expires_at > now + timedelta(days=6) for each in renewed)


def test_a_shortened_life_is_read_from_the_answer(bench: Bench) -> None:
    secrets = {
        **bench.vendor.settings(bench.crm, bench.url).secrets,
        "channel_token": Secret(TOKEN),
    }

    opened = bench.open(secrets=secrets, options={"watch_days": 8}).watch(HOOK)

    hour = bench.crm.clock.now() + timedelta(hours=1)
    assert {each.expires_at for each in opened} == {hour}


def test_without_a_token_nothing_is_watched(bench: Bench) -> None:
    assert bench.open().watch(HOOK) == []


def test_a_refused_subscription_is_an_error(zoho: CannedZoho) -> None:
    zoho.on("POST", "actions/watch", (401, {"code": "OAUTH_SCOPE_MISMATCH", "details": {}}))

    with pytest.raises(NotPermitted):
        a_port(zoho).watch(HOOK)


def test_only_our_channels_are_ended_and_ending_them_twice_does_no_harm(bench: Bench) -> None:
    secrets = {
        **bench.vendor.settings(bench.crm, bench.url).secrets,
        "channel_token": Secret(TOKEN),
    }
    ours, theirs = (bench.open(name=name, secrets=secrets) for name in ("crm", "other"))
    ours.watch(HOOK)
    kept = {each.channel_id for each in theirs.watch(HOOK)}

    assert ours.unwatch() == len(kept)
    assert isinstance(bench.crm, ZohoOrg)
    assert {each.id for each in bench.crm.watch.channels()} == kept
    assert ours.unwatch() == 0


FORM = {"module": "Invoices", "record_id": "5000000000000101", "secret": TOKEN}


@pytest.mark.parametrize(
    "body",
    [
        urlencode(FORM),
        json.dumps(FORM),
        json.dumps({**FORM, "record_id": 5000000000000101, "more": "anything"}),
        urlencode({**FORM, "more": "anything"}),
    ],
)
def test_a_workflows_webhook_is_a_hint(body: str) -> None:
    verifier = a_verifier()

    verified = [verifier.verify({}, body.encode()) for _ in range(2)]

    assert verifier.parse_hints(body.encode()) == (Hint(Kind.INVOICES, ("5000000000000101",)),)
    # The next change of the record is told in the very same bytes.
    assert verified[0].message_id != verified[1].message_id


@pytest.mark.parametrize(
    "body",
    [
        urlencode({**FORM, "secret": "guessed"}),
        urlencode({**FORM, "module": "Leads"}),
        urlencode({**FORM, "record_id": "1 or 1=1"}),
        urlencode({"module": "Invoices", "secret": TOKEN}),
        urlencode(FORM) + "&secret=" + TOKEN,
        urlencode(FORM) + "&a=1" * 60,
        json.dumps({**FORM, "secret": "guessed"}),
        json.dumps({"record_id": "5000000000000101", "secret": TOKEN}),
        "secret=\xff",
    ],
)
def test_a_foreign_webhook_is_refused(body: str) -> None:
    with pytest.raises(ForgedMessage):
        a_verifier().verify({}, body.encode())


def test_the_administrator_is_told_what_to_enter() -> None:
    texts = {each.name: each.text for each in functions_for(some_settings(), HOOK)}

    assert set(texts) == {
        f"Zixin {name.replace('_', ' ')}" for name in channels("a", ZohoMapping())
    }
    assert HOOK in texts["Zixin Sales Orders"]
    assert "Sales_Orders" in texts["Zixin Sales Orders"]
    assert not any(TOKEN in text for text in texts.values())
