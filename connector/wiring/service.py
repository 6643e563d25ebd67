"""The product that works by itself: receiver, worker and schedules, in one process or in several.

``Service`` builds those of its parts that are wanted; ``start`` and ``stop`` run them. Only the
commands that serve start a scheduler. A receiver without schedules looks each minute all the same.
"""

import threading
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from enum import StrEnum
from time import monotonic

import sqlalchemy as sa
from flask import Flask

from adapters.port import Finding, FindingLevel
from connector.store.engine import reading
from connector.store.queue_tables import ticks
from connector.wiring.alarms import Alarms
from connector.wiring.product import Zixin
from connector.wiring.rounds import Rounds
from connector.wiring.timetable import timetable
from connector.work.clockwork import make_scheduler
from connector.work.inbox import DatabaseInbox, EventSource
from connector.work.lateness import schedule_states
from connector.work.pressure import Marks, Pressure
from connector.work.schedule import Schedule
from connector.work.ticker import Ticker
from connector.work.worker import Step, Worker
from webhooks.app import Limits, create_app
from webhooks.counts import Counts

__all__ = ["Part", "Service", "late_findings"]

_SOON = timedelta(seconds=0.2)
STOP_PATIENCE = timedelta(seconds=20)
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
        self.counts = Counts()
        self._codecs = {name: zixin.codec(name) for name in zixin.names if zixin.hook(name)}
        self._pressure = _pressure(zixin)
        self.rounds = Rounds(
            zixin,
            self._codecs,
            self._pressure,
            wake=self._wake,
            stopping=self._stopping,
        )
        self.worker = Worker(self._steps() if Part.WORKER in self._parts else [])
        schedules = self.schedules()
        self._alarms = Alarms(zixin, schedules, self.counts)
        ticker = Ticker(zixin.engine, zixin.clock)
        # A receiver looks, too: forged messages are counted in its own memory alone.
        self._watches = not self._parts.isdisjoint((Part.WEB, Part.SCHEDULER))
        due = schedules if Part.SCHEDULER in self._parts else []
        self.scheduler = make_scheduler(due, ticker, zixin.clock, watch=self._alarms.watch)

    def _wake(self) -> None:
        self.worker.wake()

    def _stopping(self) -> bool:
        return self.worker.stopping

    def _steps(self) -> Sequence[Step]:
        return [
            Step(name="react", work=self.rounds.react, poll=self._receivers_poll()),
            Step(name="decide", work=self.rounds.decide),
            Step(name="assess", work=self.rounds.work_off_chunks),
            Step(name="push", work=self.rounds.push),
            Step(name="alert", work=self._tell),
        ]

    def _receivers_poll(self) -> timedelta | None:
        """Look more often where messages come to other processes: people wait for what follows."""
        return None if Part.WEB in self._parts else _SOON

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
        """Name what is done when."""
        return timetable(self._zixin, self.rounds, self.worker.wake)

    def look_and_tell(self) -> None:
        """Look at what stands now and send what there is to tell, at once."""
        self._alarms.watch()
        self._alarms.send(lambda: False)

    def _tell(self, stop: Stop) -> bool:
        return self._alarms.send(stop)


def _pressure(zixin: Zixin) -> Pressure:
    bounds = zixin.config.receiving
    marks = Marks(
        soft_rows=bounds.soft_rows,
        hard_rows=bounds.hard_rows,
        disk_share=bounds.disk_share,
        disk_free_gb=bounds.disk_free_gb,
    )
    return Pressure(zixin.engine, zixin.clock.now, marks)


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
