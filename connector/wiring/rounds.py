"""What is done again and again, at one connection after the other.

An error of one CRM stops no other: its round goes on, and tells at the end where it failed.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

import structlog

from adapters.errors import CrmError
from adapters.port import CrmPort
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
from connector.wiring.alerting import quiet_of
from connector.wiring.jobs import assess_both_by_calendar, job_of
from connector.wiring.product import Zixin
from connector.work.alone import alone
from connector.work.channels import ageing_channels, renew_channels, silence
from connector.work.inbox import EventCodec
from connector.work.pressure import Pressure
from connector.work.schedule import SomeFailed

__all__ = ["Rounds"]

_log = structlog.get_logger(__name__)

Stop = Callable[[], bool]


class Rounds:
    """The rounds of a process. ``wake`` is called where there may be something to do for a worker.

    ``stopping`` tells whether the process ends: what takes long is then left to the next.
    """

    def __init__(
        self,
        zixin: Zixin,
        codecs: Mapping[str, EventCodec],
        pressure: Pressure,
        *,
        wake: Callable[[], None],
        stopping: Stop,
    ) -> None:
        self._zixin = zixin
        self._codecs = codecs
        self._pressure = pressure
        self._wake = wake
        self._stopping = stopping
        self._job: Job = self._service_job()

    @property
    def ports(self) -> Mapping[str, CrmPort]:
        """The connections that rounds are made of."""
        return self._job.ports

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
            self.say(ageing_channels(conn, self._zixin.clock.now()))
        _raise_if_any(errors)

    def renew_and_pull(self) -> None:
        """Look at the channels before each pull, too: a CRM may give them a short life."""
        with suppress(SomeFailed):  # their own schedule tells of it
            self.renew()
        self.pull(full=False)

    def react(self, stop: Stop) -> bool:
        """Read what messages name. True: there were some."""
        reader = PortReader(self._job.engine, self._job.ports, self._job.clock)
        report = react_due(
            self._job.engine, self._codecs, reader, self._job.clock, rng=self._job.rng, stop=stop
        )
        self.say(report.alarms)
        return bool(report.handled)

    def decide(self, _stop: Stop) -> bool:
        """Assess whose records have changed. True: there was somebody."""
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

    def push(self, stop: Stop) -> bool:
        """Carry what waits to the CRMs. Always False: nothing else waits for it."""
        report = push_due(
            self._job.engine, self._job.ports, self._job.clock, rng=self._job.rng, stop=stop
        )
        self.say(report.alarms)
        return False

    def pull(self, *, full: bool) -> None:
        """Read what changed in each CRM, or all of it. Raises ``SomeFailed``."""
        if self._pressure.high():
            self.say(["nothing was pulled: too many messages wait, or the disk is nearly full"])
            self._wake()
            return
        self._reconcile()
        errors: dict[str, Exception] = {}
        for name, port in self._job.ports.items():
            try:
                report = read_crm(self._job, port, full=full, stop=self._stopping)
                self.say(report.warnings)
                self._listen(name, report)
            except CrmError as error:
                _log.warning("pull failed", system=name, error=type(error).__name__)
                errors[name] = error
            self._wake()
        _raise_if_any(errors)

    def _listen(self, name: str, report: PullReport) -> None:
        """Say so when a CRM has changed and tells of nothing."""
        found = report.total
        if found.new or found.updated or found.gone:
            with reading(self._zixin.engine) as conn:
                said = silence(conn, name, self._zixin.clock.now())
            self.say([said] if said else [])

    def _reconcile(self) -> None:
        """After a restore, ask the CRMs what the backup does not know, and let writes go again."""
        with alone(self._zixin.engine, "decide") as lease:
            if lease is None:
                return  # another worker decides; the next pull comes soon
            report = reconcile(self._current(), stop=self._stopping)
        for system, why in report.waiting.items():
            _log.warning("nothing is written after a restore yet", system=system, why=why)
        if report.ended:
            self._wake()

    def sweep(self, names: Sequence[str]) -> None:
        """Compare ids with these CRMs. Raises ``SomeFailed``."""
        errors: dict[str, Exception] = {}
        for name in names:
            try:
                report = sweep_ids(
                    self._job.ports[name],
                    self._job.engine,
                    self._job.clock,
                    stop=self._stopping,
                )
                self.say(report.warnings)
            except CrmError as error:
                _log.warning("sweep failed", system=name, error=type(error).__name__)
                errors[name] = error
        self._wake()
        _raise_if_any(errors)

    def decide_all(self) -> None:
        """Put a run down for all workers."""
        put_down_run(self._current(), self._job.clock.today(), Scope.DUE)
        self._wake()

    def try_shadows(self) -> None:
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
    def say(sentences: Sequence[str]) -> None:
        """Write sentences into the log, as warnings."""
        for sentence in sentences:
            _log.warning(sentence)


def _raise_if_any(errors: Mapping[str, Exception]) -> None:
    """Let the tick know at which connections the work failed."""
    if errors:
        raise SomeFailed(errors)
