"""Calls wait before they would be refused, and a long reading comes close to the limit."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.fxiaoke.settings import FxiaokeOptions
from adapters.pacing import Pacer
from adapters.slots import MemorySlots, Slots
from sandbox.clock import SandboxClock
from sandbox.fxiaoke.limits import Limits
from sandbox.fxiaoke.options import TenantOptions
from tests.adapters.fxiaoke.gateway import NOW, Time


@pytest.fixture
def time() -> Time:
    return Time()


def a_pacer(
    time: Time, *, calls: int = 3, seconds: float = 20.0, slots: Slots | None = None
) -> Pacer:
    slots = slots or MemorySlots()
    return Pacer("fx", slots, calls=calls, seconds=seconds, now=time.now, sleep=time.sleep)


def test_calls_below_the_limit_do_not_wait(time: Time) -> None:
    pacer = a_pacer(time)

    for _ in range(3):
        pacer.wait("/query")

    assert time.slept == []


def test_the_call_over_the_limit_waits_until_the_first_has_left_the_window(time: Time) -> None:
    pacer = a_pacer(time)
    pacer.wait("/query")
    time.seconds = 5.0
    for _ in range(3):
        pacer.wait("/query")

    assert time.slept == [15.0]


def test_while_more_is_wanted_calls_are_spread_over_the_window(time: Time) -> None:
    pacer = a_pacer(time, calls=4)
    for _ in range(8):
        pacer.wait("/query")

    assert time.slept == [20.0, 5.0, 5.0, 5.0]

    time.seconds += 100.0
    for _ in range(4):
        pacer.wait("/query")
    assert len(time.slept) == 4  # after a rest they leave at once again


def test_paths_do_not_wait_for_each_other(time: Time) -> None:
    pacer = a_pacer(time)

    for path in ("/query", "/update"):
        for _ in range(3):
            pacer.wait(path)

    assert time.slept == []


def test_a_repetition_counts_without_waiting(time: Time) -> None:
    pacer = a_pacer(time)
    for _ in range(3):
        pacer.count("/query")
    assert time.slept == []

    pacer.wait("/query")

    assert time.slept == [20.0]


def test_pacing_can_be_lifted(time: Time) -> None:
    pacer = a_pacer(time, calls=0)

    for _ in range(1_000):
        pacer.wait("/query")

    assert time.slept == []


def test_a_clock_set_back_stops_nobody(time: Time) -> None:
    pacer = a_pacer(time)
    for _ in range(3):
        pacer.wait("/query")
    time.seconds -= 3600.0

    for _ in range(3):
        pacer.wait("/query")

    assert time.slept == []


@given(st.lists(st.floats(min_value=0, max_value=30), max_size=60), st.integers(1, 5))
def test_no_window_holds_more_calls_than_allowed(gaps: list[float], calls: int) -> None:
    time = Time()
    slots = MemorySlots()
    pacers = [a_pacer(time, calls=calls, slots=slots) for _ in range(2)]
    sent = []
    for number, gap in enumerate(gaps):
        time.seconds += gap
        pacers[number % 2].wait("/query")
        sent.append(time.seconds)

    assert all(
        later - first >= 20.0 - 1e-5 for first, later in zip(sent, sent[calls:], strict=False)
    )


@pytest.mark.parametrize("slow", [0.0, 0.05])
def test_a_night_of_reading_is_never_refused_and_within_five_percent_of_the_limit(
    slow: float,
) -> None:
    """11,000 calls of one path by the platform's own count; some are slow on their way."""
    time, clock = Time(), SandboxClock(NOW, frozen=True)
    limits = Limits(clock, TenantOptions())
    defaults = FxiaokeOptions()
    pacer = a_pacer(time, calls=defaults.window_calls, seconds=defaults.window_seconds)
    arrived = 0.0

    for number in range(11_000):
        pacer.wait("/query")
        arrival = max(arrived, time.seconds + slow * (number % 7))
        clock.advance(timedelta(seconds=arrival - arrived))
        arrived = arrival
        limits.count("/query")

    assert 2_200.0 * 0.95 < time.seconds < 2_200.0 * 1.05
