import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.pacing import Pacer
from tests.adapters.fxiaoke.gateway import Time


@pytest.fixture
def time() -> Time:
    return Time()


def a_pacer(time: Time, *, calls: int = 3, seconds: float = 20.0) -> Pacer:
    return Pacer(calls=calls, seconds=seconds, monotonic=lambda: time.seconds, sleep=time.sleep)


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


@given(st.lists(st.floats(min_value=0, max_value=30), max_size=60), st.integers(1, 5))
def test_no_window_holds_more_calls_than_allowed(gaps: list[float], calls: int) -> None:
    time = Time()
    pacer = a_pacer(time, calls=calls)
    sent = []
    for gap in gaps:
        time.seconds += gap
        pacer.wait("/query")
        sent.append(time.seconds)

    assert all(
        later - first >= 20.0 - 1e-6 for first, later in zip(sent, sent[calls:], strict=False)
    )
