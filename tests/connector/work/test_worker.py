"""The worker: woken or by its poll, outlives faults, finishes what it holds."""

import logging
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from connector.work.worker import Step, Worker

LONG = timedelta(seconds=30)
NEVER = timedelta(hours=1)
AT_ONCE = timedelta()


def test_a_wake_up_runs_every_step() -> None:
    runs: dict[str, int] = {"one": 0, "two": 0}
    ran = threading.Semaphore(0)

    def work(name: str) -> Callable[[Callable[[], bool]], bool]:
        def run(_stop: Callable[[], bool]) -> bool:
            runs[name] += 1
            ran.release()
            return False

        return run

    worker = Worker([Step(name=name, work=work(name)) for name in runs], poll=NEVER)
    worker.start()
    first = [ran.acquire(timeout=30) for _ in range(2)]
    worker.wake()
    second = [ran.acquire(timeout=30) for _ in range(2)]
    worker.stop()

    assert all(first + second)
    assert worker.join(LONG)
    assert runs == {"one": 2, "two": 2}


@pytest.mark.parametrize("own", [True, False])
def test_a_step_looks_by_itself_for_what_others_left(*, own: bool) -> None:
    """As often as it says itself, or else as its worker says."""
    often = timedelta(milliseconds=1)
    ran = threading.Semaphore(0)

    def work(_stop: Callable[[], bool]) -> bool:
        ran.release()
        return False

    step = Step(name="poll", work=work, poll=often if own else None)
    worker = Worker([step], poll=NEVER if own else often)
    worker.start()
    looked = [ran.acquire(timeout=30) for _ in range(3)]
    worker.stop()

    assert all(looked)
    assert worker.join(LONG)


def test_a_step_that_did_something_runs_again_and_wakes_the_others() -> None:
    reacted: list[int] = []
    idle = threading.Event()  # the other step has found nothing to do
    pushed = threading.Event()

    def react(_stop: Callable[[], bool]) -> bool:
        idle.wait(30)
        reacted.append(1)
        return len(reacted) == 1

    def push(_stop: Callable[[], bool]) -> bool:
        if reacted:
            pushed.set()
        idle.set()
        return False

    steps = [Step(name="react", work=react), Step(name="push", work=push)]
    worker = Worker(steps, poll=NEVER)
    worker.start()
    woken = pushed.wait(30)
    worker.stop()

    assert woken
    assert worker.join(LONG)
    assert len(reacted) >= 2


def test_a_fault_is_logged_and_the_step_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    again = threading.Event()
    tries: list[int] = []

    def work(_stop: Callable[[], bool]) -> bool:
        tries.append(1)
        if len(tries) == 1:
            raise RuntimeError
        again.set()
        return False

    with caplog.at_level(logging.ERROR, logger="connector.work.worker"):
        worker = Worker([Step(name="faulty", work=work)], poll=NEVER, rest_after_fault=AT_ONCE)
        worker.start()
        went_on = again.wait(30)
        worker.stop()

    assert went_on
    assert worker.join(LONG)
    assert "step faulty failed" in caplog.text


def test_stopping_lets_the_piece_under_way_finish() -> None:
    begun, go_on, finished = threading.Event(), threading.Event(), threading.Event()

    def work(stop: Callable[[], bool]) -> bool:
        begun.set()
        go_on.wait(30)
        if stop():
            finished.set()
        return True

    worker = Worker([Step(name="long", work=work)])
    worker.start()
    assert begun.wait(30)
    assert not worker.join(timedelta(milliseconds=1))
    worker.stop()
    go_on.set()

    assert worker.join(LONG)
    assert finished.is_set()
    assert worker.stopping
