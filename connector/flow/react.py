"""From messages to changed accounts: a message is a hint, the CRM's record is the truth.

Messages of one connection are read together, their hints merged by kind, and the records they name
pulled once. What changed marks its account stale; what did not change, such as the echo of our own
write, marks nothing, so no circle begins.
"""

import random
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import msgspec
import sqlalchemy as sa

from adapters.errors import CrmError
from adapters.events import Hint
from connector.clock import Clock
from connector.store.engine import in_one_commit
from connector.store.queue_tables import inbox
from connector.work import claim as claims
from connector.work.alerts import note
from connector.work.inbox import EventCodec, UnreadableMessage, hints_of
from connector.work.pauses import halt, pause
from connector.work.retry import MAX_ATTEMPTS, Action, Verdict, verdict
from scoring.records import Kind

__all__ = ["ReactReport", "ReactSettings", "Reader", "merge_hints", "react_due"]

Row = sa.Row[Any]


class Reader(Protocol):
    """How records are pulled; both save what they read and mark stale what changed."""

    def records(self, system: str, kind: Kind, record_ids: Sequence[str]) -> None:
        """Read these records as they are now."""
        ...

    def changes(self, system: str, kind: Kind) -> None:
        """Read all that changed in this feed since the last time."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactSettings:
    """Bounds of reacting. More than ``storm_ids`` records of a kind at once are read as a feed."""

    batch_messages: int = 1000
    storm_ids: int = 500
    lease: timedelta = claims.LEASE


class ReactReport(msgspec.Struct):
    """What became of the messages. ``records`` were asked for by id, ``feeds`` read whole."""

    handled: int = 0
    unhandled: int = 0
    waiting: int = 0
    parked: int = 0
    records: int = 0
    feeds: int = 0
    alarms: list[str] = msgspec.field(default_factory=list)


_DEFAULTS = ReactSettings()


def react_due(
    engine: sa.Engine,
    codecs: Mapping[str, EventCodec],
    reader: Reader,
    clock: Clock,
    *,
    rng: random.Random,
    settings: ReactSettings = _DEFAULTS,
    new_lease: Callable[[], str] = lambda: uuid.uuid4().hex,
    stop: Callable[[], bool] = lambda: False,
) -> ReactReport:
    """Read all messages that are due. Errors of a CRM settle messages, they are not raised.

    A message nobody understands is kept as ``unhandled``, to be replayed after an upgrade.
    """
    report = ReactReport()
    while not stop():
        lease = new_lease()
        rows = _claim(engine, clock, lease, settings)
        if not rows:
            break
        _Batch(engine, reader, clock, rng, settings, report, lease).handle(rows, codecs)
    return report


def merge_hints(hints: Sequence[Hint]) -> dict[Kind, tuple[str, ...]]:
    """Name each record once, in the order first named."""
    merged: dict[Kind, dict[str, None]] = {}
    for hint in hints:
        merged.setdefault(hint.kind, {}).update(dict.fromkeys(hint.record_ids))
    return {kind: tuple(ids) for kind, ids in merged.items()}


def _claim(engine: sa.Engine, clock: Clock, lease: str, settings: ReactSettings) -> list[Row]:
    return in_one_commit(
        engine,
        lambda conn: claims.claim(
            conn,
            inbox,
            now=clock.now(),
            lease=lease,
            limit=settings.batch_messages,
            length=settings.lease,
        ),
    )


class _Batch:
    """Messages of one connection, held under one lease."""

    def __init__(
        self,
        engine: sa.Engine,
        reader: Reader,
        clock: Clock,
        rng: random.Random,
        settings: ReactSettings,
        report: ReactReport,
        lease: str,
    ) -> None:
        self._engine = engine
        self._reader = reader
        self._clock = clock
        self._rng = rng
        self._settings = settings
        self._report = report
        self._lease = lease

    def handle(self, rows: Sequence[Row], codecs: Mapping[str, EventCodec]) -> None:
        """Read the messages, pull what they name, settle each."""
        sound = self._without_killers(rows)
        asked = self._understand(sound, codecs)
        self._pull([row for row in sound if row.id in asked], asked)

    def _without_killers(self, rows: Sequence[Row]) -> list[Row]:
        killers = [row for row in rows if row.attempts > MAX_ATTEMPTS]
        self._end(killers, "parked", f"its worker stopped {MAX_ATTEMPTS} times at this message")
        self._report.parked += len(killers)
        return [row for row in rows if row.attempts <= MAX_ATTEMPTS]

    def _understand(
        self, rows: Sequence[Row], codecs: Mapping[str, EventCodec]
    ) -> dict[int, tuple[Hint, ...]]:
        asked: dict[int, tuple[Hint, ...]] = {}
        for row in rows:
            try:
                asked[row.id] = hints_of(row, codecs.get(row.system))
            except UnreadableMessage as error:
                self._end([row], "unhandled", str(error))
                self._report.unhandled += 1
                self._alarm(f"{row.system}: a message was not understood, it is kept for replay")
            except Exception as error:  # noqa: BLE001 a fault of ours at one message stops no other
                self._fail([row], error)
        return asked

    def _pull(self, rows: Sequence[Row], asked: Mapping[int, tuple[Hint, ...]]) -> None:
        if not rows:
            return
        try:
            self._read(rows[0].system, [hint for row in rows for hint in asked[row.id]])
        except CrmError as error:
            self._fail(rows, error)
        except Exception as error:  # noqa: BLE001 a fault of ours: one of them may bring it about
            self._pull_apart(rows, asked, error)
        else:
            self._end(rows, "done")
            self._report.handled += len(rows)

    def _pull_apart(
        self, rows: Sequence[Row], asked: Mapping[int, tuple[Hint, ...]], error: Exception
    ) -> None:
        if len(rows) == 1:
            self._fail(rows, error)
            return
        for row in rows:
            self._pull([row], asked)

    def _read(self, system: str, hints: Sequence[Hint]) -> None:
        for kind, record_ids in merge_hints(hints).items():
            if len(record_ids) > self._settings.storm_ids:
                self._reader.changes(system, kind)
                self._report.feeds += 1
            else:
                self._reader.records(system, kind, record_ids)
                self._report.records += len(record_ids)

    def _end(self, rows: Sequence[Row], state: str, note: str = "") -> None:
        now = self._clock.now()

        def settle(conn: sa.Connection) -> None:
            for row in rows:
                claims.settle(
                    conn, inbox, row.id, lease=self._lease, state=state, now=now, error=note
                )

        if rows:
            in_one_commit(self._engine, settle)

    def _fail(self, rows: Sequence[Row], error: Exception) -> None:
        now = self._clock.now()
        decisions = [(row, verdict(error, row.attempts, now, self._rng)) for row in rows]

        def settle(conn: sa.Connection) -> None:
            for row, decided in decisions:
                self._settle_failed(conn, row, decided, now)
            alerts = [decided.alert for _, decided in decisions if decided.alert is not None]
            for alert in {(each.code, each.subject): each for each in alerts}.values():
                note(conn, alert, now=now)

        in_one_commit(self._engine, settle)
        for _row, decided in decisions:
            self._report.waiting += decided.action is Action.LATER
            self._report.parked += decided.action is Action.PARK
            self._alarm(decided.alarm)

    def _settle_failed(
        self, conn: sa.Connection, row: Row, decided: Verdict, now: datetime
    ) -> None:
        if decided.halt:
            halt(conn, row.system, reason=decided.note, now=now)
        elif decided.pause_until is not None:
            pause(conn, row.system, until=decided.pause_until, reason=decided.note, now=now)
        if decided.action is Action.LATER:
            claims.settle_later(
                conn,
                inbox,
                row.id,
                lease=self._lease,
                run_after=decided.run_after,
                counted=decided.counted,
                error=decided.note,
            )
            return
        state = "parked" if decided.action is Action.PARK else "done"
        claims.settle(
            conn, inbox, row.id, lease=self._lease, state=state, now=now, error=decided.note
        )

    def _alarm(self, sentence: str) -> None:
        if sentence and sentence not in self._report.alarms:
            self._report.alarms.append(sentence)
