"""The product that works by itself: receiver, worker and schedules, in one process or in several.

``Service`` builds those of its parts that are wanted; ``start`` and ``stop`` run them. Only the
commands that serve start a scheduler. A receiver without schedules looks each minute all the same.
"""

import threading
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from functools import partial
from time import monotonic

import sqlalchemy as sa
import structlog
from flask import Flask

from adapters.errors import CrmError
from adapters.port import Finding, FindingLevel
from connector.flow.assess import Scope
from connector.flow.job import Job
from connector.flow.pull import PullReport
from connector.flow.push import push_due
from connector.flow.react import react_due
from connector.flow.reconcile import reconcile
from connector.flow.run import PortReader, read_crm
from connector.flow.shared_run import decide_changes, put_down_run, work_off_chunk
from connector.flow.simulation import try_shadows
from connector.flow.sweep import sweep_ids
from connector.store.engine import reading
from connector.store.queue_tables import ticks
from connector.wiring.alarms import Alarms
from connector.wiring.alerting import quiet_of
from connector.wiring.jobs import assess_both_by_calendar, job_of
from connector.wiring.product import Zixin
from connector.wiring.upkeep import at_time, upkeep_schedules
from connector.work.alone import alone
from connector.work.channels import ageing_channels, renew_channels, silence
from connector.work.clockwork import make_scheduler
from connector.work.inbox import DatabaseInbox, EventSource
from connector.work.lateness import schedule_states
from connector.work.pressure import Marks, Pressure
from connector.work.schedule import GRACE, Schedule, SomeFailed
from connector.work.ticker import Ticker
from connector.work.triggers import every
from connector.work.worker import Step, Worker
from webhooks.app import Limits, create_app
from webhooks.counts import Counts

__all__ = ["Part", "Service", "late_findings"]

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
        self._job: Job = self._service_job()
        self.counts = Counts()
        self._codecs = {name: zixin.codec(name) for name in zixin.names if zixin.hook(name)}
        self._pressure = _pressure(zixin)
        self.worker = Worker(self._steps() if Part.WORKER in self._parts else [])
        schedules = self.schedules()
        self._alarms = Alarms(zixin, schedules, self.counts)
        ticker = Ticker(zixin.engine, zixin.clock)
        # A receiver looks, too: forged messages are counted in its own memory alone.
        self._watches = not self._parts.isdisjoint((Part.WEB, Part.SCHEDULER))
        due = schedules if Part.SCHEDULER in self._parts else []
        self.scheduler = make_scheduler(due, ticker, zixin.clock, watch=self._alarms.watch)

    def _steps(self) -> Sequence[Step]:
        return [
            Step(name="react", work=self._react),
            Step(name="decide", work=self._decide),
            Step(name="assess", work=self.work_off_chunks),
            Step(name="push", work=self._push),
            Step(name="alert", work=self._tell),
        ]

    def receiver(self) -> Flask:
        """Build the WSGI application that takes the CRMs' messages."""
        sources = {
            self._zixin.hook(name): EventSource(name=name, codec=codec)
            for name, codec in self._codecs.items()
        }
        sources |= {
            path: EventSource(name=name, codec=codec)
            for name in self._codecs
            for path, codec in self._zixin.job_codecs(name).items()
        }
        inbox = DatabaseInbox(self._zixin.engine, woken=self.worker.wake, pressure=self._pressure)
        server, bounds = self._zixin.config.server, self._zixin.config.receiving
        limits = Limits(
            refused_per_minute=bounds.refused_per_minute,
            messages_per_second=bounds.messages_per_second,
            hosts=server.trusted_hosts,
            proxies=server.proxies,
        )
        return create_app(sources, inbox, self._zixin.clock.now, limits, self.counts)

    def start(self) -> None:
        """Start worker, schedules and the watch, those of them that are wanted."""
        self.worker.start()
        if self._watches:
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
        if self._watches:
            self.scheduler.shutdown()

    def schedules(self) -> Sequence[Schedule]:
        """Name what is done when. Channels come first: what changes during a pull is then told."""
        times, systems = self._zixin.config.schedule, tuple(self._job.ports)
        often = timedelta(minutes=times.pull_minutes)
        renew = timedelta(hours=times.renew_hours)
        full_pull = self._at("full-pull", times.full_pull_at, partial(self._pull, full=True))
        return [
            replace(_each(renew, "renew-channels", self.renew), systems=systems),
            replace(_each(often, "pull", self._renew_and_pull), systems=systems),
            *self._sweeps(),
            replace(full_pull, systems=systems),
            self._at("assess", times.assess_at, self._decide_all),
            self._at("shadow", times.assess_at, self._try_shadows),
            self._at("dunning", times.dunning_at, self._decide_all),
            _each(often, "write-back", self.worker.wake),
            *upkeep_schedules(self._zixin, self.worker.wake),
        ]

    def _at(self, name: str, at: str, work: Callable[[], None]) -> Schedule:
        return at_time(self._zixin, name, at, work)

    def _sweeps(self) -> Sequence[Schedule]:
        """Name the sweeps: each rhythm is a schedule of its own, so that none is missed."""
        at = self._zixin.config.schedule.sweep_at
        rhythms: dict[str, list[str]] = {}
        for name, port in self._job.ports.items():
            usual = "monthly" if port.tells_deletions else "nightly"
            rhythms.setdefault(self._zixin.connection(name).sweep or usual, []).append(name)
        return [
            replace(
                at_time(self._zixin, f"sweep-{rhythm}", at, partial(self._sweep, names), days=days),
                systems=tuple(names),
            )
            for rhythm, days in _SWEEP_DAYS.items()
            if (names := rhythms.get(rhythm))
        ]

    def look_and_tell(self) -> None:
        """Look at what stands now and send what there is to tell, at once."""
        self._alarms.watch()
        self._alarms.send(lambda: False)

    def renew(self) -> None:
        """Ask each CRM for notifications where it is time. Raises ``SomeFailed``."""
        errors: dict[str, Exception] = {}
        for name, port in self._job.ports.items():
            url = self._zixin.callback_url(name)
            if not url:
                continue
            try:
                renew_channels(self._zixin.engine, port, url, self._zixin.clock)
            except CrmError as error:
                _log.warning("channel not renewed", system=name, error=type(error).__name__)
                errors[name] = error
        with reading(self._zixin.engine) as conn:
            self._say(ageing_channels(conn, self._zixin.clock.now()))
        _raise_if_any(errors)

    def _renew_and_pull(self) -> None:
        """Look at the channels before each pull, too: a CRM may give them a short life."""
        with suppress(SomeFailed):  # their own schedule tells of it
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
            self._job = self._service_job()
        return self._job

    def _service_job(self) -> Job:
        """Build the job, which gives people new tasks outside of the quiet hours only."""
        quiet = quiet_of(self._zixin)
        return replace(job_of(self._zixin), may_ask=lambda moment: not quiet.holds(moment))

    def _push(self, stop: Stop) -> bool:
        report = push_due(
            self._job.engine, self._job.ports, self._job.clock, rng=self._job.rng, stop=stop
        )
        self._say(report.alarms)
        return False

    def _tell(self, stop: Stop) -> bool:
        return self._alarms.send(stop)

    def _pull(self, *, full: bool) -> None:
        if self._pressure.high():
            self._say(["nothing was pulled: too many messages wait, or the disk is nearly full"])
            self.worker.wake()
            return
        self._reconcile()
        errors: dict[str, Exception] = {}
        for name, port in self._job.ports.items():
            try:
                report = read_crm(self._job, port, full=full, stop=lambda: self.worker.stopping)
                self._say(report.warnings)
                self._listen(name, report)
            except CrmError as error:
                _log.warning("pull failed", system=name, error=type(error).__name__)
                errors[name] = error
            self.worker.wake()
        _raise_if_any(errors)

    def _listen(self, name: str, report: PullReport) -> None:
        """Say so when a CRM has changed and tells of nothing."""
        found = report.total
        if found.new or found.updated or found.gone:
            with reading(self._zixin.engine) as conn:
                said = silence(conn, name, self._zixin.clock.now())
            self._say([said] if said else [])

    def _reconcile(self) -> None:
        """After a restore, ask the CRMs what the backup does not know, and let writes go again."""
        with alone(self._zixin.engine, "decide") as lease:
            if lease is None:
                return  # another worker decides; the next pull comes soon
            report = reconcile(self._current(), stop=lambda: self.worker.stopping)
        for system, why in report.waiting.items():
            _log.warning("nothing is written after a restore yet", system=system, why=why)
        if report.ended:
            self.worker.wake()

    def _sweep(self, names: Sequence[str]) -> None:
        errors: dict[str, Exception] = {}
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
                errors[name] = error
        self.worker.wake()
        _raise_if_any(errors)

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


def _raise_if_any(errors: Mapping[str, Exception]) -> None:
    """Let the tick know at which connections the work failed."""
    if errors:
        raise SomeFailed(errors)


def late_findings(zixin: Zixin) -> list[Finding]:
    """Name the schedules that are overdue. Nothing is built where none has ever run."""
    with reading(zixin.engine) as conn:
        if conn.execute(sa.select(ticks.c.schedule).limit(1)).first() is None:
            return []
        states = schedule_states(conn, Service(zixin).schedules(), zixin.clock.now())
    texts = zixin.company_texts
    return [
        Finding(
            topic="schedule",
            level=FindingLevel.WARNING,
            message=f"{texts.say(f'schedule.{state.schedule}')} {state.system}: "
            f"{texts.say('schedule.overdue')}",
            remedy="zixin schedule list",
        )
        for state in states
        if state.overdue
    ]
