"""The watcher and the bell: what receivers and schedulers look at each minute, and how it is told."""

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from connector.flow.alerting import send_alerts
from connector.flow.watch import look
from connector.store import audit
from connector.store.engine import in_one_commit
from connector.wiring.alerting import channels_of, senders_of, watch_of
from connector.wiring.product import Zixin
from connector.wiring.refusals import RefusalSamples
from connector.work.alert import Alert
from connector.work.alerts import note
from connector.work.schedule import Schedule
from webhooks.counts import Counts

__all__ = ["Alarms"]

_HOUR = timedelta(hours=1)


class Alarms:
    """Looks and tells. Raises ``ConfigError`` when made, for a channel that cannot serve."""

    def __init__(self, zixin: Zixin, schedules: Sequence[Schedule], counts: Counts) -> None:
        self._zixin = zixin
        self._senders = senders_of(zixin)
        self._channels = channels_of(zixin)
        self._watch = watch_of(zixin, schedules)
        self._rng = random.Random()
        self._forged = ForgedRate(counts, zixin.config.alerting.forged_per_hour)
        self._samples = RefusalSamples(counts, zixin.config.receiving.audited_per_hour)

    def watch(self) -> None:
        """Put down what stands now and make the messages that are due."""
        now = self._zixin.clock.now()
        forged, samples = self._forged.above(now), self._samples.due(now)

        def work(conn: sa.Connection) -> None:
            for alert in forged:
                note(conn, alert, now=now)
            look(conn, self._watch, self._channels, now=now)
            audit.append(conn, [sample.entry for sample in samples])

        in_one_commit(self._zixin.engine, work)
        self._samples.written(samples)

    def send(self, stop: Callable[[], bool]) -> bool:
        """Send what is due. Always False: nothing else waits for it."""
        if self._senders:
            zixin = self._zixin
            send_alerts(zixin.engine, self._senders, zixin.clock, rng=self._rng, stop=stop)
        return False


class ForgedRate:
    """Tells when a connection got more forged messages within an hour than it should.

    It counts what this process received since it began.
    """

    def __init__(self, counts: Counts, most: int) -> None:
        self._counts = counts
        self._most = most
        self._hour_began: datetime | None = None
        self._before: dict[str, int] = {}

    def above(self, now: datetime) -> list[Alert]:
        """Name the connections above the rate; each is counted anew afterwards."""
        seen = {
            name: number for (name, what), number in self._counts.all().items() if what == "forged"
        }
        if self._hour_began is None or now - self._hour_began >= _HOUR:
            # What came before the first look belongs to its hour.
            self._before = seen if self._hour_began is not None else {}
            self._hour_began = now
        above = [
            name for name in sorted(seen) if seen[name] - self._before.get(name, 0) > self._most
        ]
        self._before |= {name: seen[name] for name in above}
        return [
            Alert(
                code="forged_messages",
                subject=name,
                params={"system": name, "count": str(self._most)},
            )
            for name in above
        ]
