"""Whether all goes on by itself, and who hears if not: on the command line."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import sqlalchemy as sa

from connector.flow.assess import Scope
from connector.flow.decide import decide
from connector.flow.push import push_due
from connector.flow.react import react_due
from connector.flow.run import PortReader
from connector.store.engine import reading
from connector.store.queue_tables import inbox, outbox
from connector.wiring.alarms import ForgedRate
from connector.wiring.jobs import job_of
from connector.wiring.service import Part, Service
from connector.work.ticker import Ticker
from tests.connector.cli.shell import AS_OF, ZOHO, Shell
from tests.journeys.harness import open_here
from webhooks.counts import Counts


class Desk:
    """Takes alerts as JSON, as a company's own service might."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.status = 200
        desk = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                desk.got.append(json.loads(self.rfile.read(length)))
                self.send_response(desk.status)
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                """Stay silent."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"json://127.0.0.1:{self.server.server_port}/token-that-nobody-may-see"


@pytest.fixture
def desk() -> Iterator[Desk]:
    found = Desk()
    thread = threading.Thread(target=found.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield found
    found.server.shutdown()
    found.server.server_close()
    thread.join()


def with_channels(shell: Shell, desk: Desk, *more: str) -> None:
    """Configure a channel to the desk, and what is given beside it."""
    folder, config = shell.installation.folder, shell.installation.config
    (folder / "alerts.secret").write_text(desk.url, encoding="utf-8")
    channel = '[[alerts]]\nname = "desk"\nurl = "file:alerts.secret"\nlanguage = "en"\n'
    text = config.read_text(encoding="utf-8")
    config.write_text("\n".join((text, channel, *more)), encoding="utf-8")


def test_a_test_reaches_each_channel_in_its_tongue(shell: Shell, desk: Desk) -> None:
    chinese = '[[alerts]]\nname = "群"\nurl = "file:alerts.secret"\nlanguage = "zh"\n'
    with_channels(shell, desk, chinese)

    said = shell.json("alert", "test")

    assert said == {"desk": {"sent": True, "error": ""}, "群": {"sent": True, "error": ""}}
    assert [one["message"] for one in desk.got] == [
        "This is a test. The channel works.",
        "这是一条测试消息，通道正常。",
    ]


def test_a_channel_that_takes_nothing_is_named_without_its_address(
    shell: Shell, desk: Desk
) -> None:
    with_channels(shell, desk)
    desk.status = 500

    said = shell("alert", "test", code=4)

    assert "desk" in said.stdout
    assert "token-that-nobody-may-see" not in said.stdout + said.stderr


def test_without_a_channel_there_is_nothing_to_test(shell: Shell) -> None:
    assert "alerts" in shell("alert", "test", code=2).stderr


def test_an_address_that_is_none_stops_the_command_and_is_not_repeated(
    shell: Shell, desk: Desk
) -> None:
    with_channels(shell, desk)
    secret = "nonsense-with-a-token"
    (shell.installation.folder / "alerts.secret").write_text(secret, encoding="utf-8")

    said = shell("alert", "test", code=2)

    assert "alerts[0].url" in said.stderr
    assert secret not in said.stdout + said.stderr


def test_schedules_are_listed_and_one_that_fell_behind_is_named(pulled: Shell) -> None:
    fresh = pulled.json("schedule", "list")["schedules"]
    with open_here(pulled.installation, pulled.clock) as zixin:
        (expire,) = [one for one in Service(zixin).schedules() if one.name == "expire"]
        Ticker(zixin.engine, pulled.clock).make_up(expire)
    ran = {one["schedule"]: one for one in pulled.json("schedule", "list")["schedules"]}
    pulled.clock.move(timedelta(days=2))
    later = pulled.json("schedule", "list", code=3)["schedules"]
    findings = pulled.json("doctor")["schedules"]

    assert {"pull", "full-pull", "assess", "dunning", "expire", "reviews"} <= set(ran)
    assert all(len(one["next_at"]) == 5 for one in fresh)
    assert not any(one["overdue"] for one in fresh)
    assert ran["expire"]["last_good_at"] is not None
    assert {one["schedule"] for one in later if one["overdue"]} >= {"expire", "pull"}
    assert len(findings) == sum(one["overdue"] for one in later)
    assert {one["remedy"] for one in findings} == {"zixin schedule list"}


def test_the_service_tells_what_is_late_and_that_it_is_well_again(
    pulled: Shell, desk: Desk
) -> None:
    with_channels(pulled, desk)
    with open_here(pulled.installation, pulled.clock) as zixin:
        service, ticker = Service(zixin), Ticker(zixin.engine, pulled.clock)
        schedules = {one.name: one for one in service.schedules()}
        ticker.make_up(schedules["expire"])
        pulled.clock.move(timedelta(days=1, hours=3))
        service.look_and_tell()
        service.look_and_tell()
        late = [one["message"] for one in desk.got]
        pulled.clock.move(timedelta(minutes=1))
        ticker.make_up(schedules["expire"])
        service.look_and_tell()
        told = [one["message"] for one in desk.got[len(late) :]]

    expire = [text for text in late if text.startswith("Ends of decisions")]
    assert len(expire) == 1, late
    assert "zixin schedule list" in expire[0]
    assert [text for text in told if "Ends of decisions" in text] == [
        f"In order again, it was: {expire[0]}"
    ]
    assert "Ends of decisions" not in str(pulled.json("alert", "list")["alerts"])


def test_a_limit_that_ended_is_taken_back_in_the_crm_before_the_morning(ran: Shell) -> None:
    people = '\n[people]\n"陈一" = { role = "committee" }\n"陈二" = { role = "committee" }\n'
    config = ran.installation.config
    config.write_text(config.read_text(encoding="utf-8") + people, encoding="utf-8")
    below = [each for each in available_in_zoho(ran).items() if each[1] < 900_000]
    ref, before = max(below, key=lambda each: each[1])
    until = (AS_OF + timedelta(days=10)).isoformat()
    draft = ran.json(
        *("decide", "temporary", ref, "--amount", "1000000", "--until", until),
        *("--by", "张三", "--reason", "facts"),
        *("--text", "与客户财务负责人电话确认，附会议纪要，特此申请。"),
    )
    for by in ("陈一", "陈二"):
        found = {one["id"]: one["state"] for one in ran.json("decide", "list")["decisions"]}
        if found[draft["id"]] == "draft":
            ran("decide", "approve", draft["id"], "--by", by)
    ran("run")
    during = available_in_zoho(ran)[ref]

    ran.clock.move(timedelta(days=10, hours=12, minutes=15))  # a quarter past midnight
    with open_here(ran.installation, ran.clock) as zixin:
        service = Service(zixin)
        (expire,) = [one for one in service.schedules() if one.name == "expire"]
        assert Ticker(zixin.engine, ran.clock).make_up(expire)
        job = job_of(zixin)
        decide(job, ran.clock.today(), scope=Scope.STALE)
        push_due(zixin.engine, job.ports, ran.clock, rng=job.rng)

    assert during == before + 1_000_000
    assert available_in_zoho(ran)[ref] == before


def available_in_zoho(shell: Shell) -> dict[str, Decimal]:
    """Tell what each account may still buy, as Zoho shows it."""
    rows = shell.installation.crms.crm("zoho").records("Accounts")
    return {f"{ZOHO}:{row['id']}": Decimal(str(row.get("Credit_Available") or 0)) for row in rows}


def test_the_portfolio_report_is_kept_and_only_its_name_is_told(ran: Shell, desk: Desk) -> None:
    config = ran.installation.config
    text = config.read_text(encoding="utf-8")
    monthly = '[schedule]\nreport = "monthly"\n\n[server]'
    config.write_text(text.replace("[server]", monthly, 1), encoding="utf-8")
    with_channels(ran, desk)
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace('name = "desk"', 'name = "desk"\nlevel = "info"'))
    with open_here(ran.installation, ran.clock) as zixin:
        service = Service(zixin)
        schedules = {one.name: one for one in service.schedules()}
        for name in ("report", "reviews"):
            assert Ticker(zixin.engine, ran.clock).make_up(schedules[name])
        service.look_and_tell()

    (path,) = (ran.installation.folder / "reports").iterdir()
    told = [one["message"] for one in desk.got]
    assert path.name == f"portfolio-{AS_OF}.xlsx"
    assert path.stat().st_mode & 0o077 == 0
    assert f"The portfolio report of {AS_OF} is written: {path.name}" in told
    (due,) = [text for text in told if "reviews are due" in text]
    assert int(due.split()[0]) > 0


def test_a_stream_of_forged_messages_is_told_once_an_hour() -> None:
    counts, now = Counts(), datetime(2026, 11, 24, 2, tzinfo=UTC)
    rate = ForgedRate(counts, 3)

    def came(number: int, minutes: int) -> list[str]:
        for _ in range(number):
            counts.add("zoho", "forged")
            counts.add("fx", "accepted")
        return [alert.subject for alert in rate.above(now + timedelta(minutes=minutes))]

    assert came(0, 0) == []
    assert came(3, 10) == []
    assert came(1, 20) == ["zoho"]
    assert came(3, 30) == []
    assert came(0, 70) == []
    assert came(3, 80) == []
    assert came(1, 90) == ["zoho"]


@pytest.mark.parametrize("parts", [(Part.WEB,), tuple(Part)])
def test_each_receiver_tells_of_the_forged_messages_it_got(
    shell: Shell, parts: tuple[Part, ...]
) -> None:
    shell.installation.edit("[store]", "[alerting]\nforged_per_hour = 2\n[store]")
    with open_here(shell.installation, shell.clock) as zixin:
        service, hook = Service(zixin, parts), zixin.hook(ZOHO)
        client = service.receiver().test_client()
        served = {job.id for job in service.scheduler.get_jobs()} - {"make-up", "watch"}

        assert bool(served) is (Part.SCHEDULER in parts)
        for _ in range(3):
            assert client.post(f"/hooks/{hook}", json={"module": "Accounts"}).status_code == 401
        service.scheduler.get_job("watch").func()

    (alert,) = [
        one for one in shell.json("alert", "list")["alerts"] if one["code"] == "forged_messages"
    ]
    assert alert["subject"] == ZOHO


def test_what_zoho_tells_of_its_jobs_is_kept_and_asks_for_nothing(shell: Shell) -> None:
    with open_here(shell.installation, shell.clock) as zixin:
        service = Service(zixin)
        client = service.receiver().test_client()
        (path,) = zixin.job_codecs(ZOHO)
        told = {"job_id": "5000000000700001", "operation": "write", "state": "COMPLETED"}
        statuses = [client.post(f"/hooks/{path}", json=told).status_code for _ in range(2)]
        forged = client.post(f"/hooks/{path[:-1]}", json=told).status_code
        job, codecs = job_of(zixin), {ZOHO: zixin.codec(ZOHO)}
        reader = PortReader(job.engine, {}, job.clock)  # it could read nothing
        react_due(zixin.engine, codecs, reader, job.clock, rng=job.rng)
        with reading(zixin.engine) as conn:
            rows = conn.execute(sa.select(inbox.c.message_id, inbox.c.state)).all()

    assert (statuses, forged) == ([200, 200], 401)
    assert [tuple(row) for row in rows] == [("job:5000000000700001", "done")]
    assert service.counts.all() == {
        (ZOHO, "accepted"): 1,
        (ZOHO, "duplicate"): 1,
        (ZOHO, "forged"): 1,
    }


@pytest.mark.parametrize("part", Part)
def test_receivers_and_schedulers_look_and_workers_do_not(shell: Shell, part: Part) -> None:
    with open_here(shell.installation, shell.clock) as zixin:
        service = Service(zixin, (part,))
        service.start()
        looks = service.scheduler.running
        ended = service.stop()

    assert looks is (part is not Part.WORKER)
    assert ended
    assert not service.scheduler.running


def test_in_quiet_hours_the_service_gives_nobody_a_new_task(pulled: Shell) -> None:
    config = pulled.installation.config
    text = config.read_text(encoding="utf-8")
    config.write_text(text + '\n[quiet]\nhours = "20:00-08:00"\n', encoding="utf-8")
    pulled.clock.move(timedelta(hours=10))  # 22:00

    with open_here(pulled.installation, pulled.clock) as zixin:
        service = Service(zixin)
        schedules = {one.name: one for one in service.schedules()}
        schedules["assess"].work(pulled.clock.now())
        service.rounds.work_off_chunks()
        at_night = tasks_asked_for(zixin.engine)
        pulled.clock.move(timedelta(hours=10, minutes=30))
        schedules["dunning"].work(pulled.clock.now())
        service.rounds.work_off_chunks()
        by_day = tasks_asked_for(zixin.engine)

    assert at_night == 0
    assert by_day > 0


def tasks_asked_for(engine: sa.Engine) -> int:
    with reading(engine) as conn:
        statement = sa.select(sa.func.count()).where(outbox.c.kind == "task")
        return int(conn.execute(statement).scalar_one())
