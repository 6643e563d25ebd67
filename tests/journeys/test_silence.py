"""T05: three virtual days without any notification, with channels that end meanwhile.

Fenxiang has no channels: its administrator enters the address once, and nothing is renewed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from adapters.errors import CrmUnavailable
from adapters.port import WatchReceipt
from connector.clock import FixedClock
from connector.flow.run import RunWish, run_once
from connector.store.engine import reading
from connector.store.queue_tables import channels
from connector.store.tables import payments
from connector.wiring.jobs import job_of
from connector.wiring.product import Zixin
from connector.wiring.service import Service
from connector.work.schedule import Schedule, SomeFailed
from connector.work.ticker import Ticker
from sandbox.company.generate import generate
from tests.journeys.clerk import Clerk, clerks_of
from tests.journeys.harness import Installation, installed, open_here
from tests.journeys.serving import free_port, listen_on

pytestmark = pytest.mark.journey

NOON = datetime(2026, 9, 15, 12, tzinfo=ZoneInfo("Asia/Shanghai"))
AS_OF = NOON.date()


@dataclass
class House:
    """The product and both CRMs at one virtual time; nothing listens where the CRMs would call."""

    installation: Installation
    zixin: Zixin
    clock: FixedClock
    service: Service
    clerks: dict[str, Clerk]
    said: list[str]

    def pass_time(self, step: timedelta) -> None:
        """Let time go by, for all."""
        self.clock.move(step)
        clocks = {id(clerk.crm.clock): clerk.crm.clock for clerk in self.clerks.values()}
        for clock in clocks.values():
            clock.advance(step)

    def schedule(self, name: str) -> Schedule:
        (found,) = [one for one in self.service.schedules() if one.name == name]
        return found

    def do_what_is_due(self) -> None:
        """Do what the schedules say, as a node does at its start."""
        ticker = Ticker(self.zixin.engine, self.clock)
        for name in ("renew-channels", "pull"):
            ticker.make_up(self.schedule(name))

    def book(self) -> None:
        """Let each clerk book a payment on account of somebody's first invoice."""
        for clerk in self.clerks.values():
            item = clerk.owed()[0]
            clerk.pay([(item, (item.amount / 7).quantize(item.amount))], AS_OF)

    def mirrored(self) -> bool:
        """Tell whether our payments are those of the CRMs, by their own records."""
        with reading(self.zixin.engine) as conn:
            ours = {
                (row.system, row.record_id)
                for row in conn.execute(sa.select(payments).where(payments.c.gone_at.is_(None)))
            }
        theirs = {
            (f"{vendor}-sandbox", str(row.get("id") or row.get("_id")))
            for vendor, module in (("zoho", "Payments"), ("fxiaoke", "PaymentObj"))
            for row in self.clerks[vendor].crm.records(module)
        }
        return ours == theirs

    def ends(self) -> list[datetime]:
        """Tell when the channels end."""
        with reading(self.zixin.engine) as conn:
            return list(conn.execute(sa.select(channels.c.expires_at)).scalars())


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    clock, said = FixedClock(NOON), list[str]()
    company = generate(12, seed=5, as_of=AS_OF)
    with installed(tmp_path, company, as_of=AS_OF) as installation:
        listen_on(installation, free_port())
        clerks = clerks_of(installation.crms)
        for clerk in clerks.values():
            clerk.misbehave(drop=1)
        with open_here(installation, clock) as zixin:
            run_once(job_of(zixin), RunWish(as_of=zixin.clock.today()))
            service = Service(zixin)
            monkeypatch.setattr(service.rounds, "say", said.extend)
            yield House(installation, zixin, clock, service, clerks, said)
        for clerk in clerks.values():
            clerk.close()


def test_three_days_without_a_notification_leave_no_trace(house: House) -> None:
    house.do_what_is_due()
    began = house.clock.now()

    for _ in range(6):  # the channels live for an hour: they are renewed in time, and tell nothing
        house.pass_time(timedelta(minutes=15))
        assert min(house.ends()) > house.clock.now()
        house.do_what_is_due()
        assert min(house.ends()) - house.clock.now() >= timedelta(minutes=30)
    assert house.said == []

    for _ in range(3):  # then the host is down for a day, three times: all channels end
        house.pass_time(timedelta(hours=24))
        house.book()
        assert max(house.ends()) < house.clock.now()
        assert not house.mirrored()
        house.do_what_is_due()
        assert house.mirrored()
        assert min(house.ends()) > house.clock.now()

    assert house.clock.now() - began > timedelta(days=3)
    warned = [line for line in house.said if "none has come ever" in line]
    assert {line.partition(":")[0] for line in warned} == {"zoho-sandbox"}


def test_a_channel_that_cannot_be_renewed_is_told_of(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(_url: str) -> list[WatchReceipt]:
        raise CrmUnavailable("down", system="zoho-sandbox", operation="watch")

    house.do_what_is_due()
    monkeypatch.setattr(house.zixin.port("zoho-sandbox"), "watch", down)

    house.pass_time(timedelta(minutes=45))
    house.do_what_is_due()
    assert house.said == []
    house.pass_time(timedelta(minutes=5))
    with pytest.raises(SomeFailed):
        house.service.rounds.renew()

    (line,) = house.said
    assert "zoho-sandbox: notifications were not renewed in time" in line
