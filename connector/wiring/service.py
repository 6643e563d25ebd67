"""The product that works by itself: receiver, worker and schedules, in one process or in several.

``Service`` builds those of its parts that are wanted; ``start`` and ``stop`` run them. Only the
commands that serve start a scheduler.
"""

import threading
import uuid
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from enum import StrEnum
from functools import partial
from time import monotonic

import structlog
from apscheduler.triggers.base import BaseTrigger
from flask import Flask

from adapters.errors import CrmError
from connector.flow.assess import Scope
from connector.flow.job import Job
from connector.flow.pull import PullReport
from connector.flow.push import push_due
from connector.flow.react import react_due
from connector.flow.run import PortReader, read_crm
from connector.flow.shared_run import decide_changes, put_down_run, work_off_chunk
from connector.flow.simulation import try_shadows
from connector.flow.sweep import sweep_ids
from connector.store.engine import reading
from connector.wiring.jobs import assess_both_by_calendar, job_of
from connector.wiring.product import Zixin
from connector.work.channels import ageing_channels, renew_channels, silence
from connector.work.inbox import DatabaseInbox, EventSource
from connector.work.pressure import Marks, Pressure
from connector.work.schedule import GRACE, Schedule, Ticker, cron, every, make_scheduler
from connector.work.worker import Step, Worker
from webhooks.app import Limits, create_app

__all__ = ["Part", "Service"]

_log = structlog.get_logger(__name__)

STOP_PATIENCE = timedelta(seconds=20)
_SWEEP_DAYS = {"nightly": "* * *", "weekly": "* * sun", "monthly": "1 * *"}
Stop = Callable[[], bool]


class Part(StrEnum):
    """What a process does. Each part finds its work in the database; none needs another beside it."""

    WEB = "web"
    WORKER = "worker"
    SCHEDULER = "scheduler"


class Service:
    """Everything ``zixin serve`` runs, around one database, or some of its parts."""

    def __init__(self, zixin: Zixin, parts: Collection[Part] = tuple(Part)) -> None:
        self._zixin = zixin
        self._parts = frozenset(parts)
        self._job: Job = job_of(zixin)
        self._codecs = {name: zixin.codec(name) for name in zixin.names if zixin.hook(name)}
        self._pressure = _pressure(zixin)
        self.worker = Worker(self._steps() if Part.WORKER in self._parts else [])
        ticker = Ticker(zixin.engine, zixin.clock)
        self.scheduler = make_scheduler(self.schedules(), ticker, zixin.clock)

    def _steps(self) -> Sequence[Step]:
        return [
            Step(name="react", work=self._react),
            Step(name="decide", work=self._decide),
            Step(name="assess", work=self.work_off_chunks),
            Step(name="push", work=self._push),
        ]

    def receiver(self) -> Flask:
        """Build the WSGI application that takes the CRMs' messages."""
        sources = {
            self._zixin.hook(name): EventSource(name=name, codec=codec)
            for name, codec in self._codecs.items()
        }
        inbox = DatabaseInbox(self._zixin.engine, woken=self.worker.wake, pressure=self._pressure)
        server, bounds = self._zixin.config.server, self._zixin.config.receiving
        limits = Limits(
            refused_per_minute=bounds.refused_per_minute,
            messages_per_second=bounds.messages_per_second,
            hosts=server.trusted_hosts,
            proxies=server.proxies,
        )
        return create_app(sources, inbox, self._zixin.clock.now, limits)

    def start(self) -> None:
        """Start worker and schedules, those of them that are wanted."""
        self.worker.start()
        if Part.SCHEDULER in self._parts:
            self.scheduler.start()

    def stop(self) -> bool:
        """Finish what is under way. False: something still worked when patience ended."""
        until = monotonic() + STOP_PATIENCE.total_seconds()
        self.worker.stop()
        ending = threading.Thread(target=self._end_schedules, name="ending", daemon=True)
        ending.start()  # it waits for schedules under way
        rested = self.worker.join(STOP_PATIENCE)
        ending.join(max(0.0, until - monotonic()))
        return rested and not ending.is_alive()

    def _end_schedules(self) -> None:
        if Part.SCHEDULER in self._parts:
            self.scheduler.shutdown()

    def schedules(self) -> Sequence[Schedule]:
        """Name what is done when. Channels come first: what changes during a pull is then told."""
        times, zone = self._zixin.config.schedule, self._zixin.config.zone
        often = timedelta(minutes=times.pull_minutes)
        return [
            _each(timedelta(hours=times.renew_hours), "renew-channels", self.renew),
            _each(often, "pull", self._renew_and_pull),
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
        with reading(self._zixin.engine) as conn:
            self._say(ageing_channels(conn, self._zixin.clock.now()))

    def _renew_and_pull(self) -> None:
        """Look at the channels before each pull, too: a CRM may give them a short life."""
        self.renew()
        self._pull(full=False)

    def _react(self, stop: Stop) -> bool:
        reader = PortReader(self._job.engine, self._job.ports, self._job.clock)
        report = react_due(
            self._job.engine, self._codecs, reader, self._job.clock, rng=self._job.rng, stop=stop
        )
        self._say(report.alarms)
        return bool(report.handled)

    def _decide(self, _stop: Stop) -> bool:
        return decide_changes(self._current(), self._job.clock.today())

    def work_off_chunks(self, stop: Stop = lambda: False) -> bool:
        """Work off what runs have put down. True: there was something."""
        worked = False
        while not stop() and work_off_chunk(self._current(), lambda: uuid.uuid4().hex):
            worked = True
        return worked

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
        if self._pressure.high():
            self._say(["nothing was pulled: too many messages wait, or the disk is nearly full"])
            self.worker.wake()
            return
        for name, port in self._job.ports.items():
            try:
                report = read_crm(self._job, port, full=full, stop=lambda: self.worker.stopping)
                self._say(report.warnings)
                self._listen(name, report)
            except CrmError as error:
                _log.warning("pull failed", system=name, error=type(error).__name__)
            self.worker.wake()

    def _listen(self, name: str, report: PullReport) -> None:
        """Say so when a CRM has changed and tells of nothing."""
        found = report.total
        if found.new or found.updated or found.gone:
            with reading(self._zixin.engine) as conn:
                said = silence(conn, name, self._zixin.clock.now())
            self._say([said] if said else [])

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
        """Put a run down for all workers."""
        put_down_run(self._current(), self._job.clock.today(), Scope.DUE)
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


def _pressure(zixin: Zixin) -> Pressure:
    bounds = zixin.config.receiving
    marks = Marks(
        soft_rows=bounds.soft_rows,
        hard_rows=bounds.hard_rows,
        disk_share=bounds.disk_share,
        disk_free_gb=bounds.disk_free_gb,
    )
    return Pressure(zixin.engine, zixin.clock.now, marks)


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
