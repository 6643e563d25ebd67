"""/readyz and /metrics: one word for strangers, reasons and figures for operators."""

from datetime import UTC, datetime

from flask.testing import FlaskClient
from werkzeug.test import Client

from connector.flow.reports.health import ConnectionHealth, Health, ScheduleHealth
from connector.web.operations import Operations, beside, operations_app

FAULT = "the database takes no writes: OperationalError"
TOKEN = "a-long-word"
AS_TOKEN = {"Authorization": f"Bearer {TOKEN}"}
STRANGER = {"REMOTE_ADDR": "203.0.113.7"}


def a_health() -> Health:
    one = ConnectionHealth(
        connection="zoho", inbox_seconds=42.0, credits_left=7, data_seconds={"accounts": 90.0}
    )
    schedule = ScheduleHealth(schedule="pull", good_seconds=30.0, failed=False)
    return Health(at=datetime(2026, 11, 24, tzinfo=UTC), connections=[one], schedules=[schedule])


def a_client(
    *faults: str, public: bool = True, own_port: bool = False, token: str = TOKEN
) -> FlaskClient:
    operations = Operations(
        reasons=lambda: list(faults),
        health=a_health,
        received=lambda: {("zoho", "forged"): 3},
        token=token,
        public=public,
    )
    return operations_app(operations, own_port=own_port).test_client()


def test_ready_is_one_word_for_everybody() -> None:
    answer = a_client().get("/readyz", environ_base=STRANGER)

    assert (answer.status_code, answer.text) == (200, "ready\n")


def test_a_stranger_learns_no_reason() -> None:
    for client in (a_client(FAULT), a_client(FAULT, public=False)):
        answer = client.get("/readyz", environ_base=STRANGER)

        assert (answer.status_code, answer.text) == (503, "not ready\n")


def test_behind_a_proxy_this_machine_is_a_stranger_too() -> None:
    assert a_client(FAULT).get("/readyz").text == "not ready\n"
    assert a_client(FAULT, public=False).get("/readyz").text == f"{FAULT}\n"


def test_operators_learn_the_reasons() -> None:
    assert a_client(FAULT, own_port=True).get("/readyz").text == f"{FAULT}\n"
    assert a_client(FAULT).get("/readyz", headers=AS_TOKEN).text == f"{FAULT}\n"


def test_figures_are_not_public() -> None:
    assert a_client(public=False).get("/metrics").status_code == 404
    assert a_client(token="").get("/metrics", headers=AS_TOKEN).status_code == 404
    wrong = {"Authorization": "Bearer another"}
    assert a_client().get("/metrics", headers=wrong).status_code == 404


def test_figures_are_written_for_prometheus() -> None:
    lines = a_client().get("/metrics", headers=AS_TOKEN).text.splitlines()

    assert 'zixin_inbox_oldest_seconds{connection="zoho"} 42.0' in lines
    assert 'zixin_data_age_seconds{connection="zoho",feed="accounts"} 90.0' in lines
    assert 'zixin_schedule_good_seconds{schedule="pull"} 30.0' in lines
    assert 'zixin_messages_total{connection="zoho",outcome="forged"} 3.0' in lines
    assert 'zixin_credits_left{connection="zoho"} 7.0' in lines
    assert "zixin_ready 1.0" in lines
    assert not any(line.startswith("zixin_channel_expires_seconds{") for line in lines)


def test_a_database_out_of_reach_leaves_the_one_figure_that_says_so() -> None:
    text = a_client(FAULT, own_port=True).get("/metrics").text

    assert "zixin_ready 0.0" in text
    assert "zixin_inbox_oldest_seconds{" not in text


def test_everything_else_is_the_receiver_s() -> None:
    pages = a_client().application
    both = beside(lambda _environ, start: (start("200 OK", []), [b"receiver"])[1], pages)

    assert Client(both).get("/hooks/x").data == b"receiver"
    assert Client(both).get("/readyz").data == b"ready\n"
