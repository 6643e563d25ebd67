"""T01: a shuffled burst with a restart in the middle; nothing is lost, applied twice or forged.

The sandbox's own notifications are dropped: only the burst tells of what was booked. What decides
is the database, and the journal and records of the look-alikes.
"""

import json
import random
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from adapters.fxiaoke.events import sign
from connector.cli.sandboxes import CALLBACK_KEY
from connector.store.engine import reading
from connector.store.queue_tables import inbox
from sandbox.company.generate import generate
from sandbox.fxiaoke import FxiaokeTenant
from sandbox.fxiaoke.store import Change
from sandbox.zoho import ZohoOrg
from tests.databases import empty_database
from tests.journeys.burst import Answered, Message, send_all
from tests.journeys.clerk import Clerk, clerks_of, overdue_by_account
from tests.journeys.harness import Installation, installed, tasks_of
from tests.journeys.serving import Serve, serving, wait_until

pytestmark = pytest.mark.journey

VENDORS = ("zoho", "fxiaoke")
SEED = 20261128
ACCOUNTS = 30
Record = tuple[str, str, str]


@dataclass(frozen=True)
class Sizes:
    """How many messages of each sort."""

    new: int
    duplicate: int
    forged: int
    connections: int


SHORT = Sizes(new=350, duplicate=100, forged=50, connections=16)
LONG = Sizes(new=3500, duplicate=1000, forged=500, connections=50)


@dataclass
class House:
    """A running product beside both CRMs, whose clerks have booked what nobody told of."""

    serve: Serve
    clerks: dict[str, Clerk]
    rng: random.Random
    told: int = 0

    def tell(self, record: Record) -> Message:
        """Make a genuine, new message about a record."""
        vendor, module, record_id = record
        crm = self.serve.installation.crms.crm(vendor)
        self.told += 1
        if isinstance(crm, FxiaokeTenant):
            at_ms = int(crm.clock.now().timestamp() * 1000)
            change = Change(api_name=module, record_id=record_id, event="update", at_ms=at_ms)
            return self._message(vendor, crm.callbacks.body(change))
        assert isinstance(crm, ZohoOrg)
        (channel,) = [
            each for each in crm.watch.channels() if module in {_module(e) for e in each.events}
        ]
        body = {
            "module": module,
            "ids": [record_id],
            "operation": "update",
            "token": self.serve.installation.environment["SANDBOX_CHANNEL_TOKEN"],
            "channel_id": channel.id,
            "server_time": self.told,
        }
        return self._message(vendor, json.dumps(body).encode())

    def forge(self, record: Record) -> Message:
        """Spoil a genuine message: a wrong proof, a foreign channel, or one that is a day old."""
        genuine = self.tell(record)
        body = json.loads(genuine.body)
        spoil = self.rng.choice([_wrong_proof, _without_proof, _old_or_foreign])
        return replace(genuine, body=json.dumps(spoil(body)).encode(), genuine=False)

    def _message(self, vendor: str, body: bytes) -> Message:
        return Message(url=self.serve.hook(vendor), body=body, genuine=True)


def _module(event: str) -> str:
    return event.partition(".")[0]


def _proof(body: dict[str, object]) -> str:
    return "token" if "token" in body else "signature"


def _wrong_proof(body: dict[str, object]) -> dict[str, object]:
    return body | {_proof(body): "0" * len(str(body[_proof(body)]))}


def _without_proof(body: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in body.items() if key != _proof(body)}


def _old_or_foreign(body: dict[str, object]) -> dict[str, object]:
    if "token" in body:
        return body | {"channel_id": "1"}
    day_ms = int(timedelta(hours=25).total_seconds() * 1000)
    old = body | {"timestamp": int(str(body["timestamp"])) - day_ms}
    names = ("timestamp", "nonce", "messageId", "retryTimes", "enterpriseAccount")
    texts = [str(old[name]) for name in names if name in old]
    return old | {"signature": sign(*texts, str(old["encryptedContent"]), CALLBACK_KEY)}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    company = generate(ACCOUNTS, seed=5, as_of=today)
    with (
        empty_database(tmp_path) as url,
        installed(
            tmp_path / "here", company, as_of=today, database_url=url, now=True
        ) as installation,
    ):
        clerks = clerks_of(installation.crms)
        with serving(installation) as serve:
            wait_until(serve.quiet, "first reading done", seconds=200)
            for clerk in clerks.values():
                clerk.misbehave(drop=1)
            yield House(serve, clerks, random.Random(SEED))
        for clerk in clerks.values():
            clerk.close()


def records_of(installation: Installation) -> set[Record]:
    """Name all records of both CRMs that a message may be about."""
    found: set[Record] = set()
    for vendor in VENDORS:
        crm = installation.crms.crm(vendor)
        if isinstance(crm, ZohoOrg):
            events = (event for channel in crm.watch.channels() for event in channel.events)
            modules = sorted({_module(event) for event in events})
        else:
            modules = ["AccountObj", *_FXIAOKE_MODULES]
        key = "id" if isinstance(crm, ZohoOrg) else "_id"
        found |= {
            (vendor, module, str(row[key])) for module in modules for row in crm.records(module)
        }
    return found


_FXIAOKE_MODULES = ("AccountsReceivableNoteObj", "PaymentObj", "MatchNoteDetailObj")


def pay_the_late(house: House) -> dict[str, str]:
    """Pay one late customer in each CRM; tells its account."""
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    everywhere = overdue_by_account(house.clerks, today)
    paid = {}
    for vendor, clerk in house.clerks.items():
        tasks = clerk.open_tasks()
        late = [item for item in clerk.owed() if item.overdue(today)]
        account = next(
            item.account
            for item in late
            if tasks.get(item.account)
            and everywhere[vendor, item.account]
            == sum(each.amount for each in late if each.account == item.account)
        )
        items = [item for item in late if item.account == account]
        clerk.pay([(item, item.amount) for item in items], today)
        paid[vendor] = account
    return paid


def a_burst(house: House, changed: Sequence[Record], sizes: Sizes) -> list[Message]:
    """Make new messages about changed and unchanged records, repeat some, forge some; shuffle."""
    rng, known = house.rng, sorted(records_of(house.serve.installation))
    about = [*changed, *rng.choices(known, k=sizes.new - len(changed))]
    new = [house.tell(record) for record in about]
    repeated = rng.choices(new, k=sizes.duplicate)
    forged = [house.forge(record) for record in rng.choices(known, k=sizes.forged)]
    burst = [*new, *repeated, *forged]
    rng.shuffle(burst)
    return burst


def messages_kept(house: House) -> list[tuple[bytes, str]]:
    """Read the bodies and states of the inbox."""
    with reading(house.serve.engine) as conn:
        rows = conn.execute(sa.select(inbox.c.body, inbox.c.state).where(inbox.c.kind == "message"))
        return [(row.body, row.state) for row in rows]


def writes_to(installation: Installation) -> int:
    """Count the calls by which something was written to the CRMs."""
    return sum(
        call.method in {"PUT", "PATCH", "DELETE"} or _writes(call.path)
        for vendor in VENDORS
        for call in list(installation.crms.crm(vendor).journal)
    )


def _writes(path: str) -> bool:
    return path.endswith(("/create", "/update", "/upsert", "/invalid", "/Tasks"))


def check_burst(house: House, sizes: Sizes, how: signal.Signals) -> None:
    """Send the burst, end the process by ``how`` in the middle, and let the records judge."""
    installation = house.serve.installation
    before = records_of(installation)
    paid = pay_the_late(house)
    changed = sorted(records_of(installation) - before)
    burst = a_burst(house, changed, sizes)
    kept_before = len(messages_kept(house))

    def restart(answered: Answered) -> None:
        wait_until(lambda: answered.done >= len(burst) // 2, "half was answered", seconds=60)
        house.serve.restart(how)

    answered = send_all(burst, connections=sizes.connections, meanwhile=restart)

    for number, message in enumerate(burst):
        assert answered.statuses[number] == [200 if message.genuine else 401]
    wait_until(house.serve.quiet, "all was worked off", seconds=90)
    rows = messages_kept(house)
    genuine = {message.body for message in burst if message.genuine}
    assert len(genuine) == sizes.new
    assert len(rows) - kept_before == sizes.new  # 0 lost, 0 twice, 0 forged
    assert {body for body, _ in rows} >= genuine
    assert {state for _, state in rows} == {"done"}
    for vendor, account in paid.items():
        clerk = house.clerks[vendor]
        assert clerk.shown()[account].overdue == 0
        assert not clerk.open_tasks().get(account)
        keys = tasks_of(installation.crms, vendor)
        assert len(keys) == len(set(keys))
    check_replay(house, [message for message in burst if message.genuine], len(rows))


def check_replay(house: House, genuine: Sequence[Message], kept: int) -> None:
    """Send genuine messages once more: nothing is kept, nothing is written to a CRM."""
    written = writes_to(house.serve.installation)
    again = house.rng.sample(list(genuine), k=len(genuine) // 4)

    answered = send_all(again, connections=16)

    assert {status for each in answered.statuses.values() for status in each} == {200}
    wait_until(house.serve.quiet, "quiet")
    assert len(messages_kept(house)) == kept
    assert writes_to(house.serve.installation) == written


def test_a_burst_with_a_kill_in_the_middle(house: House) -> None:
    check_burst(house, SHORT, signal.SIGKILL)


@pytest.mark.full
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("connections", [16, 50])
def test_a_long_burst_with_a_restart_in_the_middle(
    house: House, connections: int, how: signal.Signals
) -> None:
    check_burst(house, replace(LONG, connections=connections), how)
