"""The product that works by itself: receiver, worker and schedules in one process.

``Service`` builds them; ``start`` and ``stop`` run them. Only the commands that serve start a
scheduler.
"""

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from time import monotonic

import structlog
from apscheduler.triggers.base import BaseTrigger
from flask import Flask

from adapters.errors import CrmError
from connector.flow.assess import Scope
from connector.flow.decide import decide
from connector.flow.job import Job
from connector.flow.push import push_due
from connector.flow.react import react_due
from connector.flow.reconcile import reconcile
from connector.flow.run import PortReader, read_crm
from connector.flow.simulation import try_shadows
from connector.flow.sweep import sweep_ids
from connector.wiring.jobs import assess_both_by_calendar, job_of
from connector.wiring.product import Zixin
from connector.work.channels import renew_channels
from connector.work.inbox import DatabaseInbox, EventSource
from connector.work.schedule import GRACE, Schedule, Ticker, cron, every, make_scheduler
from connector.work.worker import Step, Worker
from webhooks.app import create_app
from webhooks.counts import Counts

__all__ = ["Service"]

_log = structlog.get_logger(__name__)

STOP_PATIENCE = timedelta(seconds=20)
_SWEEP_DAYS = {"nightly": "* * *", "weekly": "* * sun", "monthly": "1 * *"}
Stop = Callable[[], bool]


class Service:
    """Everything ``zixin serve`` runs, around one database."""

    def __init__(self, zixin: Zixin) -> None:
        self._zixin = zixin
        self._job: Job = job_of(zixin)
        self._deciding = threading.Lock()  # deciding twice at once would only compete for the rows
        self._codecs = {name: zixin.codec(name) for name in zixin.names if zixin.hook(name)}
        self.received = Counts()
        self.worker = Worker(
            [
                Step(name="react", work=self._react),
                Step(name="decide", work=self._decide),
                Step(name="push", work=self._push),
            ]
        )
        ticker = Ticker(zixin.engine, zixin.clock)
        self.scheduler = make_scheduler(self.schedules(), ticker, zixin.clock)

    def receiver(self) -> Flask:
        """Build the WSGI application that takes the CRMs' messages."""
        sources = {
            self._zixin.hook(name): EventSource(name=name, codec=codec)
            for name, codec in self._codecs.items()
        }
        inbox = DatabaseInbox(self._zixin.engine, woken=self.worker.wake)
        return create_app(sources, inbox, self._zixin.clock.now, counts=self.received)

    def start(self) -> None:
        """Start worker and schedules."""
        self.worker.start()
        self.scheduler.start()

    def stop(self) -> bool:
        """Finish what is under way. False: something still worked when patience ended."""
        until = monotonic() + STOP_PATIENCE.total_seconds()
        self.worker.stop()
        ending = threading.Thread(target=self.scheduler.shutdown, name="ending", daemon=True)
        ending.start()  # it waits for schedules under way
        rested = self.worker.join(STOP_PATIENCE)
        ending.join(max(0.0, until - monotonic()))
        return rested and not ending.is_alive()

    def schedules(self) -> Sequence[Schedule]:
        """Name what is done when. Channels come first: what changes during a pull is then told."""
        times, zone = self._zixin.config.schedule, self._zixin.config.zone
        often = timedelta(minutes=times.pull_minutes)
        return [
            _each(timedelta(hours=times.renew_hours), "renew-channels", self.renew),
            _each(often, "pull", lambda: self._pull(full=False)),
            *self._sweeps(),
            _at(cron(_daily(times.full_pull_at), zone), "full-pull", lambda: self._pull(full=True)),
            _at(cron(_daily(times.assess_at), zone), "assess", self._decide_all),
            _at(cron(_daily(times.assess_at), zone), "shadow", self._try_shadows),
            _at(cron(_daily(times.dunning_at), zone), "dunning", self._decide_all),
            _each(often, "write-back", self.worker.wake),
        ]

    def _sweeps(self) -> Sequence[Schedule]:
        """Name the sweeps: each rhythm is a schedule of its own, so that none is missed."""
        at, zone = self._zixin.config.schedule.sweep_at, self._zixin.config.zone
        rhythms: dict[str, list[str]] = {}
        for name, port in self._job.ports.items():
            usual = "monthly" if port.tells_deletions else "nightly"
            rhythms.setdefault(self._zixin.connection(name).sweep or usual, []).append(name)
        return [
            _at(cron(_daily(at, days), zone), f"sweep-{rhythm}", partial(self._sweep, names))
            for rhythm, days in _SWEEP_DAYS.items()
            if (names := rhythms.get(rhythm))
        ]

    def renew(self) -> None:
        """Ask each CRM for notifications where it is time."""
        for name, port in self._job.ports.items():
            url = self._zixin.callback_url(name)
            if not url:
                continue
            try:
                renew_channels(self._zixin.engine, port, url, self._zixin.clock)
            except CrmError as error:
                _log.warning("channel not renewed", system=name, error=type(error).__name__)

    def _react(self, stop: Stop) -> bool:
        reader = PortReader(self._job.engine, self._job.ports, self._job.clock)
        report = react_due(
            self._job.engine, self._codecs, reader, self._job.clock, rng=self._job.rng, stop=stop
        )
        self._say(report.alarms)
        return bool(report.handled)

    def _decide(self, _stop: Stop) -> bool:
        with self._deciding:
            decision = decide(self._current(), self._job.clock.today(), scope=Scope.STALE)
        return bool(decision.assessed.assessed)

    def _current(self) -> Job:
        """Return the job under the policy in force: one activated meanwhile counts from now on."""
        if self._zixin.policy.version != self._job.rules.policy.version:
            self._job = job_of(self._zixin)
        return self._job

    def _push(self, stop: Stop) -> bool:
        report = push_due(
            self._job.engine, self._job.ports, self._job.clock, rng=self._job.rng, stop=stop
        )
        self._say(report.alarms)
        return False

    def _pull(self, *, full: bool) -> None:
        self._reconcile()
        for name, port in self._job.ports.items():
            try:
                report = read_crm(self._job, port, full=full, stop=lambda: self.worker.stopping)
                self._say(report.warnings)
            except CrmError as error:
                _log.warning("pull failed", system=name, error=type(error).__name__)
            self.worker.wake()

    def _reconcile(self) -> None:
        """After a restore, ask the CRMs what the backup does not know, and let writes go again."""
        with self._deciding:
            report = reconcile(self._current(), stop=lambda: self.worker.stopping)
        for system, why in report.waiting.items():
            _log.warning("nothing is written after a restore yet", system=system, why=why)
        if report.ended:
            self.worker.wake()

    def _sweep(self, names: Sequence[str]) -> None:
        for name in names:
            try:
                report = sweep_ids(
                    self._job.ports[name],
                    self._job.engine,
                    self._job.clock,
                    stop=lambda: self.worker.stopping,
                )
                self._say(report.warnings)
            except CrmError as error:
                _log.warning("sweep failed", system=name, error=type(error).__name__)
        self.worker.wake()

    def _decide_all(self) -> None:
        with self._deciding:
            decide(self._current(), self._job.clock.today(), scope=Scope.DUE)
        self.worker.wake()

    def _try_shadows(self) -> None:
        """Compare the policies in the shadow with the one in force, for the log and the list."""
        zixin, today = self._zixin, self._job.clock.today()
        try_shadows(
            zixin.engine,
            assess_both_by_calendar(zixin),
            self._current().rules.policy,
            zixin.rates,
            today,
            now=self._job.clock.now(),
        )

    @staticmethod
    def _say(sentences: Sequence[str]) -> None:
        for sentence in sentences:
            _log.warning(sentence)


def _each(period: timedelta, name: str, work: Callable[[], None]) -> Schedule:
    """Do it each period; a wake-up may be late by half of it."""
    grace = min(GRACE, period / 2)
    return Schedule(name=name, trigger=every(period), work=lambda _due: work(), grace=grace)


def _at(trigger: BaseTrigger, name: str, work: Callable[[], None]) -> Schedule:
    """Do it at a time of day."""
    return Schedule(name=name, trigger=trigger, work=lambda _due: work())


def _daily(at: str, days: str = "* * *") -> str:
    """Write a time of day as a crontab line; ``days`` are its three fields for days."""
    hour, _, minute = at.partition(":")
    return f"{int(minute)} {int(hour)} {days}"
