"""Places for calls, kept by several processes together."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from adapters.gate import AtOnce, Crowd, MemoryPlaces, Place, Places
from connector.store.engine import create_engine
from connector.store.places import DatabasePlaces
from connector.store.tables import metadata

LIMIT = AtOnce(4, 2)


def enter(places: Places, name: str, *, system: str = "crm", heavy: bool = False) -> bool:
    place = Place(60.0, heavy)
    return places.change(system, lambda crowd: crowd.with_one_more(name, place, 0.0, LIMIT))


def test_whom_one_process_let_in_the_other_knows(engine: sa.Engine) -> None:
    other = create_engine(engine.url.render_as_string(hide_password=False))
    ours, theirs = DatabasePlaces(engine), DatabasePlaces(other)

    assert [enter(p, str(n)) for n, p in enumerate([ours, theirs] * 3)] == [True] * 4 + [False] * 2
    assert enter(ours, "5", system="crm/books")
    theirs.leave("crm", "0")
    assert enter(ours, "6")
    other.dispose()


def test_the_database_lets_in_whom_memory_lets_in(engine: sa.Engine) -> None:
    def outcomes(places: Places) -> list[bool]:
        found = []
        for number in range(40):
            found.append(enter(places, str(number), heavy=number % 3 == 0))
            if number % 5 == 0:
                places.leave("crm", str(number - 5))
        return found

    assert outcomes(DatabasePlaces(engine)) == outcomes(MemoryPlaces())


def test_those_who_come_at_the_same_time_never_get_the_same_place(engine: sa.Engine) -> None:
    places = DatabasePlaces(engine)
    with ThreadPoolExecutor(6) as pool:
        entered = list(pool.map(lambda number: enter(places, str(number)), range(24)))

    assert sum(entered) == LIMIT.calls


def test_a_place_that_cannot_be_given_back_costs_the_call_nothing(
    engine: sa.Engine, caplog: pytest.LogCaptureFixture
) -> None:
    places = DatabasePlaces(engine)
    assert enter(places, "0")
    metadata.drop_all(engine, [metadata.tables["places"]])

    places.leave("crm", "0")

    assert "it frees itself" in caplog.text


def test_nothing_is_known_of_a_connection_that_never_called(engine: sa.Engine) -> None:
    seen: list[Crowd] = []
    DatabasePlaces(engine).change("new", seen.append)

    assert seen == [Crowd()]
