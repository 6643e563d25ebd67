"""From messages to changed accounts: a message is a hint, the CRM's record is the truth.

Messages of one connection are read together, their hints merged by kind, and the records they name
pulled once; a message that lay in the inbox before a feed was read says nothing new. What changed marks its account stale; what did not change, such as the echo of our own
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
from connector.store.engine import in_one_commit, reading
from connector.store.queue_tables import inbox
from connector.work import claim as claims
from connector.work.alerts import note
from connector.work.inbox import MESSAGE, EventCodec, UnreadableMessage, hints_of
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
    """Bounds of reacting.

    More than ``storm_ids`` records of a kind at once are read as a feed; while more than
    ``storm_messages`` of a connection wait, more than ``storm_share`` are.
    """

    batch_messages: int = 1000
    storm_ids: int = 500
    storm_messages: int = 2000
    storm_share: int = 100
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
    feeds = _Feeds(engine, reader, report)
    while not stop():
        lease = new_lease()
        rows = _claim(engine, clock, lease, settings)
        if not rows:
            break
        storm = len(rows) == settings.batch_messages and _storm(engine, clock, rows[0], settings)
        feeds.most = settings.storm_share if storm else settings.storm_ids
        _Batch(engine, feeds, clock, rng, settings, report, lease).handle(rows, codecs)
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


def _storm(engine: sa.Engine, clock: Clock, row: Row, settings: ReactSettings) -> bool:
    """Tell whether more messages like this wait behind a full batch than are read one by one."""
    most = settings.storm_messages - settings.batch_messages + 1
    with reading(engine) as conn:
        waiting = claims.due_count(
            conn, inbox, now=clock.now(), system=row.system, kind=row.kind, most=max(1, most)
        )
    return waiting + settings.batch_messages > settings.storm_messages


class _Feeds:
    """Reads what messages name, and remembers up to which message a feed covers them.

    A message that was in the inbox when the reading of a feed began tells of a change before that.
    Numbers decide, not times: the clocks of several hosts differ. Requests of our own are about
    records that may not have changed, so they are always read by name.
    """

    def __init__(self, engine: sa.Engine, reader: Reader, report: ReactReport) -> None:
        self._engine = engine
        self._reader = reader
        self._report = report
        self._covered: dict[tuple[str, Kind], int] = {}
        self.most = 0

    def read(self, rows: Sequence[Row], asked: Mapping[int, tuple[Hint, ...]]) -> None:
        """Read what these rows of one connection name."""
        system = rows[0].system
        hints = [hint for row in rows for hint in asked[row.id] if not self._told(row, hint)]
        for kind, record_ids in merge_hints(hints).items():
            if len(record_ids) > self.most and rows[0].kind == MESSAGE:
                last = self._last_message()
                self._reader.changes(system, kind)
                self._covered[system, kind] = last
                self._report.feeds += 1
            else:
                self._reader.records(system, kind, record_ids)
                self._report.records += len(record_ids)

    def _told(self, row: Row, hint: Hint) -> bool:
        covered = self._covered.get((row.system, hint.kind), 0)
        return row.kind == MESSAGE and int(row.id) <= covered

    def _last_message(self) -> int:
        with reading(self._engine) as conn:
            return int(conn.execute(sa.select(sa.func.max(inbox.c.id))).scalar_one() or 0)


class _Batch:
    """Messages of one connection, held under one lease."""

    def __init__(
        self,
        engine: sa.Engine,
        feeds: _Feeds,
        clock: Clock,
        rng: random.Random,
        settings: ReactSettings,
        report: ReactReport,
        lease: str,
    ) -> None:
        self._engine = engine
        self._feeds = feeds
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
            self._feeds.read(rows, asked)
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
