"""Event callbacks: signature, encryption, which event, and the answer's check."""

import base64
import json
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

import pytest
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from sandbox.fxiaoke import FxiaokeTenant
from sandbox.fxiaoke.callbacks import check_key, decrypt, encrypt, sign
from sandbox.fxiaoke.store import Change
from tests.sandbox.fxiaoke.caller import Caller

# The reference's own vectors, section 7.5.
KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
PLAIN = (
    '{"tenantId":700001,"eventType":"update","apiName":"AccountObj",'
    '"dataId":"65a000000000000000000001","timestamp":1767225600000,'
    '"messageId":"MSG0000000000000000000000000001"}'
)
CONTENT = (
    "jauRnlR+REKnH1/qc+iVBmkUvZFA5/Tm3xeipSGXNQbv9sdTFwknpu07W2qpCu4fFCe91jWHeiRmn4s5sEerSd/CNdd0"
    "V3yPfKoqNp7eN8r3TdxQv8YFClxhv4JTuBb3hNEl4sVYKc6/VQkGsC7BS/HIYPw/ksr0KA+YauF2VZNAKPrh2h52LyW1"
    "WukrOXK0OkKexUz+u8q7GHgZdKBN0ha5RSwTmqROALthqPngL2o="
)
PARTS = (1767225601234, "n0nceN0nceN0nce1", "MSG0000000000000000000000000001")


def _answer(key: str = KEY, text: str = "success") -> bytes:
    result = encrypt(key, text)
    signature = sign(1, "123456", result, key)
    body = {"signature": signature, "timestamp": 1, "nonce": "123456", "encryptedResult": result}
    return json.dumps(body).encode()


@dataclass
class _Receiver:
    """A webhook receiver that keeps what comes and gives the answers it was told to give."""

    answers: list[bytes] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, environ: Any, start_response: Any) -> Any:
        self.bodies.append(json.loads(Request(environ).get_data()))
        body = self.answers.pop(0) if self.answers else _answer()
        return Response(body, mimetype="application/json")(environ, start_response)

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(decrypt(KEY, body["encryptedContent"])) for body in self.bodies]


@pytest.fixture
def receiver(tenant: FxiaokeTenant) -> Any:
    app = _Receiver()
    server = make_server("127.0.0.1", 0, app)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    tenant.set_callback(f"http://127.0.0.1:{server.server_port}/hooks", KEY)
    yield app
    tenant.notifier.stop()
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_vectors_of_the_encryption() -> None:
    assert encrypt(KEY, PLAIN) == CONTENT
    assert decrypt(KEY, CONTENT) == PLAIN
    assert encrypt(KEY, "success") == "fFHhi3wJYJaaYqMlILUHtA=="


@pytest.mark.parametrize(
    ("retries", "signature"),
    [
        (0, "956640aff46601de7bb7b72b1250547eadb40263"),
        (None, "473f566e0ff265c228fe19d7e65b03e31edd116e"),
    ],
)
def test_the_vectors_of_the_signature(retries: int | None, signature: str) -> None:
    assert sign(*PARTS, retries, "acme001", CONTENT, KEY) == signature


def test_the_vector_of_the_answer() -> None:
    signature = sign(1767225601300, "123456", "fFHhi3wJYJaaYqMlILUHtA==", KEY)
    assert signature == "10a35667f40040a8b69ee38e6b80d82517946dc8"


@pytest.mark.parametrize("retry_times", [True, False])
def test_a_body_is_signed_over_what_it_carries(tenant: FxiaokeTenant, *, retry_times: bool) -> None:
    tenant.options.retry_times_in_callbacks = retry_times
    tenant.set_callback("http://127.0.0.1:9/hooks", KEY)
    change = Change(event="update", api_name="AccountObj", record_id="a" * 24, at_ms=5)
    body = json.loads(tenant.callbacks.body(change))

    assert ("retryTimes" in body) == retry_times
    retries = body.get("retryTimes")
    parts = (body["timestamp"], body["nonce"], body["messageId"], retries)
    content = body["encryptedContent"]
    assert body["signature"] == sign(*parts, body["enterpriseAccount"], content, KEY)
    assert (len(body["messageId"]), len(body["nonce"])) == (33, 16)
    event = json.loads(decrypt(KEY, content))
    assert event["messageId"] == body["messageId"]
    assert event["timestamp"] == 5


def test_every_message_has_an_id_of_its_own(tenant: FxiaokeTenant) -> None:
    tenant.set_callback("http://127.0.0.1:9/hooks", KEY)
    change = Change(event="update", api_name="AccountObj", record_id="a" * 24, at_ms=5)
    ids = {json.loads(tenant.callbacks.body(change))["messageId"] for _ in range(50)}
    assert len(ids) == 50


def test_each_committed_change_is_told(tenant: FxiaokeTenant, receiver: _Receiver) -> None:
    caller = Caller(tenant)
    account = caller.create("AccountObj", name="客户", owner=["1001"])["dataId"]
    caller.update("AccountObj", account, name="新名")
    caller.update("AccountObj", account, no_such_field="x")  # refused: nothing to tell
    move = {"objectDataId": account, "ownerId": ["1000"]}
    caller.data("changeOwner", "AccountObj", {"Data": [move]})
    caller.data("invalid", "AccountObj", {"object_data_id": account})
    caller.data("recover", "AccountObj", {"idList": [account]})
    tenant.remove_record("AccountObj", account)
    caller.data("delete", "AccountObj", {"idList": [account]})

    assert tenant.notifier.flush(5)
    wanted = ["create", "update", "changeOwner", "invalid", "recover", "invalid", "delete"]
    assert [event["eventType"] for event in receiver.events()] == wanted
    assert {event["dataId"] for event in receiver.events()} == {account}
    assert tenant.notifier.counters()["failed"] == 0


def test_a_change_by_a_user_is_told(tenant: FxiaokeTenant, receiver: _Receiver) -> None:
    made = tenant.put_record("PaymentObj", {"payment_amount": "5"})
    assert tenant.notifier.flush(5)
    (event,) = receiver.events()
    assert (event["apiName"], event["dataId"]) == ("PaymentObj", made)


def test_own_writes_are_silent_on_request(tenant: FxiaokeTenant, receiver: _Receiver) -> None:
    tenant.options.own_writes_raise_events = False
    made = tenant.put_record("AccountObj", {"name": "客户"})
    Caller(tenant).update("AccountObj", made, name="新名")
    assert tenant.notifier.flush(5)
    assert len(receiver.bodies) == 1


@pytest.mark.parametrize(
    "bad",
    [
        b"ok",
        b"[]",
        b'{"encryptedResult": "AAAA", "signature": "x"}',
        _answer(text="error"),
        _answer(key=base64.b64encode(b"k" * 32).decode()),
    ],
)
def test_a_wrong_answer_is_sent_again(
    tenant: FxiaokeTenant, receiver: _Receiver, bad: bytes
) -> None:
    receiver.answers = [bad]
    tenant.put_record("AccountObj", {"name": "客户"})
    assert tenant.notifier.flush(5)
    assert len(receiver.bodies) == 2
    assert receiver.bodies[0] == receiver.bodies[1]  # the same message, for the receiver to know
    assert tenant.callbacks.wrong_answers == 1


def test_a_receiver_that_never_understands_is_given_up(
    tenant: FxiaokeTenant, receiver: _Receiver
) -> None:
    receiver.answers = [b"no"] * 4
    tenant.put_record("AccountObj", {"name": "客户"})
    assert tenant.notifier.flush(5)
    assert len(receiver.bodies) == 4  # once, and three times again
    assert tenant.notifier.counters()["failed"] == 1


def test_a_plain_success_is_accepted_unless_switched_off(
    tenant: FxiaokeTenant, receiver: _Receiver
) -> None:
    assert tenant.callbacks.accepts(200, b"success", KEY)
    assert not tenant.callbacks.accepts(500, b"success", KEY)
    tenant.options.plain_success_accepted = False
    assert not tenant.callbacks.accepts(200, b"success", KEY)
    assert receiver.bodies == []


@pytest.mark.parametrize(
    "key", ["", "nonsense", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWZ=", "AAAA", KEY[:-1]]
)
def test_a_key_that_others_decode_differently_is_refused(tenant: FxiaokeTenant, key: str) -> None:
    with pytest.raises(ValueError, match=r"Base64"):
        check_key(key)
    with pytest.raises(ValueError, match=r"Base64"):
        tenant.set_callback("http://127.0.0.1:1/", key)


def test_another_machine_is_never_called(tenant: FxiaokeTenant) -> None:
    with pytest.raises(ValueError, match="this machine"):
        tenant.set_callback("https://example.com/hooks", KEY)


def test_the_key_is_not_shown(tenant: FxiaokeTenant) -> None:
    tenant.set_callback("http://127.0.0.1:9/hooks", KEY)
    assert KEY not in repr(tenant.callbacks)
    tenant.set_callback(None)
    tenant.put_record("AccountObj", {"name": "客户"})
    assert tenant.notifier.counters()["waiting"] == 0
