"""What the receiver refused comes into the audit log as a sample, and nothing of the message (F04)."""

from datetime import UTC, datetime, timedelta

import pytest

from connector.store import audit
from connector.store.engine import reading
from connector.wiring.refusals import REFUSED, RefusalSamples
from connector.wiring.service import Part, Service
from tests.connector.cli.shell import ZOHO, Shell
from tests.journeys.harness import open_here
from webhooks.counts import MOST_REASONS, Counts

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)


class Log:
    """Refusals that come, and the numbers that entries would tell."""

    def __init__(self, per_hour: int) -> None:
        self.counts = Counts()
        self.samples = RefusalSamples(self.counts, per_hour)

    def came(self, number: int, minutes: int, reason: str = "no token") -> list[bytes]:
        for _ in range(number):
            self.counts.refuse("crm", "forged", reason, "8.8.4.0/24")
        due = self.samples.due(NOW + timedelta(minutes=minutes))
        self.samples.written(due)
        return [sample.entry.new or b"" for sample in due]


def told(reason: str, count: int) -> bytes:
    return b'{"reason":"%s","count":%d,"from":"8.8.4.0/24"}' % (reason.encode(), count)


def test_an_entry_stands_for_all_that_came_since_the_one_before() -> None:
    log = Log(per_hour=2)

    assert log.came(5, 0) == [told("no token", 5)]
    assert log.came(3, 10) == []
    assert log.came(1, 29) == []
    assert log.came(1, 30) == [told("no token", 5)]
    assert log.came(0, 90) == []


def test_each_reason_is_sampled_by_itself() -> None:
    log = Log(per_hour=1)
    log.came(2, 0)

    assert log.came(1, 1, "too old") == [told("too old", 1)]


def test_an_hour_of_a_flood_leaves_no_more_entries_than_allowed() -> None:
    log = Log(per_hour=4)
    entries = [entry for minute in range(60) for entry in log.came(1000, minute)]

    assert len(entries) == 4


def test_what_could_not_be_written_is_due_again() -> None:
    log = Log(per_hour=1)
    log.counts.refuse("crm", "forged", "no token", "8.8.4.0/24")

    assert len(log.samples.due(NOW)) == len(log.samples.due(NOW)) == 1


def test_none_is_written_where_none_is_wanted() -> None:
    assert Log(per_hour=0).came(5, 0) == []


def test_the_memory_for_reasons_is_bounded() -> None:
    counts = Counts()
    for number in range(MOST_REASONS + 5):
        counts.refuse("crm", "forged", f"reason {number}", "unknown")

    assert len(counts.refusals()) == MOST_REASONS
    assert counts.of("crm", "forged") == MOST_REASONS + 5


@pytest.mark.parametrize("per_hour", [4, 0])
def test_forged_messages_leave_one_entry_that_holds_nothing_of_them(
    shell: Shell, per_hour: int
) -> None:
    shell.installation.edit("[store]", f"[receiving]\naudited_per_hour = {per_hour}\n[store]")
    with open_here(shell.installation, shell.clock) as zixin:
        service, hook = Service(zixin, (Part.WEB,)), zixin.hook(ZOHO)
        client = service.receiver().test_client()
        for number in range(20):
            body = {"module": "Accounts", "ids": [f"secret{number}"], "token": "guess"}
            client.post(f"/hooks/{hook}", json=body | {"channel_id": "1"})
        for _ in range(2):
            service.scheduler.get_job("watch").func()
        with reading(zixin.engine) as conn:
            entries = audit.list_entries(conn, limit=10, what=REFUSED)
            assert audit.verify(conn) >= len(entries)

    assert len(entries) == min(per_hour, 1)
    for entry in entries:
        assert (entry.system, entry.target, entry.why) == (ZOHO, "receiver", "forged")
        told = b'{"reason":"the token is not ours","count":20,"from":"this machine"}'
        assert bytes(entry.new or b"") == told
