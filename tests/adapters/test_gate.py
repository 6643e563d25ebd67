"""Calls under way at the same time: never more than there are places, and none is lost for long."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest
import requests
import responses
from hypothesis import given
from hypothesis import strategies as st
from requests.adapters import BaseAdapter

from adapters.errors import CrmError, CrmUnavailable, RateLimited
from adapters.gate import AtOnce, Crowd, Gate, MemoryPlaces, Place
from adapters.http import Answer
from adapters.lines import Lines
from tests.adapters.test_http import URL, FakeTime, a_request

LIMIT = AtOnce(calls=3, heavy=1)


def a_gate(time: FakeTime, places: MemoryPlaces | None = None, limit: AtOnce = LIMIT) -> Gate:
    pace = time.pace()
    return Gate(
        "acme",
        limit,
        places or MemoryPlaces(),
        now=pace.now,
        monotonic=pace.monotonic,
        sleep=pace.sleep,
        jitter=pace.jitter,
    )


@contextmanager
def inside(gate: Gate, time: FakeTime, *heavy: bool, seconds: float = 60) -> Iterator[None]:
    with ExitStack() as stack:
        for each in heavy:
            stack.enter_context(gate.place("read", time.seconds + seconds, heavy=each))
        yield


def waits(gate: Gate, time: FakeTime, *, heavy: bool = False, seconds: float = 1) -> bool:
    try:
        with inside(gate, time, heavy, seconds=seconds):
            return False
    except RateLimited:
        return True


def test_so_many_calls_are_let_in_and_fewer_heavy_ones() -> None:
    time = FakeTime()
    gate = a_gate(time)

    with inside(gate, time, False, True):
        assert waits(gate, time, heavy=True)
        with inside(gate, time, False):
            assert waits(gate, time)
        assert not waits(gate, time)
    assert not waits(gate, time, heavy=True)


def test_a_call_without_a_place_is_not_sent_and_says_so() -> None:
    time = FakeTime()
    places = MemoryPlaces()
    lines = Lines("acme", pace=time.pace(), places=places)
    client = lines.open(at_once=AtOnce(1, 1))
    with (
        responses.RequestsMock() as mock,
        inside(a_gate(time, places, AtOnce(1, 1)), time, False, seconds=1_000),
        pytest.raises(RateLimited, match="all places for calls at the same time were taken"),
    ):
        client.write(a_request(), judge)

    assert (len(mock.calls), client.calls) == (0, 0)
    assert time.seconds == 60


def test_who_waits_goes_on_as_soon_as_a_place_is_free() -> None:
    time = FakeTime()
    places = MemoryPlaces()
    gate = a_gate(time, places, AtOnce(1, 1))
    with inside(gate, time, False, seconds=2):
        assert not waits(gate, time, seconds=60)  # the first one's time is over after 2 + 5 s

    assert 7 <= time.seconds < 9


def test_a_place_is_given_back_when_the_call_fails() -> None:
    time = FakeTime()
    client = Lines("acme", pace=time.pace()).open(at_once=AtOnce(1, 1))
    with responses.RequestsMock() as mock:
        mock.get(URL, body=requests.ConnectionError())
        for _ in range(2):
            with pytest.raises(CrmUnavailable, match="the connection broke"):
                client.once(a_request(), judge)


def test_a_refusal_takes_half_of_the_places_and_each_minute_gives_one_back() -> None:
    time = FakeTime()
    limit = AtOnce(5, 5)
    gate = a_gate(time, limit=limit)

    gate.narrow()
    gate.narrow()  # the other call of the same moment
    assert rooms(gate, time) == 2
    time.seconds += 60
    assert rooms(gate, time) == 3
    gate.narrow()
    assert rooms(gate, time) == 1
    time.seconds += 10
    gate.narrow()
    assert rooms(gate, time) == 1
    time.seconds += 240
    assert rooms(gate, time) == 5


def rooms(gate: Gate, time: FakeTime) -> int:
    before, count = time.seconds, 0
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(gate.place("read", time.seconds, heavy=False))
            except RateLimited:
                break
            count += 1
    time.seconds = before
    return count


def test_the_crms_refusal_narrows_the_gate() -> None:
    time = FakeTime()
    places = MemoryPlaces()
    client = Lines("acme", pace=time.pace(), places=places).open(at_once=AtOnce(4, 4))
    with responses.RequestsMock() as mock:
        mock.get(URL, status=429)
        with pytest.raises(RateLimited):
            client.once(a_request(), too_many)

    assert rooms(a_gate(time, places, AtOnce(4, 4)), time) == 2


def test_a_place_held_until_a_far_day_is_one_of_a_clock_that_was_set_back() -> None:
    crowd = Crowd(inside={"old": Place(90_000.0, heavy=True)})

    entered = crowd.with_one_more("new", Place(65.0, heavy=True), 60.0, AtOnce(1, 1))

    assert entered is not None
    assert set(entered.inside) == {"new"}


@given(
    limit=st.builds(AtOnce, st.integers(1, 6), st.integers(1, 6)),
    steps=st.lists(
        st.tuples(st.sampled_from(["enter", "heavy", "leave", "narrow"]), st.integers(0, 90))
    ),
)
def test_whatever_happens_no_more_are_inside_than_the_limit(
    limit: AtOnce, steps: list[tuple[str, int]]
) -> None:
    crowd, now, names = Crowd(), 0.0, 0
    for what, seconds in steps:
        now += seconds
        if what in {"enter", "heavy"}:
            names += 1
            place = Place(now + 65, what == "heavy")
            crowd = crowd.with_one_more(str(names), place, now, limit) or crowd
        elif what == "leave" and crowd.inside:
            crowd = crowd.without(min(crowd.inside))
        elif what == "narrow":
            before = crowd.places(now, limit)
            crowd = crowd.narrowed(now, limit)
            assert 1 <= crowd.places(now, limit) <= before
        there = [each for each in crowd.inside.values() if each.until > now]
        assert len(there) <= limit.calls
        assert sum(each.heavy for each in there) <= limit.heavy
    assert crowd.places(now + 60 * limit.calls, limit) == limit.calls


class Hall(BaseAdapter):
    """A transport that counts who is inside; each call stays until the hall was once full."""

    def __init__(self, full: int) -> None:
        super().__init__()
        self._condition = threading.Condition()
        self._full = full
        self._was_full = False
        self.inside = self.most = 0

    def send(self, request: requests.PreparedRequest, **_: object) -> requests.Response:  # type: ignore[override]
        with self._condition:
            self.inside += 1
            self.most = max(self.most, self.inside)
            self._was_full = self._was_full or self.inside == self._full
            self._condition.notify_all()
            assert self._condition.wait_for(lambda: self._was_full, timeout=30)
            self.inside -= 1
        raise requests.ConnectionError(request.url)

    def close(self) -> None:
        pass


def test_threads_of_several_clients_share_the_places() -> None:
    hall, places = Hall(full=2), MemoryPlaces()
    clients = [
        Lines("acme", transport=hall, places=places).open(at_once=AtOnce(2, 2)) for _ in range(3)
    ]

    def call(number: int) -> type[CrmError] | None:
        try:
            clients[number % 3].once(a_request(), judge)
        except CrmError as error:
            return type(error)
        return None

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(call, range(12)))

    assert outcomes == [CrmUnavailable] * 12  # each was sent, and the hall's answer came back
    assert (hall.most, hall.inside) == (2, 0)


def test_services_of_one_vendor_have_places_of_their_own() -> None:
    time, places = FakeTime(), MemoryPlaces()
    books = Lines("acme", pace=time.pace(), places=places).open("books", at_once=AtOnce(1, 1))
    with (
        responses.RequestsMock() as mock,
        inside(a_gate(time, places, AtOnce(1, 1)), time, False),
    ):
        mock.get(URL, json={})

        assert books.once(a_request(), judge) == 200


def judge(found: Answer) -> int:
    return found.status


def too_many(found: Answer) -> int:
    raise RateLimited("too many calls", system=found.system, operation=found.operation)
