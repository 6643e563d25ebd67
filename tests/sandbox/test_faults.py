import pytest
import requests
from werkzeug.test import Client

from sandbox.faults import FaultKind, FaultRule, Faults
from sandbox.server import Sandbox
from sandbox.wire_faults import FaultMiddleware
from tests.sandbox.tiny_crm import TinyCrm


def _rule(kind: FaultKind, **changes: object) -> dict[str, object]:
    return {"match": "* /", "kind": kind.value, **changes}


def test_a_rule_fires_as_often_as_it_says_and_only_where_it_matches() -> None:
    faults = Faults()
    faults.replace([{"match": "POST /crm", "kind": "rate_limit", "times": 2}])

    assert faults.take("rate_limit", "GET", "/crm/v8") is None
    assert faults.take("quota", "POST", "/crm/v8") is None
    assert faults.take("rate_limit", "POST", "/other") is None
    assert [bool(faults.take("rate_limit", "POST", "/crm/v8")) for _ in range(3)] == [
        True,
        True,
        False,
    ]
    assert faults.as_json()[0]["fired"] == 2


def test_the_same_seed_gives_the_same_faults() -> None:
    runs = []
    for _ in range(2):
        faults = Faults()
        faults.replace([_rule(FaultKind.QUOTA, probability=0.4, seed=7)])
        runs.append([faults.take("quota", "GET", "/") is not None for _ in range(200)])

    assert runs[0] == runs[1]
    assert 50 < sum(runs[0]) < 110


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ({"match": "x", "kind": "slow"}, '"match"'),
        ({"match": "* /", "kind": "explode"}, '"kind"'),
        ({"match": "* /", "kind": "slow", "times": 0}, '"times"'),
        ({"match": "* /", "kind": "slow", "probability": 2}, '"probability"'),
        ({"match": "* /", "kind": "slow", "delay_seconds": "1"}, '"delay_seconds"'),
        ({"match": "* /", "kind": "slow", "delay": 1}, "unknown keys"),
    ],
)
def test_a_rule_that_cannot_be_understood_is_refused_and_the_old_ones_stay(
    rule: dict[str, object], sentence: str
) -> None:
    faults = Faults()
    faults.add(FaultRule(match="* /", kind=FaultKind.QUOTA))

    with pytest.raises(ValueError, match=sentence):
        faults.replace([rule])
    assert faults.take("quota", "GET", "/") is not None


@pytest.mark.parametrize(
    ("kind", "status", "media_type"),
    [
        (FaultKind.ERROR_500, 500, "application/json"),
        (FaultKind.ERROR_502_HTML, 502, "text/html"),
        (FaultKind.ERROR_503, 503, "application/json"),
        (FaultKind.ERROR_504_HTML, 504, "text/html"),
        (FaultKind.HTML_200, 200, "text/html"),
    ],
)
def test_an_answer_of_the_gateway_is_not_carried_out_but_journaled(
    kind: FaultKind, status: int, media_type: str
) -> None:
    crm = TinyCrm()
    crm.faults.replace([_rule(kind, times=1)])
    sandbox = Sandbox()
    sandbox.mount(crm)

    with sandbox, requests.Session() as session:
        first = session.post(f"{sandbox.url('zoho')}/hello", json={"a": 1}, timeout=5)
        second = session.post(f"{sandbox.url('zoho')}/hello", json={"a": 1}, timeout=5)

    assert first.status_code == status
    assert first.headers["Content-Type"].startswith(media_type)
    assert second.json() == {"a": 1}
    assert crm.carried_out == 1
    assert [call.answer for call in crm.journal] == [f"fault: {kind}", ""]


@pytest.mark.parametrize(
    ("kind", "carried_out"),
    [
        (FaultKind.RESET_BEFORE, 0),
        (FaultKind.RESET_AFTER, 1),
        (FaultKind.HALF_CLOSE, 1),
    ],
)
def test_a_cut_connection_answers_nothing(kind: FaultKind, carried_out: int) -> None:
    crm = TinyCrm()
    crm.faults.replace([_rule(kind, times=1)])
    sandbox = Sandbox()
    sandbox.mount(crm)

    with sandbox, requests.Session() as session:
        with pytest.raises(requests.ConnectionError):
            session.post(f"{sandbox.url('zoho')}/hello", json={}, timeout=5)
        assert crm.carried_out == carried_out
        assert session.get(f"{sandbox.url('zoho')}/hello", timeout=5).ok


def test_truncated_json_is_carried_out_and_stops_half_way() -> None:
    crm = TinyCrm()
    crm.faults.replace([_rule(FaultKind.TRUNCATED_JSON)])
    sandbox = Sandbox()
    sandbox.mount(crm)

    with sandbox:
        answer = requests.get(f"{sandbox.url('zoho')}/hello", timeout=5)

    assert answer.text == '{"hello":'
    assert answer.headers["Content-Length"] == "9"
    assert crm.carried_out == 1


def test_an_answer_may_be_shorter_than_it_says() -> None:
    crm = TinyCrm()
    crm.faults.replace([_rule(FaultKind.WRONG_LENGTH)])
    sandbox = Sandbox()
    sandbox.mount(crm)

    with sandbox, pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        requests.post(f"{sandbox.url('zoho')}/hello", json={}, timeout=5)
    assert crm.carried_out == 1


def test_an_answer_may_come_byte_by_byte() -> None:
    crm = TinyCrm()
    crm.faults.replace([_rule(FaultKind.SLOW_BODY, times=1)])
    sandbox = Sandbox()
    sandbox.mount(crm)

    with sandbox, requests.Session() as session:
        slow = session.get(f"{sandbox.url('zoho')}/hello", timeout=5)
        again = session.get(f"{sandbox.url('zoho')}/hello", timeout=5)

    assert slow.json() == again.json()
    assert slow.headers["Connection"] == "close"
    assert crm.carried_out == 2


def test_some_bytes_may_be_others() -> None:
    crm = TinyCrm()
    app = FaultMiddleware(crm.wsgi(), crm.faults)
    whole = Client(app).get("/hello").data
    crm.faults.replace([_rule(FaultKind.BROKEN_BYTES)])
    broken = Client(app).get("/hello").data

    assert len(broken) == len(whole)
    assert broken != whole
    assert crm.carried_out == 2


@pytest.mark.parametrize(
    ("sent", "answered"),
    [({"data": [1, 2]}, {"data": [1]}), ({"data": []}, {"data": []}), ({"a": 1}, {"a": 1})],
)
def test_the_last_entry_of_a_list_may_be_missing(sent: object, answered: object) -> None:
    crm = TinyCrm()
    crm.faults.replace([_rule(FaultKind.MISSING_ENTRY)])

    answer = Client(FaultMiddleware(crm.wsgi(), crm.faults)).post("/hello", json=sent)

    assert answer.json == answered


def test_slow_waits_and_then_answers() -> None:
    waited: list[float] = []
    crm = TinyCrm()
    crm.faults.replace([_rule(FaultKind.SLOW, delay_seconds=3)])
    app = FaultMiddleware(crm.wsgi(), crm.faults, sleep=waited.append)

    answer = Client(app).get("/hello")

    assert answer.status_code == 200
    assert waited == [3.0]
    assert crm.carried_out == 1
