"""Notification channels are renewed at half of their life."""

from datetime import timedelta
from typing import Any, cast

import pytest
import sqlalchemy as sa

from adapters.port import CrmPort, WatchReceipt
from connector.clock import FixedClock
from connector.store.engine import reading
from connector.store.queue_tables import channels
from connector.work.channels import ageing_channels, end_channels, renew_channels, silence
from connector.work.inbox import DatabaseInbox

WEEK = timedelta(days=7)
URL = "https://credit.example/hooks/p"


class Watching:
    """A port that only watches."""

    system = "crm"

    def __init__(self, clock: FixedClock, life: timedelta | None) -> None:
        self.asked: list[str] = []
        self.ended = 0
        self._clock = clock
        self._life = life

    def watch(self, url: str) -> list[WatchReceipt]:
        self.asked.append(url)
        expires_at = None if self._life is None else self._clock.now() + self._life
        return [WatchReceipt(channel_id="10001", expires_at=expires_at)]

    def unwatch(self) -> int:
        self.ended += 1
        return 1


def renew(engine: sa.Engine, port: Watching, clock: FixedClock, url: str = URL) -> bool:
    return renew_channels(engine, cast("CrmPort", port), url, clock)


def held(engine: sa.Engine) -> list[sa.Row[Any]]:
    with reading(engine) as conn:
        return list(conn.execute(sa.select(channels)).all())


def test_a_channel_is_asked_for_once_and_renewed_at_half_of_its_life(
    engine: sa.Engine, clock: FixedClock
) -> None:
    port = Watching(clock, WEEK)

    renewed = [renew(engine, port, clock), renew(engine, port, clock)]
    clock.move(WEEK / 2)
    renewed.append(renew(engine, port, clock))

    assert renewed == [True, False, True]
    assert [row.expires_at for row in held(engine)] == [clock.now() + WEEK]


@pytest.mark.parametrize("life", [None, WEEK])
def test_another_address_asks_anew(
    engine: sa.Engine, clock: FixedClock, life: timedelta | None
) -> None:
    port = Watching(clock, life)
    renew(engine, port, clock)

    assert renew(engine, port, clock, "https://moved.example/hooks/p")
    assert [row.url for row in held(engine)] == ["https://moved.example/hooks/p"]


def test_a_channel_without_end_is_left_alone(engine: sa.Engine, clock: FixedClock) -> None:
    port = Watching(clock, None)
    renew(engine, port, clock)
    clock.move(timedelta(days=365))

    assert not renew(engine, port, clock)


def test_channels_are_ended_once_and_only_where_there_were_any(
    engine: sa.Engine, clock: FixedClock
) -> None:
    port = Watching(clock, WEEK)
    crm = cast("CrmPort", port)

    assert (end_channels(engine, crm), port.ended) == (0, 0)
    renew(engine, port, clock)
    assert (end_channels(engine, crm), port.ended, held(engine)) == (1, 1, [])
    assert renew(engine, port, clock)


def test_a_channel_that_was_not_renewed_is_told_of(engine: sa.Engine, clock: FixedClock) -> None:
    port = Watching(clock, WEEK)
    renew(engine, port, clock)
    told = []

    for _ in range(3):
        clock.move(WEEK * 0.39)
        with reading(engine) as conn:
            told.append(ageing_channels(conn, clock.now()))

    assert told[:2] == [[], []]
    assert "crm: notifications were not renewed in time" in told[2][0]
    renew(engine, port, clock)
    with reading(engine) as conn:
        assert ageing_channels(conn, clock.now()) == []


def test_silence_is_told_after_a_day_however_often_the_channel_was_renewed(
    engine: sa.Engine, clock: FixedClock
) -> None:
    port = Watching(clock, timedelta(hours=8))
    silent = []

    for _ in range(5):
        renew(engine, port, clock)
        clock.move(timedelta(hours=6))
        with reading(engine) as conn:
            silent.append(silence(conn, "crm", clock.now()))
    DatabaseInbox(engine).put("crm", "job:7", clock.now(), {}, b"")  # tells of no change
    with reading(engine) as conn:
        silent.append(silence(conn, "crm", clock.now()))
    DatabaseInbox(engine).put("crm", "M1", clock.now(), {}, b"")
    with reading(engine) as conn:
        silent.append(silence(conn, "crm", clock.now()))
        silent.append(silence(conn, "other", clock.now()))

    assert [bool(each) for each in silent] == [False] * 3 + [True] * 3 + [False] * 2
    assert "none has come ever" in silent[3]
